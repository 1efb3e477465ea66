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
    private let binance: BinanceDesk
    private let okx: OKXDesk
    private let binanceREST: BinanceREST
    private let okxREST: OKXREST
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
        binance = BinanceDesk(exchange: exchange)
        okx = OKXDesk(exchange: exchange)
        binanceREST = BinanceREST(exchange: exchange)
        okxREST = OKXREST(exchange: exchange)
        server.delegate = self
    }

    /// Loads the script and serves until a signal or `POST /shutdown`; false when the script can't be read.
    func run() -> Bool {
        if let script = options.script, !faults.load(script: script) { return false }
        var writeEnd: Int32 = -1
        if md_pipe(&signals, &writeEnd) == 0 { _ = md_signals_to_fd(writeEnd) }
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
        guard let endpoint = Endpoint(path: request.path) else {
            return answer(HTTPAnswer(status: 404, json: "{}"), on: connection)
        }
        switch faults.request(endpoint, upgrade: request.wantsUpgrade) {
        case .serve: break
        case .reset: return server.remove(connection, reset: true, reason: "refused")
        case .fail(let failure):
            log.note("http", "\(failure.status)", ",\"conn\":\(connection.id),\"path\":\"\(endpoint.rest)\"")
            return answer(failure, on: connection, endpoint)
        }
        guard request.wantsUpgrade else {
            let made =
                endpoint.venue == .binance
                ? binanceREST.answer(request, endpoint) : okxREST.answer(request, endpoint)
            return answer(made, on: connection, endpoint)
        }
        upgrade(connection, request, endpoint)
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

    private func upgrade(_ connection: Connection, _ request: HTTPRequest, _ endpoint: Endpoint) {
        let now = md_monotonic_nanos().asInt
        guard exchange.mayConnect(endpoint.venue, now: now) else {
            var refusal = HTTPAnswer(
                status: 429,
                json: endpoint.venue == .okx ? OKXREST.tooMany : BinanceREST.tooMany
            )
            refusal.headers.append(("Retry-After", endpoint.venue == .okx ? "1" : "60"))
            return answer(refusal, on: connection, endpoint)
        }
        let target = endpoint.venue == .binance ? binance.target(endpoint, request) : ([], false)
        let known = endpoint.venue == .binance || endpoint.route != .all
        guard let key = request.headers["sec-websocket-key"], let target, known else {
            return answer(HTTPAnswer(status: 404, json: "{}"), on: connection, endpoint)
        }
        connection.queue {
            $0.append("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
            $0.append(text: "Sec-WebSocket-Accept: \(webSocketAccept(key: key))\r\n\r\n")
        }
        connection.phase = .webSocket
        connection.session.endpoint = endpoint
        connection.session.pongSeen = now
        connection.session.lastSent = now
        let name = String((connection.id &* 0x9E37_79B1) & 0xFFFF_FFFF, radix: 16)
        connection.session.connectionName = String(repeating: "0", count: 8 - name.count) + name
        log.note(
            "open",
            request.path,
            ",\"conn\":\(connection.id),\"venue\":\"\(endpoint.venue.rawValue)\""
                + ",\"market\":\"\(endpoint.venue == .okx ? endpoint.route.rawValue : endpoint.segment.label(.binance))\""
        )
        if endpoint.venue == .binance {
            binance.opened(connection, streams: target.streams, combined: target.combined)
        }
    }

    func received(_ opcode: Opcode, _ payload: [UInt8], on connection: Connection) {
        guard let endpoint = connection.session.endpoint else { return }
        let now = md_monotonic_nanos().asInt
        if endpoint.venue == .binance, opcode != .close, !binance.mayReceive(connection, now: now) { return }
        switch opcode {
        case .ping: connection.send(.pong, payload)
        case .pong: connection.session.pongSeen = now
        case .close:
            connection.send(.close, Array(payload.prefix(2)))
            connection.finish("client close")
        case .text, .binary, .continuation:
            if endpoint.venue == .binance {
                binance.received(payload, on: connection)
            } else {
                okx.received(payload, on: connection, now: now)
            }
        }
    }

    // MARK: - Time

    func turn(now: Int) -> Int {
        exchange.publisher.wall = md_wall_nanos().asInt
        faults.turn(now: now)
        let running = exchange.produce(now: now)
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
        for connection in server.connections where connection.phase == .webSocket {
            if let due = connection.session.closeAt, now >= due {
                connection.close(code: 1001, reason: "going away")
            } else if now - connection.openedAt > life {
                connection.close(code: 1001, reason: "24h")
            } else if connection.session.endpoint?.venue == .binance {
                binance.keep(connection, now: now)
            } else {
                okx.keep(connection, now: now)
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

// MARK: - For the control port

extension Twin {
    var board: FaultBoard { faults }
    var sentLog: SentLog { log }

    func stop() { server.stopping = true }

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
        let market = endpoint.map { $0.venue == .okx ? $0.route.rawValue : $0.segment.label(.binance) } ?? ""
        return "{\"conn\":\(connection.id),\"venue\":\"\(venue)\",\"market\":\"\(market)\""
            + ",\"route\":\"\(endpoint?.route.rawValue ?? "")\",\"state\":\"\(connection.phase)\""
            + ",\"streams\":\(connection.session.streams.count),\"silent\":\(connection.session.silenced.count)"
            + ",\"queued_bytes\":\(connection.queued),\"unsent_bytes\":\(connection.output.count)}"
    }
}
