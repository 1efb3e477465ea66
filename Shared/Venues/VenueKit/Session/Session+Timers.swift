// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Wire

// MARK: What time brings

extension Session {
    /// The deadline was reached; called too early it does nothing.
    public mutating func timeout(_ now: MonotonicNanos, _ actions: inout [SessionAction]) {
        switch state {
        case .stopped:
            break
        case .waiting:
            if deadline <= now { connect(now, &actions) }
        case .connecting:
            guard deadline <= now else { return }
            let detail = "no connection within \(settings.connectMilliseconds) ms"
            abandon(now, Incident(.connectFailed, detail), .connectionLost, &actions)
        case .open:
            openTimeout(now, &actions)
        }
    }

    private mutating func openTimeout(_ now: MonotonicNanos, _ actions: inout [SessionAction]) {
        if rotation <= now {
            handOver(now, "the connection is as old as it may become", &actions)
        }
        if greetingDeadline <= now {
            let detail = "no answer to the greeting within \(settings.acknowledgeMilliseconds) ms"
            abandon(now, Incident(.notAcknowledged, detail), .connectionLost, &actions)
            return
        }
        guard isTalking(now, &actions) else { return }
        for place in entries.indices {
            if dueTime(place) <= now { streamTimeout(place, now, &actions) }
            guard state == .open else { return }
        }
        flush(now, &actions)
        rearm(now)
    }

    /// Whether the connection gives signs of life; pings where we are the one to ping.
    private mutating func isTalking(_ now: MonotonicNanos, _ actions: inout [SessionAction]) -> Bool {
        if pongTime <= now {
            let silent = (now - lastFrame) / 1_000_000
            let incident = Incident(.pongMissing, "no answer to our ping, no frame for \(silent) ms")
            abandon(now, incident, .silent, &actions)
            return false
        }
        guard silenceTime > now else {
            let silent = (now - quiet.lastHeard) / 1_000_000
            quiet.learn(pauseUntil: now)
            abandon(now, Incident(.connectionSilent, "no market data for \(silent) ms"), .silent, &actions)
            return false
        }
        if case .clientText(let ping, _, _) = profile.heartbeat, pingSent == nil, pingTime <= now {
            pingSent = now
            actions.append(.send(ping))
        }
        return true
    }

    /// When a connection without market data counts as silent; before the first data its streams are asked again first.
    ///
    /// Where all streams are rare, only the venue's text pings or its answers to ours can be missed.
    private var silenceTime: MonotonicNanos {
        if entries.allSatisfy({ $0.state == .ended || $0.stream.isRare }) {
            guard case .serverText = profile.heartbeat else { return .never }
            return lastFrame.advanced(
                milliseconds: settings.silenceMilliseconds + settings.firstMessageMilliseconds
            )
        }
        let extra = hasData ? 0 : settings.firstMessageMilliseconds
        return quiet.deadline(minimum: settings.silenceMilliseconds + extra)
    }

    /// When our ping is due, as far as this connection is asked for one.
    private var pingTime: MonotonicNanos {
        guard case .clientText(_, _, let after) = profile.heartbeat else { return .never }
        let pause = min(Int64(after), settings.silenceMilliseconds / 2)
        return lastFrame.advanced(milliseconds: pause)
    }

    /// When our ping counts as unanswered; never while none is out.
    private var pongTime: MonotonicNanos {
        pingSent?.advanced(milliseconds: settings.silenceMilliseconds / 2) ?? .never
    }

    /// When the stream wants attention.
    private func dueTime(_ place: Int) -> MonotonicNanos {
        let entry = entries[place]
        guard entry.state == .live else { return entry.deadline }
        guard entry.stream.channel == .bbo else { return .never }
        return entry.quiet.deadline(minimum: settings.silenceMilliseconds)
    }

