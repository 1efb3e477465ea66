// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Wire

/// Who wants to know when streams begin.
public protocol StreamPipelineDelegate: AnyObject {
    /// A stream published the first event of a new epoch.
    func streamDidBegin(_ slot: StreamSlot)
    /// A stream whose trades the venue numbers one by one left some out.
    func tradesAreMissing(_ slot: StreamSlot)
}

extension StreamPipelineDelegate {
    /// Nothing.
    public func tradesAreMissing(_ slot: StreamSlot) {}
}

/// Events to numbered records to the sink: the second half of the hot path, the same in a feed, a replay and
/// `normalize`.
///
/// - Thread: that of the feed. Allocates: never in steady state; a stream's first event and each new epoch do.
public final class StreamPipeline {
    /// The feed's instance name.
    public let feed: String
    /// Told when streams begin.
    public weak var delegate: (any StreamPipelineDelegate)?
    /// All streams that ever published, in the order of their first event.
    public private(set) var slots: ContiguousArray<StreamSlot> = []
    /// Records handed to the sink, since the process began.
    public private(set) var records: UInt64 = 0

    private let instruments: InstrumentTable
    private let sink: any RecordSink
    private let channelCount = Channel.allCases.count
    var encoder = StreamEncoder()
    var references = ReferencePrices()
    private var places: ContiguousArray<Int32> = []

    /// Makes a pipeline.
    ///
    /// - Parameters:
    ///   - feed: the instance name that every record carries.
    ///   - instruments: the table that events refer to.
    ///   - sink: where records go.
    public init(feed: String, instruments: InstrumentTable, sink: any RecordSink) {
        self.feed = feed
        self.instruments = instruments
        self.sink = sink
    }

    /// The stream of an instrument's channel, made when it is first asked for.
    public func slot(_ instrument: InstrumentID, _ channel: Channel) -> StreamSlot {
        let place = Int(instrument.index) &* channelCount &+ Int(channel.rawValue)
        if place < places.count, places[place] >= 0 { return slots[Int(places[place])] }
        return makeSlot(place, instrument, channel)
    }

    /// The stream of a loss report, with its epoch; nil for one that ended more than three epochs ago.
    public func stream(of id: StreamID) -> (slot: StreamSlot, isCurrent: Bool)? {
        let index = Int(id.index / StreamSlot.incarnations)
        guard index < slots.count else { return nil }
        return (slots[index], slots[index].label.id == id)
    }

    /// Publishes the events of one frame.
    ///
    /// - Parameters:
    ///   - batch: the events, oldest first.
    ///   - epoch: the epoch of streams that begin with this frame. Unit: microseconds since the Unix epoch.
    ///   - received: when the frame was read. Unit: microseconds since the Unix epoch.
    ///   - published: now. Unit: microseconds since the Unix epoch.
    public func publish(_ batch: borrowing EventBatch, epoch: Int64, received: Int64, published: Int64) {
        for index in batch.trades.indices {
            publish(batch.trades[index], epoch: epoch, received: received, published: published)
        }
        for index in batch.quotes.indices {
            publishQuote(batch.quotes[index], epoch: epoch, received: received, published: published)
        }
        if batch.hasMore {
            let times = EventTimes(epoch: epoch, received: received, published: published, origin: .socket)
            publishMore(batch, times)
        }
    }

    /// Publishes the events of a REST answer; trades and candles say that they came so.
    ///
    /// - Parameters:
    ///   - batch: the events, oldest first.
    ///   - received: when the answer was there. Unit: microseconds since the Unix epoch.
    ///   - published: now. Unit: microseconds since the Unix epoch.
    public func publishFetched(_ batch: borrowing EventBatch, received: Int64, published: Int64) {
        for index in batch.trades.indices {
            publish(
                batch.trades[index],
                epoch: received,
                received: received,
                published: published,
                origin: .rest
            )
        }
        if batch.hasMore {
            let times = EventTimes(epoch: received, received: received, published: published, origin: .rest)
            publishMore(batch, times)
        }
    }

