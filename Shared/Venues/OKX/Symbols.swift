// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

/// OKX instrument names: `BTC-USDT`, `BTC-USDT-SWAP`, `BTC-USD-261225`, options with five parts (venue sheet 9).
enum OKXSymbols {
    /// The instrument that a name gives, or nil where it gives none (options, nonsense).
    ///
    /// Contracts quoted in plain `USD` are inverse; the instrument list knows better where it is loaded.
    static func infer(_ name: String) -> Instrument? {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), parts.allSatisfy(isPlain) else { return nil }
        let isInverse = parts[1] == "USD"
        if parts.count == 2 { return instrument(name, parts, .okxSpot, .spot, nil) }
        if parts[2] == "SWAP" {
            return instrument(name, parts, .okxSwap, isInverse ? .inversePerpetual : .linearPerpetual, nil)
        }
        guard parts[2].utf8.count == 6, let expiry = ExpiryDate(digits: parts[2]) else { return nil }
        return instrument(name, parts, .okxFutures, isInverse ? .inverseFuture : .linearFuture, expiry)
    }

    /// Whether a name is an option's: `BTC-USD-210924-42000-P`.
    static func isOption(_ name: String) -> Bool {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        return parts.count == 5 && parts.allSatisfy { !$0.isEmpty }
    }

    private static func instrument(
        _ name: String,
        _ parts: [String],
        _ market: MarketID,
        _ kind: InstrumentKind,
        _ expiry: ExpiryDate?
    ) -> Instrument {
        Instrument(
            venue: OKXVenue.id,
            market: market,
            venueSymbol: name,
            kind: kind,
            base: parts[0],
            quote: parts[1],
            settle: kind.isInverse ? parts[0] : parts[1],
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
