// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// HTX's public REST answers: the v1 and v2 envelopes, HTTP 200 even for errors, spot and contracts.
final class HTXREST {
    unowned let exchange: Exchange

    init(exchange: Exchange) { self.exchange = exchange }

    func answer(_ request: HTTPRequest, _ endpoint: Endpoint) -> HTTPAnswer {
        guard endpoint.segment == .spot else { return contracts(request, endpoint) }
        guard exchange.mayRequest("htx \(endpoint.rest)", limit: 10, seconds: 1) else {
            return HTXREST.tooMany
        }
        switch endpoint.rest {
        case "/v1/common/timestamp": return ok(",\"data\":\(now)", dated: false)
        case "/v2/market-status":
            return HTTPAnswer(json: "{\"code\":200,\"message\":\"success\",\"data\":{\"marketStatus\":1}}")
        case "/v1/settings/common/market-symbols": return symbols { HTXREST.rule($0) }
        case "/v2/settings/common/symbols": return symbols { HTXREST.name($0) }
        case "/v2/reference/currencies": return currencies()
        case "/v1/common/symbols": return symbols { HTXREST.legacy($0) }
        case "/market/tickers": return tickers()
        default: return market(request, endpoint)
        }
    }

    static let tooMany = HTTPAnswer(
        status: 429,
        json: "{\"status\":\"error\",\"err-code\":\"too-many-request\",\"err-msg\":\"too many requests\"}"
    )

    var now: Int { exchange.sendTime }

