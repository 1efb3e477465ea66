// Part of MarketBus. Apache License 2.0, see LICENSE.

/// What of a request the venue wants signed, and which headers carry it; public data needs none of it.
enum __NAME__SigningRecipe {
    /// The bytes to sign for a REST call: `path` holds the query, `body` the exact text sent.
    static func payload(timestamp: String, method: String, path: String, body: String) -> String {
        timestamp + method + path + body
    }
}
