// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

/// Coinbase product names: `BTC-USD`, `ETH-BTC` (venue sheet 9).
enum CoinbaseSymbols {
    /// The instrument that a name gives, or nil where it gives none: futures such as `BIP-20DEC30-CDE`, nonsense.
    ///
    /// `USD`, `USDT` and `USDC` are different currencies, also where Coinbase keeps one book for two of them.
    static func infer(_ name: String) -> Instrument? {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts.allSatisfy(isPlain) else { return nil }
        return instrument(name, base: parts[0], quote: parts[1])
    }

    /// A product of these currencies.
    static func instrument(_ name: String, base: String, quote: String) -> Instrument {
        Instrument(
            venue: CoinbaseVenue.id,
            market: .coinbaseSpot,
            venueSymbol: name,
            kind: .spot,
            base: base,
            quote: quote,
            settle: quote
        )
    }

    private static func isPlain(_ part: String) -> Bool {
        !part.isEmpty
            && part.utf8.allSatisfy { byte in
                byte >= 0x80 || byte == UInt8(ascii: "_") || (48...57).contains(byte)
                    || (65...90).contains(byte) || (97...122).contains(byte)
            }
    }
}
