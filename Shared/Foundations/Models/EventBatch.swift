// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint

/// The events of one frame, each kind oldest first, in memory that is used again for the next.
///
/// A kind has an array of its own: no event is wrapped in an enumeration and copied out again. Trades and quotes come
/// by the thousand a second, so they are looked at first, and the others only where ``hasMore`` says that there are any.
///
/// - Thread: that of the feed. Allocates: only when a frame holds more events than all before.
public struct EventBatch {
    /// The trades.
    public private(set) var trades: ContiguousArray<Trade> = []
    /// The best bids and asks.
    public private(set) var quotes: ContiguousArray<BestQuote> = []
    /// Whether there is anything but trades and quotes.
    public private(set) var hasMore = false
    /// What happened to order books.
    public private(set) var books: ContiguousArray<BookUpdate> = []
    /// The levels that ``books`` refer to.
    public private(set) var levels: ContiguousArray<PriceLevel> = []
    /// The instrument whose book the frame is about, set by the decoder before it reads levels: where the frame can't be
    /// read to its end, that book no longer holds.
    public var bookAtRisk: InstrumentID?
    /// Which of the venue's full-depth channels the frame is of, in the decoder's own count from 0 (at most 7), set with
    /// ``bookAtRisk``: a recording may hold several of one instrument, and each is a book of its own.
    public var bookChannel: UInt8 = 0
    /// The candles.
    public private(set) var candles: ContiguousArray<Candle> = []
    /// The figures of the last 24 hours.
    public private(set) var tickers: ContiguousArray<Ticker> = []
    /// The funding rates.
    public private(set) var fundings: ContiguousArray<Funding> = []
    /// Mark and index prices that came by themselves; they are published with the next funding.
    public private(set) var references: ContiguousArray<ReferencePrice> = []
    /// The open interests.
    public private(set) var openInterests: ContiguousArray<OpenInterest> = []
    /// The liquidations.
    public private(set) var liquidations: ContiguousArray<Liquidation> = []

    /// An empty batch.
    public init() {
        trades.reserveCapacity(64)
        quotes.reserveCapacity(64)
    }

    /// How many events it holds; prices for reference are none.
    public var count: Int {
        let common = trades.count &+ quotes.count
        guard hasMore else { return common }
        return common &+ books.count &+ candles.count &+ tickers.count &+ fundings.count
            &+ openInterests.count &+ liquidations.count
    }

    /// Adds a trade behind the others.
    @inline(__always)
    public mutating func append(_ trade: Trade) {
        trades.append(trade)
    }

    /// Adds a quote behind the others.
    @inline(__always)
    public mutating func append(_ quote: BestQuote) {
        quotes.append(quote)
    }

    /// Adds a level; the book update that it belongs to is appended behind its levels.
    @inline(__always)
    public mutating func append(_ level: PriceLevel) {
        levels.append(level)
    }

    /// Adds a book update whose ranges refer to levels that are there.
    public mutating func append(_ update: BookUpdate) {
        hasMore = true
        books.append(update)
    }

    /// Adds a candle.
    public mutating func append(_ candle: Candle) {
        hasMore = true
        candles.append(candle)
    }

    /// Adds a ticker.
    public mutating func append(_ ticker: Ticker) {
        hasMore = true
        tickers.append(ticker)
    }

    /// Adds a funding rate.
    public mutating func append(_ funding: Funding) {
        hasMore = true
        fundings.append(funding)
    }

    /// Adds a mark or index price.
    public mutating func append(_ reference: ReferencePrice) {
        hasMore = true
        references.append(reference)
    }

    /// Adds an open interest.
    public mutating func append(_ interest: OpenInterest) {
        hasMore = true
        openInterests.append(interest)
    }

    /// Adds a liquidation.
    public mutating func append(_ liquidation: Liquidation) {
        hasMore = true
        liquidations.append(liquidation)
    }

    /// Forgets the events and keeps their memory.
    public mutating func removeAll() {
        if !trades.isEmpty { trades.removeAll(keepingCapacity: true) }
        if !quotes.isEmpty { quotes.removeAll(keepingCapacity: true) }
        if !levels.isEmpty { levels.removeAll(keepingCapacity: true) }
        bookAtRisk = nil
        bookChannel = 0
        if hasMore { removeMore() }
    }

    /// Turns the order of what was appended since the batch held so many trades: for venues that send newest first.
    public mutating func reverseTrades(from start: Int) {
        // By pairs: a slice would share the memory, and so copy it.
        var (first, last) = (max(start, 0), trades.count - 1)
        while first < last {
            let trade = trades[first]
            trades[first] = trades[last]
            trades[last] = trade
            first += 1
            last -= 1
        }
    }

    private mutating func removeMore() {
        hasMore = false
        books.removeAll(keepingCapacity: true)
        candles.removeAll(keepingCapacity: true)
        tickers.removeAll(keepingCapacity: true)
        fundings.removeAll(keepingCapacity: true)
        references.removeAll(keepingCapacity: true)
        openInterests.removeAll(keepingCapacity: true)
        liquidations.removeAll(keepingCapacity: true)
    }
}
