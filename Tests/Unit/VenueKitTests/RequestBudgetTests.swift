// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Testing

@testable import VenueKit

@Suite struct `A request budget` {
    private let start = MonotonicNanos(0)
    private let late = MonotonicNanos(3_600_000_000_000)

    /// 100 within a second, of which 80 are used.
    private func budget(concurrent: Int = 100) -> RequestBudget {
        let limit = RateLimit(count: 100, windowMilliseconds: 1000)
        return RequestBudget(RESTBudgetRule(endpoints: [], limit: limit, concurrent: concurrent), seed: 1)
    }

    /// Sends all that may be sent, and answers it.
    private func drain(_ budget: inout RequestBudget, _ now: MonotonicNanos) -> [Int] {
        var sent: [Int] = []
        while let token = budget.next(now) {
            sent.append(token)
            budget.done(token, .answered, BudgetFigures(), now)
        }
        return sent
    }

    private func add(
        _ budget: inout RequestBudget,
        _ token: Int,
        _ weight: Int,
        _ priority: QueryPriority = .snapshot
    ) {
        #expect(budget.add(token, weight: weight, priority, deadline: late) == nil)
    }

    @Test func `sends what is most urgent first, and of the same urgency what came first`() {
        var budget = budget()
        let wanted: [QueryPriority] = [.poll, .audit, .trades, .snapshot, .candles, .trades]
        for (token, priority) in wanted.enumerated() { add(&budget, token, 1, priority) }
        #expect(drain(&budget, start) == [3, 2, 5, 4, 1, 0])
    }

    @Test func `spends four fifths of a window, and goes on as the window moves`() {
        var budget = budget()
        for token in 0..<10 { add(&budget, token, 20) }
        #expect(drain(&budget, start) == [0, 1, 2, 3])
        #expect(budget.deadline(start) == start.advanced(milliseconds: 1000))
        #expect(drain(&budget, start.advanced(milliseconds: 999)).isEmpty)
        #expect(drain(&budget, start.advanced(milliseconds: 1000)) == [4, 5, 6, 7])
    }

    @Test func `leaves room for what is more urgent`() {
        var budget = budget()
        for token in 0..<10 { add(&budget, token, 10, .poll) }
        #expect(drain(&budget, start).count == 4)
        add(&budget, 100, 40, .snapshot)
        #expect(drain(&budget, start) == [100])
    }

    @Test func `believes the venue where it says that more is spent`() {
        var budget = budget()
        add(&budget, 1, 1)
        #expect(budget.next(start) == 1)
        budget.done(1, .answered, BudgetFigures(used: 79), start)
        add(&budget, 2, 2)
        #expect(budget.next(start) == nil)
        #expect(budget.deadline(start) == start.advanced(milliseconds: 1000))
        #expect(budget.next(start.advanced(milliseconds: 1000)) == 2)
        // What is left, and of how much.
        let second = start.advanced(milliseconds: 1000)
        budget.done(2, .answered, BudgetFigures(remaining: 5, limit: 1000), second)
        add(&budget, 3, 2)
        #expect(budget.next(second) == nil)
    }

    @Test func `nonsense in headers blocks nothing for good`() {
        var budget = budget()
        add(&budget, 1, 1)
        #expect(budget.next(start) == 1)
        budget.done(1, .answered, BudgetFigures(used: .max, remaining: -5, limit: .min), start)
        add(&budget, 2, 1)
        #expect(budget.next(start) == nil)
        #expect(budget.next(start.advanced(milliseconds: 1001)) == 2)
    }

    @Test func `a request heavier than the budget goes alone`() {
        var budget = budget()
        add(&budget, 1, 500)
        add(&budget, 2, 1)
        #expect(drain(&budget, start) == [1])
        #expect(drain(&budget, start.advanced(milliseconds: 1000)) == [2])
    }

    @Test func `the venue is left alone as long as it wants, for all requests`() {
        var budget = budget()
        for token in 1...3 { add(&budget, token, 1) }
        #expect(budget.next(start) == 1)
        budget.done(1, .throttled(7000), BudgetFigures(), start)
        #expect(budget.isBlocked(start.advanced(milliseconds: 6999)))
        #expect(budget.next(start.advanced(milliseconds: 6999)) == nil)
        let resumed = budget.deadline(start)
        #expect(resumed >= start.advanced(milliseconds: 7000))
        #expect(resumed <= start.advanced(milliseconds: 7700))
        #expect(budget.next(resumed) == 2)
    }

    @Test func `an unreachable host is tried with growing pauses until it answers`() {
        var budget = budget()
        var now = start
        var pauses: [Int64] = []
        for token in 0..<6 {
            add(&budget, token, 1)
            now = max(now, budget.deadline(now))
            #expect(budget.next(now) == token)
            budget.done(token, .unreachable, BudgetFigures(), now)
            add(&budget, 100 + token, 1)
            pauses.append((budget.deadline(now) - now) / 1_000_000)
            _ = budget.withdraw(100 + token)
        }
        #expect(pauses.first.map { (125...250).contains($0) } == true)
        #expect(pauses.last.map { (4000...8000).contains($0) } == true)
    }

    @Test func `what waits too long is given back, and a full queue drops the least urgent`() {
        var budget = budget()
        #expect(budget.add(1, weight: 1, .trades, deadline: start.advanced(milliseconds: 5)) == nil)
        #expect(budget.takeExpired(start.advanced(milliseconds: 4)).isEmpty)
        #expect(budget.takeExpired(start.advanced(milliseconds: 5)) == [1])
        for token in 0..<RequestBudget.queueLimit { add(&budget, token, 1, .audit) }
        #expect(budget.add(1000, weight: 1, .poll, deadline: late) == 1000)
        #expect(budget.add(1001, weight: 1, .snapshot, deadline: late) == RequestBudget.queueLimit - 1)
        #expect(budget.next(start) == 1001)
    }

    @Test func `no more are under way than may be, and one taken back makes room`() {
        var budget = budget(concurrent: 2)
        for token in 1...4 { add(&budget, token, 1) }
        #expect(budget.next(start) == 1)
        #expect(budget.next(start) == 2)
        #expect(budget.next(start) == nil)
        let wereSent = [budget.withdraw(1), budget.withdraw(3)]
        #expect(wereSent == [true, false])
        #expect(budget.next(start) == 4)
        // The answer to what was taken back changes nothing.
        budget.done(1, .throttled(60_000), BudgetFigures(), start)
        #expect(!budget.isBlocked(start))
    }
}
