// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Quotes

/// How old a leg's book is at a step, and how late it came.
public struct LegMoment: Hashable, Sendable {
    /// The time since the feed read it.
    ///
    /// - Unit: microseconds.
    public var ageMicroseconds: Int64
    /// How much later the feed read it than the venue says it became so; nil where it says nothing.
    ///
    /// - Unit: microseconds.
    public var skewMicroseconds: Int64?
}

/// What a taker would have earned whose orders arrived so long after the opening.
public struct TakerResult: Hashable, Sendable {
    /// The time from the opening to the orders' arrival.
    ///
    /// - Unit: microseconds.
    public var latencyMicroseconds: Int64
    /// What the size of the opening earned in the books of that moment; nil where they did not hold it, or a leg did not
    /// count.
    public var earned: ScaledDecimal?

    /// Makes a result.
    public init(latencyMicroseconds: Int64, earned: ScaledDecimal?) {
        self.latencyMicroseconds = latencyMicroseconds
        self.earned = earned
    }
}

/// What an opportunity has been worth since it was first seen.
public struct LifeFigures: Hashable, Sendable {
    /// The highest edge in basis points.
    public var peakEdgeBasisPoints: ScaledDecimal
    /// When it was that high first.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var peakMicroseconds: Int64
    /// The highest profit.
    public var peakProfit: ScaledDecimal
    /// The edge in basis points, weighted by the time for which it held; rounded to four decimals.
    public var meanEdgeBasisPoints: ScaledDecimal
}

/// One step in the life of an opportunity through books.
public struct RouteStep: Sendable {
    /// The step.
    public var state: OpportunityState
    /// Why it is over; nil while it is not.
    public var reason: CloseReason?
    /// The route's number in the ``RouteMap``.
    public var route: Int
    /// The figures now; of a closed one the last that held.
    public var figures: DepthFigures
    /// What it has been worth so far.
    public var life: LifeFigures
    /// The legs' ages, in the route's order.
    public var legs: [LegMoment]
    /// What is known so far of takers that are late.
    public var takers: [TakerResult]
    /// When it was first seen; with the route it names the opportunity.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var openedMicroseconds: Int64
    /// When this step was found.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var atMicroseconds: Int64
    /// How long it has been open, or was.
    ///
    /// - Unit: microseconds.
    public var durationMicroseconds: Int64
    /// Which record caused it; nil where time did.
    public var trigger: Trigger?
}
