// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

extension OpportunityRecord {
    /// What is known of an opportunity that was judged through the books; in records of today, absent from older ones.
    public struct Detail: Hashable, Sendable {
        /// The trades, in the order in which each pays for the next; ``OpportunityRecord/buy`` is the first that buys
        /// and ``OpportunityRecord/sell`` the last that sells.
        public var legs: [Trade]
        /// The currency in which cost and profit are counted.
        public var currency: String
        /// What goes in, fees included.
        public var cost: ScaledDecimal
        /// The part of the profit that the next funding brings or takes; nil where there is none.
        public var funding: ScaledDecimal?
        /// What smaller sizes earn, up to the best: size and profit.
        public var curve: [(size: ScaledDecimal, profit: ScaledDecimal)]
        /// The highest edge so far, in basis points.
        public var peakEdgeBasisPoints: ScaledDecimal
        /// When it was that high first.
        ///
        /// - Unit: microseconds since the Unix epoch.
        public var peakMicroseconds: Int64
        /// The highest profit so far.
        public var peakProfit: ScaledDecimal
        /// The edge weighted by the time for which it held, in basis points.
        public var meanEdgeBasisPoints: ScaledDecimal
        /// What late takers would have earned, as far as it is known.
        public var takers: [Taker]

        /// Makes a part.
        public init(
            legs: [Trade],
            currency: String,
            cost: ScaledDecimal,
            funding: ScaledDecimal?,
            curve: [(size: ScaledDecimal, profit: ScaledDecimal)],
            peakEdgeBasisPoints: ScaledDecimal,
            peakMicroseconds: Int64,
            peakProfit: ScaledDecimal,
            meanEdgeBasisPoints: ScaledDecimal,
            takers: [Taker]
        ) {
            self.legs = legs
            self.currency = currency
            self.cost = cost
            self.funding = funding
            self.curve = curve
            self.peakEdgeBasisPoints = peakEdgeBasisPoints
            self.peakMicroseconds = peakMicroseconds
            self.peakProfit = peakProfit
            self.meanEdgeBasisPoints = meanEdgeBasisPoints
            self.takers = takers
        }

        /// Whether all figures are equal.
        public static func == (left: Detail, right: Detail) -> Bool {
            left.legs == right.legs && left.currency == right.currency && left.cost == right.cost
                && left.funding == right.funding && left.takers == right.takers
                && left.curve.elementsEqual(right.curve) { $0 == $1 }
                && left.peakEdgeBasisPoints == right.peakEdgeBasisPoints
                && left.peakMicroseconds == right.peakMicroseconds && left.peakProfit == right.peakProfit
                && left.meanEdgeBasisPoints == right.meanEdgeBasisPoints
        }

        /// Feeds what tells most of them apart.
        public func hash(into hasher: inout Hasher) {
            hasher.combine(legs)
            hasher.combine(cost)
            hasher.combine(peakMicroseconds)
        }

        init(_ object: RecordObject) throws(RecordError) {
            legs = try object.list("legs", Trade.init)
            currency = try object.text("currency")
            cost = try object.decimal("cost")
            funding = try object.optionalDecimal("funding")
            curve = try object.levels("curve").map { (size: $0.price, profit: $0.size) }
            peakEdgeBasisPoints = try object.decimal("peak_edge_bps")
            peakMicroseconds = try object.integer("peak_us")
            peakProfit = try object.decimal("peak_profit")
            meanEdgeBasisPoints = try object.decimal("mean_edge_bps")
            takers = try object.list("takers", Taker.init)
        }

        func encode(into writer: inout JSONWriter) {
            writer.field("legs", legs) { $0.encode(into: &$1) }
            writer.field("currency", currency)
            writer.field("cost", cost)
            writer.field("funding", funding)
            writer.field("curve", curve) { point, writer in
                writer.literal("[")
                writer.decimal(point.size)
                writer.literal(",")
                writer.decimal(point.profit)
                writer.literal("]")
            }
            writer.field("peak_edge_bps", peakEdgeBasisPoints)
            writer.field("peak_us", peakMicroseconds)
            writer.field("peak_profit", peakProfit)
            writer.field("mean_edge_bps", meanEdgeBasisPoints)
            writer.field("takers", takers) { $0.encode(into: &$1) }
        }
    }

    /// One trade of an opportunity through the books.
    public struct Trade: Hashable, Sendable {
        /// Whether it buys or sells.
        public var side: Side
        /// The canonical symbol.
        public var symbol: String
        /// The venue.
        public var venue: String
        /// The venue's own name of the instrument.
        public var venueSymbol: String
        /// How much.
        public var size: ScaledDecimal
        /// Price times size over the levels taken, without fees.
        public var value: ScaledDecimal
        /// The best price.
        public var price: ScaledDecimal
        /// The price of the last level taken.
        public var worstPrice: ScaledDecimal
        /// The taker's fee as a fraction.
        public var fee: ScaledDecimal
        /// The maker's fee as a fraction; nil where it is not known.
        public var makerFee: ScaledDecimal?
        /// How long before `published_us` the feed read the book.
        ///
        /// - Unit: microseconds.
        public var ageMicroseconds: Int64
        /// How much later the feed read it than the venue says it became so, or ``EventTime/none``.
        ///
        /// - Unit: microseconds.
        public var skewMicroseconds: Int64

