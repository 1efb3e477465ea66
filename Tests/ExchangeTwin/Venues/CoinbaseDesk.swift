// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// Coinbase: the Exchange feed and, at a path of its own, Advanced Trade; one order book behind both.
final class CoinbaseDesk: VenueDesk {
    unowned let exchange: Exchange
    let venue = Venue.coinbase
    private let rest: CoinbaseREST
    /// What a stream was subscribed as.
    private var channels: [ObjectIdentifier: CoinbaseChannel] = [:]
    /// The last trade that a batch of trades told.
    private var told: [ObjectIdentifier: Int] = [:]

    init(exchange: Exchange) {
        self.exchange = exchange
        rest = CoinbaseREST(exchange: exchange)
    }

    // MARK: - Where things are

    let endpoints: [(name: String, path: String)] = [
        ("exchange_ws", "/coinbase/exchange"), ("exchange_rest", "/coinbase/exchange"),
        ("advanced_ws", "/coinbase/advanced"), ("advanced_rest", "/coinbase/advanced"),
    ]

    /// `exchange` stands for the Exchange hosts, `advanced` for those of Advanced Trade.
    func endpoint(_ parts: ArraySlice<String>) -> Endpoint? {
        guard let host = parts.first, host == "exchange" || host == "advanced" else { return nil }
        let path = "/" + parts.dropFirst().joined(separator: "/")
        return Endpoint(
            venue: venue,
            segment: .spot,
            route: .all,
            rest: path,
            label: host,
            spansMarkets: true
        )
    }

    func answer(_ request: HTTPRequest, _ endpoint: Endpoint) -> HTTPAnswer { rest.answer(request, endpoint) }

    var tooMany: HTTPAnswer {
        HTTPAnswer(status: 429, json: "{\"message\":\"Public rate limit exceeded\"}")
    }

    var unavailable: HTTPAnswer { HTTPAnswer(status: 503, json: "{\"message\":\"Service unavailable\"}") }

    /// Eight a second with bursts of twenty.
    let connectLimit = (count: 20, seconds: 1)

    func accepts(_ request: HTTPRequest, _ endpoint: Endpoint) -> Bool { endpoint.rest == "/" }

    // MARK: - Messages

    func mayReceive(_ opcode: Opcode, on connection: Connection, now: Int) -> Bool {
        guard exchange.options.limits,
            !connection.session.messages.take(now: now, limit: 100, span: 1_000_000_000)
        else { return true }
        connection.close(code: 1008, reason: "message rate limit exceeded")
        return false
    }

    static func isAdvanced(_ connection: Connection) -> Bool {
        connection.session.endpoint?.label == "advanced"
    }

    func received(_ message: [UInt8], on connection: Connection, now: Int) {
        let advanced = CoinbaseDesk.isAdvanced(connection)
        guard let parsed = message.withUnsafeBufferPointer({ try? JSONReader.read($0) }) else {
            return fail(connection, "Malformed JSON", advanced ? nil : "the message is not JSON")
        }
        guard let type = parsed["type"]?.string, type == "subscribe" || type == "unsubscribe" else {
            let text = "Type has to be either subscribe or unsubscribe"
            return fail(connection, advanced ? text : "Failed to subscribe", advanced ? nil : text)
        }
        if advanced {
            receivedAdvanced(parsed, subscribe: type == "subscribe", on: connection)
        } else {
            receivedExchange(parsed, subscribe: type == "subscribe", on: connection)
        }
    }

    func fail(_ connection: Connection, _ text: String, _ reason: String?) {
        let out = ByteBuffer()
        var row = ObjectWriter(out)
        row.text("type", "error")
        row.text("message", string: text)
        if let reason { row.text("reason", string: reason) }
        row.end()
        connection.send(text: out.text)
    }

    // MARK: - Exchange: subscribing

