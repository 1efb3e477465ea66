// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// Binance's WebSocket side: subscriptions, errors and pings as the sheet's section 2 gives them.
final class BinanceDesk: VenueDesk {
    let venue = Venue.binance
    private unowned let exchange: Exchange
    private let rest: BinanceREST
    private let closing = Array("}".utf8)

    init(exchange: Exchange) {
        self.exchange = exchange
        rest = BinanceREST(exchange: exchange)
    }

    // MARK: - Paths

    var endpoints: [(name: String, path: String)] {
        let futures = ["usdm", "coinm"].flatMap { market in
            [
                ("\(market)_public_ws", "/binance/\(market)/public"),
                ("\(market)_market_ws", "/binance/\(market)/market"),
                ("\(market)_rest", "/binance/\(market)"),
            ]
        }
        return [("spot_ws", "/binance/spot"), ("spot_rest", "/binance/spot")] + futures
    }

    func endpoint(_ parts: ArraySlice<String>) -> Endpoint? {
        var tail = parts
        guard let word = tail.popFirst(),
            let segment = Segment.allCases.first(where: { $0.label(.binance) == word })
        else { return nil }
        var route = Route.all
        if segment != .spot {
            // The unrouted URLs still connect and carry book data only.
            route = .publicBook
            if let routed = tail.first.flatMap(Route.init(rawValue:)), routed != .business {
                route = routed
                tail = tail.dropFirst()
            }
        }
        let rest = "/" + tail.joined(separator: "/")
        return Endpoint(venue: venue, segment: segment, route: route, rest: rest, label: word)
    }

    func answer(_ request: HTTPRequest, _ endpoint: Endpoint) -> HTTPAnswer { rest.answer(request, endpoint) }
    var tooMany: HTTPAnswer { HTTPAnswer(status: 429, json: BinanceREST.tooMany) }
    var unavailable: HTTPAnswer {
        HTTPAnswer(
            status: 503,
            json:
                "{\"code\":-1008,\"msg\":\"Server is currently overloaded with other requests. Please try again in a few minutes.\"}"
        )
    }
    let connectLimit = (count: 300, seconds: 300)

    func accepts(_ request: HTTPRequest, _ endpoint: Endpoint) -> Bool { target(request, endpoint) != nil }

    /// The streams that a URL asks for, and whether frames are wrapped; nil for a path that does not exist.
    private func target(_ request: HTTPRequest, _ endpoint: Endpoint) -> (streams: [String], combined: Bool)?
    {
        let parts = endpoint.rest.split(separator: "/").map(String.init)
        switch parts.first {
        case "ws": return (Array(parts.dropFirst()), false)
        case "stream":
            let names = request.parameter("streams") ?? ""
            return (names.split(separator: "/").map(String.init), true)
        default: return nil
        }
    }

    func opened(_ connection: Connection, _ request: HTTPRequest) {
        guard let endpoint = connection.session.endpoint, let target = target(request, endpoint) else {
            return
        }
        connection.session.combined = target.combined
        for name in target.streams { subscribe(connection, name) }
    }

    func put(_ payload: UnsafeBufferPointer<UInt8>, of stream: Stream, on connection: Connection) {
        if connection.session.combined {
            connection.send(.text, stream.combinedPrefix, payload, closing)
        } else {
            connection.send(.text, [], payload, [])
        }
    }

    // MARK: - Messages

    /// Counts a message or control frame; cuts the connection when it comes too fast.
    func mayReceive(_ opcode: Opcode, on connection: Connection, now: Int) -> Bool {
        guard exchange.options.limits else { return true }
        let limit = connection.session.endpoint?.segment == .spot ? 5 : 10
        guard !connection.session.messages.take(now: now, limit: limit, span: 1_000_000_000) else {
            return true
        }
        connection.close(code: 1008, reason: "Too many requests")
        return false
    }

