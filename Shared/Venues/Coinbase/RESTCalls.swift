// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

extension CoinbaseVenue {
    /// One list of all products.
    public func instrumentCalls(markets: [MarketID]) -> [VenueCall] {
        guard markets.contains(.coinbaseSpot) else { return [] }
        let path = api == .exchange ? "/products" : "\(Self.brokerage)/products?product_type=SPOT"
        return [call(path)]
    }

    /// Reads a `products` answer of either feed; what is no spot product is left out.
    public func instruments(
        from body: UnsafeRawBufferPointer,
        market: MarketID?
    ) throws(DecodeError) -> [Instrument] {
        try InstrumentList.rows(JSONName("products"), mayBeBare: true, in: body, ListedFields.init)
            .compactMap { CoinbaseProduct(row: $0).instrument }
    }

    /// Trades, candles, books and 24 h figures; Coinbase spot has neither funding nor open interest.
    public func call(_ query: VenueQuery, of instrument: Instrument) -> VenueCall? {
        let product = instrument.venueSymbol
        switch (query, api) {
        case (.trades(let limit, let before), .exchange):
            let page = before.map { "&after=\($0.string)" } ?? ""
            return call("/products/\(product)/trades?limit=\(min(max(limit, 1), 1000))\(page)")
        case (.trades(let limit, nil), .advanced):
            return call("\(Self.brokerage)/products/\(product)/ticker?limit=\(min(max(limit, 1), 1000))")
        case (.candles(let interval, let from, let to), _):
            return candleCall(product, interval, from, to)
        case (.book(let depth), .exchange):
            return call("/products/\(product)/book?level=\(depth <= 1 ? 1 : 2)")
        case (.book(let depth), .advanced):
            return call("\(Self.brokerage)/product_book?product_id=\(product)&limit=\(max(depth, 1))")
        case (.ticker, .exchange):
            return call("/products/\(product)/stats")
        case (.ticker, .advanced):
            return call("\(Self.brokerage)/products/\(product)")
        case (.trades, .advanced), (.funding, _), (.fundingHistory, _), (.openInterest, _):
            return nil
        }
    }

    /// Ids grow one by one (venue sheet 3.2); Advanced Trade gives the newest only.
    public func tradeHistory(of instrument: Instrument) -> TradeHistory? {
        TradeHistory(isGapless: true, hasSingleRows: true, pages: api == .exchange, rows: 1000)
    }

    /// Public calls of one address (venue sheet 5.3); Exchange says nothing of what is left.
    static let restBudgets = [
        RESTBudgetRule(
            endpoints: ["exchange_rest"],
            limit: RateLimit(count: 10, windowMilliseconds: 1000)
        ),
        RESTBudgetRule(
            endpoints: ["advanced_rest"],
            limit: RateLimit(count: 10, windowMilliseconds: 1000),
            remainingHeader: "x-ratelimit-remaining",
            limitHeader: "x-ratelimit-limit"
        ),
    ]

    private static let brokerage = "/api/v3/brokerage/market"

    private func call(_ path: String) -> VenueCall {
        VenueCall(endpoint: "\(api.rawValue)_rest", path: path, market: .coinbaseSpot)
    }

    /// At most 300 candles (350 by Advanced Trade), those from the range's beginning on; its end is named, too.
    private func candleCall(
        _ product: String,
        _ interval: CandleInterval,
        _ from: Int64,
        _ to: Int64
    ) -> VenueCall? {
        let known = api == .exchange ? CoinbaseGranularity.exchange : CoinbaseGranularity.advanced
        guard interval.zoneHours == 0, let name = known[interval.span] else { return nil }
        let span = interval.span.seconds
        let first = max(from, 0) / 1_000_000
        let last = min(max(to, 0) / 1_000_000, first + (api == .exchange ? 299 : 349) * span)
        if api == .exchange {
            return call("/products/\(product)/candles?granularity=\(name)&start=\(first)&end=\(last)")
        }
        return call(
            "\(Self.brokerage)/products/\(product)/candles?start=\(first)&end=\(last)&granularity=\(name)&limit=350"
        )
    }
}

/// Names of candle lengths in REST calls.
private enum CoinbaseGranularity {
    /// Seconds.
    static let exchange: [CandleInterval.Span: String] = [
        .minute1: "60", .minute5: "300", .minute15: "900", .hour1: "3600", .hour6: "21600", .day1: "86400",
    ]
    /// Words.
    static let advanced: [CandleInterval.Span: String] = [
        .minute1: "ONE_MINUTE", .minute5: "FIVE_MINUTE", .minute15: "FIFTEEN_MINUTE",
        .minute30: "THIRTY_MINUTE", .hour1: "ONE_HOUR", .hour2: "TWO_HOUR", .hour4: "FOUR_HOUR",
        .hour6: "SIX_HOUR", .day1: "ONE_DAY",
    ]
}

/// One row of a products list.
private struct CoinbaseProduct {
    let row: ListedFields

    /// Nil for contracts, and for a name under which Advanced Trade sends another product's data (`BTC-USDC`).
    var instrument: Instrument? {
        guard let name = row["id"] ?? row["product_id"], row["alias"] == nil else { return nil }
        guard row["product_type"] ?? "SPOT" == "SPOT" else { return nil }
        let base = row["base_currency"] ?? row["base_currency_id"]
        let quote = row["quote_currency"] ?? row["quote_currency_id"]
        guard let base, let quote else { return nil }
        var instrument = CoinbaseSymbols.instrument(name, base: base, quote: quote)
        instrument.tickSize = row.decimal("price_increment") ?? row.decimal("quote_increment")
        instrument.lotSize = row.decimal("base_increment")
        instrument.minSize = row.decimal("base_min_size")
        instrument.minNotional = row.decimal("min_market_funds") ?? row.decimal("quote_min_size")
        instrument.status = status
        instrument.makerFee = ScaledDecimal(mantissa: 4, scale: 3)
        instrument.takerFee = ScaledDecimal(mantissa: 6, scale: 3)
        return instrument
    }

    private var status: InstrumentStatus {
        if row["trading_disabled"] == "true" || row["cancel_only"] == "true" { return .halted }
        switch row["status"] ?? "" {
        case "online": return .trading
        case "internal": return .preTrading
        case "delisted": return .closed
        default: return .halted
        }
    }
}
