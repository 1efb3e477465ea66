// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Wire

// MARK: One connection after the other, without a pause

extension Session {
    /// Asks for a successor, once: the session goes on as before until it is retired.
    ///
    /// Does nothing where the connection is not open: its next one is new anyway.
    public mutating func handOver(
        _ now: MonotonicNanos,
        _ reason: String,
        _ actions: inout [SessionAction]
    ) {
        guard state == .open, !isHandingOver else { return }
        isHandingOver = true
        rotation = .never
        actions.append(.handOver(reason))
        rearm(now)
    }

    /// No successor could be made: it is asked for again after a pause.
    public mutating func handOverFailed(_ now: MonotonicNanos) {
        guard state == .open, isHandingOver else { return }
        isHandingOver = false
        rotation = now.advanced(milliseconds: settings.handOverRetryMilliseconds)
        rearm(now)
    }

    /// The streams that a successor has to carry.
    public var wantedStreams: [VenueStream] {
        entries.filter { $0.state != .ended }.map(\.stream)
    }

    /// The successor has taken over: the socket is closed, and nothing is invalidated.
    public mutating func retire(_ now: MonotonicNanos, _ actions: inout [SessionAction]) {
        guard !isFinished else { return }
        isFinished = true
        if state == .open || state == .connecting {
            actions.append(.close(code: 1000, reason: "handed over"))
        }
        enter(.stopped, now, until: .never)
        actions.append(.finished)
    }

    /// Takes over what an earlier session of the same streams knows about them: how slow they are, and which of them
    /// are alive, of those that are acknowledged here and were carried over without a loss.
    public mutating func inherit(
        from other: Session,
        _ now: MonotonicNanos,
        isCarried: (VenueStream) -> Bool
    ) {
        for place in entries.indices {
            guard let before = other.places[entries[place].stream] else { continue }
            entries[place].quiet.learn(from: other.entries[before].quiet)
            guard entries[place].state == .confirmed, other.entries[before].state == .live,
                isCarried(entries[place].stream)
            else { continue }
            entries[place].state = .live
            entries[place].deadline = .never
            entries[place].tries = 0
            entries[place].quiet.restart(now)
            hasData = true
        }
        quiet.learn(from: other.quiet)
        if state == .open { rearm(now) }
    }
}
