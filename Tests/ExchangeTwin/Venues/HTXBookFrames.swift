// Part of MarketBus. Apache License 2.0, see LICENSE.

// Books, indexes and notices of HTX.
extension HTXFrames {
    // MARK: - Books

    /// A whole book: every price, or merged to a coarser tick from step 1 on.
    func depth(step: Int) {
        let limit = step == 0 ? 150 : 20
        let bids = merged(.bid, step: step, limit: limit)
        let asks = merged(.ask, step: step, limit: limit)
        head()
        if !isSpot {
            member("mrid", market.book.sequence, first: true)
            member("id", now / 1000)
        }
        levels("bids", bids, first: isSpot)
        levels("asks", asks)
        if isSpot {
            member("version", market.book.sequence)
            member("ts", now - 1)
        } else {
            member("ts", now - 1)
            member("version", now / 1000)
        }
        tail()
    }

    /// The best levels of a side; steps 1 to 5 gather ten, a hundred … ticks each, 6 is 0 with twenty levels.
    private func merged(_ side: Side, step: Int, limit: Int) -> [Level] {
        let all = market.book.side(side)
        guard (1...5).contains(step) else { return all.top(limit) }
        let width = powerOfTen(step)
        var made: [Level] = []
        for rank in 0..<all.count {
            guard let level = all.level(rank: rank) else { break }
            let down = level.ticks / width * width
            let ticks = side == .bid || down == level.ticks ? down : down + width
            if made.last?.ticks == ticks {
                made[made.count - 1].lots += level.lots
            } else if made.count < limit {
                made.append(Level(ticks: ticks, lots: level.lots))
            } else {
                break
            }
        }
        return made
    }

    /// `mbp.refresh`: the best levels with their sequence.
    func refresh(limit: Int) {
        head()
        member("seqNum", market.book.sequence, first: true)
        levels("bids", market.book.bids.top(limit))
        levels("asks", market.book.asks.top(limit))
        out.append("}}")
    }

    /// An increment of `mbp`.
    func increment(_ delta: BookDelta) {
        head()
        member("seqNum", delta.last, first: true)
        member("prevSeqNum", delta.previous)
        levels("asks", delta.asks)
        levels("bids", delta.bids)
        out.append("}}")
    }

    /// A contract's high-frequency book: a snapshot or an increment.
    func highFrequency(_ bids: [Level], _ asks: [Level], sequence: Int, version: Int, event: StaticString) {
        out.append("{\"ch\":\"")
        out.append(text: topic)
        out.append("\",\"tick\":{")
        levels("asks", asks, first: true)
        levels("bids", bids)
        out.append(text: ",\"ch\":\"\(topic)\",\"event\":\"")
        out.append(event)
        out.append(
            text: "\",\"id\":\(sequence),\"mrid\":\(sequence),\"ts\":\(now - 1),\"version\":\(version)}"
        )
        member("ts", now)
        out.append("}")
    }

    // MARK: - Indexes

    /// One candle of prices that nobody trades: all of its four are the price as it is, and strings.
    func reference(_ value: String, period: HTXPeriod) {
        head()
        let id = period.interval.open(of: now) / 1000
        out.append(
            text: "\"vol\":\"0\",\"close\":\"\(value)\",\"count\":\"0\",\"high\":\"\(value)\",\"id\":\(id)"
        )
        out.append(
            text: ",\"low\":\"\(value)\",\"open\":\"\(value)\",\"trade_turnover\":\"0\",\"amount\":\"0\"}}"
        )
    }

    func basis(index: Price, period: HTXPeriod) {
        let contract = Price(
            mantissa: market.lastTicks * instrument.tick.mantissa,
            scale: instrument.tick.scale
        )
        let difference = contract.minus(index)
        head()
        member("id", period.interval.open(of: now) / 1000, first: true)
        out.append(text: ",\"index_price\":\"\(index.text)\",\"contract_price\":\"\(contract.text)\"")
        out.append(
            text: ",\"basis\":\"\(difference.text)\",\"basis_rate\":\"\(difference.over(index).text)\"}}"
        )
    }

