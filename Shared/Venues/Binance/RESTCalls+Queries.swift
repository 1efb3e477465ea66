// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import VenueKit

extension BinanceVenue {
    /// The calls of venue sheet 5 and 6.
    ///
    /// - Trades are those of the stream: single ones on spot, aggregates on futures. Older ones are asked for by id.
    /// - Candles with borders of UTC+8 are spot's only.
    public func call(_ query: VenueQuery, of instrument: Instrument) -> VenueCall? {
        guard let door = BinanceDoor(instrument.market) else { return nil }
        let symbol = QueryText.escaped(instrument.venueSymbol)
        switch query {
        case .trades(let limit, let before):
            return door.trades(symbol, limit: limit, before: before)
        case .candles(let interval, let from, let to):
            return door.candles(symbol, interval, from, to)
        case .book(let depth):
            let limit = door.bookLimit(depth)
            return door.call("/depth?symbol=\(symbol)&limit=\(limit)", weight: door.bookWeight(limit))
        case .ticker:
            return door.call("/ticker/24hr?symbol=\(symbol)", weight: door.isSpot ? 2 : 1)
        case .funding:
            return door.isSpot ? nil : door.call("/premiumIndex?symbol=\(symbol)", weight: door.indexWeight)
        case .fundingHistory(let from, let to):
            guard !door.isSpot, from < to else { return nil }
            return door.call("/fundingRate?symbol=\(symbol)\(door.times(from, to))&limit=1000", weight: 1)
        case .openInterest:
            return door.isSpot ? nil : door.call("/openInterest?symbol=\(symbol)", weight: 1)
        }
    }

    /// Ids grow one by one (venue sheet 3.2), those of aggregates too; the newest page needs no key, and where the venue
    /// wants one for older pages of spot, it refuses them.
    public func tradeHistory(of instrument: Instrument) -> TradeHistory? {
        guard BinanceDoor(instrument.market) != nil else { return nil }
        return TradeHistory(isGapless: true, hasSingleRows: true, pages: true, rows: 1000)
    }

    /// What one address may spend a minute (venue sheet 5 and 6); since 2026-06-30 the futures share one budget.
    static let restBudgets = [
        RESTBudgetRule(
            endpoints: ["spot_rest"],
            limit: RateLimit(count: 6000, windowMilliseconds: 60_000),
            usedHeader: "x-mbx-used-weight-1m"
        ),
        RESTBudgetRule(
            endpoints: ["usdm_rest", "coinm_rest"],
            limit: RateLimit(count: 2400, windowMilliseconds: 60_000),
            usedHeader: "x-mbx-used-weight-1m"
        ),
    ]

    /// The symbol of a `depth` request: `/api/v3/depth?symbol=BTCUSDT&limit=5000`.
    public func bookSymbol(shownBy url: String) -> String? {
        let parts = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2,
            ["/api/v1", "/api/v3", "/fapi/v1", "/dapi/v1"].contains(where: { prefix in
                parts[0].hasSuffix(prefix + "/depth")
            })
        else { return nil }
        let name = "symbol="
        let value = parts[1].split(separator: "&").first { $0.hasPrefix(name) }?.dropFirst(name.count)
        return value.map(String.init)
    }
}

/// One market's REST endpoint with its paths and weights.
struct BinanceDoor {
    let endpoint: String
    let prefix: String
    let market: MarketID
    var isSpot: Bool { market == .spot }
    /// COIN-M answers about a whole pair, USD-M about one symbol.
    var indexWeight: Int { market == .coinm ? 10 : 1 }

    /// Levels that futures can be asked for.
    private static let bookLimits = [5, 10, 20, 50, 100, 500, 1000]

    init?(_ market: MarketID) {
        switch market {
        case .spot: (endpoint, prefix) = ("spot_rest", "/api/v3")
        case .usdm: (endpoint, prefix) = ("usdm_rest", "/fapi/v1")
        case .coinm: (endpoint, prefix) = ("coinm_rest", "/dapi/v1")
        default: return nil
        }
        self.market = market
    }

    func call(_ path: String, weight: Int) -> VenueCall {
        VenueCall(endpoint: endpoint, path: prefix + path, market: market, weight: weight)
    }

    /// `startTime` and `endTime` are both included.
    func times(_ from: Int64, _ to: Int64) -> String {
        "&startTime=\(max(from, 0) / 1000)&endTime=\(max(to &- 1, 0) / 1000)"
    }

    func trades(_ symbol: String, limit: Int, before: ShortText?) -> VenueCall? {
        var count = UInt64(max(1, min(limit, 1000)))
        var first = ""
        if let before {
            guard let id = before.number, id > 0 else { return nil }
            count = min(count, id)
            first = "&fromId=\(id - count)"
        }
        guard isSpot else {
            return call("/aggTrades?symbol=\(symbol)\(first)&limit=\(count)", weight: 20)
        }
        let path = first.isEmpty ? "/trades" : "/historicalTrades"
        return call("\(path)?symbol=\(symbol)\(first)&limit=\(count)", weight: 25)
    }

    func candles(_ symbol: String, _ interval: CandleInterval, _ from: Int64, _ to: Int64) -> VenueCall? {
        guard from < to, interval.zoneHours == 0 || isSpot, isSpot || interval.span != .second1 else {
            return nil
        }
        let (length, overflow) = to.subtractingReportingOverflow(from)
        let wanted = overflow ? Int64.max : length / (interval.span.seconds * 1_000_000)
        let count = Int(min(wanted, isSpot ? 999 : 1499)) + 1
        let zone = interval.zoneHours == 0 ? "" : "&timeZone=\(interval.zoneHours)"
        let name = BinanceIntervals.name(interval.span)
        let path = "/klines?symbol=\(symbol)&interval=\(name)\(times(from, to))\(zone)&limit=\(count)"
        return call(path, weight: isSpot ? 2 : count < 100 ? 1 : count < 500 ? 2 : count <= 1000 ? 5 : 10)
    }

    /// The number of levels to ask for, at least `depth` where there are as many.
    func bookLimit(_ depth: Int) -> Int {
        if isSpot { return max(1, min(depth, 5000)) }
        return Self.bookLimits.first { $0 >= depth } ?? 1000
    }

    func bookWeight(_ limit: Int) -> Int {
        if isSpot { return limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1000 ? 50 : 250 }
        return limit <= 50 ? 2 : limit == 100 ? 5 : limit == 500 ? 10 : 20
    }
}
