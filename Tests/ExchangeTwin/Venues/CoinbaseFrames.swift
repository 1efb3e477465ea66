// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Coinbase's pushes as the sheet's sections 3 and 4 print them: numbers in strings, the maker's side.
struct CoinbaseFrames {
    let market: Market
    /// Wall milliseconds of this push.
    let now: Int
    let out: ByteBuffer

    private var instrument: Instrument { market.instrument }

    // MARK: - Exchange: trades

    func match(_ fill: Fill, _ part: Int, type: StaticString) {
        let id = fill.firstID + part
        var row = ObjectWriter(out)
        row.text("type", type)
        row.number("trade_id", id)
        row.text("maker_order_id", string: CoinbaseFrames.order(instrument, id, 1))
        row.text("taker_order_id", string: CoinbaseFrames.order(instrument, fill.id, 2))
        // The side of the order that was in the book.
        row.text("side", fill.buy ? "sell" : "buy")
        row.size("size", instrument, fill.lots(part: part))
        row.price("price", instrument, fill.ticks)
        row.text("product_id", instrument.nameBytes)
        row.number("sequence", fill.sequence)
        row.text("time", string: CoinbaseTime.text(fill))
        row.end()
    }

    /// An order's UUID, made from numbers.
    private static func order(_ instrument: Instrument, _ id: Int, _ salt: UInt64) -> String {
        let high = RandomSource.mix(instrument.hash &+ UInt64(truncatingIfNeeded: id) &* 3 &+ salt)
        let low = RandomSource.mix(high)
        let text = [high, low].map { half in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
        var rest = Substring(text)
        return [8, 4, 4, 4, 12].map { count in
            defer { rest = rest.dropFirst(count) }
            return String(rest.prefix(count))
        }.joined(separator: "-")
    }

    func ticker(_ fill: Fill, _ part: Int) {
        let day = market.lastDay(at: now)
        var row = ObjectWriter(out)
        row.text("type", "ticker")
        row.number("sequence", fill.sequence)
        row.text("product_id", instrument.nameBytes)
        row.price("price", instrument, fill.ticks)
        row.price("open_24h", instrument, day.first)
        row.quoted("volume_24h") { volume(day.volume.lots, $0) }
        row.price("low_24h", instrument, day.low)
        row.price("high_24h", instrument, day.high)
        row.quoted("volume_30d") { volume(30 * day.volume.lots, $0) }
        if let bid = market.book.bids.best {
            row.price("best_bid", instrument, bid.ticks)
            row.quoted("best_bid_size") { volume(bid.lots, $0) }
        }
        if let ask = market.book.asks.best {
            row.price("best_ask", instrument, ask.ticks)
            row.quoted("best_ask_size") { volume(ask.lots, $0) }
        }
        // The taker's side here.
        row.text("side", fill.buy ? "buy" : "sell")
        row.text("time", string: CoinbaseTime.text(fill))
        row.number("trade_id", fill.firstID + part)
        row.size("last_size", instrument, fill.lots(part: part))
        row.end()
    }

    /// With eight decimals.
    private func volume(_ lots: Int, _ out: ByteBuffer) {
        out.appendDecimal(
            Int128(lots) * Int128(instrument.lot.mantissa),
            scale: instrument.lot.scale,
            digits: 8
        )
    }

    func heartbeat() {
        var row = ObjectWriter(out)
        row.text("type", "heartbeat")
        row.number("sequence", market.book.sequence)
        row.number("last_trade_id", market.tradeID)
        row.text("product_id", instrument.nameBytes)
        row.text("time", string: CoinbaseTime.text(now, micros: 459))
        row.end()
    }

    // MARK: - Exchange: books

    func snapshot(_ book: BookSnapshot) {
        var row = ObjectWriter(out)
        row.text("type", "snapshot")
        row.text("product_id", instrument.nameBytes)
        for (name, levels) in [("bids" as StaticString, book.bids), ("asks", book.asks)] {
            row.key(name)
            out.append(91)
            for (index, level) in levels.enumerated() {
                out.append(index > 0 ? ",[\"" : "[\"")
                instrument.write(price: level.ticks, into: out)
                out.append("\",\"")
                volume(level.lots, out)
                out.append("\"]")
            }
            out.append(93)
        }
        row.text("time", string: CoinbaseTime.text(now, micros: 0))
        row.end()
    }

    func update(_ delta: BookDelta) {
        var row = ObjectWriter(out)
        row.text("type", "l2update")
        row.text("product_id", instrument.nameBytes)
        row.key("changes")
        out.append(91)
        var first = true
        for (word, levels) in [("buy" as StaticString, delta.bids), ("sell", delta.asks)] {
            for level in levels {
                out.append(first ? "[\"" : ",[\"")
                first = false
                out.append(word)
                out.append("\",\"")
                change(level)
                out.append("\"]")
            }
        }
        out.append(93)
        row.text("time", string: CoinbaseTime.text(now - 1, micros: delta.last % 1000, trimmed: true))
        row.end()
    }

    /// A price is not always written the same way; only its value counts.
    private func change(_ level: Level) {
        let ticks = Int128(level.ticks) * Int128(instrument.tick.mantissa)
        let digits = level.ticks % 2 == 0 ? instrument.priceDigits : max(8, instrument.tick.scale)
        out.appendDecimal(ticks, scale: instrument.tick.scale, digits: digits)
        out.append("\",\"")
        if level.lots == 0 && level.ticks % 3 == 0 { out.append("0") } else { volume(level.lots, out) }
    }

    // MARK: - Advanced Trade: what stands in `events`

    /// Trades from fills, which come oldest first; the frame has the newest first.
    func advancedTrades(_ fills: [Fill], type: StaticString) {
        var event = ObjectWriter(out)
        event.text("type", type)
        event.key("trades")
        out.append(91)
        var first = true
        for fill in fills.reversed() {
            for part in (0..<fill.parts).reversed() {
                if !first { out.append(44) }
                first = false
                advancedTrade(fill, part)
            }
        }
        out.append(93)
        event.end()
    }

    func advancedTrade(_ fill: Fill, _ part: Int, rest: Bool = false) {
        var row = ObjectWriter(out)
        row.text("trade_id", fill.firstID + part)
        row.text("product_id", instrument.nameBytes)
        row.price("price", instrument, fill.ticks)
        row.size("size", instrument, fill.lots(part: part))
        row.text("time", string: CoinbaseTime.text(fill))
        row.text("side", fill.buy ? "SELL" : "BUY")
        if rest {
            row.text("bid", "")
            row.text("ask", "")
            row.text("exchange", "coinbase")
        }
        row.end()
    }

    func advancedBook(_ bids: [Level], _ asks: [Level], type: StaticString) {
        let time = CoinbaseTime.text(now - 1, micros: 456)
        var event = ObjectWriter(out)
        event.text("type", type)
        event.text("product_id", instrument.nameBytes)
        event.key("updates")
        out.append(91)
        var first = true
        for (word, levels) in [("bid" as StaticString, bids), ("offer", asks)] {
            for level in levels {
                if !first { out.append(44) }
                first = false
                var row = ObjectWriter(out)
                row.text("side", word)
                row.text("event_time", string: time)
                row.price("price_level", instrument, level.ticks)
                row.quoted("new_quantity") { volume(level.lots, $0) }
                row.end()
            }
        }
        out.append(93)
        event.end()
    }

    func advancedTicker(ticks: Int, type: StaticString, touch: Bool) {
        let day = market.lastDay(at: now)
        var event = ObjectWriter(out)
        event.text("type", type)
        event.key("tickers")
        out.append(91)
        var row = ObjectWriter(out)
        row.text("type", "ticker")
        row.text("product_id", instrument.nameBytes)
        row.price("price", instrument, ticks)
        row.quoted("volume_24_h") { volume(day.volume.lots, $0) }
        row.price("low_24_h", instrument, day.low)
        row.price("high_24_h", instrument, day.high)
        row.price("low_52_w", instrument, max(1, day.low / 2))
        row.price("high_52_w", instrument, day.high * 2)
        let change = (ticks - day.first) * 1_000_000 / max(1, day.first)
        row.decimal("price_percent_chg_24_h", change, scale: 4, digits: nil)
        if touch, let bid = market.book.bids.best, let ask = market.book.asks.best {
            row.price("best_bid", instrument, bid.ticks)
            row.quoted("best_bid_quantity") { volume(bid.lots, $0) }
            row.price("best_ask", instrument, ask.ticks)
            row.quoted("best_ask_quantity") { volume(ask.lots, $0) }
        }
        row.end()
        out.append(93)
        event.end()
    }

    func advancedCandles(_ candles: [Candle], type: StaticString) {
        var event = ObjectWriter(out)
        event.text("type", type)
        event.key("candles")
        out.append(91)
        for (index, candle) in candles.enumerated() {
            if index > 0 { out.append(44) }
            var row = ObjectWriter(out)
            candleBody(candle, &row)
            row.text("product_id", instrument.nameBytes)
            row.end()
        }
        out.append(93)
        event.end()
    }

    func candleBody(_ candle: Candle, _ row: inout ObjectWriter) {
        row.text("start", candle.open / 1000)
        row.price("high", instrument, candle.high)
        row.price("low", instrument, candle.low)
        row.price("open", instrument, candle.first)
        row.price("close", instrument, candle.last)
        row.quoted("volume") { volume(candle.volume.lots, $0) }
    }

    func advancedHeartbeat(counter: Int) {
        let time = CoinbaseTime.text(now, micros: 0).dropLast()
        let day = time.prefix(10)
        let clock = time.dropFirst(11)
        var event = ObjectWriter(out)
        event.text("current_time", string: "\(day) \(clock)000 +0000 UTC m=+\(counter).5")
        event.number("heartbeat_counter", counter)
        event.end()
    }
}
