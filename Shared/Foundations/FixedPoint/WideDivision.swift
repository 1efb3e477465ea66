// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Division whose shifted operands do not fit in 128 bits; rare, so on magnitudes of 256.
enum WideDivision {
    /// `numerator` × 10^`shift` / `denominator`, rounded; a negative shift multiplies the denominator instead.
    static func quotient(
        _ numerator: Int128,
        _ denominator: Int128,
        shift: Int,
        _ rounding: Rounding
    ) throws(DecimalError) -> Int128 {
        let isNegative = (numerator < 0) != (denominator < 0)
        let magnitude: UInt128
        if shift >= 0 {
            magnitude = try grown(numerator.magnitude, by: shift, denominator.magnitude, rounding)
        } else {
            magnitude = try shrunk(numerator.magnitude, denominator.magnitude, by: -shift, rounding)
        }
        guard let result = Int128(magnitude: magnitude, isNegative: isNegative) else { throw .overflow }
        return result
    }

    private static func grown(
        _ numerator: UInt128,
        by places: Int,
        _ denominator: UInt128,
        _ rounding: Rounding
    ) throws(DecimalError) -> UInt128 {
        // A shift may go beyond 10^38, the largest power at hand: then in two steps, as one divides on paper.
        let (first, second) = (min(places, 38), max(places - 38, 0))
        guard let power = Self.power(first), let further = Self.power(second) else { throw .overflow }
        let wide = numerator.multipliedFullWidth(by: power)
        guard wide.high < denominator else { throw .overflow }
        let (whole, rest) = denominator.dividingFullWidth(wide)
        if second == 0 { return try rounded(whole, rest, denominator, rounding) }
        let (scaled, overflow) = whole.multipliedReportingOverflow(by: further)
        guard !overflow else { throw .overflow }
        let (more, last) = denominator.dividingFullWidth(rest.multipliedFullWidth(by: further))
        let (sum, carried) = scaled.addingReportingOverflow(more)
        guard !carried else { throw .overflow }
        return try rounded(sum, last, denominator, rounding)
    }

    private static func shrunk(
        _ numerator: UInt128,
        _ denominator: UInt128,
        by places: Int,
        _ rounding: Rounding
    ) throws(DecimalError) -> UInt128 {
        guard let power = Self.power(places) else { throw .overflow }
        let wide = denominator.multipliedFullWidth(by: power)
        guard wide.high > 0 else {
            let (whole, rest) = numerator.quotientAndRemainder(dividingBy: wide.low)
            return try rounded(whole, rest, wide.low, rounding)
        }
        // At most 2^127 divided by more than 2^128: less than a half.
        return numerator > 0 && rounding == .awayFromZero ? 1 : 0
    }

    private static func rounded(
        _ whole: UInt128,
        _ rest: UInt128,
        _ denominator: UInt128,
        _ rounding: Rounding
    ) throws(DecimalError) -> UInt128 {
        guard rest > 0 else { return whole }
        let isUp: Bool
        switch rounding {
        case .towardZero: isUp = false
        case .awayFromZero: isUp = true
        case .halfEven:
            let left = denominator - rest
            isUp = rest == left ? whole % 2 == 1 : rest > left
        }
        guard isUp else { return whole }
        let (next, overflow) = whole.addingReportingOverflow(1)
        guard !overflow else { throw .overflow }
        return next
    }

    private static func power(_ places: Int) -> UInt128? {
        guard places >= 0, places <= 38, let power = PowersOfTen.int128(UInt8(places)) else { return nil }
        return UInt128(power)
    }
}

extension Int128 {
    /// The integer of this sign and magnitude, or nil where it does not fit.
    init?(magnitude: UInt128, isNegative: Bool) {
        let limit = UInt128(Int128.max) + (isNegative ? 1 : 0)
        guard magnitude <= limit else { return nil }
        self = Int128(truncatingIfNeeded: isNegative ? 0 &- magnitude : magnitude)
    }
}
