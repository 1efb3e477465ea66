// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

/// HTX's names (venue sheet 10): `btcusdt`, `BTC-USDT`, `BTC-USDT-261225`, `BTC-USD`, `BTC261225`.
///
/// `BTC_CQ` and `BTC-USDT-CQ` stand for whichever contract is the quarter's: the instrument list says which.
enum HTXSymbols {
    /// The currencies in which spot is quoted, the longest first, for names that no list explains.
    private static let quotes = [
        "USDT", "HUSD", "USDC", "USDD", "TUSD", "BTC", "ETH", "TRX", "EUR", "GBP", "TRY", "BRL", "UAH", "RUB",
        "HT",
    ]

    /// The instrument that a name gives, or nil where it gives none.
    static func infer(_ name: String) -> Instrument? {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count), parts.allSatisfy(isPlain) else { return nil }
        switch parts.count {
        case 1: return delivery(name) ?? spot(name)
        case 2:
            let kind: InstrumentKind = parts[1] == "USD" ? .inversePerpetual : .linearPerpetual
            let market: MarketID = parts[1] == "USD" ? .htxInverse : .htxLinear
            return instrument(name, market, kind, parts[0], parts[1], nil)
        default:
            guard parts[2].utf8.count == 6, let expiry = ExpiryDate(digits: parts[2]) else { return nil }
            return instrument(name, .htxLinear, .linearFuture, parts[0], parts[1], expiry)
        }
    }

    /// A spot instrument whose currencies a list names.
    static func spot(_ name: String, base: String, quote: String) -> Instrument {
        instrument(name, .htxSpot, .spot, base.uppercased(), quote.uppercased(), nil)
    }

    /// The name by which a dated contract is called after its `contract_type`, or nil for perpetual ones.
    static func alias(of instrument: Instrument, contractType: String?) -> String? {
        let codes = ["this_week": "CW", "next_week": "NW", "quarter": "CQ", "next_quarter": "NQ"]
        guard let contractType, let code = codes[contractType] else { return nil }
        return instrument.kind.isInverse
            ? "\(instrument.base)_\(code)" : "\(instrument.base)-\(instrument.quote)-\(code)"
    }

    private static func spot(_ name: String) -> Instrument? {
        guard name == name.lowercased() else { return nil }
        let upper = name.uppercased()
        guard let quote = quotes.first(where: { upper.hasSuffix($0) && upper.utf8.count > $0.utf8.count })
        else { return nil }
        return spot(name, base: String(upper.dropLast(quote.count)), quote: quote)
    }

    /// `BTC261225`: a coin and a date.
    private static func delivery(_ name: String) -> Instrument? {
        let base = String(name.dropLast(6))
        guard let first = base.utf8.first, (65...90).contains(first), base == base.uppercased(),
            let expiry = ExpiryDate(digits: String(name.suffix(6)))
        else { return nil }
        return instrument(name, .htxFutures, .inverseFuture, base, "USD", expiry)
    }

    private static func instrument(
        _ name: String,
        _ market: MarketID,
        _ kind: InstrumentKind,
        _ base: String,
        _ quote: String,
        _ expiry: ExpiryDate?
    ) -> Instrument {
        Instrument(
            venue: HTXVenue.id,
            market: market,
            venueSymbol: name,
            kind: kind,
            base: base,
            quote: quote,
            settle: kind.isInverse ? base : quote,
            expiry: expiry
        )
    }

    private static func isPlain(_ part: String) -> Bool {
        !part.isEmpty
            && part.utf8.allSatisfy { byte in
                byte >= 0x80 || (48...57).contains(byte) || (65...90).contains(byte)
                    || (97...122).contains(byte)
            }
    }
}
