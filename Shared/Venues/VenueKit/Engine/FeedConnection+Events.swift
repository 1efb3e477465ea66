// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models

// MARK: From a frame to the pipeline

extension FeedConnection {
    /// Publishes what the decoder found in a frame, as far as it is wanted.
    func publish(_ received: Int64, _ now: MonotonicNanos) {
        var isWanted = true
        var exchange = EventTime.none
        for index in batch.trades.indices {
            exchange = batch.trades[index].exchangeMicroseconds
            if !isPublished(batch.trades[index].instrument, .trade, now) { isWanted = false }
        }
        for index in batch.quotes.indices {
            exchange = batch.quotes[index].exchangeMicroseconds
            if !isPublished(batch.quotes[index].instrument, .bbo, now) { isWanted = false }
        }
        if batch.hasMore, !areOthersPublished(now) { isWanted = false }
        if isWanted {
            pass(batch, received, now)
        } else {
            keepWanted(now)
            guard wanted.count > 0 else { return }
            pass(wanted, received, now)
        }
        if exchange != EventTime.none { engine.metrics.venueLatency.observe(received &- exchange) }
    }

    @inline(__always)
    private func pass(_ events: borrowing EventBatch, _ received: Int64, _ now: MonotonicNanos) {
        if let handOver {
            let admitted = handOver.gate.admitted(events, from: handOver.side(of: self), now)
            engine.publish(admitted, received: received)
        } else {
            engine.publish(events, received: received)
        }
    }

    /// Leaves out what is not wanted: a push may be about all instruments of a kind (OKX's liquidations).
    private func keepWanted(_ now: MonotonicNanos) {
        wanted.removeAll()
        for trade in batch.trades where isPublished(trade.instrument, .trade, now) { wanted.append(trade) }
        for quote in batch.quotes where isPublished(quote.instrument, .bbo, now) { wanted.append(quote) }
        for level in batch.levels { wanted.append(level) }
        for book in batch.books where isBookWanted(book.instrument, now) { wanted.append(book) }
        for candle in batch.candles where isCandlePublished(candle, now) { wanted.append(candle) }
        for event in batch.tickers where isPublished(event.instrument, .ticker, now) { wanted.append(event) }
        for event in batch.fundings where isPublished(event.instrument, .funding, now) {
            wanted.append(event)
        }
        for event in batch.openInterests where isPublished(event.instrument, .openInterest, now) {
            wanted.append(event)
        }
        for event in batch.liquidations where isPublished(event.instrument, .liquidation, now) {
            wanted.append(event)
        }
        for reference in batch.references { wanted.append(reference) }
        strays &+= UInt64(truncatingIfNeeded: batch.count &- wanted.count)
    }

    /// Tells the session that a stream talked; false if it is none of this connection's.
    @inline(__always)
    private func isPublished(
        _ instrument: InstrumentID,
        _ channel: Channel,
        _ now: MonotonicNanos
    ) -> Bool {
        guard let place = places.place(instrument, channel) else { return false }
        return session.dataArrived(place, now, &actions)
    }

    /// The same for everything but trades and quotes.
    private func areOthersPublished(_ now: MonotonicNanos) -> Bool {
        var areWanted = true
        func hear(_ instrument: InstrumentID, _ channel: Channel) {
            if !isPublished(instrument, channel, now) { areWanted = false }
        }
        for index in batch.books.indices where !isBookWanted(batch.books[index].instrument, now) {
            areWanted = false
        }
        for index in batch.candles.indices where !isCandlePublished(batch.candles[index], now) {
            areWanted = false
        }
        for index in batch.tickers.indices { hear(batch.tickers[index].instrument, .ticker) }
        for index in batch.fundings.indices { hear(batch.fundings[index].instrument, .funding) }
        for index in batch.openInterests.indices {
            hear(batch.openInterests[index].instrument, .openInterest)
        }
        for index in batch.liquidations.indices { hear(batch.liquidations[index].instrument, .liquidation) }
        for index in batch.references.indices {
            if case .mark(let instrument, _) = batch.references[index],
                let place = places.place(ofReference: instrument)
            {
                _ = session.dataArrived(place, now, &actions)
            }
        }
        return areWanted
    }

    private func isCandlePublished(_ candle: borrowing Candle, _ now: MonotonicNanos) -> Bool {
        guard let place = places.place(of: candle) else { return false }
        return session.dataArrived(place, now, &actions)
    }

    /// A book may carry the quotes as well, or them alone.
    private func isBookWanted(_ instrument: InstrumentID, _ now: MonotonicNanos) -> Bool {
        let isBook = isPublished(instrument, .book, now)
        guard engine.books.makesQuotes(instrument) else { return isBook }
        return isPublished(instrument, .bbo, now) || isBook
    }
}
