// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint

extension OrderSplit {
    /// What a split costs beyond the same size at a middle price.
    public struct Cost: Hashable, Sendable {
        /// In quote currency, fees included; below zero where it is better than the middle.
        public var amount: ScaledDecimal
        /// The same in basis points of the value at the middle, rounded to four decimals.
        public var basisPoints: ScaledDecimal
    }

    /// What it costs beyond the same size at the middle; nil where that is worth nothing.
    ///
    /// - Throws: ``DecimalError/overflow``.
    public func cost(isBuy: Bool, mid: ScaledDecimal) throws(DecimalError) -> Cost? {
        let even = try mid.multiplied(by: size)
        guard even.isPositive else { return nil }
        let amount = isBuy ? try total.subtracting(even) : try even.subtracting(total)
        let basisPoints = try amount.multiplied(by: ScaledDecimal(10_000))
            .divided(by: even, decimals: 4, rounding: .halfEven)
        return Cost(amount: amount, basisPoints: basisPoints)
    }

    /// What another way of the same size costs more than this one; nil where it does not do the same size.
    ///
    /// - Throws: ``DecimalError/overflow``.
    public func saving(over other: OrderSplit, isBuy: Bool) throws(DecimalError) -> ScaledDecimal? {
        guard other.size == size else { return nil }
        return isBuy ? try other.total.subtracting(total) : try total.subtracting(other.total)
    }

    /// What a unit costs or brings on the average, fees included, rounded to twelve decimals.
    ///
    /// - Throws: ``DecimalError``.
    public func average() throws(DecimalError) -> ScaledDecimal {
        try total.divided(by: size, decimals: 12, rounding: .halfEven)
    }
}
