// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import OrderBooks
import Wire

/// A connection and its successor, while both are there.
///
/// - Thread: that of the feed. Allocates: while it lasts, for every frame.
final class HandOver {
    typealias Key = HandOverGate.Key

    let old: FeedConnection
    let new: FeedConnection
    /// When it began.
    let began: MonotonicNanos
    /// When the successor takes over whatever is ready; never while it is not open.
    var deadline = MonotonicNanos.never
    /// When the successor takes over at the earliest.
    var earliest = MonotonicNanos.never
    /// When readiness is looked at next.
    var lookAt = MonotonicNanos.never
    /// Says which of their events are published.
    let gate: HandOverGate
    private unowned let engine: FeedEngine

    init(_ old: FeedConnection, _ new: FeedConnection, engine: FeedEngine) {
        self.old = old
        self.new = new
        self.engine = engine
        gate = HandOverGate(engine.pipeline, standing: engine.books.standing)
        began = engine.clock.monotonic
    }

    /// The key of a stream; nil for one that brings no events of its own.
    func key(of stream: VenueStream) -> Key? {
        guard !stream.isReference else { return nil }
        var channel = stream.channel
        if channel == .bbo, engine.books.makesQuotes(stream.instrument) { channel = .book }
        return Key(instrument: stream.instrument, channel: channel, interval: stream.interval)
    }

    /// The connection whose events of a stream are published.
    func owner(of stream: VenueStream) -> FeedConnection {
        guard let key = key(of: stream) else { return old }
        return gate.bridge(key).owner == .old ? old : new
    }

    func side(of connection: FeedConnection) -> HandOverSide { connection === new ? .new : .old }
}

// MARK: Whether all is ready

extension HandOver {
    /// Moves what can be moved without a loss; says whether all that is alive on the old connection is.
    func takeOver(_ now: MonotonicNanos) -> Bool {
        guard new.session.state == .open else { return false }
        lookAt = now.advanced(milliseconds: 50)
        var isReady = true
        for place in 0..<old.session.count where old.session.streamState(place) == .live {
            if !takeOver(old.session.stream(place), now) { isReady = false }
        }
        return isReady
    }

    /// The same for one stream.
    private func takeOver(_ stream: VenueStream, _ now: MonotonicNanos) -> Bool {
        guard new.session.state == .open, let place = new.session.place(of: stream) else { return false }
        switch new.session.streamState(place) {
        case .confirmed, .live: break
        case .waiting, .pending, .silent, .refused, .ended: return false
        }
        guard let key = key(of: stream) else { return true }
        if key.channel == .book {
            guard engine.books.isLive(key.instrument) else { return true }
            if engine.books.isSnapshotPushed(key.instrument) { return gate.bridge(key).owner == .new }
        }
        let overlap = engine.settings.session.overlapMilliseconds
        return gate.change(key) { $0.takeOver(now, overlap: overlap) }
    }

    /// Whether the old connection could go on alone with a stream that the successor owns.
    private func canReturn(_ stream: VenueStream, _ key: Key) -> Bool {
        guard old.session.state == .open, let place = old.session.place(of: stream),
            old.session.streamState(place) == .live
        else { return false }
        if key.channel == .book {
            return engine.books.canReturn(key.instrument, to: gate.bridge(key).said?.major)
        }
        return key.channel == .trade || gate.bridge(key).isLevel
    }
}

// MARK: What ends

extension HandOver {
    /// One of the connections gave a stream up.
    func ended(_ stream: VenueStream, _ reason: InvalidReason, on connection: FeedConnection) {
        guard let key = key(of: stream), owner(of: stream) === connection else { return }
        let isOld = connection === old
        let now = engine.clock.monotonic
        if Self.isOfConnection(reason) {
            if isOld, takeOver(stream, now) { return }
            if !isOld, canReturn(stream, key) { return gate.change(key) { $0.move(to: .old) } }
        }
        engine.end(stream, reason)
        gate.change(key) { $0.forget() }
        if !isOld {
            gate.change(key) { $0.move(to: .old) }
            askAgain(stream, key, on: old, now)
        }
    }

    /// Whether the stream itself did nothing wrong.
    private static func isOfConnection(_ reason: InvalidReason) -> Bool {
        switch reason {
        case .shutdown, .unsubscribed: false
        default: true
        }
    }

    /// The successor's connection ended: it has to begin anew.
    func newWasLost() {
        deadline = .never
        gate.restart()
    }

    /// Gives all that is left to the successor.
    ///
    /// - Returns: the streams that could not be carried over, of those that were alive.
    func moveAll(_ now: MonotonicNanos) -> [VenueStream] {
        var lost: [VenueStream] = []
        for place in 0..<old.session.count where old.session.streamState(place) != .ended {
            let stream = old.session.stream(place)
            guard let key = key(of: stream) else { continue }
            let isLive = old.session.streamState(place) == .live && gate.bridge(key).owner == .old
            if isLive, !takeOver(stream, now) {
                lost.append(stream)
                engine.end(stream, .connectionLost)
                gate.change(key) { $0.forget() }
            }
            gate.change(key) { $0.move(to: .new) }
            askAgain(stream, key, on: new, now)
        }
        return lost
    }

    /// Asks anew for a book whose snapshot was pushed and not taken.
    private func askAgain(
        _ stream: VenueStream,
        _ key: Key,
        on connection: FeedConnection,
        _ now: MonotonicNanos
    ) {
        guard key.channel == .book, engine.books.isSnapshotPushed(key.instrument),
            !engine.books.isLive(key.instrument), connection === old || gate.bridge(key).hasSpoken
        else { return }
        _ = connection.resubscribe(stream, now)
    }

    /// Whether a stream went on without a loss.
    func isCarried(_ stream: VenueStream) -> Bool {
        key(of: stream).map { gate.bridge($0).isCarried } ?? true
    }
}
