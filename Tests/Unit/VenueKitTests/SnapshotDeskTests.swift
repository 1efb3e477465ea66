// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Testing

@testable import VenueKit

@Suite struct SnapshotDeskTests {
    private let book = InstrumentID(index: 3)

    private func isAnnounced(_ verdict: SnapshotDesk.Verdict) -> Bool {
        if case .announce = verdict { true } else { false }
    }

    @Test func `only snapshots of no use in a row make a book unrecoverable, not its many short lives`() {
        var desk = SnapshotDesk(perMinute: 1000, seed: 1)
        var now = MonotonicNanos(1)
        for _ in 0..<20 {
            desk.want(book, now, settleMilliseconds: 0)
            now = now.advanced(milliseconds: 61_000)
            #expect(desk.next(now) == book)
            #expect(!isAnnounced(desk.failed(book, now)))
            now = now.advanced(milliseconds: 61_000)
            #expect(desk.next(now) == book)
            desk.succeeded(book, now)
            now = now.advanced(milliseconds: 1000)
        }
        var announced: [Int] = []
        desk.want(book, now, settleMilliseconds: 0)
        for _ in 0..<12 {
            now = now.advanced(milliseconds: 61_000)
            #expect(desk.next(now) == book)
            if case .announce(let tries) = desk.failed(book, now) { announced.append(tries) }
        }
        #expect(announced == [8])
    }

    @Test func `a book that breaks soon is put off, one whose connection broke is not`() {
        var desk = SnapshotDesk(perMinute: 1000, seed: 1)
        var now = MonotonicNanos(1)
        desk.want(book, now, settleMilliseconds: 0)
        for isOwnFault in [true, false] {
            now = now.advanced(milliseconds: 61_000)
            #expect(desk.next(now) == book)
            desk.succeeded(book, now)
            now = now.advanced(milliseconds: 5000)
            if isOwnFault { desk.withdraw(book) } else { desk.interrupted(book, now) }
            desk.want(book, now, settleMilliseconds: 10)
            let pause = desk.deadline(now) - now
            #expect(isOwnFault ? pause > 100_000_000 : pause == 10_000_000)
        }
    }
}
