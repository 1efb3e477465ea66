// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Binance's payloads as the sheet's sections 3 and 4 print them in 2026.
struct BinanceFrames {
    let instrument: Instrument
    /// Milliseconds of the sending and of the matching engine.
    let sent: Int
    let engine: Int

    private var isSpot: Bool { instrument.segment == .spot }

    // MARK: - The touch and trades

    func bookTicker(_ market: Market, into out: ByteBuffer) {
        var row = ObjectWriter(out)
        if !isSpot { row.text("e", "bookTicker") }
        row.number("u", market.book.sequence)
        if !isSpot {
            row.number("E", sent)
            row.number("T", engine)
        }
        row.text("s", instrument.nameBytes)
        if !isSpot { row.text("ps", string: instrument.pair) }
        touch(market, &row)
        end(&row)
    }

    private func touch(_ market: Market, _ row: inout ObjectWriter) {
        let bid = market.book.bids.best ?? Level(ticks: 0, lots: 0)
        let ask = market.book.asks.best ?? Level(ticks: 0, lots: 0)
        row.price("b", instrument, bid.ticks)
        row.size("B", instrument, bid.lots)
        row.price("a", instrument, ask.ticks)
        row.size("A", instrument, ask.lots)
    }

    /// A raw trade; on the futures with `X`.
    func trade(_ fill: Fill, part: Int, into out: ByteBuffer) {
        var row = head("trade", out)
        if !isSpot { row.number("T", fill.milliseconds) }
        row.text("s", instrument.nameBytes)
        row.number("t", fill.firstID + part)
        row.price("p", instrument, fill.ticks)
        row.size("q", instrument, fill.lots(part: part))
        if isSpot { row.number("T", fill.milliseconds) } else { row.text("X", "MARKET") }
        row.flag("m", !fill.buy)
        if isSpot { row.flag("M", true) }
        end(&row)
    }

    func aggregate(_ fill: Fill, into out: ByteBuffer) {
        var row = head("aggTrade", out)
        row.text("s", instrument.nameBytes)
        row.number("a", fill.aggregateID)
        row.price("p", instrument, fill.ticks)
        row.size("q", instrument, fill.lots)
        if !isSpot { row.size("nq", instrument, fill.lots) }
        row.number("f", fill.firstID)
        row.number("l", fill.id)
        row.number("T", fill.milliseconds)
        row.flag("m", !fill.buy)
        if isSpot { row.flag("M", true) }
        end(&row)
    }

    // MARK: - Depth

    /// An increment; `U` on spot follows the last one's `u`, on the futures `pu` tells it.
    func depth(_ delta: BookDelta, into out: ByteBuffer) {
        var row = head("depthUpdate", out)
        if !isSpot { row.number("T", engine) }
        row.text("s", instrument.nameBytes)
        row.number("U", isSpot ? delta.previous + 1 : delta.first)
        row.number("u", delta.last)
        if !isSpot { row.number("pu", delta.previous) }
        row.key("b")
        levels(delta.bids, out)
        row.key("a")
        levels(delta.asks, out)
        if !isSpot { row.text("ps", string: instrument.pair) }
        end(&row)
    }

    /// The best levels whole: on spot without a symbol, on the futures in the shape of an increment.
    func partial(_ market: Market, _ limit: Int, previous: Int, into out: ByteBuffer) {
        let book = market.book.snapshot(limit)
        guard isSpot else {
            let delta = BookDelta(
                first: previous + 1,
                last: book.sequence,
                previous: previous,
                bids: book.bids,
                asks: book.asks
            )
            return depth(delta, into: out)
        }
        var row = ObjectWriter(out)
        row.number("lastUpdateId", book.sequence)
        row.key("bids")
        levels(book.bids, out)
        row.key("asks")
        levels(book.asks, out)
        row.end()
    }

    func levels(_ levels: [Level], _ out: ByteBuffer) {
        out.append(91)
        for (index, level) in levels.enumerated() {
            out.append(index > 0 ? ",[\"" : "[\"")
            instrument.write(price: level.ticks, into: out)
            out.append("\",\"")
            instrument.write(size: level.lots, into: out)
            out.append("\"]")
        }
        out.append(93)
    }

    // MARK: - Pieces

    func head(_ event: StaticString, _ out: ByteBuffer) -> ObjectWriter {
        var row = ObjectWriter(out)
        row.text("e", event)
        row.number("E", sent)
        return row
    }

    /// What every futures frame ends with: which of the two merged markets it is.
    func end(_ row: inout ObjectWriter) {
        switch instrument.segment {
        case .spot: break
        case .linear: row.number("st", 1)
        case .inverse: row.number("st", 2)
        }
        row.end()
    }
}
