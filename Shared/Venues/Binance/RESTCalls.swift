// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

extension BinanceVenue {
    /// One `exchangeInfo` a market.
    public func instrumentCalls(markets: [MarketID]) -> [VenueCall] {
        markets.compactMap { market in
            switch market {
            case .spot:
                VenueCall(endpoint: "spot_rest", path: "/api/v3/exchangeInfo", market: market, weight: 20)
            case .usdm: VenueCall(endpoint: "usdm_rest", path: "/fapi/v1/exchangeInfo", market: market)
            case .coinm: VenueCall(endpoint: "coinm_rest", path: "/dapi/v1/exchangeInfo", market: market)
            default: nil
            }
        }
    }

    /// Reads an `exchangeInfo` answer.
    ///
    /// Without a market, its symbols tell: only futures have a contract type, only COIN-M a contract size.
    public func instruments(
        from body: UnsafeRawBufferPointer,
        market: MarketID?
    ) throws(DecodeError) -> [Instrument] {
        try InstrumentList.rows(JSONName("symbols"), in: body, BinanceListing.init)
            .compactMap { $0.instrument(market: market) }
    }
}

/// One symbol of `exchangeInfo`.
///
/// Filters hold steps and minimums; the `…Precision` fields must not be used for them.
private struct BinanceListing {
    private var texts: [String: String] = [:]
    private var contractSize: ScaledDecimal?
    private var delivery: Int64?
    private var tickSize: ScaledDecimal?
    private var lotSize: ScaledDecimal?
    private var minSize: ScaledDecimal?
    private var minNotional: ScaledDecimal?

    init(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            switch key.string {
            case "symbol", "status", "contractStatus", "baseAsset", "quoteAsset", "marginAsset",
                "contractType":
                if let text = try cursor.token() { texts[key.string] = text.string }
            case "contractSize": contractSize = try Self.decimal(&cursor)
            case "deliveryDate": delivery = try cursor.token()?.integer
            case "filters": try readFilters(&cursor)
            default: try cursor.skip()
            }
        }
    }

    private mutating func readFilters(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.enterArray()
        while try cursor.nextElement() {
            var kind = ""
            var values: [String: ScaledDecimal] = [:]
            try cursor.enterObject()
            while let key = try cursor.nextKey() {
                switch key.string {
                case "filterType": kind = try cursor.token()?.string ?? ""
                case "tickSize", "stepSize", "minQty", "minNotional", "notional":
                    values[key.string] = try Self.decimal(&cursor)
                default: try cursor.skip()
                }
            }
            apply(kind, values)
        }
    }

    /// A decimal, or nil where it can't be read: one odd listing must not cost the others.
    private static func decimal(_ cursor: inout JSONCursor) throws(JSONError) -> ScaledDecimal? {
        guard let text = try cursor.token() else { return nil }
        return try? ScaledDecimal(ascii: text.start, count: text.count)
    }

    private mutating func apply(_ kind: String, _ values: [String: ScaledDecimal]) {
        switch kind {
        case "PRICE_FILTER":
            tickSize = values["tickSize"]
        case "LOT_SIZE":
            lotSize = values["stepSize"]
            minSize = values["minQty"]
        case "NOTIONAL", "MIN_NOTIONAL":
            minNotional = values["minNotional"] ?? values["notional"]
        default:
            break
        }
    }

    func instrument(market given: MarketID?) -> Instrument? {
        guard let symbol = texts["symbol"], let base = texts["baseAsset"], let quote = texts["quoteAsset"],
            BinanceSymbols.isSpeakable(symbol), !base.isEmpty, !quote.isEmpty
        else {
            return nil
        }
        let market = given ?? (texts["contractType"] == nil ? .spot : contractSize == nil ? .usdm : .coinm)
        let suffix = symbol.split(separator: "_").dropFirst().last.map(String.init) ?? ""
        let expiry = suffix.utf8.count == 6 ? ExpiryDate(digits: suffix) : nil
        let kind = kind(market, isDated: expiry != nil)
        var instrument = Instrument(
            venue: BinanceVenue.id,
            market: market,
            venueSymbol: symbol,
            kind: kind,
            base: base,
            quote: quote,
            settle: market == .spot ? quote : texts["marginAsset"] ?? quote,
            expiry: expiry
        )
        instrument.expiryMicroseconds = expiry == nil ? nil : delivery.flatMap(Self.microseconds)
        instrument.tickSize = tickSize
        instrument.lotSize = lotSize
        instrument.minSize = minSize
        instrument.minNotional = minNotional
        instrument.contractSize = market == .spot ? nil : contractSize ?? (market == .usdm ? .one : nil)
        instrument.status = status
        let fees = BinanceFees.standard(market)
        instrument.makerFee = fees.maker
        instrument.takerFee = fees.taker
        return instrument
    }

    private static func microseconds(_ milliseconds: Int64) -> Int64? {
        let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1000)
        return overflow ? nil : product
    }

    private func kind(_ market: MarketID, isDated: Bool) -> InstrumentKind {
        switch market {
        case .spot: .spot
        case .coinm: isDated ? .inverseFuture : .inversePerpetual
        default: isDated ? .linearFuture : .linearPerpetual
        }
    }

    private var status: InstrumentStatus {
        switch texts["status"] ?? texts["contractStatus"] ?? "" {
        case "TRADING": .trading
        case "PENDING_TRADING": .preTrading
        case "PRE_DELIVERING", "DELIVERING", "PRE_SETTLE", "SETTLING": .settling
        case "DELIVERED", "CLOSE": .closed
        default: .halted
        }
    }
}

/// The fees of an account without volume, as fractions (venue sheet 11); a configuration may replace them.
enum BinanceFees {
    static func standard(_ market: MarketID) -> (maker: ScaledDecimal?, taker: ScaledDecimal?) {
        market == .spot ? (tenThousandths(10), tenThousandths(10)) : (tenThousandths(2), tenThousandths(5))
    }

    private static func tenThousandths(_ count: Int128) -> ScaledDecimal? {
        ScaledDecimal(mantissa: count, scale: 4)
    }
}
