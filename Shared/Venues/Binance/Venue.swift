// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import VenueKit

/// Binance: spot, USD-M and COIN-M futures, public data.
///
/// Source of every rule in this folder: the venue sheet "Binance" (state of 2026-11), which names the official pages.
public struct BinanceVenue: Venue {
    /// The venue's name on the wire, `binance`.
    public static let id = VenueID("binance")

    /// Makes the venue.
    public init() {}

    /// URLs and limits.
    ///
    /// - One profile serves three gateways, so each limit is the strictest of them: 5 messages a second (spot),
    ///   200 streams a connection (older futures documents), 300 connections in 5 minutes (spot).
    /// - Futures sockets are routed since 2026-03: `/public` carries book data, `/market` the rest. COIN-M moved onto
    ///   the USD-M gateway in 2026-06.
    public var profile: VenueProfile {
        VenueProfile(
            markets: [.spot, .usdm, .coinm],
            endpoints: [
                socket("spot_ws", "wss://stream.binance.com:9443", .spot),
                socket("usdm_public_ws", "wss://fstream.binance.com/public", .usdm),
                socket("usdm_market_ws", "wss://fstream.binance.com/market", .usdm),
                socket("coinm_public_ws", "wss://fstream.binance.com/public", .coinm),
                socket("coinm_market_ws", "wss://fstream.binance.com/market", .coinm),
                VenueEndpoint(name: "spot_rest", url: "https://api.binance.com", market: .spot),
                VenueEndpoint(name: "usdm_rest", url: "https://fapi.binance.com", market: .usdm),
                VenueEndpoint(name: "coinm_rest", url: "https://dapi.binance.com", market: .coinm),
            ],
            heartbeat: .serverPing,
            streamsPerConnection: 200,
            connectionLimit: RateLimit(count: 300, windowMilliseconds: 300_000),
            sendLimit: RateLimit(count: 4, windowMilliseconds: 1000),
            connectionLifeMilliseconds: 24 * 3_600_000,
            restBudgets: Self.restBudgets
        )
    }

    /// Spot has one socket; futures have one for quotes and books and one for the rest.
    ///
    /// Open interest has no stream.
    public func endpoint(for channel: Channel, of instrument: Instrument) -> String? {
        switch (instrument.market, channel) {
        case (_, .openInterest), (.spot, .funding), (.spot, .liquidation): nil
        case (.spot, _): "spot_ws"
        case (.usdm, .bbo), (.usdm, .book): "usdm_public_ws"
        case (.usdm, _): "usdm_market_ws"
        case (.coinm, .bbo), (.coinm, .book): "coinm_public_ws"
        case (.coinm, _): "coinm_market_ws"
        default: nil
        }
    }

    /// Sixteen lengths; on spot from a second on, and with the borders of UTC+8 as well.
    public func candleIntervals(_ market: MarketID) -> [CandleInterval] {
        BinanceIntervals.streamed(market)
    }

    /// A decoder for one connection.
    public func makeDecoder(market: MarketID?, instruments: InstrumentTable) -> any FrameDecoder {
        BinanceDecoder(market: market, instruments: instruments)
    }

    /// Hosts and recorders' names; since 2026-06 the USD-M gateway carries COIN-M too, marked by `st` in its frames.
    public func market(shownBy text: String) -> MarketID? {
        let signs: [(String, MarketID)] = [
            ("dstream", .coinm), ("dapi", .coinm), ("coinm", .coinm), ("delivery", .coinm),
            ("fstream", .usdm), ("fapi", .usdm), ("usdm", .usdm), ("futures", .usdm),
            ("stream.binance", .spot), ("api.binance", .spot), ("/api/v", .spot), ("spot", .spot),
        ]
        return signs.first { text.contains($0.0) }?.1
    }

    /// `exchangeInfo` of a market; the conversion service has one of another kind.
    public func isInstrumentList(url: String) -> Bool {
        ["/api/v3/exchangeInfo", "/fapi/v1/exchangeInfo", "/dapi/v1/exchangeInfo"].contains {
            url.contains($0)
        }
    }

    private func socket(_ name: String, _ url: String, _ market: MarketID) -> VenueEndpoint {
        VenueEndpoint(name: name, url: url, socketPath: "/stream", market: market)
    }
}

extension MarketID {
    /// Binance spot.
    public static let spot = MarketID("spot")
    /// Binance USD-M futures: margined and settled in stablecoins.
    public static let usdm = MarketID("usdm")
    /// Binance COIN-M futures: margined and settled in the base coin.
    public static let coinm = MarketID("coinm")
}
