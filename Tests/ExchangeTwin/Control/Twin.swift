// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Glibc

/// The whole program: two venues on one port, control on another, one thread.
final class Twin: ServerDelegate {
    private let options: Options
    private let server: Server
    private let log: SentLog
    private let faults: FaultBoard
    private let exchange: Exchange
    private let started = md_monotonic_nanos().asInt
    private let parent = getppid()
    private var late: [(due: Int, connection: Connection, answer: HTTPAnswer)] = []
    private var lastKeep = 0
    private var signals: Int32 = -1

    init(options: Options, server: Server, log: SentLog, player: SessionPlayer, answers: RecordedAnswers) {
        self.options = options
        self.server = server
        self.log = log
        faults = FaultBoard(log: log, server: server)
        let publisher = Publisher(log: log, faults: faults)
        exchange = Exchange(options: options, publisher: publisher, player: player, answers: answers)
        server.delegate = self
        // Before the ready line: whoever reads it may end the twin at once.
        var writeEnd: Int32 = -1
        if md_pipe(&signals, &writeEnd) == 0 { _ = md_signals_to_fd(writeEnd) }
    }

    /// Loads the script and serves until a signal or `POST /shutdown`; false when the script can't be read.
    func run() -> Bool {
        if let script = options.script, !faults.load(script: script) { return false }
        server.run()
        log.flush()
        return true
    }

    // MARK: - Connections

    func opened(_ connection: Connection) {
        connection.session.lastSent = connection.openedAt
    }

    func closed(_ connection: Connection) {
        exchange.registry.drop(connection)
        guard let endpoint = connection.session.endpoint else { return }
        let lost = connection.output.count
        log.note(
            "closed",
            connection.closeReason,
            ",\"conn\":\(connection.id),\"venue\":\"\(endpoint.venue.rawValue)\",\"unsent_bytes\":\(lost)"
        )
    }

    func received(_ request: HTTPRequest, on connection: Connection) {
        connection.session.endsAfterAnswer = request.headers["connection"]?.lowercased() == "close"
        guard connection.role == .exchange else {
            return answer(ControlDesk(twin: self).answer(request), on: connection)
        }
        let parts = request.path.split(separator: "/").map(String.init)
        guard let desk = parts.first.flatMap(Venue.init(rawValue:)).flatMap({ exchange.desks[$0] }),
            let endpoint = desk.endpoint(parts.dropFirst())
        else { return answer(HTTPAnswer(status: 404, json: "{}"), on: connection) }
        switch faults.request(endpoint, desk, upgrade: request.wantsUpgrade) {
        case .serve: break
        case .reset: return server.remove(connection, reset: true, reason: "refused")
        case .fail(let failure):
            log.note("http", "\(failure.status)", ",\"conn\":\(connection.id),\"path\":\"\(endpoint.rest)\"")
            return answer(failure, on: connection, endpoint)
        }
        guard request.wantsUpgrade else {
            return answer(desk.answer(request, endpoint), on: connection, endpoint)
        }
        upgrade(connection, request, endpoint, desk)
    }

    private func answer(_ answer: HTTPAnswer, on connection: Connection, _ endpoint: Endpoint? = nil) {
        let delay = endpoint.map { faults.latency($0) } ?? 0
        if delay > 0 {
            late.append((md_monotonic_nanos().asInt + delay, connection, answer))
        } else {
            write(answer, on: connection)
        }
    }

    private func write(_ answer: HTTPAnswer, on connection: Connection) {
        var answer = answer
        answer.close = connection.session.endsAfterAnswer
        connection.queue { answer.write(to: $0) }
        if answer.close { connection.finish("answered") }
    }

