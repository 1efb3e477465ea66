// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

/// A symbol's dense number in one ``QuoteTable``.
public struct SymbolID: Hashable, Sendable {
    /// The number, from 0.
    public let index: UInt32

    /// Makes an identifier from a number that a table gave out.
    public init(index: UInt32) { self.index = index }
}

/// A venue's dense number in one ``QuoteTable``.
public struct VenueIndex: Hashable, Sendable {
    /// The number, from 0.
    public let index: UInt16

    /// Makes an identifier from a number that a table gave out.
    public init(index: UInt16) { self.index = index }
}

/// Which record it was: a feed's instance, its epoch and the number in it.
public struct RecordIdentity: Hashable, Sendable {
    /// The number of the feed's instance name in its ``QuoteTable``.
    public var feed: UInt32
    /// When that incarnation of the stream began, in microseconds since the Unix epoch.
    public var epoch: Int64
    /// The record's number in the epoch.
    public var seq: UInt64

    /// Makes an identity.
    public init(feed: UInt32, epoch: Int64, seq: UInt64) {
        self.feed = feed
        self.epoch = epoch
        self.seq = seq
    }
}

/// Whether a leg counts.
public enum LegHealth: UInt8, Sendable, CaseIterable {
    /// Its quote holds.
    case live
    /// Nothing newer came for longer than allowed.
    case stale
    /// Its feed said that the quote no longer holds.
    case invalid

    /// The name on the wire.
    public var name: String {
        switch self {
        case .live: "live"
        case .stale: "stale"
        case .invalid: "invalid"
        }
    }
}

/// One venue's best bid and ask of a symbol, and how far they can be trusted.
public struct Leg: Sendable {
    /// Whether it counts.
    public var health: LegHealth
    /// The best bid, also of a leg that no longer counts; nil where nobody bids.
    public var bid: PriceLevel?
    /// The best ask, also of a leg that no longer counts; nil where nobody asks.
    public var ask: PriceLevel?
    /// The record that said so last.
    public var identity: RecordIdentity
    /// When the venue says it became so, in microseconds since the Unix epoch; ``EventTime/none``.
    public var exchangeMicroseconds: Int64
    /// The number by which the venue orders the stream; ``VenueSequence/none``.
    public var venueSequence: Int64
    /// When the feed read it from its socket, but not later than when it came here, in microseconds since the epoch.
    public var receivedMicroseconds: Int64
    /// How often it is told.
    var clock = ArrivalClock()

    /// How much later the feed read it than the venue says it became so, in microseconds; nil where it says nothing.
    public var skewMicroseconds: Int64? {
        guard exchangeMicroseconds != EventTime.none else { return nil }
        let (skew, overflow) = receivedMicroseconds.subtractingReportingOverflow(exchangeMicroseconds)
        return overflow ? nil : skew
    }

    /// How old the quote is, in microseconds; never negative.
    public func age(at now: Int64) -> Int64 {
        let (age, overflow) = now.subtractingReportingOverflow(receivedMicroseconds)
        if overflow { return now > receivedMicroseconds ? .max : 0 }
        return max(age, 0)
    }
}

/// What one `md.bbo` record says about a leg.
public struct LegUpdate: Sendable {
    /// The symbol.
    public var symbol: SymbolID
    /// The venue.
    public var venue: VenueIndex
    /// Which record it is.
    public var identity: RecordIdentity
    /// Unit: microseconds since the Unix epoch; ``EventTime/none``.
    public var exchangeMicroseconds: Int64
    /// Unit: microseconds since the Unix epoch.
    public var receivedMicroseconds: Int64
    /// The number by which the venue orders the stream; ``VenueSequence/none``.
    public var venueSequence = VenueSequence.none
    /// False: the quote of the stream no longer holds.
    public var isLive: Bool
    /// The best bid.
    public var bid: PriceLevel?
    /// The best ask.
    public var ask: PriceLevel?

    /// Makes an update with a quote.
    public init(
        symbol: SymbolID,
        venue: VenueIndex,
        identity: RecordIdentity,
        exchangeMicroseconds: Int64,
        receivedMicroseconds: Int64,
        bid: PriceLevel?,
        ask: PriceLevel?
    ) {
        self.symbol = symbol
        self.venue = venue
        self.identity = identity
        self.exchangeMicroseconds = exchangeMicroseconds
        self.receivedMicroseconds = receivedMicroseconds
        isLive = true
        self.bid = bid
        self.ask = ask
    }

    /// Makes an update that invalidates the leg.
    public init(
        invalidating symbol: SymbolID,
        venue: VenueIndex,
        identity: RecordIdentity,
        receivedMicroseconds: Int64
    ) {
        self.symbol = symbol
        self.venue = venue
        self.identity = identity
        self.receivedMicroseconds = receivedMicroseconds
        exchangeMicroseconds = EventTime.none
        isLive = false
        bid = nil
        ask = nil
    }
}
