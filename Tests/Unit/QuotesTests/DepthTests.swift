// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes
import Testing

/// Levels from texts such as `"10:1 11:2"`.
private func levels(_ text: String) throws -> [PriceLevel] {
    try text.split(separator: " ").map { part in
        let pair = part.split(separator: ":").map(String.init)
        return PriceLevel(price: try ScaledDecimal(pair[0]), size: try ScaledDecimal(pair[1]))
    }
}

@Suite struct `A ladder` {
    private var ladder = Ladder(limit: 3)

    @Test mutating func `keeps levels in order, sets and removes them`() throws {
        ladder.load(bids: try levels("9:1 10:2"), asks: try levels("12:1 11:2"))
        #expect(Array(ladder.bids) == (try levels("10:2 9:1")))
        #expect(Array(ladder.asks) == (try levels("11:2 12:1")))
        let isSound = ladder.change(
            bids: try levels("10:0 9.5:4"),
            asks: try levels("12:7 99:0"),
            horizonBid: nil,
            horizonAsk: nil
        )
        #expect(isSound)
        #expect(Array(ladder.bids) == (try levels("9.5:4 9:1")))
        #expect(Array(ladder.asks) == (try levels("11:2 12:7")))
    }

    @Test mutating func `takes nothing beyond the horizon, and its own cut for one`() throws {
        ladder.load(
            bids: try levels("10:1 9:1 8:1 7:1"),
            asks: try levels("11:1 12:1"),
            horizonAsk: try ScaledDecimal("12")
        )
        #expect(Array(ladder.bids) == (try levels("10:1 9:1 8:1")))
        // 7 was cut, so 7.5 and 13 may stand behind levels that nobody told.
        ladder.change(
            bids: try levels("9:0 7.5:1"),
            asks: try levels("13:1"),
            horizonBid: nil,
            horizonAsk: nil
        )
        #expect(Array(ladder.bids) == (try levels("10:1 8:1")))
        #expect(Array(ladder.asks) == (try levels("11:1 12:1")))
    }

    @Test mutating func `forgets all where a level makes no sense`() throws {
        ladder.load(bids: try levels("10:1"), asks: try levels("11:1"))
        let isSound = ladder.change(bids: try levels("9:-1"), asks: [], horizonBid: nil, horizonAsk: nil)
        #expect(!isSound && ladder.bids.isEmpty && ladder.asks.isEmpty)
    }

    @Test(arguments: ["11:1", "12:1"])
    mutating func `forgets all where its sides touch or cross`(bid: String) throws {
        ladder.load(bids: try levels("10:1"), asks: try levels("11:1"))
        let isSound = ladder.change(bids: try levels(bid), asks: [], horizonBid: nil, horizonAsk: nil)
        #expect(!isSound && ladder.bids.isEmpty && ladder.asks.isEmpty)
        #expect(!ladder.load(bids: try levels(bid), asks: try levels("11:1")))
        let moved = ladder.load(bids: try levels(bid), asks: try levels("13:1"))
        #expect(moved && ladder.bids.count == 1)
    }

    @Test mutating func `is walked to a value and to a size`() throws {
        ladder.load(bids: [], asks: try levels("10:1 20:2"))
        let size = try ScaledDecimal("1.5")
        let walked = try LadderWalk.value(of: size, ladder.asks)
        #expect(walked?.value == ScaledDecimal(20))
        #expect(walked?.worstPrice == ScaledDecimal(20))
        #expect(try LadderWalk.value(of: ScaledDecimal(4), ladder.asks) == nil)
        #expect(try LadderWalk.size(worth: ScaledDecimal(20), ladder.asks, rounding: .towardZero) == size)
        #expect(
            try LadderWalk.size(worth: ScaledDecimal(99), ladder.asks, rounding: .towardZero)
                == ScaledDecimal(3)
        )
    }
}

@Suite struct `Books of all venues` {
    private var table = DepthTable(
        settings: DepthSettings(ages: ArrivalBounds(least: 100, most: 1000), heartbeatMicroseconds: 5000)
    )
    private let market: MarketIndex

    init() throws {
        market = try must(table.market(SymbolID(index: 0), VenueIndex(index: 0)))
    }

    private mutating func say(
        _ kind: DepthUpdate.Kind,
        _ seq: UInt64,
        epoch: Int64 = 1,
        feed: UInt32 = 0,
        now: Int64 = 10,
        bids: String = "10:1"
    ) throws -> DepthOutcome {
        var update = DepthUpdate(
            kind: kind,
            identity: RecordIdentity(feed: feed, epoch: epoch, seq: seq),
            receivedMicroseconds: now
        )
        update.bids = try levels(bids)
        return table.apply(market, update, now: now)
    }

