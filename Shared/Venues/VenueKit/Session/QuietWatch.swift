// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle

/// Tells a pause that is usual from one that is not: it learns the longest pause of the last minutes and calls four
/// times that, and never less than a configured minimum, silence.
///
/// A busy stream is so found out within the minimum, and a slow one raises no false alarm for ever.
///
/// - Thread: that of the feed. Allocates: never.
public struct QuietWatch: Sendable {
    private static let patience: Int64 = 4
    private static let learning: Int64 = 300_000_000_000

    private var last: Int64
    private var longest: Int64 = 0
    private var longestBefore: Int64 = 0
    private var learningSince: Int64

    /// A watch that begins now.
    public init(_ now: MonotonicNanos) {
        last = now.value
        learningSince = now.value
    }

    /// When something was last heard.
    public var lastHeard: MonotonicNanos { MonotonicNanos(last) }

    /// Something was heard.
    public mutating func heard(_ now: MonotonicNanos) {
        let pause = now.value &- last
        last = now.value
        if pause > longest { longest = pause }
        if now.value &- learningSince > Self.learning {
            learningSince = now.value
            longestBefore = longest
            longest = 0
        }
    }

    /// Learns from a pause that was called silence and may have been none: half as long again is waited next time.
    public mutating func learn(pauseUntil now: MonotonicNanos) {
        let pause = max(now.value &- last, 0)
        longest = max(longest, pause / 8 &* 3)
    }

    /// Takes over what another watch of the same thing has learned.
    public mutating func learn(from other: QuietWatch) {
        longest = max(longest, other.longest)
        longestBefore = max(longestBefore, other.longestBefore)
    }

    /// Begins to listen anew, without counting the pause until now.
    public mutating func restart(_ now: MonotonicNanos) {
        last = now.value
    }

    /// When it is silent, if nothing is heard until then.
    ///
    /// The minimum is the shortest pause that counts, in milliseconds.
    public func deadline(minimum: Int64) -> MonotonicNanos {
        let learned = max(longest, longestBefore).multipliedReportingOverflow(by: Self.patience)
        let least = minimum.multipliedReportingOverflow(by: 1_000_000)
        let pause = max(
            learned.overflow ? .max : learned.partialValue,
            least.overflow ? .max : least.partialValue
        )
        return lastHeard.advanced(nanoseconds: pause)
    }
}
