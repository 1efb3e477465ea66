// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// A point of the wall clock.
///
/// It can't be mixed with ``MonotonicNanos``.
///
/// - Unit: nanoseconds since the Unix epoch, UTC; may jump when the machine's clock is set.
public struct WallNanos: Hashable, Comparable, Sendable {
    /// The nanoseconds since the Unix epoch.
    public let value: Int64

    /// Makes a point from nanoseconds since the Unix epoch.
    public init(_ value: Int64) {
        self.value = value
    }

    /// Makes a point from microseconds since the Unix epoch; clamped to what fits.
    public init(microseconds: Int64) {
        let (product, overflow) = microseconds.multipliedReportingOverflow(by: 1000)
        value = overflow ? (microseconds < 0 ? .min : .max) : product
    }

    /// Microseconds since the Unix epoch, rounded down: the unit of the wire.
    public var microseconds: Int64 {
        let quotient = value / 1000
        return value % 1000 < 0 ? quotient - 1 : quotient
    }

    /// Now.
    public static var now: WallNanos { WallNanos(md_wall_nanos()) }

    /// Whether the left point is earlier.
    public static func < (left: WallNanos, right: WallNanos) -> Bool { left.value < right.value }

    /// Nanoseconds from right to left; negative when right is later, clamped to what fits.
    public static func - (left: WallNanos, right: WallNanos) -> Int64 {
        let (difference, overflow) = left.value.subtractingReportingOverflow(right.value)
        return overflow ? (left.value < right.value ? .min : .max) : difference
    }
}

/// A point of a clock that never jumps, for deadlines and durations.
///
/// - Unit: nanoseconds since an arbitrary start that is the same for the whole machine.
public struct MonotonicNanos: Hashable, Comparable, Sendable {
    /// The nanoseconds since the arbitrary start.
    public let value: Int64

    /// A deadline that never comes.
    public static let never = MonotonicNanos(.max)

    /// Makes a point from a value of the same clock.
    public init(_ value: Int64) {
        self.value = value
    }

    /// Now.
    public static var now: MonotonicNanos { MonotonicNanos(md_monotonic_nanos()) }

    /// Whether the left point is earlier.
    public static func < (left: MonotonicNanos, right: MonotonicNanos) -> Bool { left.value < right.value }

    /// Nanoseconds from right to left, clamped to what fits.
    public static func - (left: MonotonicNanos, right: MonotonicNanos) -> Int64 {
        let (difference, overflow) = left.value.subtractingReportingOverflow(right.value)
        return overflow ? (left.value < right.value ? .min : .max) : difference
    }

    /// The point this many nanoseconds later, clamped to what fits.
    public func advanced(nanoseconds: Int64) -> MonotonicNanos {
        let (sum, overflow) = value.addingReportingOverflow(nanoseconds)
        return MonotonicNanos(overflow ? (nanoseconds < 0 ? .min : .max) : sum)
    }

    /// The point this many milliseconds later, clamped to what fits.
    public func advanced(milliseconds: Int64) -> MonotonicNanos {
        let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return advanced(nanoseconds: overflow ? (milliseconds < 0 ? .min : .max) : product)
    }

    /// Whole milliseconds from now on the given clock until this point, rounded up, 0 when it is past; what `poll`
    /// wants.
    public func millisecondsLeft(since now: MonotonicNanos = .now) -> Int32 {
        let left = self - now
        guard left > 0 else { return 0 }
        return Int32(clamping: left / 1_000_000 + (left % 1_000_000 > 0 ? 1 : 0))
    }
}

/// Where time comes from: the machine in a service, a hand-moved clock in a test.
public protocol TimeSource: Sendable {
    /// The wall clock now.
    var wall: WallNanos { get }
    /// The monotonic clock now.
    var monotonic: MonotonicNanos { get }
}

/// The machine's clocks.
public struct SystemClock: TimeSource {
    /// Makes the machine's clocks.
    public init() {}

    /// The wall clock now.
    public var wall: WallNanos { .now }

    /// The monotonic clock now.
    public var monotonic: MonotonicNanos { .now }
}
