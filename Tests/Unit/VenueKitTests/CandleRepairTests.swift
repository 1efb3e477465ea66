// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Lifecycle
import Models
import Testing

@testable import VenueKit

@Suite struct `Candle repair` {
    private let series = CandleSeries(instrument: InstrumentID(index: 0), interval: CandleInterval(.minute1))
    private let minute: Int64 = 60_000_000
    private let start = MonotonicNanos(0)

    private func later(_ seconds: Int64) -> MonotonicNanos { start.advanced(milliseconds: seconds * 1000) }

    /// The next question, which must be there.
    private func ask(
        _ repair: inout CandleRepair,
        _ now: MonotonicNanos,
        _ wall: Int64
    ) throws -> CandleQuestion {
        let question = repair.next(now, wall: wall)
        return try #require(question)
    }

    @Test func `asks for what is over at once, and for the open candle when it is over`() throws {
        var repair = CandleRepair(seed: 1)
        // Minute 100 was open at the cut; it is 30 s into minute 103 when the stream is back.
        repair.lost(series, from: 100 * minute)
        #expect(repair.next(later(3600), wall: 200 * minute) == nil)
        let wall = 103 * minute + 30_000_000
        repair.isBack(series, start, wall: wall)
        #expect(repair.next(later(2), wall: wall) == nil)
        let first = try ask(&repair, later(3), wall + 3_000_000)
        #expect(first.from == 100 * minute)
        #expect(first.to < 104 * minute)
        let verdict = repair.answered(first, closed: 3, later(4), wall: wall + 4_000_000)
        #expect(verdict?.found == 3)
        #expect(verdict?.missingFrom == nil)
        // 26 s later minute 103 is over, and 3 s after that the venue surely has it.
        #expect(repair.deadline == later(4 + 26 + 3))
        let second = try ask(&repair, later(33), wall + 33_000_000)
        #expect(second.from == 103 * minute)
        #expect(repair.answered(second, closed: 1, later(34), wall: wall + 34_000_000)?.found == 1)
        #expect(repair.openCount == 0)
    }

    @Test func `a long absence is asked for page by page`() throws {
        var repair = CandleRepair(seed: 1)
        repair.lost(series, from: 1000 * minute)
        let wall = 1601 * minute
        repair.isBack(series, start, wall: wall)
        var froms: [Int64] = []
        while let question = repair.next(later(4), wall: wall + 4_000_000) {
            froms.append(question.from / minute)
            _ = repair.answered(question, closed: 250, later(4), wall: wall + 4_000_000)
        }
        #expect(froms == [1000, 1250, 1500])
        #expect(repair.openCount == 1)
    }

    @Test func `months and years are asked for without end`() {
        for span in CandleInterval.Span.allCases {
            for from in [Int64.min, -1, 0, .max] {
                var repair = CandleRepair(seed: 1)
                let series = CandleSeries(instrument: series.instrument, interval: CandleInterval(span))
                repair.lost(series, from: from)
                repair.isBack(series, start, wall: 1_795_000_000_000_000)
                let question = repair.next(later(10), wall: 1_795_000_010_000_000)
                #expect(question.map { $0.from < $0.to } ?? true)
            }
        }
    }

    @Test func `only candles that are over count as closed`() throws {
        let question = CandleQuestion(series: series, ticket: 1, from: 100 * minute, to: 102 * minute + 1)
        let told: [(String, Bool?)] = [
            ("99:1", true), ("100:1", nil), ("101:1", true), ("101:1", false), ("102:1", nil),
        ]
        let candles = told.compactMap { word, isClosed in
            try? RepairWords.candle(word, series.instrument, series.interval, isClosed: isClosed)
        }
        let closed = CandleRepair.closed(candles, question)
        #expect(closed.map { $0.openMicroseconds / minute } == [100, 101])
        #expect(closed.allSatisfy { $0.isClosed == true })
    }