    private func upgrade(
        _ connection: Connection,
        _ request: HTTPRequest,
        _ endpoint: Endpoint,
        _ desk: VenueDesk
    ) {
        let now = md_monotonic_nanos().asInt
        guard exchange.mayConnect(desk, now: now) else {
            var refusal = desk.tooMany
            refusal.headers.append(("Retry-After", "\(min(60, desk.connectLimit.seconds))"))
            return answer(refusal, on: connection, endpoint)
        }
        guard let key = request.headers["sec-websocket-key"], desk.accepts(request, endpoint) else {
            return answer(HTTPAnswer(status: 404, json: "{}"), on: connection, endpoint)
        }
        connection.queue {
            $0.append("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
            $0.append(text: "Sec-WebSocket-Accept: \(webSocketAccept(key: key))\r\n\r\n")
        }
        connection.phase = .webSocket
        connection.session.endpoint = endpoint
        connection.session.desk = desk
        connection.session.pongSeen = now
        connection.session.lastSent = now
        let name = String((connection.id &* 0x9E37_79B1) & 0xFFFF_FFFF, radix: 16)
        connection.session.connectionName = String(repeating: "0", count: 8 - name.count) + name
        log.note(
            "open",
            request.path,
            ",\"conn\":\(connection.id),\"venue\":\"\(endpoint.venue.rawValue)\""
                + ",\"market\":\"\(endpoint.label)\""
        )
        desk.opened(connection, request)
    }

    func received(_ opcode: Opcode, _ payload: [UInt8], on connection: Connection) {
        guard let desk = connection.session.desk else { return }
        let now = md_monotonic_nanos().asInt
        if opcode != .close, !desk.mayReceive(opcode, on: connection, now: now) { return }
        switch opcode {
        case .ping: connection.send(.pong, payload)
        case .pong: connection.session.pongSeen = now
        case .close:
            connection.send(.close, Array(payload.prefix(2)))
            connection.finish("client close")
        case .text, .binary, .continuation: desk.received(payload, on: connection, now: now)
        }
    }

    // MARK: - Time

    func turn(now: Int) -> Int {
        exchange.publisher.wall = md_wall_nanos().asInt
        faults.turn(now: now)
        let running = exchange.run.turn(now: now)
        let playing = exchange.player.turn(now: now, exchange: exchange)
        if now - lastKeep > 5_000_000 { keep(now: now) }
        log.turn(now: now)
        if server.connections.contains(where: \.isDripping) || playing { return 1 }
        guard running else { return late.isEmpty ? 20 : 2 }
        return options.rate >= 1000 ? 1 : 5
    }

    private func keep(now: Int) {
        lastKeep = now
        let life = options.connectionLifeMilliseconds * 1_000_000
        let notice = min(options.rotationNoticeMilliseconds * 1_000_000, life / 2)
        for connection in server.connections where connection.phase == .webSocket {
            let end = connection.openedAt + life
            if let due = connection.session.closeAt, now >= due {
                connection.close(code: 1001, reason: now >= end ? "24h" : "going away")
            } else if now > end {
                connection.close(code: 1001, reason: "24h")
            } else {
                rotate(connection, now: now, from: end - notice, until: end)
                connection.session.desk?.keep(connection, now: now)
            }
        }
        for entry in late where entry.due <= now && entry.connection.phase == .http {
            write(entry.answer, on: entry.connection)
        }
        late.removeAll { $0.due <= now || !$0.connection.isOpen }
        if signals >= 0, md_read_byte(signals) >= 0 { server.stopping = true }
        if options.exitWithParent, getppid() != parent { server.stopping = true }
    }
}

extension Twin {
    /// Says in time that a connection will be too old.
    private func rotate(_ connection: Connection, now: Int, from: Int, until: Int) {
        guard now > from, connection.session.closeAt == nil, let desk = connection.session.desk,
            desk.announcesRotation(connection)
        else { return }
        connection.session.closeAt = until
        _ = desk.announceEnd(connection)
    }

    /// The one line on standard output: where everything is.
    func readyLine(port: UInt16, control: UInt16, secure: Bool) -> String {
        let venues = Venue.allCases.compactMap { exchange.desks[$0] }.map { desk in
            let members = desk.endpoints.map { entry in
                let scheme = (entry.name.hasSuffix("ws") ? "ws" : "http") + (secure ? "s" : "")
                return "\"\(entry.name)\":\"\(scheme)://127.0.0.1:\(port)\(entry.path)\""
            }
            return "\"\(desk.venue.rawValue)\":{\(members.joined(separator: ","))}"
        }
        return "{\"twin\":\"ready\",\"port\":\(port),\"control_port\":\(control),\"endpoints\":{"
            + venues.joined(separator: ",") + "}}"
    }
}

// MARK: - For the control port

extension Twin {
    var board: FaultBoard { faults }
    var sentLog: SentLog { log }

