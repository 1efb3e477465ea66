// Part of MarketBus. Apache License 2.0, see LICENSE.

/// The gateway's REST side: instruments, trades and bars that were missed, the time.
final class GatewayREST {
    private unowned let exchange: Exchange

    init(exchange: Exchange) { self.exchange = exchange }

    static func refusal(_ status: Int, _ code: String, _ text: String) -> HTTPAnswer {
        HTTPAnswer(status: status, json: "{\"code\":\"\(code)\",\"message\":\"\(text)\"}")
    }

    func answer(_ request: HTTPRequest, _ endpoint: Endpoint) -> HTTPAnswer {
        guard exchange.mayRequest("gateway", limit: 20, seconds: 1) else {
            var refusal = GatewayREST.refusal(429, "RATE_LIMITED", "too many requests")
            refusal.headers.append(("Retry-After", "1"))
            return refusal
        }
        switch endpoint.rest {
        case "/v1/time": return HTTPAnswer(json: "{\"time_us\":\(exchange.sendTime * 1000)}")
        case "/v1/instruments": return instruments(request)
        case "/v1/trades": return market(request).map { trades(request, $0) } ?? unknown
        case "/v1/bars": return market(request).map { bars(request, $0) } ?? unknown
        default: return GatewayREST.refusal(404, "BAD_REQUEST", "no such path")
        }
    }

    private var unknown: HTTPAnswer { GatewayREST.refusal(404, "UNKNOWN_SYMBOL", "no such symbol") }

    private func market(_ request: HTTPRequest) -> Market? {
        let name = request.parameter("symbol") ?? ""
        return Segment.allCases.lazy.compactMap { self.exchange.market(.gateway, $0, name) }.first
    }

    private func instruments(_ request: HTTPRequest) -> HTTPAnswer {
        guard let segment = Segment(rawValue: request.parameter("market_type") ?? "") else {
            return GatewayREST.refusal(400, "UNKNOWN_MARKET_TYPE", "no such market type")
        }
        let out = ByteBuffer(capacity: 4096)
        out.append("{\"instruments\":[")
        for (index, listed) in exchange.listed(.gateway, segment).enumerated() {
            if index > 0 { out.append(44) }
            var row = ObjectWriter(out)
            row.text("symbol", string: listed.name)
            row.text("market_type", string: segment.rawValue)
            row.text("base", string: listed.base)
            row.text("quote", string: listed.quote)
            let settle = segment == .inverse ? listed.base : listed.quote
            for (name, value) in [
                ("settle" as StaticString, segment == .spot ? nil : settle), ("tick_size", listed.tick.text),
                ("lot_size", listed.lot.text), ("min_size", listed.lot.text),
                ("contract_size", segment == .spot ? nil : listed.contract.text), ("status", "trading"),
            ] {
                row.key(name)
                (value.map(JSONText.string) ?? .null).write(to: out)
            }
            row.end()
        }
        out.append("]}")
        return HTTPAnswer(buffer: out)
    }

    /// Oldest first from `from_id` on, else the newest.
    private func trades(_ request: HTTPRequest, _ market: Market) -> HTTPAnswer {
        let limit = min(max(request.integer("limit") ?? 1000, 1), 1000)
        var rows = market.matches
        if let from = request.integer("from_id") {
            rows = Array(rows.filter { $0.id >= from }.prefix(limit))
        }
        let out = ByteBuffer(capacity: 4096)
        out.append(text: "{\"symbol\":\"\(market.instrument.name)\",\"trades\":[")
        let frames = GatewayFrames(market: market, now: exchange.sendTime, out: out)
        for (index, match) in rows.suffix(limit).enumerated() {
            if index > 0 { out.append(44) }
            frames.trade(match.fill, match.part, bare: true)
        }
        out.append("]}")
        return HTTPAnswer(buffer: out)
    }

    private func bars(_ request: HTTPRequest, _ market: Market) -> HTTPAnswer {
        let name = request.parameter("resolution") ?? ""
        guard case .bar(_, let interval)? = GatewayChannel.resolution(name) else {
            return GatewayREST.refusal(400, "UNKNOWN_RESOLUTION", "no such resolution")
        }
        let now = exchange.engineTime
        let from = request.integer("from_us")
        let to = request.integer("to_us").map { $0 / 1000 } ?? now + 1
        let usual = interval.open(of: now) - 499 * interval.span
        let begin = max(from.map { quotient($0 + 999, 1000) } ?? usual, to - 1001 * interval.span)
        let rows = market.candles(interval, from: max(0, begin), to: min(now, to - 1)).filter {
            $0.trades > 0
        }
        let out = ByteBuffer(capacity: 4096)
        out.append(text: "{\"symbol\":\"\(market.instrument.name)\",\"resolution\":\"\(name)\",\"bars\":[")
        let frames = GatewayFrames(market: market, now: exchange.sendTime, out: out)
        for (index, candle) in rows.suffix(1000).enumerated() {
            if index > 0 { out.append(44) }
            frames.bar(candle, nil, closed: interval.end(of: candle.open) <= now)
        }
        out.append("]}")
        return HTTPAnswer(buffer: out)
    }
}
