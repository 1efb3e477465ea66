// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import OrderBooks

/// Says which events of two connections are published that carry the same streams.
///
/// - Trades: in the order of their ids; what the old connection still tells after the stream has moved is published
///   where it was not (``PublishedTrades``).
/// - Quotes, tickers, funding, open interest, liquidations, candles: ``StreamBridge``.
/// - Books: the machine goes on. Where the venue numbers its increments the stream moves at one that follows what the
///   book is at, or is what it is at; where it does not (Coinbase), at the successor's snapshot.
/// - What funding is completed with comes from the old connection until the end.
///
/// - Thread: that of the feed. Allocates: for every frame.
final class HandOverGate {
    /// A stream as events name it.
    struct Key: Hashable {
        var instrument: InstrumentID
        var channel: Channel
        var interval: CandleInterval?
    }

    private let pipeline: StreamPipeline
    private let standing: (BookUpdate) -> BookStanding
    private var bridges: [Key: StreamBridge] = [:]
    private var passed = EventBatch()

    /// Makes a gate before records of a pipeline; `standing` says how a push stands to the book that is published.
    init(_ pipeline: StreamPipeline, standing: @escaping (BookUpdate) -> BookStanding) {
        self.pipeline = pipeline
        self.standing = standing
    }

    /// A stream's bridge.
    func bridge(_ key: Key) -> StreamBridge {
        if let known = bridges[key] { return known }
        let made = StreamBridge(last: lastPublished(key))
        bridges[key] = made
        return made
    }

    /// Changes a stream's bridge.
    @discardableResult
    func change<Result>(_ key: Key, _ body: (inout StreamBridge) -> Result) -> Result {
        var bridge = bridge(key)
        let result = body(&bridge)
        bridges[key] = bridge
        return result
    }

    /// All streams are the old connection's again.
    func takeBack() {
        for key in bridges.keys { change(key) { $0.move(to: .old) } }
        restart()
    }

    /// The new connection begins anew.
    func restart() {
        for key in bridges.keys { change(key) { $0.restart() } }
    }

    /// What was published last of a stream before the hand-over.
    private func lastPublished(_ key: Key) -> EventOrder? {
        let slot = pipeline.slot(key.instrument, key.channel)
        guard slot.isOpen, key.channel != .book else { return nil }
        if key.channel == .trade, let id = slot.trades.highest {
            return EventOrder(major: Int64(clamping: id), isUnique: true)
        }
        if let interval = key.interval {
            return slot.candles?.newest(interval).map(Self.order)
        }
        if key.channel == .bbo, slot.lastVenueSequence != VenueSequence.none {
            return EventOrder(major: slot.lastVenueSequence, isUnique: true)
        }
        return Self.order(slot.lastExchangeMicroseconds)
    }

    static func order(_ candle: Candle) -> EventOrder {
        EventOrder(major: candle.openMicroseconds, minor: candle.volume)
    }

    static func order(_ exchangeMicroseconds: Int64) -> EventOrder? {
        exchangeMicroseconds == EventTime.none ? nil : EventOrder(major: exchangeMicroseconds)
    }
}

// MARK: Which events are published

extension HandOverGate {
    /// The events of a frame that are to be published.
    func admitted(
        _ batch: borrowing EventBatch,
        from side: HandOverSide,
        _ now: MonotonicNanos
    ) -> EventBatch {
        passed.removeAll()
        passed.bookChannel = batch.bookChannel
        for index in batch.trades.indices {
            let trade = batch.trades[index]
            if admits(trade, side, now) { passed.append(trade) }
        }
        for index in batch.quotes.indices {
            let quote = batch.quotes[index]
            let order =
                quote.venueSequence == VenueSequence.none
                ? Self.order(quote.exchangeMicroseconds)
                : EventOrder(major: quote.venueSequence, isUnique: true)
            if admits(quote.instrument, .bbo, order, side, now) { passed.append(quote) }
        }
        if batch.hasMore { admitMore(batch, side, now) }
        return passed
    }

    private func admits(_ trade: Trade, _ side: HandOverSide, _ now: MonotonicNanos) -> Bool {
        guard let id = trade.id.number else {
            return admits(trade.instrument, .trade, Self.order(trade.exchangeMicroseconds), side, now)
        }
        let order = EventOrder(major: Int64(clamping: id), isUnique: true)
        let isAdmitted = admits(trade.instrument, .trade, order, side, now)
        // The pipeline knows what was published.
        return isAdmitted || side == .old
    }

    private func admits(
        _ instrument: InstrumentID,
        _ channel: Channel,
        _ order: EventOrder?,
        _ side: HandOverSide,
        _ now: MonotonicNanos
    ) -> Bool {
        change(Key(instrument: instrument, channel: channel)) { $0.admits(order, from: side, now) }
    }

    private func admitMore(_ batch: borrowing EventBatch, _ side: HandOverSide, _ now: MonotonicNanos) {
        for index in batch.books.indices {
            let update = batch.books[index]
            if admits(update, side, now) { copy(update, batch) }
        }
        for index in batch.candles.indices {
            let candle = batch.candles[index]
            let key = Key(instrument: candle.instrument, channel: .candle, interval: candle.interval)
            if change(key, { $0.admits(Self.order(candle), from: side, now) }) { passed.append(candle) }
        }
        for index in batch.tickers.indices {
            let ticker = batch.tickers[index]
            let order = Self.order(ticker.exchangeMicroseconds)
            if admits(ticker.instrument, .ticker, order, side, now) { passed.append(ticker) }
        }
        for index in batch.fundings.indices {
            let funding = batch.fundings[index]
            let order = Self.order(funding.exchangeMicroseconds)
            if admits(funding.instrument, .funding, order, side, now) { passed.append(funding) }
        }
        for index in batch.openInterests.indices {
            let interest = batch.openInterests[index]
            let order = Self.order(interest.exchangeMicroseconds)
            if admits(interest.instrument, .openInterest, order, side, now) { passed.append(interest) }
        }
        for index in batch.liquidations.indices {
            let liquidation = batch.liquidations[index]
            let order = Self.order(liquidation.exchangeMicroseconds)
            if admits(liquidation.instrument, .liquidation, order, side, now) { passed.append(liquidation) }
        }
        guard side == .old else { return }
        for index in batch.references.indices { passed.append(batch.references[index]) }
    }

    private func copy(_ update: BookUpdate, _ batch: borrowing EventBatch) {
        var update = update
        let start = passed.levels.count
        for index in update.bids { passed.append(batch.levels[index]) }
        let middle = passed.levels.count
        for index in update.asks { passed.append(batch.levels[index]) }
        update.bids = start..<middle
        update.asks = middle..<passed.levels.count
        passed.append(update)
    }

    /// A book moves where its numbers meet, or at a snapshot where there are none.
    private func admits(_ update: BookUpdate, _ side: HandOverSide, _ now: MonotonicNanos) -> Bool {
        let key = Key(instrument: update.instrument, channel: .book)
        let push = BookPush(
            number: update.lastSequence,
            isDelta: update.kind == .delta,
            standing: standing(update)
        )
        return change(key) { $0.admits(push, from: side, now) }
    }
}
