// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// `agg.quote.v1`: the best bid and ask over all venues of a symbol, and each venue's part.
public struct QuoteRecord: WireRecord, Hashable {
    /// The topic `agg.quote.v1`.
    public static let topic = TopicRegistry.quote

    /// A best price, its size, and who offers it.
    public struct Best: Hashable, Sendable {
        /// Price and size.
        public var level: PriceLevel
        /// The venue.
        public var venue: String
        /// The market that turned it into this currency, as `USDC-USDT@binance`; nil: it is the venue's own.
        public var conversion: String?

        /// Makes a part.
        public init(level: PriceLevel, venue: String, conversion: String? = nil) {
            self.level = level
            self.venue = venue
            self.conversion = conversion
        }
    }

    /// The canonical symbol.
    public var symbol: String
    /// The aggregator's instance name.
    public var aggregator: String
    /// When this incarnation of the sequence began.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var epoch: Int64
    /// The number in the epoch, contiguous from 1.
    public var seq: UInt64
    /// When the record was made.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var publishedMicroseconds: Int64
    /// The best bid over the live legs; nil where nobody bids.
    public var bid: Best?
    /// The best ask over the live legs; nil where nobody asks.
    public var ask: Best?
    /// Whether the best bid is above the best ask.
    public var crossed: Bool
    /// Whether the best bid equals the best ask.
    public var locked: Bool
    /// Each venue's part, the dead ones too.
    public var legs: [Leg]

    /// Makes a record.
    public init(
        symbol: String,
        aggregator: String,
        epoch: Int64,
        seq: UInt64,
        publishedMicroseconds: Int64,
        bid: Best?,
        ask: Best?,
        crossed: Bool,
        locked: Bool,
        legs: [Leg]
    ) {
        self.symbol = symbol
        self.aggregator = aggregator
        self.epoch = epoch
        self.seq = seq
        self.publishedMicroseconds = publishedMicroseconds
        self.bid = bid
        self.ask = ask
        self.crossed = crossed
        self.locked = locked
        self.legs = legs
    }

    /// The canonical symbol.
    public var key: String { symbol }
    /// None: the record is of several venues.
    public var venueHeader: String? { nil }
    /// When the record was made.
    public var timestampMicroseconds: Int64 { publishedMicroseconds }

    /// Writes the value behind what the writer holds.
    ///
    /// Allocates: never in steady state.
    public func encode(into writer: inout JSONWriter) {
        writer.open(Self.topic)
        writer.field("symbol", symbol)
        writer.field("aggregator", aggregator)
        writer.field("epoch", epoch)
        writer.field("seq", seq)
        writer.field("published_us", publishedMicroseconds)
        writer.field("bid", bid?.level.price)
        writer.field("bid_size", bid?.level.size)
        writer.field("bid_venue", bid?.venue)
        if let name = bid?.conversion { writer.field("bid_conversion", name) }
        writer.field("ask", ask?.level.price)
        writer.field("ask_size", ask?.level.size)
        writer.field("ask_venue", ask?.venue)
        if let name = ask?.conversion { writer.field("ask_conversion", name) }
        writer.field("crossed", crossed)
        writer.field("locked", locked)
        writer.field("legs", legs) { $0.encode(into: &$1) }
        writer.close()
    }

    /// Reads the fields.
    public init(_ object: RecordObject) throws(RecordError) {
        symbol = try object.text("symbol")
        aggregator = try object.text("aggregator")
        epoch = try object.integer("epoch")
        seq = try object.count("seq")
        publishedMicroseconds = try object.integer("published_us")
        bid = nil
        ask = nil
        if let level = try object.level("bid", "bid_size") {
            bid = Best(level: level, venue: try object.text("bid_venue"))
            if object.has("bid_conversion") { bid?.conversion = try object.text("bid_conversion") }
        }
        if let level = try object.level("ask", "ask_size") {
            ask = Best(level: level, venue: try object.text("ask_venue"))
            if object.has("ask_conversion") { ask?.conversion = try object.text("ask_conversion") }
        }
        crossed = try object.bool("crossed")
        locked = try object.bool("locked")
        legs = try object.list("legs", Leg.init)
    }
}

extension QuoteRecord {
    /// Whether a leg counts.
    public enum Health: String, Sendable, CaseIterable {
        /// It counts.
        case live
        /// Nothing was heard of it for too long.
        case stale
        /// Its feed says that it no longer holds.
        case invalid
        /// It would count, but its price has nothing to do with the others': only the name is the same.
        case quarantined
    }

    /// One venue's part.
    public struct Leg: Hashable, Sendable {
        /// The venue.
        public var venue: String
        /// The venue's own name of the instrument.
        public var venueSymbol: String
        /// The feed's instance name.
        public var feed: String
        /// Whether it counts.
        public var health: Health
        /// The venue's best bid; nil where nobody bids or the leg is invalid.
        public var bid: PriceLevel?
        /// The venue's best ask; nil where nobody asks or the leg is invalid.
        public var ask: PriceLevel?
        /// When the venue says it became so, or ``EventTime/none``.
        ///
        /// - Unit: microseconds since the Unix epoch.
        public var exchangeMicroseconds: Int64
        /// When the feed read it.
        ///
        /// - Unit: microseconds since the Unix epoch.
        public var receivedMicroseconds: Int64
        /// How long before `published_us` that was.
        ///
        /// - Unit: microseconds.
        public var ageMicroseconds: Int64
        /// The venue's number; ``VenueSequence/none``.
        public var venueSequence: Int64
        /// How much later the feed read it than the venue says it became so, or ``EventTime/none``; nil in older records.
        ///
        /// - Unit: microseconds.
        public var skewMicroseconds: Int64?
        /// How old it may be before it is doubted, from the stream's own habits; nil in older records.
        ///
        /// - Unit: microseconds.
        public var allowedMicroseconds: Int64?
        /// How the venue's leg of another symbol came in here; nil: it is this symbol's own.
        public var conversion: Conversion?

