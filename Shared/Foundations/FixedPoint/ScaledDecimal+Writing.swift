// Part of MarketBus. Apache License 2.0, see LICENSE.

extension ScaledDecimal {
    /// The most bytes that ``write(to:)`` writes: sign, 39 digits, point, leading zero.
    public static let maximumTextLength = 44

    /// Writes the canonical text and gives its length.
    ///
    /// - Parameter target: room for ``maximumTextLength`` bytes.
    /// - Returns: how many bytes were written. Allocates: never.
    public func write(to target: UnsafeMutablePointer<UInt8>) -> Int {
        var cursor = target
        if mantissa < 0 {
            cursor.pointee = UInt8(ascii: "-")
            cursor += 1
        }
        let magnitude = mantissa.magnitude
        if magnitude <= UInt128(UInt64.max) {
            let value = UInt64(truncatingIfNeeded: magnitude)
            cursor += Digits.writeFixed(value, decimals: Int(scale), to: cursor)
        } else {
            cursor += Digits.writeWide(magnitude, decimals: Int(scale), to: cursor)
        }
        return cursor - target
    }
}

/// Integers to decimal digits.
public enum Digits {
    /// The most bytes that ``write(_:to:)`` writes.
    public static let maximumLength = 20

    /// Writes an unsigned integer and gives the number of its digits.
    ///
    /// - Allocates: never.
    public static func write(_ value: UInt64, to target: UnsafeMutablePointer<UInt8>) -> Int {
        let count = length(of: value)
        fill(value, count, target)
        return count
    }

    /// Writes a signed integer and gives its length.
    public static func write(_ value: Int64, to target: UnsafeMutablePointer<UInt8>) -> Int {
        guard value < 0 else { return write(UInt64(value), to: target) }
        target.pointee = UInt8(ascii: "-")
        return 1 + write(value.magnitude, to: target + 1)
    }

    /// How many digits an integer has.
    public static func length(of value: UInt64) -> Int {
        // log10 from log2 (1233 / 4096 is just above log10 of 2), mended by one comparison.
        let bits = 64 &- (value | 1).leadingZeroBitCount
        let guess = (bits &* 1233) &>> 12
        return guess &+ (value >= PowersOfTen.uint64(UInt8(truncatingIfNeeded: guess)) ? 1 : 0)
            &+ (value == 0 ? 1 : 0)
    }

    /// Writes `value` × 10^-`decimals` and gives the length.
    static func writeFixed(_ value: UInt64, decimals: Int, to target: UnsafeMutablePointer<UInt8>) -> Int {
        let count = length(of: value)
        if decimals == 0 {
            fill(value, count, target)
            return count
        }
        if count > decimals {
            // All digits one place to the right, then the whole part moved back over the place of the point.
            let whole = count &- decimals
            fill(value, count, target + 1)
            for index in 0..<whole { target[index] = target[index &+ 1] }
            target[whole] = UInt8(ascii: ".")
            return count &+ 1
        }
        target[0] = UInt8(ascii: "0")
        target[1] = UInt8(ascii: ".")
        let zeros = decimals &- count
        for index in 0..<zeros { target[2 &+ index] = UInt8(ascii: "0") }
        fill(value, count, target + 2 + zeros)
        return 2 &+ decimals
    }

    /// The same for magnitudes beyond 64 bits; rare, so digit by digit.
    static func writeWide(_ value: UInt128, decimals: Int, to target: UnsafeMutablePointer<UInt8>) -> Int {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { digits in
            var rest = value
            var count = 0
            while rest > 0 || count <= decimals {
                digits[count] = UInt8(truncatingIfNeeded: rest % 10) + 48
                rest /= 10
                count += 1
            }
            var written = 0
            for index in stride(from: count - 1, through: 0, by: -1) {
                target[written] = digits[index]
                written += 1
                if index == decimals, decimals > 0 {
                    target[written] = UInt8(ascii: ".")
                    written += 1
                }
            }
            return written
        }
    }

    private static func fill(_ value: UInt64, _ count: Int, _ target: UnsafeMutablePointer<UInt8>) {
        var rest = value
        var end = count
        while rest >= 100 {
            let quotient = rest / 100
            let pair = rest &- quotient &* 100
            rest = quotient
            end &-= 2
            writePair(UInt32(truncatingIfNeeded: pair), target + end)
        }
        if rest >= 10 {
            writePair(UInt32(truncatingIfNeeded: rest), target)
        } else {
            target[0] = UInt8(truncatingIfNeeded: rest) &+ 48
        }
    }

    private static func writePair(_ pair: UInt32, _ target: UnsafeMutablePointer<UInt8>) {
        let tens = (pair &* 103) &>> 10
        target[0] = UInt8(truncatingIfNeeded: tens) &+ 48
        target[1] = UInt8(truncatingIfNeeded: pair &- tens &* 10) &+ 48
    }
}
