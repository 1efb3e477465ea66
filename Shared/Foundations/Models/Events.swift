// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint

/// Microseconds since the Unix epoch, UTC, or the word that there is no such time.
public enum EventTime {
    /// Stands for a time that the venue did not give; `null` on the wire.
    public static let none = Int64.min
}

/// A venue's sequence number, or the word that there is none.
public enum VenueSequence {
    /// Stands for a number that the venue did not give; `null` on the wire.
    public static let none = Int64.min
}

/// One trade.
public struct Trade: Sendable {
    /// The instrument.
    public var instrument: InstrumentID
    /// The taker's side.
    public var side: Side
    /// How many of the venue's ids it stands for, one after the other; its own is the last of them.
    public var matches: UInt16
    /// When the venue says it happened.
    ///
    /// - Unit: microseconds since the Unix epoch; ``EventTime/none``.
    public var exchangeMicroseconds: Int64
    /// The venue's id.
    public var id: ShortText
    /// The price in quote currency.
    public var price: ScaledDecimal
    /// The size: base currency, or contracts on inverse instruments.
    public var size: ScaledDecimal

    /// Makes a trade.
    public init(
        instrument: InstrumentID,
        side: Side,
        exchangeMicroseconds: Int64,
        id: ShortText,
        price: ScaledDecimal,
        size: ScaledDecimal,
        matches: UInt16 = 1
    ) {
        self.instrument = instrument
        self.side = side
        self.matches = matches
        self.exchangeMicroseconds = exchangeMicroseconds
        self.id = id
        self.price = price
        self.size = size
    }
}

/// One price and what is offered at it.
public struct PriceLevel: Hashable, Sendable {
    /// The price in quote currency.
    public var price: ScaledDecimal
    /// The size: base currency, or contracts on inverse instruments.
    public var size: ScaledDecimal

    /// Makes a level.
    public init(price: ScaledDecimal, size: ScaledDecimal) {
        self.price = price
        self.size = size
    }
}

/// A venue's best bid and ask; a side is nil where nobody bids or asks.
public struct BestQuote: Sendable {
    /// The instrument.
    public var instrument: InstrumentID
    /// When the venue says it became so.
    ///
    /// - Unit: microseconds since the Unix epoch; ``EventTime/none``.
    public var exchangeMicroseconds: Int64
    /// The number by which the venue orders this stream; ``VenueSequence/none``.
    public var venueSequence: Int64
    /// The best bid.
    public var bid: PriceLevel?
    /// The best ask.
    public var ask: PriceLevel?

    /// Makes a quote.
    public init(
        instrument: InstrumentID,
        exchangeMicroseconds: Int64,
        venueSequence: Int64,
        bid: PriceLevel?,
        ask: PriceLevel?
    ) {
        self.instrument = instrument
        self.exchangeMicroseconds = exchangeMicroseconds
        self.venueSequence = venueSequence
        self.bid = bid
        self.ask = ask
    }
}
