// Part of MarketBus. Apache License 2.0, see LICENSE.

/// What of a request Coinbase wants signed, and which headers carry it (venue sheet 6).
public enum CoinbaseSigningRecipe {
    /// The bytes to sign for a REST call of Exchange: `path` holds the query, `body` the exact text sent.
    static func payload(timestamp: String, method: String, path: String, body: String) -> String {
        timestamp + method + path + body
    }
}