    private func receivedExchange(_ message: JSONText, subscribe: Bool, on connection: Connection) {
        let request = CoinbaseRequest(message)
        for name in request.channels.map(\.name) {
            guard let problem = refusal(name, request, subscribe: subscribe) else { continue }
            return fail(connection, subscribe ? "Failed to subscribe" : "Failed to unsubscribe", problem)
        }
        var wanted: [(CoinbaseChannel, String)] = []
        for entry in request.channels {
            guard let channel = CoinbaseChannel(exchange: entry.name) else { continue }
            for product in channel == .status ? [""] : entry.products { wanted.append((channel, product)) }
        }
        let unknown = wanted.first { !$0.1.isEmpty && find($0.1) == nil }
        if let unknown {
            return fail(
                connection,
                subscribe ? "Failed to subscribe" : "Failed to unsubscribe",
                "\(unknown.1) is not a valid product"
            )
        }
        guard subscribe else {
            for entry in request.channels { leave(connection, entry) }
            return acknowledge(connection, adding: [])
        }
        guard !wanted.isEmpty else {
            return fail(connection, "Failed to subscribe", "No products or channels specified")
        }
        connection.session.subscribed = true
        acknowledge(connection, adding: wanted.map { "\($0.0.rawValue):\($0.1)" })
        for (channel, product) in wanted { join(connection, channel, product) }
    }

    /// Why a channel can't be had, nil if it can.
    private func refusal(_ name: String, _ request: CoinbaseRequest, subscribe: Bool) -> String? {
        let closed = ["level2", "level3", "full"]
        if closed.contains(name) || name == "user" {
            guard subscribe, !request.isSigned else {
                return name == "level2" ? nil : subscribe ? "Invalid signature" : nil
            }
            return closed.contains(name)
                ? "level2, level3, and full channels now require authentication. "
                    + "https://docs.cdp.coinbase.com/exchange/docs/websocket-auth"
                : "user channel requires authentication."
        }
        return CoinbaseChannel(exchange: name) == nil ? "\(name) is not a valid channel" : nil
    }

    func find(_ product: String) -> Instrument? { exchange.instrument(.coinbase, .spot, product) }

    /// All that is active now, and what is about to be.
    private func acknowledge(_ connection: Connection, adding new: [String]) {
        var order: [String] = []
        var products: [String: [String]] = [:]
        for name in connection.session.streams.map(\.name) + connection.session.silenced + new {
            let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { continue }
            if products[parts[0]] == nil { order.append(parts[0]) }
            let known = products[parts[0], default: []]
            products[parts[0]] = parts[1].isEmpty || known.contains(parts[1]) ? known : known + [parts[1]]
        }
        let out = ByteBuffer()
        out.append("{\"type\":\"subscriptions\",\"channels\":[")
        for (index, name) in order.enumerated() {
            if index > 0 { out.append(44) }
            var row = ObjectWriter(out)
            row.text("name", string: name)
            row.key("product_ids")
            JSONText.array((products[name] ?? []).map(JSONText.string)).write(to: out)
            row.key("account_ids")
            out.append("null")
            row.end()
        }
        out.append("]}")
        connection.send(text: out.text)
    }

    /// Without products a whole channel goes.
    private func leave(_ connection: Connection, _ entry: (name: String, products: [String])) {
        func isMeant(_ name: String) -> Bool {
            entry.products.isEmpty || entry.name == "status"
                ? name.hasPrefix(entry.name + ":") : entry.products.contains { name == "\(entry.name):\($0)" }
        }
        connection.session.silenced.removeAll(where: isMeant)
        for stream in connection.session.streams where isMeant(stream.name) {
            exchange.registry.unsubscribe(connection, from: stream)
        }
    }

    /// Subscribes a channel of a product; the product is empty for channels that have none.
    func join(_ connection: Connection, _ channel: CoinbaseChannel, _ product: String) {
        let first = exchange.instruments(.coinbase, .spot).first
        let instrument = product.isEmpty ? first : find(product)
        let name = "\(channel.rawValue):\(product)"
        let stream = exchange.registry.stream(
            .coinbase,
            .spot,
            name,
            symbol: product,
            kind: channel.plan.kind
        )
        channels[ObjectIdentifier(stream)] = channel
        exchange.subscribe(
            connection,
            name,
            symbol: product,
            segment: .spot,
            desk: self,
            instrument.map { exchange.market($0) },
            channel.plan
        )
    }

    // MARK: - Frames

