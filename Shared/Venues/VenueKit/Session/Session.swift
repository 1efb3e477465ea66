// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Wire

/// One connection to a venue and its streams, as a machine: what happened goes in with the time at which it did, what
/// to do comes out.
///
/// It owns no socket and reads no clock.
///
/// `waiting → connecting → open`, and back to `waiting` with a growing pause whenever the connection ends. In an open
/// connection every stream goes `waiting → pending → confirmed → live`; one that should talk and does not is
/// announced, its quotes are invalidated, and it is asked for again.
///
/// - Thread: that of the feed. Allocates: never while live streams talk.
public struct Session {
    /// One stream as the session keeps it.
    struct Entry {
        let stream: VenueStream
        var state = StreamState.waiting
        /// What the deadline means follows from the state.
        var deadline = MonotonicNanos.never
        /// How often it was asked for again.
        var tries = 0
        /// The frame that asked for it.
        var request = Session.noRequest
        var quiet: QuietWatch
        /// When it was last asked for.
        var asked = MonotonicNanos(0)
    }

    static let noRequest: Int64 = -1

    /// Where the connection stands.
    public internal(set) var state = ConnectionState.stopped
    /// Connections that were opened.
    public internal(set) var connections: UInt64 = 0
    /// Since when the state is what it is.
    public internal(set) var since = MonotonicNanos(0)
    /// When ``timeout(_:_:)`` wants to be called.
    public internal(set) var deadline = MonotonicNanos.never

    let venue: any Venue
    let profile: VenueProfile
    let settings: SessionSettings
    var entries: ContiguousArray<Entry> = []
    var places: [VenueStream: Int] = [:]
    var requests: [Int64: [Int]] = [:]
    var nextRequest: Int64 = 1
    var outbox: [OutboundFrame] = []
    var sent: RateWindow
    /// Listens to market data, whatever the stream.
    var quiet = QuietWatch(MonotonicNanos(0))
    var hasData = false
    var lastFrame = MonotonicNanos(0)
    var pingSent: MonotonicNanos?
    var rotation = MonotonicNanos.never
    var hasAcknowledged = false
    var undecodable = 0
    /// Until when the venue must greet back; never where nothing was said.
    var greetingDeadline = MonotonicNanos.never
    var isFinished = false
    /// Whether a successor was asked for.
    var isHandingOver = false
    var backoff: Backoff
    var generator: SeededGenerator

    /// Makes a session that waits for ``start(_:_:)``.
    ///
    /// The jitter follows from the seed.
    public init(venue: any Venue, streams: [VenueStream], settings: SessionSettings, seed: UInt64) {
        self.venue = venue
        self.settings = settings
        profile = venue.profile
        sent = RateWindow(profile.sendLimit)
        backoff = Backoff(
            minimum: settings.backoffMinimumMilliseconds,
            maximum: settings.backoffMaximumMilliseconds
        )
        generator = SeededGenerator(seed: seed)
        for stream in streams { add(stream, MonotonicNanos(0)) }
    }

    /// The id of the last frame that was made.
    public var lastRequest: Int64 { nextRequest - 1 }

    /// How many streams it has, ended ones included.
    public var count: Int { entries.count }

    /// The stream at a place.
    public func stream(_ place: Int) -> VenueStream { entries[place].stream }

    /// Where a stream stands.
    public func streamState(_ place: Int) -> StreamState { entries[place].state }

    /// The place of a stream, or nil.
    public func place(of stream: VenueStream) -> Int? { places[stream] }

    mutating func add(_ stream: VenueStream, _ now: MonotonicNanos) {
        if let known = places[stream] {
            if entries[known].state == .ended { entries[known].state = .waiting }
            return
        }
        places[stream] = entries.count
        entries.append(Entry(stream: stream, quiet: QuietWatch(now)))
    }

    mutating func enter(_ next: ConnectionState, _ now: MonotonicNanos, until deadline: MonotonicNanos) {
        state = next
        since = now
        self.deadline = deadline
    }
}

// MARK: What happens to the connection

extension Session {
    /// Begins.
    public mutating func start(_ now: MonotonicNanos, _ actions: inout [SessionAction]) {
        guard state == .stopped, !isFinished else { return }
        connect(now, &actions)
    }

    /// The venue's connection limit let the connection begin: from here on the connect time-out counts.
    public mutating func connecting(_ now: MonotonicNanos) {
        guard state == .connecting else { return }
        deadline = now.advanced(milliseconds: settings.connectMilliseconds)
    }

