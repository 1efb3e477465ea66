// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

extension HTXVenue {
    /// One list a market (venue sheet 6).
    public func instrumentCalls(markets: [MarketID]) -> [VenueCall] {
        markets.compactMap { market in
            switch market {
            case .htxSpot:
                VenueCall(
                    endpoint: "spot_rest",
                    path: "/v1/settings/common/market-symbols",
                    market: market
                )
            case .htxLinear:
                VenueCall(
                    endpoint: "contracts_rest",
                    path: "/linear-swap-api/v1/swap_contract_info?business_type=all",
                    market: market
                )
            case .htxInverse:
                VenueCall(
                    endpoint: "contracts_rest",
                    path: "/swap-api/v1/swap_contract_info",
                    market: market
                )
            case .htxFutures:
                VenueCall(
                    endpoint: "contracts_rest",
                    path: "/api/v1/contract_contract_info",
                    market: market
                )
            default: nil
            }
        }
    }

    /// The request of a question; spot has no history of candles beyond the newest 2,000 and no contracts' figures.
    public func call(_ query: VenueQuery, of instrument: Instrument) -> VenueCall? {
        guard let path = HTXPaths(instrument)?.path(query) else { return nil }
        return VenueCall(
            endpoint: instrument.market == .htxSpot ? "spot_rest" : "contracts_rest",
            path: path,
            market: instrument.market
        )
    }

    /// The newest 2,000 (venue sheet 6); nothing says that ids grow one by one, and contracts' do not.
    public func tradeHistory(of instrument: Instrument) -> TradeHistory? {
        guard HTXMarkets.family(instrument.market) != nil else { return nil }
        return TradeHistory(isGapless: false, hasSingleRows: true, pages: false, rows: HTXPaths.mostRows)
    }

    /// Spot's public calls ten a second; those of contracts about markets and about references as the smaller of the
    /// two (venue sheet 2).
    static let restBudgets = [
        RESTBudgetRule(
            endpoints: ["spot_rest"],
            limit: RateLimit(count: 10, windowMilliseconds: 1000),
            remainingHeader: "x-hb-ratelimit-requests-remain"
        ),
        RESTBudgetRule(
            endpoints: ["contracts_rest"],
            limit: RateLimit(count: 240, windowMilliseconds: 3000),
            remainingHeader: "ratelimit-remaining",
            limitHeader: "ratelimit-limit"
        ),
    ]

    /// Reads the answer to ``call(_:of:)``; HTX lists some newest first and some oldest first, so all are sorted.
    public func read(
        _ body: UnsafeRawBufferPointer,
        answering query: VenueQuery,
        of instrument: InstrumentID,
        _ instruments: InstrumentTable,
        into batch: inout EventBatch
    ) throws(DecodeError) {
        let answer = try HTXAnswer(body, instruments)
        switch query {
        case .trades: try answer.trades(of: instrument, into: &batch)
        case .candles(let interval, let from, let to):
            try answer.candles(interval, of: instrument, from: from, to: to, into: &batch)
        case .book: try answer.book(of: instrument, into: &batch)
        case .ticker: try answer.ticker(of: instrument, into: &batch)
        case .funding: try answer.funding(of: instrument, into: &batch)
        case .fundingHistory(let from, let to):
            try answer.fundingHistory(of: instrument, from: from, to: to, into: &batch)
        case .openInterest: try answer.openInterest(of: instrument, into: &batch)
        }
    }
}

/// Paths of the four markets, which differ in prefix and in the parameter's name.
struct HTXPaths {
    /// The most rows of trades or candles that one call gives.
    static let mostRows = 2_000
    /// The most rows of the funding history that one call gives.
    static let mostFundings = 50

    private let market: String
    private let account: String
    private let parameter: String
    private let isContract: Bool
    private let isFunded: Bool

    init?(_ instrument: Instrument) {
        isFunded = HTXMarkets.isFunded(instrument.kind)
        isContract = instrument.market != .htxSpot
        switch instrument.market {
        case .htxSpot, .htxFutures:
            (market, account) = ("/market", "/api/v1/contract")
            parameter = "symbol=\(instrument.venueSymbol)"
        case .htxLinear:
            (market, account) = ("/linear-swap-ex/market", "/linear-swap-api/v1/swap")
            parameter = "contract_code=\(instrument.venueSymbol)"
        case .htxInverse:
            (market, account) = ("/swap-ex/market", "/swap-api/v1/swap")
            parameter = "contract_code=\(instrument.venueSymbol)"
        default: return nil
        }
    }

    /// The path of a question, or nil where the market has none.
    func path(_ query: VenueQuery) -> String? {
        switch query {
        case .trades(let limit, let before):
            // There is no way to page back.
            guard before == nil else { return nil }
            return "\(market)/history/trade?\(parameter)&size=\(min(max(limit, 1), Self.mostRows))"
        case .candles(let interval, let from, let to):
            guard let period = HTXPeriods.name(interval) else { return nil }
            let kline = "\(market)/history/kline?\(parameter)&period=\(period)"
            guard isContract else { return "\(kline)&size=\(Self.mostRows)" }
            return "\(kline)&from=\(from / 1_000_000)&to=\(max(from, to - 1) / 1_000_000)"
        case .book: return "\(market)/depth?\(parameter)&type=step0"
        case .ticker: return "\(market)/detail/merged?\(parameter)"
        case .funding: return isFunded ? "\(account)_funding_rate?\(parameter)" : nil
        case .fundingHistory:
            guard isFunded else { return nil }
            return "\(account)_historical_funding_rate?\(parameter)&page_size=\(Self.mostFundings)"
        case .openInterest:
            guard isContract else { return nil }
            let name = parameter.split(separator: "=").last ?? ""
            return "\(account)_open_interest?contract_code=\(name)"
        }
    }
}
