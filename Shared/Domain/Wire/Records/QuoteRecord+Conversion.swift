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
        /// What is quoted there.
        public var market: VenueQuote
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
            market: VenueQuote,
            allowedMicroseconds: Int64
        ) {
            self.source = source
            self.sourceBid = sourceBid
            self.sourceAsk = sourceAsk
            self.symbol = symbol
            self.market = market
            self.allowedMicroseconds = allowedMicroseconds
        }

        init(_ object: RecordObject) throws(RecordError) {
            source = try object.text("source")
            sourceBid = try object.level("source_bid", "source_bid_size")
            sourceAsk = try object.level("source_ask", "source_ask_size")
            symbol = try object.text("symbol")
            market = try VenueQuote(object)
            allowedMicroseconds = try object.integer("allowed_us")
        }

        func encode(into writer: inout JSONWriter) {
            writer.open("source", source)
            writer.field("source_bid", "source_bid_size", sourceBid)
            writer.field("source_ask", "source_ask_size", sourceAsk)
            writer.field("symbol", symbol)
            writer.field("venue", market.venue)
            market.encodePrices(into: &writer)
            market.encodeTimes(into: &writer)
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
