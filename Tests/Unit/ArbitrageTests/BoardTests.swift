// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes
import Testing

@testable import Arbitrage

/// A board, its names, and words for what happens.
private struct Desk {
    var names = QuoteTable(settings: QuoteSettings())
    var board: ArbitrageBoard
    private var seqs: [MarketIndex: UInt64] = [:]

    init(_ settings: EvaluationSettings = EvaluationSettings(updateIntervalMicroseconds: 0)) {
        board = ArbitrageBoard(settings: settings, depth: DepthSettings())
    }

    mutating func market(_ symbol: String, _ venue: String) throws -> MarketIndex {
        try must(board.market(try must(names.symbol(symbol)), try must(names.venue(venue))))
    }

    mutating func list(
        _ symbol: String,
        _ venue: String,
        _ kind: InstrumentKind = .spot,
        fee: String = "0.001",
        lot: String = "0.1",
        contract: String? = nil
    ) throws {
        let parts = symbol.split(separator: "-").map(String.init)
        let facts = MarketFacts(
            kind: kind,
            base: parts[0],
            quote: parts[1],
            takerFee: try ScaledDecimal(fee),
            lot: try ScaledDecimal(lot),
            contractSize: try contract.map { try ScaledDecimal($0) }
        )
        board.setFacts(facts, try market(symbol, venue), now: 0)
    }

    mutating func book(
        _ symbol: String,
        _ venue: String,
        _ bids: String,
        _ asks: String,
        now: Int64,
        kind: DepthUpdate.Kind = .snapshot
    ) throws {
        let market = try market(symbol, venue)
        seqs[market, default: 0] += 1
        var update = DepthUpdate(
            kind: kind,
            identity: RecordIdentity(feed: 0, epoch: 1, seq: seqs[market] ?? 1),
            receivedMicroseconds: now
        )
        update.bids = try levels(bids)
        update.asks = try levels(asks)
        board.apply(update, market, now: now)
    }

    private func levels(_ text: String) throws -> [PriceLevel] {
        try text.split(separator: " ").map { part in
            let pair = part.split(separator: ":").map(String.init)
            return PriceLevel(price: try ScaledDecimal(pair[0]), size: try ScaledDecimal(pair[1]))
        }
    }

    /// The steps since the last call: `open BTC-USDT:okx:binance 2 1.598`.
    mutating func steps() -> [String] {
        defer { board.removeSteps() }
        return board.steps.map { step in
            "\(step.state.rawValue) \(board.name(of: step.route, names)) \(step.figures.size) \(step.figures.profit)"
        }
    }
}

@Suite struct `Routes through books` {
    @Test func `of two venues take what earns and no more`() throws {
        var desk = Desk()
        try desk.list("A-T", "x")
        try desk.list("A-T", "y")
        try desk.book("A-T", "x", "99:1", "100:2 101:9", now: 1)
        try desk.book("A-T", "y", "101:5", "102:1", now: 2)
        #expect(desk.steps() == ["open A-T:x:y 2 1.598"])
        try desk.book("A-T", "y", "101:1", "102:1", now: 3)
        #expect(desk.steps() == ["update A-T:x:y 1 0.799"])
        try desk.book("A-T", "y", "100:5", "102:1", now: 4)
        #expect(desk.steps() == ["close A-T:x:y 1 0.799"])
    }

    @Test func `of spot and perpetual count the funding to come`() throws {
        var desk = Desk()
        try desk.list("A-T", "x")
        try desk.list("A-T-PERP", "x", .linearPerpetual)
        try desk.book("A-T", "x", "99:1", "100:1", now: 1)
        try desk.book("A-T-PERP", "x", "100:1", "101:1", now: 1)
        #expect(desk.steps() == [])
        let terms = FundingTerms(
            rate: try ScaledDecimal("0.01"),
            nextMicroseconds: 9,
            mark: ScaledDecimal(100)
        )
        desk.board.setFunding(terms, try desk.market("A-T-PERP", "x"), trigger: nil, now: 2)
        // 99.9 - 100.1 + 1 a unit.
        #expect(desk.steps() == ["open spot_perpetual:+A-T@x:-A-T-PERP@x 1 0.8"])
        try desk.book("A-T", "x", "99:1", "100:2", now: 9)
        #expect(desk.steps() == ["close spot_perpetual:+A-T@x:-A-T-PERP@x 1 0.8"])
    }

