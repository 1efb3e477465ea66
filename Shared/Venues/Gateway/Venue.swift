// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import Secrets
import VenueKit

/// An in-house WebSocket gateway: bars and ticks of spot, linear and inverse markets.
///
/// Source of every rule in this folder: the page "The gateway's protocol" (deploy/docs/gateway-protocol.md, version 1).
public struct GatewayVenue: Venue {
    /// The venue's name on the wire, `gateway`.
    public static let id = VenueID("gateway")

    /// What the gateway knows its client by; nobody prints it.
    let token: Secret?

    /// Makes the venue; without a token no connection is accepted.
    public init(token: Secret? = nil) {
        self.token = token
    }

    /// The venue with the token that the configuration names: `csrf_token_file`, or the key's environment variable.
    public func configured(by options: any VenueOptions) -> Self {
        guard let secret = options.secret("csrf_token", help: "what the gateway knows its client by") ?? token
        else {
            options.note("csrf_token", "is missing", "name the file that holds it in csrf_token_file")
            return self
        }
        return GatewayVenue(token: secret)
    }

    /// URLs and limits; a gateway has no public address, so both are to be configured.
    ///
    /// A connection carries one market and at most 500 symbols, whatever is asked of each: 450 streams can't be more.
    /// It ends after 15 s without our answer to a `PING`.
    public var profile: VenueProfile {
        VenueProfile(
            markets: [.gatewaySpot, .gatewayLinear, .gatewayInverse],
            endpoints: [
                VenueEndpoint(name: "ws", url: "wss://localhost/ws", market: nil),
                VenueEndpoint(name: "rest", url: "https://localhost", market: nil),
            ],
            heartbeat: .serverText,
            mixesMarkets: false,
            streamsPerConnection: 450,
            connectionLimit: RateLimit(count: 10, windowMilliseconds: 1000),
            sendLimit: RateLimit(count: 15, windowMilliseconds: 1000),
            connectionLifeMilliseconds: nil,
            restBudgets: Self.restBudgets
        )
    }

    /// Trades, quotes and bars; the gateway has nothing else.
    public func endpoint(for channel: Channel, of instrument: Instrument) -> String? {
        switch channel {
        case .trade, .bbo, .candle: "ws"
        case .book, .ticker, .funding, .openInterest, .liquidation: nil
        }
    }

    /// The resolutions of the protocol, on every market.
    public func candleIntervals(_ market: MarketID) -> [CandleInterval] { GatewayChannels.resolutions }

    /// Nothing: every message names its symbol, and a symbol shows its market.
    public func market(shownBy text: String) -> MarketID? {
        nil
    }

    /// Whether a URL is that of `/v1/instruments`.
    public func isInstrumentList(url: String) -> Bool {
        url.prefix { $0 != "?" }.hasSuffix("/v1/instruments")
    }

    /// A decoder for one connection.
    public func makeDecoder(market: MarketID?, instruments: InstrumentTable) -> any FrameDecoder {
        GatewayDecoder(instruments: instruments)
    }
}

extension MarketID {
    /// The gateway's spot market.
    public static let gatewaySpot = MarketID("spot")
    /// The gateway's contracts settled in the quote currency.
    public static let gatewayLinear = MarketID("linear")
    /// The gateway's contracts settled in the base currency.
    public static let gatewayInverse = MarketID("inverse")
}
