// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// HTX: gzip frames in binary messages, one topic a message, two dialects of pings, subscriptions and errors.
final class HTXDesk: VenueDesk {
    unowned let exchange: Exchange
    let venue = Venue.htx
    private let rest: HTXREST
    private let gzip = GzipWriter()
    private var topics: [ObjectIdentifier: HTXTopic] = [:]
    /// Number of the last high-frequency frame of a stream, and the book's sequence then.
    private var versions: [ObjectIdentifier: (version: Int, sequence: Int)] = [:]

    init(exchange: Exchange) {
        self.exchange = exchange
        rest = HTXREST(exchange: exchange)
    }

    // MARK: - Where things are

    var endpoints: [(name: String, path: String)] {
        [
            ("spot_ws", "/htx/spot/ws"), ("spot_feed_ws", "/htx/spot/feed"), ("spot_rest", "/htx/spot"),
            ("linear_ws", "/htx/contracts/linear-swap-ws"),
            ("linear_notification_ws", "/htx/contracts/linear-swap-notification"),
            ("inverse_ws", "/htx/contracts/swap-ws"),
            ("inverse_notification_ws", "/htx/contracts/swap-notification"),
            ("futures_ws", "/htx/contracts/ws"), ("futures_notification_ws", "/htx/contracts/notification"),
            ("index_ws", "/htx/contracts/ws_index"), ("contracts_rest", "/htx/contracts"),
        ]
    }

    /// `spot` stands for the host `api.huobi.pro`, `contracts` for `api.hbdm.com`.
    func endpoint(_ parts: ArraySlice<String>) -> Endpoint? {
        guard let host = parts.first, host == "spot" || host == "contracts" else { return nil }
        let path = "/" + parts.dropFirst().joined(separator: "/")
        let dated = ["/ws", "/notification"].contains(path) || HTXREST.isDelivery(path)
        let inverse = path.hasPrefix("/swap-") || dated
        let segment: Segment = host == "spot" ? .spot : inverse ? .inverse : .linear
        return Endpoint(
            venue: .htx,
            segment: segment,
            route: .all,
            rest: path,
            label: segment.rawValue,
            spansMarkets: path == "/ws_index"
        )
    }

    func answer(_ request: HTTPRequest, _ endpoint: Endpoint) -> HTTPAnswer { rest.answer(request, endpoint) }

    var tooMany: HTTPAnswer {
        HTTPAnswer(
            status: 429,
            json: "{\"status\":\"error\",\"err-code\":\"too-many-request\",\"err-msg\":\"too many requests\"}"
        )
    }

    var unavailable: HTTPAnswer {
        HTTPAnswer(
            status: 503,
            json: "{\"status\":\"error\",\"err-code\":\"gateway-internal-error\",\"err-msg\":\"maintenance\"}"
        )
    }

    var connectLimit: (count: Int, seconds: Int) { (100, 1) }

    func accepts(_ request: HTTPRequest, _ endpoint: Endpoint) -> Bool { HTXSocket(endpoint) != nil }

    // MARK: - Frames

    func put(_ payload: UnsafeBufferPointer<UInt8>, of stream: Stream, on connection: Connection) {
        put(payload, on: connection)
    }

    func put(_ payload: UnsafeBufferPointer<UInt8>, on connection: Connection) {
        connection.send(.binary, [], gzip.compress(payload), [])
    }

    func send(_ connection: Connection, _ text: String) {
        var copy = text
        copy.withUTF8 { put($0, on: connection) }
    }