    @Test func `of three markets lead back to where they began`() throws {
        var desk = Desk()
        for symbol in ["A-USDT", "B-USDT", "B-A"] { try desk.list(symbol, "x", fee: "0") }
        #expect(desk.board.map.routes.count == 2)
        try desk.book("A-USDT", "x", "9.9:9", "10:9", now: 1)
        try desk.book("B-A", "x", "0.4:9", "0.5:9", now: 1)
        try desk.book("B-USDT", "x", "5.1:9", "5.2:9", now: 1)
        // 1.5 A cost 15 and buy 3 B, which bring 15.3; all 9 B of the book cost 4.5 A.
        #expect(desk.steps() == ["open triangular:+A-USDT@x:+B-A@x:-B-USDT@x 4.5 0.9"])
    }

    @Test func `over a stablecoin name the market that converts`() throws {
        var desk = Desk()
        desk.board.allowConversion(try desk.market("USDC-USDT", "z"))
        try desk.list("A-USDT", "x", fee: "0")
        try desk.list("USDC-USDT", "z", fee: "0")
        try desk.list("A-USDC", "y", fee: "0")
        try desk.book("A-USDT", "x", "9:1", "10:1", now: 1)
        try desk.book("A-USDC", "y", "11:1", "12:1", now: 1)
        #expect(desk.steps() == [])
        try desk.book("USDC-USDT", "z", "0.99:50", "1.01:50", now: 1)
        #expect(desk.steps() == ["open cross_currency:+A-USDT@x:-A-USDC@y:-USDC-USDT@z 1 0.89"])
    }

    @Test func `of inverse contracts count contracts of one worth only`() throws {
        var desk = Desk()
        try desk.list("A-USD-PERP", "x", .inversePerpetual, fee: "0", lot: "1", contract: "10")
        try desk.list("A-USD-PERP", "y", .inversePerpetual, fee: "0", lot: "1", contract: "10")
        try desk.list("A-USD-PERP", "z", .inversePerpetual, fee: "0", lot: "1", contract: "100")
        try desk.book("A-USD-PERP", "x", "9:1", "20:3", now: 1)
        try desk.book("A-USD-PERP", "y", "21:2", "30:1", now: 1)
        try desk.book("A-USD-PERP", "z", "22:2", "30:1", now: 1)
        // 2 contracts of 10 at 20 are 1 A, which earns 1.
        #expect(desk.steps() == ["open A-USD-PERP:x:y 2 1"])
    }

    @Test func `are touched only by their own markets`() throws {
        var map = RouteMap()
        let facts = { (base: String, quote: String) in
            MarketFacts(kind: .spot, base: base, quote: quote, takerFee: .zero)
        }
        for (index, pair) in [("A", "USDT"), ("B", "USDT"), ("B", "A"), ("C", "USDT")].enumerated() {
            let number = UInt32(index)
            let symbol = SymbolID(index: number)
            map.add(MarketIndex(index: number), symbol, VenueIndex(index: 0), facts(pair.0, pair.1))
        }
        #expect(map.routes(of: MarketIndex(index: 0)) == [0, 1])
        #expect(map.routes(of: MarketIndex(index: 3)) == [])
        map.add(MarketIndex(index: 4), SymbolID(index: 0), VenueIndex(index: 1), facts("A", "USDT"))
        #expect(map.routes(of: MarketIndex(index: 4)) == [2, 3])
        #expect(map.routes(of: MarketIndex(index: 0)) == [0, 1, 2, 3])
    }

    @Test func `beyond exact arithmetic are counted and told as gone`() throws {
        var desk = Desk()
        try desk.list("A-T", "x")
        try desk.list("A-T", "y")
        let large = "90000000000000000000000000000000000001"
        try desk.book("A-T", "x", "1:1", "2:\(large)", now: 1)
        try desk.book("A-T", "y", "\(large):\(large)", "", now: 2)
        #expect(desk.steps() == [])
        #expect(desk.board.counts.overflows > 0)
    }
}

@Suite struct `The life of a route` {
    private func desk(_ settings: EvaluationSettings) throws -> Desk {
        var desk = Desk(settings)
        for venue in ["x", "y"] { try desk.list("A-T", venue, fee: "0") }
        try desk.book("A-T", "x", "9:1", "10:1", now: 0)
        return desk
    }

    @Test func `is told only when it lasts`() throws {
        var desk = try desk(EvaluationSettings(minimumDurationMicroseconds: 100))
        try desk.book("A-T", "y", "11:1", "12:1", now: 10)
        try desk.book("A-T", "y", "9:1", "12:1", now: 50)
        #expect(desk.steps() == [])
        #expect(desk.board.counts.tooShort == 1)
        try desk.book("A-T", "y", "11:1", "12:1", now: 60)
        desk.board.tick(now: 159)
        #expect(desk.steps() == [])
        desk.board.tick(now: 160)
        #expect(desk.board.steps.first?.openedMicroseconds == 60)
        #expect(desk.board.steps.first?.durationMicroseconds == 100)
    }

