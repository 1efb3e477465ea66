// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Testing

@testable import Arbitrage

@Suite struct `Late takers on their way` {
    private func replay(_ due: Int64, _ route: Int = 0) -> Replay {
        Replay(due: due, route: route, opened: 0, latency: 0, size: .one)
    }

    @Test func `arrive when they are due, whichever latency is theirs`() {
        var queues = ReplayQueues(latencies: 2)
        for due in [10, 20, 30] as [Int64] {
            queues.append(replay(due), latency: 0)
            queues.append(replay(due + 15), latency: 1)
        }
        #expect(queues.count == 6 && queues.nextDue == 10)
        var arrived: ContiguousArray<Replay> = []
        queues.take(before: 30, into: &arrived)
        #expect(arrived.map(\.due).sorted() == [10, 20, 25])
        #expect(queues.count == 3 && queues.nextDue == 30)
    }

    @Test func `are not held up by those that left before a clock was set back`() {
        var queues = ReplayQueues(latencies: 1)
        for due in [5, 3_600_000, 3_600_001, 100, 90, 110] as [Int64] {
            queues.append(replay(due), latency: 0)
        }
        var arrived: ContiguousArray<Replay> = []
        queues.take(before: 6, into: &arrived)
        queues.append(replay(80), latency: 0)
        queues.take(before: 111, into: &arrived)
        #expect(arrived.map(\.due) == [5, 80, 90, 100, 110])
        #expect(queues.count == 2 && queues.nextDue == 3_600_000)
    }

    @Test func `are forgotten with their route`() {
        var queues = ReplayQueues(latencies: 1)
        for due in 1...10 as ClosedRange<Int64> { queues.append(replay(due, Int(due % 2)), latency: 0) }
        queues.removeAll { $0.route == 1 }
        #expect(queues.count == 5 && queues.nextDue == 2)
        queues.removeAll { _ in true }
        #expect(queues.count == 0 && queues.nextDue == .max)
    }
}

@Suite struct `The lives of routes` {
    private func life(_ seen: Int64) -> RouteLife {
        let figures = DepthFigures(
            fills: [],
            size: .one,
            cost: .one,
            profit: .one,
            edgeBasisPoints: .one,
            curve: [],
            isBest: true
        )
        return RouteLife(figures, now: seen)
    }

    @Test func `are found by route and listed in their order, however they come and go`() {
        var lives = LifeTable()
        for route in [7, 2, 9, 0, 4] { lives.begin(route, life(Int64(route))) }
        #expect(lives.routes == [0, 2, 4, 7, 9])
        lives.end(7)
        lives.end(0)
        lives.end(3)
        lives.begin(5, life(5))
        #expect(lives.routes == [2, 4, 5, 9])
        #expect(!lives.has(7) && lives[7] == nil && !lives.has(1000))
        #expect(lives.routes.allSatisfy { lives[$0]?.seenMicroseconds == Int64($0) })
        let opened: Void? = lives.change(5) { $0.open(as: 5, awaiting: 0, now: 6) }
        #expect(opened != nil && lives.openCount == 1)
        #expect(lives.waiting(5, for: 0, now: 7) == nil && lives.waiting(9, for: 0, now: 10)?.seen == 9)
    }
}
