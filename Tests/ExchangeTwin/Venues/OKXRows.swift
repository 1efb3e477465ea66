// Part of MarketBus. Apache License 2.0, see LICENSE.

/// OKX's rows as the sheet's sections 3 and 5 print them in 2026; pushes and REST answers share them.
struct OKXRows {
    let instrument: Instrument
    /// Milliseconds of the matching engine.
    let time: Int

    /// `SPOT`, `SWAP` or `FUTURES`.
    var type: String {
        instrument.segment == .spot ? "SPOT" : instrument.expiry == nil ? "SWAP" : "FUTURES"
    }
    private var isSpot: Bool { instrument.segment == .spot }

    // MARK: - Books

    /// One level of the touch or a book: price, size, a dead field, number of orders.
    func level(_ level: Level, _ fields: Int, into out: ByteBuffer) {
        out.append("[\"")
        instrument.write(price: level.ticks, into: out)
        out.append("\",\"")
        instrument.write(size: level.lots, into: out)
        if fields == 4 { out.append("\",\"0") }
        out.append("\",\"")
        out.appendInteger(level.lots > 0 ? 1 + level.lots % 17 : 0)
        out.append("\"]")
    }

    func levels(_ name: StaticString, _ levels: [Level], _ row: inout ObjectWriter, fields: Int = 4) {
        row.key(name)
        row.out.append(91)
        for (index, one) in levels.enumerated() {
            if index > 0 { row.out.append(44) }
            level(one, fields, into: row.out)
        }
        row.out.append(93)
    }

    /// The checksum of the sheet's section 4: CRC-32 over the best 25 levels a side, their texts as sent.
    func checksum(_ book: Book) -> Int {
        let text = ByteBuffer(capacity: 2048)
        let (bids, asks) = (book.bids.top(25), book.asks.top(25))
        for rank in 0..<max(bids.count, asks.count) {
            for side in [bids, asks] where rank < side.count {
                if !text.isEmpty { text.append(58) }
                instrument.write(price: side[rank].ticks, into: text)
                text.append(58)
                instrument.write(size: side[rank].lots, into: text)
            }
        }
        return Int(Int32(bitPattern: crc32(text.bytes)))
    }

    // MARK: - Trades and candles

    /// `index` nil: the whole fill with its count; else one match of it.
    func trade(_ fill: Fill, part: Int? = nil, rest: Bool = false, into out: ByteBuffer) {
        var row = ObjectWriter(out)
        row.text("instId", instrument.nameBytes)
        row.text("tradeId", part.map { fill.firstID + $0 } ?? fill.id)
        row.price("px", instrument, fill.ticks)
        row.size("sz", instrument, part.map { fill.lots(part: $0) } ?? fill.lots)
        row.text("side", fill.buy ? "buy" : "sell")
        row.text("ts", fill.milliseconds)
        if part == nil, !rest { row.text("count", fill.parts) }
        row.text("source", "0")
        if !rest { row.number("seqId", fill.sequence) }
        row.end()
    }

    func candle(_ candle: Candle, confirmed: Bool, into out: ByteBuffer) {
        out.append("[\"")
        out.appendInteger(candle.open)
        for ticks in [candle.first, candle.high, candle.low, candle.last] {
            out.append("\",\"")
            instrument.write(price: ticks, into: out)
        }
        out.append("\",\"")
        instrument.write(size: candle.volume.lots, into: out)
        out.append("\",\"")
        write(currency: candle.volume, into: out)
        out.append("\",\"")
        write(quote: candle.volume, into: out)
        out.append(confirmed ? "\",\"1\"]" : "\",\"0\"]")
    }

    /// `volCcy`: quote coins on spot, base coins on contracts.
    private func write(currency volume: Volume, into out: ByteBuffer) {
        switch instrument.segment {
        case .spot: write(quote: volume, into: out)
        case .linear: instrument.write(contractValue: volume.lots, digits: nil, into: out)
        case .inverse: out.appendDecimal(volume.coins, scale: 8, digits: nil)
        }
    }

    private func write(quote volume: Volume, into out: ByteBuffer) {
        if instrument.segment == .inverse {
            instrument.write(contractValue: volume.lots, digits: nil, into: out)
        } else {
            instrument.write(quote: volume.quote, digits: nil, into: out)
        }
    }

    // MARK: - Summaries

