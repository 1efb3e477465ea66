// Part of MarketBus. Apache License 2.0, see LICENSE.

/// One market's REST rows and one-time answers, in the words of its frames.
struct HTXTables {
    let exchange: Exchange
    let market: Market
    let topic: String

    private var now: Int { exchange.sendTime }
    private var isSpot: Bool { market.instrument.segment == .spot }

    func frames() -> HTXFrames {
        HTXFrames(topic: topic, market: market, now: now, out: ByteBuffer(capacity: 4096))
    }

    /// The `tick` of a push.
    func inner(_ write: (HTXFrames) -> Void) -> String {
        let frames = frames()
        write(frames)
        let text = frames.out.text
        guard let start = text.range(after: "\"tick\":") else { return "{}" }
        return String(text[start...].dropLast())
    }

    // MARK: - Candles

    /// Candles; `from` and `to` in seconds choose them, else the newest `count`.
    func candles(_ period: HTXPeriod, from: Int?, to: Int?, count: Int, newestFirst: Bool) -> String {
        let interval = period.interval
        let until = min(to.map { $0 * 1000 } ?? Int.max, exchange.engineTime)
        let usual = interval.open(of: until) - (count - 1) * interval.span
        var all = market.candles(interval, from: max(0, from.map { $0 * 1000 } ?? usual), to: until)
            .filter { $0.trades > 0 }
        if from == nil { all = Array(all.suffix(count)) }
        all = Array(all.prefix(2000))
        let rows = (newestFirst ? all.reversed() : all).map { candle in
            let frames = frames()
            frames.out.append(123)
            frames.member("id", candle.open / 1000, first: true)
            frames.candleBody(candle)
            frames.out.append(125)
            return frames.out.text
        }
        return "[\(rows.joined(separator: ","))]"
    }

    // MARK: - Trades

    /// The last matches as a flat list, oldest first: what `req` answers.
    func matches(_ count: Int) -> String {
        let rows = market.fills.suffix(count).flatMap { fill in
            (0..<fill.parts).map { row(fill, $0, id: "tradeId") }
        }
        return "[\(rows.suffix(count).joined(separator: ","))]"
    }

    private func row(_ fill: Fill, _ part: Int, id: String) -> String {
        let frames = frames()
        frames.row(fill, part, id: id)
        return frames.out.text
    }

    private func group(_ fill: Fill) -> String {
        let parts = isSpot ? Array((0..<fill.parts).reversed()) : Array(0..<fill.parts)
        let rows = parts.map { row(fill, $0, id: "trade-id") }.joined(separator: ",")
        return "{\"id\":\(fill.sequence),\"ts\":\(fill.milliseconds),\"data\":[\(rows)]}"
    }

    var lastTrade: String { market.fills.last.map(group) ?? "{\"id\":0,\"ts\":\(now),\"data\":[]}" }

    /// The last fills, newest first.
    func trades(_ count: Int) -> String {
        "[\(market.fills.suffix(count).reversed().map(group).joined(separator: ","))]"
    }

    // MARK: - Books and summaries

    /// Nil for a step or depth that does not exist.
    func depth(_ request: HTTPRequest) -> String? {
        let type = request.parameter("type") ?? "step0"
        guard type.hasPrefix("step"), let step = Int(type.dropFirst(4)), (0...15).contains(step) else {
            return nil
        }
        let wanted = request.integer("depth")
        guard wanted.map({ [5, 10, 20].contains($0) }) ?? true else { return nil }
        let book = exchange.publisher.faults.snapshot(of: market, wanted ?? 150)
        guard step == 0 else { return inner { $0.depth(step: step) } }
        let frames = frames()
        let out = frames.out
        if isSpot {
            out.append(text: "{\"ts\":\(now - 1),\"version\":\(book.sequence)")
        } else {
            out.append(text: "{\"mrid\":\(book.sequence),\"id\":\(now / 1000),\"ts\":\(now - 1)")
            out.append(text: ",\"version\":\(now / 1000),\"ch\":\"\(topic)depth.\(type)\"")
        }
        frames.levels("bids", book.bids)
        frames.levels("asks", book.asks)
        out.append(125)
        return out.text
    }

    /// `fullMbp`: everything, with the sequence of the increments.
    var wholeBook: String {
        let book = exchange.publisher.faults.snapshot(of: market, 5000)
        let frames = frames()
        frames.out.append(text: "{\"seqNum\":\(book.sequence)")
        frames.levels("bids", book.bids)
        frames.levels("asks", book.asks)
        frames.out.append(125)
        return frames.out.text
    }

    /// The 24 hours with the touch; contracts mix strings and numbers here.
    var merged: String {
        let day = market.lastDay(at: exchange.engineTime)
        let frames = frames()
        frames.out.append(123)
        if isSpot {
            frames.member("id", market.book.sequence, first: true)
            frames.member("version", market.book.sequence)
            frames.candleBody(day)
            if let bid = market.book.bids.best { frames.side("bid", bid) }
            if let ask = market.book.asks.best { frames.side("ask", ask) }
        } else {
            frames.member("id", now / 1000, first: true)
            contractDay(day, frames)
            frames.touch()
            frames.member("ts", now)
        }
        frames.out.append(125)
        return frames.out.text
    }

    /// `,"open":"…"` and so on, as strings.
    func contractDay(_ day: Candle, _ frames: HTXFrames) {
        let instrument = market.instrument
        for (name, ticks) in [("open", day.first), ("close", day.last), ("high", day.high), ("low", day.low)]
        {
            frames.out.append(text: ",\"\(name)\":\"")
            instrument.write(price: ticks, into: frames.out)
            frames.out.append(34)
        }
        frames.out.append(",\"amount\":\"")
        if instrument.segment == .inverse {
            frames.out.appendDecimal(2 * day.volume.coins, scale: 8, digits: nil)
        } else {
            instrument.write(contractValue: 2 * day.volume.lots, digits: nil, into: frames.out)
        }
        frames.out.append("\",\"vol\":\"")
        instrument.write(size: 2 * day.volume.lots, into: frames.out)
        frames.out.append(34)
        frames.member("count", day.trades)
        guard instrument.segment == .linear else { return }
        frames.out.append(",\"trade_turnover\":\"")
        instrument.write(quote: 2 * day.volume.quote, digits: nil, into: frames.out)
        frames.out.append(34)
    }
}

extension String {
    /// The index after the first occurrence of `piece`.
    fileprivate func range(after piece: String) -> String.Index? {
        let text = Array(utf8)
        let wanted = Array(piece.utf8)
        guard text.count > wanted.count else { return nil }
        for start in 0..<(text.count - wanted.count)
        where text[start..<(start + wanted.count)].elementsEqual(wanted) {
            return utf8.index(startIndex, offsetBy: start + wanted.count)
        }
        return nil
    }
}
