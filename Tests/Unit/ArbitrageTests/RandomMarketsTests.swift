// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes
import Testing

@testable import Arbitrage

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed &>> 31)
    }
}

/// A market in plain integers: prices in cents, sizes and lots in thousandths, fees in hundred-thousandths.
private struct IntegerVenue {
    var fee: Int
    var lot: Int
    var minSize: Int
    var minNotional: Int
    var health: LegHealth?
    var bid: (price: Int, size: Int) = (0, 0)
    var ask: (price: Int, size: Int) = (0, 0)
    var received: Int64 = 0
}

/// The definition, tried out pair by pair, without state.
private enum BruteForce {
    /// Net edge in units of 10^-7 and size in thousandths of every pair that gains, by `buy>sell`.
    static func opportunities(_ venues: [IntegerVenue], minimumBasisPoints: Int) -> [String: String] {
        var found: [String: String] = [:]
        for (buy, buyer) in venues.enumerated() {
            for (sell, seller) in venues.enumerated() where sell != buy {
                guard buyer.health == .live, seller.health == .live else { continue }
                let paid = buyer.ask.price * (100_000 + buyer.fee)
                let edge = seller.bid.price * (100_000 - seller.fee) - paid
                guard edge > 0, edge * 10_000 > paid * minimumBasisPoints else { continue }
                var size = min(buyer.ask.size, seller.bid.size)
                while size > 0, size % buyer.lot != 0 || size % seller.lot != 0 { size -= 1 }
                guard size > 0, size >= buyer.minSize, size >= seller.minSize else { continue }
                let worth = size * min(buyer.ask.price, seller.bid.price)
                guard worth >= buyer.minNotional * 100_000, worth >= seller.minNotional * 100_000 else {
                    continue
                }
                found["\(buy)>\(sell)"] = "\(edge) \(size) \(edge * size)"
            }
        }
        return found
    }
}

/// One random market: the detector's steps replayed beside the brute force.
private struct RandomMarket {
    static let maxAge: Int64 = 1000

    var random: SplitMix
    var venues: [IntegerVenue]
    var quotes = QuoteTable(settings: QuoteSettings(legMaxAgeMicroseconds: RandomMarket.maxAge))
    var detector: ArbitrageDetector
    let minimumBasisPoints: Int
    let symbol: SymbolID
    var open: [String: String] = [:]
    var ids: Set<String> = []
    var now: Int64 = 1_700_000_000_000_000
    var opened = 0

    init(seed: Int) throws {
        random = SplitMix(state: UInt64(seed))
        minimumBasisPoints = seed % 3 == 0 ? 5 : 0
        let rate = try must(ScaledDecimal(mantissa: Int128(minimumBasisPoints), scale: 4))
        detector = ArbitrageDetector(
            settings: ArbitrageSettings(minimumEdgeRate: rate, updateIntervalMicroseconds: 0)
        )
        symbol = try must(quotes.symbol("X-Y"))
        venues = []
        for index in 0..<(2 + seed % 4) {
            let venue = Self.venue(&random)
            venues.append(venue)
            let facts = MarketFacts(
                kind: .spot,
                takerFee: try decimal(venue.fee, 5),
                lot: try decimal(venue.lot, 3),
                minSize: try decimal(venue.minSize, 3),
                minNotional: try decimal(venue.minNotional, 0)
            )
            detector.setFacts(facts, symbol, try must(quotes.venue("v\(index)")))
        }
    }

    private static func venue(_ random: inout SplitMix) -> IntegerVenue {
        IntegerVenue(
            fee: Int.random(in: 0...60, using: &random),
            lot: [1, 2, 5, 10, 25, 40, 100].randomElement(using: &random) ?? 1,
            minSize: [0, 10, 50].randomElement(using: &random) ?? 0,
            minNotional: [0, 5, 50].randomElement(using: &random) ?? 0
        )
    }

