// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint

/// `agg.book.v1`: the best levels of a symbol over all venues, each split by venue.
public struct AggBookRecord: WireRecord, Hashable {
    /// The topic `agg.book.v1`.
    public static let topic = TopicRegistry.aggregatedBook

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
    /// The most levels a side.
    public var top: Int64
    /// The venues whose books count, in the order of their names.
    public var venues: [Venue]
    /// The bids, best first.
    public var bids: [Level]
    /// The asks, best first.
    public var asks: [Level]

    /// Makes a record.
    public init(
        symbol: String,
        aggregator: String,
        epoch: Int64,
        seq: UInt64,
        publishedMicroseconds: Int64,
        top: Int64,
        venues: [Venue],
        bids: [Level],
        asks: [Level]
    ) {
        self.symbol = symbol
        self.aggregator = aggregator
        self.epoch = epoch
        self.seq = seq
        self.publishedMicroseconds = publishedMicroseconds
        self.top = top
        self.venues = venues
        self.bids = bids
        self.asks = asks
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
        writer.field("top", top)
        writer.field("venues", venues) { $0.encode(into: &$1) }
        writer.field("bids", bids) { $0.encode(into: &$1) }
        writer.field("asks", asks) { $0.encode(into: &$1) }
        writer.close()
    }

    /// Reads the fields.
    public init(_ object: RecordObject) throws(RecordError) {
        symbol = try object.text("symbol")
        aggregator = try object.text("aggregator")
        epoch = try object.integer("epoch")
        seq = try object.count("seq")
        publishedMicroseconds = try object.integer("published_us")
        top = try object.integer("top")
        venues = try object.list("venues", Venue.init)
        bids = try object.list("bids", Level.init)
        asks = try object.list("asks", Level.init)
    }
}

extension AggBookRecord {
    /// A venue whose book counts.
    public struct Venue: Hashable, Sendable {
        /// The venue.
        public var venue: String
        /// The feed's instance name.
        public var feed: String
        /// When the feed read its newest record.
        ///
        /// - Unit: microseconds since the Unix epoch.
        public var receivedMicroseconds: Int64
        /// How long before `published_us` that was.
        ///
        /// - Unit: microseconds.
        public var ageMicroseconds: Int64

        /// Makes a part.
        public init(venue: String, feed: String, receivedMicroseconds: Int64, ageMicroseconds: Int64) {
            self.venue = venue
            self.feed = feed
            self.receivedMicroseconds = receivedMicroseconds
            self.ageMicroseconds = ageMicroseconds
        }

        init(_ object: RecordObject) throws(RecordError) {
            venue = try object.text("venue")
            feed = try object.text("feed")
            receivedMicroseconds = try object.integer("received_us")
            ageMicroseconds = try object.integer("age_us")
        }

        func encode(into writer: inout JSONWriter) {
            writer.open("venue", venue)
            writer.field("feed", feed)
            writer.field("received_us", receivedMicroseconds)
            writer.field("age_us", ageMicroseconds)
            writer.close()
        }
    }

    /// One price over all venues.
    public struct Level: Hashable, Sendable {
        /// The price.
        public var price: ScaledDecimal
        /// What all venues offer at it.
        public var size: ScaledDecimal
        /// Each venue's part, the largest first.
        public var parts: [Part]

        /// Makes a level.
        public init(price: ScaledDecimal, size: ScaledDecimal, parts: [Part]) {
            self.price = price
            self.size = size
            self.parts = parts
        }

        init(_ object: RecordObject) throws(RecordError) {
            price = try object.decimal("price")
            size = try object.decimal("size")
            parts = try object.list("parts", Part.init)
        }

        func encode(into writer: inout JSONWriter) {
            writer.open("price", price.description)
            writer.field("size", size)
            writer.field("parts", parts) { $0.encode(into: &$1) }
            writer.close()
        }
    }

    /// One venue's part of a level.
    public struct Part: Hashable, Sendable {
        /// The venue.
        public var venue: String
        /// What it offers.
        public var size: ScaledDecimal

        /// Makes a part.
        public init(venue: String, size: ScaledDecimal) {
            self.venue = venue
            self.size = size
        }

        init(_ object: RecordObject) throws(RecordError) {
            venue = try object.text("venue")
            size = try object.decimal("size")
        }

        func encode(into writer: inout JSONWriter) {
            writer.open("venue", venue)
            writer.field("size", size)
            writer.close()
        }
    }
}

extension AggBookRecord: DescribedRecord {
    /// What the value looks like.
    public static var shape: RecordShape {
        let part: [FieldShape] = [
            CommonFields.venue, .decimal("size", "What the venue offers at the price."),
        ]
        let level: [FieldShape] = [
            .decimal("price", "The price, in quote currency."),
            .decimal("size", "What all venues offer at it."),
            .list("parts", of: part, "Each venue's part, the largest first."),
        ]
        let venue: [FieldShape] = [
            CommonFields.venue,
            CommonFields.feed,
            .time("received_us", "When the feed read its newest record."),
            .span("age_us", "How long before published_us that was."),
        ]
        return RecordShape(
            topic,
            "A consolidated order book",
            [
                CommonFields.symbol,
                .text("aggregator", "The aggregator's instance name."),
                CommonFields.epoch,
                CommonFields.seq,
                CommonFields.published,
                .count("top", "The most levels a side."),
                .list("venues", of: venue, "The venues whose books count."),
                .list("bids", of: level, "The bids, best first, as far as the books prove them."),
                .list("asks", of: level, "The asks, best first, as far as the books prove them."),
            ]
        )
    }
}
