// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import Signing
import VenueKit

/// Coinbase: spot, by the Exchange feed or by Advanced Trade; one matching engine behind both, public data.
///
/// Source of every rule in this folder: the venue sheet "Coinbase" (state of 2026-11), which names the official pages.
public struct CoinbaseVenue: Venue {
    /// The venue's name on the wire, `coinbase`.
    public static let id = VenueID("coinbase")

    /// Which of the two feeds is asked; their frames are read alike, whichever it is.
    public enum API: String, Sendable, CaseIterable {
        /// The institutional one: whole books, trades one by one.
        case exchange
        /// The retail one: trades in batches, and candles of five minutes.
        case advanced
    }

    /// The feed that is asked.
    public let api: API
    /// What tokens of Advanced Trade are made with; its public channels need none.
    let key: CoinbaseKey?

    /// Makes the venue.
    public init(api: API = .exchange, key: CoinbaseKey? = nil) {
        self.api = api
        self.key = key
    }

    /// The venue with the feed and the key that the configuration names: `api`, `key_name`, `private_key_file`.
    public func configured(by options: any VenueOptions) -> Self {
        let words = API.allCases.map(\.rawValue)
        let word = options.choice(
            "api",
            default: api.rawValue,
            among: words,
            help: "the feed: exchange or advanced"
        )
        return CoinbaseVenue(api: API(rawValue: word) ?? api, key: CoinbaseKey(options) ?? key)
    }

    /// URLs and limits (venue sheet 1 and 2).
    ///
    /// No limit of streams a connection is published. Snapshots of large books have megabytes, all of one connection
    /// one after the other: 100 streams keep a recovery short.
    public var profile: VenueProfile {
        VenueProfile(
            markets: [.coinbaseSpot],
            endpoints: [
                VenueEndpoint(
                    name: "exchange_ws",
                    url: "wss://ws-feed.exchange.coinbase.com",
                    market: .coinbaseSpot
                ),
                VenueEndpoint(
                    name: "exchange_rest",
                    url: "https://api.exchange.coinbase.com",
                    market: .coinbaseSpot
                ),
                VenueEndpoint(
                    name: "advanced_ws",
                    url: "wss://advanced-trade-ws.coinbase.com",
                    market: .coinbaseSpot
                ),
                VenueEndpoint(name: "advanced_rest", url: "https://api.coinbase.com", market: .coinbaseSpot),
            ],
            heartbeat: .serverPing,
            streamsPerConnection: 100,
            connectionLimit: RateLimit(count: 8, windowMilliseconds: 1000),
            sendLimit: RateLimit(count: api == .exchange ? 100 : 8, windowMilliseconds: 1000),
            connectionLifeMilliseconds: nil,
            restBudgets: Self.restBudgets
        )
    }

    /// Trades, books and tickers by both; candles by Advanced Trade alone; the best bid and ask are the book's top.
    public func endpoint(for channel: Channel, of instrument: Instrument) -> String? {
        switch channel {
        case .trade, .bbo, .book, .ticker: "\(api.rawValue)_ws"
        case .candle: api == .advanced ? "advanced_ws" : nil
        case .funding, .openInterest, .liquidation: nil
        }
    }

    /// Five minutes by Advanced Trade; Exchange streams none.
    public func candleIntervals(_ market: MarketID) -> [CandleInterval] {
        api == .advanced ? [CoinbaseChannels.candleInterval] : []
    }

    /// Nothing: there is one market, and every frame names its product.
    public func market(shownBy text: String) -> MarketID? {
        nil
    }

    /// Whether a URL is that of `/products` or `/market/products`.
    public func isInstrumentList(url: String) -> Bool {
        url.prefix { $0 != "?" }.hasSuffix("/products")
    }

    /// A decoder for one connection, of either feed.
    public func makeDecoder(market: MarketID?, instruments: InstrumentTable) -> any FrameDecoder {
        CoinbaseDecoder(instruments: instruments)
    }
}

/// A key of Advanced Trade, and the clock that its tokens are stamped with.
public struct CoinbaseKey: Sendable, CustomReflectable {
    private let name: String
    private let pair: PrivateKey
    private let now: @Sendable () -> Int64

    /// Puts the parts together; the clock gives microseconds since the Unix epoch.
    public init(name: String, pair: PrivateKey, now: @escaping @Sendable () -> Int64) {
        self.name = name
        self.pair = pair
        self.now = now
    }

    /// The key that a configuration names; nil where it names none, or none that can be read, which is noted.
    init?(_ options: any VenueOptions) {
        let name = options.text("key_name", help: "an Advanced Trade key's name: organizations/…/apiKeys/…")
        let secret = options.secret(
            "private_key",
            help: "its private half, ES256 as PEM or Ed25519 as base64"
        )
        guard let name, !name.isEmpty, let secret else {
            if secret != nil {
                options.note("key_name", "is missing", "name the key that private_key_file holds")
            }
            if secret == nil, let name, !name.isEmpty {
                options.note("private_key", "is missing", "name the file that holds it in private_key_file")
            }
            return nil
        }
        do throws(KeyError) {
            let isPEM = secret.withBytes { $0.starts(with: "-----BEGIN ".utf8) }
            let pair = isPEM ? try PrivateKey(pem: secret) : try PrivateKey(ed25519: secret)
            guard pair.algorithm != .rsa else { throw .wrongAlgorithm(name: "RSA") }
            self.init(name: name, pair: pair, now: options.now)
        } catch {
            options.note("private_key", error.what, error.mend)
            return nil
        }
    }

    /// A fresh token for one subscription, which lives for two minutes; nil where the library refuses.
    func token() -> String? {
        let nonce = (0..<2).map { _ in
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        let token = WebToken(
            keyName: name,
            issuer: "cdp",
            begins: SigningTime(microseconds: now()),
            nonce: nonce.joined()
        )
        return try? token.signed(with: pair)
    }

    /// Nothing: debuggers and dumps see no content.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension MarketID {
    /// Coinbase spot.
    public static let coinbaseSpot = MarketID("spot")
}
