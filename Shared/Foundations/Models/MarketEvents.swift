// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint

/// A candle as a frame shows it.
public struct Candle: Sendable {
    /// The instrument.
    public var instrument: InstrumentID
    /// Its length.
    public var interval: CandleInterval
    /// When the venue says it became so.
    ///
    /// - Unit: microseconds since the Unix epoch; ``EventTime/none``.
    public var exchangeMicroseconds: Int64
    /// When it begins.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var openMicroseconds: Int64
    /// The first price.
    public var open: ScaledDecimal
    /// The highest price.
    public var high: ScaledDecimal
    /// The lowest price.
    public var low: ScaledDecimal
    /// The last price.
    public var close: ScaledDecimal
    /// What was traded: base currency, or contracts on inverse instruments.
    public var volume: ScaledDecimal
    /// What was paid for it, in quote currency; nil where the venue does not say.
    public var quoteVolume: ScaledDecimal?
    /// How many trades; nil where the venue does not say.
    public var trades: Int64?
    /// Whether it is over; nil on venues that never say so.
    public var isClosed: Bool?

    /// Makes the event.
    public init(
        instrument: InstrumentID,
        interval: CandleInterval,
        exchangeMicroseconds: Int64,
        openMicroseconds: Int64,
        open: ScaledDecimal,
        high: ScaledDecimal,
        low: ScaledDecimal,
        close: ScaledDecimal,
        volume: ScaledDecimal,
        quoteVolume: ScaledDecimal?,
        trades: Int64?,
        isClosed: Bool?
    ) {
        self.instrument = instrument
        self.interval = interval
        self.exchangeMicroseconds = exchangeMicroseconds
        self.openMicroseconds = openMicroseconds
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self.quoteVolume = quoteVolume
        self.trades = trades
        self.isClosed = isClosed
    }
}

/// The figures of the last 24 hours; nil where the venue does not give one.
public struct Ticker: Sendable {
    /// The instrument.
    public var instrument: InstrumentID
    /// When the venue says it became so.
    ///
    /// - Unit: microseconds since the Unix epoch; ``EventTime/none``.
    public var exchangeMicroseconds: Int64
    /// The number by which the venue orders this stream; ``VenueSequence/none``.
    public var venueSequence: Int64
    /// The last price.
    public var last: ScaledDecimal?
    /// The price 24 hours ago.
    public var open: ScaledDecimal?
    /// The highest price.
    public var high: ScaledDecimal?
    /// The lowest price.
    public var low: ScaledDecimal?
    /// What was traded: base currency, or contracts on inverse instruments.
    public var volume: ScaledDecimal?
    /// What was paid for it, in quote currency.
    public var quoteVolume: ScaledDecimal?

    /// Makes the event.
    public init(
        instrument: InstrumentID,
        exchangeMicroseconds: Int64,
        venueSequence: Int64 = VenueSequence.none,
        last: ScaledDecimal?,
        open: ScaledDecimal?,
        high: ScaledDecimal?,
        low: ScaledDecimal?,
        volume: ScaledDecimal?,
        quoteVolume: ScaledDecimal?
    ) {
        self.instrument = instrument
        self.exchangeMicroseconds = exchangeMicroseconds
        self.venueSequence = venueSequence
        self.last = last
        self.open = open
        self.high = high
        self.low = low
        self.volume = volume
        self.quoteVolume = quoteVolume
    }
}

/// The funding of a perpetual contract.
public struct Funding: Sendable {
    /// The instrument.
    public var instrument: InstrumentID
    /// When the venue says it became so.
    ///
    /// - Unit: microseconds since the Unix epoch; ``EventTime/none``.
    public var exchangeMicroseconds: Int64
    /// The rate that is charged next, as a fraction; nil where the contract has none.
    public var rate: ScaledDecimal?
    /// When it is charged.
    ///
    /// - Unit: microseconds since the Unix epoch; ``EventTime/none``.
    public var nextMicroseconds: Int64
    /// From one charge to the next.
    ///
    /// - Unit: microseconds; ``EventTime/none`` where the venue does not say.
    public var intervalMicroseconds: Int64
    /// The mark price; nil: the last one seen by itself.
    public var mark: ScaledDecimal?
    /// The index price; nil: the last one seen by itself.
    public var index: ScaledDecimal?
    /// The name under which the venue sends the index; nil where ``index`` is given or there is none.
    public var indexName: ShortText?

    /// Makes the event.
    public init(
        instrument: InstrumentID,
        exchangeMicroseconds: Int64,
        rate: ScaledDecimal?,
        nextMicroseconds: Int64,
        intervalMicroseconds: Int64,
        mark: ScaledDecimal?,
        index: ScaledDecimal?,
        indexName: ShortText? = nil
    ) {
        self.instrument = instrument
        self.exchangeMicroseconds = exchangeMicroseconds
        self.rate = rate
        self.nextMicroseconds = nextMicroseconds
        self.intervalMicroseconds = intervalMicroseconds
        self.mark = mark
        self.index = index
        self.indexName = indexName
    }
}

/// A mark or index price that comes on a channel of its own.
public enum ReferencePrice: Sendable {
    /// The mark price of an instrument.
    case mark(InstrumentID, ScaledDecimal)
    /// The price of the index with this name.
    case index(ShortText, ScaledDecimal)
}

/// How much of a contract is open.
public struct OpenInterest: Sendable {
    /// The instrument.
    public var instrument: InstrumentID
    /// When the venue says it became so.
    ///
    /// - Unit: microseconds since the Unix epoch; ``EventTime/none``.
    public var exchangeMicroseconds: Int64
    /// In contracts; nil where the venue does not say.
    public var contracts: ScaledDecimal?
    /// In base currency.
    public var base: ScaledDecimal?
    /// In quote currency.
    public var quote: ScaledDecimal?

    /// Makes the event.
    public init(
        instrument: InstrumentID,
        exchangeMicroseconds: Int64,
        contracts: ScaledDecimal?,
        base: ScaledDecimal?,
        quote: ScaledDecimal?
    ) {
        self.instrument = instrument
        self.exchangeMicroseconds = exchangeMicroseconds
        self.contracts = contracts
        self.base = base
        self.quote = quote
    }
}

/// An order by which the venue closes a position.
public struct Liquidation: Sendable {
    /// The instrument.
    public var instrument: InstrumentID
    /// When the venue says it became so.
    ///
    /// - Unit: microseconds since the Unix epoch; ``EventTime/none``.
    public var exchangeMicroseconds: Int64
    /// The side of that order.
    public var side: Side
    /// Its price, in quote currency.
    public var price: ScaledDecimal
    /// Its size: base currency, or contracts on inverse instruments.
    public var size: ScaledDecimal

    /// Makes the event.
    public init(
        instrument: InstrumentID,
        exchangeMicroseconds: Int64,
        side: Side,
        price: ScaledDecimal,
        size: ScaledDecimal
    ) {
        self.instrument = instrument
        self.exchangeMicroseconds = exchangeMicroseconds
        self.side = side
        self.price = price
        self.size = size
    }
}
