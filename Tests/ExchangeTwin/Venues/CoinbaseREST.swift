// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Coinbase's public REST answers: Exchange at `/products…`, Advanced Trade at `/api/v3/brokerage/…`.
final class CoinbaseREST {
    unowned let exchange: Exchange

    init(exchange: Exchange) { self.exchange = exchange }

    private var now: Int { exchange.sendTime }

    func answer(_ request: HTTPRequest, _ endpoint: Endpoint) -> HTTPAnswer {
        let advanced = endpoint.label == "advanced"
        guard exchange.mayRequest("coinbase \(endpoint.label)", limit: advanced ? 10 : 15, seconds: 1) else {
            return HTTPAnswer(status: 429, json: "{\"message\":\"Public rate limit exceeded\"}")
        }
        guard !advanced else {
            return CoinbaseBrokerage(exchange: exchange, rest: self, request: request).answer(endpoint.rest)
        }
        guard request.headers["user-agent"]?.isEmpty == false else {
            return CoinbaseREST.bad(400, "User-Agent header is required.")
        }
        let parts = endpoint.rest.split(separator: "/").map(String.init)
        switch (parts.first, parts.count) {
        case ("time", 1): return time()
        case ("currencies", 1): return HTTPAnswer(json: "[\(currencies.joined(separator: ","))]")
        case ("products", 1):
            return HTTPAnswer(
                json: "[\(exchange.listed(.coinbase, .spot).map(product).joined(separator: ","))]"
            )
        case ("products", 2):
            let row = exchange.listed(.coinbase, .spot).first { $0.name == parts[1] }
            return row.map { HTTPAnswer(json: product($0)) } ?? CoinbaseREST.notFound
        case ("products", 3):
            guard let market = exchange.market(.coinbase, .spot, parts[1]) else {
                return CoinbaseREST.notFound
            }
            return one(parts[2], request, market)
        default: return CoinbaseREST.notFound
        }
    }

    static let notFound = bad(404, "NotFound")

    static func bad(_ status: Int, _ text: String) -> HTTPAnswer {
        HTTPAnswer(status: status, json: "{\"message\":\"\(text)\"}")
    }

    private func time() -> HTTPAnswer {
        let fraction = String(1000 + now % 1000).dropFirst()
        return HTTPAnswer(
            json: "{\"iso\":\"\(CoinbaseTime.text(now, micros: 0))\",\"epoch\":\(now / 1000).\(fraction)}"
        )
    }

    // MARK: - Instruments

    func product(_ listed: Listed) -> String {
        "{\"id\":\"\(listed.name)\",\"base_currency\":\"\(listed.base)\",\"quote_currency\":\"\(listed.quote)\""
            + ",\"quote_increment\":\"\(listed.tick.text)\",\"base_increment\":\"\(listed.lot.text)\""
            + ",\"display_name\":\"\(listed.name)\",\"min_market_funds\":\"1\",\"margin_enabled\":false"
            + ",\"post_only\":false,\"limit_only\":false,\"cancel_only\":false,\"status\":\"online\""
            + ",\"status_message\":\"\",\"trading_disabled\":false,\"fx_stablecoin\":false"
            + ",\"max_slippage_percentage\":\"0.02000000\",\"auction_mode\":false"
            + ",\"high_bid_limit_percentage\":\"\"}"
    }

    private var currencies: [String] {
        let names = Set(exchange.listed(.coinbase, .spot).flatMap { [$0.base, $0.quote] }).sorted()
        return names.map { name in
            let type = name == "USD" ? "fiat" : "crypto"
            return
                "{\"id\":\"\(name)\",\"name\":\"\(name)\",\"min_size\":\"0.00000001\",\"status\":\"online\""
                + ",\"message\":\"\",\"max_precision\":\"0.00000001\",\"convertible_to\":[]"
                + ",\"details\":{\"type\":\"\(type)\",\"sort_order\":1},\"default_network\":\"\""
                + ",\"supported_networks\":[]}"
        }
    }

