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
        /// How long before `published_us` the feed read the price.
        ///
        /// - Unit: microseconds.
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
        /// When the feed read its frame.
        ///
        /// - Unit: microseconds since the Unix epoch.
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

extension OpportunityRecord: DescribedRecord {
    /// What the value looks like.
    public static var shape: RecordShape {
        RecordShape(
            topic,
            "A step in the life of an arbitrage opportunity",
            AggregateHead.fields + [
                .text("id", "The same for all records of one opportunity."),
                .choice("kind", Kind.self, "What is bought and sold."),
                .choice("state", State.self, "The step."),
                .choice("reason", Reason.self, "Why it is over; null before.").orNull,
                .object("buy", Leg.fields, "Where to buy."),
                .object("sell", Leg.fields, "Where to sell."),
                .decimal("size", "How much both legs offer."),
                .decimal("edge", "What is earned, in quote currency per unit, after both taker fees."),
                .decimal(
                    "edge_bps",
                    "The same in basis points of what the buy costs, at most four decimals."
                ),
                .decimal("profit", "Edge times size, in quote currency."),
                .time("opened_us", "When it appeared."),
                .span("duration_us", "How long it has lived."),
                .object("trigger", Trigger.fields, "The market record that led to this one, where one did.")
                    .orNull,
            ] + Detail.fields
        )
    }
}

extension OpportunityRecord.Leg {
    static var fields: [FieldShape] {
        [
            CommonFields.venue,
            CommonFields.venueSymbol,
            .decimal("price", "The venue's best price, in quote currency."),
            .decimal("size", "How much the venue offers at it."),
            .decimal("fee", "The taker's fee as a fraction."),
            .span("age_us", "How long before published_us the feed read it."),
        ]
    }
}

extension OpportunityRecord.Trigger {
    static var fields: [FieldShape] {
        [
            CommonFields.venue,
            CommonFields.feed,
            CommonFields.epoch,
            CommonFields.seq,
            .time("received_us", "When the feed read its frame."),
        ]
    }
}
