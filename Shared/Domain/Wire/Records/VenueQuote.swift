// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

extension QuoteRecord {
    /// Whether a venue's quote counts.
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

    /// What a venue quotes, and what it is worth: the heart of a leg, and of the market that turned one.
    public struct VenueQuote: Hashable, Sendable {
        /// The venue.
        public var venue: String
        /// The feed's instance name.
        public var feed: String
        /// Whether it counts.
        public var health: Health
        /// The best bid; nil where nobody bids or the quote is invalid.
        public var bid: PriceLevel?
        /// The best ask; nil where nobody asks or the quote is invalid.
        public var ask: PriceLevel?
        /// When the feed read it.
        ///
        /// - Unit: microseconds since the Unix epoch.
        public var receivedMicroseconds: Int64
        /// How long before `published_us` that was.
        ///
        /// - Unit: microseconds.
        public var ageMicroseconds: Int64

        /// Makes a part.
        public init(
            venue: String,
            feed: String,
            health: Health,
            bid: PriceLevel?,
            ask: PriceLevel?,
            receivedMicroseconds: Int64,
            ageMicroseconds: Int64
        ) {
            self.venue = venue
            self.feed = feed
            self.health = health
            self.bid = bid
            self.ask = ask
            self.receivedMicroseconds = receivedMicroseconds
            self.ageMicroseconds = ageMicroseconds
        }

        init(_ object: RecordObject) throws(RecordError) {
            venue = try object.text("venue")
            feed = try object.text("feed")
            health = try object.choice("health")
            bid = try object.level("bid", "bid_size")
            ask = try object.level("ask", "ask_size")
            receivedMicroseconds = try object.integer("received_us")
            ageMicroseconds = try object.integer("age_us")
        }

        /// Adds what is quoted; the venue's name is the writer's, who has fields of his own behind it.
        func encodePrices(into writer: inout JSONWriter) {
            writer.field("feed", feed)
            writer.field("health", health.rawValue)
            writer.field("bid", "bid_size", bid)
            writer.field("ask", "ask_size", ask)
        }

        /// Adds when it was read.
        func encodeTimes(into writer: inout JSONWriter) {
            writer.field("received_us", receivedMicroseconds)
            writer.field("age_us", ageMicroseconds)
        }
    }
}
