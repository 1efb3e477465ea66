// Part of MarketBus. Apache License 2.0, see LICENSE.

/// One REST request answered from the markets as they stand.
struct BinanceTables {
    let exchange: Exchange
    let request: HTTPRequest
    let segment: Segment

    private var isSpot: Bool { segment == .spot }
    private static let invalid = HTTPAnswer(status: 400, json: "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}")

    /// Nil for a call that does not exist.
    func answer(_ call: String) -> HTTPAnswer? {
        switch call {
        case "ping": HTTPAnswer(json: "{}")
        case "time": HTTPAnswer(json: "{\"serverTime\":\(exchange.sendTime)}")
        case "exchangeInfo": exchangeInfo()
        case "depth": depth()
        case "klines": one(klines)
        case "trades", "historicalTrades": one(trades)
        case "aggTrades": one(aggregates)
        case "ticker/24hr": each { dayRow($0, $1) }
        case "ticker/price": each { priceRow($0, $1) }
        case "ticker/bookTicker": each { touchRow($0, $1) }
        case "premiumIndex" where !isSpot: each { premiumRow($0, $1) }
        case "fundingRate" where !isSpot: fundingRates()
        case "fundingInfo" where !isSpot: fundingInfo()
        case "openInterest" where !isSpot: one(openInterest)
        default: nil
        }
    }

    // MARK: - Parameters

    private func integer(_ name: String) -> Int? { request.integer(name) }

    private func limit(_ usual: Int, most: Int) -> Int { min(max(integer("limit") ?? usual, 1), most) }

    private func missing(_ name: String) -> HTTPAnswer {
        let text = "Mandatory parameter '\(name)' was not sent, was empty/null, or malformed."
        return HTTPAnswer(status: 400, json: "{\"code\":-1102,\"msg\":\"\(text)\"}")
    }

    /// An answer about the symbol asked for.
    private func one(_ make: (Market, ByteBuffer) -> HTTPAnswer?) -> HTTPAnswer {
        guard let name = request.parameter("symbol"), !name.isEmpty else { return missing("symbol") }
        guard let market = exchange.market(.binance, segment, name) else { return BinanceTables.invalid }
        let out = ByteBuffer(capacity: 4096)
        return make(market, out) ?? HTTPAnswer(buffer: out)
    }

    /// A row for the symbol asked for, or for all; COIN-M always answers a list.
    private func each(_ row: (Market, ByteBuffer) -> Void) -> HTTPAnswer {
        let out = ByteBuffer(capacity: 4096)
        if let name = request.parameter("symbol") {
            guard let market = exchange.market(.binance, segment, name) else { return BinanceTables.invalid }
            if segment == .inverse { out.append(91) }
            row(market, out)
            if segment == .inverse { out.append(93) }
            return HTTPAnswer(buffer: out)
        }
        var all = exchange.instruments(.binance, segment)
        if let pair = request.parameter("pair") { all.removeAll { $0.pair != pair } }
        if let text = request.parameter("symbols") {
            let wanted = JSONReader.read(text: text)?.items?.compactMap(\.string) ?? []
            all.removeAll { !wanted.contains($0.name) }
            guard all.count == Set(wanted).count else { return BinanceTables.invalid }
        }
        list(all.map { exchange.market($0) }, out, row)
        return HTTPAnswer(buffer: out)
    }

    private func list<Row>(_ rows: [Row], _ out: ByteBuffer, _ write: (Row, ByteBuffer) -> Void) {
        out.append(91)
        for (index, row) in rows.enumerated() {
            if index > 0 { out.append(44) }
            write(row, out)
        }
        out.append(93)
    }

    func frames(_ market: Market) -> BinanceFrames {
        BinanceFrames(instrument: market.instrument, sent: exchange.sendTime, engine: exchange.engineTime)
    }

    // MARK: - Depth, candles, trades

    private func depth() -> HTTPAnswer {
        let name = request.parameter("symbol") ?? ""
        if let recorded = exchange.player.depth(.binance, segment, name) { return HTTPAnswer(json: recorded) }
        return one { market, out in
            let sizes = [5, 10, 20, 50, 100, 500, 1000]
            let limit = limit(isSpot ? 100 : 500, most: isSpot ? 5000 : 1000)
            guard isSpot || sizes.contains(limit) else {
                return HTTPAnswer(
                    status: 400,
                    json: "{\"code\":-4021,\"msg\":\"\(limit) is not valid depth limit\"}"
                )
            }
            let book = exchange.publisher.faults.snapshot(of: market, limit)
            var row = ObjectWriter(out)
            row.number("lastUpdateId", book.sequence)
            if !isSpot {
                if segment == .inverse {
                    row.text("symbol", string: market.instrument.name)
                    row.text("pair", string: market.instrument.pair)
                }
                row.number("E", exchange.sendTime)
                row.number("T", exchange.engineTime)
            }
            row.key("bids")
            frames(market).levels(book.bids, out)
            row.key("asks")
            frames(market).levels(book.asks, out)
            row.end()
            return nil
        }
    }

