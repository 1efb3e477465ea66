// Part of MarketBus. Apache License 2.0, see LICENSE.

import Signing

/// Asks Coinbase Advanced Trade what a key may do: `GET /api/v3/brokerage/key_permissions`.
public struct CoinbaseAdvancedKeyInspection: KeyInspection {
    private static let path = "/api/v3/brokerage/key_permissions"
    private let keyName: String
    private let pair: PrivateKey

    /// Asks about this key.
    public init(keyName: String, pair: PrivateKey) {
        self.keyName = keyName
        self.pair = pair
    }

    /// The name that the endpoint has in the configuration.
    public var endpoint: String { "advanced_rest" }
    /// Where Advanced Trade is asked.
    public var standardURL: String { "https://api.coinbase.com" }

    /// The one call, or what its answer says.
    public func step(
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
        do throws(SigningError) {
            let token = try CoinbaseSigningRecipe.advancedToken(
                for: "GET \(host)\(Self.path)",
                keyName: keyName,
                pair: pair,
                time: time,
                nonce: nonce
            )
            return .call(SignedCall(path: Self.path, headers: [("Authorization", "Bearer \(token)")]))
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
public struct CoinbaseExchangeKeyInspection: KeyInspection {
    private static let path = "/accounts"
    private let credentials: Credentials

    /// Asks about this key, whose secret is decoded from base64 already.
    public init(_ credentials: Credentials) {
        self.credentials = credentials
    }

    /// The name that the endpoint has in the configuration.
    public var endpoint: String { "exchange_rest" }
    /// Where the Exchange is asked.
    public var standardURL: String { "https://api.exchange.coinbase.com" }

    /// The one call, or what its answer says.
    public func step(
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
        do throws(SigningError) {
            return .call(
                try CoinbaseSigningRecipe.exchangeCall(Self.path, time: time, credentials: credentials)
            )
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
        let trouble = KeyTrouble(status: answer.status)
        return trouble == .unreadable && !text.isEmpty ? .refused(text) : trouble
    }
}
