// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import Wire

/// Reads every record back as its consumers do, and notes what they would stumble over.
final class RecordCheck: RecordSink {
    /// Records that came.
    private(set) var records = 0
    /// What is wrong with the records since the last ``takeFailure()``.
    private var failure: String?
    /// The pipeline whose records come: each numbers its streams from 0.
    var connection = 0
    private var lastSeq: [Stream: UInt64] = [:]
    private let scanner: JSONScanner

    /// One stream of one pipeline.
    private struct Stream: Hashable {
        let connection: Int
        let id: StreamID
    }

    /// Makes a check with a scanner of its own.
    init(_ scanner: JSONScanner) { self.scanner = scanner }

    /// The first thing that was wrong since the last call, or nil.
    func takeFailure() -> String? {
        defer { failure = nil }
        return failure
    }

    func send(_ record: OutboundRecord) -> SendOutcome {
        records += 1
        guard let value = record.value else {
            failure = failure ?? "a record without a value"
            return .accepted
        }
        do throws(RecordError) {
            switch record.topic {
            case TopicRegistry.trade: try check(trade: value, record)
            case TopicRegistry.bbo: try check(quote: value, record)
            case TopicRegistry.book: try check(BookRecord(decoding: value, scanner: scanner), value, record)
            default: try check(other: value, record)
            }
        } catch {
            failure = failure ?? "\(error): \(String(decoding: value, as: UTF8.self))"
        }
        return .accepted
    }

    /// Checks a dead letter's bytes.
    func check(deadLetter value: UnsafeRawBufferPointer, reason: String) {
        do throws(RecordError) {
            let letter = try DeadLetterRecord(decoding: value, scanner: scanner)
            expect(letter.reason == reason, "reason", value)
        } catch {
            failure = failure ?? "dead letter \(error)"
        }
    }

    private func check(trade value: UnsafeRawBufferPointer, _ record: OutboundRecord) throws(RecordError) {
        let trade = try TradeRecord(decoding: value, scanner: scanner)
        check(trade.head, value, record)
        numbers([("price", trade.price), ("size", trade.size)], value)
    }

    private func check(quote value: UnsafeRawBufferPointer, _ record: OutboundRecord) throws(RecordError) {
        let quote = try BboRecord(decoding: value, scanner: scanner)
        expect(quote.seq == record.seq, "seq", value)
        expect(quote.symbol.string.utf8.elementsEqual(record.key), "key", value)
        expect(quote.isLive || (quote.bid == nil && quote.ask == nil && quote.reason != nil), "state", value)
        if let bid = quote.bid { numbers([("bid", bid.price), ("bid_size", bid.size)], value) }
        if let ask = quote.ask { numbers([("ask", ask.price), ("ask_size", ask.size)], value) }
        times(quote.exchangeMicroseconds, value)
        contiguous(record, quote.seq, value)
    }

    private func check(
        _ record: BookRecord,
        _ value: UnsafeRawBufferPointer,
        _ outbound: OutboundRecord
    ) throws(RecordError) {
        check(record.head, value, outbound)
        for (before, level) in zip(record.bids, record.bids.dropFirst()) {
            expect(level.price <= before.price, "the order of the bids", value)
        }
        for (before, level) in zip(record.asks, record.asks.dropFirst()) {
            expect(before.price <= level.price, "the order of the asks", value)
        }
        let levels = record.bids + record.asks
        expect(levels.allSatisfy { $0.price.isPositive && !$0.size.isNegative }, "a level", value)
        switch record.book.kind {
        case .invalid: expect(levels.isEmpty && record.book.reason != nil, "an end with levels", value)
        case .delta: break
        case .snapshot:
            expect(levels.allSatisfy { !$0.size.isZero }, "an empty level", value)
            guard let bid = record.bids.first, let ask = record.asks.first else { return }
            expect(bid.price < ask.price, "a crossed book", value)
        }
    }

    private func check(other value: UnsafeRawBufferPointer, _ record: OutboundRecord) throws(RecordError) {
        switch record.topic {
        case TopicRegistry.candle:
            check(try CandleRecord(decoding: value, scanner: scanner).head, value, record)
        case TopicRegistry.ticker:
            check(try TickerRecord(decoding: value, scanner: scanner).head, value, record)
        case TopicRegistry.funding:
            check(try FundingRecord(decoding: value, scanner: scanner).head, value, record)
        case TopicRegistry.openInterest:
            check(try OpenInterestRecord(decoding: value, scanner: scanner).head, value, record)
        case TopicRegistry.liquidation:
            check(try LiquidationRecord(decoding: value, scanner: scanner).head, value, record)
        default: expect(false, "a topic that is no market's", value)
        }
    }

    private func check(_ head: MarketHead, _ value: UnsafeRawBufferPointer, _ record: OutboundRecord) {
        expect(head.seq == record.seq, "seq", value)
        expect(head.symbol.utf8.elementsEqual(record.key), "key", value)
        times(head.exchangeMicroseconds, value)
        contiguous(record, head.seq, value)
    }

    /// Not below zero, and spelled in the one canonical form.
    private func numbers(_ fields: [(name: String, value: ScaledDecimal)], _ bytes: UnsafeRawBufferPointer) {
        let text = String(decoding: bytes, as: UTF8.self)
        for field in fields {
            expect(!field.value.isNegative, field.name, bytes)
            expect(text.contains("\"\(field.name)\":\"\(field.value)\""), "\(field.name)'s spelling", bytes)
        }
    }

    private func times(_ exchange: Int64, _ bytes: UnsafeRawBufferPointer) {
        expect(exchange == EventTime.none || (0..<(1 << 53)).contains(exchange), "exchange_us", bytes)
    }

    private func contiguous(_ record: OutboundRecord, _ seq: UInt64, _ bytes: UnsafeRawBufferPointer) {
        let stream = Stream(connection: connection, id: record.stream)
        expect(seq == 1 || seq == (lastSeq[stream] ?? 0) + 1, "a hole in seq", bytes)
        lastSeq[stream] = seq
    }

    private func expect(_ holds: Bool, _ what: String, _ bytes: UnsafeRawBufferPointer) {
        if !holds, failure == nil { failure = "\(what): \(String(decoding: bytes, as: UTF8.self))" }
    }
}
