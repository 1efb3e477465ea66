// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A small generator of repeatable noise (SplitMix64): the same seed gives the same waits.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Makes a generator from a seed.
    public init(seed: UInt64) {
        state = seed
    }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed &>> 31)
    }
}

/// How long to wait before the next try: doubles from a minimum to a maximum, with jitter.
///
/// The wait lies between half of the step and all of it, so that many clients of one venue spread out.
public struct Backoff: Sendable {
    /// The first step.
    ///
    /// - Unit: milliseconds.
    public let minimum: Int64
    /// The largest step.
    ///
    /// - Unit: milliseconds.
    public let maximum: Int64
    /// The tries since the last success.
    public private(set) var failures = 0

    /// Makes a backoff; a maximum below the minimum counts as the minimum.
    ///
    /// - Parameters:
    ///   - minimum: the first step. Unit: milliseconds.
    ///   - maximum: the largest step. Unit: milliseconds.
    public init(minimum: Int64, maximum: Int64) {
        self.minimum = max(minimum, 1)
        self.maximum = max(maximum, self.minimum)
    }

    /// The wait before the next try.
    ///
    /// - Unit: milliseconds.
    public mutating func next(using generator: inout some RandomNumberGenerator) -> Int64 {
        var step = minimum
        for _ in 0..<min(failures, 40) where step < maximum { step = min(step &* 2, maximum) }
        failures += 1
        return Int64.random(in: (step / 2)...step, using: &generator)
    }

    /// Begins again with the minimum.
    public mutating func succeeded() {
        failures = 0
    }
}
