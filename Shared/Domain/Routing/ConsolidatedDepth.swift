// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes

/// One price over all venues.
public struct ConsolidatedLevel: Hashable, Sendable {
    /// One venue's part of a level.
    public struct Part: Hashable, Sendable {
        /// The venue.
        public var venue: VenueIndex
        /// What it offers at the price.
        public var size: ScaledDecimal

        /// Makes a part.
        public init(venue: VenueIndex, size: ScaledDecimal) {
            self.venue = venue
            self.size = size
        }
    }

    /// The price.
    public var price: ScaledDecimal
    /// What all venues offer at it.
    public var size: ScaledDecimal
    /// The venues' parts, the largest first; of equal ones in the order in which the venues were given.
    public var parts: [Part]
}

/// The best levels of one side over venues.
public enum ConsolidatedDepth {
    /// One venue's levels of that side, best first.
    public typealias Side = (venue: VenueIndex, levels: ContiguousArray<PriceLevel>)

    /// The best `top` prices over the venues, each split by venue.
    ///
    /// - Parameters:
    ///   - sides: the venues that count, in the order of their names.
    ///   - isBid: whether the highest price is the best.
    ///   - top: the most levels.
    /// - Returns: the levels, best first. Allocates: them.
    /// - Throws: ``DecimalError/overflow``.
    public static func merge(
        _ sides: [Side],
        isBid: Bool,
        top: Int
    ) throws(DecimalError) -> [ConsolidatedLevel] {
        var next = Array(repeating: 0, count: sides.count)
        var merged: [ConsolidatedLevel] = []
        while merged.count < top {
            guard let price = bestPrice(sides, next, isBid) else { break }
            var level = ConsolidatedLevel(price: price, size: .zero, parts: [])
            for index in sides.indices {
                let (venue, levels) = sides[index]
                guard next[index] < levels.count, levels[next[index]].price == price else { continue }
                let size = levels[next[index]].size
                next[index] += 1
                level.size = try level.size.adding(size)
                let place = level.parts.firstIndex { $0.size < size } ?? level.parts.count
                level.parts.insert(ConsolidatedLevel.Part(venue: venue, size: size), at: place)
            }
            merged.append(level)
        }
        return merged
    }

    private static func bestPrice(_ sides: [Side], _ next: [Int], _ isBid: Bool) -> ScaledDecimal? {
        var best: ScaledDecimal?
        for index in sides.indices where next[index] < sides[index].levels.count {
            let price = sides[index].levels[next[index]].price
            guard let known = best else {
                best = price
                continue
            }
            if isBid ? price > known : price < known { best = price }
        }
        return best
    }
}
