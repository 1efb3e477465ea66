// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// The in-house gateway of deploy/docs/gateway-protocol.md: nothing before CONNECT, data after CONNECTED.
final class GatewayDesk: VenueDesk {
    unowned let exchange: Exchange
    let venue = Venue.gateway
    private let rest: GatewayREST
    private var channels: [ObjectIdentifier: GatewayChannel] = [:]

    init(exchange: Exchange) {
        self.exchange = exchange
        rest = GatewayREST(exchange: exchange)
    }

    // MARK: - Where things are

    let endpoints: [(name: String, path: String)] = [("ws", "/gateway/ws"), ("rest", "/gateway")]

    func endpoint(_ parts: ArraySlice<String>) -> Endpoint? {
        Endpoint(
            venue: venue,
            segment: .spot,
            route: .all,
            rest: "/" + parts.joined(separator: "/"),
            label: "gateway",
            spansMarkets: true
        )
    }

    func answer(_ request: HTTPRequest, _ endpoint: Endpoint) -> HTTPAnswer { rest.answer(request, endpoint) }
    var tooMany: HTTPAnswer { GatewayREST.refusal(429, "RATE_LIMITED", "too many requests") }
    var unavailable: HTTPAnswer { GatewayREST.refusal(503, "INTERNAL", "maintenance") }
    let connectLimit = (count: 10, seconds: 1)

    func accepts(_ request: HTTPRequest, _ endpoint: Endpoint) -> Bool { endpoint.rest == "/ws" }

    // MARK: - Messages

    func mayReceive(_ opcode: Opcode, on connection: Connection, now: Int) -> Bool {
        guard exchange.options.limits,
            !connection.session.messages.take(now: now, limit: 20, span: 1_000_000_000)
        else { return true }
        fail(connection, GatewayProblem("RATE_LIMITED", "more than 20 messages in a second", closing: 4429))
        return false
    }

    func received(_ message: [UInt8], on connection: Connection, now: Int) {
        let connected = connection.session.subscribed
        let bad = { (text: String) in GatewayProblem("BAD_REQUEST", text, closing: connected ? nil : 4400) }
        guard message.count <= 65536,
            let parsed = message.withUnsafeBufferPointer({ try? JSONReader.read($0) })
        else {
            return fail(connection, bad("not a JSON object of at most 64 KiB"))
        }
        guard let type = parsed["type"]?.string,
            ["CONNECT", "SUBSCRIBE", "UNSUBSCRIBE", "PONG"].contains(type)
        else {
            return fail(connection, bad("unknown type"))
        }
        switch (type, connected) {
        case ("CONNECT", false): connect(connection, parsed)
        case ("CONNECT", true):
            fail(connection, GatewayProblem("ALREADY_CONNECTED", "this connection is connected"))
        case (_, false):
            fail(connection, GatewayProblem("NOT_CONNECTED", "CONNECT comes first", closing: 4400))
        case ("PONG", true):
            guard parsed["id"]?.scalar == connection.session.awaited else { return }
            connection.session.pongSeen = now
        default: change(connection, parsed, adding: type == "SUBSCRIBE")
        }
    }

    private func fail(_ connection: Connection, _ problem: GatewayProblem) {
        connection.send(text: problem.text)
        if let code = problem.closing { connection.close(code: code, reason: problem.code) }
    }

    // MARK: - CONNECT

    private func connect(_ connection: Connection, _ message: JSONText) {
        guard message["csrf_token"]?.string == exchange.options.venues.gatewayToken else {
            return fail(connection, GatewayProblem("BAD_TOKEN", "csrf token refused", closing: 4401))
        }
        guard let word = message["market_type"]?.string else {
            return fail(connection, GatewayProblem("BAD_REQUEST", "market_type is missing", closing: 4400))
        }
        guard let segment = Segment(rawValue: word) else {
            return fail(
                connection,
                GatewayProblem("UNKNOWN_MARKET_TYPE", "no such market type: \(word)", closing: 4400)
            )
        }
        guard let wish = GatewayWish(message, needsTicks: false) else {
            return fail(
                connection,
                GatewayProblem("BAD_REQUEST", "symbols or resolutions are missing", closing: 4400)
            )
        }
        connection.session.segment = segment
        let accepted = accept(wish, connection, segment, request: nil)
        if let first = accepted.symbols.first, exchange.publisher.faults.sendsEarly(connection) {
            sendEarly(connection, segment, first)
        }
        connection.session.subscribed = true
        connection.session.pongSeen = md_monotonic_nanos().asInt
        let out = ByteBuffer()
        var row = ObjectWriter(out)
        row.text("type", "CONNECTED")
        row.text("session", string: connection.session.connectionName)
        row.text("market_type", string: segment.rawValue)
        accepted.write(&row)
        row.number("heartbeat_ms", exchange.options.venues.gatewayPingMilliseconds)
        row.number("time_us", microseconds)
        row.end()
        connection.send(text: out.text)
        for (channel, instrument) in pairs(accepted, segment) { join(connection, channel, instrument) }
    }

