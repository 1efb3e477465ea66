// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// `agg.quote.v1`: the best bid and ask over all venues of a symbol, and each venue's part.
public struct QuoteRecord: AggregateRecord, Hashable {
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

    /// What every record of the aggregator begins with.
    public var head: AggregateHead
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
        head: AggregateHead,
        bid: Best?,
        ask: Best?,
        crossed: Bool,
        locked: Bool,
        legs: [Leg]
    ) {
        self.head = head
        self.bid = bid
        self.ask = ask
        self.crossed = crossed
        self.locked = locked
        self.legs = legs
    }

    /// Writes the value behind what the writer holds.
    ///
    /// Allocates: never in steady state.
    public func encode(into writer: inout JSONWriter) {
        writer.open(Self.topic)
        head.encode(into: &writer)
        writer.field("bid", "bid_size", bid?.level)
        writer.field("bid_venue", bid?.venue)
        if let name = bid?.conversion { writer.field("bid_conversion", name) }
        writer.field("ask", "ask_size", ask?.level)
        writer.field("ask_venue", ask?.venue)
        if let name = ask?.conversion { writer.field("ask_conversion", name) }
        writer.field("crossed", crossed)
        writer.field("locked", locked)
        writer.field("legs", legs) { $0.encode(into: &$1) }
        writer.close()
    }

    /// Reads the fields.
    public init(_ object: RecordObject) throws(RecordError) {
        head = try AggregateHead(object)
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
    /// One venue's part.
    public struct Leg: Hashable, Sendable {
        /// What the venue quotes.
        public var quote: VenueQuote
        /// The venue's own name of the instrument.
        public var venueSymbol: String
        /// When the venue says it became so, or ``EventTime/none``.
        ///
        /// - Unit: microseconds since the Unix epoch.
        public var exchangeMicroseconds: Int64
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
            quote: VenueQuote,
            venueSymbol: String,
            exchangeMicroseconds: Int64,
            venueSequence: Int64,
            skewMicroseconds: Int64? = nil,
            allowedMicroseconds: Int64? = nil,
            conversion: Conversion? = nil
        ) {
            self.quote = quote
            self.venueSymbol = venueSymbol
            self.exchangeMicroseconds = exchangeMicroseconds
            self.venueSequence = venueSequence
            self.skewMicroseconds = skewMicroseconds
            self.allowedMicroseconds = allowedMicroseconds
            self.conversion = conversion
        }

        init(_ object: RecordObject) throws(RecordError) {
            quote = try VenueQuote(object)
            venueSymbol = try object.text("venue_symbol")
            exchangeMicroseconds = try object.integerOrNone("exchange_us")
            venueSequence = try object.integerOrNone("venue_seq")
            skewMicroseconds = object.has("skew_us") ? try object.integerOrNone("skew_us") : nil
            allowedMicroseconds = object.has("allowed_us") ? try object.integer("allowed_us") : nil
            conversion = object.has("conversion") ? try Conversion(try object.object("conversion")) : nil
        }

        func encode(into writer: inout JSONWriter) {
            writer.open("venue", quote.venue)
            writer.field("venue_symbol", venueSymbol)
            quote.encodePrices(into: &writer)
            writer.field("exchange_us", orNull: exchangeMicroseconds)
            quote.encodeTimes(into: &writer)
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
            AggregateHead.fields + [
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
