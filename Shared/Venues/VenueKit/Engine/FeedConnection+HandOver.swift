// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models

// MARK: Hand-overs

extension FeedConnection {
    /// Its name for the venue's limit of connections: another one than that of the connection before it.
    var governed: Int { number &* 2 &+ generation & 1 }

    /// Asks for a successor.
    func renew(_ now: MonotonicNanos, _ reason: String) {
        drive { $0.handOver(now, reason, &$1) }
    }

    /// No successor could be made.
    func handOverFailed(_ now: MonotonicNanos) {
        drive { session, _ in session.handOverFailed(now) }
    }

    /// Stands in the place of another connection from now on.
    func inherit(from old: FeedConnection, _ now: MonotonicNanos, isCarried: (VenueStream) -> Bool) {
        drive { session, _ in session.inherit(from: old.session, now, isCarried: isCarried) }
        openedBefore = old.openedBefore &+ old.session.connections
        frames &+= old.frames
        bytes &+= old.bytes
        ignored &+= old.ignored
        strays &+= old.strays
    }

    /// Ends without a word about its streams.
    func retire(_ now: MonotonicNanos) {
        handOver = nil
        engine.governor.withdraw(governed)
        drive { $0.retire(now, &$1) }
    }

    /// Whether its events of a stream are the ones that are published.
    func isOwner(of stream: VenueStream) -> Bool {
        handOver.map { $0.owner(of: stream) === self } ?? true
    }

    func isOwner(ofBook instrument: InstrumentID) -> Bool {
        guard let handOver else { return true }
        let owner = handOver.gate.bridge(HandOver.Key(instrument: instrument, channel: .book)).owner
        return owner == handOver.side(of: self)
    }
}
