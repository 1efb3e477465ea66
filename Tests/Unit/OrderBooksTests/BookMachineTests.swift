// Part of MarketBus. Apache License 2.0, see LICENSE.

import AllocationCount
import FixedPoint
import Models
import Testing

@testable import OrderBooks

@Suite struct BookMachineTests {
    // MARK: The first snapshot

    @Test func `increments wait for the snapshot, older ones are dropped, the rest follows it`() {
        let bench = Bench(TestRules.ranges())
        #expect(bench.take(.delta(1, 5, at: 10, bids: ["90 1"])) == ["need begin"])
        #expect(
            bench.take(.delta(6, 9, at: 20, bids: ["99 2"]), .delta(10, 12, at: 30, asks: ["102 5"])) == []
        )
        #expect(bench.take(.snapshot(7, at: 40)) == ["snapshot", "delta", "delta"])
        #expect(bench.recorder.stamps.map(\.sequence) == [7, 9, 12])
        #expect(bench.recorder.stamps.map(\.receivedMicroseconds) == [40, 20, 30])
        #expect(bench.recorder.stamps.map(\.epoch) == [40, 40, 40])
        #expect(bench.bids == levels(["100 1", "99 2"]))
        #expect(bench.asks == levels(["101 1", "102 5"]))
        #expect(bench.machine.state == .live)
    }

    @Test func `a snapshot with nothing waiting is published at once`() {
        let bench = Bench(TestRules.ranges())
        #expect(bench.take(.snapshot(7)) == ["snapshot"])
        #expect(bench.take(.delta(6, 7), .delta(5, 8, bids: ["100 3"])) == ["delta"])
    }

    @Test func `a snapshot newer than all that waited is published with the increment that bridges it`() {
        let bench = Bench(TestRules.ranges())
        bench.take(.delta(1, 5, at: 10))
        #expect(bench.take(.snapshot(7, at: 20)) == [])
        #expect(bench.machine.state == .joining)
        #expect(bench.take(.delta(6, 7, at: 30)) == [])
        #expect(bench.take(.delta(8, 9, at: 40, bids: ["100 2"])) == ["snapshot", "delta"])
        #expect(bench.recorder.stamps.map(\.receivedMicroseconds) == [20, 40])
    }

    @Test func `a snapshot older than what waits is asked for again, and what waits stays`() {
        let bench = Bench(TestRules.ranges())
        bench.take(.delta(10, 12, bids: ["99 1"]), .delta(13, 15, bids: ["98 1"]))
        #expect(bench.take(.snapshot(8)) == ["need useless"])
        #expect(bench.machine.state == .waiting)
        #expect(bench.take(.snapshot(9)) == ["snapshot", "delta", "delta"])
        #expect(bench.bids == levels(["100 1", "99 1", "98 1"]))
    }

    @Test func `a snapshot that is too old for the increment after it is asked for again`() {
        let bench = Bench(TestRules.ranges())
        bench.take(.delta(1, 5))
        bench.take(.snapshot(7))
        #expect(bench.take(.delta(9, 10, bids: ["99 1"])) == ["need useless"])
        #expect(bench.take(.snapshot(8)) == ["snapshot", "delta"])
    }

    @Test func `what waits from before the venue counted anew is let go`() {
        let bench = Bench(TestRules.ranges())
        bench.take(.delta(5_000, 5_001), .delta(5_002, 5_002), .delta(1, 2), .delta(3, 3))
        #expect(bench.take(.snapshot(1)) == ["snapshot", "delta", "delta"])
    }

    @Test func `a snapshot from before the venue counted anew is given up after many increments`() {
        let bench = Bench(TestRules.ranges())
        bench.take(.delta(1, 1))
        bench.take(.snapshot(5_000))
        let names = (2..<250).flatMap { bench.take(.delta(Int64($0), Int64($0))) }
        #expect(names == ["need useless"])
        #expect(bench.take(.snapshot(249)) == [])
        #expect(bench.take(.delta(250, 250)) == ["snapshot", "delta"])
    }

    @Test func `in a chain the bridging increment spans the snapshot and the next name the one before`() {
        let bench = Bench(TestRules.chained)
        bench.take(
            .delta(1, 5, previous: 0),
            .delta(8, 12, previous: 5),
            .delta(15, 20, previous: 12, bids: ["99 1"])
        )
        #expect(bench.take(.snapshot(10)) == ["snapshot", "delta", "delta"])
        #expect(bench.take(.delta(23, 25, previous: 20)) == ["delta"])
        #expect(bench.take(.delta(27, 30, previous: 26)) == ["invalid gap", "need fault"])
    }

    @Test func `where the stream brings the snapshot, increments before it mean nothing`() {
        let bench = Bench(TestRules.window(400))
        #expect(bench.take(.delta(0, 5, previous: 4, bids: ["1 1"])) == [])
        #expect(bench.take(.snapshot(10)) == ["snapshot"])
        #expect(bench.bids == levels(["100 1"]))
    }

    @Test func `a snapshot that is crossed or absurd is asked for again`() {
        let bench = Bench(TestRules.ranges())
        bench.take(.delta(1, 5))
        #expect(bench.take(.snapshot(4, bids: ["101 1"])) == ["need useless"])
        #expect(bench.take(.snapshot(4, bids: ["0 1"])) == ["need useless"])
        #expect(bench.take(.snapshot(4, bids: ["-5 1"])) == ["need useless"])
        #expect(bench.take(.snapshot(4, bids: ["5 -1"])) == ["need useless"])
        #expect(bench.take(.snapshot(4)) == ["snapshot", "delta"])
    }

    @Test func `too many waiting increments push the oldest out`() {
        var settings = BookSettings()
        settings.bufferedFrames = 3
        let bench = Bench(TestRules.ranges(), settings)
        for number in 1...5 { bench.take(.delta(Int64(number), Int64(number), bids: ["\(number) 1"])) }
        #expect(bench.machine.waitingFrames == 3)
        #expect(bench.machine.droppedFrames == 2)
        #expect(bench.take(.snapshot(1)) == ["need useless"])
        #expect(bench.take(.snapshot(2)) == ["snapshot", "delta", "delta", "delta"])
    }

    // MARK: A live book

    @Test func `a gap invalidates, and the increment that showed it waits for the next snapshot`() {
        let bench = Bench(TestRules.ranges())
        bench.take(.snapshot(7, at: 5), .delta(8, 8, at: 6))
        #expect(bench.take(.delta(10, 11, at: 7, bids: ["99 1"])) == ["invalid gap", "need fault"])
        #expect(bench.take(.delta(12, 12, at: 8, bids: ["98 1"])) == [])
        #expect(bench.take(.snapshot(10, at: 5)) == ["snapshot", "delta", "delta"])
        #expect(bench.recorder.stamps.last?.epoch == 6, "the clock stood, the book_epoch grows")
        #expect(bench.bids == levels(["100 1", "99 1", "98 1"]))
    }

    @Test func `a gap in a stream that brings its snapshots drops all until the next one`() {
        let bench = Bench(TestRules.window(400))
        bench.take(.snapshot(10))
        #expect(bench.take(.delta(0, 13, previous: 12)) == ["invalid gap", "need fault"])
        #expect(bench.take(.delta(0, 14, previous: 13)) == [])
        #expect(bench.take(.snapshot(20)) == ["snapshot"])
    }

    @Test func `a new snapshot in the stream begins a new epoch of the book`() {
        let bench = Bench(TestRules.bare)
        bench.take(.snapshot(VenueSequence.none, at: 10))
        #expect(bench.take(.snapshot(VenueSequence.none, at: 20, bids: ["99 1"])) == ["snapshot"])
        #expect(bench.recorder.stamps.map(\.epoch) == [10, 20])
    }

    @Test func `a copy of a recent increment is dropped`() {
        let bench = Bench(TestRules.ranges())
        bench.take(.snapshot(7), .delta(8, 8), .delta(9, 9))
        #expect(bench.take(.delta(8, 8), .delta(9, 9), .delta(10, 10)) == ["delta"])
    }

    @Test func `a number that goes back is a reset, except where the increment names the one before`() {
        let ranges = Bench(TestRules.ranges())
        ranges.take(.snapshot(1000), .delta(1001, 1001))
        #expect(ranges.take(.delta(1, 2)) == ["invalid reset", "need fault"])
        let window = Bench(TestRules.window(400))
        window.take(.snapshot(15))
        #expect(window.take(.delta(0, 3, previous: 15), .delta(0, 5, previous: 3)) == ["delta", "delta"])
        #expect(window.take(.delta(0, 2, previous: 1)) == ["invalid gap", "need fault"])
        let endless = Bench(TestRules.ranges())
        endless.take(.snapshot(10), .delta(11, 500))
        let names = (0..<200).flatMap { _ in endless.take(.delta(11, 11)) }
        #expect(names == ["invalid reset", "need fault"])
    }

    @Test func `a keep-alive is no event, an empty increment that moves the number on is`() {
        let bench = Bench(TestRules.window(400))
        bench.take(.snapshot(15))
        #expect(bench.take(.delta(0, 15, previous: 15)) == [])
        #expect(bench.take(.delta(0, 16, previous: 15)) == ["delta"])
    }

    @Test func `a crossed book is never published`() {
        for push in [
            Push.delta(8, 8, bids: ["101 1"]), .delta(8, 8, bids: ["102 1"]), .delta(8, 8, asks: ["99 1"]),
        ] {
            let bench = Bench(TestRules.ranges())
            bench.take(.snapshot(7))
            #expect(bench.take(push) == ["invalid crossed", "need fault"])
        }
        let both = Bench(TestRules.ranges())
        both.take(.snapshot(7))
        #expect(both.take(.delta(8, 8, bids: ["101 1"], asks: ["101 0", "102 1"])) == ["delta"])
    }

    @Test(arguments: ["0 1", "-1 1", "100 -1", "-100 0"])
    func `a level that can't be makes the book invalid`(level: String) {
        let bench = Bench(TestRules.ranges())
        bench.take(.snapshot(7))
        #expect(bench.take(.delta(8, 8, bids: [level])) == ["invalid undecodable", "need fault"])
    }

    @Test func `a wrong sum invalidates where there are no numbers, and counts for nothing where there are`()
    {
        var bare = TestRules.bare
        bare.checksum = BookChecksum(levels: 25, unit: nil)
        let bench = Bench(bare)
        var snapshot = Push.snapshot(
            VenueSequence.none,
            bids: ["3366.1 7", "3366 6"],
            asks: ["3366.8 9", "3368 8"]
        )
        snapshot.checksum = -1_881_014_294
        #expect(bench.take(snapshot) == ["snapshot"])
        var wrong = Push.delta(VenueSequence.none, VenueSequence.none, bids: ["3365 1"])
        wrong.checksum = 5
        #expect(bench.take(wrong) == ["invalid checksum", "need fault"])
        let numbered = Bench(TestRules.window(400))
        numbered.take(.snapshot(15))
        wrong = Push.delta(0, 16, previous: 15, bids: ["99 1"])
        wrong.checksum = 5
        #expect(numbered.take(wrong) == ["delta"])
    }

    @Test func `a frame that can't be read, and the end of the connection, end the book`() {
        let bench = Bench(TestRules.bare)
        bench.machine.distrust(.undecodable, now: 3, &bench.recorder)
        bench.machine.end(.connectionLost, now: 4, &bench.recorder)
        #expect(bench.recorder.names == [])
        bench.take(.snapshot(VenueSequence.none))
        bench.machine.distrust(.undecodable, now: 5, &bench.recorder)
        #expect(bench.recorder.names == ["snapshot", "invalid undecodable", "need fault"])
        bench.take(.snapshot(VenueSequence.none))
        bench.machine.end(.connectionLost, now: 6, &bench.recorder)
        #expect(bench.recorder.names.suffix(2) == ["snapshot", "invalid connection_lost"])
        #expect(bench.take(.delta(0, 0)) == [])
    }

    // MARK: Windows, horizons, recurring snapshots

    @Test func `a window is cut to its depth and its horizon is the outermost price it holds`() {
        let bench = Bench(TestRules.window(2))
        bench.take(.snapshot(1, bids: ["100 1", "99 1"], asks: ["101 1"]))
        #expect(bench.recorder.stamps.last?.horizonBid == decimal("99"))
        #expect(bench.recorder.stamps.last?.horizonAsk == nil)
        bench.take(.delta(0, 2, previous: 1, bids: ["100.5 1"], asks: ["102 1", "103 1"]))
        #expect(bench.bids == levels(["100.5 1", "100 1"]))
        #expect(bench.asks == levels(["101 1", "102 1"]))
        #expect(bench.recorder.stamps.last?.horizonBid == decimal("100"))
        #expect(bench.recorder.stamps.last?.horizonAsk == decimal("102"))
    }

    @Test func `the horizon of a snapshot stays until the next`() {
        let bench = Bench(TestRules.ranges(levels: 2))
        bench.take(.snapshot(1, bids: ["100 1", "90 1"], asks: ["110 1"]))
        bench.take(.delta(2, 2, bids: ["80 1", "90 0"]))
        #expect(bench.recorder.stamps.map(\.horizonBid) == [decimal("90"), decimal("90")])
        #expect(bench.recorder.stamps.map(\.horizonAsk) == [nil, nil])
        #expect(bench.recorder.stamps.map(\.depth) == [2, 2])
        #expect(bench.bids == levels(["100 1", "80 1"]))
    }

    @Test func `a snapshot recurs after so many deltas or so much time`() {
        var settings = BookSettings()
        settings.snapshotDeltas = 3
        let bench = Bench(TestRules.bare, settings)
        let none = VenueSequence.none
        bench.take(.snapshot(none, at: 0))
        let bids = (1...7).map { "\($0) 1" }
        let names = bids.flatMap { bench.take(.delta(none, none, at: 1, bids: [$0])) }
        #expect(
            names == ["delta", "delta", "delta", "snapshot", "delta", "delta", "delta", "snapshot", "delta"]
        )
        #expect(bench.take(.delta(none, none, at: 10_000_000, bids: ["9 1"])) == ["delta"])
        #expect(bench.take(.delta(none, none, at: 10_000_001, bids: ["9 2"])) == ["delta", "snapshot"])
    }

    @Test func `levels of a delta are published best first, those of one price in their order`() {
        let bench = Bench(TestRules.ranges())
        bench.take(.snapshot(1))
        bench.take(.delta(2, 2, bids: ["97 1", "98 1", "99 1"], asks: ["105 1", "103 1", "104 1", "103 2"]))
        #expect(
            bench.recorder.steps.last
                == .delta(
                    bids: levels(["99 1", "98 1", "97 1"]),
                    asks: levels(["103 1", "103 2", "104 1", "105 1"])
                )
        )
        #expect(bench.machine.book.size(.asks, at: decimal("103")) == decimal("2"))
        let many = (0..<200).map { "\(200 + $0 * 7 % 200) \($0 + 1)" }
        bench.take(.delta(3, 3, asks: many))
        guard case .delta(_, let asks) = bench.recorder.steps.last else { return #expect(Bool(false)) }
        #expect(asks.map(\.price) == asks.map(\.price).sorted())
    }

    @Test func `whole books replace one another within one epoch, and repeats say nothing`() {
        let rules = BookRules(
            source: .stream,
            scope: .window,
            depth: 150,
            join: { _, _ in .next },
            follow: { book, push in push.last == book ? .stale : push.last > book ? .next : .gap }
        )
        let bench = Bench(rules)
        func whole(_ number: Int64, at received: Int64, _ bid: String) -> Push {
            Push(
                kind: .whole,
                sequence: BookSequence(last: number),
                received: received,
                bids: levels([bid]),
                asks: levels(["101 1"])
            )
        }
        #expect(bench.take(whole(5, at: 1, "100 1"), whole(6, at: 2, "99 1")) == ["snapshot", "snapshot"])
        #expect(bench.take(whole(6, at: 3, "99 1")) == [])
        #expect(bench.recorder.stamps.map(\.epoch) == [1, 1])
        #expect(bench.take(whole(7, at: 4, "102 1")) == ["invalid crossed", "need fault"])
        #expect(bench.take(whole(8, at: 5, "98 1")) == ["snapshot"])
        #expect(bench.take(whole(2, at: 6, "97 1")) == ["snapshot"])
        #expect(bench.recorder.stamps.last?.epoch == 6)
    }

    @Test func `a live book takes increments without asking for memory`() {
        let bench = Bench(TestRules.ranges())
        bench.take(.snapshot(1, bids: (1...500).map { "\($0) 1" }, asks: (501...1000).map { "\($0) 1" }))
        let pushes = (2..<900).map { number in
            Push.delta(Int64(number), Int64(number), bids: ["\(number % 400 + 1) \(number % 2)", "7 1"])
        }
        for push in pushes.prefix(600) { bench.take(push) }
        var silent = Silence()
        var count = 0
        for push in pushes.dropFirst(600) {
            push.withFrame { frame in
                count += AllocationCounter.count { bench.machine.take(frame, &silent) }
            }
        }
        #expect(count == 0)
        #expect(silent.deltas == 298)
    }
}

/// Counts only.
struct Silence: BookOutput {
    var deltas = 0
    mutating func publishSnapshot(_ book: borrowing OrderBook, limit: Int, _ stamp: BookStamp) {}
    mutating func publishDelta(
        bids: UnsafeBufferPointer<PriceLevel>,
        asks: UnsafeBufferPointer<PriceLevel>,
        _ stamp: BookStamp
    ) { deltas += 1 }
    mutating func publishInvalid(_ fault: BookFault, _ stamp: BookStamp) {}
    mutating func needSnapshot(_ why: BookNeed) {}
}