    func put(_ payload: UnsafeBufferPointer<UInt8>, of stream: Stream, on connection: Connection) {
        guard let channel = channels[ObjectIdentifier(stream)], channel.isAdvanced else {
            return connection.send(.text, [], payload, [])
        }
        connection.send(.text, envelope(channel.frameName, connection), payload, Array("]}".utf8))
    }

    func withheld(_ stream: Stream, on connection: Connection) {
        if channels[ObjectIdentifier(stream)]?.isAdvanced == true { connection.session.counter += 1 }
    }

    /// `{"channel":…,"timestamp":…,"sequence_num":…,"events":[`; the number counts all frames of a connection.
    func envelope(_ channel: String, _ connection: Connection) -> [UInt8] {
        let number = connection.session.counter
        connection.session.counter += 1
        let time = CoinbaseTime.text(exchange.sendTime, micros: number % 1000)
        return Array(
            "{\"channel\":\"\(channel)\",\"timestamp\":\"\(time)\",\"sequence_num\":\(number),\"events\":["
                .utf8
        )
    }

    func write(_ moment: Moment, _ stream: Stream, _ market: Market, into out: ByteBuffer) -> FrameMark? {
        guard let channel = channels[ObjectIdentifier(stream)] else { return nil }
        let frames = CoinbaseFrames(market: market, now: exchange.sendTime, out: out)
        switch (channel, moment) {
        case (.matches, .match(let fill, let part)):
            frames.match(fill, part, type: "match")
            return FrameMark(fill.firstID + part)
        case (.ticker, .match(let fill, let part)):
            frames.ticker(fill, part)
            return FrameMark(fill.firstID + part)
        case (.tickerBatch, .tick):
            guard let fill = market.fills.last else { return nil }
            frames.ticker(fill, fill.parts - 1)
            return FrameMark(fill.id)
        case (.level2, .book(let delta)), (.level2Batch, .book(let delta)):
            frames.update(delta)
            return FrameMark(delta.last, more: ",\"from\":\(delta.previous)")
        case (.heartbeat, .tick):
            frames.heartbeat()
            return FrameMark(market.book.sequence)
        case (.status, .tick):
            rest.status(into: out)
            return FrameMark(market.book.sequence)
        default: return writeAdvanced(channel, moment, stream, frames)
        }
    }

    private func writeAdvanced(
        _ channel: CoinbaseChannel,
        _ moment: Moment,
        _ stream: Stream,
        _ frames: CoinbaseFrames
    ) -> FrameMark? {
        let market = frames.market
        switch (channel, moment) {
        case (.advancedLevel2, .book(let delta)):
            frames.advancedBook(delta.bids, delta.asks, type: "update")
            return FrameMark(delta.last, more: ",\"from\":\(delta.previous)")
        case (.advancedTrades, .tick):
            let last = told[ObjectIdentifier(stream)] ?? market.fills.last?.id ?? 0
            let fresh = market.fills.filter { $0.id > last }
            guard let newest = fresh.last else { return nil }
            told[ObjectIdentifier(stream)] = newest.id
            frames.advancedTrades(fresh, type: "update")
            return CoinbaseDesk.mark(fresh)
        case (.advancedTicker, .match(let fill, let part)):
            frames.advancedTicker(ticks: fill.ticks, type: "update", touch: true)
            return FrameMark(fill.firstID + part)
        case (.advancedTickerBatch, .tick):
            frames.advancedTicker(ticks: market.lastTicks, type: "update", touch: false)
            return FrameMark(market.tradeID)
        case (.advancedCandles, .candle(let candle, let closed)):
            frames.advancedCandles([candle], type: "update")
            return FrameMark(candle: candle, closed: closed)
        case (.heartbeats, .tick):
            let seconds = md_monotonic_nanos().asInt / 1_000_000_000
            frames.advancedHeartbeat(counter: seconds)
            return FrameMark(seconds)
        default: return nil
        }
    }

    /// The log's ids of a batch of fills, in the order of the frame: newest first.
    private static func mark(_ fills: [Fill]) -> FrameMark {
        let ids = fills.flatMap { fill in (0..<fill.parts).map { fill.firstID + $0 } }.reversed()
        let list = ids.map { "\"\($0)\"" }.joined(separator: ",")
        return FrameMark(ids.first ?? 0, more: ",\"ids\":[\(list)]")
    }

