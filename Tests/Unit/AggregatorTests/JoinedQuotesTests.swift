// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import KafkaBus
import Testing
import Wire

@testable import Aggregator

/// The newest quote of every symbol, followed as quotes are told.
private struct NewestQuotes {
    private var positions: [Int32: Int] = [:]
    /// By symbol: what is told but for who told it when, and the ages at that moment.
    private(set) var contents: [String: String] = [:]
    /// The same without the legs of other symbols that are not best: when only those change nothing is told.
    private(set) var essences: [String: String] = [:]
    /// By symbol: how often a leg of another symbol was best.
    private(set) var joinedBests: [String: Int] = [:]
    private let scanner: JSONScanner

    init() throws { scanner = try must(JSONScanner()) }

    mutating func read(_ told: Shelf) throws {
        let topic = TopicRegistry.spec(of: TopicRegistry.quote).name
        for partition in 0..<Int32(Shelf.partitions) {
            let entries = told.entries[Shelf.Place(topic: topic, partition: partition)] ?? []
            for entry in entries[positions[partition, default: 0]...] { try take(entry) }
            positions[partition] = entries.count
        }
    }

    private mutating func take(_ entry: Shelf.Entry) throws {
        var quote = try entry.value.withUnsafeBytes { try QuoteRecord(decoding: $0, scanner: scanner) }
        if quote.bid?.conversion != nil || quote.ask?.conversion != nil {
            joinedBests[quote.head.symbol, default: 0] += 1
        }
        (quote.head.aggregator, quote.head.epoch, quote.head.seq, quote.head.publishedMicroseconds) = (
            "", 0, 0, 0
        )
        for index in quote.legs.indices {
            quote.legs[index].quote.ageMicroseconds = 0
            quote.legs[index].conversion?.market.ageMicroseconds = 0
        }
        contents[quote.head.symbol] = Self.text(quote)
        quote.legs.removeAll { $0.conversion != nil }
        essences[quote.head.symbol] = Self.text(quote)
    }

    private static func text(_ quote: QuoteRecord) -> String {
        var writer = JSONWriter()
        quote.encode(into: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

/// Three instances that share a market in which quotes join each other over partitions, beside one that has it all.
private final class JoinedPlay {
    static let joined = ["A-USDT", "B-USDT"]
    let play: Play
    private(set) var alone: NewestQuotes
    private(set) var together: NewestQuotes
    /// Partitions that another instance has than at the beginning: its first quotes are of a later moment.
    private var moved: Set<Int32> = []

    init(seed: UInt64) throws {
        play = try Play(seed: seed, settings: ["aggregator.conversions=USDC-USDT@x"])
        (alone, together) = (try NewestQuotes(), try NewestQuotes())
        for share: Set<Int32> in [[0, 3], [1, 4], [2, 5]] { try play.join(share) }
    }

    /// One record after the other; after each all newest quotes are equal, but those of partitions that nobody has.
    func run(_ steps: Int, without partitions: Set<Int32> = []) throws {
        for _ in 0..<steps {
            play.run(1)
            try compare(without: partitions)
        }
    }

    func compare(without partitions: Set<Int32> = []) throws {
        try alone.read(play.whole)
        try together.read(play.shared)
        moved.formUnion(partitions)
        for symbol in alone.contents.keys where !partitions.contains(Self.partition(symbol)) {
            if moved.contains(Self.partition(symbol)) {
                #expect(together.essences[symbol] == alone.essences[symbol], "\(symbol)")
            } else {
                #expect(together.contents[symbol] == alone.contents[symbol], "\(symbol)")
            }
        }
    }

    static func partition(_ symbol: String) -> Int32 {
        Int32(KeyPartition.of(symbol, among: Shelf.partitions))
    }
}

@Suite struct `Quotes that join each other over instances` {
    @Test func `lie in partitions of several owners`() throws {
        let play = try JoinedPlay(seed: 1).play
        play.run(100)
        for symbol in JoinedPlay.joined {
            let home = JoinedPlay.partition(symbol)
            let needed = [symbol.replacing("USDT", with: "USDC"), "USDC-USDT"].map(JoinedPlay.partition)
            let owner = try must(play.group.first { $0.engine.share.own.contains(home) })
            #expect(!owner.engine.share.own.isSuperset(of: needed), "\(symbol) has all at home: \(needed)")
            // The session tells nothing of a partition before these are read too.
            #expect(owner.engine.joinPartitions(of: home).isSuperset(of: needed))
            #expect(owner.engine.guestPartitions.union(owner.engine.share.own).isSuperset(of: needed))
        }
    }

    @Test(arguments: [UInt64(2), 5])
    func `are what one tells that has everything, before, during and after a hand-over`(seed: UInt64) throws {
        let joined = try JoinedPlay(seed: seed)
        try joined.run(100)
        let play = joined.play
        for (number, partition) in (0..<Int32(Shelf.partitions)).enumerated() {
            let giver = try must(play.group.first { $0.engine.share.own.contains(partition) })
            let others = play.group.filter { $0 !== giver }
            giver.engine.giveUp([partition], .handedOver, now: play.now)
            try joined.run(10, without: [partition])
            others[number % 2].take([partition])
            try joined.run(15)
        }
        play.finish()
        for symbol in JoinedPlay.joined {
            #expect(joined.together.joinedBests[symbol, default: 0] > 3, "\(symbol)")
        }
    }

    @Test(arguments: [UInt64(9), 19])
    func `are what one tells that has everything, when one of three is killed`(seed: UInt64) throws {
        let joined = try JoinedPlay(seed: seed)
        try joined.run(100)
        let play = joined.play
        let orphaned = play.group.remove(at: 1).engine.share.own
        try joined.run(20, without: orphaned)
        for (number, partition) in orphaned.sorted().enumerated() { play.group[number % 2].take([partition]) }
        try joined.run(40)
    }
}
