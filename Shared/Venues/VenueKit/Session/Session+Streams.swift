// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Wire

// MARK: What the venue says

extension Session {
    /// A frame arrived, whatever it is.
    ///
    /// - Allocates: never.
    @inline(__always)
    public mutating func frameArrived(_ now: MonotonicNanos) {
        lastFrame = now
        pingSent = nil
    }

    /// A stream talked.
    ///
    /// Says whether its event may be published.
    ///
    /// - Allocates: never for a live stream.
    @inline(__always)
    public mutating func dataArrived(
        _ place: Int,
        _ now: MonotonicNanos,
        _ actions: inout [SessionAction]
    ) -> Bool {
        quiet.heard(now)
        if entries[place].state == .live {
            entries[place].quiet.heard(now)
            return true
        }
        return becomeLive(place, now, &actions)
    }

    /// A frame was read.
    @inline(__always)
    public mutating func frameDecoded() { undecodable = 0 }

    /// A frame could not be read; too many in a row end the connection.
    public mutating func frameUndecodable(_ now: MonotonicNanos, _ actions: inout [SessionAction]) {
        guard state == .open else { return }
        undecodable += 1
        guard undecodable >= settings.undecodableFrames else { return }
        let incident = Incident(.undecodable, "\(undecodable) frames in a row could not be read")
        abandon(now, incident, .undecodable, &actions)
    }

    /// The venue talks about the connection or a subscription.
    public mutating func control(
        _ frame: ControlFrame,
        _ now: MonotonicNanos,
        _ actions: inout [SessionAction]
    ) {
        guard state == .open else { return }
        switch frame {
        case .acknowledged(let request):
            hasAcknowledged = true
            for place in requests.removeValue(forKey: request) ?? [] where entries[place].request == request {
                confirm(place, now)
            }
        case .streamAcknowledged(let venueSymbol, let channelName):
            hasAcknowledged = true
            for place in entries.indices where carries(place, venueSymbol, channelName) {
                confirm(place, now)
            }
        case .acknowledgedStreams(let streams):
            hasAcknowledged = true
            confirm(streams, now)
            // A venue that lists streams in answer to the greeting has greeted back.
            greeted(now, &actions)
        case .ping(let reply):
            actions.append(.send(reply))
        case .ready:
            greeted(now, &actions)
        case .streamEnded, .pong, .information:
            break
        case .refused(let request, let code, let message, let verdict):
            refused(request, "\(code) \(message)", verdict, now, &actions)
        case .streamRefused(let venueSymbol, let channelName, let code, let message):
            streamRefused(venueSymbol, channelName, "\(code) \(message)", now, &actions)
        case .dismissed(let code, let message, let verdict):
            dismissed("\(code) \(message)", verdict, now, &actions)
        case .framesMissing(let detail):
            abandon(now, Incident(.framesMissing, detail), .gap, &actions)
        case .closingSoon(let reason):
            if !isHandingOver { actions.append(.incident(Incident(.closingNotice, reason))) }
            handOver(now, reason, &actions)
        }
        if state == .open { rearm(now) }
    }

    private static let answerNanoseconds: Int64 = 2_000_000_000

    private mutating func becomeLive(
        _ place: Int,
        _ now: MonotonicNanos,
        _ actions: inout [SessionAction]
    ) -> Bool {
        guard state == .open, entries[place].state != .ended, greetingDeadline == .never else { return false }
        entries[place].state = .live
        entries[place].tries = 0
        entries[place].deadline = .never
        // What comes soon after asking comes because of it; what comes much later shows that the stream is slow.
        if now - entries[place].asked > Self.answerNanoseconds { entries[place].quiet.learn(pauseUntil: now) }
        entries[place].quiet.restart(now)
        hasData = true
        actions.append(.streamLive(place))
        rearm(now)
        return true
    }