    // MARK: - Notices

    /// `{"op":"notify","topic":…,"ts":…,` and further members.
    func notify(_ more: String, rows: String) {
        out.append(text: "{\"op\":\"notify\",\"topic\":\"\(topic)\",\"ts\":\(now)\(more),\"data\":[\(rows)]}")
    }

    func funding() {
        let next = instrument.nextFunding(after: now)
        let rate = HTXFrames.rate(History.fundingRate(instrument, at: next, asOf: now))
        notify(
            "",
            rows: "{\"symbol\":\"\(instrument.base)\",\"contract_code\":\"\(instrument.name)\""
                + ",\"fee_asset\":\"\(instrument.feeAsset)\",\"funding_time\":\"\(now / 60_000 * 60_000)\""
                + ",\"funding_rate\":\"\(rate)\",\"settlement_time\":\"\(next)\",\"estimated_rate\":null}"
        )
    }

    /// Hundred-millionths with the eighteen decimals that HTX prints.
    static func rate(_ value: Int) -> String {
        let out = ByteBuffer()
        if value < 0 { out.append(45) }
        out.appendDecimal(abs(value), scale: 8, digits: 18)
        return out.text
    }

    func liquidation(_ liquidation: Liquidation) {
        let lots = liquidation.fill.lots
        let numbers = ByteBuffer()
        numbers.append(",\"volume\":")
        instrument.write(size: lots, into: numbers)
        numbers.append(",\"price\":")
        instrument.write(price: liquidation.ticks, into: numbers)
        numbers.append(text: ",\"created_at\":\(liquidation.fill.milliseconds)")
        if instrument.segment == .linear {
            numbers.append(",\"amount\":")
            instrument.write(contractValue: lots, digits: nil, into: numbers)
            numbers.append(",\"trade_turnover\":")
            let turnover = Int128(lots) * Int128(liquidation.ticks)
            instrument.write(quote: turnover, digits: nil, into: numbers)
            numbers.append(text: ",\"business_type\":\"\(instrument.businessType)\"")
        }
        let symbol = instrument.segment == .inverse ? "\"symbol\":\"\(instrument.base)\"," : ""
        notify(
            "",
            rows: "{\(symbol)\"contract_code\":\"\(instrument.name)\""
                + ",\"direction\":\"\(liquidation.buy ? "buy" : "sell")\",\"offset\":\"close\"\(numbers.text)}"
        )
    }
}

/// A decimal that may be negative, for figures that are made from others.
struct Price {
    var mantissa: Int
    var scale: Int

    var text: String {
        let out = ByteBuffer()
        if mantissa < 0 { out.append(45) }
        out.appendDecimal(abs(mantissa), scale: scale, digits: nil)
        return out.text
    }

    func minus(_ other: Price) -> Price {
        let common = max(scale, other.scale)
        return Price(
            mantissa: mantissa * powerOfTen(common - scale) - other.mantissa
                * powerOfTen(common - other.scale),
            scale: common
        )
    }

    /// The quotient with sixteen decimals.
    func over(_ other: Price) -> Price {
        let above =
            Int128(mantissa) * Int128(powerOfTen(16)) * Int128(powerOfTen(max(0, other.scale - scale)))
        let below = Int128(other.mantissa) * Int128(powerOfTen(max(0, scale - other.scale)))
        return Price(mantissa: Int(clamping: above / max(1, below)), scale: 16)
    }
}

extension Instrument {
    var feeAsset: String { segment == .inverse ? base : quote }
    /// HTX's words for what a contract is.
    var businessType: String { expiry == nil ? "swap" : "futures" }
    var contractType: String {
        switch expiry?.quarter {
        case nil: "swap"
        case 0: "quarter"
        default: "next_quarter"
        }
    }
}
