// Part of MarketBus. Apache License 2.0, see LICENSE.

/// REST of HTX's contracts beside the markets themselves: lists, funding, open interest, indexes.
struct HTXContracts {
    let rest: HTXREST
    let segment: Segment
    let request: HTTPRequest
    /// Coin-margined contracts with an end, which HTX lists apart.
    var isDelivery = false

    private var exchange: Exchange { rest.exchange }
    private var now: Int { rest.now }

    /// A contract by its code, or by its alias: `BTC-USDT-CQ`.
    func find(_ code: String) -> Instrument? {
        guard let desk = exchange.desks[.htx] as? HTXDesk else { return nil }
        return isDelivery ? desk.delivery(code.uppercased()) : desk.contract(code.uppercased(), segment)
    }

    /// The contracts asked for; nil when the one named does not exist.
    private func chosen(_ only: (Instrument) -> Bool = { _ in true }) -> [Instrument]? {
        let type = request.parameter("business_type") ?? "swap"
        let all = exchange.instruments(.htx, segment).filter { instrument in
            only(instrument) && (segment == .linear || (instrument.expiry != nil) == isDelivery)
        }
        if isDelivery {
            let base = request.parameter("symbol")?.uppercased()
            let code = request.parameter("contract_code")?.uppercased()
            return all.filter { (base ?? $0.base) == $0.base && (code ?? $0.name) == $0.name }
        }
        guard let code = request.parameter("contract_code"), code != "*" else {
            return all.filter { type == "all" || $0.businessType == type }
        }
        guard let one = find(code), only(one) else { return nil }
        return [one]
    }

    func answer(_ path: String, _ call: String) -> HTTPAnswer {
        if path.hasPrefix("/v5/") { return newer(path) }
        switch call {
        case "swap_contract_info", "contract_contract_info": return list { HTXContracts.row($0) }
        case "swap_open_interest", "contract_open_interest": return list { openInterest($0) }
        case "swap_index", "contract_index": return list { index($0) }
        case "swap_funding_rate": return funding()
        case "swap_batch_funding_rate": return list({ $0.isPerpetual }, HTXContracts.rate(now))
        case "swap_historical_funding_rate": return fundingHistory()
        default: return HTXREST.notFound
        }
    }

    private func list(
        _ only: (Instrument) -> Bool = { _ in true },
        _ row: (Instrument) -> String
    ) -> HTTPAnswer {
        guard let chosen = chosen(only) else { return missing }
        return HTTPAnswer(
            json: "{\"status\":\"ok\",\"data\":[\(chosen.map(row).joined(separator: ","))],\"ts\":\(now)}"
        )
    }

    private var missing: HTTPAnswer { rest.bad(contract: "The contract doesnt exist.", 1013) }

    // MARK: - Instruments

    /// A row of `swap_contract_info`; a notice has a little less.
    static func row(_ instrument: Instrument) -> String {
        let linear =
            instrument.segment == .linear
            ? ",\"support_margin_mode\":\"\(instrument.expiry == nil ? "all" : "cross")\""
                + ",\"business_type\":\"\(instrument.businessType)\",\"pair\":\"\(instrument.base)-\(instrument.quote)\""
                + ",\"contract_type\":\"\(instrument.contractType)\""
            : instrument.expiry == nil ? "" : ",\"contract_type\":\"\(instrument.contractType)\""
        let delivery = instrument.expiry
        return "{\"symbol\":\"\(instrument.base)\",\"contract_code\":\"\(instrument.name)\""
            + ",\"contract_size\":\(instrument.contract.text),\"price_tick\":\(instrument.tick.text)"
            + ",\"delivery_date\":\"\(delivery.map { "20\($0.date)" } ?? "")\""
            + ",\"delivery_time\":\"\(delivery.map { "\($0.milliseconds)" } ?? "")\",\"create_date\":\"20201021\""
            + ",\"contract_status\":1,\"settlement_date\":\"1638518400000\"\(linear)}"
    }

