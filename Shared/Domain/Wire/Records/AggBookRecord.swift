// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint

/// `agg.book.v1`: the best levels of a symbol over all venues, each split by venue.
public struct AggBookRecord: AggregateRecord, Hashable {
    /// The topic `agg.book.v1`.
    public static let topic = TopicRegistry.aggregatedBook

    /// What every record of the aggregator begins with.
    public var head: AggregateHead
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
        head: AggregateHead,
        top: Int64,
        venues: [Venue],
        bids: [Level],
        asks: [Level]
    ) {
        self.head = head
        self.top = top
        self.venues = venues
        self.bids = bids
        self.asks = asks
    }

    /// Writes the value behind what the writer holds.
    ///
    /// Allocates: never in steady state.
    public func encode(into writer: inout JSONWriter) {
        writer.open(Self.topic)
        head.encode(into: &writer)
        writer.field("top", top)
        writer.field("venues", venues) { $0.encode(into: &$1) }
        writer.field("bids", bids) { $0.encode(into: &$1) }
        writer.field("asks", asks) { $0.encode(into: &$1) }
        writer.close()
    }

    /// Reads the fields.
    public init(_ object: RecordObject) throws(RecordError) {
        head = try AggregateHead(object)
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
            AggregateHead.fields + [
                .count("top", "The most levels a side."),
                .list("venues", of: venue, "The venues whose books count."),
                .list("bids", of: level, "The bids, best first, as far as the books prove them."),
                .list("asks", of: level, "The asks, best first, as far as the books prove them."),
            ]
        )
    }
}
