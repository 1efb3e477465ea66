// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint

/// When an opportunity through books counts, and how often it is told.
public struct EvaluationSettings: Sendable {
    /// A unit counts while it earns more than this fraction of what it costs, fee included.
    public var minimumEdgeRate: ScaledDecimal
    /// A larger edge is taken for a wrong price: what shows it is not told; nil: every edge is believed.
    ///
    /// - Unit: basis points.
    public var maximumEdgeBasisPoints: ScaledDecimal?
    /// The first leg's value must be at least this much of its quote currency.
    public var minimumValue: ScaledDecimal
    /// For how long it must last before it is told.
    ///
    /// - Unit: microseconds.
    public var minimumDurationMicroseconds: Int64
    /// The shortest time between two steps of an open opportunity; opening and closing don't wait.
    ///
    /// - Unit: microseconds.
    public var updateIntervalMicroseconds: Int64
    /// After which times a taker's orders arrive, ascending.
    ///
    /// - Unit: microseconds.
    public var latencies: [Int64]
    /// How many sizes of a cycle are tried at most.
    public var maximumTrials: Int
    /// How many replays may wait at a time; those beyond are counted and left out.
    public var maximumReplays: Int

    /// Makes settings.
    public init(
        minimumEdgeRate: ScaledDecimal = .zero,
        maximumEdgeBasisPoints: ScaledDecimal? = nil,
        minimumValue: ScaledDecimal = .zero,
        minimumDurationMicroseconds: Int64 = 0,
        updateIntervalMicroseconds: Int64 = 100_000,
        latencies: [Int64] = [5000, 20_000, 80_000, 250_000],
        maximumTrials: Int = 512,
        maximumReplays: Int = 4096
    ) {
        self.minimumEdgeRate = minimumEdgeRate
        self.maximumEdgeBasisPoints = maximumEdgeBasisPoints
        self.minimumValue = minimumValue
        self.minimumDurationMicroseconds = minimumDurationMicroseconds
        self.updateIntervalMicroseconds = updateIntervalMicroseconds
        self.latencies = latencies
        self.maximumTrials = maximumTrials
        self.maximumReplays = maximumReplays
    }
}