    private mutating func streamTimeout(
        _ place: Int,
        _ now: MonotonicNanos,
        _ actions: inout [SessionAction]
    ) {
        switch entries[place].state {
        case .waiting:
            subscribe([place], now)
        case .pending:
            notAcknowledged(place, now, &actions)
        case .confirmed:
            let patience = firstMessageMilliseconds(entries[place].stream)
            let detail = "acknowledged, but no message within \(patience) ms"
            silent(place, detail, now, &actions)
        case .live:
            let pause = (now - entries[place].quiet.lastHeard) / 1_000_000
            silent(place, "no message for \(pause) ms", now, &actions)
        case .silent, .refused, .ended:
            entries[place].deadline = .never
        }
    }

    private mutating func notAcknowledged(
        _ place: Int,
        _ now: MonotonicNanos,
        _ actions: inout [SessionAction]
    ) {
        let detail = "not acknowledged within \(settings.acknowledgeMilliseconds) ms"
        let isDead = !hasAcknowledged && !entries.contains { $0.state == .live }
        guard !isDead else {
            return abandon(now, Incident(.notAcknowledged, detail), .connectionLost, &actions)
        }
        actions.append(.incident(Incident(.notAcknowledged, stream: place, detail)))
        again(place, now)
    }

    private mutating func silent(
        _ place: Int,
        _ detail: String,
        _ now: MonotonicNanos,
        _ actions: inout [SessionAction]
    ) {
        actions.append(.invalidate(place, .silent))
        actions.append(.incident(Incident(.streamSilent, stream: place, detail)))
        again(place, now)
    }

    /// Asks once more for a stream, or leaves it as announced.
    private mutating func again(_ place: Int, _ now: MonotonicNanos) {
        guard entries[place].tries < settings.resubscriptions else {
            entries[place].state = .silent
            entries[place].deadline = .never
            return
        }
        entries[place].tries += 1
        unsubscribe([place])
        subscribe([place], now)
    }

    /// Ends a stream and asks for it anew, so that the venue sends its snapshot again; the others are not touched.
    ///
    /// - Returns: false where the connection is not open or the stream is not asked for on it.
    public mutating func resubscribe(
        _ stream: VenueStream,
        _ now: MonotonicNanos,
        _ actions: inout [SessionAction]
    ) -> Bool {
        guard state == .open, let place = places[stream] else { return false }
        switch entries[place].state {
        case .live, .silent, .confirmed: break
        case .waiting, .pending, .refused, .ended: return false
        }
        unsubscribe([place])
        subscribe([place], now)
        flush(now, &actions)
        rearm(now)
        return true
    }

    /// The id of a frame that is sent beside subscriptions.
    public mutating func takeRequest() -> Int64 {
        defer { nextRequest += 1 }
        return nextRequest
    }

    /// Sends a frame within the venue's limit.
    ///
    /// - Returns: false where the connection is not open.
    public mutating func send(
        _ frame: OutboundFrame,
        _ now: MonotonicNanos,
        _ actions: inout [SessionAction]
    ) -> Bool {
        guard state == .open else { return false }
        outbox.append(frame)
        flush(now, &actions)
        rearm(now)
        return true
    }

    /// Sends what the venue's limit allows.
    mutating func flush(_ now: MonotonicNanos, _ actions: inout [SessionAction]) {
        var count = 0
        while count < outbox.count, sent.nextAllowed(now) <= now {
            sent.count(now)
            actions.append(.send(outbox[count].text))
            let deadline = now.advanced(milliseconds: settings.acknowledgeMilliseconds)
            for stream in outbox[count].streams {
                guard let place = places[stream], entries[place].request == outbox[count].request else {
                    continue
                }
                if entries[place].state == .pending { entries[place].deadline = deadline }
            }
            count += 1
        }
        outbox.removeFirst(count)
    }

    /// Sets the deadline to the next thing that time can bring to an open connection.
    mutating func rearm(_ now: MonotonicNanos) {
        var next = min(rotation, greetingDeadline, silenceTime, pingSent == nil ? pingTime : pongTime)
        if !outbox.isEmpty { next = min(next, sent.nextAllowed(now)) }
        for place in entries.indices { next = min(next, dueTime(place)) }
        deadline = next
    }
}
