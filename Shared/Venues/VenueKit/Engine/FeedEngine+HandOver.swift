// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Observability

// MARK: One connection after the other, without a pause

extension FeedEngine {
    /// The connections in charge, and behind them those that take over.
    var everyConnection: [FeedConnection] {
        handOvers.isEmpty ? connections : connections + handOvers.values.map(\.new)
    }

    /// Hands every open connection over to a new one, as fast as the venue lets them be opened.
    func renewConnections(_ reason: String) {
        guard !isStopping else { return }
        let now = clock.monotonic
        for connection in connections { connection.renew(now, reason) }
    }

    /// Makes a connection's successor, with the streams that it carries; one that is still a successor itself has its own when it
    /// has taken over.
    func beginHandOver(of old: FeedConnection, _ reason: String) {
        let now = clock.monotonic
        if let handOver = old.handOver, handOver.new === old { return old.nextHandOver = reason }
        let streams = old.session.wantedStreams
        guard !isStopping, old.handOver == nil, connections[old.number] === old, !streams.isEmpty else {
            return old.handOverFailed(now)
        }
        let new = FeedConnection(
            old.number,
            ConnectionPlan(endpoint: old.endpoint.name, streams: streams),
            old.endpoint,
            engine: self,
            generation: old.generation + 1
        )
        let handOver = HandOver(old, new, engine: self)
        handOvers[old.number] = handOver
        old.handOver = handOver
        new.handOver = handOver
        note(Incident(.handOverBegun, "\(new.name) will follow \(old.name): \(reason)"), old)
        new.begin(now)
    }

    /// The connection that asked for leave to open by this name.
    func connection(governed name: Int) -> FeedConnection? {
        let number = name / 2
        guard connections.indices.contains(number) else { return nil }
        if connections[number].governed == name { return connections[number] }
        return handOvers[number]?.new
    }

    /// Looks whether connections can be handed over now.
    func tickHandOvers(_ now: MonotonicNanos) {
        for handOver in handOvers.values {
            let isReady = handOver.takeOver(now) && now >= handOver.earliest
            if isReady || now >= handOver.deadline { finish(handOver, now) }
        }
    }

    /// When ``tickHandOvers(_:)`` wants to be called next.
    var handOverDeadline: MonotonicNanos {
        handOvers.values.reduce(MonotonicNanos.never) { next, handOver in
            handOver.deadline == .never ? next : min(next, handOver.deadline, handOver.lookAt)
        }
    }

    /// One of the two connections of a hand-over has changed its state.
    func handOverChanged(_ connection: FeedConnection) {
        guard !isStopping, let handOver = connection.handOver else { return }
        let now = clock.monotonic
        if connection === handOver.old {
            // Its streams are the successor's, and lost where that was not ready.
            if connection.session.state != .open { finish(handOver, now) }
            return
        }
        let isOpen = connection.session.state == .open
        if isOpen, handOver.deadline == .never {
            handOver.deadline = now.advanced(milliseconds: settings.session.handOverMilliseconds)
            // What is still on its way comes by the old one.
            handOver.earliest = now.advanced(milliseconds: settings.session.overlapMilliseconds)
            handOver.lookAt = now
        } else if !isOpen, handOver.deadline != .never {
            connection.nextHandOver = nil
            handOver.newWasLost()
            tape?.ended(connection.name, at: clock.wall)
        }
    }

    /// The successor takes the place of the old connection.
    private func finish(_ handOver: HandOver, _ now: MonotonicNanos) {
        let (old, new) = (handOver.old, handOver.new)
        guard handOvers[old.number] === handOver else { return }
        handOvers[old.number] = nil
        let lost = handOver.moveAll(now)
        new.inherit(from: old, now, isCarried: handOver.isCarried)
        connections[old.number] = new
        new.handOver = nil
        old.retire(now)
        tape?.ended(old.name, at: clock.wall)
        for stream in lost {
            let waited = settings.session.handOverMilliseconds
            let detail = "\(new.name) did not carry it \(waited) ms after it opened"
            announce(Incident(.connectionLost, detail), new, stream)
        }
        metrics.handOvers.add()
        let took = (now - handOver.began) / 1_000_000
        note(Incident(.handOverDone, "\(new.name) follows \(old.name) after \(took) ms"), new)
        if let reason = new.nextHandOver {
            new.nextHandOver = nil
            beginHandOver(of: new, reason)
        }
        somethingChanged()
    }

    /// The successor will never be served: the old connection goes on, and asks again later.
    func abandonHandOver(to new: FeedConnection) {
        guard let handOver = new.handOver, handOver.new === new else { return }
        let now = clock.monotonic
        handOvers[new.number] = nil
        handOver.old.handOver = nil
        new.retire(now)
        tape?.ended(new.name, at: clock.wall)
        handOver.old.handOverFailed(now)
    }

    /// Both connections of every hand-over stand for themselves.
    func forgetHandOvers() {
        for handOver in handOvers.values {
            handOver.old.handOver = nil
            handOver.new.handOver = nil
        }
        handOvers.removeAll()
    }
}
