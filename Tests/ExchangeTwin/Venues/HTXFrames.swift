// Part of MarketBus. Apache License 2.0, see LICENSE.

/// HTX's pushes as the sheet's sections 3 to 5 print them; spot and contracts differ in words, units and order.
struct HTXFrames {
    /// The topic as the client wrote it.
    let topic: String
    let market: Market
    /// Wall milliseconds of this push.
    let now: Int
    let out: ByteBuffer

    var instrument: Instrument { market.instrument }
    var isSpot: Bool { instrument.segment == .spot }

    // MARK: - Pieces

    /// The frame's begin, up to the opened tick.
    func head() {
        out.append("{\"ch\":\"")
        out.append(text: topic)
        out.append("\",\"ts\":")
        out.appendInteger(now)
        out.append(",\"tick\":{")
    }

    func member(_ name: StaticString, _ value: Int, first: Bool = false) {
        out.append(first ? "\"" : ",\"")
        out.append(name)
        out.append("\":")
        out.appendInteger(value)
    }

    func price(_ name: StaticString, _ ticks: Int) {
        out.append(",\"")
        out.append(name)
        out.append("\":")
        instrument.htx(price: ticks, into: out)
    }

    func size(_ name: StaticString, _ lots: Int) {
        out.append(",\"")
        out.append(name)
        out.append("\":")
        instrument.htx(size: lots, into: out)
    }

    /// Levels as arrays of price and size.
    func levels(_ name: StaticString, _ levels: [Level], first: Bool = false) {
        out.append(first ? "\"" : ",\"")
        out.append(name)
        out.append("\":[")
        for (index, level) in levels.enumerated() {
            if index > 0 { out.append(44) }
            pair(level)
        }
        out.append(93)
    }

    private func pair(_ level: Level) {
        out.append(91)
        instrument.htx(price: level.ticks, into: out)
        out.append(44)
        instrument.htx(size: level.lots, into: out)
        out.append(93)
    }

    /// `,"ch":"…"` at the end of a contract's tick, and the frame's end.
    func tail() {
        if !isSpot {
            out.append(",\"ch\":\"")
            out.append(text: topic)
            out.append(34)
        }
        out.append("}}")
    }

    // MARK: - Quotes and trades

    func quote() {
        let bid = market.book.bids.best
        let ask = market.book.asks.best
        head()
        if isSpot {
            member("seqId", market.book.sequence, first: true)
            if let ask {
                price("ask", ask.ticks)
                size("askSize", ask.lots)
            }
            if let bid {
                price("bid", bid.ticks)
                size("bidSize", bid.lots)
            }
            member("quoteTime", now - 1)
            out.append(text: ",\"symbol\":\"\(instrument.name)\"}}")
            return
        }
        member("mrid", market.book.sequence, first: true)
        member("id", now / 1000)
        if let bid { side("bid", bid) }
        if let ask { side("ask", ask) }
        member("ts", now - 1)
        member("version", market.book.sequence)
        tail()
    }

    /// One level as an array of price and size.
    func side(_ name: StaticString, _ level: Level) {
        out.append(",\"")
        out.append(name)
        out.append("\":")
        pair(level)
    }

    /// `,"bid":…,"bidSize":…,"ask":…,"askSize":…` of spot, `,"bid":[…],"ask":[…]` of contracts.
    func touch() {
        if let bid = market.book.bids.best {
            if isSpot {
                price("bid", bid.ticks)
                size("bidSize", bid.lots)
            } else {
                side("bid", bid)
            }
        }
        guard let ask = market.book.asks.best else { return }
        guard isSpot else { return side("ask", ask) }
        price("ask", ask.ticks)
        size("askSize", ask.lots)
    }

    /// The matches of one fill: newest first on spot, oldest first on the contracts.
    func trades(_ fill: Fill) {
        head()
        member("id", fill.sequence, first: true)
        member("ts", fill.milliseconds)
        out.append(",\"data\":[")
        let order = Array(0..<fill.parts)
        for (index, part) in (isSpot ? order.reversed() : order).enumerated() {
            if index > 0 { out.append(44) }
            row(fill, part, id: "tradeId")
        }
        out.append("]}}")
    }

