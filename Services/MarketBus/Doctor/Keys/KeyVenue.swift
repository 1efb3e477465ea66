// Part of MarketBus. Apache License 2.0, see LICENSE.

import Binance
import Coinbase
import HTX
import OKX
import Secrets
import Signing

/// What the key of one venue looks like, and how the venue is asked about it.
struct KeyVenue: Sendable {
    /// The venue's name in the configuration.
    let id: String
    /// Makes the inspection of what the operator gave: name, secret, passphrase.
    let inspection: @Sendable (String, Secret, Secret?) throws(KeyError) -> any KeyInspection
    /// Every endpoint that an inspection may ask, with its standard URL.
    let endpoints: [(name: String, url: String)]

    /// All venues that have keys.
    static let all = [
        KeyVenue(
            id: "binance",
            inspection: { (key, secret, _) throws(KeyError) in
                BinanceKeyInspection(Credentials(key: key, signer: try SigningKey(reading: secret)))
            },
            endpoints: [("spot_rest", "https://api.binance.com")]
        ),
        KeyVenue(
            id: "okx",
            inspection: { (key, secret, passphrase) throws(KeyError) in
                let signer = try SigningKey(reading: secret)
                return OKXKeyInspection(Credentials(key: key, signer: signer, passphrase: passphrase))
            },
            endpoints: [("rest", "https://www.okx.com")]
        ),
        KeyVenue(
            id: "htx",
            inspection: { (key, secret, _) throws(KeyError) in
                let signer = try SigningKey(reading: secret, takesRawEd25519: true)
                return HTXKeyInspection(Credentials(key: key, signer: signer))
            },
            endpoints: [("spot_rest", "https://api.huobi.pro")]
        ),
        KeyVenue(
            id: "coinbase",
            inspection: coinbase,
            endpoints: [
                ("exchange_rest", "https://api.exchange.coinbase.com"),
                ("advanced_rest", "https://api.coinbase.com"),
            ]
        ),
    ]

    /// A passphrase tells the Exchange's keys from those of Advanced Trade.
    @Sendable
    private static func coinbase(
        _ key: String,
        _ secret: Secret,
        _ passphrase: Secret?
    ) throws(KeyError) -> any KeyInspection {
        guard passphrase == nil else {
            guard let decoded = Base64.decode(secret) else { throw .badBase64 }
            return CoinbaseExchangeKeyInspection(
                Credentials(key: key, signer: .shared(decoded), passphrase: passphrase)
            )
        }
        let signer = try SigningKey(reading: secret)
        if case .pair(let pair) = signer { return CoinbaseAdvancedKeyInspection(keyName: key, pair: pair) }
        return CoinbaseAdvancedKeyInspection(keyName: key, pair: try PrivateKey(ed25519: secret))
    }
}
