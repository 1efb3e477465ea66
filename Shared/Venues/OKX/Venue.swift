// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import VenueKit

/// OKX: spot, perpetual swaps and dated futures, linear and inverse, public data.
///
/// Source of every rule in this folder: the venue sheet "OKX" (state of 2026-11), which names the official pages.
public struct OKXVenue: Venue {
    /// The venue's name on the wire, `okx`.
    public static let id = VenueID("okx")

    /// Makes the venue.
    public init() {}

    /// URLs and limits (venue sheet 1 and 2).
    ///
    /// The server closes after 30 s without a push; a text `ping` after 20 s keeps quiet connections open.
    /// Port 8443 is off since 2026-10-31.
    ///
    /// No limit of streams a connection is published for these channels; 480 subscription requests an hour and 64 KB
    /// a request are. 240 streams keep a connection's recovery short.
    public var profile: VenueProfile {
        VenueProfile(
            markets: [.okxSpot, .okxSwap, .okxFutures],
            endpoints: [
                VenueEndpoint(name: "public_ws", url: "wss://ws.okx.com/ws/v5/public", market: nil),
                VenueEndpoint(name: "business_ws", url: "wss://ws.okx.com/ws/v5/business", market: nil),
                VenueEndpoint(name: "rest", url: "https://www.okx.com", market: nil),
            ],
            heartbeat: .clientText(ping: "ping", pong: "pong", afterMilliseconds: 20_000),
            streamsPerConnection: 240,
            connectionLimit: RateLimit(count: 3, windowMilliseconds: 1000),
            sendLimit: RateLimit(count: 480, windowMilliseconds: 3_600_000),
            connectionLifeMilliseconds: nil,
            restBudgets: Self.restBudgets
        )
    }

    /// Candles are on the business socket, all else on the public one (venue sheet 1); only contracts have open interest
    /// and liquidations, and only perpetual ones funding.
    public func endpoint(for channel: Channel, of instrument: Instrument) -> String? {
        switch channel {
        case .candle: "business_ws"
        case .trade, .bbo, .book, .ticker: "public_ws"
        case .openInterest, .liquidation: instrument.kind == .spot ? nil : "public_ws"
        case .funding: instrument.market == .okxSwap ? "public_ws" : nil
        }
    }

    /// Those of UTC, and those of Hong Kong where a candle lasts six hours or more.
    public func candleIntervals(_ market: MarketID) -> [CandleInterval] {
        OKXIntervals.all.map(\.interval)
    }

    /// Nothing: one socket carries all markets, and every frame names its instrument.
    public func market(shownBy text: String) -> MarketID? {
        nil
    }

    /// Whether a URL is that of `public/instruments`.
    public func isInstrumentList(url: String) -> Bool {
        url.contains("/public/instruments")
    }

    /// A decoder for one connection; frames name their instrument, whatever the market.
    public func makeDecoder(market: MarketID?, instruments: InstrumentTable) -> any FrameDecoder {
        OKXDecoder(instruments: instruments)
    }
}

extension MarketID {
    /// OKX spot.
    public static let okxSpot = MarketID("spot")
    /// OKX perpetual swaps.
    public static let okxSwap = MarketID("swap")
    /// OKX dated futures.
    public static let okxFutures = MarketID("futures")
}