    /// Whether the stream at a place is carried by this channel of the venue; several streams may be.
    private func carries(_ place: Int, _ venueSymbol: String, _ channelName: String) -> Bool {
        entries[place].stream.venueSymbol == venueSymbol
            && venue.channelName(of: entries[place].stream) == channelName
    }

    private mutating func confirm(_ streams: [AcknowledgedStream], _ now: MonotonicNanos) {
        let named = Set(streams)
        for place in entries.indices {
            let stream = entries[place].stream
            let name = AcknowledgedStream(
                venueSymbol: stream.venueSymbol,
                channelName: venue.channelName(of: stream)
            )
            if named.contains(name) { confirm(place, now) }
        }
    }

    private mutating func confirm(_ place: Int, _ now: MonotonicNanos) {
        guard entries[place].state == .pending || entries[place].state == .waiting else { return }
        if entries[place].state == .waiting { entries[place].asked = now }
        guard !entries[place].stream.channel.maySleep else {
            entries[place].state = .live
            entries[place].deadline = .never
            return
        }
        entries[place].state = .confirmed
        entries[place].deadline = now.advanced(milliseconds: firstMessageMilliseconds(entries[place].stream))
    }

    /// How long an acknowledged stream may say nothing; venues send funding once a minute or so.
    func firstMessageMilliseconds(_ stream: VenueStream) -> Int64 {
        stream.isRare ? settings.firstMessageMilliseconds * 10 : settings.firstMessageMilliseconds
    }
}

extension VenueStream {
    /// Whether minutes without a message are nothing unusual.
    var isRare: Bool {
        switch channel {
        case .funding, .openInterest, .liquidation: !isReference
        case .trade, .bbo, .book, .candle, .ticker: false
        }
    }
}

extension Channel {
    /// Whether hours without a message are nothing unusual, so that an acknowledgement is all that can be waited for.
    fileprivate var maySleep: Bool { self == .liquidation }
}

// MARK: Refusals

extension Session {
    private mutating func refused(
        _ request: Int64?,
        _ detail: String,
        _ verdict: VenueVerdict,
        _ now: MonotonicNanos,
        _ actions: inout [SessionAction]
    ) {
        let candidates = unresolved(request)
        switch verdict {
        case .reconnect:
            abandon(now, Incident(.refused, detail), .connectionLost, &actions)
        case .retry(let milliseconds):
            actions.append(.incident(Incident(.rateLimited, detail)))
            for place in candidates { wait(place, now, milliseconds: Int64(milliseconds)) }
        case .refuse where candidates.count == 1:
            entries[candidates[0]].state = .refused
            entries[candidates[0]].deadline = .never
            actions.append(.invalidate(candidates[0], .unsubscribed))
            actions.append(.incident(Incident(.refused, stream: candidates[0], detail)))
        case .refuse:
            // Which of them it was shows when the acknowledged ones are told apart and the rest is asked one by one.
            for place in candidates { wait(place, now, milliseconds: settings.isolationMilliseconds) }
            if candidates.isEmpty { actions.append(.incident(Incident(.refused, detail))) }
        }
    }

    /// The venue ends the connection by itself.
    private mutating func dismissed(
        _ detail: String,
        _ verdict: VenueVerdict,
        _ now: MonotonicNanos,
        _ actions: inout [SessionAction]
    ) {
        abandon(now, Incident(.refused, detail), .connectionLost, &actions)
        switch verdict {
        case .reconnect: break
        case .retry(let milliseconds):
            deadline = max(deadline, now.advanced(milliseconds: Int64(milliseconds)))
        case .refuse:
            isFinished = true
            enter(.stopped, now, until: .never)
            actions.append(.giveUp(detail))
        }
    }

