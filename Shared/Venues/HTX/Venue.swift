// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import VenueKit

/// HTX (formerly Huobi): spot, USDT contracts, coin-margined swaps and coin-margined dated futures, public data.
///
/// Source of every rule in this folder: the venue sheet "HTX" (state of 2026-11), which names the official pages, and
/// recorded frames for what it leaves out.
public struct HTXVenue: Venue {
    /// The venue's name on the wire, `htx`.
    public static let id = VenueID("htx")

    /// Makes the venue.
    public init() {}

    /// URLs and limits (venue sheet 1 and 2).
    ///
    /// Every frame is a gzip file. The server pings by text every five seconds and closes after two without an answer.
    ///
    /// One topic a message; 40 messages a second and connection are below the smallest limit that is published for
    /// any of the sockets. No limit of topics is: 200 keep a connection's recovery within five seconds.
    public var profile: VenueProfile {
        VenueProfile(
            markets: [.htxSpot, .htxLinear, .htxInverse, .htxFutures],
            endpoints: Self.sockets + Self.servers,
            heartbeat: .serverText,
            compression: .gzip,
            streamsPerConnection: 200,
            connectionLimit: RateLimit(count: 10, windowMilliseconds: 1000),
            sendLimit: RateLimit(count: 40, windowMilliseconds: 1000),
            connectionLifeMilliseconds: nil,
            restBudgets: Self.restBudgets
        )
    }

    private static let sockets = [
        VenueEndpoint(name: "spot_ws", url: "wss://api.huobi.pro/ws", market: .htxSpot),
        VenueEndpoint(name: "spot_feed_ws", url: "wss://api.huobi.pro/feed", market: .htxSpot),
        VenueEndpoint(name: "linear_ws", url: "wss://api.hbdm.com/linear-swap-ws", market: .htxLinear),
        VenueEndpoint(
            name: "linear_notification_ws",
            url: "wss://api.hbdm.com/linear-swap-notification",
            market: .htxLinear
        ),
        VenueEndpoint(name: "inverse_ws", url: "wss://api.hbdm.com/swap-ws", market: .htxInverse),
        VenueEndpoint(
            name: "inverse_notification_ws",
            url: "wss://api.hbdm.com/swap-notification",
            market: .htxInverse
        ),
        VenueEndpoint(name: "futures_ws", url: "wss://api.hbdm.com/ws", market: .htxFutures),
        VenueEndpoint(
            name: "futures_notification_ws",
            url: "wss://api.hbdm.com/notification",
            market: .htxFutures
        ),
        VenueEndpoint(name: "index_ws", url: "wss://api.hbdm.com/ws_index", market: nil),
    ]

    private static let servers = [
        VenueEndpoint(name: "spot_rest", url: "https://api.huobi.pro", market: .htxSpot),
        VenueEndpoint(name: "contracts_rest", url: "https://api.hbdm.com", market: nil),
    ]

    /// Spot increments of the book have a socket of their own, as have funding and liquidations.
    ///
    /// Open interest is no stream.
    public func endpoint(for channel: Channel, of instrument: Instrument) -> String? {
        let isSpot = instrument.market == .htxSpot
        guard let family = HTXMarkets.family(instrument.market) else { return nil }
        switch channel {
        case .trade, .bbo, .candle, .ticker: return "\(family)_ws"
        case .book: return isSpot ? "spot_feed_ws" : "\(family)_ws"
        case .funding: return HTXMarkets.isFunded(instrument.kind) ? "\(family)_notification_ws" : nil
        case .liquidation: return isSpot ? nil : "\(family)_notification_ws"
        case .openInterest: return nil
        }
    }

    /// Mark and index prices have a socket of their own.
    public func referenceEndpoint(for channel: Channel, of instrument: Instrument) -> String? {
        channel == .funding && HTXMarkets.isFunded(instrument.kind) ? "index_ws" : nil
    }

    /// All but the year, which is no interval of ours.
    public func candleIntervals(_ market: MarketID) -> [CandleInterval] {
        HTXPeriods.all.map(\.interval)
    }

    /// Nothing: the form of a name says whose it is.
    public func market(shownBy text: String) -> MarketID? { nil }

    /// Whether a URL is that of one of the four lists, or of the older one of spot.
    public func isInstrumentList(url: String) -> Bool {
        let path = url.prefix { $0 != "?" }
        return HTXListings.paths.contains { path.hasSuffix($0) }
    }

    /// A decoder for one connection; frames name their instrument, whatever the market.
    public func makeDecoder(market: MarketID?, instruments: InstrumentTable) -> any FrameDecoder {
        HTXDecoder(instruments: instruments)
    }
}

extension MarketID {
    /// HTX spot.
    public static let htxSpot = MarketID("spot")
    /// HTX contracts settled in USDT, perpetual and dated.
    public static let htxLinear = MarketID("linear")
    /// HTX perpetual contracts settled in the coin.
    public static let htxInverse = MarketID("inverse")
    /// HTX dated contracts settled in the coin.
    public static let htxFutures = MarketID("futures")
}

/// What HTX's four markets have in common and what not.
enum HTXMarkets {
    /// The first word of a market's endpoints.
    static func family(_ market: MarketID) -> String? {
        switch market {
        case .htxSpot: "spot"
        case .htxLinear: "linear"
        case .htxInverse: "inverse"
        case .htxFutures: "futures"
        default: nil
        }
    }

    /// Whether funding is charged.
    static func isFunded(_ kind: InstrumentKind) -> Bool {
        kind == .linearPerpetual || kind == .inversePerpetual
    }
}
