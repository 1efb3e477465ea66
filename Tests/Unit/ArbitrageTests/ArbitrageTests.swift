// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes
import Testing

@testable import Arbitrage

/// Quotes and a detector with short words for what tests do to them.
struct Floor {
    var quotes = QuoteTable(settings: QuoteSettings(legMaxAgeMicroseconds: 1000))
    var detector: ArbitrageDetector
    var now: Int64 = 1_700_000_000_000_000
    var seq: UInt64 = 0
    let symbol: SymbolID

    init(_ settings: ArbitrageSettings = ArbitrageSettings(updateIntervalMicroseconds: 0)) throws {
        detector = ArbitrageDetector(settings: settings)
        symbol = try must(quotes.symbol("BTC-USDT"))
    }

    mutating func facts(_ venue: String, _ facts: MarketFacts?) throws {
        detector.setFacts(facts, symbol, try must(quotes.venue(venue)))
    }

    mutating func spot(_ venues: String..., fee: String = "0") throws {
        for venue in venues {
            try facts(venue, MarketFacts(kind: .spot, takerFee: try ScaledDecimal(fee)))
        }
    }

    /// Quotes a venue; the steps that follow, as a person would note them.
    mutating func quote(_ venue: String, _ bid: String, _ ask: String, size: String = "1") throws -> [String]
    {
        let size = try ScaledDecimal(size)
        return try apply(
            LegUpdate(
                symbol: symbol,
                venue: try must(quotes.venue(venue)),
                identity: try identity(venue),
                exchangeMicroseconds: EventTime.none,
                receivedMicroseconds: now,
                bid: PriceLevel(price: try ScaledDecimal(bid), size: size),
                ask: PriceLevel(price: try ScaledDecimal(ask), size: size)
            )
        )
    }

    mutating func invalidate(_ venue: String) throws -> [String] {
        try apply(
            LegUpdate(
                invalidating: symbol,
                venue: try must(quotes.venue(venue)),
                identity: try identity(venue),
                receivedMicroseconds: now
            )
        )
    }

    mutating func expire() -> [String] {
        var left: [SymbolID] = []
        quotes.expire(now: now) { left.append($0) }
        for symbol in left { detector.evaluate(symbol, quotes, trigger: nil, now: now) }
        return steps()
    }

    mutating func judge() -> [String] {
        detector.evaluate(symbol, quotes, trigger: nil, now: now)
        return steps()
    }

    mutating func steps() -> [String] {
        defer { detector.removeEvents() }
        return detector.events.map { event in
            let pair = "\(quotes.name(of: event.buyVenue))>\(quotes.name(of: event.sellVenue))"
            let figures = "\(event.figures.netEdge)x\(event.figures.size)"
            return "\(event.state) \(pair) \(figures)\(event.reason.map { " \($0.rawValue)" } ?? "")"
        }
    }

    private mutating func identity(_ venue: String) throws -> RecordIdentity {
        seq += 1
        return RecordIdentity(feed: try must(quotes.feed(venue)), epoch: 1, seq: seq)
    }

    private mutating func apply(_ update: LegUpdate) throws -> [String] {
        _ = quotes.apply(update, now: now)
        let trigger = Trigger(
            venue: update.venue,
            identity: update.identity,
            receivedMicroseconds: update.receivedMicroseconds
        )
        detector.evaluate(symbol, quotes, trigger: trigger, now: now)
        return steps()
    }
}

@Suite struct `Arbitrage opportunities` {
    @Test func `open, update and close follow the edge`() throws {
        var floor = try Floor()
        try floor.spot("okx", "binance")
        #expect(try floor.quote("okx", "99", "100") == [])
        #expect(try floor.quote("binance", "101", "102") == ["open okx>binance 1x1"])
        #expect(try floor.quote("binance", "101", "103") == [])
        #expect(try floor.quote("binance", "102", "103", size: "0.5") == ["update okx>binance 2x0.5"])
        #expect(try floor.quote("binance", "100", "103") == ["close okx>binance 2x0.5 edge_gone"])
        #expect(floor.detector.openCount == 0)
    }

    @Test func `the fee of each side is paid`() throws {
        var floor = try Floor()
        try floor.facts("okx", MarketFacts(kind: .spot, takerFee: try ScaledDecimal("0.001")))
        try floor.facts("binance", MarketFacts(kind: .spot, takerFee: try ScaledDecimal("0.002")))
        _ = try floor.quote("okx", "99", "100")
        // 100.3 × 0.998 = 100.0994 against 100 × 1.001 = 100.1
        #expect(try floor.quote("binance", "100.3", "102") == [])
        // 100.31 × 0.998 = 100.10938
        #expect(try floor.quote("binance", "100.31", "102") == ["open okx>binance 0.00938x1"])
    }