    func write(_ moment: Moment, _ stream: Stream, _ market: Market, into out: ByteBuffer) -> FrameMark? {
        guard let topic = topics[ObjectIdentifier(stream)] else { return nil }
        let frames = HTXFrames(topic: topic.name, market: market, now: exchange.sendTime, out: out)
        switch (topic.channel, moment) {
        case (.bbo, .touch), (.bbo, .tick):
            frames.quote()
            return FrameMark(market.book.sequence)
        case (.trades, .fill(let fill)):
            frames.trades(fill)
            return HTXDesk.mark(fill, spot: frames.isSpot)
        case (.candles, .candle(let candle, let closed)):
            guard candle.trades > 0 else { return nil }
            frames.candle(candle)
            return FrameMark(candle: candle, closed: closed)
        case (.increments, .book(let delta)):
            frames.increment(delta)
            return FrameMark(delta.last, more: ",\"from\":\(delta.previous)")
        case (.highFrequency, .book(let delta)):
            let version = nextVersion(of: stream, at: delta.last)
            frames.highFrequency(
                delta.bids,
                delta.asks,
                sequence: delta.last,
                version: version,
                event: "update"
            )
            return FrameMark(version)
        case (_, .liquidation(let liquidation)):
            frames.liquidation(liquidation)
            return FrameMark(liquidation.fill.milliseconds)
        case (_, .tick): return writeTick(topic, frames, stream)
        default: return nil
        }
    }

    private func writeTick(_ topic: HTXTopic, _ frames: HTXFrames, _ stream: Stream) -> FrameMark? {
        let market = frames.market
        switch topic.channel {
        case .detail: frames.detail()
        case .ticker: frames.ticker()
        case .depth(let step):
            frames.depth(step: step)
            return .snapshot(market.book.sequence)
        case .refresh(let levels):
            frames.refresh(limit: levels)
            return .snapshot(market.book.sequence)
        case .highFrequency(let levels, false):
            let version = nextVersion(of: stream, at: market.book.sequence)
            snapshot(market.book.snapshot(levels), version: version, frames)
            return .snapshot(version)
        case .funding: frames.funding()
        case .contracts:
            frames.notify(",\"event\":\"init\"", rows: HTXContracts.row(frames.instrument))
        default: writeReference(topic, frames)
        }
        return FrameMark(market.book.sequence)
    }

    private func writeReference(_ topic: HTXTopic, _ frames: HTXFrames) {
        let (indexMantissa, indexScale) = exchange.generator.index(frames.instrument)
        let (markMantissa, markScale) = exchange.generator.mark(frames.market)
        let index = Price(mantissa: indexMantissa, scale: indexScale)
        let mark = Price(mantissa: markMantissa, scale: markScale)
        switch topic.channel {
        case .mark(let period): frames.reference(mark.text, period: period)
        case .index(let period): frames.reference(index.text, period: period)
        case .premium(let period): frames.reference(mark.minus(index).over(index).text, period: period)
        case .estimatedRate(let period):
            let next = frames.instrument.nextFunding(after: frames.now)
            let rate = History.fundingRate(frames.instrument, at: next, asOf: frames.now)
            frames.reference(Price(mantissa: rate, scale: 8).text, period: period)
        case .basis(let period): frames.basis(index: index, period: period)
        default: break
        }
    }

    /// One more than the last, or 1 again where the book's own count started over.
    private func nextVersion(of stream: Stream, at sequence: Int) -> Int {
        let last = versions[ObjectIdentifier(stream)]
        let version = last.map { $0.sequence > sequence ? 1 : $0.version + 1 } ?? 1
        versions[ObjectIdentifier(stream)] = (version, sequence)
        return version
    }

    /// The levels of HTX's frames are arrays of bare numbers.
    func insert(_ level: Level, _ side: Side, _ market: Market, into frame: JSONText) -> JSONText? {
        let (price, size) = (ByteBuffer(), ByteBuffer())
        market.instrument.htx(price: level.ticks, into: price)
        market.instrument.htx(size: level.lots, into: size)
        let row = JSONText.array([.number(price.text), .number(size.text)])
        return frame.editing(side == .bid ? "bids" : "asks") { .array([row] + ($0.items ?? [])) }
    }

    func revise(_ candle: JSONText) -> JSONText? {
        candle.editing("amount") { .number("1" + ($0.scalar ?? "")) }
    }

    private func snapshot(_ book: BookSnapshot, version: Int, _ frames: HTXFrames) {
        frames.highFrequency(
            book.bids,
            book.asks,
            sequence: book.sequence,
            version: version,
            event: "snapshot"
        )
    }

