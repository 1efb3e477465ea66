// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Testing

@testable import Quotes

/// A small, seeded generator, so that a failing run can be run again.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed &>> 31)
    }
}

/// The rules again, without cleverness: the last accepted word of each leg, judged anew at every look.
private struct PlainReference {
    struct Word {
        var epoch: Int64
        var seq: UInt64
        var received: Int64
        var isLive: Bool
        var bid: (price: Int, size: Int)?
        var ask: (price: Int, size: Int)?
    }

    let names: [String]
    let maxAge: Int64
    var words: [[Word?]]

    mutating func take(_ symbol: Int, _ venue: Int, _ word: Word) -> Bool {
        if let last = words[symbol][venue], (word.epoch, word.seq) <= (last.epoch, last.seq) { return false }
        words[symbol][venue] = word
        return true
    }

    func view(_ symbol: Int, now: Int64) -> String {
        let live = names.indices.filter { venue in
            guard let word = words[symbol][venue] else { return false }
            return word.isLive && now - word.received <= maxAge
        }
        let bids = live.compactMap { venue in
            words[symbol][venue]?.bid.map { (-$0.price, -$0.size, names[venue]) }
        }.sorted { $0 < $1 }
        let asks = live.compactMap { venue in
            words[symbol][venue]?.ask.map { ($0.price, -$0.size, names[venue]) }
        }.sorted { $0 < $1 }
        let bid = bids.first.map { "\(-$0.0) \(-$0.1) \($0.2)" } ?? "-"
        let ask = asks.first.map { "\($0.0) \(-$0.1) \($0.2)" } ?? "-"
        return "\(bid) / \(ask) of \(live.count)"
    }
}

@Suite struct `Consolidated quotes on random markets` {
    @Test(arguments: 0..<200) func `equal the plain reference after every record`(seed: Int) throws {
        var random = SplitMix(state: UInt64(seed))
        let names = Array(["okx", "binance", "htx", "coinbase", "abc", "zeta"].prefix(2 + seed % 5))
        var table = QuoteTable(settings: QuoteSettings(legMaxAgeMicroseconds: 500))
        var reference = PlainReference(
            names: names,
            maxAge: 500,
            words: Array(repeating: Array(repeating: nil, count: names.count), count: 3)
        )
        var now: Int64 = 1_000_000
        for _ in 0..<300 {
            now += Int64.random(in: 0...60, using: &random)
            let (symbol, venue) = (
                Int.random(in: 0..<3, using: &random), names.indices.randomElement(using: &random) ?? 0
            )
            let word = Self.word(now, &random)
            let outcome = table.apply(try Self.update(&table, symbol, names[venue], word), now: now)
            let isTaken = reference.take(symbol, venue, word)
            if case .ignored = outcome { #expect(!isTaken) } else { #expect(isTaken) }
            table.expire(now: now) { _ in }
            for index in 0..<3 {
                let id = try must(table.symbol("S\(index)"))
                #expect(Self.view(table, id) == reference.view(index, now: now))
            }
        }
    }

    private static func word(_ now: Int64, _ random: inout SplitMix) -> PlainReference.Word {
        let level = { (random: inout SplitMix) -> (price: Int, size: Int)? in
            if Int.random(in: 0..<12, using: &random) == 0 { return nil }
            return (Int.random(in: 95...105, using: &random), Int.random(in: 1...3, using: &random))
        }
        return PlainReference.Word(
            epoch: Int64.random(in: 1...3, using: &random) / 2,
            seq: UInt64(now / 40) + UInt64.random(in: 0...2, using: &random),
            received: now - Int64.random(in: 0...200, using: &random),
            isLive: Int.random(in: 0..<10, using: &random) > 0,
            bid: level(&random),
            ask: level(&random)
        )
    }

    private static func update(
        _ table: inout QuoteTable,
        _ symbol: Int,
        _ venue: String,
        _ word: PlainReference.Word
    ) throws -> LegUpdate {
        for index in 0..<3 { _ = table.symbol("S\(index)") }
        let level = { (level: (price: Int, size: Int)?) -> PriceLevel? in
            level.map {
                PriceLevel(price: ScaledDecimal(Int64($0.price)), size: ScaledDecimal(Int64($0.size)))
            }
        }
        var update = LegUpdate(
            symbol: try must(table.symbol("S\(symbol)")),
            venue: try must(table.venue(venue)),
            identity: RecordIdentity(
                feed: try must(table.feed(venue)),
                epoch: word.epoch,
                seq: word.seq
            ),
            exchangeMicroseconds: EventTime.none,
            receivedMicroseconds: word.received,
            bid: word.isLive ? level(word.bid) : nil,
            ask: word.isLive ? level(word.ask) : nil
        )
        update.isLive = word.isLive
        return update
    }

    private static func view(_ table: QuoteTable, _ symbol: SymbolID) -> String {
        let quote = table.quote(of: symbol)
        let note = { (side: BestSide?) -> String in
            side.map { "\($0.level.price) \($0.level.size) \(table.name(of: $0.venue))" } ?? "-"
        }
        return "\(note(quote.bid)) / \(note(quote.ask)) of \(quote.liveLegs)"
    }
}
