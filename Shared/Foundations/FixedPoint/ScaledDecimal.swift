// Part of MarketBus. Apache License 2.0, see LICENSE.

/// An exact decimal: `mantissa` × 10^-`scale`, always in its shortest form.
///
/// The form is canonical: no trailing zero in a fraction, scale 0 for whole numbers, one zero. Two equal
/// numbers are therefore equal bit for bit, and what is printed is what DESIGN section 3 asks for.
///
/// - Unit: none; ``Price``, ``Quantity``, ``Notional`` and ``Rate`` give it one.
/// - Allocates: never, except `description`.
public struct ScaledDecimal: Hashable, Sendable, BitwiseCopyable {
    /// The digits as one integer.
    public let mantissa: Int128
    /// How many of the digits are decimals, at most ``maximumScale``.
    public let scale: UInt8

    /// The most decimals that a value may have.
    public static let maximumScale: UInt8 = 38
    /// Nothing.
    public static let zero = ScaledDecimal(canonicalMantissa: 0, scale: 0)
    /// One.
    public static let one = ScaledDecimal(canonicalMantissa: 1, scale: 0)

    /// A whole number.
    public init(_ whole: Int64) {
        self.init(canonicalMantissa: Int128(whole), scale: 0)
    }

    /// `mantissa` × 10^-`scale`, brought to the shortest form; nil if more than 38 decimals remain.
    public init?(mantissa: Int128, scale: Int) {
        // Divisions of 128 bits take several times as long.
        if let small = Int64(exactly: mantissa), scale >= 0, scale <= Int(Self.maximumScale) {
            self.init(mantissa64: small, decimals: UInt8(scale))
            return
        }
        var digits = mantissa
        var decimals = scale
        if digits == 0 {
            self = .zero
            return
        }
        while decimals > 0, digits % 10 == 0 {
            digits /= 10
            decimals -= 1
        }
        guard decimals >= 0, decimals <= Int(Self.maximumScale) else { return nil }
        self.init(canonicalMantissa: digits, scale: UInt8(decimals))
    }

    /// Takes a form that is known to be canonical.
    init(canonicalMantissa: Int128, scale: UInt8) {
        self.mantissa = canonicalMantissa
        self.scale = scale
    }

    /// Whether the value is zero.
    public var isZero: Bool { mantissa == 0 }
    /// Whether the value is below zero.
    public var isNegative: Bool { mantissa < 0 }
    /// Whether the value is above zero.
    public var isPositive: Bool { mantissa > 0 }

    /// The nearest binary floating-point number, for metrics and statistics only.
    public var approximateDouble: Double {
        var divisor = 1.0
        for _ in 0..<scale { divisor *= 10 }
        return Double(mantissa) / divisor
    }
}

extension ScaledDecimal: Comparable {
    /// Compares the values; exact for every pair.
    public static func < (left: ScaledDecimal, right: ScaledDecimal) -> Bool {
        if left.scale == right.scale { return left.mantissa < right.mantissa }
        if (left.mantissa < 0) != (right.mantissa < 0) { return left.mantissa < 0 }
        if left.scale < right.scale {
            return isLess(left.mantissa, shiftedBy: right.scale - left.scale, than: right.mantissa)
        }
        // left < right  <=>  -right < -left; magnitudes of Int128.min never meet a positive shift without overflow.
        let shift = left.scale - right.scale
        guard let power = PowersOfTen.int128(shift) else { return right.mantissa > 0 }
        let (shifted, overflow) = right.mantissa.multipliedReportingOverflow(by: power)
        return overflow ? right.mantissa > 0 : left.mantissa < shifted
    }

    private static func isLess(_ coarse: Int128, shiftedBy shift: UInt8, than fine: Int128) -> Bool {
        guard let power = PowersOfTen.int128(shift) else { return coarse < 0 }
        let (shifted, overflow) = coarse.multipliedReportingOverflow(by: power)
        return overflow ? coarse < 0 : shifted < fine
    }
}

extension ScaledDecimal: CustomStringConvertible {
    /// The canonical text: no exponent, no trailing zeros.
    public var description: String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.maximumTextLength) { buffer in
            guard let base = buffer.baseAddress else { return "" }
            let count = write(to: base)
            return String(decoding: UnsafeBufferPointer(start: base, count: count), as: UTF8.self)
        }
    }
}