    private var microseconds: Int { exchange.sendTime * 1000 }

    /// What of a wish there is; everything else is answered with an error of its own.
    private func accept(
        _ wish: GatewayWish,
        _ connection: Connection,
        _ segment: Segment,
        request: String?
    ) -> GatewayWish {
        var accepted = GatewayWish()
        var known = Set(connection.session.streams.map(\.symbol))
        for symbol in wish.symbols {
            guard exchange.instrument(.gateway, segment, symbol) != nil else {
                let text = "no such symbol on \(segment.rawValue)"
                fail(
                    connection,
                    GatewayProblem("UNKNOWN_SYMBOL", text, request: request, about: ("symbol", symbol))
                )
                continue
            }
            guard known.contains(symbol) || known.count < 500 || !exchange.options.limits else {
                let text = "at most 500 symbols a connection"
                fail(
                    connection,
                    GatewayProblem("TOO_MANY_SYMBOLS", text, request: request, about: ("symbol", symbol))
                )
                continue
            }
            known.insert(symbol)
            accepted.symbols.append(symbol)
        }
        for name in wish.resolutions {
            guard GatewayChannel.resolution(name) == nil else {
                accepted.resolutions.append(name)
                continue
            }
            let about = ("resolution", name)
            fail(
                connection,
                GatewayProblem("UNKNOWN_RESOLUTION", "no such resolution", request: request, about: about)
            )
        }
        for name in wish.ticks {
            guard name != "trade" && name != "quote" else {
                accepted.ticks.append(name)
                continue
            }
            fail(
                connection,
                GatewayProblem("UNKNOWN_TICK", "no such tick", request: request, about: ("tick", name))
            )
        }
        return accepted
    }

    private func pairs(_ wish: GatewayWish, _ segment: Segment) -> [(GatewayChannel, Instrument)] {
        let ticks = wish.ticks.map { $0 == "trade" ? GatewayChannel.trade : .quote }
        let channels = ticks + wish.resolutions.compactMap(GatewayChannel.resolution)
        return wish.symbols.compactMap { exchange.instrument(.gateway, segment, $0) }.flatMap { instrument in
            channels.map { ($0, instrument) }
        }
    }

    /// Data before CONNECTED, which no client may take: the last trade with another price.
    private func sendEarly(_ connection: Connection, _ segment: Segment, _ symbol: String) {
        guard let instrument = exchange.instrument(.gateway, segment, symbol) else { return }
        let market = exchange.market(instrument)
        let out = ByteBuffer()
        var row = ObjectWriter(out)
        row.text("type", "TRADE")
        row.text("symbol", instrument.nameBytes)
        row.number("id", market.tradeID + 1)
        row.price("price", instrument, market.lastTicks + 77)
        row.size("size", instrument, 1)
        row.text("side", "buy")
        row.number("time_us", microseconds)
        row.end()
        connection.send(text: out.text)
    }

    // MARK: - SUBSCRIBE, UNSUBSCRIBE

    private func change(_ connection: Connection, _ message: JSONText, adding: Bool) {
        guard let request = message["request"]?.string, request.utf8.count <= 32,
            let wish = GatewayWish(message, needsTicks: true), let segment = connection.session.segment
        else {
            return fail(
                connection,
                GatewayProblem("BAD_REQUEST", "request, symbols, resolutions or ticks are missing")
            )
        }
        let accepted = accept(wish, connection, segment, request: request)
        let out = ByteBuffer()
        var row = ObjectWriter(out)
        row.text("type", adding ? "SUBSCRIBED" : "UNSUBSCRIBED")
        row.text("request", string: request)
        accepted.write(&row)
        row.number("time_us", microseconds)
        row.end()
        connection.send(text: out.text)
        for (channel, instrument) in pairs(accepted, segment) {
            if adding {
                join(connection, channel, instrument)
            } else {
                leave(connection, channel, instrument)
            }
        }
    }

