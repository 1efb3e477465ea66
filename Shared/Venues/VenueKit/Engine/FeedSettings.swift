// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OrderBooks

/// What one feed is to do.
public struct FeedSettings: Sendable {
    /// The instance's name, carried by every record.
    public var instance: String
    /// The markets whose instruments are listed.
    public var markets: [MarketID]
    /// The canonical symbols.
    public var symbols: [String]
    /// Whether a symbol that no market lists is an error; false for the default symbols.
    public var areSymbolsChosen: Bool
    /// The channels of each symbol.
    public var channels: [Channel]
    /// The lengths of candles, as far as a market has them.
    public var candleIntervals: [CandleInterval] = [CandleInterval(.minute1)]
    /// The limits of books.
    public var books = BookSettings()
    /// URLs that replace the venue's, by endpoint name.
    public var endpoints: [String: String]
    /// The limits of a session.
    public var session = SessionSettings()
    /// How often the instruments are read again.
    ///
    /// - Unit: milliseconds.
    public var instrumentsRefreshMilliseconds: Int64 = 3_600_000
    /// How often figures are asked for that the venue has by REST only.
    ///
    /// - Unit: milliseconds.
    public var pollMilliseconds: Int64 = 60_000
    /// How the symbols are shared with other feeds of the venue; nil: all are this feed's.
    public var sharing: SharingSettings?
    /// What the jitter of waits follows from.
    public var seed: UInt64 = 0

    /// Makes settings with the default limits.
    public init(
        instance: String,
        markets: [MarketID],
        symbols: [String],
        areSymbolsChosen: Bool,
        channels: [Channel],
        endpoints: [String: String] = [:]
    ) {
        self.instance = instance
        self.markets = markets
        self.symbols = symbols
        self.areSymbolsChosen = areSymbolsChosen
        self.channels = channels
        self.endpoints = endpoints
    }

    /// The profile's endpoint of this name, with the configured URL.
    func endpoint(_ name: String, in profile: VenueProfile) -> VenueEndpoint? {
        guard var endpoint = profile.endpoints.first(where: { $0.name == name }) else { return nil }
        if let url = endpoints[name] { endpoint.url = url }
        while endpoint.url.hasSuffix("/") { endpoint.url.removeLast() }
        return endpoint
    }
}
