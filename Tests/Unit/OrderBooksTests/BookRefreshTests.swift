// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Testing

@testable import OrderBooks

@Suite struct BookRefreshTests {
    private func live(_ depth: Int? = nil) -> Bench {
        let bench = Bench(TestRules.ranges(levels: depth))
        bench.take(.snapshot(10, at: 1, bids: ["100 1", "90 1"], asks: ["110 1", "120 1"]))
        bench.take(.delta(11, 12, at: 2, bids: ["99 1"]))
        return bench
    }

    @Test func `a snapshot of a live book is compared at the same moment and taken over`() {
        let bench = live(2)
        #expect(bench.beginRefresh())
        #expect(!bench.beginRefresh())
        bench.take(.delta(13, 14, at: 3, bids: ["98 1"]), .delta(15, 15, at: 4, asks: ["110 0"]))
        let names = bench.take(
            .snapshot(
                14,
                at: 5,
                depth: 5,
                bids: ["100 1", "99 1", "98 1", "90 1"],
                asks: ["110 1", "120 1"]
            )
        )
        #expect(names == ["snapshot"])
        #expect(bench.takeComparison() == .equal(levels: 5))
        #expect(bench.takeComparison() == nil)
        #expect(bench.recorder.stamps.last?.sequence == 15)
        #expect(bench.recorder.stamps.last?.epoch == 1)
        #expect(bench.recorder.stamps.last?.depth == 5)
        #expect(bench.recorder.stamps.last?.horizonBid == nil)
        #expect(bench.asks == levels(["120 1"]))
        #expect(bench.take(.delta(16, 16, at: 6)) == ["delta"])
    }

    @Test func `a snapshot that is ahead waits for the increments`() {
        let bench = live()
        bench.beginRefresh()
        #expect(
            bench.take(.snapshot(14, at: 5, bids: ["100 1", "99 1", "90 1"], asks: ["110 1", "120 1"])) == []
        )
        #expect(bench.takeComparison() == nil)
        #expect(bench.take(.delta(13, 15, at: 6, bids: ["100 7"])) == ["delta", "snapshot"])
        #expect(bench.takeComparison() == .equal(levels: 5))
        #expect(bench.bids == levels(["100 7", "99 1", "90 1"]))
    }

    @Test func `a book that is wrong is invalidated and begins anew with the snapshot`() {
        let bench = live()
        bench.beginRefresh()
        let names = bench.take(.snapshot(12, at: 5, bids: ["100 1", "99 2"], asks: ["110 1", "120 1"]))
        #expect(names == ["invalid checksum", "snapshot"])
        #expect(bench.takeComparison() == .different(levels: 2, of: 5))
        #expect(bench.bids == levels(["100 1", "99 2"]))
        #expect(bench.recorder.stamps.last?.epoch == 5)
        #expect(bench.recorder.reader.violations == [])
    }

    @Test func `levels beyond what the snapshot proves are not compared`() {
        let bench = live()
        bench.beginRefresh()
        bench.take(.snapshot(12, at: 5, depth: 2, bids: ["100 1", "99 1"], asks: ["110 1", "120 1"]))
        #expect(bench.takeComparison() == .equal(levels: 4))
        #expect(bench.recorder.stamps.last?.horizonBid == decimal("99"))
    }

    @Test func `a snapshot that fits no increment is told apart and changes nothing`() {
        let bench = live()
        bench.beginRefresh()
        #expect(bench.take(.snapshot(9, at: 5)) == [])
        #expect(bench.takeComparison() == .unaligned)
        #expect(bench.bids == levels(["100 1", "99 1", "90 1"]))
        #expect(bench.take(.snapshot(12, at: 6)) == [], "nobody asked for it")
    }

    @Test func `a fault ends the wait`() {
        let bench = live()
        bench.beginRefresh()
        bench.take(.delta(20, 21))
        #expect(bench.isRefreshing == false)
        bench.take(.snapshot(20))
        #expect(bench.machine.state == .live)
        bench.beginRefresh()
        bench.machine.cancelRefresh()
        #expect(bench.beginRefresh())
    }

    @Test func `the horizon is extended before the market comes there`() {
        let bench = Bench(TestRules.ranges(levels: 2))
        bench.take(.snapshot(1, bids: ["100 1", "90 1"], asks: ["110 1", "120 1"]))
        var names: [String] = []
        for number in 2...17 { names += bench.take(.delta(Int64(number), Int64(number), bids: ["96 1"])) }
        #expect(!names.contains("need horizon"))
        bench.take(.delta(18, 18, bids: ["100 0", "96 0", "94 1"]))
        names = []
        for number in 19...60 { names += bench.take(.delta(Int64(number), Int64(number), bids: ["94 1"])) }
        #expect(names.filter { $0 == "need horizon" }.count == 1)
        #expect(bench.beginRefresh())
        #expect(
            bench.take(.snapshot(60, bids: ["94 1", "90 1", "80 1"], asks: ["110 1", "120 1"])) == [
                "snapshot"
            ]
        )
        #expect(bench.recorder.stamps.last?.horizonBid == decimal("80"))
    }
}
