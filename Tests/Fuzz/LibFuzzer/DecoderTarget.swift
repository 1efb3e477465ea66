// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Models
import VenueKit
import VenueTestKit
import Wire

/// Frames of one connection through a venue's decoder, the pipeline, the books and the encoder.
///
/// The first byte chooses market and memory; each line of the rest is a frame. A frame ends where the memory does, or 64
/// bytes before, and every record is read back.
final class DecoderTarget: FuzzTarget {
    private static let frameLimit = 32
    /// After so many inputs, or instruments that damaged symbols made, all begins anew.
    ///
    /// To set a feed up takes longer than a frame. An input that breaks a rule only after others is found again by running
    /// its corpus.
    private static let inputsPerFeed = 512
    private static let instrumentsPerFeed = 256
    private let venue: any Venue
    private let markets: [MarketID?]
    private let memory: GuardedMemory
    private let sinks: [RecordProof]
    private var table = InstrumentTable()
    private var paths: [FeedPath] = []
    private var inputs = 0

    init?(_ venue: any Venue, _ markets: [MarketID?]) {
        guard let memory = GuardedMemory(capacity: 1 << 20) else { return nil }
        self.venue = venue
        self.markets = markets
        self.memory = memory
        sinks = markets.compactMap { _ in RecordProof() }
        guard sinks.count == markets.count else { return nil }
        begin()
    }

    private func begin() {
        inputs = 0
        table = InstrumentTable()
        for instrument in SampleInstruments.of(type(of: venue).id) { table.upsert(instrument) }
        paths = zip(markets, sinks).map { market, sink in
            sink.begin()
            return FeedPath(venue, market: market, instruments: table, sink: sink)
        }
    }

    func run(_ bytes: UnsafeRawBufferPointer) {
        guard let choice = bytes.first else { return }
        inputs += 1
        if inputs > Self.inputsPerFeed || table.instruments.count > Self.instrumentsPerFeed { begin() }
        let path = paths[Int(choice & 7) % paths.count]
        if choice & 32 != 0 { path.connectionOpened() }
        let lines = bytes.dropFirst().split(separator: UInt8(ascii: "\n"), maxSplits: Self.frameLimit)
        for line in lines {
            let frame = memory.place(UnsafeRawBufferPointer(rebasing: line), isPadded: choice & 64 == 0)
            take(frame, path, table, time: Int64(inputs))
        }
        if choice & 128 != 0 {
            for slot in path.pipeline.slots { path.end(slot, time: Int64(inputs)) }
        }
    }

    private func take(_ frame: FrameBytes, _ path: FeedPath, _ table: InstrumentTable, time: Int64) {
        do throws(DecodeError) {
            _ = try path.take(frame, epoch: 1, time: time)
            EventProof.prove(path.batch, table)
        } catch {
            check(!error.reason.isEmpty && !error.detail.isEmpty, "an error without words")
        }
    }
}

/// REST answers, instrument lists among them, of all venues.
///
/// The first byte chooses the venue, the second the question.
final class AnswerTarget: FuzzTarget {
    private let memory: GuardedMemory
    private let sink: RecordProof

    init?() {
        guard let memory = GuardedMemory(capacity: 1 << 20), let sink = RecordProof() else { return nil }
        self.memory = memory
        self.sink = sink
    }

    func run(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 2 else { return }
        let venue = FuzzTargets.venues[Int(bytes[0]) % FuzzTargets.venues.count]
        let markets = venue.profile.markets
        let market = markets[Int(bytes[0] >> 4) % markets.count]
        let body = memory.place(UnsafeRawBufferPointer(rebasing: bytes[2...]), isPadded: false).bytes
        if bytes[1] & 15 == 15 {
            let found = (try? venue.instruments(from: body, market: bytes[1] & 16 == 0 ? market : nil)) ?? []
            let table = InstrumentTable()
            for instrument in found {
                let id = table.upsert(instrument)
                check(table[id].symbol == instrument.symbol, "an instrument that is not found again")
            }
            _ = venue.verdict(status: 429, retryAfterSeconds: nil, body: body)
            return
        }
        let table = InstrumentTable()
        let ids = SampleInstruments.of(type(of: venue).id).map { table.upsert($0) }
        let id = ids.first { table[$0].market == market } ?? ids[0]
        sink.begin()
        let path = FeedPath(venue, market: market, instruments: table, sink: sink)
        let query = query(bytes[1] & 15)
        guard venue.call(query, of: table[id]) != nil || bytes[1] & 128 != 0 else { return }
        guard (try? path.answer(body, to: query, of: id, time: 1)) != nil else { return }
        EventProof.prove(path.batch, table)
    }

    private func query(_ number: UInt8) -> VenueQuery {
        switch number % 7 {
        case 0: .trades(limit: 100, beforeID: nil)
        case 1: .candles(CandleInterval(.minute1), from: 0, to: 1 << 52)
        case 2: .book(depth: number > 7 ? 0 : 100)
        case 3: .ticker
        case 4: .funding
        case 5: .fundingHistory(from: 0, to: 1 << 52)
        default: .openInterest
        }
    }
}

/// What holds for events, whatever the bytes were.
enum EventProof {
    static func prove(_ batch: borrowing EventBatch, _ table: InstrumentTable) {
        for trade in batch.trades {
            check(table.knows(trade.instrument), "a trade of nothing")
            check(!trade.size.isNegative && !trade.price.isNegative, "a trade below zero")
        }
        for quote in batch.quotes {
            check(table.knows(quote.instrument), "a quote of nothing")
            for level in [quote.bid, quote.ask] {
                if let level { check(!level.size.isNegative, "a quote below zero") }
            }
        }
        let levels = 0...batch.levels.count
        for book in batch.books {
            check(table.knows(book.instrument), "a book of nothing")
            let ends = [
                book.bids.lowerBound, book.bids.upperBound, book.asks.lowerBound, book.asks.upperBound,
            ]
            check(ends.allSatisfy(levels.contains), "a book's levels lie outside")
        }
        check(batch.candles.allSatisfy { table.knows($0.instrument) }, "a candle of nothing")
        check(batch.tickers.allSatisfy { table.knows($0.instrument) }, "a ticker of nothing")
        check(batch.fundings.allSatisfy { table.knows($0.instrument) }, "a funding of nothing")
        check(batch.openInterests.allSatisfy { table.knows($0.instrument) }, "an open interest of nothing")
        check(batch.liquidations.allSatisfy { table.knows($0.instrument) }, "a liquidation of nothing")
    }
}

extension InstrumentTable {
    fileprivate func knows(_ id: InstrumentID) -> Bool { id.index < instruments.count }
}
