// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Wire

/// When events happened for us, and where they came from.
struct EventTimes {
    /// The epoch of streams that begin with them.
    var epoch: Int64
    /// When their frame or answer was read.
    var received: Int64
    /// Now.
    var published: Int64
    /// Where they came from.
    var origin: EventOrigin
}

extension StreamPipeline {
    /// Publishes everything but trades, quotes and books; books are published by their keeper.
    func publishMore(_ batch: borrowing EventBatch, _ times: EventTimes) {
        for index in batch.references.indices { references.note(batch.references[index]) }
        for index in batch.candles.indices { publish(batch.candles[index], times) }
        for index in batch.tickers.indices {
            let ticker = batch.tickers[index]
            publish(ticker.instrument, .ticker, ticker.exchangeMicroseconds, times) {
                $0.encode(ticker, $1, $2)
            }
        }
        for index in batch.fundings.indices {
            let funding = references.completed(batch.fundings[index])
            publish(funding.instrument, .funding, funding.exchangeMicroseconds, times) {
                $0.encode(funding, $1, $2)
            }
        }
        for index in batch.openInterests.indices {
            let interest = batch.openInterests[index]
            publish(interest.instrument, .openInterest, interest.exchangeMicroseconds, times) {
                $0.encode(interest, $1, $2)
            }
        }
        for index in batch.liquidations.indices {
            let liquidation = batch.liquidations[index]
            publish(liquidation.instrument, .liquidation, liquidation.exchangeMicroseconds, times) {
                $0.encode(liquidation, $1, $2)
            }
        }
    }

    /// Publishes a record of a book.
    ///
    /// - Parameters:
    ///   - head: everything but the levels.
    ///   - bids: best first.
    ///   - asks: best first.
    ///   - instrument: whose book.
    ///   - epoch: the stream's epoch, if it begins with this record. Unit: microseconds since the Unix epoch.
    ///   - received: when the frame was read. Unit: microseconds since the Unix epoch.
    ///   - published: now. Unit: microseconds since the Unix epoch.
    public func publishBook(
        _ head: BookHead,
        bids: UnsafeBufferPointer<PriceLevel>,
        asks: UnsafeBufferPointer<PriceLevel>,
        of instrument: InstrumentID,
        epoch: Int64,
        received: Int64,
        published: Int64
    ) {
        let times = EventTimes(epoch: epoch, received: received, published: published, origin: .socket)
        publish(instrument, .book, head.exchangeMicroseconds, times) {
            $0.encode(head, bids: bids, asks: asks, $1, $2)
        }
    }

    private func publish(_ candle: Candle, _ times: EventTimes) {
        let slot = slot(candle.instrument, .candle)
        slot.lastReceivedMicroseconds = times.received
        guard let ledger = slot.candles else { return }
        let isFetched = times.origin == .rest && candle.isClosed == true
        for note in isFetched ? ledger.takeFetched(candle) : ledger.take(candle) {
            publish(candle.instrument, .candle, note.candle.exchangeMicroseconds, times) {
                $0.encode(
                    note.candle,
                    isClosed: note.isClosed,
                    revision: note.revision,
                    origin: times.origin,
                    $1,
                    $2
                )
            }
        }
    }

    @inline(__always)
    private func publish(
        _ instrument: InstrumentID,
        _ channel: Channel,
        _ exchange: Int64,
        _ times: EventTimes,
        _ encode: (inout StreamEncoder, StreamLabel, RecordStamp) -> UnsafeRawBufferPointer
    ) {
        let slot = slot(instrument, channel)
        if !slot.isOpen { begin(slot, times.epoch) }
        slot.lastReceivedMicroseconds = times.received
        let stamp = next(slot, times.received, times.published)
        let value = encode(&encoder, slot.label, stamp)
        send(slot, stamp, value, exchange: exchange)
    }
}

/// The last mark and index prices that came by themselves (EVENTS ruling 26).
struct ReferencePrices {
    private var marks: [InstrumentID: ScaledDecimal] = [:]
    private var indexes: [ShortText: ScaledDecimal] = [:]

    mutating func note(_ reference: ReferencePrice) {
        switch reference {
        case .mark(let instrument, let price): marks[instrument] = price
        case .index(let name, let price): indexes[name] = price
        }
    }

    /// The funding with what it does not give itself.
    func completed(_ funding: Funding) -> Funding {
        var funding = funding
        if funding.mark == nil { funding.mark = marks[funding.instrument] }
        if funding.index == nil, let name = funding.indexName { funding.index = indexes[name] }
        return funding
    }
}
