// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

/// The gateway's symbols, which are ours: `BTC-USDT`, `BTC-USDT-PERP`, `BTC-USD-PERP`, `BTC-USDT-20261225`.
enum GatewaySymbols {
    /// The instrument that a symbol gives, or nil where it gives none.
    ///
    /// Contracts quoted in plain `USD` are inverse; the instrument list knows better where it is loaded.
    static func infer(_ symbol: String) -> Instrument? {
        let parts = symbol.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), parts.allSatisfy(isPlain) else { return nil }
        guard parts.count == 3 else { return instrument(symbol, parts, .gatewaySpot) }
        return instrument(symbol, parts, parts[1] == "USD" ? .gatewayInverse : .gatewayLinear)
    }

    /// The instrument of a symbol's parts on a market; nil where they don't fit together.
    static func instrument(_ symbol: String, _ parts: [String], _ market: MarketID) -> Instrument? {
        let isInverse = market == .gatewayInverse
        var kind = InstrumentKind.spot
        var expiry: ExpiryDate?
        if parts.count == 3 {
            guard market != .gatewaySpot else { return nil }
            if parts[2] == "PERP" {
                kind = isInverse ? .inversePerpetual : .linearPerpetual
            } else {
                guard parts[2].utf8.count == 8, let date = ExpiryDate(digits: parts[2]) else { return nil }
                expiry = date
                kind = isInverse ? .inverseFuture : .linearFuture
            }
        } else if market != .gatewaySpot || parts.count != 2 {
            return nil
        }
        return Instrument(
            venue: GatewayVenue.id,
            market: market,
            venueSymbol: symbol,
            kind: kind,
            base: parts[0],
            quote: parts[1],
            settle: isInverse ? parts[0] : parts[1],
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
