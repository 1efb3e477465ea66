// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Testing
import VenueKit

@Suite struct `Planning connections` {
    @Test func `opens connections in the order of asking and no faster than the venue's limit`() {
        var governor = ConnectionGovernor(RateLimit(count: 2, windowMilliseconds: 1000))
        let start = MonotonicNanos(5_000_000_000)
        #expect(governor.deadline(start) == .never)
        for connection in [3, 1, 2, 1] { governor.request(connection) }
        let opened = (0..<3).map { _ in governor.next(start) }
        #expect(opened == [3, 1, nil])
        let slack = RateWindow.journeySlackMilliseconds
        #expect(governor.deadline(start) == start.advanced(milliseconds: 1000 + slack))
        let times = [999, 1000 + slack - 1, 1000 + slack]
        let last = times.map { governor.next(start.advanced(milliseconds: $0)) }
        #expect(last == [nil, nil, 2])
    }

    @Test func `opens none while the venue wants to be left alone, and forgets who no longer asks`() {
        var governor = ConnectionGovernor(RateLimit(count: 2, windowMilliseconds: 1000))
        let start = MonotonicNanos(0)
        governor.request(0)
        governor.request(1)
        governor.block(start, milliseconds: 30_000)
        governor.withdraw(0)
        let opened = [29_999, 30_000, 30_000].map { governor.next(start.advanced(milliseconds: $0)) }
        #expect(opened == [nil, 1, nil])
    }

    @Test func `a window of a venue's limit holds for every window, however long the journeys take`() {
        var window = RateWindow(RateLimit(count: 5, windowMilliseconds: 1000))
        var arrived: [Int64] = []
        var now = MonotonicNanos(0)
        for count in 0..<100 {
            now = window.nextAllowed(now)
            window.count(now)
            let journey = Int64(count % 2) * RateWindow.journeySlackMilliseconds
            arrived.append(now.value / 1_000_000 + journey)
            now = now.advanced(milliseconds: 90)
        }
        for time in arrived { #expect(arrived.count { $0 >= time && $0 < time + 1000 } <= 5) }
    }

    @Test func `a backoff never overflows and stays between half a step and a step`() {
        var backoff = Backoff(minimum: 100, maximum: 5000)
        var generator = SeededGenerator(seed: 1)
        let waits = (0..<200).map { _ in backoff.next(using: &generator) }
        #expect(waits[0] >= 50 && waits[0] <= 100)
        #expect(waits.dropFirst(8).allSatisfy { $0 >= 2500 && $0 <= 5000 })
        backoff.succeeded()
        let first = backoff.next(using: &generator)
        #expect(first <= 100)
    }

    @Test func `a slow stream is given four times its longest pause, a busy one the minimum`() {
        var watch = QuietWatch(MonotonicNanos(0))
        var now = MonotonicNanos(0)
        for pause in [100, 3000, 200] as [Int64] {
            now = now.advanced(milliseconds: pause)
            watch.heard(now)
        }
        #expect(watch.deadline(minimum: 10_000) == now.advanced(milliseconds: 12_000))
        #expect(watch.deadline(minimum: 20_000) == now.advanced(milliseconds: 20_000))
        for _ in 0..<7000 {
            now = now.advanced(milliseconds: 100)
            watch.heard(now)
        }
        #expect(watch.deadline(minimum: 1000) == now.advanced(milliseconds: 1000), "old pauses are forgotten")
    }
}
