// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Observability
import Synchronization
import TestKit
import Testing

@Suite struct ClockAndThreadTests {
    @Test func `differences and deadlines are clamped instead of trapping`() {
        #expect(WallNanos(.max) - WallNanos(.min) == .max)
        #expect(WallNanos(.min) - WallNanos(.max) == .min)
        #expect(MonotonicNanos(5).advanced(milliseconds: .max) == .never)
        #expect(MonotonicNanos(5).advanced(nanoseconds: -6).value == -1)
        #expect(WallNanos(microseconds: .max).value == .max)
    }

    @Test func `microseconds are rounded down on both sides of the epoch`() {
        #expect(WallNanos(1999).microseconds == 1)
        #expect(WallNanos(-1).microseconds == -1)
        #expect(WallNanos(microseconds: -1).microseconds == -1)
    }

    @Test func `the milliseconds left are rounded up so that a poll never spins`() {
        let now = MonotonicNanos(0)
        #expect(MonotonicNanos(1).millisecondsLeft(since: now) == 1)
        #expect(MonotonicNanos(1_000_000).millisecondsLeft(since: now) == 1)
        #expect(MonotonicNanos(-1).millisecondsLeft(since: now) == 0)
        #expect(MonotonicNanos.never.millisecondsLeft(since: now) == .max)
    }

    @Test func `a hand-moved clock moves only by hand`() {
        let clock = ManualClock()
        let before = clock.monotonic
        #expect(clock.monotonic == before)
        clock.advance(milliseconds: 5)
        #expect(clock.monotonic - before == 5_000_000)
        clock.setWall(WallNanos(7))
        #expect(clock.wall == WallNanos(7))
    }

    @Test func `a thread runs its body, knows itself and is joined`() throws {
        let count = Lock(0)
        let thread = try WorkerThread(name: "a-name-longer-than-fifteen") { count.withLock { $0 += 1 } }
        #expect(!thread.isCurrent)
        thread.join()
        thread.join()
        #expect(count.withLock { $0 } == 1)
    }

    @Test func `a flag wakes a sleeping thread and times out without one`() throws {
        let flag = try WakeFlag()
        #expect(!flag.wait(until: MonotonicNanos.now.advanced(milliseconds: 1)))
        let thread = try WorkerThread(name: "waker") { flag.raise() }
        #expect(flag.wait(until: MonotonicNanos.now.advanced(milliseconds: 5000)))
        thread.join()
    }
}
