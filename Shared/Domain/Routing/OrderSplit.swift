// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes

/// One venue that may take part of an order.
public struct OrderVenue: Sendable {
    /// The venue.
    public var venue: VenueIndex
    /// What it allows and charges.
    public var facts: MarketFacts
    /// The levels that the order meets, as far as they are proven, best first.
    public var levels: ContiguousArray<PriceLevel>

    /// Makes a venue.
    public init(venue: VenueIndex, facts: MarketFacts, levels: ContiguousArray<PriceLevel>) {
        self.venue = venue
        self.facts = facts
        self.levels = levels
    }
}

/// What one venue does of an order.
public struct OrderPart: Hashable, Sendable {
    /// The venue.
    public var venue: VenueIndex
    /// Its part of the size.
    public var size: ScaledDecimal
    /// Price times size over its levels, without fees.
    public var value: ScaledDecimal
    /// The fee of that.
    public var fee: ScaledDecimal
    /// The price of the last level taken.
    public var worstPrice: ScaledDecimal
}

/// A way to carry out an order.
public struct OrderSplit: Hashable, Sendable {
    /// The venues' parts, in the order in which the venues were given.
    public var parts: [OrderPart]
    /// What is carried out: at most what was asked for.
    public var size: ScaledDecimal
    /// What is paid where it buys, what comes in where it sells; fees included.
    public var total: ScaledDecimal

    /// Makes a way from its figures.
    public init(parts: [OrderPart], size: ScaledDecimal, total: ScaledDecimal) {
        self.parts = parts
        self.size = size
        self.total = total
    }
}

/// The cheapest way to carry out an order over venues, and what each of them alone would make of it.
public struct OrderRoute: Hashable, Sendable {
    /// The cheapest split; nil where no venue can do any of it.
    public var best: OrderSplit?
    /// What each venue alone can do, in the order in which they were given; nil where it can do nothing.
    public var single: [OrderSplit?]
    /// The middle of the best bid and ask; nil where there are not both.
    public var mid: ScaledDecimal?
    /// What the best split costs beyond the same size at the middle, fees included.
    public var cost: ScaledDecimal?
    /// The same in basis points of the value at the middle, rounded to four decimals.
    public var costBasisPoints: ScaledDecimal?
}

/// Finds the cheapest split of an order.
///
/// For every set of venues: each has a part, a multiple of the least common multiple of their lots that meets its
/// minimums, and together they do as much of the size as that grid and the books allow. The set that does most is
/// taken; of those the cheapest, then the one with fewest venues, then the first. Contracts whose sizes are contracts are
/// not split: their parts would not be worth the same.
public enum OrderRouter {
    /// No more venues are tried together: the sets double with each.
    public static let maximumVenues = 8

    /// The cheapest way.
    ///
    /// - Parameters:
    ///   - size: how much, in base currency.
    ///   - isBuy: whether it buys.
    ///   - venues: who may take part, in the order of their names; those beyond ``maximumVenues`` are not asked.
    ///   - mid: the middle of the best bid and ask of all.
    /// - Returns: the split, and what each venue alone can do. Allocates: them.
    /// - Throws: ``DecimalError/overflow``.
    public static func route(
        _ size: ScaledDecimal,
        isBuy: Bool,
        _ venues: [OrderVenue],
        mid: ScaledDecimal?
    ) throws(DecimalError) -> OrderRoute {
        var route = OrderRoute(best: nil, single: [], mid: mid, cost: nil, costBasisPoints: nil)
        let asked = venues.prefix(maximumVenues).filter { $0.facts.contractSize == nil }
        for venue in venues {
            let isAsked = venue.facts.contractSize == nil
            route.single.append(isAsked ? try split(size, isBuy, [venue]) : nil)
        }
        var best: (split: OrderSplit, venues: Int)?
        for chosen in 1..<max(1 << asked.count, 1) {
            let set = asked.indices.filter { chosen & (1 << $0) != 0 }.map { asked[$0] }
            guard let split = try split(size, isBuy, set) else { continue }
            if let known = best, !isBetter(split, set.count, than: known, isBuy) { continue }
            best = (split, set.count)
        }
        route.best = best?.split
        if let split = route.best, let mid, let cost = try split.cost(isBuy: isBuy, mid: mid) {
            (route.cost, route.costBasisPoints) = (cost.amount, cost.basisPoints)
        }
        return route
    }

    private static func isBetter(
        _ split: OrderSplit,
        _ venues: Int,
        than other: (split: OrderSplit, venues: Int),
        _ isBuy: Bool
    ) -> Bool {
        if split.size != other.split.size { return split.size > other.split.size }
        if split.total != other.split.total { return (split.total < other.split.total) == isBuy }
        return venues < other.venues
    }

    /// The cheapest way in which each of these venues has a part; nil where there is none.
    private static func split(
        _ size: ScaledDecimal,
        _ isBuy: Bool,
        _ venues: [OrderVenue]
    ) throws(DecimalError) -> OrderSplit? {
        var step: ScaledDecimal?
        for venue in venues { step = try SizeGrid.step(step, venue.facts.lot) }
        let grid = step ?? SizeGrid.finest
        var left = try size.floored(toMultipleOf: grid)
        var walkers: [OrderWalker] = []
        for venue in venues {
            var walker = try OrderWalker(venue, isBuy: isBuy, step: grid)
            guard let least = try walker.least(), least <= left else { return nil }
            try walker.take(least)
            left = try left.subtracting(least)
            walkers.append(walker)
        }
        while left.isPositive {
            var cheapest: (index: Int, cost: ScaledDecimal)?
            for index in walkers.indices {
                guard let cost = try walkers[index].nextCost() else { continue }
                if let known = cheapest, cost >= known.cost { continue }
                cheapest = (index, cost)
            }
            guard let cheapest else { break }
            let part = try walkers[cheapest.index].nextSize(atMost: left)
            try walkers[cheapest.index].take(part)
            left = try left.subtracting(part)
        }
        return try sum(walkers, isBuy)
    }

    private static func sum(_ walkers: [OrderWalker], _ isBuy: Bool) throws(DecimalError) -> OrderSplit? {
        var split = OrderSplit(parts: [], size: .zero, total: .zero)
        for walker in walkers {
            let part = try walker.part()
            split.parts.append(part)
            split.size = try split.size.adding(part.size)
            let paid = isBuy ? try part.value.adding(part.fee) : try part.value.subtracting(part.fee)
            split.total = try split.total.adding(paid)
        }
        return split.size.isPositive ? split : nil
    }
}
