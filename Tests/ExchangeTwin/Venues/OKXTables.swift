// Part of MarketBus. Apache License 2.0, see LICENSE.

/// One REST request answered from the markets as they stand.
struct OKXTables {
    let exchange: Exchange
    let request: HTTPRequest

    func answer(_ call: String) -> HTTPAnswer {
        switch call {
        case "public/time": data("{\"ts\":\"\(exchange.sendTime)\"}")
        case "public/instruments": instruments()
        case "market/ticker": one { market, out in rows(market).ticker(market, into: out) }
        case "market/tickers": each { market, out in rows(market).ticker(market, into: out) }
        case "market/books": book(most: 400, fields: 4)
        case "market/books-full": book(most: 5000, fields: 3)
        case "market/candles": candles(most: 300, back: 1440)
        case "market/history-candles": candles(most: 100, back: Int.max)
        case "market/trades": trades(most: 500)
        case "market/history-trades": history()
        case "market/index-tickers": indexes()
        case "public/funding-rate": funding()
        case "public/funding-rate-history": fundingHistory()
        case "public/open-interest": each { market, out in rows(market).openInterest(market, into: out) }
        case "public/mark-price":
            each { market, out in rows(market).mark(exchange.generator.mark(market), into: out) }
        default: HTTPAnswer(status: 404, json: "{\"code\":\"404\",\"data\":[],\"msg\":\"Not Found\"}")
        }
    }

    // MARK: - Envelopes and parameters

    private func data(_ rows: String) -> HTTPAnswer {
        HTTPAnswer(json: "{\"code\":\"0\",\"msg\":\"\",\"data\":[\(rows)]}")
    }

    private func fail(_ code: String, _ text: String) -> HTTPAnswer {
        HTTPAnswer(json: "{\"code\":\"\(code)\",\"data\":[],\"msg\":\"\(text)\"}")
    }

