// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Testing

@testable import VenueKit

@Suite struct `Trade repair` {
    private let btc = InstrumentID(index: 0)
    private let start = MonotonicNanos(0)
    private static let paged = TradeHistory(isGapless: true, hasSingleRows: true, pages: true, rows: 3)

    private func rows(_ ids: [UInt64]) -> [Trade] {
        ids.compactMap { try? RepairWords.trade(String($0), btc) }
    }

    private func later(_ milliseconds: Int64) -> MonotonicNanos { start.advanced(milliseconds: milliseconds) }

    /// A repair of the trades after 10, of which 20 came first again.
    private func broken(_ history: TradeHistory = Self.paged) -> TradeRepair {
        var repair = TradeRepair(seed: 1)
        repair.lost(btc, after: 10, since: 0, .connectionLost, history)
        repair.talked(btc, first: 20, start)
        return repair
    }

    /// The next question, which must be there.
    private func ask(_ repair: inout TradeRepair, _ now: MonotonicNanos) throws -> TradeQuestion {
        let question = repair.next(now)
        return try #require(question)
    }

    private func ids(_ find: TradeFind?) -> [UInt64] { find?.trades.compactMap(\.id.number) ?? [] }

    @Test func `asks nothing before the stream talks, and then page by page until the last known trade`()
        throws
    {
        var repair = TradeRepair(seed: 1)
        repair.lost(btc, after: 10, since: 0, .connectionLost, Self.paged)
        #expect(repair.next(later(60_000)) == nil)
        repair.talked(btc, first: 20, start)
        #expect(repair.next(later(999)) == nil)
        let first = try ask(&repair, later(1000))
        #expect(first.query == .trades(limit: 3, beforeID: nil))
        #expect(repair.next(later(1000)) == nil)
        #expect(repair.answered(first, rows([24, 25, 26]), later(1100)) == nil)
        // The newest page lies behind the gap: it goes on at the gap's end.
        let second = try ask(&repair, later(1100))
        #expect(second.query == .trades(limit: 3, beforeID: ShortText("20")))
        #expect(repair.answered(second, rows([17, 18, 19]), later(1200)) == nil)
        let third = try ask(&repair, later(1200))
        #expect(third.query == .trades(limit: 3, beforeID: ShortText("17")))
        #expect(repair.answered(third, rows([14, 15, 16]), later(1300)) == nil)
        let fourth = try ask(&repair, later(1300))
        let find = repair.answered(fourth, rows([11, 12, 13]), later(1400))
        #expect(ids(find) == Array(11...19))
        #expect(find?.missing(Self.paged) == nil)
        #expect(repair.openCount == 0)
    }

    @Test func `rows that come twice or are known are given once or not at all`() throws {
        var repair = broken()
        let question = try ask(&repair, later(1000))
        let all: [UInt64] = [9, 10, 11, 12, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]
        let find = repair.answered(question, rows(all.reversed()), start)
        #expect(ids(find) == Array(11...19))
    }

    @Test func `a window that is too short is said`() throws {
        let newest = TradeHistory(isGapless: false, hasSingleRows: true, pages: false, rows: 3)
        var repair = broken(newest)
        let question = try ask(&repair, later(1000))
        let answered = repair.answered(question, rows([17, 18, 19]), start)
        let find = try #require(answered)
        #expect(ids(find) == [17, 18, 19])
        let words = find.missing(newest)
        #expect(words?.contains("window is too short") == true)
        #expect(words?.contains("between 10 and 20") == true)
    }

    @Test func `ids that the venue leaves out are counted`() throws {
        var repair = broken()
        let question = try ask(&repair, later(1000))
        let answered = repair.answered(question, rows([10, 11, 12, 15, 16, 17, 18, 19]), start)
        let find = try #require(answered)
        #expect(find.missing(Self.paged)?.hasPrefix("2 trades with ids between 10 and 20") == true)
    }

    @Test func `an empty answer and one that stands still end the search`() throws {
        var repair = broken()
        var question = try ask(&repair, later(1000))
        let empty = repair.answered(question, rows([]), start)
        #expect(ids(empty) == [])
        #expect(empty?.missing(Self.paged)?.hasPrefix("9 trades") == true)
        repair = broken()
        question = try ask(&repair, later(1000))
        #expect(repair.answered(question, rows([18, 19, 20]), later(1000)) == nil)
        question = try ask(&repair, later(1000))
        let late = ids(repair.answered(question, rows([18, 19, 20]), start))
        #expect(late == [18, 19])
    }

