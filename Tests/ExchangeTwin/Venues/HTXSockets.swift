// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

// What clients say to HTX, and the two dialects in which it answers.
extension HTXDesk {
    func received(_ message: [UInt8], on connection: Connection, now: Int) {
        guard let endpoint = connection.session.endpoint, let socket = HTXSocket(endpoint) else { return }
        let parsed = message.withUnsafeBufferPointer { try? JSONReader.read($0) }
        if socket.isNotices {
            notices(parsed, socket, connection, now: now)
        } else {
            market(parsed, socket, connection, now: now)
        }
    }

    private var milliseconds: Int { exchange.sendTime }

    // MARK: - Market sockets

    private func market(_ message: JSONText?, _ socket: HTXSocket, _ connection: Connection, now: Int) {
        guard let message else { return fail(connection, nil, "bad-request", "invalid json") }
        if let pong = message["pong"] { return answered(pong, connection, now: now) }
        if let ping = message["ping"] {
            guard case .number(let text) = ping, Int(text) != nil else {
                return fail(connection, nil, "bad-request", "invalid ping")
            }
            return send(connection, "{\"pong\":\(text)}")
        }
        let id = message["id"]
        guard mayAsk(connection, now: now) else {
            return fail(connection, id, "too-many-request", "too many requests")
        }
        let incremental = message["data_type"]?.string == "incremental"
        if let name = message["sub"]?.string {
            guard let (topic, instrument) = find(name, incremental, socket, connection, id) else { return }
            confirm(connection, id, "subbed", topic.name)
            join(connection, topic, instrument)
        } else if let name = message["unsub"]?.string {
            guard let (topic, instrument) = find(name, incremental, socket, connection, id) else { return }
            leave(connection, topic, instrument)
            if case .highFrequency(let levels, _) = topic.channel {
                // The name alone does not say which form was subscribed.
                let other = HTXTopic(name, incremental: !incremental, on: socket) ?? topic
                if levels > 0 { leave(connection, other, instrument) }
            }
            confirm(connection, id, "unsubbed", topic.name)
        } else if let name = message["req"]?.string {
            guard let (topic, instrument) = find(name, incremental, socket, connection, id) else { return }
            reply(connection, message, topic, instrument)
        } else {
            fail(connection, id, "bad-request", "invalid command")
        }
    }

    private func mayAsk(_ connection: Connection, now: Int) -> Bool {
        guard exchange.options.limits else { return true }
        return connection.session.messages.take(now: now, limit: 50, span: 1_000_000_000)
    }

    private func find(
        _ name: String,
        _ incremental: Bool,
        _ socket: HTXSocket,
        _ connection: Connection,
        _ id: JSONText?
    ) -> (HTXTopic, Instrument)? {
        guard let topic = HTXTopic(name, incremental: incremental, on: socket) else {
            fail(connection, id, "bad-request", "invalid topic \(name)")
            return nil
        }
        guard let instrument = instrument(topic.symbol, socket) else {
            fail(connection, id, socket.isSpot ? "invalid-parameter" : "bad-request", "invalid symbol")
            return nil
        }
        return (topic, instrument)
    }

    /// An instrument of a socket; dated contracts by their alias too: `BTC-USDT-CQ`.
    private func instrument(_ symbol: String, _ socket: HTXSocket) -> Instrument? {
        switch socket {
        case .spot, .feed: exchange.instrument(.htx, .spot, symbol)
        case .inverse, .inverseNotices: contract(symbol, .inverse)
        case .futures, .futuresNotices: delivery(symbol)
        case .linear, .linearNotices: contract(symbol, .linear)
        case .index: contract(symbol, .linear) ?? contract(symbol, .inverse)
        }
    }

    func contract(_ symbol: String, _ segment: Segment) -> Instrument? {
        if let known = exchange.instrument(.htx, segment, symbol) { return known }
        let parts = symbol.split(separator: "-")
        guard parts.count == 3, let quarter = ["CQ": 0, "NQ": 1][parts[2]] else { return nil }
        return exchange.instruments(.htx, segment).first {
            $0.expiry?.quarter == quarter && $0.base == parts[0] && $0.quote == parts[1]
        }
    }

