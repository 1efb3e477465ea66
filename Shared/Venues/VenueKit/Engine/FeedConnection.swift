// Part of MarketBus. Apache License 2.0, see LICENSE.

import Compression
import Lifecycle
import Models
import Wire

/// One connection of a feed: its session, its decoder, and the way of its frames to the pipeline.
///
/// - Thread: that of the feed. Allocates: never in steady state.
final class FeedConnection {
    /// Its place in the engine.
    let number: Int
    /// How many connections had this place before it.
    let generation: Int
    /// Its name in logs and records.
    let name: String
    /// Where it goes.
    let endpoint: VenueEndpoint
    /// The socket that counts; what older ones say does not.
    private(set) var link: FeedLink?
    var session: Session
    /// When the session's state last changed.
    ///
    /// - Unit: microseconds since the Unix epoch.
    private(set) var stateSince: Int64
    /// Frames and bytes since the engine last took them.
    var frames: UInt64 = 0
    var bytes: UInt64 = 0
    var ignored: UInt64 = 0
    var strays: UInt64 = 0
    /// What last went wrong with a stream, by its place, until it talks.
    private(set) var troubles: [Int: String] = [:]
    /// Sockets that the connections before it opened.
    var openedBefore: UInt64 = 0
    /// While it gives its streams to another connection, or takes them from one.
    var handOver: HandOver?
    /// Why it is to be handed over itself as soon as it has taken over.
    var nextHandOver: String?

    unowned let engine: FeedEngine
    private let decoder: any FrameDecoder
    private let isPinged: Bool
    var places = StreamPlaces()
    private let inflater: Inflater?
    var batch = EventBatch()
    /// What is wanted of a batch that holds more.
    var wanted = EventBatch()
    private var drift = DriftSampler()
    var actions: [SessionAction] = []
    private var isActing = false

    init(
        _ number: Int,
        _ plan: ConnectionPlan,
        _ endpoint: VenueEndpoint,
        engine: FeedEngine,
        generation: Int = 0
    ) {
        self.number = number
        self.generation = generation
        self.endpoint = endpoint
        self.engine = engine
        name = generation == 0 ? "\(endpoint.name)-\(number)" : "\(endpoint.name)-\(number).\(generation)"
        decoder = engine.venue.makeDecoder(market: endpoint.market, instruments: engine.directory.table)
        session = Session(
            venue: engine.venue,
            streams: plan.streams,
            settings: engine.settings.session,
            seed: engine.settings.seed &+ UInt64(number) &+ UInt64(generation) &<< 32
        )
        stateSince = engine.clock.wall.microseconds
        inflater = engine.profile.compression == .gzip ? Inflater() : nil
        if case .serverPing = engine.profile.heartbeat { isPinged = true } else { isPinged = false }
        learnPlaces(of: plan.streams)
    }

    /// Notes where the session keeps these streams.
    private func learnPlaces(of streams: [VenueStream]) {
        for stream in streams {
            if let place = session.place(of: stream) { places.add(stream, at: place) }
        }
    }

    // MARK: The hot path

    /// Takes one complete message in.
    func receive(_ frame: FrameBytes, received: WallNanos) {
        let now = engine.clock.monotonic
        session.frameArrived(now)
        frames &+= 1
        bytes &+= UInt64(truncatingIfNeeded: frame.bytes.count)
        batch.removeAll()
        var text = frame
        var isUnread = false
        do throws(DecodeError) {
            text = try unpacked(frame)
            engine.tape?.received(name, text.bytes, at: received)
            switch try decoder.decode(text, into: &batch) {
            case .events:
                session.frameDecoded()
                publish(received.microseconds, now)
            case .ignored:
                session.frameDecoded()
                ignored &+= 1
            case .control(let control):
                session.frameDecoded()
                session.control(control, now, &actions)
                if control.isAcknowledgement { engine.reports.isChanged = true }
            }
        } catch {
            isUnread = true
            engine.undecodable(frame.bytes, error, from: self, received: received.microseconds, now)
            if let book = batch.bookAtRisk, isOwner(ofBook: book) {
                engine.books.undecodable(book, received: received.microseconds)
            }
            session.frameUndecodable(now, &actions)
        }
        if drift.chooses(batch, isUnread: isUnread, now) {
            engine.watch(text, of: self, received: received.microseconds)
        }
        if !actions.isEmpty { act() }
    }

    @inline(__always)
    private func unpacked(_ frame: FrameBytes) throws(DecodeError) -> FrameBytes {
        guard let inflater, frame.isGzip else { return frame }
        do throws(InflateError) {
            let text = try inflater.inflate(frame.bytes)
            return FrameBytes(text, readable: text.count &+ Inflater.padding)
        } catch {
            throw .malformed(offset: 0)
        }
    }

    // MARK: What is wanted

    /// Other streams are wanted of this connection from now on; those that stay are not touched.
    func setWanted(_ streams: [VenueStream], _ now: MonotonicNanos) {
        session.setWanted(streams, now, &actions)
        learnPlaces(of: streams)
        act()
    }

    /// The streams that the venue will not give.
    var refused: [VenueStream] {
        (0..<session.count).filter { session.streamState($0) == .refused }.map { session.stream($0) }
    }

    // MARK: What happens to the socket