    /// The frame of the channel `status`.
    func status(into out: ByteBuffer) {
        let products = exchange.listed(.coinbase, .spot).map(product).joined(separator: ",")
        out.append(text: "{\"type\":\"status\",\"currencies\":[\(currencies.joined(separator: ","))]")
        out.append(text: ",\"products\":[\(products)]}")
    }

    /// What stands in `events` of the channel `status` of Advanced Trade.
    func advancedStatus(_ instrument: Instrument, into out: ByteBuffer) {
        out.append(
            text:
                "{\"type\":\"snapshot\",\"products\":[{\"product_type\":\"SPOT\",\"id\":\"\(instrument.name)\""
        )
        out.append(
            text: ",\"base_currency\":\"\(instrument.base)\",\"quote_currency\":\"\(instrument.quote)\""
        )
        out.append(
            text:
                ",\"base_increment\":\"\(instrument.lot.text)\",\"quote_increment\":\"\(instrument.tick.text)\""
        )
        out.append(text: ",\"display_name\":\"\(instrument.base)/\(instrument.quote)\",\"status\":\"online\"")
        out.append(text: ",\"status_message\":\"\",\"min_market_funds\":\"1\"}]}")
    }

    // MARK: - One product

    private func one(_ call: String, _ request: HTTPRequest, _ market: Market) -> HTTPAnswer {
        switch call {
        case "book": return book(request, market)
        case "ticker": return ticker(market)
        case "trades": return trades(request, market)
        case "candles": return candles(request, market)
        case "stats": return stats(market)
        default: return CoinbaseREST.notFound
        }
    }

    /// Level 1: the touch; 2: all prices with the number of orders; 3: single orders.
    private func book(_ request: HTTPRequest, _ market: Market) -> HTTPAnswer {
        let level = request.parameter("level") ?? "1"
        guard ["1", "2", "3"].contains(level) else { return CoinbaseREST.bad(400, "Invalid level") }
        let book = exchange.publisher.faults.snapshot(of: market, level == "1" ? 1 : Int.max)
        let out = ByteBuffer(capacity: 4096)
        var row = ObjectWriter(out)
        for (name, levels) in [("bids" as StaticString, book.bids), ("asks", book.asks)] {
            row.key(name)
            out.append(91)
            for (index, entry) in levels.enumerated() {
                out.append(index > 0 ? ",[\"" : "[\"")
                market.instrument.write(price: entry.ticks, into: out)
                out.append("\",\"")
                market.instrument.write(size: entry.lots, into: out)
                if level == "3" {
                    out.append(
                        text: "\",\"00000000-0000-4000-8000-\(String(100_000_000_000 + entry.ticks))\"]"
                    )
                } else {
                    out.append(text: "\",\(1 + entry.lots % 7)]")
                }
            }
            out.append(93)
        }
        row.number("sequence", book.sequence)
        row.flag("auction_mode", false)
        row.key("auction")
        out.append("null")
        row.text("time", string: CoinbaseTime.text(now, micros: 61))
        row.end()
        return HTTPAnswer(buffer: out)
    }

    private func ticker(_ market: Market) -> HTTPAnswer {
        let out = ByteBuffer()
        let last = market.fills.last
        let instrument = market.instrument
        var row = ObjectWriter(out)
        row.number("trade_id", last?.id ?? market.tradeID)
        row.price("price", instrument, market.lastTicks)
        row.size("size", instrument, last.map { $0.lots(part: $0.parts - 1) } ?? 0)
        row.text("time", string: last.map { CoinbaseTime.text($0) } ?? CoinbaseTime.text(now, micros: 0))
        row.price("bid", instrument, market.book.bids.best?.ticks ?? 0)
        row.price("ask", instrument, market.book.asks.best?.ticks ?? 0)
        row.size("volume", instrument, market.lastDay(at: exchange.engineTime).volume.lots)
        row.end()
        return HTTPAnswer(buffer: out)
    }

