// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Binance's frames of what sums up a market: candles, day tickers, mark price, liquidations.
extension BinanceFrames {
    // MARK: - Candles

    func kline(_ candle: Candle, _ interval: CandleInterval, name: String, closed: Bool, into out: ByteBuffer)
    {
        var row = head("kline", out)
        row.text("s", instrument.nameBytes)
        row.key("k")
        var k = ObjectWriter(out)
        k.number("t", candle.open)
        k.number("T", interval.end(of: candle.open) - 1)
        k.text("s", instrument.nameBytes)
        k.text("i", string: name)
        k.number("f", candle.firstID)
        k.number("L", candle.lastID)
        k.price("o", instrument, candle.first)
        k.price("c", instrument, candle.last)
        k.price("h", instrument, candle.high)
        k.price("l", instrument, candle.low)
        k.size("v", instrument, candle.volume.lots)
        k.number("n", candle.trades)
        k.flag("x", closed)
        k.quoted("q") { write(value: candle.volume, into: $0) }
        k.size("V", instrument, candle.bought.lots)
        k.quoted("Q") { write(value: candle.bought, into: $0) }
        k.text("B", "0")
        k.end()
        end(&row)
    }

    /// The other volume: in the quote currency, for inverse contracts in coins.
    func write(value volume: Volume, into out: ByteBuffer) {
        if instrument.segment == .inverse {
            out.appendDecimal(volume.coins, scale: 8, digits: 8)
        } else {
            let digits = instrument.segment == .spot ? 8 : instrument.tick.scale + instrument.lot.scale
            instrument.write(quote: volume.quote, digits: digits, into: out)
        }
    }

    /// One row of the REST answer.
    func klineRow(_ candle: Candle, _ interval: CandleInterval, into out: ByteBuffer) {
        out.append(91)
        out.appendInteger(candle.open)
        for ticks in [candle.first, candle.high, candle.low, candle.last] {
            out.append(",\"")
            instrument.write(price: ticks, into: out)
            out.append(34)
        }
        out.append(",\"")
        instrument.write(size: candle.volume.lots, into: out)
        out.append(text: "\",\(interval.end(of: candle.open) - 1),\"")
        write(value: candle.volume, into: out)
        out.append(text: "\",\(candle.trades),\"")
        instrument.write(size: candle.bought.lots, into: out)
        out.append("\",\"")
        write(value: candle.bought, into: out)
        out.append("\",\"0\"]")
    }

    // MARK: - The last 24 hours

    func ticker(_ day: Candle, _ market: Market, into out: ByteBuffer) {
        var row = head("24hrTicker", out)
        row.text("s", instrument.nameBytes)
        row.quoted("p") { change(day, into: $0) }
        row.quoted("P") { percent(day, into: $0) }
        row.price("w", instrument, mean(day))
        let spot = instrument.segment == .spot
        if spot { row.price("x", instrument, day.first) }
        row.price("c", instrument, day.last)
        row.size("Q", instrument, market.fills.last?.lots ?? 0)
        if spot {
            let bid = market.book.bids.best ?? Level(ticks: 0, lots: 0)
            let ask = market.book.asks.best ?? Level(ticks: 0, lots: 0)
            row.price("b", instrument, bid.ticks)
            row.size("B", instrument, bid.lots)
            row.price("a", instrument, ask.ticks)
            row.size("A", instrument, ask.lots)
        }
        range(day, &row)
        row.number("O", day.open)
        row.number("C", engine)
        row.number("F", market.tradeID - day.trades + 1)
        row.number("L", market.tradeID)
        row.number("n", day.trades)
        if !spot { row.text("ps", string: instrument.pair) }
        end(&row)
    }

    func miniTicker(_ day: Candle, into out: ByteBuffer) {
        var row = head("24hrMiniTicker", out)
        row.text("s", instrument.nameBytes)
        row.price("c", instrument, day.last)
        range(day, &row)
        if instrument.segment != .spot { row.text("ps", string: instrument.pair) }
        end(&row)
    }

    private func range(_ day: Candle, _ row: inout ObjectWriter) {
        row.price("o", instrument, day.first)
        row.price("h", instrument, day.high)
        row.price("l", instrument, day.low)
        row.size("v", instrument, day.volume.lots)
        row.quoted("q") { write(value: day.volume, into: $0) }
    }

    func mean(_ day: Candle) -> Int {
        day.volume.lots > 0 ? Int(day.volume.quote / Int128(day.volume.lots)) : day.last
    }

    func change(_ day: Candle, into out: ByteBuffer) {
        if day.last < day.first { out.append(45) }
        instrument.write(price: abs(day.last - day.first), into: out)
    }

    func percent(_ day: Candle, into out: ByteBuffer) {
        let thousandths = (day.last - day.first) * 100_000 / max(1, day.first)
        if thousandths < 0 { out.append(45) }
        out.appendDecimal(abs(thousandths), scale: 3, digits: 3)
    }

    // MARK: - Mark price and liquidations

    func markPrice(
        _ mark: (mantissa: Int, scale: Int),
        _ index: (mantissa: Int, scale: Int),
        into out: ByteBuffer
    ) {
        var row = head("markPriceUpdate", out)
        row.text("s", instrument.nameBytes)
        row.decimal("p", mark.mantissa, scale: mark.scale, digits: 8)
        row.decimal("ap", mark.mantissa, scale: mark.scale, digits: 8)
        row.decimal("P", mark.mantissa, scale: mark.scale, digits: 8)
        row.decimal("i", index.mantissa, scale: index.scale, digits: 8)
        if instrument.isPerpetual {
            let next = instrument.nextFunding(after: engine)
            let rate = History.fundingRate(instrument, at: next, asOf: engine)
            row.decimal("r", rate, scale: 8, digits: 8)
            row.number("T", next)
        } else {
            row.text("r", "")
            row.number("T", 0)
        }
        end(&row)
    }

    func forceOrder(_ liquidation: Liquidation, into out: ByteBuffer) {
        let fill = liquidation.fill
        var row = head("forceOrder", out)
        row.key("o")
        var order = ObjectWriter(out)
        order.text("s", instrument.nameBytes)
        order.text("S", liquidation.buy ? "BUY" : "SELL")
        order.text("o", "LIMIT")
        order.text("f", "IOC")
        order.size("q", instrument, fill.lots)
        order.price("p", instrument, liquidation.ticks)
        order.price("ap", instrument, fill.ticks)
        order.text("X", "FILLED")
        order.size("l", instrument, fill.lots)
        order.size("z", instrument, fill.lots)
        order.number("T", fill.milliseconds)
        order.end()
        row.text("ps", string: instrument.pair)
        end(&row)
    }
}