    func begin(_ now: MonotonicNanos) {
        session.start(now, &actions)
        act()
    }

    /// The venue's connection limit lets it go on.
    func connect(_ now: MonotonicNanos) {
        guard session.state == .connecting else { return }
        session.connecting(now)
        let link = FeedLink(self)
        self.link = link
        let url = endpoint.url + endpoint.socketPath
        let followed = handOver.flatMap { $0.new === self ? $0.old.name : nil }
        engine.tape?.opened(name, url: url, follows: followed, at: engine.clock.wall)
        if let problem = engine.transport.open(url, isPinged: isPinged, engine.settings.session, for: link) {
            socketClosed(.lost(problem))
        }
    }

    func socketOpened() {
        engine.metrics.connections.add()
        decoder.connectionOpened()
        let now = engine.clock.monotonic
        session.opened(now, &actions)
        act()
        for place in 0..<session.count where session.stream(place).channel == .book {
            guard isOwner(of: session.stream(place)) else { continue }
            engine.books.connectionOpened(session.stream(place), now)
        }
    }

    // MARK: Snapshots of books

    /// Ends a stream and asks for it anew; false where it is not on this connection.
    func resubscribe(_ stream: VenueStream, _ now: MonotonicNanos) -> Bool {
        let isDone = session.resubscribe(stream, now, &actions)
        act()
        return isDone
    }

    /// Asks for a book's snapshot on this connection; false where that is not possible.
    func requestBook(_ stream: VenueStream, _ now: MonotonicNanos) -> Bool {
        guard let place = session.place(of: stream), session.streamState(place) != .ended,
            session.state == .open,
            let frame = engine.venue.bookRequest(stream, request: session.takeRequest())
        else { return false }
        let isDone = session.send(frame, now, &actions)
        act()
        return isDone
    }

    func socketClosed(_ end: SocketEnd) {
        let now = engine.clock.monotonic
        link = nil
        switch end {
        case .lost(let reason):
            session.closed(now, reason, &actions)
        case .silent(let reason):
            session.closed(now, reason, isSilence: true, &actions)
        case .answered(let status, let seconds, let reason):
            let verdict = engine.venue.verdict(
                status: status,
                retryAfterSeconds: seconds,
                body: .init(start: nil, count: 0)
            )
            if status == 429 || status == 418, case .retry(let milliseconds) = verdict {
                engine.governor.block(now, milliseconds: Int64(milliseconds))
                session.rateLimited(now, milliseconds: Int64(milliseconds), reason, &actions)
            } else {
                session.closed(now, reason, &actions)
            }
        }
        act()
    }

    func timeout(_ now: MonotonicNanos) {
        guard session.deadline <= now else { return }
        session.timeout(now, &actions)
        act()
    }

    func shutdown(_ now: MonotonicNanos) {
        session.shutdown(now, &actions)
        act()
    }

    /// Lets something happen to the session, and does what it wants because of that.
    func drive(_ body: (inout Session, inout [SessionAction]) -> Void) {
        body(&session, &actions)
        act()
    }

    // MARK: What the session wants

    /// Does what the session wants, and what it wants because of that.
    private func act() {
        guard !isActing else { return }
        isActing = true
        let before = session.state
        while !actions.isEmpty {
            let pending = actions
            actions.removeAll(keepingCapacity: true)
            for action in pending { perform(action) }
        }
        isActing = false
        if session.state != before || stateSince == 0 { stateSince = engine.clock.wall.microseconds }
        if handOver != nil { engine.handOverChanged(self) }
        engine.somethingChanged()
    }

    private func perform(_ action: SessionAction) {
        switch action {
        case .connect:
            stateSince = 0
            engine.governor.request(governed)
        case .send(let text):
            engine.tape?.sent(name, text, at: engine.clock.wall)
            guard let link, engine.transport.send(text, on: link) else {
                engine.logger.warning("feed.send_refused", ["connection": .string(name)])
                return
            }
        case .close(let code, _):
            engine.governor.withdraw(governed)
            guard let old = link else { return }
            link = nil
            engine.transport.close(old, code: code)
        case .streamLive(let place):
            let stream = session.stream(place)
            troubles[place] = nil
            engine.logger.debug(
                "feed.stream_live",
                ["symbol": .string(engine.symbol(of: stream)), "channel": .string(stream.channel.name)]
            )
        case .invalidate(let place, let reason):
            if let handOver {
                handOver.ended(session.stream(place), reason, on: self)
            } else {
                engine.end(session.stream(place), reason)
            }
        case .incident(let incident):
            if let place = incident.stream { troubles[place] = incident.detail }
            engine.announce(incident, self, incident.stream.map(session.stream))
        case .handOver(let reason):
            engine.beginHandOver(of: self, reason)
        case .giveUp(let detail):
            engine.giveUp(self, detail)
        case .finished:
            break
        }
    }
}

extension ControlFrame {
    /// Whether streams may be confirmed by it.
    fileprivate var isAcknowledgement: Bool {
        switch self {
        case .acknowledged, .streamAcknowledged, .acknowledgedStreams: true
        default: false
        }
    }
}

extension FrameBytes {
    /// Whether the bytes begin as a gzip file does; no JSON text begins so.
    fileprivate var isGzip: Bool { bytes.count > 2 && bytes[0] == 0x1F && bytes[1] == 0x8B }
}