    private func publish(
        _ trade: borrowing Trade,
        epoch: Int64,
        received: Int64,
        published: Int64,
        origin: EventOrigin = .socket
    ) {
        let slot = slot(trade.instrument, .trade)
        if !slot.isOpen { begin(slot, epoch) }
        slot.lastReceivedMicroseconds = received
        if let number = trade.id.number {
            guard slot.trades.insert(number, standingFor: UInt64(trade.matches)) else {
                slot.duplicates &+= 1
                return
            }
            if slot.trades.hasNewHole {
                slot.trades.hasNewHole = false
                delegate?.tradesAreMissing(slot)
            }
        }
        let stamp = next(slot, received, published)
        let value = encoder.encode(trade, slot.label, stamp, origin: origin)
        send(slot, stamp, value, exchange: trade.exchangeMicroseconds)
    }

    /// Publishes a best bid and ask.
    func publishQuote(_ quote: borrowing BestQuote, epoch: Int64, received: Int64, published: Int64) {
        let slot = slot(quote.instrument, .bbo)
        if !slot.isOpen { begin(slot, epoch) }
        slot.lastReceivedMicroseconds = received
        if quote.venueSequence < slot.lastVenueSequence, quote.venueSequence != VenueSequence.none {
            slot.regressions &+= 1
        }
        slot.lastVenueSequence = quote.venueSequence
        let stamp = next(slot, received, published)
        let value = encoder.encode(quote, slot.label, stamp)
        send(slot, stamp, value, exchange: quote.exchangeMicroseconds)
    }

    /// Says that a quote does not hold any more while its stream goes on.
    ///
    /// It has no `exchange_us`, whatever the reason: the venue's engine stated no such quote. Where it is the top of a
    /// book, the frame that broke it gives its time to the book's own invalid record (EVENTS 1).
    func publishInvalidQuote(
        _ instrument: InstrumentID,
        _ reason: InvalidReason,
        received: Int64,
        published: Int64
    ) {
        let slot = slot(instrument, .bbo)
        guard slot.isOpen else { return }
        let stamp = next(slot, received, published)
        send(slot, stamp, encoder.encodeInvalid(reason, slot.label, stamp), exchange: EventTime.none)
    }

    /// Ends a stream's epoch.
    ///
    /// For a quote stream that was live, one invalid record is published first. A book's own invalid record is its
    /// keeper's.
    ///
    /// - Parameters:
    ///   - slot: the stream.
    ///   - reason: why, for the invalid record.
    ///   - now: Unit: microseconds since the Unix epoch.
    public func end(_ slot: StreamSlot, _ reason: InvalidReason, now: Int64) {
        guard slot.isOpen else { return }
        if slot.channel == .bbo {
            let stamp = next(slot, now, now)
            let value = encoder.encodeInvalid(reason, slot.label, stamp)
            send(slot, stamp, value, exchange: EventTime.none)
        }
        slot.isOpen = false
    }

    /// Ends a stream's epoch without a word: a recording shows that a connection began anew, not when the old one died.
    public func abandon(_ slot: StreamSlot) {
        slot.isOpen = false
    }

    func begin(_ slot: StreamSlot, _ epoch: Int64) {
        slot.open(epoch: epoch)
        delegate?.streamDidBegin(slot)
    }

    func next(_ slot: StreamSlot, _ received: Int64, _ published: Int64) -> RecordStamp {
        slot.lastSeq &+= 1
        return RecordStamp(
            seq: slot.lastSeq,
            receivedMicroseconds: received,
            publishedMicroseconds: published
        )
    }

    func send(
        _ slot: StreamSlot,
        _ stamp: RecordStamp,
        _ value: UnsafeRawBufferPointer,
        exchange: Int64
    ) {
        let label = slot.label
        let time = exchange == EventTime.none ? stamp.receivedMicroseconds : exchange
        let record = OutboundRecord(
            topic: label.topic,
            stream: label.id,
            seq: stamp.seq,
            key: label.key,
            value: value,
            venue: label.venueHeader,
            timestampMilliseconds: time / 1000
        )
        records &+= 1
        slot.lastExchangeMicroseconds = exchange
        if sink.send(record) == .lost { slot.refused &+= 1 }
    }

    private func makeSlot(_ place: Int, _ instrument: InstrumentID, _ channel: Channel) -> StreamSlot {
        while places.count <= place { places.append(-1) }
        let slot = StreamSlot(
            base: UInt32(truncatingIfNeeded: slots.count),
            channel: channel,
            instrument: instrument,
            info: instruments[instrument],
            feed: feed
        )
        places[place] = Int32(truncatingIfNeeded: slots.count)
        slots.append(slot)
        return slot
    }
}
