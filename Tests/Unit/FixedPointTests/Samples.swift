// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Testing

/// Random numbers that are the same at every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Decimals as texts: of all lengths, with many zeros and nines, and near the limits.
struct DecimalSamples {
    var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func text(digits: ClosedRange<Int> = 1...39, fractionUpTo: Int = 40) -> String {
        if Int.random(in: 0..<40, using: &generator) == 0 {
            return Self.corners.randomElement(using: &generator) ?? "0"
        }
        let count = Int.random(in: digits, using: &generator)
        let fraction =
            Bool.random(using: &generator)
            ? Int.random(in: 0...min(count, fractionUpTo), using: &generator) : 0
        let flavour = Int.random(in: 0..<4, using: &generator)
        let all = (0..<count).map { _ in digit(flavour) }.joined()
        let whole = all.dropLast(fraction)
        let sign = Bool.random(using: &generator) ? "-" : ""
        return sign + (whole.isEmpty ? "0" : whole) + (fraction > 0 ? "." + all.suffix(fraction) : "")
    }

    private mutating func digit(_ flavour: Int) -> String {
        switch flavour {
        case 0: Int.random(in: 0..<3, using: &generator) == 0 ? "9" : "0"
        case 1: Int.random(in: 0..<9, using: &generator) == 0 ? "1" : "0"
        case 2: Int.random(in: 0..<9, using: &generator) == 0 ? "8" : "9"
        default: String(Int.random(in: 0...9, using: &generator))
        }
    }

    /// A decimal that can be held.
    mutating func value() throws -> (text: String, value: ScaledDecimal) {
        while true {
            let text = text(digits: 1...38, fractionUpTo: 38)
            if BigDecimal(text).fits { return (text, try ScaledDecimal(text)) }
        }
    }

    static let corners = [
        "0", "-0", "0.0", "1", "-1", "0.1", "10", "9.99", "18446744073709551615", "18446744073709551616",
        "999999999999999999", "1000000000000000000", "9223372036854775807", "9223372036854775808",
        "170141183460469231731687303715884105727", "-170141183460469231731687303715884105727",
        "1.70141183460469231731687303715884105727", "0.00000000000000000000000000000000000001",
        "0.99999999999999999999999999999999999999", "99999999999999999999999999999999999999",
        "100000000000000000000000000000000000000", "0.5", "-0.5", "2.5", "0.000000454",
    ]
}

/// An expectation for loops of a hundred thousand turns: the note is made only when it fails.
func expect(_ condition: Bool, _ note: @autoclosure () -> Comment) {
    if !condition { Issue.record(note()) }
}
