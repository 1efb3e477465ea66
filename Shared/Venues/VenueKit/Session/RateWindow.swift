// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle

/// At most so many happenings in any window of a venue's length, as the venue sees them.
///
/// A venue counts what arrives. A journey may take longer than the next one, and what left a whole window apart arrives
/// closer together; so the window is longer than the venue's by ``journeySlackMilliseconds``.
///
/// - Allocates: when made.
public struct RateWindow: Sendable {
    /// By how much the journeys of two happenings may differ before a venue counts one more than it allows.
    public static let journeySlackMilliseconds: Int64 = 250

    private let window: Int64
    private var times: [MonotonicNanos]
    private var oldest = 0

    /// Makes a window of a venue's limit.
    public init(_ limit: RateLimit) {
        window = Int64(max(limit.windowMilliseconds, 0)) + Self.journeySlackMilliseconds
        times = Array(repeating: MonotonicNanos(.min), count: max(limit.count, 1))
    }

    /// When the next happening is allowed; a point not after `now` means at once.
    public func nextAllowed(_ now: MonotonicNanos) -> MonotonicNanos {
        let first = times[oldest]
        guard first.value != .min else { return now }
        return max(first.advanced(milliseconds: window), now)
    }

    /// Counts one happening.
    public mutating func count(_ now: MonotonicNanos) {
        times[oldest] = now
        oldest = (oldest + 1) % times.count
    }

    /// Forgets all happenings.
    public mutating func clear() {
        for index in times.indices { times[index] = MonotonicNanos(.min) }
    }
}

/// Lets the connections of one venue be opened no faster than the venue allows, in the order in which they asked.
public struct ConnectionGovernor: Sendable {
    private var window: RateWindow
    private var blockedUntil = MonotonicNanos(.min)
    private var queue: [Int] = []

    /// Makes a governor of a venue's limit.
    public init(_ limit: RateLimit) {
        window = RateWindow(limit)
    }

    /// Asks for a connection; a second question of the same connection changes nothing.
    public mutating func request(_ connection: Int) {
        if !queue.contains(connection) { queue.append(connection) }
    }

    /// Takes a question back.
    public mutating func withdraw(_ connection: Int) {
        queue.removeAll { $0 == connection }
    }

    /// The venue refused a connection because there were too many: none is opened for this time.
    public mutating func block(_ now: MonotonicNanos, milliseconds: Int64) {
        blockedUntil = max(blockedUntil, now.advanced(milliseconds: milliseconds))
    }

    /// The next connection that may be opened now; it counts.
    public mutating func next(_ now: MonotonicNanos) -> Int? {
        guard let first = queue.first, nextAllowed(now) <= now else { return nil }
        queue.removeFirst()
        window.count(now)
        return first
    }

    /// When ``next(_:)`` is worth a question; never, while nobody waits.
    public func deadline(_ now: MonotonicNanos) -> MonotonicNanos {
        queue.isEmpty ? .never : nextAllowed(now)
    }

    private func nextAllowed(_ now: MonotonicNanos) -> MonotonicNanos {
        max(window.nextAllowed(now), blockedUntil)
    }
}
