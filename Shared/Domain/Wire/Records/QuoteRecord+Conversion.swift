// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

extension QuoteRecord {
    /// How a venue's leg of a symbol in another currency came in: what it says there, and the market that turned it.
    public struct Conversion: Hashable, Sendable {
        /// The symbol that joins.
        public var source: String
        /// Its best bid there; nil where nobody bids or the leg is invalid.
        public var sourceBid: PriceLevel?
        /// Its best ask there; nil where nobody asks or the leg is invalid.
        public var sourceAsk: PriceLevel?
        /// The market's canonical symbol.
        public var symbol: String
        /// The market's venue.
        public var venue: String
        /// The feed's instance name.
        public var feed: String
        /// Whether the market's own quote counts.
        public var health: Health
        /// The market's best bid; nil where nobody bids or it is invalid.
        public var bid: PriceLevel?
        /// The market's best ask; nil where nobody asks or it is invalid.
        public var ask: PriceLevel?
        /// When the feed read it.
        ///
        /// - Unit: microseconds since the Unix epoch.
        public var receivedMicroseconds: Int64
        /// How long before `published_us` that was.
        ///
        /// - Unit: microseconds.
        public var ageMicroseconds: Int64
        /// How old it may be before it is doubted.
        ///
        /// - Unit: microseconds.
        public var allowedMicroseconds: Int64

        /// Makes a part.
        public init(
            source: String,
            sourceBid: PriceLevel?,
            sourceAsk: PriceLevel?,
            symbol: String,
            venue: String,
            feed: String,
            health: Health,
            bid: PriceLevel?,
            ask: PriceLevel?,
            receivedMicroseconds: Int64,
            ageMicroseconds: Int64,
            allowedMicroseconds: Int64
        ) {
            self.source = source
            self.sourceBid = sourceBid
            self.sourceAsk = sourceAsk
            self.symbol = symbol
            self.venue = venue
            self.feed = feed
            self.health = health
            self.bid = bid
            self.ask = ask
            self.receivedMicroseconds = receivedMicroseconds
            self.ageMicroseconds = ageMicroseconds
            self.allowedMicroseconds = allowedMicroseconds
        }

        init(_ object: RecordObject) throws(RecordError) {
            source = try object.text("source")
            sourceBid = try object.level("source_bid", "source_bid_size")
            sourceAsk = try object.level("source_ask", "source_ask_size")
            symbol = try object.text("symbol")
            venue = try object.text("venue")
            feed = try object.text("feed")
            health = try object.choice("health")
            bid = try object.level("bid", "bid_size")
            ask = try object.level("ask", "ask_size")
            receivedMicroseconds = try object.integer("received_us")
            ageMicroseconds = try object.integer("age_us")
            allowedMicroseconds = try object.integer("allowed_us")
        }

        func encode(into writer: inout JSONWriter) {
            writer.open("source", source)
            writer.field("source_bid", sourceBid?.price)
            writer.field("source_bid_size", sourceBid?.size)
            writer.field("source_ask", sourceAsk?.price)
            writer.field("source_ask_size", sourceAsk?.size)
            writer.field("symbol", symbol)
            writer.field("venue", venue)
            writer.field("feed", feed)
            writer.field("health", health.rawValue)
            writer.field("bid", bid?.price)
            writer.field("bid_size", bid?.size)
            writer.field("ask", ask?.price)
            writer.field("ask_size", ask?.size)
            writer.field("received_us", receivedMicroseconds)
            writer.field("age_us", ageMicroseconds)
            writer.field("allowed_us", allowedMicroseconds)
            writer.close()
        }
    }
}

extension QuoteRecord.Conversion {
    static var fields: [FieldShape] {
        [
            .text("source", "The symbol that joins."),
            .decimal("source_bid", "The venue's best bid in that symbol's currency.").orNull,
            .decimal("source_bid_size", "Its size.").orNull,
            .decimal("source_ask", "The venue's best ask in that symbol's currency.").orNull,
            .decimal("source_ask_size", "Its size.").orNull,
            .text("symbol", "The canonical symbol of the market that turned it."),
            .text("venue", "The market's venue."),
            .text("feed", "The market's feed."),
            .choice("health", QuoteRecord.Health.self, "Only a live market turns anything."),
            .decimal("bid", "The market's best bid; null where nobody bids or it is invalid.").orNull,
            .decimal("bid_size", "Its size.").orNull,
            .decimal("ask", "The market's best ask; null where nobody asks or it is invalid.").orNull,
            .decimal("ask_size", "Its size.").orNull,
            .time("received_us", "When the feed read the market's quote."),
            .span("age_us", "How long before published_us that was."),
            .span("allowed_us", "How old it may be before it is doubted."),
        ]
    }
}
