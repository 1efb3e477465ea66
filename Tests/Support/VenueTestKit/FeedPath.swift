// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OrderBooks
import VenueKit
import Wire

/// A feed's whole way from frame to record, books included, without socket, clock and broker.
public final class FeedPath {
    /// The instruments that the decoder knows.
    public let instruments: InstrumentTable
    /// The streams.
    public let pipeline: StreamPipeline
    /// What the last frame held.
    public private(set) var batch = EventBatch()
    private let venue: any Venue
    private let decoder: any FrameDecoder
    private let keeper: BookKeeper

    /// Makes a path on which nothing has come.
    public init(_ venue: any Venue, market: MarketID?, instruments: InstrumentTable, sink: any RecordSink) {
        self.venue = venue
        self.instruments = instruments
        decoder = venue.makeDecoder(market: market, instruments: instruments)
        pipeline = StreamPipeline(feed: "\(type(of: venue).id)-feed", instruments: instruments, sink: sink)
        keeper = BookKeeper(venue: venue, instruments: instruments, pipeline: pipeline)
    }

    /// A new connection begins.
    public func connectionOpened() { decoder.connectionOpened() }

    /// Decodes a frame and publishes what it holds.
    ///
    /// - Parameters:
    ///   - frame: the frame.
    ///   - epoch: the epoch of streams that begin. Unit: microseconds since the Unix epoch.
    ///   - time: now. Unit: microseconds since the Unix epoch.
    /// - Returns: what the frame was.
    /// - Throws: ``DecodeError``; a book that the frame was about holds no longer.
    @inline(__always)
    public func take(_ frame: FrameBytes, epoch: Int64, time: Int64) throws(DecodeError) -> FrameOutcome {
        batch.removeAll()
        do throws(DecodeError) {
            let outcome = try decoder.decode(frame, into: &batch)
            if case .events = outcome { publish(epoch, time) }
            return outcome
        } catch {
            if let book = batch.bookAtRisk {
                keeper.undecodable(book, epoch: epoch, received: time, published: time)
            }
            throw error
        }
    }

    @inline(__always)
    private func publish(_ epoch: Int64, _ time: Int64) {
        pipeline.publish(batch, epoch: epoch, received: time, published: time)
        if batch.hasMore { keeper.take(batch, epoch: epoch, received: time, published: time) }
    }

    /// Reads a REST answer and publishes what it holds.
    ///
    /// - Throws: ``DecodeError``; nothing was published.
    public func answer(
        _ body: UnsafeRawBufferPointer,
        to query: VenueQuery,
        of instrument: InstrumentID,
        time: Int64
    ) throws(DecodeError) {
        batch.removeAll()
        try venue.read(body, answering: query, of: instrument, instruments, into: &batch)
        pipeline.publishFetched(batch, received: time, published: time)
        keeper.take(batch, epoch: time, received: time, published: time)
    }

    /// Begins a book with these levels, as if a snapshot with this number had come.
    public func beginBook(
        _ instrument: InstrumentID,
        number: Int64,
        bids: [PriceLevel],
        asks: [PriceLevel],
        time: Int64
    ) {
        keeper.end(instrument, .connectionLost, now: time)
        batch.removeAll()
        for level in bids + asks { batch.append(level) }
        batch.append(
            BookUpdate(
                instrument: instrument,
                exchangeMicroseconds: EventTime.none,
                kind: .snapshot,
                lastSequence: number,
                bids: 0..<bids.count,
                asks: bids.count..<(bids.count + asks.count)
            )
        )
        keeper.take(batch, epoch: time, received: time, published: time)
    }

    /// Ends a stream, as the loss of its connection does.
    public func end(_ slot: StreamSlot, time: Int64) {
        if slot.channel == .book { keeper.end(slot.instrument, .connectionLost, now: time) }
        pipeline.end(slot, .connectionLost, now: time)
    }
}
