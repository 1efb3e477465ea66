// Part of MarketBus. Apache License 2.0, see LICENSE.

/// What of a request OKX wants signed, and which headers carry it (venue sheet 6).
enum OKXSigningRecipe {
    /// The headers of a private call, without `Content-Type`.
    static let keyHeader = "OK-ACCESS-KEY"
    /// The header of the Base64 signature.
    static let signatureHeader = "OK-ACCESS-SIGN"
    /// The header of the timestamp, spelled exactly as it was signed.
    static let timestampHeader = "OK-ACCESS-TIMESTAMP"
    /// The header of the passphrase.
    static let passphraseHeader = "OK-ACCESS-PASSPHRASE"

    /// The bytes to sign for a REST call: `path` holds the query, `body` the exact text sent.
    static func payload(timestamp: String, method: String, path: String, body: String) -> String {
        timestamp + method + path + body
    }

    /// The bytes to sign for a WebSocket login; the time is in seconds here.
    static func loginPayload(timestampSeconds: Int64) -> String {
        "\(timestampSeconds)GET/users/self/verify"
    }
}
