// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import VenueKit
import Wire

/// Plays the world to a session: moves the clock, gives inputs, collects what the session wants.
final class SessionDriver {
    var session: Session
    private(set) var now = MonotonicNanos(1_000_000_000)
    private var actions: [SessionAction] = []

    init(
        _ streams: [VenueStream],
        venue: FakeVenue = FakeVenue(),
        settings: SessionSettings = SessionSettings(),
        seed: UInt64 = 7
    ) {
        session = Session(venue: venue, streams: streams, settings: settings, seed: seed)
    }

    /// What the session wanted since the last question.
    func wants() -> [SessionAction] {
        defer { actions.removeAll() }
        return actions
    }

    func start() { session.start(now, &actions) }
    func opened() {
        session.connecting(now)
        session.opened(now, &actions)
    }
    func closed(_ reason: String = "1006", isSilence: Bool = false) {
        session.closed(now, reason, isSilence: isSilence, &actions)
    }
    func renew() { session.handOver(now, "asked", &actions) }
    func handOverFailed() { session.handOverFailed(now) }
    func retire() { session.retire(now, &actions) }
    func shutdown() { session.shutdown(now, &actions) }
    func setWanted(_ streams: [VenueStream]) { session.setWanted(streams, now, &actions) }
    func rateLimited(_ milliseconds: Int64) {
        session.rateLimited(now, milliseconds: milliseconds, "429", &actions)
    }

    func control(_ frame: ControlFrame) {
        session.frameArrived(now)
        session.frameDecoded()
        session.control(frame, now, &actions)
    }

    func acknowledge(_ requests: Int64...) {
        for request in requests { control(.acknowledged(request: request)) }
    }

    @discardableResult
    func data(_ place: Int) -> Bool {
        session.frameArrived(now)
        session.frameDecoded()
        return session.dataArrived(place, now, &actions)
    }

    func undecodable(_ count: Int = 1) {
        for _ in 0..<count {
            session.frameArrived(now)
            session.frameUndecodable(now, &actions)
        }
    }

    /// Moves the clock, stopping at every deadline on the way, as the loop does.
    func pass(milliseconds: Int64, every: Int64? = nil, talk: [Int] = []) {
        let end = now.advanced(milliseconds: milliseconds)
        var beat = every.map { now.advanced(milliseconds: $0) } ?? .never
        while true {
            let next = min(session.deadline, beat)
            guard next <= end else { break }
            now = max(now, next)
            if now >= beat {
                for place in talk { data(place) }
                beat = now.advanced(milliseconds: every ?? 1)
            }
            if session.deadline <= now { session.timeout(now, &actions) }
        }
        now = end
    }

    /// Moves to the session's own deadline.
    ///
    /// - Unit: milliseconds that passed.
    @discardableResult
    func passToDeadline() -> Int64 {
        let before = now
        now = max(now, session.deadline)
        session.timeout(now, &actions)
        return (now - before) / 1_000_000
    }

    /// To an open connection with all of its streams live; what was wanted on the way is forgotten.
    func goLive() {
        start()
        opened()
        for place in 0..<session.count {
            control(
                .streamAcknowledged(venueSymbol: session.stream(place).venueSymbol, channelName: name(place))
            )
            data(place)
        }
        _ = wants()
    }

    var states: [StreamState] { (0..<session.count).map(session.streamState) }

    private func name(_ place: Int) -> String { "v-" + session.stream(place).channel.name }
}

/// Shorthands that make arrays of actions readable.
extension SessionAction {
    static func incident(_ kind: IncidentKind, _ stream: Int? = nil) -> SessionAction {
        .incident(Incident(kind, stream: stream, ""))
    }

    /// Without the words that are for people.
    var bare: SessionAction {
        switch self {
        case .incident(let incident): .incident(incident.kind, incident.stream)
        case .close(let code, _): .close(code: code, reason: "")
        case .handOver: .handOver("")
        default: self
        }
    }
}

extension [SessionAction] {
    /// Without the words that are for people.
    var bare: [SessionAction] { map(\.bare) }

    var incidents: [IncidentKind] {
        compactMap { action in
            if case .incident(let incident) = action { incident.kind } else { nil }
        }
    }

    var sends: [String] {
        compactMap { action in
            if case .send(let text) = action { text } else { nil }
        }
    }
}