    @Test func `the edge must be above the minimum`() throws {
        var floor = try Floor(
            ArbitrageSettings(minimumEdgeRate: try ScaledDecimal("0.01"), updateIntervalMicroseconds: 0)
        )
        try floor.spot("okx", "binance")
        _ = try floor.quote("okx", "99", "100")
        #expect(try floor.quote("binance", "101", "102") == [])
        #expect(try floor.quote("binance", "101.1", "102") == ["open okx>binance 1.1x1"])
    }

    @Test func `a leg that leaves closes with its reason`() throws {
        var floor = try Floor()
        try floor.spot("okx", "binance")
        _ = try floor.quote("okx", "99", "100")
        _ = try floor.quote("binance", "101", "102")
        #expect(try floor.invalidate("okx") == ["close okx>binance 1x1 leg_invalid"])
        #expect(try floor.quote("okx", "99", "100") == ["open okx>binance 1x1"])
        floor.now += 1001
        #expect(floor.expire() == ["close okx>binance 1x1 leg_stale"])
        _ = try floor.quote("okx", "99", "100")
        #expect(try floor.quote("binance", "101", "102") == ["open okx>binance 1x1"])
        floor.detector.closeAll(.shutdown, now: floor.now)
        #expect(floor.steps() == ["close okx>binance 1x1 shutdown"])
        #expect(floor.judge() == ["open okx>binance 1x1"])
        floor.detector.close(floor.symbol, .shutdown, now: floor.now)
        #expect(floor.steps() == ["close okx>binance 1x1 shutdown"])
        #expect(floor.detector.openCount == 0)
    }

    @Test func `updates keep their distance and the last is not forgotten`() throws {
        var floor = try Floor(ArbitrageSettings(updateIntervalMicroseconds: 100))
        try floor.spot("okx", "binance")
        _ = try floor.quote("okx", "99", "100")
        #expect(try floor.quote("binance", "101", "102") == ["open okx>binance 1x1"])
        floor.now += 50
        #expect(try floor.quote("binance", "101.5", "102") == [])
        floor.now += 49
        floor.detector.flush(now: floor.now)
        #expect(floor.steps() == [])
        floor.now += 1
        floor.detector.flush(now: floor.now)
        #expect(floor.steps() == ["update okx>binance 1.5x1"])
        floor.detector.flush(now: floor.now + 1000)
        #expect(floor.steps() == [])
        #expect(try floor.quote("binance", "101.7", "102") == [])
        #expect(try floor.quote("binance", "99", "102") == ["close okx>binance 1.7x1 edge_gone"])
    }

    @Test func `opening times of a pair never repeat`() throws {
        var floor = try Floor()
        try floor.spot("okx", "binance")
        _ = try floor.quote("okx", "99", "100")
        var opened: [Int64] = []
        for _ in 0..<3 {
            _ = floor.quotes.quote(of: floor.symbol)
            _ = try floor.quote("binance", "99", "102")
            floor.detector.removeEvents()
            let update = LegUpdate(
                symbol: floor.symbol,
                venue: try must(floor.quotes.venue("binance")),
                identity: RecordIdentity(
                    feed: try must(floor.quotes.feed("binance")),
                    epoch: 1,
                    seq: floor.seq + 1
                ),
                exchangeMicroseconds: EventTime.none,
                receivedMicroseconds: floor.now,
                bid: PriceLevel(price: ScaledDecimal(101), size: .one),
                ask: nil
            )
            floor.seq += 1
            _ = floor.quotes.apply(update, now: floor.now)
            floor.detector.evaluate(floor.symbol, floor.quotes, trigger: nil, now: floor.now)
            opened += floor.detector.events.map(\.openedMicroseconds)
            floor.detector.removeEvents()
        }
        #expect(opened == [floor.now, floor.now + 1, floor.now + 2])
    }
}

@Suite struct `What two venues can trade` {
    @Test func `the size lies on the lot grid of both`() throws {
        var floor = try Floor()
        try floor.facts("okx", MarketFacts(kind: .spot, takerFee: .zero, lot: try ScaledDecimal("0.04")))
        try floor.facts("binance", MarketFacts(kind: .spot, takerFee: .zero, lot: try ScaledDecimal("0.1")))
        _ = try floor.quote("okx", "99", "100", size: "0.79")
        #expect(try floor.quote("binance", "101", "102", size: "5") == ["open okx>binance 1x0.6"])
    }