    @Test mutating func `count from a snapshot on, while every change is there`() throws {
        #expect(try say(.delta, 1) == .broken)
        #expect(table.health(market) == .invalid)
        #expect(try say(.snapshot, 2) == .changed)
        #expect(try say(.delta, 3, bids: "11:1") == .changed)
        #expect(table.bestPrice(market, buying: false) == ScaledDecimal(11))
        #expect(try say(.delta, 5, bids: "12:1") == .broken)
        #expect(table.health(market) == .invalid)
        #expect(table.bestPrice(market, buying: false) == nil)
        #expect(try say(.delta, 6) == .broken)
        #expect(try say(.snapshot, 9) == .changed)
        #expect(table.health(market) == .live)
    }

    @Test mutating func `ignore repetitions, replaced incarnations and epochs of the future`() throws {
        #expect(try say(.snapshot, 2, epoch: 5) == .changed)
        #expect(try say(.delta, 2, epoch: 5) == .ignored(.oldSequence))
        #expect(try say(.snapshot, 9, epoch: 4) == .ignored(.oldEpoch))
        #expect(try say(.snapshot, 9, epoch: 4, feed: 1) == .ignored(.oldEpoch))
        #expect(try say(.snapshot, 1, epoch: 4_000_000_000) == .ignored(.clockAhead))
        #expect(try say(.invalid, 3, epoch: 5) == .changed)
        // Another instance stands in where the leg no longer counts.
        #expect(try say(.snapshot, 7, epoch: 4, feed: 1, now: 11) == .changed)
        #expect(table.health(market) == .live)
    }

    @Test mutating func `leave when they are silent, and return with the next record`() throws {
        _ = try say(.snapshot, 1, now: 10)
        var left: [MarketIndex] = []
        table.expire(now: 1010) { left.append($0) }
        #expect(left.isEmpty)
        table.expire(now: 1011) { left.append($0) }
        #expect(left == [market] && table.health(market) == .stale)
        #expect(try say(.delta, 2, now: 1012) == .changed)
        #expect(table.health(market) == .live)
    }

    @Test mutating func `leave when their feed's heartbeat is late`() throws {
        table.heard(ofFeed: 0, at: 0)
        _ = try say(.snapshot, 1, now: 4900)
        table.expire(now: 5000) { _ in }
        #expect(table.health(market) == .live)
        table.expire(now: 5001) { _ in }
        #expect(table.health(market) == .stale)
        _ = try say(.delta, 2, now: 5002)
        #expect(table.health(market) == .stale)
        table.heard(ofFeed: 0, at: 5003)
        _ = try say(.delta, 3, now: 5004)
        #expect(table.health(market) == .live)
    }

    @Test mutating func `survive times beyond all use`() throws {
        for time in [Int64.min, .max, 0, .min] {
            _ = table.apply(
                market,
                DepthUpdate(
                    kind: .snapshot,
                    identity: RecordIdentity(feed: 0, epoch: 1, seq: UInt64(bitPattern: time)),
                    receivedMicroseconds: time
                ),
                now: .max
            )
        }
        table.expire(now: .max) { _ in }
    }
}

@Suite struct `The habit of a stream` {
    private let bounds = ArrivalBounds(least: 1, most: 1_000_000, samples: 256)

    @Test func `is unknown at first, then a quarter of an octave exact`() {
        var clock = ArrivalClock()
        for _ in 0..<255 { clock.note(gap: 10_000, bounds) }
        #expect(clock.allowed(bounds) == 1_000_000)
        clock.note(gap: 10_000, bounds)
        // 10,000 lies between 8192 + 2048 and 8192 less a quarter: the bucket ends at 10,240.
        #expect(clock.usual == 10_240)
        #expect(clock.allowed(bounds) == 10_240)
        #expect(clock.allowed(ArrivalBounds(least: 20_000)) == 20_000)
    }

    @Test func `knows one gap of a thousand, and is bounded`() {
        var clock = ArrivalClock()
        for index in 0..<10_240 { clock.note(gap: index % 512 == 511 ? 300_000 : 5000, bounds) }
        #expect(clock.usual == 327_680)
        for index in 0..<60_000 { clock.note(gap: index % 512 == 511 ? .max : -5, bounds) }
        #expect(clock.allowed(bounds) == 1_000_000)
    }

    @Test func `changes when the stream does`() {
        var clock = ArrivalClock()
        for _ in 0..<20_000 { clock.note(gap: 400_000, bounds) }
        for _ in 0..<200_000 { clock.note(gap: 2000, bounds) }
        #expect(clock.usual == 2048)
    }
}