        /// Makes a part.
        public init(
            venue: String,
            venueSymbol: String,
            feed: String,
            health: Health,
            bid: PriceLevel?,
            ask: PriceLevel?,
            exchangeMicroseconds: Int64,
            receivedMicroseconds: Int64,
            ageMicroseconds: Int64,
            venueSequence: Int64,
            skewMicroseconds: Int64? = nil,
            allowedMicroseconds: Int64? = nil,
            conversion: Conversion? = nil
        ) {
            self.venue = venue
            self.venueSymbol = venueSymbol
            self.feed = feed
            self.health = health
            self.bid = bid
            self.ask = ask
            self.exchangeMicroseconds = exchangeMicroseconds
            self.receivedMicroseconds = receivedMicroseconds
            self.ageMicroseconds = ageMicroseconds
            self.venueSequence = venueSequence
            self.skewMicroseconds = skewMicroseconds
            self.allowedMicroseconds = allowedMicroseconds
            self.conversion = conversion
        }

        init(_ object: RecordObject) throws(RecordError) {
            venue = try object.text("venue")
            venueSymbol = try object.text("venue_symbol")
            feed = try object.text("feed")
            health = try object.choice("health")
            bid = try object.level("bid", "bid_size")
            ask = try object.level("ask", "ask_size")
            exchangeMicroseconds = try object.integerOrNone("exchange_us")
            receivedMicroseconds = try object.integer("received_us")
            ageMicroseconds = try object.integer("age_us")
            venueSequence = try object.integerOrNone("venue_seq")
            skewMicroseconds = object.has("skew_us") ? try object.integerOrNone("skew_us") : nil
            allowedMicroseconds = object.has("allowed_us") ? try object.integer("allowed_us") : nil
            conversion = object.has("conversion") ? try Conversion(try object.object("conversion")) : nil
        }

        func encode(into writer: inout JSONWriter) {
            writer.open("venue", venue)
            writer.field("venue_symbol", venueSymbol)
            writer.field("feed", feed)
            writer.field("health", health.rawValue)
            writer.field("bid", bid?.price)
            writer.field("bid_size", bid?.size)
            writer.field("ask", ask?.price)
            writer.field("ask_size", ask?.size)
            writer.field("exchange_us", orNull: exchangeMicroseconds)
            writer.field("received_us", receivedMicroseconds)
            writer.field("age_us", ageMicroseconds)
            writer.field("venue_seq", orNull: venueSequence)
            if let skewMicroseconds { writer.field("skew_us", orNull: skewMicroseconds) }
            if let allowedMicroseconds { writer.field("allowed_us", allowedMicroseconds) }
            if let conversion {
                writer.literal(",\"conversion\":")
                conversion.encode(into: &writer)
            }
            writer.close()
        }
    }
}

extension QuoteRecord: DescribedRecord {
    /// What the value looks like.
    public static var shape: RecordShape {
        RecordShape(
            topic,
            "A consolidated best bid and ask",
            [
                CommonFields.symbol,
                .text("aggregator", "The aggregator's instance name."),
                CommonFields.epoch,
                CommonFields.seq,
                CommonFields.published,
                .decimal("bid", "The best bid over the live legs, in quote currency; null where nobody bids.")
                    .orNull,
                .decimal("bid_size", "Its size.").orNull,
                .text("bid_venue", "The venue that bids it.").orNull,
                .text(
                    "bid_conversion",
                    "The market through which it is told in this currency; absent where it is the venue's own."
                )
                .orAbsent,
                .decimal("ask", "The best ask over the live legs, in quote currency; null where nobody asks.")
                    .orNull,
                .decimal("ask_size", "Its size.").orNull,
                .text("ask_venue", "The venue that asks it.").orNull,
                .text(
                    "ask_conversion",
                    "The market through which it is told in this currency; absent where it is the venue's own."
                )
                .orAbsent,
                .boolean("crossed", "Whether the best bid is above the best ask."),
                .boolean("locked", "Whether the best bid equals the best ask."),
                .list("legs", of: Leg.fields, "Each venue's part, those that do not count too."),
            ]
        )
    }
}

extension QuoteRecord.Leg {
    static var fields: [FieldShape] {
        [
            CommonFields.venue,
            CommonFields.venueSymbol,
            CommonFields.feed,
            .choice("health", QuoteRecord.Health.self, "Only live legs count."),
            .decimal("bid", "The venue's best bid; null where nobody bids or the leg is invalid.").orNull,
            .decimal("bid_size", "Its size.").orNull,
            .decimal("ask", "The venue's best ask; null where nobody asks or the leg is invalid.").orNull,
            .decimal("ask_size", "Its size.").orNull,
            .time("exchange_us", "When the venue says it became so; null where it says nothing.").orNull,
            .time("received_us", "When the feed read it."),
            .span("age_us", "How long before published_us that was."),
            .init("venue_seq", .integer(minimum: nil), "The venue's number; null where it has none.").orNull,
            .span(
                "skew_us",
                "How much later than the venue's own time the feed read it; null where it says none."
            )
            .orNull.orAbsent,
            .span("allowed_us", "How old it may be before it is doubted, from the stream's own habits.")
                .orAbsent,
            .init(
                "conversion",
                .object(QuoteRecord.Conversion.fields),
                "How the venue's leg of another symbol came in here; absent on this symbol's own."
            )
            .orAbsent,
        ]
    }
}