    /// One random record at one venue, then both answers compared.
    mutating func step(_ seq: UInt64) throws {
        now += Int64.random(in: 0...250, using: &random)
        let index = venues.indices.randomElement(using: &random) ?? 0
        let isLive = Int.random(in: 0..<15, using: &random) > 0
        if isLive {
            let bid = Int.random(in: 9950...10050, using: &random)
            venues[index].bid = (bid, Int.random(in: 1...400, using: &random))
            let spread = Int.random(in: 1...20, using: &random)
            venues[index].ask = (bid + spread, Int.random(in: 1...400, using: &random))
        }
        venues[index].received = now
        venues[index].health = isLive ? .live : .invalid
        for other in venues.indices where venues[other].health == .live {
            if now - venues[other].received > Self.maxAge { venues[other].health = .stale }
        }
        var left: [SymbolID] = []
        quotes.expire(now: now) { left.append($0) }
        for symbol in left { detector.evaluate(symbol, quotes, trigger: nil, now: now) }
        _ = quotes.apply(try update(index, seq, isLive), now: now)
        detector.evaluate(symbol, quotes, trigger: nil, now: now)
        replay()
        #expect(open == BruteForce.opportunities(venues, minimumBasisPoints: minimumBasisPoints))
    }

    private mutating func update(_ index: Int, _ seq: UInt64, _ isLive: Bool) throws -> LegUpdate {
        let venue = venues[index]
        var update = LegUpdate(
            invalidating: symbol,
            venue: try must(quotes.venue("v\(index)")),
            identity: RecordIdentity(feed: UInt32(index), epoch: 1, seq: seq),
            receivedMicroseconds: now
        )
        guard isLive else { return update }
        update.isLive = true
        update.bid = PriceLevel(price: try decimal(venue.bid.price, 2), size: try decimal(venue.bid.size, 3))
        update.ask = PriceLevel(price: try decimal(venue.ask.price, 2), size: try decimal(venue.ask.size, 3))
        return update
    }

    /// Follows the steps as a reader of the topic would.
    private mutating func replay() {
        for event in detector.events {
            let pair = "\(event.buyVenue.index)>\(event.sellVenue.index)"
            let figures = event.figures
            let edge = figures.netEdge.mantissa(atScale: 7)
            let size = figures.size.mantissa(atScale: 3)
            let profit = figures.netProfit.mantissa(atScale: 10)
            switch event.state {
            case .open:
                #expect(open[pair] == nil)
                #expect(ids.insert("\(pair):\(event.openedMicroseconds)").inserted)
                opened += 1
                open[pair] = "\(edge) \(size) \(profit)"
            case .update:
                #expect(open[pair] != nil)
                open[pair] = "\(edge) \(size) \(profit)"
            case .close:
                #expect(open[pair] == "\(edge) \(size) \(profit)")
                #expect(event.reason != nil)
                open[pair] = nil
            case .settle:
                Issue.record("nobody is late here")
            }
        }
        detector.removeEvents()
    }

    private func decimal(_ mantissa: Int, _ scale: Int) throws -> ScaledDecimal {
        try must(ScaledDecimal(mantissa: Int128(mantissa), scale: scale))
    }
}

extension ScaledDecimal {
    /// The value in units of 10^-`wanted`, which must be fine enough.
    fileprivate func mantissa(atScale wanted: UInt8) -> Int128 {
        var value = mantissa
        for _ in scale..<max(wanted, scale) { value *= 10 }
        return value
    }
}

@Suite struct `Opportunities on random markets` {
    @Test func `equal the brute force after every record, figures and all`() throws {
        var opened = 0
        for seed in 0..<2000 {
            var market = try RandomMarket(seed: seed)
            for seq in 1...60 { try market.step(UInt64(seq)) }
            opened += market.opened
        }
        // The markets are such that there is much to find; else the comparison proves little.
        #expect(opened > 10_000)
    }
}