    // MARK: - Funding, open interest, indexes

    private static func rate(_ now: Int) -> (Instrument) -> String {
        { instrument in
            let next = instrument.nextFunding(after: now)
            let rate = HTXFrames.rate(History.fundingRate(instrument, at: next, asOf: now))
            return "{\"funding_rate\":\"\(rate)\",\"contract_code\":\"\(instrument.name)\""
                + ",\"symbol\":\"\(instrument.base)\",\"fee_asset\":\"\(instrument.feeAsset)\""
                + ",\"funding_time\":\"\(next)\",\"estimated_rate\":null,\"next_funding_time\":null}"
        }
    }

    private func funding() -> HTTPAnswer {
        guard let one = chosen({ $0.isPerpetual })?.first else { return missing }
        return HTTPAnswer(json: "{\"status\":\"ok\",\"data\":\(HTXContracts.rate(now)(one)),\"ts\":\(now)}")
    }

    /// Pages of settled rates, newest first, over 120 days.
    private func fundingHistory() -> HTTPAnswer {
        guard let one = find(request.parameter("contract_code") ?? ""), one.isPerpetual else {
            return missing
        }
        let page = max(1, request.integer("page_index") ?? 1)
        let size = min(max(1, request.integer("page_size") ?? 20), 50)
        let span = one.fundingHours * 3_600_000
        let total = 120 * 24 / one.fundingHours
        let last = now / span
        let rows = ((page - 1) * size..<max((page - 1) * size, min(total, page * size))).map { number in
            let time = (last - number) * span
            let rate = HTXFrames.rate(History.fundingRate(one, at: time, asOf: nil))
            return "{\"avg_premium_index\":\"0.000049895833333333\",\"funding_rate\":\"\(rate)\""
                + ",\"realized_rate\":\"\(rate)\",\"funding_time\":\"\(time)\",\"contract_code\":\"\(one.name)\""
                + ",\"symbol\":\"\(one.base)\",\"fee_asset\":\"\(one.feeAsset)\"}"
        }
        return HTTPAnswer(
            json:
                "{\"status\":\"ok\",\"data\":{\"total_page\":\((total + size - 1) / size),\"current_page\":\(page)"
                + ",\"total_size\":\(total),\"data\":[\(rows.joined(separator: ","))]},\"ts\":\(now)}"
        )
    }

    private func openInterest(_ instrument: Instrument) -> String {
        let market = exchange.market(instrument)
        let out = ByteBuffer()
        out.append("{\"volume\":")
        instrument.write(size: market.openInterest, into: out)
        out.append(",\"amount\":")
        instrument.htx(coinsOf: market.openInterest, at: market.lastTicks, into: out)
        out.append(text: ",\"symbol\":\"\(instrument.base)\"")
        if segment == .linear {
            out.append(",\"value\":")
            let value = Int128(market.openInterest) * Int128(market.lastTicks)
            instrument.write(quote: value, digits: nil, into: out)
        }
        out.append(text: ",\"contract_code\":\"\(instrument.name)\",\"trade_amount\":0,\"trade_volume\":0")
        out.append(text: ",\"trade_turnover\":0,\"business_type\":\"\(instrument.businessType)\"")
        out.append(text: ",\"pair\":\"\(instrument.base)-\(instrument.quote)\"")
        out.append(text: ",\"contract_type\":\"\(instrument.contractType)\"}")
        return out.text
    }

    private func index(_ instrument: Instrument) -> String {
        let (mantissa, scale) = exchange.generator.index(instrument)
        let text = Price(mantissa: mantissa, scale: scale).text
        return "{\"index_price\":\(text),\"index_ts\":\(now),\"contract_code\":\"\(instrument.name)\"}"
    }

    // MARK: - Lists of the markets