    private func join(_ connection: Connection, _ channel: GatewayChannel, _ instrument: Instrument) {
        let name = "\(channel.name):\(instrument.name)"
        let segment = instrument.segment
        if connection.session.streams.contains(where: { $0.name == name }) { return }
        let stream = exchange.registry.stream(
            .gateway,
            segment,
            name,
            symbol: instrument.name,
            kind: channel.plan.kind
        )
        channels[ObjectIdentifier(stream)] = channel
        exchange.subscribe(
            connection,
            name,
            symbol: instrument.name,
            segment: segment,
            desk: self,
            exchange.market(instrument),
            channel.plan
        )
    }

    private func leave(_ connection: Connection, _ channel: GatewayChannel, _ instrument: Instrument) {
        let name = "\(channel.name):\(instrument.name)"
        connection.session.silenced.removeAll { $0 == name }
        guard let stream = exchange.registry.find(.gateway, instrument.segment, name) else { return }
        exchange.registry.unsubscribe(connection, from: stream)
    }

    // MARK: - Frames

    func write(_ moment: Moment, _ stream: Stream, _ market: Market, into out: ByteBuffer) -> FrameMark? {
        guard let channel = channels[ObjectIdentifier(stream)] else { return nil }
        let frames = GatewayFrames(market: market, now: exchange.sendTime, out: out)
        switch (channel, moment) {
        case (.trade, .match(let fill, let part)):
            frames.trade(fill, part)
            return FrameMark(fill.firstID + part)
        case (.quote, .touch), (.quote, .tick):
            frames.quote()
            return FrameMark(market.book.sequence)
        case (.bar(let name, _), .candle(let candle, let closed)):
            guard candle.trades > 0 else { return nil }
            frames.bar(candle, name, closed: closed)
            return FrameMark(candle: candle, closed: closed)
        default: return nil
        }
    }

    /// The quote and the bars as they stand; trades are not told again.
    func greet(_ connection: Connection, _ stream: Stream, _ market: Market) {
        guard let channel = channels[ObjectIdentifier(stream)] else { return }
        func say(_ mark: FrameMark, _ write: (GatewayFrames) -> Void) {
            exchange.send(stream, to: connection, mark) {
                write(GatewayFrames(market: market, now: exchange.sendTime, out: $0))
            }
        }
        switch channel {
        case .trade: return
        case .quote: say(FrameMark(market.book.sequence)) { $0.quote() }
        case .bar(let name, _):
            guard let candle = stream.series?.current, candle.trades > 0 else { return }
            say(FrameMark(candle: candle, closed: false)) {
                $0.bar(candle, name, closed: false)
            }
        }
    }

    func revise(_ candle: JSONText) -> JSONText? {
        candle.editing("volume") { .string("1" + ($0.scalar ?? "")) }
    }

    // MARK: - Time

    func keep(_ connection: Connection, now: Int) {
        let options = exchange.options.venues
        guard connection.session.subscribed else {
            guard now - connection.openedAt > options.gatewayConnectMilliseconds * 1_000_000 else { return }
            return fail(connection, GatewayProblem("CONNECT_TIMEOUT", "no CONNECT in time", closing: 4408))
        }
        let interval = options.gatewayPingMilliseconds * 1_000_000
        guard interval > 0 else { return }
        if now - connection.session.pongSeen > 3 * interval {
            return fail(connection, GatewayProblem("PONG_TIMEOUT", "no PONG in time", closing: 4408))
        }
        guard now - max(connection.session.pingSent, connection.openedAt) >= interval else { return }
        connection.session.pingSent = now
        connection.session.awaited = "\(microseconds)"
        connection.send(text: "{\"type\":\"PING\",\"id\":\(microseconds)}")
    }

    func announceEnd(_ connection: Connection) -> Bool {
        let left =
            connection.session.closeAt.map { max(0, $0 - md_monotonic_nanos().asInt) / 1_000_000 } ?? 30_000
        connection.send(text: "{\"type\":\"CLOSING\",\"reason\":\"maintenance\",\"in_ms\":\(left)}")
        return true
    }
}
