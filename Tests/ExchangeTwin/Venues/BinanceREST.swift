// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Binance's public REST side: weights, bans, errors, and who answers what.
final class BinanceREST {
    private unowned let exchange: Exchange

    init(exchange: Exchange) { self.exchange = exchange }

    static let tooMany =
        "{\"code\":-1003,\"msg\":\"Too many requests; please use the websocket for live updates.\"}"

    func answer(_ request: HTTPRequest, _ endpoint: Endpoint) -> HTTPAnswer {
        let prefix =
            endpoint.segment == .spot ? "/api/v3/" : endpoint.segment == .linear ? "/fapi/v1/" : "/dapi/v1/"
        var call = endpoint.rest.hasPrefix(prefix) ? String(endpoint.rest.dropFirst(prefix.count)) : nil
        if endpoint.rest == "/fapi/v2/ticker/price", endpoint.segment == .linear { call = "ticker/price" }
        guard let call else { return HTTPAnswer(status: 404, json: "{}") }
        let spot = endpoint.segment == .spot
        let weight = BinanceREST.weight(call, request, spot: spot)
        let verdict = exchange.use(weight: weight, of: spot ? "spot" : "futures", limit: spot ? 6000 : 2400)
        var answer: HTTPAnswer
        switch verdict {
        case .fine(let used):
            let tables = BinanceTables(exchange: exchange, request: request, segment: endpoint.segment)
            answer = tables.answer(call) ?? HTTPAnswer(status: 404, json: "{}")
            answer.headers.append(("X-MBX-USED-WEIGHT-1M", "\(used)"))
        case .tooMuch(let seconds, let used):
            answer = HTTPAnswer(status: 429, json: BinanceREST.tooMany)
            answer.headers = [("Retry-After", "\(seconds)"), ("X-MBX-USED-WEIGHT-1M", "\(used)")]
        case .banned(let until, let used):
            answer = HTTPAnswer(status: 418, json: BinanceREST.banned(until))
            let seconds = max(1, (until - exchange.publisher.milliseconds + 999) / 1000)
            answer.headers = [("Retry-After", "\(seconds)"), ("X-MBX-USED-WEIGHT-1M", "\(used)")]
        }
        return answer
    }

    private static func banned(_ until: Int) -> String {
        "{\"code\":-1003,\"msg\":\"Way too many requests; IP(127.0.0.1) banned until \(until). "
            + "Please use the websocket for live updates to avoid bans.\"}"
    }

    // MARK: - Weights of the sheet's sections 5 and 6

    private static func weight(_ call: String, _ request: HTTPRequest, spot: Bool) -> Int {
        let limit = Int(request.parameter("limit") ?? "") ?? (spot && call == "depth" ? 100 : 500)
        let one = request.parameter("symbol") != nil
        switch call {
        case "depth": return depthWeight(limit, spot: spot)
        case "exchangeInfo": return spot ? 20 : 1
        case "trades", "historicalTrades": return spot ? 25 : call == "trades" ? 5 : 20
        case "aggTrades": return spot ? 4 : 20
        case "klines": return spot ? 2 : limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1000 ? 5 : 10
        case "ticker/24hr": return spot ? (one ? 2 : dayWeight(request)) : one ? 1 : 40
        case "ticker/price": return spot ? (one ? 2 : 4) : one ? 1 : 2
        case "ticker/bookTicker": return spot ? (one ? 2 : 4) : one ? 2 : 5
        case "premiumIndex": return one ? 1 : 10
        default: return 1
        }
    }

    private static func depthWeight(_ limit: Int, spot: Bool) -> Int {
        if spot { return limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1000 ? 50 : 250 }
        return limit <= 50 ? 2 : limit <= 100 ? 5 : limit <= 500 ? 10 : 20
    }

    private static func dayWeight(_ request: HTTPRequest) -> Int {
        guard let names = request.parameter("symbols") else { return 80 }
        let count = JSONReader.read(text: names)?.items?.count ?? 0
        return count <= 20 ? 2 : count <= 100 ? 40 : 80
    }
}
