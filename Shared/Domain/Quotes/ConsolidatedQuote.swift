// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

/// One side's best level over all venues whose leg is live.
public struct BestSide: Hashable, Sendable {
    /// The venue that has it.
    public var venue: VenueIndex
    /// Its price and size.
    public var level: PriceLevel
    /// Through which of ``QuoteTable/conversions`` it is told in this currency; nil: it is the venue's own.
    public var conversion: Int?

    /// Makes a side.
    public init(venue: VenueIndex, level: PriceLevel, conversion: Int? = nil) {
        self.venue = venue
        self.level = level
        self.conversion = conversion
    }
}

/// The best bid and ask of a symbol over all venues whose leg is live.
public struct ConsolidatedQuote: Hashable, Sendable {
    /// The highest bid; of equal prices one that is not converted, then the larger size, then the venue whose name comes
    /// first.
    public var bid: BestSide?
    /// The lowest ask, of equal prices by the same order.
    public var ask: BestSide?
    /// How many legs are live, converted ones included.
    public var liveLegs: Int

    /// A quote of nobody.
    public static let none = ConsolidatedQuote(bid: nil, ask: nil, liveLegs: 0)

    /// Makes a quote.
    public init(bid: BestSide?, ask: BestSide?, liveLegs: Int) {
        self.bid = bid
        self.ask = ask
        self.liveLegs = liveLegs
    }

    /// Whether somebody bids more than somebody asks.
    public var isCrossed: Bool {
        guard let bid, let ask else { return false }
        return bid.level.price > ask.level.price
    }

    /// Whether the best bid equals the best ask.
    public var isLocked: Bool {
        guard let bid, let ask else { return false }
        return bid.level.price == ask.level.price
    }
}

/// What a record did to a ``QuoteTable``.
public enum UpdateOutcome: Hashable, Sendable {
    /// The best bid or ask, or a leg's health, is another.
    case changed
    /// The leg is another; the best bid and ask are what they were.
    case legChanged
    /// Only times and numbers moved.
    case refreshed
    /// The record is older than what the leg already knows.
    case ignored(IgnoreReason)
}

/// Why a record was not taken.
public enum IgnoreReason: UInt8, Sendable, CaseIterable {
    /// It belongs to an incarnation of the stream that a later one has replaced.
    case oldEpoch
    /// Its number is not above the last of its epoch: a repetition.
    case oldSequence
    /// A price or size is zero or negative.
    case absurd
    /// Its feed's clock is far ahead of this machine's: nobody knows how old it is.
    case clockAhead
    /// The symbol or venue is none of the table's.
    case unknown

    /// The name in metrics.
    public var name: String {
        switch self {
        case .oldEpoch: "old_epoch"
        case .oldSequence: "old_sequence"
        case .absurd: "absurd"
        case .clockAhead: "clock_ahead"
        case .unknown: "unknown"
        }
    }
}
