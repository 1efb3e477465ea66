// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes

/// What kind of markets an opportunity spans.
public enum OpportunityKind: String, Sendable, CaseIterable {
    /// The same currency pair on two spot markets.
    case crossVenueSpot = "cross_venue_spot"
    /// The same perpetual contract at two venues.
    case crossVenuePerpetual = "cross_venue_perpetual"
    /// A currency pair on a spot market against its linear perpetual, funding to the next settlement included.
    case spotPerpetual = "spot_perpetual"
    /// Three spot markets of one venue that lead back to the currency they begin with.
    case triangular
    /// A currency on two spot markets whose quote currencies a third market converts.
    case crossCurrency = "cross_currency"

    /// The kind of opportunity that instruments of a kind make; nil for dated contracts, which are not watched.
    init?(of kind: InstrumentKind) {
        switch kind {
        case .spot: self = .crossVenueSpot
        case .linearPerpetual, .inversePerpetual: self = .crossVenuePerpetual
        case .linearFuture, .inverseFuture: return nil
        }
    }
}

/// A step in an opportunity's life.
public enum OpportunityState: String, Sendable, CaseIterable {
    /// It was found.
    case open
    /// Its price, size or edge changed.
    case update
    /// It is over.
    case close
    /// After its close, the last of the taker's orders would have arrived.
    case settle
}

/// Why an opportunity is over.
public enum CloseReason: String, Sendable, CaseIterable {
    /// Prices, sizes or terms no longer give an edge.
    case edgeGone = "edge_gone"
    /// A leg is too old to be believed.
    case legStale = "leg_stale"
    /// A leg was invalidated, or can't be traded.
    case legInvalid = "leg_invalid"
    /// The detector is stopping: nobody knows.
    case shutdown
    /// Another detector watches the route from now on.
    case handedOver = "handed_over"
    /// The process that opened it is gone.
    case restarted
}

/// Which record caused a step.
public struct Trigger: Hashable, Sendable {
    /// The venue whose record it was.
    public var venue: VenueIndex
    /// Which record it was.
    public var identity: RecordIdentity
    /// When the feed read it from its socket, in microseconds since the Unix epoch.
    public var receivedMicroseconds: Int64

    /// Makes a trigger.
    public init(venue: VenueIndex, identity: RecordIdentity, receivedMicroseconds: Int64) {
        self.venue = venue
        self.identity = identity
        self.receivedMicroseconds = receivedMicroseconds
    }
}
