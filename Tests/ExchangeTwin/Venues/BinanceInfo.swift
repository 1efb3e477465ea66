// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Binance's instrument lists, in the sheet's shape of 2026.
extension BinanceTables {
    func exchangeInfo() -> HTTPAnswer {
        if let recorded = exchange.answers.find(.binance, segment, "") { return HTTPAnswer(json: recorded) }
        var wanted: [String]?
        if segment == .spot, let one = request.parameter("symbol") { wanted = [one] }
        if segment == .spot, let many = request.parameter("symbols") {
            wanted = JSONReader.read(text: many)?.items?.compactMap(\.string) ?? []
        }
        let known = exchange.listed(.binance, segment)
        if let wanted, wanted.contains(where: { name in !known.contains { $0.name == name } }) {
            return HTTPAnswer(status: 400, json: "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}")
        }
        let out = ByteBuffer(capacity: 1 << 16)
        out.append(text: "{\"timezone\":\"UTC\",\"serverTime\":\(exchange.sendTime),")
        if segment == .linear { out.append("\"futuresType\":\"U_MARGINED\",") }
        let limit = segment == .spot ? 6000 : 2400
        out.append(
            "\"rateLimits\":[{\"rateLimitType\":\"REQUEST_WEIGHT\",\"interval\":\"MINUTE\",\"intervalNum\":1,"
        )
        out.append(text: "\"limit\":\(limit)}],\"exchangeFilters\":[],\"symbols\":[")
        let shown = known.filter { wanted?.contains($0.name) ?? true }
        for (index, instrument) in shown.enumerated() {
            if index > 0 { out.append(44) }
            if segment == .spot { spot(instrument, out) } else { futures(instrument, out) }
        }
        out.append("]}")
        return HTTPAnswer(buffer: out)
    }

    private func spot(_ instrument: Listed, _ out: ByteBuffer) {
        out.append(
            text:
                "{\"symbol\":\"\(instrument.name)\",\"status\":\"TRADING\",\"baseAsset\":\"\(instrument.base)\","
        )
        out.append(
            text: "\"baseAssetPrecision\":8,\"quoteAsset\":\"\(instrument.quote)\",\"quotePrecision\":8,"
        )
        out.append("\"quoteAssetPrecision\":8,\"orderTypes\":[\"LIMIT\",\"LIMIT_MAKER\",\"MARKET\"],")
        out.append(
            "\"icebergAllowed\":true,\"isSpotTradingAllowed\":true,\"isMarginTradingAllowed\":true,\"filters\":["
        )
        let tick = instrument.tick
        let lot = instrument.lot
        out.append("{\"filterType\":\"PRICE_FILTER\",\"minPrice\":\"")
        out.appendDecimal(tick.mantissa, scale: tick.scale, digits: 8)
        out.append("\",\"maxPrice\":\"1000000.00000000\",\"tickSize\":\"")
        out.appendDecimal(tick.mantissa, scale: tick.scale, digits: 8)
        out.append("\"},{\"filterType\":\"LOT_SIZE\",\"minQty\":\"")
        out.appendDecimal(lot.mantissa, scale: lot.scale, digits: 8)
        out.append("\",\"maxQty\":\"9000000.00000000\",\"stepSize\":\"")
        out.appendDecimal(lot.mantissa, scale: lot.scale, digits: 8)
        out.append(
            "\"},{\"filterType\":\"NOTIONAL\",\"minNotional\":\"5.00000000\",\"applyMinToMarket\":true,"
        )
        out.append("\"maxNotional\":\"9000000.00000000\",\"applyMaxToMarket\":false,\"avgPriceMins\":5}],")
        out.append("\"permissions\":[],\"permissionSets\":[[\"SPOT\",\"MARGIN\"]]}")
    }

    private func futures(_ instrument: Listed, _ out: ByteBuffer) {
        let inverse = instrument.segment == .inverse
        out.append(
            text: "{\"symbol\":\"\(instrument.name)\",\"pair\":\"\(instrument.base)\(instrument.quote)\","
        )
        let term =
            instrument.expiry.map { $0.quarter == 0 ? "CURRENT_QUARTER" : "NEXT_QUARTER" } ?? "PERPETUAL"
        let end = instrument.expiry?.milliseconds ?? 4_133_404_800_000
        out.append(
            text: "\"contractType\":\"\(term)\",\"deliveryDate\":\(end),\"onboardDate\":1569398400000,"
        )
        out.append(text: inverse ? "\"contractStatus\":\"TRADING\"," : "\"status\":\"TRADING\",")
        if inverse { out.append(text: "\"contractSize\":\(instrument.contract.mantissa),") }
        out.append(text: "\"baseAsset\":\"\(instrument.base)\",\"quoteAsset\":\"\(instrument.quote)\",")
        out.append(text: "\"marginAsset\":\"\(inverse ? instrument.base : instrument.quote)\",")
        let tick = instrument.tick.text
        let lot = instrument.lot.text
        out.append(
            text: "\"pricePrecision\":\(instrument.tick.scale),\"quantityPrecision\":\(instrument.lot.scale),"
        )
        out.append(
            "\"baseAssetPrecision\":8,\"quotePrecision\":8,\"underlyingType\":\"COIN\",\"triggerProtect\":\"0.0500\","
        )
        out.append("\"filters\":[{\"filterType\":\"PRICE_FILTER\",\"maxPrice\":\"1000000\",\"minPrice\":\"")
        out.append(
            text: "\(tick)\",\"tickSize\":\"\(tick)\"},{\"filterType\":\"LOT_SIZE\",\"maxQty\":\"1000000\","
        )
        out.append(
            text: "\"minQty\":\"\(lot)\",\"stepSize\":\"\(lot)\"},{\"filterType\":\"MARKET_LOT_SIZE\","
        )
        out.append(text: "\"maxQty\":\"100000\",\"minQty\":\"\(lot)\",\"stepSize\":\"\(lot)\"},")
        out.append("{\"filterType\":\"MAX_NUM_ORDERS\",\"limit\":200}")
        let least = instrument.name == "BTCUSDT" ? "50" : instrument.name == "ETHUSDT" ? "20" : "5"
        if !inverse { out.append(text: ",{\"filterType\":\"MIN_NOTIONAL\",\"notional\":\"\(least)\"}") }
        out.append(
            "],\"orderTypes\":[\"LIMIT\",\"MARKET\"],\"timeInForce\":[\"GTC\",\"IOC\",\"FOK\",\"GTX\"]}"
        )
    }
}
