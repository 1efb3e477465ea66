// Part of MarketBus. Apache License 2.0, see LICENSE.

extension ScaledDecimal {
    /// The room that ``write(to:)`` needs: sign, 39 digits, point, leading zero, and the tail that whole words may
    /// overwrite.
    public static let maximumTextLength = 56

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
    /// The room that ``write(_:to:)`` needs: sign, twenty digits, and the tail that whole words may overwrite.
    public static let maximumLength = 32

    /// Writes an unsigned integer and gives the number of its digits.
    ///
    /// - Allocates: never.
    public static func write(_ value: UInt64, to target: UnsafeMutablePointer<UInt8>) -> Int {
        let count = length(of: value)
        fill(value, count, target)
        return count
    }

    /// Writes a signed integer and gives its length.
    ///
    /// Sixteen digits go straight through: that is what today's microseconds have.
    @inline(__always)
    public static func write(_ value: Int64, to target: UnsafeMutablePointer<UInt8>) -> Int {
        if value >= 1_000_000_000_000_000, value < 10_000_000_000_000_000 {
            let upper = UInt64(bitPattern: value) / 100_000_000
            let raw = UnsafeMutableRawPointer(target)
            raw.storeBytes(of: eight(upper), as: UInt64.self)
            raw.storeBytes(
                of: eight(UInt64(bitPattern: value) &- upper &* 100_000_000),
                toByteOffset: 8,
                as: UInt64.self
            )
            return 16
        }
        return writeAny(value, to: target)
    }

    @inline(never)
    private static func writeAny(_ value: Int64, to target: UnsafeMutablePointer<UInt8>) -> Int {
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
            // The decimals move one place to the right to make room for the point.
            let whole = count &- decimals
            fill(value, count, target)
            let raw = UnsafeMutableRawPointer(target + whole)
            if decimals <= 8 {
                raw.storeBytes(of: raw.loadUnaligned(as: UInt64.self), toByteOffset: 1, as: UInt64.self)
            } else {
                (raw + 1).copyMemory(from: raw, byteCount: decimals)
            }
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

    /// Writes exactly `count` digits; up to seven bytes behind them are overwritten too.
    private static func fill(_ value: UInt64, _ count: Int, _ target: UnsafeMutablePointer<UInt8>) {
        let raw = UnsafeMutableRawPointer(target)
        if count <= 8 {
            let skipped = UInt64(truncatingIfNeeded: (8 &- count) &* 8)
            raw.storeBytes(of: eight(value) &>> skipped, as: UInt64.self)
            return
        }
        let upper = value / 100_000_000
        let lower = value &- upper &* 100_000_000
        fill(upper, count &- 8, target)
        raw.storeBytes(of: eight(lower), toByteOffset: count &- 8, as: UInt64.self)
    }

    /// Eight decimal digits, the first in the lowest byte: halves, quarters and eighths are split side by side in one
    /// register, each division being a multiplication by a rounded-up reciprocal that is exact in its range.
    @inline(__always)
    private static func eight(_ value: UInt64) -> UInt64 {
        let high = value / 10_000
        let halves = high | (value &- high &* 10_000) &<< 32
        let hundreds = (halves &* 10_486) &>> 20 & 0x0000_007F_0000_007F
        let quarters = hundreds | (halves &- hundreds &* 100) &<< 16
        let tens = (quarters &* 103) &>> 10 & 0x000F_000F_000F_000F
        return (tens | (quarters &- tens &* 10) &<< 8) | 0x3030_3030_3030_3030
    }
}