    func received(_ message: [UInt8], on connection: Connection, now: Int) {
        let parsed: JSONText
        do {
            parsed = try message.withUnsafeBufferPointer { bytes throws(JSONFailure) in
                try JSONReader.read(bytes)
            }
        } catch {
            let text = "Invalid JSON: expected \(error.expected) at line 1 column \(error.offset + 1)"
            return fail(connection, code: 3, text, id: nil)
        }
        let id = parsed["id"]
        guard let method = parsed["method"]?.string else {
            return fail(
                connection,
                code: 2,
                "Invalid request: missing field `method` at line 1 column \(message.count)",
                id: nil
            )
        }
        let names = parsed["params"]?.items?.compactMap(\.string)
        switch method {
        case "SUBSCRIBE", "UNSUBSCRIBE":
            guard let names else {
                let text = "Invalid request: missing field `params` at line 1 column \(message.count)"
                return fail(connection, code: 2, text, id: id)
            }
            answer(connection, "null", id: id)
            for name in names {
                if method == "SUBSCRIBE" {
                    subscribe(connection, name)
                } else {
                    unsubscribe(connection, name)
                }
            }
        case "LIST_SUBSCRIPTIONS": answer(connection, list(connection), id: id)
        case "SET_PROPERTY", "GET_PROPERTY":
            property(connection, method, parsed["params"]?.items ?? [], id: id)
        default:
            let end = String(decoding: message, as: UTF8.self).range(of: "\"\(method)\"")
            let text =
                "Invalid request: unknown variant \(method), expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, "
                + "`LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY` at line 1 column \(end ?? message.count)"
            fail(connection, code: 2, text, id: nil)
        }
    }

    private func property(_ connection: Connection, _ method: String, _ parameters: [JSONText], id: JSONText?)
    {
        guard parameters.first?.string == "combined" else {
            return fail(connection, code: 0, "Unknown property", id: id)
        }
        guard method == "SET_PROPERTY" else {
            return answer(connection, connection.session.combined ? "true" : "false", id: id)
        }
        guard let value = parameters.dropFirst().first?.flag else {
            return fail(connection, code: 1, "Invalid value type: expected Boolean", id: nil)
        }
        connection.session.combined = value
        answer(connection, "null", id: id)
    }

    private func answer(_ connection: Connection, _ result: String, id: JSONText?) {
        let out = ByteBuffer()
        out.append(text: "{\"result\":\(result),\"id\":")
        (id ?? .null).write(to: out)
        out.append(125)
        connection.send(text: out.text)
    }

    private func fail(_ connection: Connection, code: Int, _ text: String, id: JSONText?) {
        let out = ByteBuffer()
        out.append(text: "{\"code\":\(code),\"msg\":")
        out.appendQuoted(text)
        if let id {
            out.append(",\"id\":")
            id.write(to: out)
        }
        out.append(125)
        connection.send(text: out.text)
    }

    private func list(_ connection: Connection) -> String {
        let names = connection.session.streams.map(\.name) + connection.session.silenced
        let out = ByteBuffer()
        JSONText.array(names.map(JSONText.string)).write(to: out)
        return out.text
    }

    // MARK: - Streams

    private func subscribe(_ connection: Connection, _ name: String) {
        guard let endpoint = connection.session.endpoint else { return }
        let limit = endpoint.segment == .spot ? exchange.options.spotStreams : exchange.options.futuresStreams
        guard connection.session.streams.count + connection.session.silenced.count < limit else {
            return connection.close(code: 1008, reason: "Too many streams")
        }
        guard BinanceStreams.route(name, endpoint.segment) == endpoint.route else {
            // Acknowledged all the same, and silent for ever: an unknown name or the wrong route.
            connection.session.silenced.append(name)
            return
        }
        let parts = name.split(separator: "@", maxSplits: 1).map(String.init)
        let symbol = parts[0].uppercased()
        let plan = parts.count > 1 ? BinanceStreams.plan(parts[1], endpoint.segment) : nil
        let known =
            parts[0] == parts[0].lowercased() ? exchange.market(.binance, endpoint.segment, symbol) : nil
        exchange.subscribe(
            connection,
            name,
            symbol: symbol,
            segment: endpoint.segment,
            desk: self,
            known,
            plan
        )
    }