    @Test func `failures are tried again and in the end said`() throws {
        var repair = CandleRepair(seed: 1)
        repair.lost(series, from: 100 * minute)
        let wall = 103 * minute
        repair.isBack(series, start, wall: wall)
        var now = later(3)
        var verdict: CandleVerdict?
        for attempt in 0..<8 {
            now = max(now, repair.deadline)
            let question = try ask(&repair, now, wall + 3_000_000)
            verdict = repair.failed(question, QueryFailure(detail: "timeout"), now)
            #expect((verdict == nil) == (attempt < 7))
        }
        #expect(verdict?.missingFrom == 100 * minute)
        #expect(verdict?.problem == "timeout")
    }

    @Test func `a cut meanwhile begins anew with what is still missing`() throws {
        var repair = CandleRepair(seed: 1)
        repair.lost(series, from: 100 * minute)
        repair.isBack(series, start, wall: 103 * minute)
        let question = try ask(&repair, later(3), 103 * minute + 3_000_000)
        repair.lost(series, from: 103 * minute)
        #expect(repair.answered(question, closed: 3, later(4), wall: 103 * minute) == nil)
        repair.isBack(series, later(60), wall: 105 * minute)
        let again = try ask(&repair, later(63), 105 * minute + 3_000_000)
        #expect(again.from == 100 * minute)
    }

    @Test func `what was fetched revises only where prices or volume differ`() throws {
        let ledger = CandleLedger()
        func candle(_ word: String, _ isClosed: Bool?) throws -> Candle {
            try RepairWords.candle(word, series.instrument, series.interval, isClosed: isClosed)
        }
        #expect(ledger.firstOpen(series.interval) == nil)
        _ = ledger.take(try candle("100:5", false))
        #expect(ledger.firstOpen(series.interval) == 100 * minute)
        var live = try candle("100:6", true)
        live.trades = 7
        _ = ledger.take(live)
        #expect(ledger.firstOpen(series.interval) == 101 * minute)
        #expect(ledger.takeFetched(try candle("100:6", true)).isEmpty)
        let notes = ledger.takeFetched(try candle("100:8", true))
        #expect(notes.map(\.revision) == [1])
        #expect(notes.first?.candle.trades == 7)
        #expect(ledger.takeFetched(try candle("90:8", true)).map(\.revision) == [0])
        // Many old ones do not push out what is known of the newest.
        for minute in 40..<80 { _ = ledger.takeFetched(try candle("\(minute):1", true)) }
        #expect(ledger.takeFetched(try candle("100:8", true)).isEmpty)
    }
}

@Suite struct `A poll of figures` {
    private let start = MonotonicNanos(0)

    @Test func `asks each instrument once in an interval, spread over it`() {
        var poll = FigurePoll(interval: 60_000)
        let instruments = (0..<6).map { InstrumentID(index: $0) }
        _ = poll.want(instruments, start)
        var asked: [Int64: UInt32] = [:]
        for second in 0..<Int64(120) {
            let now = start.advanced(milliseconds: second * 1000)
            while let instrument = poll.next(now) {
                asked[second] = instrument.index
                poll.answered(instrument, now)
            }
        }
        #expect(asked.keys.sorted() == (0..<12).map { $0 * 10 })
        #expect(asked[70] == 1)
    }

    @Test func `says a failure once, and goes on asking`() {
        var poll = FigurePoll(interval: 1_000)
        let one = InstrumentID(index: 0)
        _ = poll.want([one], start)
        #expect(poll.standings.map(\.standing) == [.pending])
        var news = 0
        for second in 0..<Int64(10) {
            let now = start.advanced(milliseconds: second * 1000)
            guard let instrument = poll.next(now) else { continue }
            if poll.failed(instrument, now) { news += 1 }
        }
        #expect(news == 1)
        #expect(poll.standings.map(\.standing) == [.failing])
        poll.answered(one, start)
        #expect(poll.standings.map(\.standing) == [.live])
        let gone = poll.want([], start)
        #expect(gone == [one])
        #expect(poll.count == 0)
        let isNews = poll.failed(one, start)
        #expect(!isNews)
    }
}