    private var unknown: HTTPAnswer {
        fail("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
    }

    private func list<Row>(_ rows: [Row], _ write: (Row, ByteBuffer) -> Void) -> HTTPAnswer {
        let out = ByteBuffer(capacity: 4096)
        out.append("{\"code\":\"0\",\"msg\":\"\",\"data\":[")
        for (index, row) in rows.enumerated() {
            if index > 0 { out.append(44) }
            write(row, out)
        }
        out.append("]}")
        return HTTPAnswer(buffer: out)
    }

    private func rows(_ market: Market) -> OKXRows {
        OKXRows(instrument: market.instrument, time: exchange.engineTime)
    }

    private func integer(_ name: String) -> Int? { request.integer(name) }
    private func limit(_ usual: Int, most: Int) -> Int { min(max(integer("limit") ?? usual, 1), most) }

    private func named() -> Market? {
        let name = request.parameter("instId") ?? ""
        return exchange.market(.okx, OKXDesk.segment(name), name)
    }

    private func one(_ write: (Market, ByteBuffer) -> Void) -> HTTPAnswer {
        named().map { list([$0], write) } ?? unknown
    }

    /// The instrument asked for, else all of a type.
    private func each(_ write: (Market, ByteBuffer) -> Void) -> HTTPAnswer {
        if request.parameter("instId") != nil { return one(write) }
        guard let type = request.parameter("instType") else {
            return fail("50014", "Parameter instType can not be empty.")
        }
        return list(all(type).map { exchange.market($0) }, write)
    }

    private func all(_ type: String) -> [Instrument] {
        Segment.allCases.flatMap { exchange.instruments(.okx, $0) }
            .filter { OKXRows(instrument: $0, time: 0).type == type }
    }

    // MARK: - Instruments

    private func instruments() -> HTTPAnswer {
        let type = request.parameter("instType") ?? ""
        guard ["SPOT", "SWAP", "FUTURES", "MARGIN", "OPTION"].contains(type) else {
            return fail("51000", "Parameter instType error")
        }
        if let recorded = exchange.answers.find(.okx, .spot, type) { return HTTPAnswer(json: recorded) }
        let rows = instrumentRows(type)
        guard !rows.isEmpty || request.parameter("instId") == nil else { return unknown }
        return data(rows.joined(separator: ","))
    }

    func instrumentRows(_ type: String) -> [String] {
        var listed: [Listed] = []
        if type == "SPOT" { listed = exchange.listed(.okx, .spot) }
        if type == "SWAP" || type == "FUTURES" {
            listed = exchange.listed(.okx, .linear) + exchange.listed(.okx, .inverse)
            listed.removeAll { ($0.name.hasSuffix("-SWAP")) != (type == "SWAP") }
        }
        if let name = request.parameter("instId") { listed.removeAll { $0.name != name } }
        return listed.map { row($0, type) }
    }

    private func row(_ listed: Listed, _ type: String) -> String {
        let expiry = listed.expiry.map { "\($0.milliseconds)" } ?? ""
        let common =
            "\"tickSz\":\"\(listed.tick.text)\",\"lotSz\":\"\(listed.lot.text)\",\"minSz\":\"\(listed.lot.text)\","
            + "\"maxLmtSz\":\"9999999999\",\"maxMktAmt\":\"1000000\",\"maxMktSz\":\"1000000\",\"state\":\"live\","
            + "\"ruleType\":\"normal\",\"listTime\":\"1573557408000\",\"expTime\":\"\(expiry)\",\"lever\":\"10\"}"
        guard type != "SPOT" else {
            return "{\"instType\":\"SPOT\",\"instId\":\"\(listed.name)\",\"baseCcy\":\"\(listed.base)\","
                + "\"quoteCcy\":\"\(listed.quote)\",\"settleCcy\":\"\",\"ctVal\":\"\",\"ctMult\":\"\",\"ctValCcy\":\"\","
                + "\"ctType\":\"\",\"instFamily\":\"\",\"uly\":\"\"," + common
        }
        let inverse = listed.segment == .inverse
        let family = "\(listed.base)-\(listed.quote)"
        let alias = listed.expiry.map { $0.quarter == 0 ? "quarter" : "next_quarter" } ?? ""
        return
            "{\"instType\":\"\(type)\",\"instId\":\"\(listed.name)\",\"instFamily\":\"\(family)\",\"uly\":\"\(family)\","
            + "\"alias\":\"\(alias)\",\"baseCcy\":\"\",\"quoteCcy\":\"\","
            + "\"settleCcy\":\"\(inverse ? listed.base : listed.quote)\","
            + "\"ctVal\":\"\(listed.contract.text)\",\"ctMult\":\"1\","
            + "\"ctValCcy\":\"\(inverse ? listed.quote : listed.base)\","
            + "\"ctType\":\"\(inverse ? "inverse" : "linear")\"," + common
    }

    // MARK: - Books, candles, trades

    private func book(most: Int, fields: Int) -> HTTPAnswer {
        one { market, out in
            let rows = rows(market)
            let depth = min(max(integer("sz") ?? 1, 1), most)
            let book = exchange.publisher.faults.snapshot(of: market, depth)
            var row = ObjectWriter(out)
            rows.levels("asks", book.asks, &row, fields: fields)
            rows.levels("bids", book.bids, &row, fields: fields)
            row.text("ts", rows.time)
            row.end()
        }
    }

    /// Newest first; `after` and `before` are exclusive and mean earlier and later.
    private func candles(most: Int, back: Int) -> HTTPAnswer {
        guard let interval = OKXStreams.interval(request.parameter("bar") ?? "1m") else {
            return fail("51000", "Parameter bar error")
        }
        guard let market = named() else { return unknown }
        let now = exchange.engineTime
        let limit = limit(100, most: most)
        let until = min(now, (integer("after") ?? Int.max) - 1)
        let floor = integer("before").map { $0 + 1 } ?? 0
        let reach = interval.open(of: until) - limit * interval.span - (interval.months > 0 ? 1 << 33 : 0)
        var found = market.candles(interval, from: max(floor, reach), to: until)
        if back < Int.max { found = Array(found.filter { $0.open > now - back * interval.span }) }
        let current = interval.open(of: now)
        return list(found.suffix(limit).reversed()) { candle, out in
            rows(market).candle(candle, confirmed: candle.open < current, into: out)
        }
    }

    private func trades(most: Int) -> HTTPAnswer {
        one { market, out in
            let latest = market.fills.suffix(limit(100, most: most)).reversed()
            for (index, fill) in latest.enumerated() {
                if index > 0 { out.append(44) }
                rows(market).trade(fill, rest: true, into: out)
            }
        }
    }

    private func history() -> HTTPAnswer {
        guard let market = named() else { return unknown }
        var found = market.fills
        let byTime = request.parameter("type") == "2"
        func place(_ fill: Fill) -> Int { byTime ? fill.milliseconds : fill.id }
        if let after = integer("after") { found.removeAll { place($0) >= after } }
        if let before = integer("before") { found.removeAll { place($0) <= before } }
        return list(found.suffix(limit(100, most: 100)).reversed()) {
            rows(market).trade($0, rest: true, into: $1)
        }
    }

    // MARK: - Contracts

    private func indexes() -> HTTPAnswer {
        let name = request.parameter("instId")
        var chosen = all("SWAP").filter { name == nil || "\($0.base)-\($0.quote)" == name }
        if let quote = request.parameter("quoteCcy") { chosen.removeAll { $0.quote != quote } }
        guard !chosen.isEmpty else { return unknown }
        return list(chosen.map { exchange.market($0) }) { market, out in
            let instrument = market.instrument
            let day = market.lastDay(at: exchange.engineTime)
            let index = exchange.generator.index(instrument)
            rows(market).index(index, "\(instrument.base)-\(instrument.quote)", day, into: out)
        }
    }

    private func funding() -> HTTPAnswer {
        let name = request.parameter("instId")
        let chosen = all("SWAP").filter { name == "ANY" || $0.name == name }
        guard !chosen.isEmpty else { return unknown }
        let now = exchange.engineTime
        return list(chosen) { instrument, out in
            OKXRows(instrument: instrument, time: now).funding(
                at: instrument.nextFunding(after: now),
                into: out
            )
        }
    }

    private func fundingHistory() -> HTTPAnswer {
        guard let market = named(), market.instrument.isPerpetual else { return unknown }
        let span = market.instrument.fundingHours * 3_600_000
        let now = exchange.engineTime
        let until = min(now, (integer("after") ?? Int.max) - 1)
        let floor = max(integer("before") ?? 0, now - 90 * 86_400_000)
        let times = (0..<limit(100, most: 100)).map { (until / span - $0) * span }.filter { $0 > floor }
        return list(times) { rows(market).settledFunding(at: $0, into: $1) }
    }
}
