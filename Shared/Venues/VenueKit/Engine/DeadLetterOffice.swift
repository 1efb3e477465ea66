// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Wire

/// Lets so many dead letters a minute through, and counts the rest.
struct DeadLetterOffice {
    /// How many are published a minute.
    static let perMinute = 60
    private static let minute: Int64 = 60_000_000_000

    private var began = MonotonicNanos(.min)
    private var published = 0
    private var dropped: UInt64 = 0

    /// Whether the next one is published.
    mutating func admits(_ now: MonotonicNanos) -> Bool {
        if began.value == .min || now - began >= Self.minute {
            began = now
            published = 0
        }
        guard published < Self.perMinute else {
            dropped += 1
            return false
        }
        published += 1
        return true
    }

    /// How many were dropped since the last question.
    mutating func takeDropped() -> UInt64 {
        defer { dropped = 0 }
        return dropped
    }
}