    @Test func `weighs its edge by time and remembers its peak`() throws {
        var desk = try desk(EvaluationSettings(updateIntervalMicroseconds: 0))
        try desk.book("A-T", "y", "11:1", "12:1", now: 0)
        try desk.book("A-T", "y", "12:1", "13:1", now: 30)
        try desk.book("A-T", "y", "10.5:1", "13:1", now: 40)
        try desk.book("A-T", "y", "9:1", "13:1", now: 100)
        let step = try must(desk.board.steps.last)
        #expect(step.state == .close && step.reason == .edgeGone)
        #expect(step.life.peakEdgeBasisPoints == ScaledDecimal(2000))
        #expect(step.life.peakMicroseconds == 30)
        #expect(step.life.peakProfit == ScaledDecimal(2))
        // 30 µs of 1000, 10 of 2000, 60 of 500.
        #expect(step.life.meanEdgeBasisPoints == ScaledDecimal(800))
    }

    @Test func `waits between two updates, and tells the newest then`() throws {
        var desk = try desk(EvaluationSettings(updateIntervalMicroseconds: 100))
        try desk.book("A-T", "y", "11:1", "12:1", now: 0)
        try desk.book("A-T", "y", "11.1:1", "12:1", now: 10)
        try desk.book("A-T", "y", "11.2:1", "12:1", now: 20)
        #expect(desk.steps() == ["open A-T:x:y 1 1"])
        desk.board.tick(now: 100)
        #expect(desk.steps() == ["update A-T:x:y 1 1.2"])
    }

    @Test func `says what late takers earned in the books that followed`() throws {
        var desk = try desk(EvaluationSettings(updateIntervalMicroseconds: 0, latencies: [5, 20, 80]))
        try desk.book("A-T", "y", "11:1", "12:1", now: 100)
        try desk.book("A-T", "y", "10.5:1", "12:1", now: 105)
        try desk.book("A-T", "y", "9.5:1", "12:1", now: 110)
        let close = try must(desk.board.steps.last)
        // Orders that arrive at 105 meet the book of 105.
        #expect(close.takers == [TakerResult(latencyMicroseconds: 5, earned: try ScaledDecimal("0.5"))])
        try desk.book("A-T", "y", "", "12:1", now: 150)
        desk.board.tick(now: 181)
        let settle = try must(desk.board.steps.last)
        #expect(settle.state == .settle && settle.atMicroseconds == 180)
        #expect(settle.durationMicroseconds == 10)
        #expect(settle.takers.map(\.earned) == [try ScaledDecimal("0.5"), try ScaledDecimal("-0.5"), nil])
    }

    @Test func `ends with the reason, and never shares a name`() throws {
        var desk = try desk(EvaluationSettings())
        try desk.book("A-T", "y", "11:1", "12:1", now: 0)
        try desk.book("A-T", "x", "", "", now: 0, kind: .invalid)
        try desk.book("A-T", "x", "9:1", "10:1", now: 0)
        desk.board.tick(now: 31_000_000)
        try desk.book("A-T", "x", "9:1", "10:1", now: 31_000_000)
        try desk.book("A-T", "y", "11:1", "12:1", now: 31_000_000)
        desk.board.closeAll(.shutdown, now: 31_000_000)
        let steps = desk.board.steps
        #expect(steps.compactMap(\.reason) == [.legInvalid, .legStale, .shutdown])
        #expect(steps.filter { $0.state == .open }.map(\.openedMicroseconds) == [0, 1, 31_000_000])
        #expect(desk.board.openCount == 0)
    }
}

@Suite struct `What an earlier run left open` {
    @Test func `is what was told and not closed, once`() {
        var ledger = OrphanLedger<Int>(limit: 2)
        ledger.note(1, id: "b", .open)
        ledger.note(2, id: "a", .open)
        ledger.note(3, id: "c", .open)
        ledger.note(4, id: "b", .update)
        ledger.note(5, id: "a", .close)
        ledger.note(6, id: "a", .settle)
        ledger.note(7, id: "d", .update)
        #expect(ledger.refused == 1)
        #expect(ledger.takeAll() == [4, 7])
        #expect(ledger.takeAll() == [])
    }
}