    /// A coin-margined contract with an end, by its code or its alias: `BTC261225`, `BTC_CQ`.
    func delivery(_ symbol: String) -> Instrument? {
        exchange.instruments(.htx, .inverse).first { instrument in
            guard let expiry = instrument.expiry else { return false }
            let alias = "\(instrument.base)_\(expiry.quarter == 0 ? "CQ" : "NQ")"
            return symbol == instrument.name || symbol == alias
        }
    }

    private func confirm(_ connection: Connection, _ id: JSONText?, _ word: String, _ topic: String) {
        let out = ByteBuffer()
        out.append("{\"id\":")
        (id ?? .null).write(to: out)
        out.append(text: ",\"status\":\"ok\",\"\(word)\":\"\(topic)\",\"ts\":\(milliseconds)}")
        send(connection, out.text)
    }

    private func fail(_ connection: Connection, _ id: JSONText?, _ code: String, _ text: String) {
        let out = ByteBuffer()
        out.append(123)
        if let id {
            out.append("\"id\":")
            id.write(to: out)
            out.append(44)
        }
        out.append(text: "\"status\":\"error\",\"ts\":\(milliseconds),\"err-code\":\"\(code)\",\"err-msg\":")
        out.appendQuoted(text)
        out.append(125)
        send(connection, out.text)
    }

    // MARK: - One-time requests

    /// `{"req":…}`: the book with its sequence, candles, the last trades, the 24 hours.
    private func reply(
        _ connection: Connection,
        _ message: JSONText,
        _ topic: HTXTopic,
        _ instrument: Instrument
    ) {
        let market = exchange.market(instrument)
        let data: String?
        switch topic.channel {
        case .increments(let levels), .refresh(let levels):
            data = book(market, topic, levels)
        case .depth, .highFrequency: data = book(market, topic, 150)
        case .candles(let period):
            let begin = message["from"]?.integer
            let end = message["to"]?.integer
            data = HTXTables(exchange: exchange, market: market, topic: topic.name)
                .candles(period, from: begin, to: end, count: 300, newestFirst: false)
        case .trades:
            let size = min(max(message["size"]?.integer ?? 50, 1), 2000)
            data = HTXTables(exchange: exchange, market: market, topic: topic.name).matches(size)
        default: data = nil
        }
        let out = ByteBuffer()
        out.append("{\"id\":")
        (message["id"] ?? .null).write(to: out)
        out.append(text: ",\"rep\":\"\(topic.name)\",\"status\":\"ok\",\"data\":\(data ?? "null")}")
        send(connection, out.text)
    }

    /// The snapshot that increments follow on: `seqNum` of the last one told.
    private func book(_ market: Market, _ topic: HTXTopic, _ levels: Int) -> String {
        let stream = exchange.registry.find(.htx, market.instrument.segment, topic.name)
        if let stream { exchange.flush(stream) }
        var book = exchange.publisher.faults.snapshot(of: market, levels)
        if let told = stream?.feed?.previous, book.sequence == market.book.sequence { book.sequence = told }
        let frames = HTXFrames(topic: topic.name, market: market, now: milliseconds, out: ByteBuffer())
        frames.out.append(123)
        frames.member("seqNum", book.sequence, first: true)
        frames.levels("bids", book.bids)
        frames.levels("asks", book.asks)
        frames.out.append(125)
        return frames.out.text
    }

    // MARK: - Notification sockets

    private func notices(_ message: JSONText?, _ socket: HTXSocket, _ connection: Connection, now: Int) {
        guard let message, let operation = message["op"]?.string else {
            return send(
                connection,
                "{\"op\":\"error\",\"ts\":\(milliseconds),\"err-code\":2001,\"err-msg\":\"invalid request\"}"
            )
        }
        switch operation {
        case "pong": answered(message["ts"] ?? .null, connection, now: now)
        case "ping":
            let text = message["ts"]?.scalar ?? "\(milliseconds)"
            send(connection, "{\"op\":\"pong\",\"ts\":\"\(text)\"}")
        case "auth":
            send(
                connection,
                "{\"op\":\"auth\",\"type\":\"api\",\"ts\":\(milliseconds),\"err-code\":2002,\"err-msg\":\"auth.fail\"}"
            )
        case "sub", "unsub": change(message, operation, socket, connection, now: now)
        default: tell(connection, message, operation, code: 2001, "invalid op")
        }
    }

