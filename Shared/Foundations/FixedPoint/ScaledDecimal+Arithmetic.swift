// Part of MarketBus. Apache License 2.0, see LICENSE.

/// What a division does with what remains.
public enum Rounding: Sendable {
    /// Towards zero: the digits beyond are cut.
    case towardZero
    /// Away from zero wherever anything remains.
    case awayFromZero
    /// To the nearest, halves to the even neighbour.
    case halfEven
}

extension ScaledDecimal {
    /// The sum, exactly.
    ///
    /// - Throws: ``DecimalError/overflow`` where, with all decimals of both, a figure has more digits than 128 bits.
    public func adding(_ other: ScaledDecimal) throws(DecimalError) -> ScaledDecimal {
        let (left, right, scale) = try Self.aligned(self, other)
        let (sum, overflow) = left.addingReportingOverflow(right)
        guard !overflow, let result = ScaledDecimal(mantissa: sum, scale: Int(scale)) else { throw .overflow }
        return result
    }

    /// The difference, exactly.
    ///
    /// - Throws: ``DecimalError/overflow``.
    public func subtracting(_ other: ScaledDecimal) throws(DecimalError) -> ScaledDecimal {
        try adding(try other.negated())
    }

    /// The value with the other sign.
    ///
    /// - Throws: ``DecimalError/overflow`` for the one value that has no counterpart.
    public func negated() throws(DecimalError) -> ScaledDecimal {
        let (negative, overflow) = Int128.zero.subtractingReportingOverflow(mantissa)
        guard !overflow else { throw .overflow }
        return ScaledDecimal(canonicalMantissa: negative, scale: scale)
    }

    /// The product, exactly.
    ///
    /// - Throws: ``DecimalError/overflow`` where, with all decimals of both, it has more digits than 128 bits.
    public func multiplied(by other: ScaledDecimal) throws(DecimalError) -> ScaledDecimal {
        let (product, overflow) = mantissa.multipliedReportingOverflow(by: other.mantissa)
        guard !overflow else { throw .overflow }
        guard let result = ScaledDecimal(mantissa: product, scale: Int(scale) + Int(other.scale)) else {
            throw .overflow
        }
        return result
    }

    /// The quotient with at most `decimals` decimals.
    ///
    /// - Throws: ``DecimalError/divisionByZero``, or ``DecimalError/overflow`` where the quotient, with so many
    ///   decimals, has more digits than 128 bits.
    public func divided(
        by other: ScaledDecimal,
        decimals: UInt8,
        rounding: Rounding
    ) throws(DecimalError) -> ScaledDecimal {
        guard other.mantissa != 0 else { throw .divisionByZero }
        let shift = Int(decimals) + Int(other.scale) - Int(scale)
        let quotient: Int128
        if let numerator = Self.shiftedIfFits(mantissa, by: max(shift, 0)),
            let denominator = Self.shiftedIfFits(other.mantissa, by: max(-shift, 0))
        {
            quotient = try Self.quotient(numerator, denominator, rounding)
        } else {
            quotient = try WideDivision.quotient(mantissa, other.mantissa, shift: shift, rounding)
        }
        guard let result = ScaledDecimal(mantissa: quotient, scale: Int(decimals)) else { throw .overflow }
        return result
    }

    /// The value with at most `decimals` decimals.
    ///
    /// - Throws: ``DecimalError/overflow``.
    public func rounded(
        toDecimals decimals: UInt8,
        _ rounding: Rounding
    ) throws(DecimalError) -> ScaledDecimal {
        if scale <= decimals { return self }
        return try divided(by: .one, decimals: decimals, rounding: rounding)
    }

    /// The largest multiple of `step` that is not beyond the value, towards zero.
    ///
    /// - Throws: ``DecimalError/divisionByZero`` or ``DecimalError/overflow``.
    public func floored(toMultipleOf step: ScaledDecimal) throws(DecimalError) -> ScaledDecimal {
        let count = try divided(by: step, decimals: 0, rounding: .towardZero)
        return try count.multiplied(by: step)
    }

    private static func aligned(
        _ left: ScaledDecimal,
        _ right: ScaledDecimal
    ) throws(DecimalError) -> (Int128, Int128, UInt8) {
        if left.scale == right.scale { return (left.mantissa, right.mantissa, left.scale) }
        if left.scale < right.scale {
            let shift = Int(right.scale) - Int(left.scale)
            return (try shifted(left.mantissa, by: shift), right.mantissa, right.scale)
        }
        let shift = Int(left.scale) - Int(right.scale)
        return (left.mantissa, try shifted(right.mantissa, by: shift), left.scale)
    }

    private static func shifted(_ value: Int128, by places: Int) throws(DecimalError) -> Int128 {
        guard let result = shiftedIfFits(value, by: places) else { throw .overflow }
        return result
    }

    private static func shiftedIfFits(_ value: Int128, by places: Int) -> Int128? {
        if value == 0 || places == 0 { return value }
        guard places <= 38, let power = PowersOfTen.int128(UInt8(places)) else { return nil }
        let (result, overflow) = value.multipliedReportingOverflow(by: power)
        return overflow ? nil : result
    }

    private static func divided(_ numerator: Int128, _ denominator: Int128) -> (Int128, overflow: Bool) {
        guard let small = Int64(exactly: numerator), let divisor = Int64(exactly: denominator), divisor != -1
        else {
            return numerator.dividedReportingOverflow(by: denominator)
        }
        return (Int128(small / divisor), false)
    }

    private static func quotient(
        _ numerator: Int128,
        _ denominator: Int128,
        _ rounding: Rounding
    ) throws(DecimalError) -> Int128 {
        let (whole, overflow) = divided(numerator, denominator)
        guard !overflow else { throw .overflow }
        let rest = numerator - whole * denominator
        guard rest != 0 else { return whole }
        let away: Int128 = (numerator < 0) == (denominator < 0) ? 1 : -1
        switch rounding {
        case .towardZero:
            return whole
        case .awayFromZero:
            return whole + away
        case .halfEven:
            let left = denominator.magnitude - rest.magnitude
            if rest.magnitude != left { return rest.magnitude < left ? whole : whole + away }
            return whole % 2 == 0 ? whole : whole + away
        }
    }
}
