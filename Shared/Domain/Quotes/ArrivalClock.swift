// Part of MarketBus. Apache License 2.0, see LICENSE.

/// How old a stream's last word may be before it is doubted.
public struct ArrivalBounds: Hashable, Sendable {
    /// No stream is doubted sooner.
    ///
    /// - Unit: microseconds.
    public var least: Int64
    /// Every stream is doubted then, and one whose habits are not known yet.
    ///
    /// - Unit: microseconds.
    public var most: Int64
    /// How many gaps must have been seen before the habits count.
    public var samples: UInt32

    /// Makes bounds.
    public init(least: Int64 = 2_000_000, most: Int64 = 30_000_000, samples: UInt32 = 1000) {
        self.least = least
        self.most = most
        self.samples = samples
    }
}

/// Learns the times between a stream's records, and says how long a silence is still usual: the 99.9th percentile.
///
/// Gaps are counted in buckets four to an octave, from 1 ms to some 19 hours, so a percentile is at most a quarter too
/// large. The percentile is worked out anew every 256 gaps; at 16,384 all counts are halved, so that habits may change.
///
/// - Thread: its owner's. Allocates: once, with the first gap.
public struct ArrivalClock: Sendable {
    private static let firstOctave = 10
    private static let octaves = 26
    private static let period: UInt32 = 256
    private static let fade: UInt32 = 16_384

    private var counts: ContiguousArray<UInt16> = []
    private var total: UInt32 = 0
    private var untilNext: UInt32 = Self.period
    /// The percentile; nil until enough gaps were seen.
    public private(set) var usual: Int64?

    /// A clock that has seen nothing.
    public init() {}

    /// Notes the time between two records.
    ///
    /// - Unit: microseconds.
    public mutating func note(gap: Int64, _ bounds: ArrivalBounds) {
        if counts.isEmpty { counts = ContiguousArray(repeating: 0, count: Self.octaves * 4 + 1) }
        let place = Self.bucket(of: gap)
        if counts[place] < .max { counts[place] += 1 }
        total += 1
        untilNext -= 1
        guard untilNext == 0 else { return }
        untilNext = Self.period
        if total >= max(bounds.samples, 1) { usual = percentile() }
        if total >= Self.fade { halve() }
    }

    /// How old the last record may be.
    ///
    /// - Unit: microseconds.
    public func allowed(_ bounds: ArrivalBounds) -> Int64 {
        guard let usual else { return bounds.most }
        return min(max(usual, bounds.least), bounds.most)
    }

    private func percentile() -> Int64 {
        // The smallest bucket below whose end lie at least 999 of 1000.
        let rank = (UInt64(total) * 999 + 999) / 1000
        var sum: UInt64 = 0
        for place in counts.indices {
            sum += UInt64(counts[place])
            if sum >= rank { return Self.end(of: place) }
        }
        return Self.end(of: counts.count - 1)
    }

    private mutating func halve() {
        total = 0
        for place in counts.indices {
            counts[place] /= 2
            total += UInt32(counts[place])
        }
    }

    /// Bucket 0 holds all below 1,024 µs; then four to an octave.
    private static func bucket(of gap: Int64) -> Int {
        guard gap >= 1 << firstOctave else { return 0 }
        let octave = 63 - gap.leadingZeroBitCount
        let quarter = Int(gap >> Int64(octave - 2)) & 3
        return min((octave - firstOctave) * 4 + quarter + 1, octaves * 4)
    }

    /// The first gap beyond a bucket.
    private static func end(of place: Int) -> Int64 {
        guard place > 0 else { return 1 << Int64(firstOctave) }
        let octave = (place - 1) / 4 + firstOctave
        return (1 << Int64(octave)) + (Int64((place - 1) % 4) + 1) << Int64(octave - 2)
    }
}
