// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
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

    /// Makes the venue.
    public init(api: API = .exchange) {
        self.api = api
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
            connectionLifeMilliseconds: nil
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

extension MarketID {
    /// Coinbase spot.
    public static let coinbaseSpot = MarketID("spot")
}
