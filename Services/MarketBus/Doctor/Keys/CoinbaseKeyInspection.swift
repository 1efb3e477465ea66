// Part of MarketBus. Apache License 2.0, see LICENSE.

import Signing

/// Asks Coinbase Advanced Trade what a key may do: `GET /api/v3/brokerage/key_permissions`.
struct CoinbaseAdvancedKeyInspection: KeyInspection {
    private static let path = "/api/v3/brokerage/key_permissions"
    let keyName: String
    let pair: PrivateKey

    var endpoint: String { "advanced_rest" }
    var standardURL: String { "https://api.coinbase.com" }

    func step(
        after answers: [KeyAnswer],
        host: String,
        time: SigningTime,
        nonce: String
    ) throws(KeyTrouble) -> KeyStep {
        guard let answer = answers.first else { return try call(host, time, nonce) }
        guard answer.status == 200 else { throw Self.trouble(answer) }
        guard let fields = answer.fields, fields["can_transfer"] != nil else { throw .unreadable }
        var powers = KeyPowers()
        powers.reads = KeyPowers.Answer(fields["can_view"])
        powers.trades = KeyPowers.Answer(fields["can_trade"])
        powers.withdraws = KeyPowers.Answer(fields["can_transfer"])
        return .done(powers)
    }

    private func call(_ host: String, _ time: SigningTime, _ nonce: String) throws(KeyTrouble) -> KeyStep {
        guard pair.algorithm != .rsa else {
            throw .incomplete("Coinbase takes Ed25519 and ECDSA P-256, not RSA")
        }
        let token = WebToken(
            keyName: keyName,
            issuer: "cdp",
            uri: "GET \(host)\(Self.path)",
            begins: time,
            nonce: nonce
        )
        do throws(SigningError) {
            let text = try token.signed(with: pair)
            return .call(SignedCall(path: Self.path, headers: [("Authorization", "Bearer \(text)")]))
        } catch {
            throw .unsigned(error)
        }
    }

    private static func trouble(_ answer: KeyAnswer) -> KeyTrouble {
        switch answer.status {
        case 401: .refused("Unauthorized: the name of the key, the key, or the clock is wrong")
        case 403: .forbidden
        case 429, 500...: .busy
        default: answer.fields?["message"].map(KeyTrouble.refused) ?? .unreadable
        }
    }
}

/// Asks Coinbase Exchange whether a key works: the Exchange has no call that tells what a key may do.
struct CoinbaseExchangeKeyInspection: KeyInspection {
    private static let path = "/accounts"
    private let credentials: Credentials

    init(_ credentials: Credentials) {
        self.credentials = credentials
    }

    var endpoint: String { "rest" }
    var standardURL: String { "https://api.exchange.coinbase.com" }

    func step(
        after answers: [KeyAnswer],
        host: String,
        time: SigningTime,
        nonce: String
    ) throws(KeyTrouble) -> KeyStep {
        guard let answer = answers.first else { return try call(time) }
        guard answer.status == 200 else { throw Self.trouble(answer) }
        guard answer.body.first == UInt8(ascii: "[") else { throw .unreadable }
        var powers = KeyPowers()
        powers.reads = .yes
        return .done(powers)
    }

    private func call(_ time: SigningTime) throws(KeyTrouble) -> KeyStep {
        let stamp = String(time.seconds)
        do throws(SigningError) {
            let signature = Base64.encode(try credentials.signer.sign("\(stamp)GET\(Self.path)"))
            let headers = [
                ("CB-ACCESS-KEY", credentials.key), ("CB-ACCESS-SIGN", signature),
                ("CB-ACCESS-TIMESTAMP", stamp), ("CB-ACCESS-PASSPHRASE", credentials.passphraseText),
                ("Content-Type", "application/json"), ("User-Agent", "marketbus"),
            ]
            return .call(SignedCall(path: Self.path, headers: headers))
        } catch {
            throw .unsigned(error)
        }
    }

    private static func trouble(_ answer: KeyAnswer) -> KeyTrouble {
        let text = answer.fields?["message"] ?? ""
        switch text.lowercased() {
        case "invalid api key": return .unknownKey
        case "invalid signature": return .wrongSignature
        case "invalid passphrase": return .wrongPassphrase
        case "request timestamp expired": return .clock
        default: break
        }
        switch answer.status {
        case 401, 403: return .forbidden
        case 429, 500...: return .busy
        default: return text.isEmpty ? .unreadable : .refused(text)
        }
    }
}