    /// One match; `id` is what spot calls the trade's number there.
    func row(_ fill: Fill, _ part: Int, id: String) {
        if isSpot {
            // 27 digits and more: the frame's number with fifteen more behind it.
            out.append(text: "{\"id\":\(fill.sequence)\(359_286_410_000_000 + part)")
            member("ts", fill.milliseconds)
            out.append(text: ",\"\(id)\":\(fill.firstID + part)")
            size("amount", fill.lots(part: part))
        } else {
            // Both sides of the match are counted.
            let lots = 2 * fill.lots(part: part)
            out.append("{\"amount\":")
            instrument.write(size: lots, into: out)
            out.append(",\"quantity\":")
            instrument.htx(coinsOf: lots, at: fill.ticks, into: out)
            if instrument.segment == .linear {
                out.append(",\"trade_turnover\":")
                instrument.write(quote: Int128(lots) * Int128(fill.ticks), digits: nil, into: out)
            }
            member("ts", fill.milliseconds)
            member("id", HTXFrames.contractTradeID(fill, part))
        }
        price("price", fill.ticks)
        out.append(fill.buy ? ",\"direction\":\"buy\"}" : ",\"direction\":\"sell\"}")
    }

    /// A contract's trade number: growing, in tens of thousands with the match's place at the end.
    static func contractTradeID(_ fill: Fill, _ part: Int) -> Int { fill.firstID * 10_000 + part }

    // MARK: - Candles and 24 hours

    func candle(_ candle: Candle) {
        head()
        member("id", candle.open / 1000, first: true)
        if !isSpot { member("mrid", market.book.sequence) }
        candleBody(candle)
        out.append("}}")
    }

    /// `,"open":…` to `"count":…`; `amount` and `vol` change places between spot and contracts.
    func candleBody(_ candle: Candle) {
        price("open", candle.first)
        price("close", candle.last)
        if isSpot { price("low", candle.low) }
        price("high", candle.high)
        if !isSpot { price("low", candle.low) }
        volumes(candle.volume)
        member("count", candle.trades)
    }

    func volumes(_ volume: Volume) {
        out.append(",\"amount\":")
        guard !isSpot else {
            instrument.htx(size: volume.lots, into: out)
            out.append(",\"vol\":")
            return instrument.htx(quote: volume.quote, into: out)
        }
        if instrument.segment == .inverse {
            out.appendDecimal(2 * volume.coins, scale: 8, digits: nil)
        } else {
            instrument.write(contractValue: 2 * volume.lots, digits: nil, into: out)
        }
        out.append(",\"vol\":")
        instrument.write(size: 2 * volume.lots, into: out)
        guard instrument.segment == .linear else { return }
        out.append(",\"trade_turnover\":")
        instrument.write(quote: 2 * volume.quote, digits: nil, into: out)
    }

    /// The rolling 24 hours.
    func detail() {
        let day = market.lastDay(at: now)
        head()
        if isSpot {
            member("id", market.book.sequence, first: true)
            price("low", day.low)
            price("high", day.high)
            price("open", day.first)
            price("close", day.last)
            volumes(day.volume)
            member("version", market.book.sequence)
            member("count", day.trades)
        } else {
            member("id", now / 60_000 * 60, first: true)
            member("mrid", market.book.sequence)
            candleBody(day)
            if let ask = market.book.asks.best { side("ask", ask) }
            if let bid = market.book.bids.best { side("bid", bid) }
        }
        out.append("}}")
    }

    /// Spot's ticker: the 24 hours, the touch and the last trade.
    func ticker() {
        let day = market.lastDay(at: now)
        head()
        out.append("\"open\":")
        instrument.htx(price: day.first, into: out)
        price("high", day.high)
        price("low", day.low)
        price("close", day.last)
        volumes(day.volume)
        member("count", day.trades)
        touch()
        price("lastPrice", market.lastTicks)
        size("lastSize", market.fills.last?.lots ?? 0)
        out.append("}}")
    }
}