    private func change(
        _ message: JSONText,
        _ operation: String,
        _ socket: HTXSocket,
        _ connection: Connection,
        now: Int
    ) {
        guard mayAsk(connection, now: now) else {
            return tell(connection, message, operation, code: 1032, "too many requests")
        }
        guard let topic = HTXTopic(message["topic"]?.string ?? "", on: socket) else {
            return tell(connection, message, operation, code: 2014, "invalid topic")
        }
        let meant = noticed(topic.symbol, socket)
        guard !meant.isEmpty else {
            return tell(connection, message, operation, code: 2011, "Contract doesnt exist")
        }
        tell(connection, message, operation, code: 0, nil)
        // Dated contracts have no funding.
        for instrument in meant where topic.channel != .funding || instrument.isPerpetual {
            if operation == "sub" {
                join(connection, topic, instrument)
            } else {
                leave(connection, topic, instrument)
            }
        }
    }

    /// The contracts of a notice: one, those of a coin (with an end), or all.
    private func noticed(_ symbol: String, _ socket: HTXSocket) -> [Instrument] {
        guard socket == .linearNotices else {
            let dated = socket == .futuresNotices
            return exchange.instruments(.htx, .inverse).filter {
                ($0.expiry != nil) == dated && (symbol == "*" || symbol == (dated ? $0.base : $0.name))
            }
        }
        let one = symbol == "*" ? nil : contract(symbol, .linear)
        return symbol == "*" ? exchange.instruments(.htx, .linear) : [one].compactMap { $0 }
    }

    private func tell(
        _ connection: Connection,
        _ message: JSONText,
        _ operation: String,
        code: Int,
        _ text: String?
    ) {
        let out = ByteBuffer()
        out.append("{\"op\":")
        out.appendQuoted(operation)
        if let cid = message["cid"] {
            out.append(",\"cid\":")
            cid.write(to: out)
        }
        out.append(",\"topic\":")
        out.appendQuoted(message["topic"]?.string ?? "")
        out.append(text: ",\"ts\":\(milliseconds),\"err-code\":\(code)")
        if let text {
            out.append(",\"err-msg\":")
            out.appendQuoted(text)
        }
        out.append(125)
        send(connection, out.text)
    }

    // MARK: - Heartbeats

    /// A pong counts when it carries what the last ping carried, a number or a string as it was.
    private func answered(_ pong: JSONText, _ connection: Connection, now: Int) {
        let out = ByteBuffer()
        pong.write(to: out)
        guard out.text == connection.session.awaited else { return }
        connection.session.pongSeen = now
        connection.session.unanswered = 0
    }

    /// A ping every five seconds; two without an answer end the connection.
    func keep(_ connection: Connection, now: Int) {
        let interval = exchange.options.venues.htxPingMilliseconds * 1_000_000
        guard interval > 0, now - max(connection.session.pingSent, connection.openedAt) >= interval else {
            return
        }
        guard connection.session.unanswered < 2 else {
            return connection.close(code: 1003, reason: "ping check expired")
        }
        connection.session.pingSent = now
        connection.session.unanswered += 1
        guard let endpoint = connection.session.endpoint, HTXSocket(endpoint)?.isNotices == true else {
            connection.session.awaited = "\(milliseconds)"
            return send(connection, "{\"ping\":\(milliseconds)}")
        }
        connection.session.awaited = "\"\(milliseconds)\""
        send(connection, "{\"op\":\"ping\",\"ts\":\"\(milliseconds)\"}")
    }

    /// The `op` sockets announce their end, the others do not.
    func announceEnd(_ connection: Connection) -> Bool {
        guard let endpoint = connection.session.endpoint, HTXSocket(endpoint)?.isNotices == true else {
            return false
        }
        send(connection, "{\"op\":\"close\",\"ts\":\(milliseconds)}")
        return true
    }
}