    func ticker(_ market: Market, into out: ByteBuffer) {
        let day = market.lastDay(at: time)
        let bid = market.book.bids.best ?? Level(ticks: 0, lots: 0)
        let ask = market.book.asks.best ?? Level(ticks: 0, lots: 0)
        var row = ObjectWriter(out)
        row.text("instType", string: type)
        row.text("instId", instrument.nameBytes)
        row.price("last", instrument, day.last)
        row.size("lastSz", instrument, market.fills.last?.lots ?? 0)
        row.price("askPx", instrument, ask.ticks)
        row.size("askSz", instrument, ask.lots)
        row.price("bidPx", instrument, bid.ticks)
        row.size("bidSz", instrument, bid.lots)
        row.price("open24h", instrument, day.first)
        row.price("high24h", instrument, day.high)
        row.price("low24h", instrument, day.low)
        row.quoted("volCcy24h") { write(currency: day.volume, into: $0) }
        row.size("vol24h", instrument, day.volume.lots)
        row.price("sodUtc0", instrument, day.first)
        row.price("sodUtc8", instrument, day.first)
        row.text("ts", time)
        row.end()
    }

    func funding(at funding: Int, into out: ByteBuffer) {
        let span = instrument.fundingHours * 3_600_000
        var row = ObjectWriter(out)
        row.text("formulaType", "noRate")
        let rate = History.fundingRate(instrument, at: funding, asOf: time)
        row.decimal("fundingRate", rate, scale: 8, digits: nil)
        row.text("fundingTime", funding)
        row.text("impactValue", "")
        row.text("instId", instrument.nameBytes)
        row.text("instType", "SWAP")
        row.text("interestRate", "")
        row.text("maxFundingRate", "0.00375")
        row.text("method", "current_period")
        row.text("minFundingRate", "-0.00375")
        row.text("nextFundingRate", "")
        row.text("nextFundingTime", funding + span)
        row.text("premium", "0.0001233824646391")
        let settled = History.fundingRate(instrument, at: funding - span, asOf: nil)
        row.decimal("settFundingRate", settled, scale: 8, digits: nil)
        row.text("settState", "settled")
        row.text("ts", time)
        row.end()
    }

    func settledFunding(at funding: Int, into out: ByteBuffer) {
        let rate = History.fundingRate(instrument, at: funding, asOf: nil)
        var row = ObjectWriter(out)
        row.text("formulaType", "noRate")
        row.decimal("fundingRate", rate, scale: 8, digits: nil)
        row.text("fundingTime", funding)
        row.text("instId", instrument.nameBytes)
        row.text("instType", "SWAP")
        row.text("method", "current_period")
        row.decimal("realizedRate", rate, scale: 8, digits: nil)
        row.end()
    }

    func openInterest(_ market: Market, into out: ByteBuffer) {
        let volume = instrument.volume(ticks: market.lastTicks, lots: market.openInterest)
        var row = ObjectWriter(out)
        row.text("instId", instrument.nameBytes)
        row.text("instType", string: type)
        row.size("oi", instrument, market.openInterest)
        row.quoted("oiCcy") { write(currency: volume, into: $0) }
        row.quoted("oiUsd") { write(quote: volume, into: $0) }
        row.text("ts", time)
        row.end()
    }

    func mark(_ mark: (mantissa: Int, scale: Int), into out: ByteBuffer) {
        var row = ObjectWriter(out)
        row.text("instType", string: type)
        row.text("instId", instrument.nameBytes)
        row.decimal("markPx", mark.mantissa, scale: mark.scale, digits: nil)
        row.text("ts", time)
        row.end()
    }

    /// The index of a pair; `name` is the pair's, not the instrument's.
    func index(_ index: (mantissa: Int, scale: Int), _ name: String, _ day: Candle, into out: ByteBuffer) {
        var row = ObjectWriter(out)
        row.text("instId", string: name)
        row.decimal("idxPx", index.mantissa, scale: index.scale, digits: nil)
        row.price("high24h", instrument, day.high)
        row.price("sodUtc0", instrument, day.first)
        row.price("open24h", instrument, day.first)
        row.price("low24h", instrument, day.low)
        row.price("sodUtc8", instrument, day.first)
        row.text("ts", time)
        row.end()
    }

    func liquidation(_ liquidation: Liquidation, into out: ByteBuffer) {
        let family = "\(instrument.base)-\(instrument.quote)"
        out.append("{\"details\":[")
        var row = ObjectWriter(out)
        row.text("bkLoss", "0")
        row.price("bkPx", instrument, liquidation.ticks)
        row.text("ccy", "")
        row.text("posSide", liquidation.buy ? "short" : "long")
        row.text("side", liquidation.buy ? "buy" : "sell")
        row.size("sz", instrument, liquidation.fill.lots)
        row.text("ts", liquidation.fill.milliseconds)
        row.end()
        out.append(text: "],\"instFamily\":\"\(family)\",\"instId\":\"\(instrument.name)\"")
        out.append(text: ",\"instType\":\"\(type)\",\"uly\":\"\(family)\"}")
    }
}

/// CRC-32 as zip and PNG use it.
func crc32(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
    var value: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
        value ^= UInt32(byte)
        for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1 }
    }
    return value ^ 0xFFFF_FFFF
}
