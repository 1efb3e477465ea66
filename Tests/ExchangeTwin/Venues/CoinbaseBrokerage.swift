// Part of MarketBus. Apache License 2.0, see LICENSE.

/// The public side of Advanced Trade's REST: `/time` and `/market/…`.
struct CoinbaseBrokerage {
    let exchange: Exchange
    let rest: CoinbaseREST
    let request: HTTPRequest

    private var now: Int { exchange.sendTime }

    func answer(_ path: String) -> HTTPAnswer {
        let prefix = "/api/v3/brokerage/"
        guard path.hasPrefix(prefix) else { return CoinbaseBrokerage.notFound }
        let parts = path.dropFirst(prefix.count).split(separator: "/").map(String.init)
        switch (parts.first, parts.count) {
        case ("time", 1):
            let iso = CoinbaseTime.text(now, micros: 0).prefix(19)
            return HTTPAnswer(
                json: "{\"iso\":\"\(iso)Z\",\"epochSeconds\":\"\(now / 1000)\",\"epochMillis\":\"\(now)\"}"
            )
        case ("market", 2) where parts[1] == "products":
            let all = exchange.listed(.coinbase, .spot)
            let rows = all.map(product).joined(separator: ",")
            return HTTPAnswer(json: "{\"products\":[\(rows)],\"num_products\":\(all.count)}")
        case ("market", 2) where parts[1] == "product_book": return book()
        case ("market", 3...4) where parts[1] == "products": return one(parts)
        case ("market", _): return CoinbaseBrokerage.notFound
        default:
            var refusal = HTTPAnswer(status: 401, json: "Unauthorized")
            refusal.type = "text/plain"
            return refusal
        }
    }

    private static let notFound = HTTPAnswer(
        status: 404,
        json: "{\"error\":\"NOT_FOUND\",\"error_details\":\"not found\",\"message\":\"not found\"}"
    )

    private func bad(_ text: String) -> HTTPAnswer {
        HTTPAnswer(
            status: 400,
            json: "{\"error\":\"INVALID_ARGUMENT\",\"error_details\":\"\(text)\",\"message\":\"\(text)\"}"
        )
    }

    private func one(_ parts: [String]) -> HTTPAnswer {
        guard let market = exchange.market(.coinbase, .spot, parts[2]) else {
            return CoinbaseBrokerage.notFound
        }
        guard parts.count == 4 else {
            let row = exchange.listed(.coinbase, .spot).first { $0.name == parts[2] }
            return row.map { HTTPAnswer(json: product($0)) } ?? CoinbaseBrokerage.notFound
        }
        switch parts[3] {
        case "ticker": return ticker(market)
        case "candles": return candles(market)
        default: return CoinbaseBrokerage.notFound
        }
    }

    private func product(_ listed: Listed) -> String {
        let market = exchange.market(.coinbase, .spot, listed.name)
        let price = ByteBuffer()
        let volume = ByteBuffer()
        if let market {
            market.instrument.write(price: market.lastTicks, into: price)
            market.instrument.write(size: market.lastDay(at: exchange.engineTime).volume.lots, into: volume)
        }
        return
            "{\"product_id\":\"\(listed.name)\",\"price\":\"\(price.text)\",\"price_percentage_change_24h\":\"0.1\""
            + ",\"volume_24h\":\"\(volume.text)\",\"base_increment\":\"\(listed.lot.text)\""
            + ",\"quote_increment\":\"\(listed.tick.text)\",\"quote_min_size\":\"1\""
            + ",\"base_min_size\":\"\(listed.lot.text)\",\"base_max_size\":\"3400\",\"base_name\":\"\(listed.base)\""
            + ",\"quote_name\":\"\(listed.quote)\",\"status\":\"online\",\"cancel_only\":false,\"limit_only\":false"
            + ",\"post_only\":false,\"trading_disabled\":false,\"is_disabled\":false,\"auction_mode\":false"
            + ",\"product_type\":\"SPOT\",\"quote_currency_id\":\"\(listed.quote)\""
            + ",\"base_currency_id\":\"\(listed.base)\",\"alias\":\"\",\"alias_to\":[]"
            + ",\"price_increment\":\"\(listed.tick.text)\",\"product_venue\":\"CBE\",\"view_only\":false}"
    }