        /// Makes a part.
        public init(
            side: Side,
            symbol: String,
            venue: String,
            venueSymbol: String,
            size: ScaledDecimal,
            value: ScaledDecimal,
            price: ScaledDecimal,
            worstPrice: ScaledDecimal,
            fee: ScaledDecimal,
            makerFee: ScaledDecimal?,
            ageMicroseconds: Int64,
            skewMicroseconds: Int64
        ) {
            self.side = side
            self.symbol = symbol
            self.venue = venue
            self.venueSymbol = venueSymbol
            self.size = size
            self.value = value
            self.price = price
            self.worstPrice = worstPrice
            self.fee = fee
            self.makerFee = makerFee
            self.ageMicroseconds = ageMicroseconds
            self.skewMicroseconds = skewMicroseconds
        }

        init(_ object: RecordObject) throws(RecordError) {
            side = try object.text("side") == Side.buy.name ? .buy : .sell
            symbol = try object.text("symbol")
            venue = try object.text("venue")
            venueSymbol = try object.text("venue_symbol")
            size = try object.decimal("size")
            value = try object.decimal("value")
            price = try object.decimal("price")
            worstPrice = try object.decimal("worst_price")
            fee = try object.decimal("fee")
            makerFee = try object.optionalDecimal("maker_fee")
            ageMicroseconds = try object.integer("age_us")
            skewMicroseconds = try object.integerOrNone("skew_us")
        }

        func encode(into writer: inout JSONWriter) {
            writer.open("side", side.name)
            writer.field("symbol", symbol)
            writer.field("venue", venue)
            writer.field("venue_symbol", venueSymbol)
            writer.field("size", size)
            writer.field("value", value)
            writer.field("price", price)
            writer.field("worst_price", worstPrice)
            writer.field("fee", fee)
            writer.field("maker_fee", makerFee)
            writer.field("age_us", ageMicroseconds)
            writer.field("skew_us", orNull: skewMicroseconds)
            writer.close()
        }
    }

    /// What a late taker would have earned.
    public struct Taker: Hashable, Sendable {
        /// The time from the opening to the orders' arrival.
        ///
        /// - Unit: microseconds.
        public var latencyMicroseconds: Int64
        /// What was earned; nil where the books of then did not hold the size.
        public var earned: ScaledDecimal?

        /// Makes a part.
        public init(latencyMicroseconds: Int64, earned: ScaledDecimal?) {
            self.latencyMicroseconds = latencyMicroseconds
            self.earned = earned
        }

        init(_ object: RecordObject) throws(RecordError) {
            latencyMicroseconds = try object.integer("latency_us")
            earned = try object.optionalDecimal("earned")
        }

        func encode(into writer: inout JSONWriter) {
            writer.open("latency_us", latencyMicroseconds)
            writer.field("earned", earned)
            writer.close()
        }
    }
}

extension OpportunityRecord.Detail {
    /// The fields, all of them absent from records of opportunities that were judged by best prices alone.
    static var fields: [FieldShape] {
        [
            FieldShape.list(
                "legs",
                of: OpportunityRecord.Trade.fields,
                "The trades, each paying for the next."
            )
            .orAbsent,
            FieldShape.text("currency", "The currency in which cost and profit are counted.").orAbsent,
            FieldShape.decimal("cost", "What goes in, fees included.").orAbsent,
            FieldShape.decimal(
                "funding",
                "The part of the profit that the next funding brings or takes; null where there is none."
            ).orNull.orAbsent,
            FieldShape(
                "curve",
                .list(.list(.decimal)),
                "[size of the first leg, profit] of smaller sizes, up to the best."
            ).orAbsent,
            FieldShape.decimal("peak_edge_bps", "The highest edge so far, in basis points.").orAbsent,
            FieldShape.time("peak_us", "When it was that high first.").orAbsent,
            FieldShape.decimal("peak_profit", "The highest profit so far.").orAbsent,
            FieldShape.decimal(
                "mean_edge_bps",
                "The edge weighted by the time for which it held, in basis points."
            ).orAbsent,
            FieldShape.list(
                "takers",
                of: OpportunityRecord.Taker.fields,
                "What takers would have earned whose orders came later, as far as it is known."
            ).orAbsent,
        ]
    }
}

extension OpportunityRecord.Trade {
    static var fields: [FieldShape] {
        [
            .init("side", .choice([Side.buy.name, Side.sell.name]), "Whether it buys or sells."),
            CommonFields.symbol,
            CommonFields.venue,
            CommonFields.venueSymbol,
            .decimal("size", "How much."),
            .decimal("value", "Price times size over the levels taken, without fees."),
            .decimal("price", "The best price."),
            .decimal("worst_price", "The price of the last level taken."),
            .decimal("fee", "The taker's fee as a fraction."),
            .decimal("maker_fee", "The maker's fee as a fraction; null where it is not known.").orNull,
            .span("age_us", "How long before published_us the feed read the book."),
            .span("skew_us", "How much later than the venue's own time that was; null where it says none.")
                .orNull,
        ]
    }
}

extension OpportunityRecord.Taker {
    static var fields: [FieldShape] {
        [
            .span("latency_us", "The time from the opening to the orders' arrival."),
            .decimal("earned", "What was earned; null where the books of then did not hold the size.").orNull,
        ]
    }
}
