// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// The dense number of one venue's instrument in a ``DepthTable``.
public struct MarketIndex: Hashable, Comparable, Sendable {
    /// The number, from 0.
    public let index: UInt32

    /// Makes an identifier from a number that a table gave out.
    public init(index: UInt32) { self.index = index }

    /// Orders by number.
    public static func < (left: MarketIndex, right: MarketIndex) -> Bool { left.index < right.index }
}

/// One venue's book of a symbol, and how far it can be trusted.
public struct DepthLeg: Sendable {
    /// The symbol.
    public let symbol: SymbolID
    /// The venue.
    public let venue: VenueIndex
    /// What is proven of the book; empty where the leg is invalid.
    public internal(set) var ladder: Ladder
    /// Whether it counts.
    public internal(set) var health = LegHealth.invalid
    /// The record that said so last; nil before the first.
    public internal(set) var identity: RecordIdentity?
    /// When the venue says it became so, in microseconds since the Unix epoch; ``EventTime/none``.
    public internal(set) var exchangeMicroseconds = EventTime.none
    /// When the feed read it, but not later than when it came here, in microseconds since the Unix epoch.
    public internal(set) var receivedMicroseconds = Int64.min
    var clock = ArrivalClock()

    /// How old the book is, in microseconds; never negative.
    public func age(at now: Int64) -> Int64 {
        let (age, overflow) = now.subtractingReportingOverflow(receivedMicroseconds)
        return overflow ? .max : max(age, 0)
    }

    /// How much later the feed read it than the venue says it became so, in microseconds; nil where it says nothing.
    public var skew: Int64? {
        guard exchangeMicroseconds != EventTime.none else { return nil }
        let (skew, overflow) = receivedMicroseconds.subtractingReportingOverflow(exchangeMicroseconds)
        return overflow ? nil : skew
    }
}

/// What one `md.book` record, or one `md.bbo` record taken for a book of one level, says about a leg.
public struct DepthUpdate: Sendable {
    /// What the record is.
    public enum Kind: Sendable {
        /// All levels.
        case snapshot
        /// Changes to what the record before left.
        case delta
        /// The book no longer holds.
        case invalid
    }

    /// What the record is.
    public var kind: Kind
    /// Which record it is.
    public var identity: RecordIdentity
    /// Unit: microseconds since the Unix epoch; ``EventTime/none``.
    public var exchangeMicroseconds = EventTime.none
    /// Unit: microseconds since the Unix epoch.
    public var receivedMicroseconds: Int64
    /// The bids; in a change size 0 removes.
    public var bids: [PriceLevel] = []
    /// The asks; in a change size 0 removes.
    public var asks: [PriceLevel] = []
    /// The lowest proven bid; nil: all.
    public var horizonBid: ScaledDecimal?
    /// The highest proven ask; nil: all.
    public var horizonAsk: ScaledDecimal?

    /// Makes an update without levels.
    public init(kind: Kind, identity: RecordIdentity, receivedMicroseconds: Int64) {
        self.kind = kind
        self.identity = identity
        self.receivedMicroseconds = receivedMicroseconds
    }
}

/// An instrument's best prices, and whether they count.
public struct DepthTop: Hashable, Sendable {
    /// The highest bid; nil where nobody bids.
    public var bid: ScaledDecimal?
    /// The lowest ask; nil where nobody asks.
    public var ask: ScaledDecimal?
    /// Whether the leg counts.
    public var health: LegHealth
}

/// What a record did to a ``DepthTable``.
public enum DepthOutcome: Hashable, Sendable {
    /// The leg is another.
    case changed
    /// The record does not follow the one before, or makes no sense: the leg waits for a snapshot.
    case broken
    /// The record is older than what the leg already knows.
    case ignored(IgnoreReason)
}