    @Test func `failures are tried again with pauses, what was found is kept, and in the end it is said`()
        throws
    {
        var repair = broken()
        var now = later(1000)
        var question = try ask(&repair, now)
        #expect(repair.answered(question, rows([17, 18, 19]), now) == nil)
        var find: TradeFind?
        for attempt in 0..<8 {
            question = try ask(&repair, now)
            #expect(question.query == .trades(limit: 3, beforeID: ShortText("17")))
            let wait: Int64? = attempt == 0 ? 7000 : nil
            find = repair.failed(
                question,
                QueryFailure(detail: "HTTP 429", retryAfterMilliseconds: wait),
                now
            )
            if attempt == 0 { #expect(repair.deadline == now.advanced(milliseconds: 7000)) }
            #expect((find == nil) == (attempt < 7))
            now = max(now, repair.deadline == .never ? now : repair.deadline)
        }
        #expect(ids(find) == [17, 18, 19])
        #expect(find?.missing(Self.paged)?.contains("HTTP 429") == true)
        #expect(repair.openCount == 0)
    }

    @Test func `a refusal is not tried again`() throws {
        var repair = broken()
        let question = try ask(&repair, later(1000))
        let find = repair.failed(question, QueryFailure(detail: "HTTP 401", isRefused: true), start)
        #expect(find?.missing(Self.paged)?.contains("HTTP 401") == true)
    }

    @Test func `a second cut before the first is mended is a gap of its own`() throws {
        var repair = broken()
        repair.lost(btc, after: 30, since: 0, .silent, Self.paged)
        repair.talked(btc, first: 35, start)
        var question = try ask(&repair, later(1000))
        let late = ids(repair.answered(question, rows(Array(10...20)), later(1000)))
        #expect(late == Array(11...19))
        question = try ask(&repair, later(1000))
        let find = repair.answered(question, rows(Array(25...36)), later(1000))
        #expect(ids(find) == [31, 32, 33, 34])
        #expect(find?.gap.reason == .silent)
    }

    @Test func `a stream that is back and says nothing is asked about all the same`() throws {
        var repair = TradeRepair(seed: 1)
        repair.lost(btc, after: 10, since: 0, .connectionLost, Self.paged)
        repair.isBack(btc, start)
        let question = try ask(&repair, later(1000))
        let answered = repair.answered(question, rows([9, 10, 11, 12]), start)
        let find = try #require(answered)
        #expect(ids(find) == [11, 12])
        #expect(find.missing(Self.paged) == nil)
    }

    @Test func `a stream that talks while it is asked about closes its gap`() throws {
        var repair = TradeRepair(seed: 1)
        repair.lost(btc, after: 10, since: 0, .connectionLost, Self.paged)
        repair.isBack(btc, start)
        let question = try ask(&repair, later(1000))
        repair.talked(btc, first: 12, later(1100))
        let late = ids(repair.answered(question, rows([9, 10, 11, 12, 13]), later(1200)))
        #expect(late == [11])
    }

    @Test func `nothing was missed where the next id follows`() {
        var repair = TradeRepair(seed: 1)
        repair.lost(btc, after: 10, since: 0, .connectionLost, Self.paged)
        repair.talked(btc, first: 11, start)
        #expect(repair.openCount == 0)
        #expect(repair.next(later(5000)) == nil)
    }

    @Test func `a merged trade reaches down to the first of its ids`() throws {
        let merged = TradeHistory(isGapless: true, hasSingleRows: false, pages: true, rows: 3)
        var repair = broken(merged)
        let question = try ask(&repair, later(1000))
        var trades = rows([13, 19])
        trades[0].matches = 3
        let answered = repair.answered(question, trades, start)
        let find = try #require(answered)
        #expect(ids(find) == [13, 19])
        #expect(find.missing(merged) == nil)
    }

    @Test func `too many gaps give the oldest up, and a late answer to it is no one's`() throws {
        var repair = broken()
        let question = try ask(&repair, later(1000))
        for place in 0..<UInt64(16) {
            let low = 1000 + 100 * place
            repair.hole(low...(low + 5), of: btc, since: 0, Self.paged, later(1000))
        }
        let given = repair.takeGivenUp()
        #expect(given.map(\.gap.after) == [10])
        #expect(repair.answered(question, rows([11]), later(1000)) == nil)
        #expect(repair.openCount == 16)
        #expect(repair.surrender("stopped").count == 16)
        #expect(repair.openCount == 0)
    }
}

@Suite struct `Holes in trade ids` {
    private func taken(_ ids: [UInt64], matches: UInt64 = 1) -> [ClosedRange<UInt64>] {
        var trades = PublishedTrades()
        trades.watchesHoles = true
        for id in ids { _ = trades.insert(id, standingFor: matches) }
        return Array(trades.holes)
    }

    @Test func `are what was left out and has not come yet`() {
        #expect(taken([5, 6, 7]) == [])
        #expect(taken([5, 9, 10]) == [6...8])
        #expect(taken([5, 9, 7]) == [6...6, 8...8])
        #expect(taken([5, 9, 6, 8, 7]) == [])
        #expect(taken([5, 8, 11], matches: 3) == [])
        #expect(taken([5, 9], matches: 3) == [6...6])
    }

    @Test func `are filled however late, once`() {
        var trades = PublishedTrades()
        trades.watchesHoles = true
        for id in [UInt64(5), 9] + Array(10...20_000) { _ = trades.insert(id) }
        let news = [trades.takeNewHoles(), trades.takeNewHoles()]
        #expect(news == [[6...8], []])
        let said = [trades.insert(7), trades.insert(7), trades.insert(5000)]
        #expect(said == [true, false, false])
        let left = (Array(trades.holes), trades.opening)
        #expect(left.0 == [6...6, 8...8])
        #expect(left.1 == 5)
        trades.clear()
        let isClear = trades.holes.isEmpty && trades.opening == nil && trades.highest == nil
        #expect(isClear)
    }

    @Test func `are not looked for where ids jump by themselves`() {
        var trades = PublishedTrades()
        for id in [UInt64(5), 900, 10_000] { _ = trades.insert(id) }
        let isQuiet = trades.holes.isEmpty && !trades.hasNewHole
        #expect(isQuiet)
    }

    @Test func `are bounded`() {
        var trades = PublishedTrades()
        trades.watchesHoles = true
        for id in stride(from: UInt64(0), to: 1000, by: 2) { _ = trades.insert(id) }
        let counts = [trades.holes.count, trades.takeNewHoles().count]
        #expect(counts == [PublishedTrades.holeLimit, PublishedTrades.holeLimit])
    }
}