    /// Refuses streams by name; what was asked for in the same frames is asked for again, one by one.
    private mutating func streamRefused(
        _ venueSymbol: String,
        _ channelName: String?,
        _ detail: String,
        _ now: MonotonicNanos,
        _ actions: inout [SessionAction]
    ) {
        var mixed: Set<Int64> = []
        for place in entries.indices where isAsked(place) && entries[place].stream.venueSymbol == venueSymbol
        {
            if let channelName, venue.channelName(of: entries[place].stream) != channelName { continue }
            mixed.insert(entries[place].request)
            entries[place].state = .refused
            entries[place].deadline = .never
            actions.append(.invalidate(place, .unsubscribed))
            actions.append(.incident(Incident(.refused, stream: place, detail)))
        }
        if mixed.isEmpty { actions.append(.incident(Incident(.refused, detail))) }
        for place in entries.indices
        where entries[place].state == .pending && mixed.contains(entries[place].request) {
            wait(place, now, milliseconds: settings.isolationMilliseconds)
        }
    }

    /// Whether the venue was asked for a stream, by a frame or by the greeting, and has not said yes.
    private func isAsked(_ place: Int) -> Bool {
        entries[place].state == .pending || (entries[place].state == .waiting && greetingDeadline != .never)
    }

    /// The streams that a refusal can be about.
    private func unresolved(_ request: Int64?) -> [Int] {
        if let request {
            return (requests[request] ?? []).filter {
                entries[$0].request == request && entries[$0].state == .pending
            }
        }
        let pending = entries.indices.filter { entries[$0].state == .pending }
        return pending.count == 1 ? pending : []
    }

    /// Asks for a stream again, alone, after a time.
    private mutating func wait(_ place: Int, _ now: MonotonicNanos, milliseconds: Int64) {
        entries[place].state = .waiting
        entries[place].deadline = now.advanced(milliseconds: milliseconds)
    }
}

// MARK: What is wanted

extension Session {
    /// Other streams are wanted from now on; those that stay are not touched.
    public mutating func setWanted(
        _ streams: [VenueStream],
        _ now: MonotonicNanos,
        _ actions: inout [SessionAction]
    ) {
        let wanted = Set(streams)
        let leaving = entries.indices.filter { !wanted.contains(entries[$0].stream) }
        unsubscribe(leaving.filter { end($0, &actions) })
        for stream in streams { add(stream, now) }
        guard state == .open else { return }
        let fresh = entries.indices.filter { entries[$0].state == .waiting && entries[$0].deadline == .never }
        subscribe(fresh, now)
        flush(now, &actions)
        rearm(now)
    }

    /// Ends a stream.
    ///
    /// - Returns: whether the venue must be told.
    private mutating func end(_ place: Int, _ actions: inout [SessionAction]) -> Bool {
        let before = entries[place].state
        guard before != .ended else { return false }
        entries[place].state = .ended
        entries[place].deadline = .never
        if before == .live { actions.append(.invalidate(place, .unsubscribed)) }
        return state == .open && before != .waiting && before != .refused && !isShared(place)
    }

    /// Whether another stream that is wanted comes by the same channel of the venue.
    private func isShared(_ place: Int) -> Bool {
        let stream = entries[place].stream
        let name = venue.channelName(of: stream)
        return entries.indices.contains { other in
            other != place && entries[other].state != .ended && entries[other].state != .refused
                && carries(other, stream.venueSymbol, name)
        }
    }

    mutating func unsubscribe(_ places: [Int]) {
        guard !places.isEmpty else { return }
        let frames = venue.unsubscribeFrames(places.map { entries[$0].stream }, firstRequest: nextRequest)
        nextRequest += Int64(frames.count)
        outbox += frames
    }

    mutating func subscribe(_ wanted: [Int], _ now: MonotonicNanos) {
        guard !wanted.isEmpty else { return }
        let frames = venue.subscribeFrames(wanted.map { entries[$0].stream }, firstRequest: nextRequest)
        nextRequest += Int64(frames.count)
        outbox += frames
        for frame in frames {
            let asked = frame.streams.compactMap { places[$0] }
            requests[frame.request] = asked
            for place in asked {
                entries[place].state = .pending
                entries[place].asked = now
                entries[place].request = frame.request
                // Counts from the frame's sending.
                entries[place].deadline = .never
            }
        }
    }
}
