// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// OKX's public REST answers: instruments in the sheet's shape, time and books.
final class OKXREST {
    private let exchange: Exchange

    init(exchange: Exchange) { self.exchange = exchange }

    func answer(_ request: HTTPRequest, _ endpoint: Endpoint) -> HTTPAnswer {
        switch endpoint.rest {
        case "/api/v5/public/time":
            return limited("time", 10)
                ?? HTTPAnswer(json: envelope("{\"ts\":\"\(md_wall_nanos() / 1_000_000)\"}"))
        case "/api/v5/public/instruments":
            let type = request.parameter("instType") ?? ""
            return limited("instruments \(type)", 20) ?? instruments(request, type)
        case "/api/v5/market/books":
            return limited("books", 40) ?? books(request)
        default: return HTTPAnswer(status: 404, json: "{\"code\":\"404\",\"data\":[],\"msg\":\"Not Found\"}")
        }
    }

    private func limited(_ bucket: String, _ limit: Int) -> HTTPAnswer? {
        guard !exchange.mayRequest("okx \(bucket)", limit: limit, seconds: 2) else { return nil }
        return HTTPAnswer(status: 429, json: OKXREST.tooMany)
    }

    static let tooMany = "{\"code\":\"50011\",\"data\":[],\"msg\":\"Too Many Requests\"}"

    private func envelope(_ data: String) -> String { "{\"code\":\"0\",\"msg\":\"\",\"data\":[\(data)]}" }

    // MARK: - Instruments

    private func instruments(_ request: HTTPRequest, _ type: String) -> HTTPAnswer {
        guard ["SPOT", "SWAP", "FUTURES", "MARGIN", "OPTION"].contains(type) else {
            return HTTPAnswer(json: "{\"code\":\"51000\",\"data\":[],\"msg\":\"Parameter instType error\"}")
        }
        if let recorded = exchange.answers.find(.okx, .spot, type) { return HTTPAnswer(json: recorded) }
        var rows: [Listed] = []
        if type == "SPOT" { rows = exchange.listed(.okx, .spot) }
        if type == "SWAP" || type == "FUTURES" {
            rows = exchange.listed(.okx, .linear) + exchange.listed(.okx, .inverse)
            rows.removeAll { ($0.name.hasSuffix("-SWAP")) != (type == "SWAP") }
        }
        if let name = request.parameter("instId") {
            rows.removeAll { $0.name != name }
            guard !rows.isEmpty else {
                let text = "Instrument ID, Instrument ID code, or Spread ID doesn't exist."
                return HTTPAnswer(json: "{\"code\":\"51001\",\"data\":[],\"msg\":\"\(text)\"}")
            }
        }
        return HTTPAnswer(json: envelope(rows.map { row($0, type) }.joined(separator: ",")))
    }

    private func row(_ listed: Listed, _ type: String) -> String {
        let common =
            "\"tickSz\":\"\(listed.tick.text)\",\"lotSz\":\"\(listed.lot.text)\",\"minSz\":\"\(listed.lot.text)\","
            + "\"state\":\"live\",\"ruleType\":\"normal\",\"listTime\":\"1573557408000\",\"expTime\":\"\",\"lever\":\"10\"}"
        guard type != "SPOT" else {
            return "{\"instType\":\"SPOT\",\"instId\":\"\(listed.name)\",\"baseCcy\":\"\(listed.base)\","
                + "\"quoteCcy\":\"\(listed.quote)\",\"settleCcy\":\"\",\"ctVal\":\"\",\"ctMult\":\"\",\"ctValCcy\":\"\","
                + "\"ctType\":\"\",\"instFamily\":\"\",\"uly\":\"\"," + common
        }
        let inverse = listed.segment == .inverse
        let family = "\(listed.base)-\(listed.quote)"
        return
            "{\"instType\":\"\(type)\",\"instId\":\"\(listed.name)\",\"instFamily\":\"\(family)\",\"uly\":\"\(family)\","
            + "\"baseCcy\":\"\",\"quoteCcy\":\"\",\"settleCcy\":\"\(inverse ? listed.base : listed.quote)\","
            + "\"ctVal\":\"\(listed.contract.text)\",\"ctMult\":\"1\","
            + "\"ctValCcy\":\"\(inverse ? listed.quote : listed.base)\","
            + "\"ctType\":\"\(inverse ? "inverse" : "linear")\"," + common
    }

    // MARK: - Books

    private func books(_ request: HTTPRequest) -> HTTPAnswer {
        let name = request.parameter("instId") ?? ""
        guard let instrument = exchange.instrument(.okx, OKXDesk.segment(name), name) else {
            return HTTPAnswer(
                json: "{\"code\":\"51001\",\"data\":[],\"msg\":\"Instrument ID doesn't exist.\"}"
            )
        }
        if instrument.bidTicks == 0 { exchange.generator.quote(instrument) }
        let depth = min(max(Int(request.parameter("sz") ?? "1") ?? 1, 1), 400)
        let out = ByteBuffer()
        out.append("{")
        for (word, step, from) in [("asks", 1, instrument.askTicks), ("bids", -1, instrument.bidTicks)] {
            out.append(text: "\"\(word)\":[")
            for level in 0..<max(0, min(depth, step < 0 ? from : depth)) {
                out.append(text: level > 0 ? ",[\"" : "[\"")
                let price = (from + step * level) * instrument.tick.mantissa
                out.appendDecimal(price, scale: instrument.tick.scale, digits: nil)
                out.append("\",\"")
                let lots = (step < 0 ? instrument.bidLots : instrument.askLots) + level
                out.appendDecimal(lots * instrument.lot.mantissa, scale: instrument.lot.scale, digits: nil)
                out.append("\",\"0\",\"1\"]")
            }
            out.append("],")
        }
        out.append(text: "\"ts\":\"\(md_wall_nanos() / 1_000_000)\"}")
        return HTTPAnswer(json: envelope(out.text))
    }
}
