// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Why a text is not a decimal that can be held exactly.
public enum DecimalError: Error, Hashable, Sendable {
    /// There is no text.
    case empty
    /// The text is not a decimal number ("NaN", "1.2.3", "0.-10000", "+5", "5.").
    case notANumber
    /// More digits than 128 bits hold, or an exponent beyond all use ("1e400").
    case outOfRange
    /// The result of a calculation does not fit.
    case overflow
    /// A division by zero.
    case divisionByZero
}

extension ScaledDecimal {
    /// Reads a decimal: optional `-`, digits, optional fraction, optional exponent.
    ///
    /// No spaces, no `+`, no infinity.
    ///
    /// - Parameters:
    ///   - start: the first byte.
    ///   - count: how many bytes belong to the number; none beyond is read.
    /// - Throws: ``DecimalError``. Allocates: never.
    public init(ascii start: UnsafePointer<UInt8>, count: Int) throws(DecimalError) {
        var index = 0
        let isNegative = count > 0 && start[0] == UInt8(ascii: "-")
        if isNegative { index = 1 }
        guard count > index else { throw count == 0 ? .empty : .notANumber }
        // Eighteen digits and a point always fit in 64 bits; nearly every number of a market does.
        if count - index <= 19, let fast = Self.short(start, index, count) {
            let mantissa = Int128(isNegative ? -fast.digits : fast.digits)
            self.init(canonicalMantissa: mantissa, scale: fast.scale)
            return
        }
        self = try Self.long(start, index, count, isNegative)
    }

    /// Reads a decimal from a text.
    ///
    /// - Throws: ``DecimalError``.
    public init(_ text: String) throws(DecimalError) {
        var copy = text
        let result: Result<ScaledDecimal, DecimalError> = copy.withUTF8 { bytes in
            guard let base = bytes.baseAddress else { return .failure(.empty) }
            do throws(DecimalError) {
                return .success(try ScaledDecimal(ascii: base, count: bytes.count))
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    /// At most 18 digits with at most one point; nil for everything else, which `long` then judges.
    ///
    /// Zeros at the end of a fraction are held back until a digit follows, so the result is canonical at once.
    private static func short(
        _ start: UnsafePointer<UInt8>,
        _ from: Int,
        _ count: Int
    ) -> (digits: Int64, scale: UInt8)? {
        var value: UInt64 = 0
        var index = from
        while index < count {
            let digit = start[index] &- 48
            guard digit <= 9 else { break }
            value = value &* 10 &+ UInt64(digit)
            index &+= 1
        }
        guard index > from, index &- from <= 18 else { return nil }
        if index == count { return (Int64(truncatingIfNeeded: value), 0) }
        guard start[index] == UInt8(ascii: "."), index &+ 1 < count else { return nil }
        index &+= 1
        let firstDecimal = index
        var last = count
        while last > firstDecimal, start[last &- 1] == UInt8(ascii: "0") { last &-= 1 }
        while index < last {
            let digit = start[index] &- 48
            guard digit <= 9 else { return nil }
            value = value &* 10 &+ UInt64(digit)
            index &+= 1
        }
        return (Int64(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: last &- firstDecimal))
    }

    /// The general grammar, digit by digit, with every overflow noticed.
    private static func long(
        _ start: UnsafePointer<UInt8>,
        _ from: Int,
        _ count: Int,
        _ isNegative: Bool
    ) throws(DecimalError) -> ScaledDecimal {
        var reader = DigitReader(start: start, index: from, count: count)
        let (magnitude, scale) = try reader.read()
        guard magnitude != 0 else { return .zero }
        guard let mantissa = Int128(magnitude: magnitude, isNegative: isNegative) else { throw .outOfRange }
        return ScaledDecimal(canonicalMantissa: mantissa, scale: scale)
    }
}

/// Reads a number of any length; the state is what has been read so far.
private struct DigitReader {
    let start: UnsafePointer<UInt8>
    var index: Int
    let count: Int
    private var magnitude: UInt128 = 0
    /// Zeros read but not yet taken into the magnitude: they may be the number's tail.
    private var heldZeros = 0
    /// How many of them stand behind the point.
    private var heldDecimals = 0
    /// Decimals that the magnitude holds; negative once an exponent moves the point right.
    private var decimals = 0

    init(start: UnsafePointer<UInt8>, index: Int, count: Int) {
        self.start = start
        self.index = index
        self.count = count
    }

    mutating func read() throws(DecimalError) -> (magnitude: UInt128, scale: UInt8) {
        guard try digits(areDecimals: false) > 0 else { throw .notANumber }
        if index < count, start[index] == UInt8(ascii: ".") {
            index += 1
            guard try digits(areDecimals: true) > 0 else { throw .notANumber }
        }
        try exponent()
        guard index == count else { throw .notANumber }
        return try finish()
    }

    private mutating func digits(areDecimals: Bool) throws(DecimalError) -> Int {
        let first = index
        while index < count {
            let digit = start[index] &- 48
            guard digit <= 9 else { break }
            if digit == 0 {
                hold(areDecimals)
            } else {
                try append(digit, areDecimals: areDecimals)
            }
            index += 1
        }
        return index - first
    }

    private mutating func hold(_ isDecimal: Bool) {
        if magnitude == 0 {
            decimals += isDecimal ? 1 : 0
        } else {
            heldZeros += 1
            heldDecimals += isDecimal ? 1 : 0
        }
    }

    private mutating func append(_ digit: UInt8, areDecimals: Bool) throws(DecimalError) {
        try takeHeldZeros()
        try multiply(by: 10)
        let (sum, overflow) = magnitude.addingReportingOverflow(UInt128(digit))
        guard !overflow else { throw .outOfRange }
        magnitude = sum
        if areDecimals { decimals += 1 }
    }

    private mutating func takeHeldZeros() throws(DecimalError) {
        decimals += heldDecimals
        heldDecimals = 0
        while heldZeros > 0 {
            try multiply(by: 10)
            heldZeros -= 1
        }
    }

    private mutating func multiply(by factor: UInt128) throws(DecimalError) {
        let (product, overflow) = magnitude.multipliedReportingOverflow(by: factor)
        guard !overflow else { throw .outOfRange }
        magnitude = product
    }

    private mutating func exponent() throws(DecimalError) {
        guard index < count, start[index] | 0x20 == UInt8(ascii: "e") else { return }
        index += 1
        var isNegative = false
        if index < count, start[index] == UInt8(ascii: "-") || start[index] == UInt8(ascii: "+") {
            isNegative = start[index] == UInt8(ascii: "-")
            index += 1
        }
        let first = index
        var value = 0
        while index < count, start[index] &- 48 <= 9 {
            value = min(value * 10 + Int(start[index] &- 48), 100_000)
            index += 1
        }
        guard index > first else { throw .notANumber }
        decimals += isNegative ? value : -value
    }

    private mutating func finish() throws(DecimalError) -> (magnitude: UInt128, scale: UInt8) {
        guard magnitude != 0 else { return (0, 0) }
        // Zeros still held are the number's tail: those before the point move it, the others carry no value.
        decimals -= heldZeros - heldDecimals
        while decimals > 0, magnitude % 10 == 0 {
            magnitude /= 10
            decimals -= 1
        }
        if decimals < -38 { throw .outOfRange }
        while decimals < 0 {
            try multiply(by: 10)
            decimals += 1
        }
        guard decimals <= Int(ScaledDecimal.maximumScale) else { throw .outOfRange }
        return (magnitude, UInt8(decimals))
    }
}
