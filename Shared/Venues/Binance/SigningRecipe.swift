// Part of MarketBus. Apache License 2.0, see LICENSE.

import Signing

/// What of a request Binance wants signed, and where the signature goes (venue sheet 7).
public enum BinanceSigningRecipe {
    /// The header that carries the API key.
    static let keyHeader = "X-MBX-APIKEY"

    /// The bytes to sign: query and body as they are sent, one behind the other.
    ///
    /// Values must be percent-encoded before they are signed (since 2026-01-15).
    static func payload(query: String, body: String) -> String {
        query + body
    }

    /// The signature in the form that the key's kind asks for: hexadecimal of a code, base64 of a signature.
    static func signature(of payload: String, by signer: SigningKey) throws(SigningError) -> String {
        let bytes = try signer.sign(payload)
        return switch signer {
        case .shared: Hex.encode(bytes)
        case .pair: Base64.encode(bytes)
        }
    }

    /// A call of the REST API: parameters, time and window in the query, the signature last.
    ///
    /// The window says how long the call may be on its way, in milliseconds, at most 60,000.
    ///
    /// - Throws: ``SigningError`` when the library refuses, which it has no reason to.
    public static func call(
        _ path: String,
        method: String = "GET",
        _ parameters: QueryParameters = [:],
        window: Int = 5000,
        time: SigningTime,
        credentials: Credentials
    ) throws(SigningError) -> SignedCall {
        var all = parameters
        all.append("recvWindow", String(window))
        all.append("timestamp", String(time.milliseconds))
        let signature = try signature(of: payload(query: all.encoded, body: ""), by: credentials.signer)
        let query = "\(all.encoded)&signature=\(PercentEncoding.encode(signature))"
        return SignedCall(method: method, path: "\(path)?\(query)", headers: [(keyHeader, credentials.key)])
    }

    /// The parameters of a call of the WebSocket API with key and signature: signed in the order of their names, and
    /// not encoded.
    ///
    /// - Throws: ``SigningError`` when the library refuses, which it has no reason to.
    public static func socketParameters(
        _ parameters: QueryParameters,
        time: SigningTime,
        credentials: Credentials
    ) throws(SigningError) -> QueryParameters {
        var all = parameters
        all.append("apiKey", credentials.key)
        all.append("timestamp", String(time.milliseconds))
        var signed = all.sorted
        signed.append("signature", try signature(of: signed.plain, by: credentials.signer))
        return signed
    }
}

/// Asks Binance what a key may do: `GET /sapi/v1/account/apiRestrictions`.
public struct BinanceKeyInspection: KeyInspection {
    private let credentials: Credentials

    /// Asks about this key.
    public init(_ credentials: Credentials) {
        self.credentials = credentials
    }

    /// The name that the endpoint has in the configuration.
    public var endpoint: String { "spot_rest" }
    /// Where Binance is asked.
    public var standardURL: String { "https://api.binance.com" }

    /// The one call, or what its answer says.
    public func step(
        after answers: [KeyAnswer],
        host: String,
        time: SigningTime,
        nonce: String
    ) throws(KeyTrouble) -> KeyStep {
        guard let answer = answers.first else {
            do throws(SigningError) {
                return .call(
                    try BinanceSigningRecipe.call(
                        "/sapi/v1/account/apiRestrictions",
                        time: time,
                        credentials: credentials
                    )
                )
            } catch {
                throw .unsigned(error)
            }
        }
        guard answer.status == 200 else { throw Self.trouble(answer) }
        guard let fields = answer.fields, fields["enableWithdrawals"] != nil else { throw .unreadable }
        return .done(Self.powers(fields))
    }

    private static func powers(_ fields: [String: String]) -> KeyPowers {
        let trading = [
            "enableSpotAndMarginTrading", "enableFutures", "enableMargin", "enableVanillaOptions",
            "enablePortfolioMarginTrading", "enableFixApiTrade",
        ]
        let moving = [
            "enableInternalTransfer": "moves funds between accounts of the same owner",
            "permitsUniversalTransfer": "moves funds between wallets",
        ]
        var powers = KeyPowers()
        powers.reads = KeyPowers.Answer(fields["enableReading"])
        powers.withdraws = KeyPowers.Answer(fields["enableWithdrawals"])
        powers.trades = trading.contains { fields[$0] == "true" } ? .yes : .no
        powers.others = moving.keys.sorted().filter { fields[$0] == "true" }.compactMap { moving[$0] }
        if fields["ipRestrict"] == "false" { powers.addresses = [] }
        return powers
    }

    private static func trouble(_ answer: KeyAnswer) -> KeyTrouble {
        switch (answer.status, answer.fields?["code"]) {
        case (_, "-1021"): .clock
        case (_, "-1022"): .wrongSignature
        case (_, "-2008"), (_, "-2014"): .unknownKey
        case (_, "-2015"): .forbidden
        case (_, "-1003"), (418, _), (429, _), (500..., _): .busy
        case (401, nil), (403, nil): .forbidden
        case (_, let code?): .refused("\(code) \(answer.fields?["msg"] ?? "")")
        default: .unreadable
        }
    }
}
