// Part of MarketBus. Apache License 2.0, see LICENSE.

import Testing
import VenueTestKit

@testable import VenueKit

/// The bounded memory of ids against a set that forgets nothing.
struct PublishedTradesTests {
    /// What `insert` must say: exactly the set's word for the newest 4096 ids and everything above; below, an id that
    /// was noted is never new, and one that was not may count as noted only between ids that were.
    private struct Model {
        var noted: Set<UInt64> = []
        var newest: UInt64?

        mutating func check(_ id: UInt64, _ said: Bool) -> Bool {
            let isNew = !noted.contains(id)
            let isExact = newest.map { id > $0 || $0 - id < PublishedTrades.width } ?? true
            let isBelowAll = isNew && !noted.contains { $0 < id }
            noted.insert(id)
            newest = max(newest ?? id, id)
            if !isNew { return !said }
            return said || !(isExact || isBelowAll)
        }
    }

    private func run(seed: UInt64, steps: Int, _ next: (UInt64, inout SplitMix) -> UInt64) {
        var generator = SplitMix(seed: seed)
        var trades = PublishedTrades()
        var model = Model()
        var last: UInt64 = 1_000_000
        for step in 0..<steps {
            let id = next(last, &generator)
            let said = trades.insert(id)
            guard model.check(id, said) else {
                Issue.record(
                    "seed \(seed), step \(step): \(id) was called \(said ? "new" : "noted") after \(last)"
                )
                return
            }
            last = max(last, id)
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `ids as venues send them, one by one with resends`(_ seed: UInt64) {
        run(seed: seed, steps: 5000) { last, generator in
            Int.random(in: 0..<10, using: &generator) == 0
                ? last - UInt64.random(in: 0..<100, using: &generator) : last + 1
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `ids out of order within the window`(_ seed: UInt64) {
        run(seed: seed, steps: 5000) { last, generator in
            last + 40 - UInt64.random(in: 0..<4000, using: &generator)
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `jumps around the width of the window`(_ seed: UInt64) {
        run(seed: seed, steps: 1500) { last, generator in
            let jump: [UInt64] = [1, 2, 63, 64, 65, 4095, 4096, 4097, 8192, 100_000]
            if Int.random(in: 0..<3, using: &generator) == 0 {
                return last - min(last, UInt64.random(in: 0..<10_000, using: &generator))
            }
            return last + (jump.randomElement(using: &generator) ?? 1)
        }
    }

    @Test func `resends after a jump are known however many came since`() {
        var trades = PublishedTrades()
        #expect(trades.take(1...100) == 100)
        #expect(trades.take(1_000_000...1_050_000) == 50_001)
        #expect(trades.take(1...100) == 0)
        #expect(trades.take([101, 999_999, 500_000]) == 3)
        #expect(trades.take([101, 999_999, 500_000, 1_000_000]) == 0)
    }

    @Test func `older ones that come backwards don't push out what is known`() {
        var trades = PublishedTrades()
        #expect(trades.take(1...10) == 10)
        #expect(trades.take([1_000_000]) == 1)
        #expect(trades.take((500_000...501_000).reversed()) == 1001)
        #expect(trades.take(500_000...501_000) == 0)
        #expect(trades.take(1...10) == 0)
    }

    @Test func `the ends of the range, and a new epoch`() {
        var trades = PublishedTrades()
        #expect(trades.take([0, .max, 1, .max - 1]) == 4)
        #expect(trades.take([0, .max, 1, .max - 1]) == 0)
        trades.clear()
        #expect(trades.take([5, 0, 4100, .max]) == 4)
    }
}

extension PublishedTrades {
    /// Inserts ids and says how many were new.
    fileprivate mutating func take(_ ids: some Sequence<UInt64>) -> Int {
        var count = 0
        for id in ids where insert(id) { count += 1 }
        return count
    }
}