    @Test func `minimum size and minimum value of both are respected`() throws {
        var floor = try Floor()
        try floor.facts("okx", MarketFacts(kind: .spot, takerFee: .zero, minSize: try ScaledDecimal("0.1")))
        let notional = MarketFacts(kind: .spot, takerFee: .zero, minNotional: ScaledDecimal(20))
        try floor.facts("binance", notional)
        _ = try floor.quote("okx", "99", "100", size: "1")
        #expect(try floor.quote("binance", "101", "102", size: "0.19") == [])
        #expect(try floor.quote("binance", "101", "102", size: "0.2") == ["open okx>binance 1x0.2"])
        try floor.facts("okx", MarketFacts(kind: .spot, takerFee: .zero, minSize: try ScaledDecimal("0.3")))
        #expect(floor.judge() == ["close okx>binance 1x0.2 edge_gone"])
    }

    @Test func `unlike things are not set against each other`() throws {
        var floor = try Floor()
        let linear = MarketFacts(kind: .linearPerpetual, takerFee: .zero)
        let hundred = MarketFacts(
            kind: .inversePerpetual,
            takerFee: .zero,
            contractSize: ScaledDecimal(100)
        )
        var ten = hundred
        ten.contractSize = ScaledDecimal(10)
        let dated = MarketFacts(kind: .linearFuture, takerFee: .zero)
        for (buy, sell) in [(linear, hundred), (hundred, ten), (dated, dated), (nil, linear)] {
            try floor.facts("okx", buy)
            try floor.facts("binance", sell)
            _ = try floor.quote("okx", "99", "100")
            #expect(try floor.quote("binance", "101", "102") == [])
        }
        try floor.facts("okx", ten)
        try floor.facts("binance", ten)
        #expect(floor.judge() == ["open okx>binance 1x1"])
        try floor.facts("okx", nil)
        #expect(floor.judge() == ["close okx>binance 1x1 leg_invalid"])
    }

    @Test func `an inverse contract's profit is counted in its worth`() throws {
        var floor = try Floor()
        let facts = MarketFacts(kind: .inversePerpetual, takerFee: .zero, contractSize: ScaledDecimal(10))
        try floor.facts("okx", facts)
        try floor.facts("binance", facts)
        _ = try floor.quote("okx", "99", "100", size: "30")
        let update = try floor.quote("binance", "101", "102", size: "40")
        #expect(update == ["open okx>binance 1x30"])
        floor.detector.flush(now: floor.now)
        _ = try floor.quote("binance", "102", "103", size: "40")
        _ = floor.detector.closeAllForTest(now: floor.now).map { figures in
            // 30 contracts of 10 at 100 are 3 coins.
            #expect(figures.netProfit == ScaledDecimal(6))
        }
    }

    @Test func `steps and minima of contracts become base currency`() throws {
        var instrument = Instrument(
            venue: VenueID("okx"),
            market: MarketID("swap"),
            venueSymbol: "BTC-USDT-SWAP",
            kind: .linearPerpetual,
            base: "BTC",
            quote: "USDT",
            settle: "USDT"
        )
        instrument.lotSize = try ScaledDecimal("0.1")
        instrument.minSize = ScaledDecimal(2)
        instrument.contractSize = try ScaledDecimal("0.01")
        let facts = try must(MarketFacts(of: instrument, takerFee: .zero))
        #expect(facts.lot == (try ScaledDecimal("0.001")))
        #expect(facts.minSize == (try ScaledDecimal("0.02")))
        #expect(facts.contractSize == nil)
        instrument.status = .halted
        #expect(MarketFacts(of: instrument, takerFee: .zero) == nil)
        instrument.status = .trading
        instrument.contractSize = .zero
        #expect(MarketFacts(of: instrument, takerFee: .zero) == nil)
    }

    @Test func `figures beyond exact arithmetic are passed over and counted`() throws {
        var floor = try Floor()
        try floor.spot("okx", "binance", fee: "0.001234567890123456789")
        let huge = "12345678901234567890123456789.1"
        _ = try floor.quote("okx", "1", huge)
        #expect(try floor.quote("binance", "9" + huge, "99" + huge) == [])
        #expect(floor.detector.overflows > 0)
    }
}

extension ArbitrageDetector {
    fileprivate mutating func closeAllForTest(now: Int64) -> [OpportunityFigures] {
        closeAll(.shutdown, now: now)
        return events.map(\.figures)
    }
}