    /// The envelope of the first version; `more` begins with a comma.
    func ok(_ more: String, channel: String? = nil, dated: Bool = true) -> HTTPAnswer {
        let word = channel.map { "\"ch\":\"\($0)\"," } ?? ""
        return HTTPAnswer(json: "{\(word)\"status\":\"ok\"\(dated ? ",\"ts\":\(now)" : "")\(more)}")
    }

    func bad(_ text: String, _ code: String = "invalid-parameter") -> HTTPAnswer {
        HTTPAnswer(
            json: "{\"status\":\"error\",\"err-code\":\"\(code)\",\"err-msg\":\"\(text)\",\"data\":null}"
        )
    }

    // MARK: - Spot's lists

    private func symbols(_ row: (Listed) -> String) -> HTTPAnswer {
        let rows = exchange.listed(.htx, .spot).map(row).joined(separator: ",")
        return HTTPAnswer(json: "{\"status\":\"ok\",\"data\":[\(rows)],\"ts\":\"\(now)\",\"full\":1}")
    }

    private static func rule(_ listed: Listed) -> String {
        "{\"symbol\":\"\(listed.name)\",\"state\":\"online\",\"bc\":\"\(listed.base.lowercased())\""
            + ",\"qc\":\"\(listed.quote.lowercased())\",\"pp\":\(listed.tick.scale),\"ap\":\(listed.lot.scale)"
            + ",\"sp\":\"main\",\"vp\":8,\"minoa\":\(listed.lot.text),\"maxoa\":1000000,\"minov\":10"
            + ",\"at\":\"enabled\"}"
    }

    private static func name(_ listed: Listed) -> String {
        "{\"tags\":\"\",\"state\":\"online\",\"wr\":\"1.5\",\"sc\":\"\(listed.name)\",\"p\":[]"
            + ",\"bcdn\":\"\(listed.base)\",\"qcdn\":\"\(listed.quote)\",\"elr\":null"
            + ",\"tpp\":\(listed.tick.scale),\"tap\":\(listed.lot.scale),\"fp\":8,\"whe\":false,\"cd\":false"
            + ",\"te\":true,\"sp\":\"main\",\"d\":null,\"bc\":\"\(listed.base.lowercased())\""
            + ",\"qc\":\"\(listed.quote.lowercased())\",\"toa\":1514779200000,\"ttp\":8,\"w\":999400000,\"lr\":5"
            + ",\"dn\":\"\(listed.base)/\(listed.quote)\"}"
    }

    private static func legacy(_ listed: Listed) -> String {
        "{\"base-currency\":\"\(listed.base.lowercased())\",\"quote-currency\":\"\(listed.quote.lowercased())\""
            + ",\"price-precision\":\(listed.tick.scale),\"amount-precision\":\(listed.lot.scale)"
            + ",\"symbol-partition\":\"main\",\"symbol\":\"\(listed.name)\",\"state\":\"online\""
            + ",\"value-precision\":8,\"min-order-amt\":\(listed.lot.text),\"max-order-amt\":1000000"
            + ",\"min-order-value\":10,\"limit-order-min-order-amt\":\(listed.lot.text)"
            + ",\"limit-order-max-order-amt\":1000000,\"api-trading\":\"enabled\"}"
    }

    private func currencies() -> HTTPAnswer {
        let names = Set(
            exchange.listed(.htx, .spot).flatMap { [$0.base.lowercased(), $0.quote.lowercased()] }
        )
        let rows = names.sorted().map { "{\"currency\":\"\($0)\",\"chains\":[],\"instStatus\":\"normal\"}" }
        return HTTPAnswer(json: "{\"code\":200,\"data\":[\(rows.joined(separator: ","))]}")
    }

    private func tickers() -> HTTPAnswer {
        let rows = exchange.instruments(.htx, .spot).map { instrument in
            let frames = HTXTables(exchange: exchange, market: exchange.market(instrument), topic: "")
                .frames()
            let day = frames.market.lastDay(at: exchange.engineTime)
            frames.out.append(text: "{\"symbol\":\"\(instrument.name)\"")
            frames.price("open", day.first)
            frames.price("high", day.high)
            frames.price("low", day.low)
            frames.price("close", day.last)
            frames.volumes(day.volume)
            frames.member("count", day.trades)
            frames.touch()
            frames.out.append(125)
            return frames.out.text
        }
        return ok(",\"data\":[\(rows.joined(separator: ","))]")
    }

    // MARK: - Spot's markets

    private func market(_ request: HTTPRequest, _ endpoint: Endpoint) -> HTTPAnswer {
        let calls = [
            "/market/history/kline": "kline", "/market/detail/merged": "merged", "/market/detail": "detail",
            "/market/depth": "depth", "/market/trade": "trade", "/market/history/trade": "trades",
            "/market/fullMbp": "fullMbp",
        ]
        guard let call = calls[endpoint.rest] else { return HTXREST.notFound }
        let symbol = request.parameter("symbol") ?? ""
        guard let market = exchange.market(.htx, .spot, symbol) else { return bad("invalid symbol") }
        return tables(call, request, market, symbol) ?? bad("invalid parameter")
    }

    static let notFound = HTTPAnswer(status: 404, json: "{\"code\":404,\"message\":\"Not Found\"}")

    /// One market's answer; nil where a parameter is wrong.
    private func tables(
        _ call: String,
        _ request: HTTPRequest,
        _ market: Market,
        _ symbol: String
    ) -> HTTPAnswer? {
        let size = request.integer("size")
        guard size.map({ (1...2000).contains($0) }) ?? true else { return nil }
        func table(_ topic: String) -> HTXTables {
            HTXTables(exchange: exchange, market: market, topic: "market.\(symbol).\(topic)")
        }
        switch call {
        case "kline":
            guard let period = HTXPeriod(Substring(request.parameter("period") ?? "")) else { return nil }
            let made = table("kline.\(period.name)")
            let spot = market.instrument.segment == .spot
            let rows = made.candles(
                period,
                from: spot ? nil : request.integer("from"),
                to: spot ? nil : request.integer("to"),
                count: size ?? 150,
                newestFirst: spot
            )
            return ok(",\"data\":\(rows)", channel: made.topic)
        case "merged": return ok(",\"tick\":\(table("").merged)", channel: table("detail.merged").topic)
        case "detail":
            return ok(",\"tick\":\(table("detail").inner { $0.detail() })", channel: table("detail").topic)
        case "depth":
            guard let made = table("").depth(request) else { return nil }
            return ok(
                ",\"tick\":\(made)",
                channel: table("depth.\(request.parameter("type") ?? "step0")").topic
            )
        case "trade": return ok(",\"tick\":\(table("").lastTrade)", channel: table("trade.detail").topic)
        case "trades":
            return ok(",\"data\":\(table("").trades(size ?? 1))", channel: table("trade.detail").topic)
        default: return ok(",\"data\":\(table("").wholeBook)", channel: table("mbp").topic)
        }
    }

    // MARK: - Contracts

    private func contracts(_ request: HTTPRequest, _ endpoint: Endpoint) -> HTTPAnswer {
        let path = endpoint.rest
        switch path {
        case "/api/v1/timestamp": return HTTPAnswer(json: "{\"status\":\"ok\",\"ts\":\(now)}")
        case "/heartbeat/", "/heartbeat":
            return HTTPAnswer(
                json:
                    "{\"status\":\"ok\",\"data\":{\"heartbeat\":1,\"swap_heartbeat\":1,\"linear_swap_heartbeat\":1}"
                    + ",\"ts\":\(now)}"
            )
        default: break
        }
        let delivery = HTXREST.isDelivery(path)
        let inverse = delivery || path.hasPrefix("/swap-") || path.hasPrefix("/index/market/history/swap_")
        let newer = path.hasPrefix("/v5/")
        let market = path.contains("/market/") && !newer
        let fits =
            market
            ? exchange.mayRequest("htx market", limit: 800, seconds: 1)
            : exchange.mayRequest("htx reference", limit: 240, seconds: 3)
        guard fits else { return HTXREST.tooMany }
        let segment: Segment = inverse ? .inverse : .linear
        let call = String(path.split(separator: "/").last ?? "")
        return market
            ? contractMarket(path, call, request, segment)
            : HTXContracts(rest: self, segment: segment, request: request, isDelivery: delivery)
                .answer(path, call)
    }

    /// Paths of the coin-margined contracts with an end: no prefix of their own.
    static func isDelivery(_ path: String) -> Bool {
        path.hasPrefix("/market/") || path.hasPrefix("/api/v1/contract_")
    }

    /// The contracts' errors: underscores, and a number.
    func bad(contract text: String, _ code: Int) -> HTTPAnswer {
        HTTPAnswer(
            json: "{\"status\":\"error\",\"err_code\":\(code),\"err_msg\":\"\(text)\",\"ts\":\(now)}"
        )
    }

    private func contractMarket(
        _ path: String,
        _ call: String,
        _ request: HTTPRequest,
        _ segment: Segment
    ) -> HTTPAnswer {
        let calls = [
            "/market/history/kline": "kline", "/market/detail/merged": "merged", "/market/depth": "depth",
            "/market/trade": "trade", "/market/history/trade": "trades", "/market/bbo": "bbo",
            "/market/detail/batch_merged": "all",
        ]
        let delivery = HTXREST.isDelivery(path)
        let contracts = HTXContracts(
            rest: self,
            segment: segment,
            request: request,
            isDelivery: delivery
        )
        if path.hasPrefix("/index/market/history/") { return contracts.reference(call) }
        guard let key = calls.keys.first(where: { path.hasSuffix($0) }), let word = calls[key] else {
            return HTXREST.notFound
        }
        if word == "bbo" { return contracts.touches() }
        if word == "all" { return contracts.days() }
        let symbol = (request.parameter(delivery ? "symbol" : "contract_code") ?? "").uppercased()
        guard let instrument = contracts.find(symbol) else {
            return bad(contract: "The contract doesnt exist.", 1013)
        }
        return tables(word, request, exchange.market(instrument), symbol)
            ?? bad(contract: "invalid parameter", 1014)
    }
}
