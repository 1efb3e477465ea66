// Part of MarketBus. Apache License 2.0, see LICENSE.

/// What of a request Binance wants signed, and where the signature goes (venue sheet 7).
enum BinanceSigningRecipe {
    /// The header that carries the API key.
    static let keyHeader = "X-MBX-APIKEY"

    /// The bytes to sign: query and body as they are sent, one behind the other.
    ///
    /// Values must be percent-encoded before they are signed (since 2026-01-15).
    static func payload(query: String, body: String) -> String {
        query + body
    }

    /// The query with the signature behind it.
    ///
    /// `signature` is percent-encoded where it is base64.
    static func signedQuery(_ query: String, signature: String) -> String {
        query.isEmpty ? "signature=\(signature)" : "\(query)&signature=\(signature)"
    }
}
