// Part of MarketBus. Apache License 2.0, see LICENSE.

/// When each feed was last heard of, and which are not believed: those that are silent for too long or say that they stop.
///
/// A feed that was never heard of is believed: perhaps nobody can hear it. There is no clock in here.
struct FeedPulses: Sendable {
    private struct Pulse {
        var heard: Int64
        var hasStopped: Bool
    }

    /// A feed that has said nothing for longer is not believed, in microseconds; 0: nobody listens.
    let limit: Int64
    private var pulses: [UInt32: Pulse] = [:]

    init(limit: Int64) { self.limit = limit }

    /// Notes that a feed was alive; what is not newer than what is known changes nothing.
    mutating func heard(_ feed: UInt32, at time: Int64) {
        if let known = pulses[feed], known.heard >= time { return }
        pulses[feed] = Pulse(heard: time, hasStopped: false)
    }

    /// Notes that a feed said its last word; it is back with one that is newer.
    mutating func stopped(_ feed: UInt32, at time: Int64) {
        pulses[feed] = Pulse(heard: max(pulses[feed]?.heard ?? .min, time), hasStopped: true)
    }

    /// When a feed was last heard of.
    func lastHeard(_ feed: UInt32) -> Int64? { pulses[feed]?.heard }

    /// Whether a feed that was heard of before is not believed.
    func isLate(_ feed: UInt32, _ now: Int64) -> Bool {
        guard limit > 0, let pulse = pulses[feed] else { return false }
        return isLate(pulse, now)
    }

    /// All feeds that are not believed.
    func late(_ now: Int64) -> [UInt32] {
        guard limit > 0 else { return [] }
        return pulses.compactMap { isLate($0.value, now) ? $0.key : nil }
    }

    private func isLate(_ pulse: Pulse, _ now: Int64) -> Bool {
        if pulse.hasStopped { return true }
        let (end, overflow) = pulse.heard.addingReportingOverflow(limit)
        return !overflow && end < now
    }
}
