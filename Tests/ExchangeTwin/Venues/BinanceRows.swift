// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Rows of the REST answers that describe one market.
extension BinanceTables {
    func dayRow(_ market: Market, _ out: ByteBuffer) {
        let instrument = market.instrument
        let frames = frames(market)
        let day = market.lastDay(at: exchange.engineTime)
        var row = ObjectWriter(out)
        row.text("symbol", string: instrument.name)
        if segment == .inverse { row.text("pair", string: instrument.pair) }
        row.quoted("priceChange") { frames.change(day, into: $0) }
        row.quoted("priceChangePercent") { frames.percent(day, into: $0) }
        row.price("weightedAvgPrice", instrument, frames.mean(day))
        if segment == .spot { row.price("prevClosePrice", instrument, day.first) }
        row.price("lastPrice", instrument, day.last)
        row.size("lastQty", instrument, market.fills.last?.lots ?? 0)
        if segment == .spot { touch(market, &row) }
        row.price("openPrice", instrument, day.first)
        row.price("highPrice", instrument, day.high)
        row.price("lowPrice", instrument, day.low)
        row.size("volume", instrument, day.volume.lots)
        row.key(segment == .inverse ? "baseVolume" : "quoteVolume")
        out.append(34)
        frames.write(value: day.volume, into: out)
        out.append(34)
        row.number("openTime", day.open)
        row.number("closeTime", exchange.engineTime)
        row.number("firstId", market.tradeID - day.trades + 1)
        row.number("lastId", market.tradeID)
        row.number("count", day.trades)
        row.end()
    }

    private func touch(_ market: Market, _ row: inout ObjectWriter) {
        let bid = market.book.bids.best ?? Level(ticks: 0, lots: 0)
        let ask = market.book.asks.best ?? Level(ticks: 0, lots: 0)
        row.price("bidPrice", market.instrument, bid.ticks)
        row.size("bidQty", market.instrument, bid.lots)
        row.price("askPrice", market.instrument, ask.ticks)
        row.size("askQty", market.instrument, ask.lots)
    }

    func touchRow(_ market: Market, _ out: ByteBuffer) {
        var row = ObjectWriter(out)
        row.text("symbol", string: market.instrument.name)
        if segment == .inverse { row.text("pair", string: market.instrument.pair) }
        touch(market, &row)
        if segment != .spot { row.number("time", exchange.engineTime) }
        row.end()
    }

    func priceRow(_ market: Market, _ out: ByteBuffer) {
        var row = ObjectWriter(out)
        row.text("symbol", string: market.instrument.name)
        row.price("price", market.instrument, market.lastTicks)
        if segment != .spot { row.number("time", exchange.engineTime) }
        row.end()
    }

    func premiumRow(_ market: Market, _ out: ByteBuffer) {
        let instrument = market.instrument
        let mark = exchange.generator.mark(market)
        let index = exchange.generator.index(instrument)
        var row = ObjectWriter(out)
        row.text("symbol", string: instrument.name)
        if segment == .inverse { row.text("pair", string: instrument.pair) }
        row.decimal("markPrice", mark.mantissa, scale: mark.scale, digits: 8)
        row.decimal("indexPrice", index.mantissa, scale: index.scale, digits: 8)
        row.decimal("estimatedSettlePrice", mark.mantissa, scale: mark.scale, digits: 8)
        if instrument.isPerpetual {
            let next = instrument.nextFunding(after: exchange.engineTime)
            let rate = History.fundingRate(instrument, at: next, asOf: exchange.engineTime)
            row.decimal("lastFundingRate", rate, scale: 8, digits: 8)
            row.text("interestRate", "0.00010000")
            row.number("nextFundingTime", next)
        } else {
            row.text("lastFundingRate", "")
            row.text("interestRate", "")
            row.number("nextFundingTime", 0)
        }
        row.number("time", exchange.engineTime)
        row.end()
    }

    func openInterest(_ market: Market, _ out: ByteBuffer) -> HTTPAnswer? {
        var row = ObjectWriter(out)
        row.size("openInterest", market.instrument, market.openInterest)
        row.text("symbol", string: market.instrument.name)
        if segment == .inverse { row.text("pair", string: market.instrument.pair) }
        row.number("time", exchange.engineTime)
        row.end()
        return nil
    }
}