    /// Newest first; `after` is older than an id, `before` newer than one.
    private func trades(_ request: HTTPRequest, _ market: Market) -> HTTPAnswer {
        let limit = min(max(request.integer("limit") ?? 1000, 1), 1000)
        let older = request.integer("after") ?? Int.max
        let newer = request.integer("before") ?? 0
        let all = market.matches.filter { $0.id < older && $0.id > newer }
        let chosen = newer > 0 ? Array(all.prefix(limit)) : Array(all.suffix(limit))
        let out = ByteBuffer(capacity: 4096)
        out.append(91)
        for (index, match) in chosen.reversed().enumerated() {
            if index > 0 { out.append(44) }
            var row = ObjectWriter(out)
            row.text("time", string: CoinbaseTime.text(match.fill))
            row.number("trade_id", match.id)
            row.price("price", market.instrument, match.fill.ticks)
            row.size("size", market.instrument, match.fill.lots(part: match.part))
            row.text("side", match.fill.buy ? "sell" : "buy")
            row.end()
        }
        out.append(93)
        var answer = HTTPAnswer(buffer: out)
        if let newest = chosen.last, let oldest = chosen.first {
            answer.headers = [("CB-BEFORE", "\(newest.id)"), ("CB-AFTER", "\(oldest.id)")]
        }
        return answer
    }

    /// Rows of [time, low, high, open, close, volume], newest first; spans without a trade are left out.
    private func candles(_ request: HTTPRequest, _ market: Market) -> HTTPAnswer {
        let seconds = request.integer("granularity") ?? 60
        guard [60, 300, 900, 3600, 21_600, 86_400].contains(seconds) else {
            return CoinbaseREST.bad(400, "Unsupported granularity")
        }
        let interval = CandleInterval(milliseconds: seconds * 1000)
        let end = request.parameter("end").flatMap(CoinbaseTime.milliseconds) ?? exchange.engineTime
        let start = request.parameter("start").flatMap(CoinbaseTime.milliseconds) ?? end - 299 * interval.span
        guard (end - start) / interval.span <= 300 else {
            return CoinbaseREST.bad(
                400,
                "granularity too small for the requested time range. Count of aggregations requested exceeds 300"
            )
        }
        let rows = market.candles(interval, from: max(0, start), to: min(end, exchange.engineTime))
            .filter { $0.trades > 0 }
        let instrument = market.instrument
        let out = ByteBuffer(capacity: 4096)
        out.append(91)
        for (index, candle) in rows.reversed().enumerated() {
            out.append(index > 0 ? ",[" : "[")
            out.appendInteger(candle.open / 1000)
            for ticks in [candle.low, candle.high, candle.first, candle.last] {
                out.append(44)
                instrument.write(price: ticks, into: out)
            }
            out.append(44)
            instrument.write(size: candle.volume.lots, into: out)
            out.append(93)
        }
        out.append(93)
        return HTTPAnswer(buffer: out)
    }

    private func stats(_ market: Market) -> HTTPAnswer {
        let day = market.lastDay(at: exchange.engineTime)
        let out = ByteBuffer()
        var row = ObjectWriter(out)
        row.price("open", market.instrument, day.first)
        row.price("high", market.instrument, day.high)
        row.price("low", market.instrument, day.low)
        row.price("last", market.instrument, market.lastTicks)
        row.size("volume", market.instrument, day.volume.lots)
        row.size("volume_30day", market.instrument, 30 * day.volume.lots)
        row.end()
        return HTTPAnswer(buffer: out)
    }
}

extension Market {
    /// The kept trades one by one, oldest first.
    var matches: [(id: Int, fill: Fill, part: Int)] {
        fills.flatMap { fill in (0..<fill.parts).map { (fill.firstID + $0, fill, $0) } }
    }
}
