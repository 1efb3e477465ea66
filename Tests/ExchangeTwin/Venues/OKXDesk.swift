// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// OKX's WebSocket side: one ack per argument, errors 60012 and 60018, text pings, as the sheet's section 2 gives them.
final class OKXDesk: VenueDesk {
    let venue = Venue.okx
    unowned let exchange: Exchange
    private let rest: OKXREST

    init(exchange: Exchange) {
        self.exchange = exchange
        rest = OKXREST(exchange: exchange)
    }

    // MARK: - Paths

    let endpoints: [(name: String, path: String)] = [
        ("public_ws", "/okx/ws/v5/public"), ("business_ws", "/okx/ws/v5/business"), ("rest", "/okx"),
    ]

    func endpoint(_ parts: ArraySlice<String>) -> Endpoint? {
        var route = Route.all
        if parts.prefix(2) == ["ws", "v5"] {
            guard let routed = parts.last.flatMap(Route.init(rawValue:)), parts.count == 3 else { return nil }
            route = routed
        }
        return Endpoint(
            venue: venue,
            segment: .spot,
            route: route,
            rest: "/" + parts.joined(separator: "/"),
            label: route.rawValue,
            spansMarkets: true
        )
    }

    func answer(_ request: HTTPRequest, _ endpoint: Endpoint) -> HTTPAnswer { rest.answer(request, endpoint) }
    var tooMany: HTTPAnswer { HTTPAnswer(status: 429, json: OKXREST.tooMany) }
    var unavailable: HTTPAnswer {
        HTTPAnswer(
            status: 503,
            json:
                "{\"code\":\"50001\",\"data\":[],\"msg\":\"Service temporarily unavailable. Please try again later.\"}"
        )
    }
    let connectLimit = (count: 3, seconds: 1)

    func accepts(_ request: HTTPRequest, _ endpoint: Endpoint) -> Bool {
        [.publicBook, .business, .privateUser].contains(endpoint.route)
    }

    let keepsChainOverReset = true
    func insert(_ level: Level, _ side: Side, _ market: Market, into frame: JSONText) -> JSONText? {
        insert(level, side, market, more: [.string("0"), .string("1")], into: frame)
    }

    // MARK: - Messages

    func received(_ message: [UInt8], on connection: Connection, now: Int) {
        if message == Array("ping".utf8) {
            connection.session.lastSent = now
            return connection.send(text: "pong")
        }
        let parsed = message.withUnsafeBufferPointer { try? JSONReader.read($0) }
        guard let parsed, let operation = parsed["op"]?.string, let arguments = parsed["args"]?.items,
            ["subscribe", "unsubscribe", "login"].contains(operation), message.count <= 65536
        else {
            let echo = "Invalid request: \(String(decoding: message.prefix(65536), as: UTF8.self))"
            return fail(connection, parsed?["id"], "60012", echo)
        }
        let hour = 3_600_000_000_000
        if exchange.options.limits, !connection.session.subscribes.take(now: now, limit: 480, span: hour) {
            return fail(connection, parsed["id"], "60014", "Requests too frequent")
        }
        guard operation != "login" else { return fail(connection, parsed["id"], "60009", "Login failed.") }
        for argument in arguments {
            if operation == "subscribe" {
                subscribe(connection, argument, id: parsed["id"])
            } else {
                unsubscribe(connection, argument, id: parsed["id"])
            }
        }
    }

    // MARK: - Streams

    private func subscribe(_ connection: Connection, _ argument: JSONText, id: JSONText?) {
        let channel = argument["channel"]?.string ?? ""
        let symbol = argument["instId"]?.string ?? ""
        if let (code, text) = refusal(connection, channel, symbol, argument) {
            return fail(connection, id, code, text)
        }
        confirm(connection, "subscribe", argument, id: id)
        let wide = symbol.isEmpty ? argument["instType"]?.string ?? "" : symbol
        let name = "\(channel):\(wide)"
        let segment = OKXDesk.segment(symbol)
        exchange.subscribe(
            connection,
            name,
            symbol: wide,
            segment: segment,
            desk: self,
            market(channel, symbol),
            OKXStreams.plan(channel, keepAlive: exchange.options.okxKeepAliveMilliseconds)
        )
        if channel == "liquidation-orders", symbol.isEmpty { watch(name, wide) }
        if channel == "instruments" { rest.push(wide, to: connection) }
    }

    /// Liquidations of all instruments of a type.
    private func watch(_ name: String, _ type: String) {
        guard let stream = exchange.registry.find(.okx, .spot, name),
            let plan = OKXStreams.plan("liquidation-orders", keepAlive: 0)
        else { return }
        stream.attach(plan)
        exchange.run.watch(stream) { $0.venue == .okx && OKXRows(instrument: $0, time: 0).type == type }
    }

