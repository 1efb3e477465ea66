// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import OrderBooks
import Wire

/// A connection and its successor, while both are there: says which of their events are published.
///
/// - Trades: in the order of their ids; what the old connection still tells after the stream has moved is published
///   where it was not (``PublishedTrades``).
/// - Quotes, tickers, funding, open interest, liquidations, candles: ``StreamBridge``.
/// - Books: the machine goes on. Where the venue numbers its increments the stream moves at one that follows what the
///   book is at, or is what it is at; where it does not (Coinbase), at the successor's snapshot.
/// - What funding is completed with comes from the old connection until the end.
///
/// - Thread: that of the feed. Allocates: while it lasts, for every frame.
final class HandOver {
    /// A stream as events name it.
    struct Key: Hashable {
        var instrument: InstrumentID
        var channel: Channel
        var interval: CandleInterval?
    }

    let old: FeedConnection
    let new: FeedConnection
    /// Why.
    let reason: String
    /// When it began.
    let began: MonotonicNanos
    /// When the successor takes over whatever is ready; never while it is not open.
    var deadline = MonotonicNanos.never
    /// When readiness is looked at next.
    var lookAt = MonotonicNanos.never
    private unowned let engine: FeedEngine
    private var bridges: [Key: StreamBridge] = [:]
    private var passed = EventBatch()

    init(_ old: FeedConnection, _ new: FeedConnection, _ reason: String, engine: FeedEngine) {
        self.old = old
        self.new = new
        self.reason = reason
        self.engine = engine
        began = engine.clock.monotonic
    }

    /// The key of a stream; nil for one that brings no events of its own.
    func key(of stream: VenueStream) -> Key? {
        guard !stream.isReference else { return nil }
        var channel = stream.channel
        if channel == .bbo, engine.books.makesQuotes(stream.instrument) { channel = .book }
        return Key(instrument: stream.instrument, channel: channel, interval: stream.interval)
    }

    /// The connection whose events of a stream are published.
    func owner(of stream: VenueStream) -> FeedConnection {
        guard let key = key(of: stream) else { return old }
        return bridge(key).owner == .old ? old : new
    }

    func side(of connection: FeedConnection) -> HandOverSide { connection === new ? .new : .old }

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

    /// What was published last of a stream before the hand-over.
    private func lastPublished(_ key: Key) -> EventOrder? {
        let slot = engine.pipeline.slot(key.instrument, key.channel)
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

extension HandOver {
    /// The events of a frame that are to be published.
    func admitted(
        _ batch: borrowing EventBatch,
        from connection: FeedConnection,
        _ now: MonotonicNanos
    ) -> EventBatch {
        passed.removeAll()
        let side = side(of: connection)
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
        let standing = engine.books.standing(of: update)
        let push = BookPush(number: update.lastSequence, isDelta: update.kind == .delta, standing: standing)
        return change(key) { $0.admits(push, from: side, now) }
    }
}

// MARK: Whether all is ready

extension HandOver {
    /// Whether the successor can take over everything that is alive on the old connection.
    func isReady(_ now: MonotonicNanos) -> Bool {
        guard new.session.state == .open else { return false }
        lookAt = now.advanced(milliseconds: 50)
        for place in 0..<old.session.count where old.session.streamState(place) == .live {
            guard isReady(old.session.stream(place), now) else { return false }
        }
        return true
    }

    /// Whether one stream can go on with the successor alone.
    func isReady(_ stream: VenueStream, _ now: MonotonicNanos) -> Bool {
        guard new.session.state == .open, let place = new.session.place(of: stream) else { return false }
        switch new.session.streamState(place) {
        case .confirmed, .live: break
        case .waiting, .pending, .silent, .refused, .ended: return false
        }
        guard let key = key(of: stream) else { return true }
        if key.channel == .book {
            guard engine.books.isLive(key.instrument) else { return true }
            if engine.books.isSnapshotPushed(key.instrument) { return bridge(key).owner == .new }
        }
        let overlap = engine.settings.session.overlapMilliseconds
        return change(key) { $0.isReady(now, overlap: overlap) }
    }

    /// Whether the old connection could go on alone with a stream that the successor owns.
    private func canReturn(_ stream: VenueStream, _ key: Key) -> Bool {
        guard old.session.state == .open, let place = old.session.place(of: stream),
            old.session.streamState(place) == .live
        else { return false }
        if key.channel == .book { return engine.books.canReturn(key.instrument, to: bridge(key).said?.major) }
        return key.channel == .trade || bridge(key).isLevel
    }
}

// MARK: What ends

extension HandOver {
    /// One of the connections gave a stream up.
    func ended(_ stream: VenueStream, _ reason: InvalidReason, on connection: FeedConnection) {
        guard let key = key(of: stream), owner(of: stream) === connection else { return }
        let isOld = connection === old
        let now = engine.clock.monotonic
        if Self.isOfConnection(reason), isOld ? isReady(stream, now) : canReturn(stream, key) {
            return change(key) { $0.move(to: isOld ? .new : .old) }
        }
        engine.end(stream, reason)
        change(key) { $0.forget() }
        if !isOld {
            change(key) { $0.move(to: .old) }
            askAgain(stream, key, on: old, now)
        }
    }

    /// Whether the stream itself did nothing wrong.
    private static func isOfConnection(_ reason: InvalidReason) -> Bool {
        switch reason {
        case .shutdown, .unsubscribed: false
        default: true
        }
    }

    /// The successor's connection ended: it has to begin anew.
    func newWasLost() {
        deadline = .never
        for key in bridges.keys { change(key) { $0.restart() } }
    }

    /// Gives all that is left to the successor.
    ///
    /// - Returns: the streams that could not be carried over, of those that were alive.
    func moveAll(_ now: MonotonicNanos) -> [VenueStream] {
        var lost: [VenueStream] = []
        for place in 0..<old.session.count where old.session.streamState(place) != .ended {
            let stream = old.session.stream(place)
            guard let key = key(of: stream) else { continue }
            let isLive = old.session.streamState(place) == .live && bridge(key).owner == .old
            if isLive, !isReady(stream, now) {
                lost.append(stream)
                engine.end(stream, .connectionLost)
                change(key) { $0.forget() }
            }
            change(key) { $0.move(to: .new) }
            askAgain(stream, key, on: new, now)
        }
        return lost
    }

    /// Asks anew for a book whose snapshot was pushed and not taken.
    private func askAgain(
        _ stream: VenueStream,
        _ key: Key,
        on connection: FeedConnection,
        _ now: MonotonicNanos
    ) {
        guard key.channel == .book, engine.books.isSnapshotPushed(key.instrument),
            !engine.books.isLive(key.instrument), connection === old || bridge(key).hasSpoken
        else { return }
        _ = connection.resubscribe(stream, now)
    }

    /// Whether a stream went on without a loss.
    func isCarried(_ stream: VenueStream) -> Bool {
        key(of: stream).map { bridge($0).isCarried } ?? true
    }
}