    // MARK: - Books, trades, candles

    private func book() -> HTTPAnswer {
        let name = request.parameter("product_id") ?? ""
        guard let market = exchange.market(.coinbase, .spot, name) else { return CoinbaseBrokerage.notFound }
        let limit = request.integer("limit") ?? Int.max
        let book = exchange.publisher.faults.snapshot(of: market, max(1, limit))
        let out = ByteBuffer(capacity: 4096)
        out.append(text: "{\"pricebook\":{\"product_id\":\"\(name)\"")
        for (word, levels) in [("bids", book.bids), ("asks", book.asks)] {
            out.append(text: ",\"\(word)\":[")
            for (index, level) in levels.enumerated() {
                if index > 0 { out.append(44) }
                var row = ObjectWriter(out)
                row.price("price", market.instrument, level.ticks)
                row.size("size", market.instrument, level.lots)
                row.end()
            }
            out.append(93)
        }
        out.append(text: ",\"time\":\"\(CoinbaseTime.text(now, micros: 782))\"}")
        let last = ByteBuffer()
        market.instrument.write(price: market.lastTicks, into: last)
        out.append(text: ",\"last\":\"\(last.text)\",\"mid_market\":\"\(last.text)\",\"spread_bps\":\"0.1\"")
        out.append(",\"spread_absolute\":\"0.01\"}")
        return HTTPAnswer(buffer: out)
    }

    private func ticker(_ market: Market) -> HTTPAnswer {
        let limit = min(max(request.integer("limit") ?? 100, 1), 1000)
        let out = ByteBuffer(capacity: 4096)
        let frames = CoinbaseFrames(market: market, now: now, out: out)
        out.append("{\"trades\":[")
        for (index, match) in market.matches.suffix(limit).reversed().enumerated() {
            if index > 0 { out.append(44) }
            frames.advancedTrade(match.fill, match.part, rest: true)
        }
        out.append("],\"best_bid\":\"")
        market.instrument.write(price: market.book.bids.best?.ticks ?? 0, into: out)
        out.append("\",\"best_ask\":\"")
        market.instrument.write(price: market.book.asks.best?.ticks ?? 0, into: out)
        out.append("\"}")
        return HTTPAnswer(buffer: out)
    }

    private static let spans = [
        "ONE_MINUTE": 60, "FIVE_MINUTE": 300, "FIFTEEN_MINUTE": 900, "THIRTY_MINUTE": 1800, "ONE_HOUR": 3600,
        "TWO_HOUR": 7200, "FOUR_HOUR": 14_400, "SIX_HOUR": 21_600, "ONE_DAY": 86_400,
    ]

    private func candles(_ market: Market) -> HTTPAnswer {
        guard let seconds = CoinbaseBrokerage.spans[request.parameter("granularity") ?? ""] else {
            return bad("unsupported granularity")
        }
        guard let start = request.integer("start"),
            let end = request.integer("end")
        else { return bad("start and end are required") }
        let interval = CandleInterval(milliseconds: seconds * 1000)
        guard (end - start) / seconds <= 350 else {
            return bad("number of candles requested should be less than 350")
        }
        let rows = market.candles(
            interval,
            from: max(0, start * 1000),
            to: min(end * 1000, exchange.engineTime)
        )
        .filter { $0.trades > 0 }
        let out = ByteBuffer(capacity: 4096)
        let frames = CoinbaseFrames(market: market, now: now, out: out)
        out.append("{\"candles\":[")
        for (index, candle) in rows.reversed().enumerated() {
            if index > 0 { out.append(44) }
            var row = ObjectWriter(out)
            frames.candleBody(candle, &row)
            row.end()
        }
        out.append("]}")
        return HTTPAnswer(buffer: out)
    }
}