    /// The socket is open.
    public mutating func opened(_ now: MonotonicNanos, _ actions: inout [SessionAction]) {
        guard state == .connecting else { return }
        connections += 1
        enter(.open, now, until: .never)
        quiet.restart(now)
        lastFrame = now
        pingSent = nil
        hasData = false
        hasAcknowledged = false
        undecodable = 0
        isHandingOver = false
        rotation = rotationTime(now)
        if let greeting = venue.greeting(for: entries.filter { $0.state != .ended }.map(\.stream)) {
            greetingDeadline = now.advanced(milliseconds: settings.acknowledgeMilliseconds)
            actions.append(.send(greeting))
            rearm(now)
        } else {
            subscribeWaiting(now, &actions)
        }
    }

    /// The venue greeted back.
    mutating func greeted(_ now: MonotonicNanos, _ actions: inout [SessionAction]) {
        guard greetingDeadline != .never else { return }
        greetingDeadline = .never
        hasAcknowledged = true
        subscribeWaiting(now, &actions)
    }

    private mutating func subscribeWaiting(_ now: MonotonicNanos, _ actions: inout [SessionAction]) {
        let wanted = entries.indices.filter { entries[$0].state == .waiting }
        subscribe(wanted, now)
        flush(now, &actions)
        rearm(now)
    }

    /// The socket closed, or could not be opened.
    ///
    /// `isSilence` says that it was closed because nothing came back.
    public mutating func closed(
        _ now: MonotonicNanos,
        _ reason: String,
        isSilence: Bool = false,
        _ actions: inout [SessionAction]
    ) {
        switch state {
        case .connecting:
            actions.append(.incident(Incident(.connectFailed, reason)))
            retry(now)
        case .open:
            lose(isSilence ? .silent : .connectionLost, &actions)
            actions.append(.incident(Incident(isSilence ? .connectionSilent : .connectionLost, reason)))
            retry(now)
        case .waiting, .stopped:
            break
        }
    }

    /// The venue refused the connection because there were too many.
    ///
    /// It wants to be left alone for so many milliseconds.
    public mutating func rateLimited(
        _ now: MonotonicNanos,
        milliseconds: Int64,
        _ detail: String,
        _ actions: inout [SessionAction]
    ) {
        guard state == .connecting else { return }
        actions.append(.incident(Incident(.rateLimited, detail)))
        retry(now)
        deadline = max(deadline, now.advanced(milliseconds: milliseconds))
    }

    /// The service stops: quotes are invalidated and the socket is closed.
    public mutating func shutdown(_ now: MonotonicNanos, _ actions: inout [SessionAction]) {
        guard !isFinished else { return }
        isFinished = true
        lose(.shutdown, &actions)
        if state == .open || state == .connecting {
            actions.append(.close(code: 1000, reason: "shutdown"))
        }
        enter(.stopped, now, until: .never)
        actions.append(.finished)
    }

    private mutating func rotationTime(_ now: MonotonicNanos) -> MonotonicNanos {
        let venues = profile.connectionLifeMilliseconds.map { Int64($0) } ?? .max
        let life = min(settings.connectionLifeMilliseconds ?? .max, venues)
        guard life < .max else { return .never }
        // Up to a tenth before its end, spread so that not all connections turn at once.
        let early = life / 20
        let jitter = Int64.random(in: 0...max(early, 1), using: &generator)
        return now.advanced(milliseconds: life - early - jitter)
    }

    mutating func connect(_ now: MonotonicNanos, _ actions: inout [SessionAction]) {
        enter(.connecting, now, until: .never)
        actions.append(.connect)
    }

    /// Everything that the connection carried is lost.
    mutating func lose(_ reason: InvalidReason, _ actions: inout [SessionAction]) {
        for place in entries.indices {
            if entries[place].state == .live { actions.append(.invalidate(place, reason)) }
            guard entries[place].state != .ended else { continue }
            entries[place].state = .waiting
            entries[place].deadline = .never
            entries[place].tries = 0
            entries[place].request = Self.noRequest
        }
        greetingDeadline = .never
        requests.removeAll()
        outbox.removeAll()
        sent.clear()
        pingSent = nil
    }

    /// The connection is no good any more: give it up and open another.
    mutating func abandon(
        _ now: MonotonicNanos,
        _ incident: Incident,
        _ reason: InvalidReason,
        _ actions: inout [SessionAction]
    ) {
        lose(reason, &actions)
        actions.append(.incident(incident))
        actions.append(.close(code: 1000, reason: incident.kind.rawValue))
        retry(now)
    }

    mutating func retry(_ now: MonotonicNanos) {
        let lived = (now - since) / 1_000_000
        if state == .open, lived >= settings.stableAfterMilliseconds { backoff.succeeded() }
        let pause = backoff.next(using: &generator)
        enter(.waiting, now, until: now.advanced(milliseconds: pause))
    }
}
