// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// What one leg of a trade through books does.
public struct LegFill: Hashable, Sendable {
    /// How much is bought or sold: base currency, or contracts of inverse instruments.
    public var size: ScaledDecimal
    /// Price times size over the levels taken, without fees; quote currency (of inverse contracts: contracts times price).
    public var value: ScaledDecimal
    /// The best level.
    public var best: PriceLevel
    /// The price of the last level taken.
    public var worstPrice: ScaledDecimal
}

/// One point of a size curve.
public struct CurvePoint: Hashable, Sendable {
    /// The size of the first leg.
    public var size: ScaledDecimal
    /// What that size earns after fees.
    public var profit: ScaledDecimal
}

/// What an opportunity through the books is worth at one moment.
public struct DepthFigures: Hashable, Sendable {
    /// The fills, in the order of the route's legs.
    public var fills: [LegFill]
    /// The size of the first leg that gains most.
    public var size: ScaledDecimal
    /// What goes in, fees included, in the route's currency.
    public var cost: ScaledDecimal
    /// What is earned after fees, funding included, in the route's currency; on inverse contracts rounded to 8 decimals.
    public var profit: ScaledDecimal
    /// The part of the profit that the next funding brings or takes; nil where no perpetual is held against spot.
    public var funding: ScaledDecimal?
    /// Profit by cost in basis points, rounded to four decimals.
    public var edgeBasisPoints: ScaledDecimal
    /// What smaller sizes earn, up to this one.
    public var curve: [CurvePoint]
    /// Whether no other size can be better; false where the search over a fine grid was cut.
    public var isBest: Bool

    /// Profit by cost in basis points.
    static func basisPoints(
        _ profit: ScaledDecimal,
        of cost: ScaledDecimal
    ) throws(DecimalError) -> ScaledDecimal {
        try profit.multiplied(by: ScaledDecimal(10_000)).divided(by: cost, decimals: 4, rounding: .halfEven)
    }
}

/// The most points of a curve.
enum Curve {
    static let maximumPoints = 32

    /// The sizes to show: where a level of a leg ends, on the grid, at most `best`, which is the last.
    static func sizes(
        _ ladders: [ContiguousArray<PriceLevel>],
        step: ScaledDecimal,
        from least: ScaledDecimal,
        to best: ScaledDecimal
    ) throws(DecimalError) -> [ScaledDecimal] {
        var sizes: Set<ScaledDecimal> = []
        for levels in ladders {
            var sum = ScaledDecimal.zero
            for level in levels {
                sum = try sum.adding(level.size)
                if sum >= best { break }
                let size = try sum.floored(toMultipleOf: step)
                if size >= least, size.isPositive { sizes.insert(size) }
            }
        }
        sizes.remove(best)
        return sizes.sorted().prefix(maximumPoints - 1) + [best]
    }
}
