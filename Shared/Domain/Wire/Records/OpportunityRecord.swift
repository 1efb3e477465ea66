// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint

/// `arb.opportunity.v1`: one step in the life of an arbitrage opportunity.
public struct OpportunityRecord: AggregateRecord, Hashable {
    /// The topic `arb.opportunity.v1`.
    public static let topic = TopicRegistry.opportunity

    /// What is bought and sold.
    public enum Kind: String, Sendable, CaseIterable {
        /// The currency itself, at two venues.
        case crossVenueSpot = "cross_venue_spot"
        /// A perpetual contract, at two venues.
        case crossVenuePerpetual = "cross_venue_perpetual"
        /// The currency itself against its perpetual, funding to the next settlement included.
        case spotPerpetual = "spot_perpetual"
        /// Three markets of one venue that lead back to the currency they begin with.
        case triangular
        /// The currency itself at two venues whose quote currencies a third market converts.
        case crossCurrency = "cross_currency"
    }

    /// The step.
    public enum State: String, Sendable, CaseIterable {
        /// It has appeared.
        case open
        /// Its figures have changed.
        case update
        /// It is over.
        case close
        /// After its close, it is known what the last of the late takers would have earned.
        case settle
    }

    /// Why it is over.
    public enum Reason: String, Sendable, CaseIterable {
        /// Prices moved: nothing is left after fees.
        case edgeGone = "edge_gone"
        /// Nothing was heard of a leg for too long.
        case legStale = "leg_stale"
        /// A leg's feed says that it no longer holds.
        case legInvalid = "leg_invalid"
        /// The aggregator is stopping.
        case shutdown
        /// Another aggregator watches these markets from now on; what it finds there gets an id of its own.
        case handedOver = "handed_over"
        /// The aggregator that opened it is gone; another has found it open.
        case restarted
    }

    /// What every record of the aggregator begins with.
    public var head: AggregateHead
    /// The same for all records of one opportunity.
    public var id: String
    /// What is bought and sold.
    public var kind: Kind
    /// The step.
    public var state: State
    /// Why it is over; nil before.
    public var reason: Reason?
    /// Where to buy.
    public var buy: Leg
    /// Where to sell.
    public var sell: Leg
    /// How much both legs offer.
    public var size: ScaledDecimal
    /// What is earned, in quote currency per unit, after both taker fees.
    public var edge: ScaledDecimal
    /// The same in basis points of what the buy costs, four decimals.
    public var edgeBasisPoints: ScaledDecimal
    /// `edge` × `size`, in quote currency.
    public var profit: ScaledDecimal
    /// When it appeared.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var openedMicroseconds: Int64
    /// How long it has lived.
    ///
    /// - Unit: microseconds.
    public var durationMicroseconds: Int64
    /// The market record that led to this one, where one did.
    public var trigger: Trigger?
    /// What is known of it where it was judged through the books.
    public var detail: Detail?

    /// Makes a record.
    public init(
        head: AggregateHead,
        id: String,
        kind: Kind,
        state: State,
        reason: Reason?,
        buy: Leg,
        sell: Leg,
        size: ScaledDecimal,
        edge: ScaledDecimal,
        edgeBasisPoints: ScaledDecimal,
        profit: ScaledDecimal,
        openedMicroseconds: Int64,
        durationMicroseconds: Int64,
        trigger: Trigger?,
        detail: Detail? = nil
    ) {
        self.head = head
        self.id = id
        self.kind = kind
        self.state = state
        self.reason = reason
        self.buy = buy
        self.sell = sell
        self.size = size
        self.edge = edge
        self.edgeBasisPoints = edgeBasisPoints
        self.profit = profit
        self.openedMicroseconds = openedMicroseconds
        self.durationMicroseconds = durationMicroseconds
        self.trigger = trigger
        self.detail = detail
    }

    /// Writes the value behind what the writer holds.
    ///
    /// Allocates: never in steady state.
    public func encode(into writer: inout JSONWriter) {
        writer.open(Self.topic)
        head.encode(into: &writer)
        writer.field("id", id)
        writer.field("kind", kind.rawValue)
        writer.field("state", state.rawValue)
        writer.field("reason", reason?.rawValue)
        writer.name("buy")
        buy.encode(into: &writer)
        writer.name("sell")
        sell.encode(into: &writer)
        writer.field("size", size)
        writer.field("edge", edge)
        writer.field("edge_bps", edgeBasisPoints)
        writer.field("profit", profit)
        writer.field("opened_us", openedMicroseconds)
        writer.field("duration_us", durationMicroseconds)
        writer.name("trigger")
        if let trigger { trigger.encode(into: &writer) } else { writer.literal("null") }
        detail?.encode(into: &writer)
        writer.close()
    }

    /// Reads the fields.
    public init(_ object: RecordObject) throws(RecordError) {
        head = try AggregateHead(object)
        id = try object.text("id")
        kind = try object.choice("kind")
        state = try object.choice("state")
        reason = try object.optionalChoice("reason")
        buy = try Leg(try object.object("buy"))
        sell = try Leg(try object.object("sell"))
        size = try object.decimal("size")
        edge = try object.decimal("edge")
        edgeBasisPoints = try object.decimal("edge_bps")
        profit = try object.decimal("profit")
        openedMicroseconds = try object.integer("opened_us")
        durationMicroseconds = try object.integer("duration_us")
        trigger = nil
        if let part = try object.optionalObject("trigger") { trigger = try Trigger(part) }
        detail = object.has("legs") ? try Detail(object) : nil
    }
}
