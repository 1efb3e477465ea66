// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// Binance's WebSocket side: subscriptions, errors and pings as the sheet's section 2 gives them.
final class BinanceDesk {
    private let exchange: Exchange

    init(exchange: Exchange) { self.exchange = exchange }

    /// The streams that a URL asks for, and whether frames are wrapped; nil for a path that does not exist.
    func target(_ endpoint: Endpoint, _ request: HTTPRequest) -> (streams: [String], combined: Bool)? {
        let parts = endpoint.rest.split(separator: "/").map(String.init)
        switch parts.first {
        case "ws": return (Array(parts.dropFirst()), false)
        case "stream":
            let names = request.parameter("streams") ?? ""
            return (names.split(separator: "/").map(String.init), true)
        default: return nil
        }
    }

    func opened(_ connection: Connection, streams: [String], combined: Bool) {
        connection.session.combined = combined
        for name in streams { subscribe(connection, name) }
    }

    // MARK: - Messages

    /// Counts a message or control frame; cuts the connection when it comes too fast.
    func mayReceive(_ connection: Connection, now: Int) -> Bool {
        guard exchange.options.limits else { return true }
        let limit = connection.session.endpoint?.segment == .spot ? 5 : 10
        guard !connection.session.messages.take(now: now, limit: limit, span: 1_000_000_000) else {
            return true
        }
        connection.close(code: 1008, reason: "Too many requests")
        return false
    }

    func received(_ message: [UInt8], on connection: Connection) {
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
        guard BinanceDesk.route(name, endpoint.segment) == endpoint.route,
            !exchange.publisher.faults.silencesNew(.binance, endpoint.segment, name, connection)
        else {
            // Acknowledged all the same, and silent for ever: an unknown name or the wrong route.
            connection.session.silenced.append(name)
            return
        }
        let parts = name.split(separator: "@", maxSplits: 1).map(String.init)
        let symbol = parts[0].uppercased()
        let known =
            parts[0] == parts[0].lowercased() ? exchange.instrument(.binance, endpoint.segment, symbol) : nil
        let stream = exchange.registry.stream(
            .binance,
            endpoint.segment,
            name,
            symbol: symbol,
            kind: BinanceDesk.kind(parts.count > 1 ? parts[1] : "")
        )
        exchange.join(connection, stream, known)
    }

    private func unsubscribe(_ connection: Connection, _ name: String) {
        connection.session.silenced.removeAll { $0 == name }
        guard let endpoint = connection.session.endpoint,
            let stream = exchange.registry.find(.binance, endpoint.segment, name)
        else { return }
        exchange.registry.unsubscribe(connection, from: stream)
    }

    /// The route that carries a stream, nil for a name that is no stream.
    static func route(_ name: String, _ segment: Segment) -> Route? {
        let parts = name.split(separator: "@", maxSplits: 1)
        guard parts.count == 2 || name.hasPrefix("!") else { return nil }
        guard segment != .spot else { return .all }
        let channel = parts.count == 2 ? parts[1] : parts[0].dropFirst()
        let book = channel == "bookTicker" || channel == "trade" || channel.hasPrefix("depth")
        return book || channel.hasPrefix("rpiDepth") ? .publicBook : .market
    }

    static func kind(_ channel: String) -> String {
        switch channel {
        case "bookTicker": "bbo"
        case "trade": "trade"
        case "aggTrade": "agg_trade"
        default: channel
        }
    }

    // MARK: - Time

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