    func stop() { server.stopping = true }
    func pause() { exchange.run.pause() }
    func resume() { exchange.run.resume() }
    var venueTime: Int { exchange.publisher.milliseconds }

    /// Puts the venues' clocks forward until their minute ends in `milliseconds` at most.
    func nearMinutesEnd(within milliseconds: Int) {
        let left = 60_000 - venueTime % 60_000
        exchange.publisher.clockOffset += max(0, left - milliseconds)
    }

    /// The true book of a market, and how far each of its book streams has told it; nil for an unknown one.
    func book(_ request: HTTPRequest) -> ByteBuffer? {
        guard let venue = request.parameter("venue").flatMap(Venue.init(rawValue:)) else { return nil }
        let label = request.parameter("market")
        let symbol = request.parameter("symbol") ?? ""
        let found = exchange.generator.instruments.first {
            $0.venue == venue && $0.name == symbol && (label == nil || $0.segment.label(venue) == label)
        }
        guard let found else { return nil }
        let market = exchange.market(found)
        let book = market.book.snapshot(request.parameter("limit").flatMap { Int($0) } ?? 100_000)
        let out = ByteBuffer(capacity: 1 << 16)
        var row = ObjectWriter(out)
        row.text("symbol", string: symbol)
        row.number("sequence", book.sequence)
        row.flag("paused", exchange.run.isPaused)
        for (name, levels) in [("bids", book.bids), ("asks", book.asks)] as [(StaticString, [Level])] {
            row.key(name)
            BinanceFrames(instrument: found, sent: 0, engine: 0).levels(levels, out)
        }
        row.key("streams")
        let told = market.streams.compactMap { stream in stream.feed.map { (stream.name, $0.previous) } }
        out.append(text: "{" + told.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}")
        row.end()
        return out
    }

    /// Counts of everything, as JSON.
    var statistics: ByteBuffer {
        let out = ByteBuffer(capacity: 1 << 14)
        let uptime = (md_monotonic_nanos().asInt - started) / 1_000_000
        out.append(text: "{\"uptime_ms\":\(uptime),\"cpu_ms\":\(md_cpu_nanos() / 1_000_000)")
        out.append(text: ",\"resident_bytes\":\(md_resident_bytes()),\"frames\":\(exchange.publisher.frames)")
        out.append(text: ",\"log_lines\":\(log.lines),\"session\":\(exchange.player.state),\"connections\":[")
        let open = server.connections.filter { $0.session.endpoint != nil }
        out.append(text: open.map(describe).joined(separator: ","))
        out.append("],\"streams\":{")
        let streams = exchange.registry.streams.values.sorted { $0.key < $1.key }
        for (index, stream) in streams.enumerated() {
            if index > 0 { out.append(44) }
            out.appendQuoted(stream.key)
            out.append(text: ":{\"frames\":\(stream.frames),\"first_id\":\"\(stream.firstID)\",")
            out.append(text: "\"last_id\":\"\(stream.lastID)\",\"subscribers\":\(stream.subscribers.count)}")
        }
        out.append("}}")
        return out
    }

    private func describe(_ connection: Connection) -> String {
        let endpoint = connection.session.endpoint
        let venue = endpoint?.venue.rawValue ?? ""
        let market = endpoint?.label ?? ""
        return "{\"conn\":\(connection.id),\"venue\":\"\(venue)\",\"market\":\"\(market)\""
            + ",\"route\":\"\(endpoint?.route.rawValue ?? "")\",\"state\":\"\(connection.phase)\""
            + ",\"streams\":\(connection.session.streams.count),\"silent\":\(connection.session.silenced.count)"
            + ",\"queued_bytes\":\(connection.queued),\"unsent_bytes\":\(connection.output.count)}"
    }
}