    /// `bbo` of all contracts.
    func touches() -> HTTPAnswer {
        guard let chosen = chosen() else { return missing }
        let rows = chosen.map { instrument in
            let market = exchange.market(instrument)
            let frames = HTXTables(exchange: exchange, market: market, topic: "").frames()
            frames.out.append(
                text:
                    "{\"business_type\":\"\(instrument.businessType)\",\"contract_code\":\"\(instrument.name)\""
            )
            frames.touch()
            frames.out.append(text: ",\"mrid\":\(market.book.sequence),\"ts\":\(now - 1)}")
            return frames.out.text
        }
        return HTTPAnswer(
            json: "{\"status\":\"ok\",\"ticks\":[\(rows.joined(separator: ","))],\"ts\":\(now)}"
        )
    }

    /// The 24 hours of all contracts.
    func days() -> HTTPAnswer {
        guard let chosen = chosen() else { return missing }
        let rows = chosen.map { instrument in
            let market = exchange.market(instrument)
            let tables = HTXTables(exchange: exchange, market: market, topic: "")
            let frames = tables.frames()
            frames.out.append(text: "{\"id\":\(now / 1000),\"ts\":\(now)")
            frames.touch()
            frames.out.append(
                text:
                    ",\"business_type\":\"\(instrument.businessType)\",\"contract_code\":\"\(instrument.name)\""
            )
            tables.contractDay(market.lastDay(at: exchange.engineTime), frames)
            frames.out.append(125)
            return frames.out.text
        }
        return HTTPAnswer(
            json: "{\"status\":\"ok\",\"ticks\":[\(rows.joined(separator: ","))],\"ts\":\(now)}"
        )
    }

    /// Candles of mark and index prices; all four prices are the one of now.
    func reference(_ call: String) -> HTTPAnswer {
        guard let one = find(request.parameter("contract_code") ?? "") else { return missing }
        guard let period = HTXPeriod(Substring(request.parameter("period") ?? "")) else {
            return rest.bad(contract: "invalid period", 1014)
        }
        let isMark = call.contains("mark_price")
        guard isMark || call.hasSuffix("index") || call.hasSuffix("index_kline") else {
            return HTXREST.notFound
        }
        let (mantissa, scale) =
            isMark ? exchange.generator.mark(exchange.market(one)) : exchange.generator.index(one)
        let topic = "market.\(one.name).\(isMark ? "mark_price" : "index").\(period.name)"
        let tables = HTXTables(exchange: exchange, market: exchange.market(one), topic: topic)
        let text = Price(mantissa: mantissa, scale: scale).text
        let row = tables.inner { $0.reference(text, period: period) }
        return HTTPAnswer(json: "{\"ch\":\"\(topic)\",\"data\":[\(row)],\"status\":\"ok\",\"ts\":\(now)}")
    }

    // MARK: - V5

    private func newer(_ path: String) -> HTTPAnswer {
        guard let one = find(request.parameter("contract_code") ?? "") else {
            return HTTPAnswer(
                json: "{\"code\":1013,\"message\":\"The contract doesnt exist.\",\"data\":null,\"ts\":\(now)}"
            )
        }
        let data: String
        switch path {
        case "/v5/market/funding_rate" where one.isPerpetual:
            let next = one.nextFunding(after: now)
            data =
                String(HTXContracts.rate(now)(one).dropLast())
                .replacingLast("null", with: "\"\(next + one.fundingHours * 3_600_000)\"")
                + ",\"min_funding_rate\":\"-0.0075\",\"max_funding_rate\":\"0.0075\"}"
        case "/v5/market/open_interest": data = openInterest(one)
        default: return HTXREST.notFound
        }
        return HTTPAnswer(json: "{\"code\":200,\"message\":\"Success\",\"data\":[\(data)],\"ts\":\(now)}")
    }
}

extension String {
    /// The text with its ending `piece` replaced, unchanged where it ends otherwise.
    fileprivate func replacingLast(_ piece: String, with text: String) -> String {
        hasSuffix(piece) ? dropLast(piece.count) + text : self
    }
}
