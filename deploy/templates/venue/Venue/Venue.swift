// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import VenueKit

/// __NAME__: what it offers, in one line.
///
/// Source of every rule in this folder: name the page of the venue's documents, and its date.
public struct __NAME__Venue: Venue {
    /// The venue's name on the wire, `__name__`.
    public static let id = VenueID("__name__")

    /// Makes the venue.
    public init() {}

    /// URLs and limits, each with the place in the documents that says so.
    public var profile: VenueProfile {
        VenueProfile(
            markets: [.__name__Spot],
            endpoints: [
                VenueEndpoint(name: "ws", url: "wss://__name__.invalid/ws", market: .__name__Spot),
                VenueEndpoint(name: "rest", url: "https://__name__.invalid", market: .__name__Spot),
            ],
            heartbeat: .serverPing,
            streamsPerConnection: 100,
            connectionLimit: RateLimit(count: 1, windowMilliseconds: 1000),
            sendLimit: RateLimit(count: 1, windowMilliseconds: 1000),
            connectionLifeMilliseconds: nil
        )
    }

    /// The socket that carries a channel; nil where the venue has none.
    public func endpoint(for channel: Channel, of instrument: Instrument) -> String? {
        switch channel {
        case .trade, .bbo: "ws"
        case .book, .candle, .ticker, .funding, .openInterest, .liquidation: nil
        }
    }

    /// The market that a URL shows; nil where frames must tell.
    public func market(shownBy text: String) -> MarketID? {
        nil
    }

    /// Whether a URL is that of the list of instruments.
    public func isInstrumentList(url: String) -> Bool {
        url.prefix { $0 != "?" }.hasSuffix("/instruments")
    }

    /// A decoder for one connection.
    public func makeDecoder(market: MarketID?, instruments: InstrumentTable) -> any FrameDecoder {
        __NAME__Decoder(instruments: instruments)
    }
}

extension MarketID {
    /// The spot market.
    public static let __name__Spot = MarketID("spot")
}
