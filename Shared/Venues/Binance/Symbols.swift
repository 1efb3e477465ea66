// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import VenueKit

/// What a Binance symbol says by itself, for frames whose instrument is not listed.
///
/// Names are joined without a separator, so the quote currency is a guess from a list; the instrument list always
/// wins (EVENTS ruling 7).
enum BinanceSymbols {
    /// Quote currencies, longest first: the 2021 and 2026 exchangeInfo between them.
    private static let quotes: [String] = [
        "BTC", "USDT", "BNB", "BUSD", "ETH", "USDC", "PAX", "TUSD", "EUR", "TRY", "BRL", "GBP", "BKRW",
        "BIDR",
        "NGN", "RUB", "AUD", "ZAR", "DAI", "IDRT", "USDS", "UAH", "XRP", "TRX", "BVND", "VAI", "FDUSD",
        "AEUR",
        "EURI", "USD1", "USDE", "XUSD", "BFUSD", "USDP", "UST", "DOGE", "DOT", "JPY", "MXN", "PLN", "RON",
        "ARS",
        "COP", "CZK", "SOL", "IDR", "KZT",
    ].sorted { $0.utf8.count > $1.utf8.count }

    /// The instrument that a symbol of a market names, or nil.
    static func infer(_ venueSymbol: String, market: MarketID) -> Instrument? {
        let parts = venueSymbol.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count <= 2, let joined = parts.first, joined.utf8.allSatisfy(isPlain) else { return nil }
        let suffix = parts.count == 2 ? String(parts[1]) : ""
        let currencies = market == .coinm ? ["USD"] : quotes
        guard let (base, quote) = split(joined, currencies) else { return nil }
        guard let (kind, expiry) = kind(market, suffix) else { return nil }
        return Instrument(
            venue: BinanceVenue.id,
            market: market,
            venueSymbol: venueSymbol,
            kind: kind,
            base: base,
            quote: quote,
            settle: kind.isInverse ? base : quote,
            expiry: expiry
        )
    }

    /// Whether a symbol can be asked for: its name goes into JSON and a stream's name as it is.
    static func isSpeakable(_ venueSymbol: String) -> Bool {
        !venueSymbol.isEmpty && venueSymbol.utf8.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "_") }
    }

    /// The name of a stream in a subscription: the symbol in lower case and the channel.
    static func streamName(_ stream: VenueStream) -> String {
        let name =
            switch stream.channel {
            case .bbo: "bookTicker"
            case .trade: stream.market == .spot ? "trade" : "aggTrade"
            case .book: "depth@100ms"
            case .candle: candleName(stream.interval ?? CandleInterval(.minute1))
            case .ticker: "ticker"
            case .funding: "markPrice@1s"
            case .openInterest: "openInterest"
            case .liquidation: "forceOrder"
            }
        return stream.venueSymbol.lowercased() + "@" + name
    }

    private static func candleName(_ interval: CandleInterval) -> String {
        "kline_" + BinanceIntervals.name(interval.span) + (interval.zoneHours == 8 ? "@+08:00" : "")
    }

    private static func kind(_ market: MarketID, _ suffix: String) -> (InstrumentKind, ExpiryDate?)? {
        let isInverse = market == .coinm
        if market == .spot { return suffix.isEmpty ? (.spot, nil) : nil }
        if suffix.isEmpty || suffix == "PERP" {
            return (isInverse ? .inversePerpetual : .linearPerpetual, nil)
        }
        guard suffix.utf8.count == 6, let expiry = ExpiryDate(digits: suffix) else { return nil }
        return (isInverse ? .inverseFuture : .linearFuture, expiry)
    }

    private static func split(_ joined: Substring, _ currencies: [String]) -> (base: String, quote: String)? {
        for quote in currencies where joined.hasSuffix(quote) && joined.utf8.count > quote.utf8.count {
            return (String(joined.dropLast(quote.count)), quote)
        }
        return nil
    }

    /// Letters and digits of any script (there are Chinese coin names), nothing that a topic's reader must escape.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x80 || (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }
}
