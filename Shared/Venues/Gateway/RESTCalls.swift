// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

extension GatewayVenue {
    /// One list a market.
    public func instrumentCalls(markets: [MarketID]) -> [VenueCall] {
        markets.filter(profile.markets.contains).map { market in
            call("/v1/instruments?market_type=\(market.name)", market)
        }
    }

    /// Reads `instruments`; what no symbol of ours names is left out.
    public func instruments(
        from body: UnsafeRawBufferPointer,
        market: MarketID?
    ) throws(DecodeError) -> [Instrument] {
        try InstrumentList.rows(JSONName("instruments"), in: body, ListedFields.init)
            .compactMap { GatewayListing(row: $0).instrument }
    }

    /// Trades and bars; the gateway answers nothing else.
    public func call(_ query: VenueQuery, of instrument: Instrument) -> VenueCall? {
        let symbol = instrument.venueSymbol
        switch query {
        case .trades(let limit, let before):
            let count = UInt64(min(max(limit, 1), 1000))
            guard let before else {
                return call("/v1/trades?symbol=\(symbol)&limit=\(count)", instrument.market)
            }
            guard let last = before.number, last > 0 else { return nil }
            let first = last > count ? last - count : 0
            let page = "from_id=\(first)&limit=\(last - first)"
            return call("/v1/trades?symbol=\(symbol)&\(page)", instrument.market)
        case .candles(let interval, let from, let to):
            guard GatewayChannels.resolutions.contains(interval) else { return nil }
            let range = "from_us=\(max(from, 0))&to_us=\(max(to, 0))"
            return call(
                "/v1/bars?symbol=\(symbol)&resolution=\(interval.name)&\(range)",
                instrument.market
            )
        case .book, .ticker, .funding, .fundingHistory, .openInterest:
            return nil
        }
    }

    /// Ids grow one by one for each symbol, and any of them can be asked for (protocol, "TRADE" and "REST").
    public func tradeHistory(of instrument: Instrument) -> TradeHistory? {
        TradeHistory(isGapless: true, hasSingleRows: true, pages: true, rows: 1000)
    }

    /// Twenty requests a second (protocol, "REST").
    static let restBudgets = [
        RESTBudgetRule(endpoints: ["rest"], limit: RateLimit(count: 20, windowMilliseconds: 1000))
    ]

    /// Reads rows of trades or bars, which come oldest first.
    public func read(
        _ body: UnsafeRawBufferPointer,
        answering query: VenueQuery,
        of instrument: InstrumentID,
        _ instruments: InstrumentTable,
        into batch: inout EventBatch
    ) throws(DecodeError) {
        guard let scanner = JSONScanner(capacity: body.count) else { throw .malformed(offset: 0) }
        let decoder = GatewayDecoder(instruments: instruments)
        let names = GatewayNames()
        var rows: [GatewayMessage] = []
        var reader: FieldReader
        let list: JSONName
        switch query {
        case .trades: list = names.trades
        case .candles: list = names.bars
        case .book, .ticker, .funding, .fundingHistory, .openInterest: throw .unknownFrame
        }
        do throws(JSONError) {
            var cursor = try scanner.scan(body)
            reader = FieldReader(cursor)
            rows = try Self.rows(&cursor, list, names)
        } catch {
            throw DecodeError(error)
        }
        for row in rows {
            if case .candles(let interval, _, _) = query {
                batch.append(try decoder.bar(row, of: instrument, interval, reader))
            } else {
                batch.append(try decoder.trade(row, of: instrument, reader))
            }
        }
    }

    private static func rows(
        _ cursor: inout JSONCursor,
        _ list: JSONName,
        _ names: GatewayNames
    ) throws(JSONError) -> [GatewayMessage] {
        var rows: [GatewayMessage] = []
        var isFound = false
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            guard key.matches(list) else {
                try cursor.skip()
                continue
            }
            isFound = true
            try cursor.enterArray()
            while try cursor.nextElement() {
                var row = GatewayMessage()
                try row.read(&cursor, names)
                rows.append(row)
            }
        }
        try cursor.finish()
        guard isFound else { throw .wrongType(offset: 0) }
        return rows
    }

    private func call(_ path: String, _ market: MarketID) -> VenueCall {
        VenueCall(endpoint: "rest", path: path, market: market)
    }
}

/// One row of the instruments list.
private struct GatewayListing {
    let row: ListedFields

    var instrument: Instrument? {
        guard let symbol = row["symbol"], let market = row["market_type"].map({ MarketID($0) }) else {
            return nil
        }
        let parts = symbol.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard GatewaySymbols.infer(symbol) != nil,
            var instrument = GatewaySymbols.instrument(symbol, parts, market)
        else { return nil }
        if let settle = row["settle"] { instrument.settle = settle }
        instrument.tickSize = row.decimal("tick_size")
        instrument.lotSize = row.decimal("lot_size")
        instrument.minSize = row.decimal("min_size")
        instrument.contractSize = row.decimal("contract_size")
        instrument.status = row["status"] == "trading" ? .trading : .halted
        return instrument
    }
}
