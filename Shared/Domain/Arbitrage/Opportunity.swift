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
    /// The process that opened it is gone.
    case restarted
}

/// What an opportunity is worth at one moment.
public struct OpportunityFigures: Hashable, Sendable {
    /// The ask that is bought: price and all that is offered.
    public var buy: PriceLevel
    /// The bid that is sold to: price and all that is asked for.
    public var sell: PriceLevel
    /// The taker's fee where it is bought, as a fraction.
    public var buyFee: ScaledDecimal
    /// The taker's fee where it is sold, as a fraction.
    public var sellFee: ScaledDecimal
    /// What can be traded, in base currency or inverse contracts: the smaller size, on the lot grid of both.
    public var size: ScaledDecimal
    /// Bid less ask, in quote currency a unit of base.
    public var grossEdge: ScaledDecimal
    /// Bid less its fee, less ask and its fee, in quote currency a unit of base.
    public var netEdge: ScaledDecimal
    /// The net edge in basis points of what buying costs, fee included; rounded to four decimals.
    public var netEdgeBasisPoints: ScaledDecimal
    /// The net edge times the size in base currency, in quote currency; on inverse contracts cut to 8 decimals.
    public var netProfit: ScaledDecimal
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

/// One step in an opportunity's life.
///
/// Its id is made of symbol, venues and ``openedMicroseconds``, which never repeats for a pair of venues.
public struct OpportunityEvent: Sendable {
    /// The step.
    public var state: OpportunityState
    /// Why it is over; nil while it is not.
    public var reason: CloseReason?
    /// The kind.
    public var kind: OpportunityKind
    /// The symbol.
    public var symbol: SymbolID
    /// Where it is bought.
    public var buyVenue: VenueIndex
    /// Where it is sold.
    public var sellVenue: VenueIndex
    /// The figures now; of a closed one the last that held.
    public var figures: OpportunityFigures
    /// When it was found, in microseconds since the Unix epoch.
    public var openedMicroseconds: Int64
    /// When this step was found, in microseconds since the Unix epoch.
    public var atMicroseconds: Int64
    /// Which record caused it; nil where time did.
    public var trigger: Trigger?

    /// The microseconds from its opening to this step; never negative.
    public var durationMicroseconds: Int64 {
        let (duration, overflow) = atMicroseconds.subtractingReportingOverflow(openedMicroseconds)
        return overflow ? 0 : max(duration, 0)
    }
}
