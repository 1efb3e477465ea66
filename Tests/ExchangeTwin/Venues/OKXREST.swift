// Part of MarketBus. Apache License 2.0, see LICENSE.

/// OKX's public REST side: envelopes, limits per endpoint, and who answers what.
final class OKXREST {
    unowned let exchange: Exchange

    init(exchange: Exchange) { self.exchange = exchange }

    static let tooMany = "{\"code\":\"50011\",\"data\":[],\"msg\":\"Too Many Requests\"}"

    /// Requests in two seconds, by the sheet's section 5.
    private static let limits = [
        "public/time": 10, "public/instruments": 20, "market/ticker": 20, "market/tickers": 20,
        "market/books": 40,
        "market/books-full": 10, "market/candles": 40, "market/history-candles": 20, "market/trades": 100,
        "market/history-trades": 20, "market/index-tickers": 20, "public/funding-rate": 20,
        "public/funding-rate-history": 10, "public/open-interest": 20, "public/mark-price": 10,
    ]
    /// Endpoints that count each instrument apart.
    private static let byInstrument: Set = [
        "public/funding-rate", "public/funding-rate-history", "public/open-interest", "public/mark-price",
    ]

    func answer(_ request: HTTPRequest, _ endpoint: Endpoint) -> HTTPAnswer {
        let prefix = "/api/v5/"
        let call = endpoint.rest.hasPrefix(prefix) ? String(endpoint.rest.dropFirst(prefix.count)) : ""
        guard let limit = OKXREST.limits[call] else {
            return HTTPAnswer(status: 404, json: "{\"code\":\"404\",\"data\":[],\"msg\":\"Not Found\"}")
        }
        var bucket = "okx \(call) \(call == "public/instruments" ? request.parameter("instType") ?? "" : "")"
        if OKXREST.byInstrument.contains(call) { bucket += request.parameter("instId") ?? "" }
        guard exchange.mayRequest(bucket, limit: limit, seconds: 2) else {
            return HTTPAnswer(status: 429, json: OKXREST.tooMany)
        }
        return OKXTables(exchange: exchange, request: request).answer(call)
    }

    /// The list that the `instruments` channel begins with.
    func push(_ type: String, to connection: Connection) {
        let empty = HTTPRequest(method: "GET", path: "", query: [("instType", type)], headers: [:], body: [])
        let rows = OKXTables(exchange: exchange, request: empty).instrumentRows(type)
        connection.send(
            text:
                "{\"arg\":{\"channel\":\"instruments\",\"instType\":\"\(type)\"},\"data\":[\(rows.joined(separator: ","))]}"
        )
    }
}
