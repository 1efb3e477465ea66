// Part of MarketBus. Apache License 2.0, see LICENSE.

import Signing

/// What of a request Coinbase wants signed, and which headers carry it (venue sheet 6).
public enum CoinbaseSigningRecipe {
    private static let verifyPath = "/users/self/verify"
    private static let issuer = "cdp"

    /// The bytes to sign for a REST call of Exchange: `path` holds the query, `body` the exact text sent.
    static func payload(timestamp: String, method: String, path: String, body: String) -> String {
        timestamp + method + path + body
    }

    /// A private REST call of Exchange; `path` holds the query, `body` the exact text that is sent.
    ///
    /// The credentials' secret must be decoded from base64 already.
    ///
    /// - Throws: ``SigningError`` when the library refuses, which it has no reason to.
    public static func exchangeCall(
        _ path: String,
        method: String = "GET",
        body: String = "",
        time: SigningTime,
        credentials: Credentials
    ) throws(SigningError) -> SignedCall {
        let stamp = String(time.seconds)
        let text = payload(timestamp: stamp, method: method, path: path, body: body)
        let headers = [
            ("CB-ACCESS-KEY", credentials.key),
            ("CB-ACCESS-SIGN", Base64.encode(try credentials.signer.sign(text))),
            ("CB-ACCESS-TIMESTAMP", stamp), ("CB-ACCESS-PASSPHRASE", credentials.passphraseText),
            ("Content-Type", "application/json"), ("User-Agent", "marketbus"),
        ]
        return SignedCall(method: method, path: path, headers: headers, body: body)
    }

    /// The fields that a subscription of Exchange carries besides its own.
    ///
    /// - Throws: ``SigningError`` when the library refuses, which it has no reason to.
    public static func exchangeSubscription(
        time: SigningTime,
        credentials: Credentials
    ) throws(SigningError) -> QueryParameters {
        let stamp = String(time.seconds)
        let text = payload(timestamp: stamp, method: "GET", path: verifyPath, body: "")
        return [
            "signature": Base64.encode(try credentials.signer.sign(text)), "key": credentials.key,
            "passphrase": credentials.passphraseText, "timestamp": stamp,
        ]
    }

    /// The token of one REST call of Advanced Trade, or of one subscription where `call` is nil.
    ///
    /// `call` names method, host and path without the query: `GET api.coinbase.com/api/v3/brokerage/accounts`. A token
    /// lives for 120 s; each call and each subscription needs a fresh one.
    ///
    /// - Throws: ``SigningError`` when the key is of RSA or the library refuses.
    public static func advancedToken(
        for call: String?,
        keyName: String,
        pair: PrivateKey,
        time: SigningTime,
        nonce: String
    ) throws(SigningError) -> String {
        try WebToken(keyName: keyName, issuer: issuer, uri: call, begins: time, nonce: nonce).signed(
            with: pair
        )
    }
}