    /// The log's ids of a fill's matches, in the order of the frame.
    private static func mark(_ fill: Fill, spot: Bool) -> FrameMark {
        guard fill.parts > 1 || !spot else { return FrameMark(fill.id) }
        let order = spot ? Array((0..<fill.parts).reversed()) : Array(0..<fill.parts)
        let ids = order.map { spot ? fill.firstID + $0 : HTXFrames.contractTradeID(fill, $0) }
        let last = ids.max() ?? fill.id
        guard ids.count > 1 else { return FrameMark(last) }
        return FrameMark(last, more: ",\"ids\":[\(ids.map { "\"\($0)\"" }.joined(separator: ","))]")
    }

    /// The first frame of a high-frequency stream of increments.
    func greet(_ connection: Connection, _ stream: Stream, _ market: Market) {
        guard let topic = topics[ObjectIdentifier(stream)],
            case .highFrequency(let levels, true) = topic.channel
        else { return }
        let version = versions[ObjectIdentifier(stream)]?.version ?? 0
        var book = market.book.snapshot(levels)
        book.sequence = stream.feed?.previous ?? book.sequence
        exchange.send(stream, to: connection, .snapshot(version)) { out in
            snapshot(
                book,
                version: version,
                HTXFrames(topic: topic.name, market: market, now: exchange.sendTime, out: out)
            )
        }
    }

    // MARK: - Streams

    func join(_ connection: Connection, _ topic: HTXTopic, _ instrument: Instrument) {
        let name = HTXDesk.streamName(topic, instrument)
        let stream = exchange.registry.stream(
            .htx,
            instrument.segment,
            name,
            symbol: instrument.name,
            kind: topic.channel.kind
        )
        topics[ObjectIdentifier(stream)] = topic
        exchange.subscribe(
            connection,
            name,
            symbol: instrument.name,
            segment: instrument.segment,
            desk: self,
            exchange.market(instrument),
            topic.channel.plan(instrument.segment)
        )
    }

    func leave(_ connection: Connection, _ topic: HTXTopic, _ instrument: Instrument) {
        let name = HTXDesk.streamName(topic, instrument)
        connection.session.silenced.removeAll { $0 == name }
        if let stream = exchange.registry.find(.htx, instrument.segment, name) {
            exchange.registry.unsubscribe(connection, from: stream)
        }
    }

    /// The topic, made distinct where the venue's words are not: two forms of one topic, one topic for all contracts.
    static func streamName(_ topic: HTXTopic, _ instrument: Instrument) -> String {
        if topic.symbol == "*" || topic.symbol == instrument.base {
            return "\(topic.name):\(instrument.name)"
        }
        if case .highFrequency(_, false) = topic.channel { return "\(topic.name)#snapshot" }
        return topic.name
    }
}

extension HTXChannel {
    /// How often the venue pushes this, by the sheet.
    func plan(_ segment: Segment) -> StreamPlan {
        var plan = StreamPlan(kind: kind, topics: .clock, pace: .atMost(milliseconds: 1000))
        switch self {
        case .bbo: (plan.topics, plan.pace) = (.book, .eachTouch)
        case .trades: (plan.topics, plan.pace) = (.trades, .eachFill)
        case .candles(let period):
            (plan.topics, plan.pace) = (.trades, .atMost(milliseconds: 250))
            plan.interval = period.interval
        case .detail, .ticker: plan.topics = .trades
        case .depth where segment == .spot: plan.topics = .book
        case .depth: (plan.topics, plan.pace) = ([.book, .clock], .atMost(milliseconds: 100))
        case .refresh: (plan.topics, plan.pace) = (.book, .atMost(milliseconds: 100))
        case .increments(let levels):
            (plan.topics, plan.pace) = (.book, .atMost(milliseconds: levels > 20 ? 100 : 0))
            (plan.gathersBook, plan.window) = (true, levels)
        case .highFrequency(let levels, let incremental):
            (plan.topics, plan.pace) = (.book, .atMost(milliseconds: 30))
            (plan.gathersBook, plan.window) = (incremental, incremental ? levels : nil)
        case .funding: plan.pace = .atMost(milliseconds: 60_000)
        case .liquidations: (plan.topics, plan.pace) = (.trades, .eachLiquidation)
        case .contracts: plan.topics = []
        case .mark, .index, .premium, .estimatedRate, .basis: break
        }
        return plan
    }
}