    /// The market that feeds a channel; an index is fed by the perpetual of its pair.
    private func market(_ channel: String, _ symbol: String) -> Market? {
        if channel == "index-tickers" {
            let swap = "\(symbol)-SWAP"
            return exchange.market(.okx, OKXDesk.segment(swap), swap)
        }
        guard let market = exchange.market(.okx, OKXDesk.segment(symbol), symbol) else { return nil }
        let contractOnly = ["open-interest", "mark-price", "funding-rate"].contains(channel)
        if contractOnly && market.instrument.segment == .spot { return nil }
        return channel == "funding-rate" && !market.instrument.isPerpetual ? nil : market
    }

    /// Why a subscription is turned down, nil if it is not.
    private func refusal(
        _ connection: Connection,
        _ channel: String,
        _ symbol: String,
        _ argument: JSONText
    ) -> (String, String)? {
        let business = connection.session.endpoint?.route == .business
        let recorded = exchange.player.knows(.okx, "\(channel):\(symbol)")
        if channel == "books-l2-tbt" && !recorded {
            return ("60029", "Only users who are VIP5 and above are allowed.")
        }
        if channel == "books50-l2-tbt" && !recorded {
            return ("60030", "Only users who are VIP4 and above are allowed.")
        }
        let place = OKXStreams.exists(channel, business: business) || recorded && !business
        let fits = channel != "funding-rate" || symbol.hasSuffix("-SWAP")
        let named = exchange.instrument(.okx, OKXDesk.segment(symbol), symbol) != nil && fits
        let whole = symbol.isEmpty && argument["instType"] != nil && OKXStreams.wide.contains(channel)
        let known =
            recorded || named || whole || exchange.player.hasSymbol(.okx, symbol)
            || channel.hasPrefix("index")
        guard !place || !known else { return nil }
        return (
            "60018",
            "Wrong URL or channel:\(channel),instId:\(symbol) doesn't exist. Please use the correct URL, channel and "
                + "parameters referring to API document."
        )
    }

    private func unsubscribe(_ connection: Connection, _ argument: JSONText, id: JSONText?) {
        let symbol = argument["instId"]?.string ?? argument["instType"]?.string ?? ""
        let name = "\(argument["channel"]?.string ?? ""):\(symbol)"
        connection.session.silenced.removeAll { $0 == name }
        if let stream = exchange.registry.find(.okx, .spot, name) {
            exchange.registry.unsubscribe(connection, from: stream)
        }
        confirm(connection, "unsubscribe", argument, id: id)
    }

    static func segment(_ symbol: String) -> Segment {
        let parts = symbol.split(separator: "-")
        guard parts.count > 2 else { return .spot }
        return parts[1] == "USD" ? .inverse : .linear
    }

    // MARK: - Control frames

    private func confirm(_ connection: Connection, _ event: String, _ argument: JSONText, id: JSONText?) {
        let out = ByteBuffer()
        out.append(123)
        write(id, into: out)
        out.append(text: "\"event\":\"\(event)\",\"arg\":")
        argument.write(to: out)
        out.append(text: ",\"connId\":\"\(connection.session.connectionName)\"}")
        send(connection, out)
    }

    private func fail(_ connection: Connection, _ id: JSONText?, _ code: String, _ text: String) {
        let out = ByteBuffer()
        out.append(123)
        write(id, into: out)
        out.append(text: "\"event\":\"error\",\"code\":\"\(code)\",\"msg\":")
        out.appendQuoted(text)
        out.append(text: ",\"connId\":\"\(connection.session.connectionName)\"}")
        send(connection, out)
    }

    private func write(_ id: JSONText?, into out: ByteBuffer) {
        guard let id else { return }
        out.append("\"id\":")
        id.write(to: out)
        out.append(44)
    }

    private func send(_ connection: Connection, _ out: ByteBuffer) {
        connection.send(text: out.text)
        connection.session.lastSent = md_monotonic_nanos().asInt
    }

    func announceEnd(_ connection: Connection) -> Bool {
        let text = "The connection will soon be closed for a service upgrade. Please reconnect."
        connection.send(
            text:
                "{\"event\":\"notice\",\"code\":\"64008\",\"msg\":\"\(text)\",\"connId\":\"\(connection.session.connectionName)\"}"
        )
        return true
    }

    /// Closes a connection to which nothing was sent for too long.
    func keep(_ connection: Connection, now: Int) {
        let quiet = now - max(connection.session.lastSent, connection.openedAt)
        guard quiet > exchange.options.okxIdleMilliseconds * 1_000_000 else { return }
        connection.close(code: 4004, reason: "No data received in 30s.")
    }
}