    private func unsubscribe(_ connection: Connection, _ name: String) {
        connection.session.silenced.removeAll { $0 == name }
        guard let endpoint = connection.session.endpoint,
            let stream = exchange.registry.find(.binance, endpoint.segment, name)
        else { return }
        exchange.registry.unsubscribe(connection, from: stream)
    }

    // MARK: - Frames

    func write(_ moment: Moment, _ stream: Stream, _ market: Market, into out: ByteBuffer) -> FrameMark? {
        let engine = exchange.engineTime
        let frames = BinanceFrames(instrument: market.instrument, sent: exchange.sendTime, engine: engine)
        switch moment {
        case .touch:
            frames.bookTicker(market, into: out)
            return FrameMark(market.book.sequence)
        case .match(let fill, let part):
            frames.trade(fill, part: part, into: out)
            return FrameMark(fill.firstID + part)
        case .fill(let fill):
            frames.aggregate(fill, into: out)
            return FrameMark(fill.aggregateID)
        case .book(let delta):
            frames.depth(delta, into: out)
            return FrameMark(delta.last, more: ",\"from\":\(delta.previous)")
        case .candle(let candle, let closed):
            guard let interval = stream.series?.interval else { return nil }
            let name = stream.name.split(separator: "@").dropFirst().first?.dropFirst(6) ?? ""
            frames.kline(candle, interval, name: String(name), closed: closed, into: out)
            return FrameMark(candle: candle, closed: closed)
        case .liquidation(let liquidation):
            frames.forceOrder(liquidation, into: out)
            return FrameMark(liquidation.fill.id)
        case .tick: return summary(frames, stream, market, into: out)
        }
    }

    private func summary(
        _ frames: BinanceFrames,
        _ stream: Stream,
        _ market: Market,
        into out: ByteBuffer
    ) -> FrameMark? {
        switch stream.kind {
        case "ticker": frames.ticker(market.lastDay(at: frames.engine), market, into: out)
        case "mini_ticker": frames.miniTicker(market.lastDay(at: frames.engine), into: out)
        case "mark":
            let generator = exchange.generator
            frames.markPrice(generator.mark(market), generator.index(market.instrument), into: out)
        case "partial_book":
            let channel = stream.name.split(separator: "@").dropFirst().first ?? ""
            let limit = Int(channel.dropFirst(5)) ?? 5
            frames.partial(market, limit, previous: max(stream.lastID, 0), into: out)
            return FrameMark(market.book.sequence)
        default: return nil
        }
        return FrameMark(frames.sent)
    }

    // MARK: - Time

    func announcesRotation(_ connection: Connection) -> Bool {
        connection.session.endpoint?.segment == .spot
    }

    func announceEnd(_ connection: Connection) -> Bool {
        let event = "{\"e\":\"serverShutdown\",\"E\":\(exchange.sendTime)}"
        let combined = connection.session.combined
        connection.send(text: combined ? "{\"stream\":\"!serverShutdown\",\"data\":\(event)}" : event)
        return true
    }

    /// Server pings, pong deadlines and the end of a connection's life.
    func keep(_ connection: Connection, now: Int) {
        let options = exchange.options
        let spot = connection.session.endpoint?.segment == .spot
        let interval = (spot ? options.spotPingMilliseconds : options.futuresPingMilliseconds) * 1_000_000
        let patience = (spot ? options.spotPongMilliseconds : options.futuresPongMilliseconds) * 1_000_000
        let session = connection.session
        if session.pingSent > session.pongSeen, now - session.pongSeen > patience + interval {
            return connection.close(code: 1008, reason: "Pong timeout")
        }
        guard interval > 0, now - max(session.pingSent, connection.openedAt) >= interval else { return }
        connection.session.pingSent = now
        connection.send(.ping, Array(String(md_wall_nanos() / 1_000_000).utf8))
    }
}

extension String {
    /// How many bytes of this text end with the first occurrence of `piece`.
    fileprivate func range(of piece: String) -> Int? {
        let text = Array(utf8)
        let wanted = Array(piece.utf8)
        guard text.count >= wanted.count else { return nil }
        for start in 0...(text.count - wanted.count)
        where text[start..<(start + wanted.count)].elementsEqual(wanted) {
            return start + wanted.count
        }
        return nil
    }
}
