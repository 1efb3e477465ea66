// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes

/// How far one venue's levels are taken.
struct OrderWalker {
    private let venue: OrderVenue
    private let step: ScaledDecimal
    /// What a unit of value costs with its fee; below zero where selling brings it in.
    private let factor: ScaledDecimal
    private var row = 0
    /// What is left of the level at `row`.
    private var rest: ScaledDecimal
    private var taken = ScaledDecimal.zero
    private var value = ScaledDecimal.zero
    private var worst = ScaledDecimal.zero

    init(_ venue: OrderVenue, isBuy: Bool, step: ScaledDecimal) throws(DecimalError) {
        self.venue = venue
        self.step = step
        let fee = venue.facts.takerFee
        factor = isBuy ? try ScaledDecimal.one.adding(fee) : try fee.subtracting(.one)
        rest = venue.levels.first?.size ?? .zero
    }

    /// The smallest part that the venue's minimums allow; nil where its book does not hold so much.
    func least() throws(DecimalError) -> ScaledDecimal? {
        var size = max(step, venue.facts.minSize ?? .zero)
        if let notional = venue.facts.minNotional, notional.isPositive {
            let worth = try LadderWalk.size(worth: notional, venue.levels, rounding: .awayFromZero)
            guard let walked = try LadderWalk.value(of: worth, venue.levels), walked.value >= notional else {
                return nil
            }
            size = max(size, worth)
        }
        size = try SizeGrid.raised(size, toMultipleOf: step)
        return try LadderWalk.value(of: size, venue.levels) == nil ? nil : size
    }

    /// What the next step costs; nil where the book ends before.
    func nextCost() throws(DecimalError) -> ScaledDecimal? {
        var copy = self
        guard try copy.walk(step) else { return nil }
        return try copy.value.subtracting(value).multiplied(by: factor)
    }

    /// How much, in whole steps, costs as much a unit as the next step does.
    func nextSize(atMost most: ScaledDecimal) throws(DecimalError) -> ScaledDecimal {
        let whole = try min(rest, most).floored(toMultipleOf: step)
        return max(whole, step)
    }

    /// Takes a size that the book holds.
    mutating func take(_ size: ScaledDecimal) throws(DecimalError) {
        _ = try walk(size)
    }

    func part() throws(DecimalError) -> OrderPart {
        OrderPart(
            venue: venue.venue,
            size: taken,
            value: value,
            fee: try value.multiplied(by: venue.facts.takerFee),
            worstPrice: worst
        )
    }

    private mutating func walk(_ size: ScaledDecimal) throws(DecimalError) -> Bool {
        var left = size
        while left.isPositive {
            if rest.isZero {
                row += 1
                guard row < venue.levels.count else { return false }
                rest = venue.levels[row].size
            }
            guard row < venue.levels.count else { return false }
            let part = min(left, rest)
            worst = venue.levels[row].price
            value = try value.adding(try worst.multiplied(by: part))
            rest = try rest.subtracting(part)
            left = try left.subtracting(part)
        }
        taken = try taken.adding(size)
        return true
    }
}
