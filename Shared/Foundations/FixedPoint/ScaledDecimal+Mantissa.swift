// Part of MarketBus. Apache License 2.0, see LICENSE.

extension ScaledDecimal {
    /// The digits as one 64-bit integer with exactly so many decimals; nil where they do not fit or are cut.
    ///
    /// The dense form of columns that share one scale, such as the levels of a book.
    ///
    /// - Parameter decimals: the scale of the result.
    /// - Returns: the integer `m` with `self == m` × 10^-`decimals`.
    @inline(__always)
    public func mantissa64(decimals: UInt8) -> Int64? {
        guard let digits = Int64(exactly: mantissa) else { return nil }
        if decimals == scale { return digits }
        guard decimals > scale, decimals &- scale <= 18 else { return digits == 0 ? 0 : nil }
        let power = Int64(truncatingIfNeeded: PowersOfTen.uint64(decimals &- scale))
        let (shifted, overflow) = digits.multipliedReportingOverflow(by: power)
        return overflow ? nil : shifted
    }

    /// `mantissa` × 10^-`decimals`, brought to the shortest form; at most ``maximumScale`` decimals count.
    ///
    /// - Parameters:
    ///   - mantissa: the digits.
    ///   - decimals: how many of them are decimals.
    public init(mantissa64 mantissa: Int64, decimals: UInt8) {
        var digits = mantissa
        var places = digits == 0 ? 0 : min(decimals, Self.maximumScale)
        while places > 0 {
            let (quotient, rest) = digits.quotientAndRemainder(dividingBy: 10)
            guard rest == 0 else { break }
            digits = quotient
            places &-= 1
        }
        self.init(canonicalMantissa: Int128(digits), scale: places)
    }
}