    /// What a new listener gets first: the last trade, the whole book, the recent trades.
    func greet(_ connection: Connection, _ stream: Stream, _ market: Market) {
        guard let channel = channels[ObjectIdentifier(stream)] else { return }
        let last = market.fills.last
        func say(_ mark: FrameMark, _ write: (CoinbaseFrames) -> Void) {
            exchange.send(stream, to: connection, mark) {
                write(CoinbaseFrames(market: market, now: exchange.sendTime, out: $0))
            }
        }
        let snapshot = FrameMark.snapshot(market.book.sequence)
        switch channel {
        case .matches:
            guard let last else { return }
            say(FrameMark(last.id, more: ",\"resent\":true")) {
                $0.match(last, last.parts - 1, type: "last_match")
            }
        case .level2, .level2Batch:
            let book = exchange.publisher.faults.snapshot(of: market, Int.max)
            say(snapshot) { $0.snapshot(book) }
        case .advancedLevel2:
            let book = exchange.publisher.faults.snapshot(of: market, Int.max)
            say(snapshot) { $0.advancedBook(book.bids, book.asks, type: "snapshot") }
        case .advancedTrades:
            told[ObjectIdentifier(stream)] = last?.id ?? 0
            let recent = Array(market.fills.suffix(50))
            say(.snapshot(last?.id ?? 0)) { $0.advancedTrades(recent, type: "snapshot") }
        case .advancedTicker, .advancedTickerBatch:
            say(snapshot) {
                $0.advancedTicker(
                    ticks: market.lastTicks,
                    type: "snapshot",
                    touch: channel == .advancedTicker
                )
            }
        case .advancedCandles:
            let interval = CandleInterval(milliseconds: 300_000)
            let from = exchange.engineTime - 4 * 300_000
            let candles = market.candles(interval, from: from, to: exchange.engineTime)
            say(snapshot) { $0.advancedCandles(candles.reversed(), type: "snapshot") }
        case .advancedStatus: say(snapshot) { rest.advancedStatus(market.instrument, into: $0.out) }
        default: break
        }
    }

    /// Exchange has `changes`, Advanced Trade `updates`.
    func insert(_ level: Level, _ side: Side, _ market: Market, into frame: JSONText) -> JSONText? {
        let (price, size) = (ByteBuffer(), ByteBuffer())
        market.instrument.write(price: level.ticks, into: price)
        market.instrument.write(size: level.lots, into: size)
        let word = JSONText.string(side == .bid ? "buy" : "sell")
        let row = JSONText.array([word, .string(price.text), .string(size.text)])
        if let changed = frame.editing("changes", { .array(($0.items ?? []) + [row]) }) { return changed }
        let update = JSONText.object([
            ("side", .string(side == .bid ? "bid" : "offer")),
            ("event_time", .string(CoinbaseTime.text(exchange.sendTime, micros: 0))),
            ("price_level", .string(price.text)), ("new_quantity", .string(size.text)),
        ])
        return frame.editing("updates") { .array(($0.items ?? []) + [update]) }
    }

    func revise(_ candle: JSONText) -> JSONText? {
        candle.editing("volume") { .string("1" + ($0.scalar ?? "")) }
    }

    // MARK: - Time

    /// Who subscribes nothing within five seconds is closed; Advanced Trade also closes what stays without a frame.
    func keep(_ connection: Connection, now: Int) {
        let options = exchange.options.venues
        let first = options.coinbaseSubscribeMilliseconds * 1_000_000
        if !connection.session.subscribed {
            guard now - connection.openedAt > first else { return }
            return connection.close(code: 1000, reason: "no subscription")
        }
        guard CoinbaseDesk.isAdvanced(connection) else { return }
        let quiet = now - max(connection.session.lastSent, connection.openedAt)
        guard quiet > options.coinbaseIdleMilliseconds * 1_000_000 else { return }
        connection.close(code: 1000, reason: "idle")
    }

    /// Coinbase says nothing before it closes.
    func announceEnd(_ connection: Connection) -> Bool { false }
}