    private func klines(_ market: Market, _ out: ByteBuffer) -> HTTPAnswer? {
        let name = request.parameter("interval") ?? ""
        let hours = request.parameter("timeZone") == "8" ? 8 : 0
        guard let interval = BinanceStreams.interval(name, spot: isSpot, hours: hours) else {
            return HTTPAnswer(status: 400, json: "{\"code\":-1120,\"msg\":\"Invalid interval.\"}")
        }
        let limit = limit(500, most: isSpot ? 1000 : 1500)
        let until = min(integer("endTime") ?? Int.max, exchange.engineTime)
        let from = integer("startTime").map { max($0, market.history.begin) }
        let usual =
            interval.open(of: until) - (limit - 1) * interval.span - (interval.months > 0 ? 1 << 33 : 0)
        let reach = from.map { min(until, $0 + limit * interval.span + interval.span) } ?? until
        let all = market.candles(interval, from: from ?? usual, to: reach)
            .filter { $0.open <= until }
        let shown = from == nil ? Array(all.suffix(limit)) : Array(all.prefix(limit))
        list(shown, out) { frames(market).klineRow($0, interval, into: $1) }
        return nil
    }

    private func trades(_ market: Market, _ out: ByteBuffer) -> HTTPAnswer? {
        var rows: [(fill: Fill, part: Int)] = []
        for fill in market.fills { for part in 0..<fill.parts { rows.append((fill, part)) } }
        let limit = limit(500, most: 1000)
        if let from = integer("fromId") {
            rows = Array(rows.filter { $0.fill.firstID + $0.part >= from }.prefix(limit))
        }
        list(rows.suffix(limit), out) { entry, out in
            let instrument = market.instrument
            let lots = entry.fill.lots(part: entry.part)
            var row = ObjectWriter(out)
            row.number("id", entry.fill.firstID + entry.part)
            row.price("price", instrument, entry.fill.ticks)
            row.size("qty", instrument, lots)
            let volume = instrument.volume(ticks: entry.fill.ticks, lots: lots)
            if segment == .inverse {
                row.quoted("baseQty") { frames(market).write(value: volume, into: $0) }
            } else {
                row.quoted("quoteQty") { frames(market).write(value: volume, into: $0) }
            }
            row.number("time", entry.fill.milliseconds)
            row.flag("isBuyerMaker", !entry.fill.buy)
            if isSpot { row.flag("isBestMatch", true) } else { row.flag("isRPITrade", false) }
            row.end()
        }
        return nil
    }

    private func aggregates(_ market: Market, _ out: ByteBuffer) -> HTTPAnswer? {
        let limit = limit(500, most: 1000)
        var rows = market.fills
        if let from = integer("startTime") { rows.removeAll { $0.milliseconds < from } }
        if let until = integer("endTime") { rows.removeAll { $0.milliseconds > until } }
        if let from = integer("fromId") { rows.removeAll { $0.aggregateID < from } }
        let onward = integer("startTime") != nil || integer("fromId") != nil
        list(Array(onward ? rows.prefix(limit) : rows.suffix(limit)), out) { fill, out in
            var row = ObjectWriter(out)
            row.number("a", fill.aggregateID)
            row.price("p", market.instrument, fill.ticks)
            row.size("q", market.instrument, fill.lots)
            if !isSpot { row.size("nq", market.instrument, fill.lots) }
            row.number("f", fill.firstID)
            row.number("l", fill.id)
            row.number("T", fill.milliseconds)
            row.flag("m", !fill.buy)
            if isSpot { row.flag("M", true) }
            row.end()
        }
        return nil
    }

    // MARK: - Funding

    private func fundingRates() -> HTTPAnswer {
        let limit = limit(100, most: 1000)
        let until = min(integer("endTime") ?? Int.max, exchange.engineTime)
        var chosen = exchange.instruments(.binance, segment).filter(\.isPerpetual)
        if let name = request.parameter("symbol") {
            chosen.removeAll { $0.name != name }
            guard !chosen.isEmpty else { return BinanceTables.invalid }
        }
        let out = ByteBuffer(capacity: 4096)
        let rows = chosen.flatMap { instrument in
            let span = instrument.fundingHours * 3_600_000
            let last = until / span
            let oldest = last - 365 * 24 / instrument.fundingHours
            let first =
                integer("startTime").map { max(quotient($0 + span - 1, span), oldest) } ?? last - limit + 1
            let numbers = Array((first...max(first, last)).prefix(limit))
            return numbers.filter { $0 * span <= until }.map { (instrument, $0 * span) }
        }
        list(rows.sorted { $0.1 < $1.1 }, out) { entry, out in
            var row = ObjectWriter(out)
            row.text("symbol", string: entry.0.name)
            let rate = History.fundingRate(entry.0, at: entry.1, asOf: nil)
            row.decimal("fundingRate", rate, scale: 8, digits: 8)
            row.number("fundingTime", entry.1)
            let index = exchange.generator.index(entry.0)
            row.decimal("markPrice", index.mantissa, scale: index.scale, digits: 8)
            row.text("rateType", "NORMAL")
            row.end()
        }
        return HTTPAnswer(buffer: out)
    }

    private func fundingInfo() -> HTTPAnswer {
        let adjusted = exchange.instruments(.binance, segment).filter {
            $0.isPerpetual && $0.fundingHours != 8
        }
        let out = ByteBuffer()
        list(adjusted, out) { instrument, out in
            var row = ObjectWriter(out)
            row.text("symbol", string: instrument.name)
            row.text("adjustedFundingRateCap", "0.02000000")
            row.text("adjustedFundingRateFloor", "-0.02000000")
            row.number("fundingIntervalHours", instrument.fundingHours)
            row.flag("disclaimer", false)
            row.end()
        }
        return HTTPAnswer(buffer: out)
    }
}
