// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint

extension OpportunityRecord {
    /// One side of the opportunity.
    public struct Leg: Hashable, Sendable {
        /// The venue.
        public var venue: String
        /// The venue's own name of the instrument.
        public var venueSymbol: String
        /// The venue's best price.
        public var price: ScaledDecimal
        /// How much the venue offers at it.
        public var size: ScaledDecimal
        /// The taker's fee as a fraction.
        public var fee: ScaledDecimal
        /// How long before `published_us` the feed read the price. Unit: microseconds.
        public var ageMicroseconds: Int64

        /// Makes a part.
        public init(
            venue: String,
            venueSymbol: String,
            price: ScaledDecimal,
            size: ScaledDecimal,
            fee: ScaledDecimal,
            ageMicroseconds: Int64
        ) {
            self.venue = venue
            self.venueSymbol = venueSymbol
            self.price = price
            self.size = size
            self.fee = fee
            self.ageMicroseconds = ageMicroseconds
        }

        init(_ object: RecordObject) throws(RecordError) {
            venue = try object.text("venue")
            venueSymbol = try object.text("venue_symbol")
            price = try object.decimal("price")
            size = try object.decimal("size")
            fee = try object.decimal("fee")
            ageMicroseconds = try object.integer("age_us")
        }

        func encode(into writer: inout JSONWriter) {
            writer.open("venue", venue)
            writer.field("venue_symbol", venueSymbol)
            writer.field("price", price)
            writer.field("size", size)
            writer.field("fee", fee)
            writer.field("age_us", ageMicroseconds)
            writer.close()
        }
    }

    /// The market record that led to this one.
    public struct Trigger: Hashable, Sendable {
        /// The venue.
        public var venue: String
        /// The feed's instance name.
        public var feed: String
        /// The stream's incarnation.
        public var epoch: Int64
        /// The record's number.
        public var seq: UInt64
        /// When the feed read its frame. Unit: microseconds since the Unix epoch.
        public var receivedMicroseconds: Int64

        /// Makes a part.
        public init(venue: String, feed: String, epoch: Int64, seq: UInt64, receivedMicroseconds: Int64) {
            self.venue = venue
            self.feed = feed
            self.epoch = epoch
            self.seq = seq
            self.receivedMicroseconds = receivedMicroseconds
        }

        init(_ object: RecordObject) throws(RecordError) {
            venue = try object.text("venue")
            feed = try object.text("feed")
            epoch = try object.integer("epoch")
            seq = try object.count("seq")
            receivedMicroseconds = try object.integer("received_us")
        }

        func encode(into writer: inout JSONWriter) {
            writer.open("venue", venue)
            writer.field("feed", feed)
            writer.field("epoch", epoch)
            writer.field("seq", seq)
            writer.field("received_us", receivedMicroseconds)
            writer.close()
        }
    }
}
