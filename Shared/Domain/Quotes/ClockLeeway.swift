// Part of MarketBus. Apache License 2.0, see LICENSE.

/// How far ahead of this machine's clock a feed's may be before its records are refused.
///
/// A record from later than now has no age that could be judged, and an epoch, which is a time, from far ahead would lock
/// its leg against all that follow. A feed whose clock is late needs no rule: its records are too old to count.
public enum ClockLeeway {
    /// Five minutes, in microseconds.
    static let microseconds: Int64 = 300_000_000

    /// Whether a record's times, in microseconds since the Unix epoch, can't be believed.
    public static func isAhead(_ epoch: Int64, _ received: Int64, _ now: Int64) -> Bool {
        let (limit, overflow) = now.addingReportingOverflow(microseconds)
        return !overflow && max(epoch, received) > limit
    }
}
