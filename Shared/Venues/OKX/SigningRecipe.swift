// Part of MarketBus. Apache License 2.0, see LICENSE.

import Signing

/// What of a request OKX wants signed, and which headers carry it (venue sheet 6).
public enum OKXSigningRecipe {
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

    /// A private REST call; `path` holds the query, `body` the exact text that is sent.
    ///
    /// - Throws: ``SigningError`` when the library refuses, which it has no reason to.
    public static func call(
        _ path: String,
        method: String = "GET",
        body: String = "",
        time: SigningTime,
        credentials: Credentials
    ) throws(SigningError) -> SignedCall {
        let stamp = time.isoMilliseconds
        let text = payload(timestamp: stamp, method: method, path: path, body: body)
        let headers = [
            (keyHeader, credentials.key),
            (signatureHeader, Base64.encode(try credentials.signer.sign(text))),
            (timestampHeader, stamp),
            (passphraseHeader, credentials.passphraseText),
            ("Content-Type", "application/json"),
        ]
        return SignedCall(method: method, path: path, headers: headers, body: body)
    }

    /// The arguments of a WebSocket login: key, passphrase, time in seconds, signature.
    ///
    /// - Throws: ``SigningError`` when the library refuses, which it has no reason to.
    public static func login(
        time: SigningTime,
        credentials: Credentials
    ) throws(SigningError) -> QueryParameters {
        let text = loginPayload(timestampSeconds: time.seconds)
        return [
            "apiKey": credentials.key,
            "passphrase": credentials.passphraseText,
            "timestamp": String(time.seconds),
            "sign": Base64.encode(try credentials.signer.sign(text)),
        ]
    }
}

/// Asks OKX what a key may do: `GET /api/v5/account/config`, field `perm`.
public struct OKXKeyInspection: KeyInspection {
    private let credentials: Credentials

    /// Asks about this key.
    public init(_ credentials: Credentials) {
        self.credentials = credentials
    }

    /// The name that the endpoint has in the configuration.
    public var endpoint: String { "rest" }
    /// Where OKX is asked.
    public var standardURL: String { "https://www.okx.com" }

    /// The one call, or what its answer says.
    public func step(
        after answers: [KeyAnswer],
        host: String,
        time: SigningTime,
        nonce: String
    ) throws(KeyTrouble) -> KeyStep {
        guard let answer = answers.first else {
            guard credentials.passphrase != nil else { throw .incomplete("OKX asks for a passphrase") }
            guard case .shared = credentials.signer else {
                throw .incomplete("OKX asks for a shared secret, not a private key")
            }
            do throws(SigningError) {
                let path = "/api/v5/account/config"
                return .call(try OKXSigningRecipe.call(path, time: time, credentials: credentials))
            } catch {
                throw .unsigned(error)
            }
        }
        guard answer.fields?["code"] == "0", answer.status == 200 else { throw Self.trouble(answer) }
        guard let row = answer.rows("data")?.first, let words = row["perm"] else { throw .unreadable }
        return .done(KeyPowers(granted: words, reading: "read_only", addresses: row["ip"]))
    }

    private static func trouble(_ answer: KeyAnswer) -> KeyTrouble {
        guard let code = answer.fields?["code"] else { return KeyTrouble(status: answer.status) }
        return switch code {
        case "50102", "50112": .clock
        case "50105": .wrongPassphrase
        case "50111", "50119": .unknownKey
        case "50113": .wrongSignature
        case "50110", "50120", "50030": .forbidden
        case "50011", "50001", "50004", "50013", "50026": .busy
        default: .refused("\(code) \(answer.fields?["msg"] ?? "")")
        }
    }
}
