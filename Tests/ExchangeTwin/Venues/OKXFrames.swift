// Part of MarketBus. Apache License 2.0, see LICENSE.

/// OKX's pushes: the argument, then the rows of `OKXRows`.
extension OKXDesk {
    func write(_ moment: Moment, _ stream: Stream, _ market: Market, into out: ByteBuffer) -> FrameMark? {
        let rows = OKXRows(instrument: market.instrument, time: exchange.engineTime)
        guard case .book(let delta) = moment else {
            head(stream, into: out)
            let mark = row(moment, stream, market, rows, into: out)
            out.append("]}")
            return mark
        }
        head(stream, action: "update", into: out)
        var row = ObjectWriter(out)
        rows.levels("asks", delta.asks, &row)
        rows.levels("bids", delta.bids, &row)
        finish(&row, rows, market.book, previous: delta.previous, sequence: delta.last)
        out.append("]}")
        return FrameMark(delta.last, more: ",\"from\":\(delta.previous)")
    }

    private func row(
        _ moment: Moment,
        _ stream: Stream,
        _ market: Market,
        _ rows: OKXRows,
        into out: ByteBuffer
    ) -> FrameMark? {
        switch moment {
        case .touch:
            touch(market, rows, into: out)
            return FrameMark(market.book.sequence)
        case .match(let fill, let part):
            rows.trade(fill, part: part, into: out)
            return FrameMark(fill.firstID + part)
        case .fill(let fill):
            rows.trade(fill, into: out)
            return FrameMark(fill.id)
        case .candle(let candle, let closed):
            rows.candle(candle, confirmed: closed, into: out)
            return FrameMark(candle: candle, closed: closed)
        case .liquidation(let liquidation):
            rows.liquidation(liquidation, into: out)
            return FrameMark(liquidation.fill.id)
        case .tick: return summary(stream, market, rows, into: out)
        case .book: return nil
        }
    }

    func touch(_ market: Market, _ rows: OKXRows, into out: ByteBuffer) {
        var row = ObjectWriter(out)
        rows.levels("asks", market.book.asks.top(1), &row)
        rows.levels("bids", market.book.bids.top(1), &row)
        row.text("ts", rows.time)
        row.number("seqId", market.book.sequence)
        row.end()
    }

    private func summary(
        _ stream: Stream,
        _ market: Market,
        _ rows: OKXRows,
        into out: ByteBuffer
    ) -> FrameMark? {
        let generator = exchange.generator
        switch stream.kind {
        case "ticker": rows.ticker(market, into: out)
        case "open_interest": rows.openInterest(market, into: out)
        case "mark": rows.mark(generator.mark(market), into: out)
        case "index":
            let day = market.lastDay(at: rows.time)
            rows.index(generator.index(market.instrument), stream.symbol, day, into: out)
        case "funding": rows.funding(at: market.instrument.nextFunding(after: rows.time), into: out)
        case "partial_book":
            var row = ObjectWriter(out)
            rows.levels("asks", market.book.asks.top(5), &row)
            rows.levels("bids", market.book.bids.top(5), &row)
            row.text("instId", market.instrument.nameBytes)
            row.text("ts", rows.time)
            row.number("seqId", market.book.sequence)
            row.end()
            return FrameMark(market.book.sequence)
        default: return nil
        }
        return FrameMark(rows.time)
    }

    // MARK: - Pieces

    func head(_ stream: Stream, action: StaticString? = nil, into out: ByteBuffer) {
        out.append("{\"arg\":{\"channel\":\"")
        let channel = stream.name.utf8.firstIndex(of: 58) ?? stream.name.endIndex
        out.append(text: String(stream.name[..<channel]))
        out.append(stream.market == nil ? "\",\"instType\":\"" : "\",\"instId\":\"")
        out.append(text: stream.symbol)
        if let action {
            out.append("\"},\"action\":\"")
            out.append(action)
            out.append("\",\"data\":[")
        } else {
            out.append("\"},\"data\":[")
        }
    }

    /// The end of a book's row; the checksum is there only where asked for: the sheet's state of 2026-10 has none.
    func finish(_ row: inout ObjectWriter, _ rows: OKXRows, _ book: Book, previous: Int, sequence: Int) {
        row.text("ts", rows.time)
        switch exchange.options.okxChecksum {
        case .absent: break
        case .zero: row.number("checksum", 0)
        case .right: row.number("checksum", rows.checksum(book))
        }
        row.number("prevSeqId", previous)
        row.number("seqId", sequence)
        row.end()
    }

    // MARK: - What a new listener is told first

    func greet(_ connection: Connection, _ stream: Stream, _ market: Market) {
        let rows = OKXRows(instrument: market.instrument, time: exchange.engineTime)
        switch stream.kind {
        case "bbo":
            exchange.send(stream, to: connection, FrameMark(market.book.sequence)) { out in
                head(stream, into: out)
                touch(market, rows, into: out)
                out.append("]}")
            }
        case "trade":
            guard !stream.lastPayload.isEmpty else { return }
            let mark = FrameMark(stream.keptID, more: ",\"resent\":true")
            exchange.send(stream, to: connection, mark) { $0.append(stream.lastPayload) }
        case "book": snapshot(connection, stream, market, rows)
        default: break
        }
    }

    private func snapshot(_ connection: Connection, _ stream: Stream, _ market: Market, _ rows: OKXRows) {
        guard let feed = stream.feed else { return }
        let stale = exchange.publisher.faults.staleSnapshot(of: market)
        var book = stale ?? market.book.snapshot(feed.window ?? 400)
        // What changed out of view did not move the channel's own sequence.
        if stale == nil { book.sequence = feed.previous }
        let limit = feed.window ?? 400
        var mark = FrameMark(book.sequence, more: ",\"snapshot\":true")
        mark.isSnapshot = true
        exchange.send(stream, to: connection, mark) { out in
            head(stream, action: "snapshot", into: out)
            var row = ObjectWriter(out)
            rows.levels("asks", Array(book.asks.prefix(limit)), &row)
            rows.levels("bids", Array(book.bids.prefix(limit)), &row)
            finish(&row, rows, market.book, previous: -1, sequence: book.sequence)
            out.append("]}")
        }
    }
}
