// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Testing
import Wire

@testable import Aggregator

/// A generated market, read by one instance that has everything and by a group that shares it.
final class Play {
    let shelf = Shelf()
    let whole = Shelf()
    let shared = Shelf()
    let alone: Member
    var group: [Member] = []
    var market: GeneratedMarket
    var now: Int64 = 10_000
    private var openAlone = OpenRoutes()
    private var openTogether = OpenRoutes()
    private let tail: Int
    private let settings: [String]

    init(seed: UInt64, tail: Int = .max, deltasPerSnapshot: Int = 5, settings: [String] = []) throws {
        self.tail = tail
        self.settings = settings
        market = GeneratedMarket(seed: seed, deltasPerSnapshot: deltasPerSnapshot)
        alone = try Member("alone", shelf: shelf, told: whole, settings: settings)
        for instrument in try GeneratedMarket.instruments() { alone.list(instrument) }
        alone.take(Set(0..<Int32(Shelf.partitions)))
        alone.turn(now: now, orphans: whole)
    }

    func join(_ partitions: Set<Int32>) throws {
        let name = "member-\(group.count)"
        let member = try Member(name, shelf: shelf, told: shared, tail: tail, settings: settings)
        for instrument in try GeneratedMarket.instruments() { member.list(instrument) }
        member.take(partitions)
        group.append(member)
        member.turn(now: now, orphans: shared)
    }

    func run(_ steps: Int) {
        for _ in 0..<steps {
            now += Int64(1 + market.dice.roll(3000))
            market.step(now: now, into: shelf)
            alone.turn(now: now, orphans: whole)
            for member in group { member.turn(now: now, orphans: shared) }
        }
    }

    /// Gives partitions from one to another, in the group's order: given up, then taken.
    func move(_ partitions: Set<Int32>, from giver: Member, to taker: Member, pause: Int = 0) {
        giver.engine.giveUp(partitions, .handedOver, now: now)
        run(pause)
        taker.take(partitions)
        run(1)
    }

    func kill(_ index: Int, pause: Int, heirs: (Int32) -> Member) {
        let orphaned = group.remove(at: index).engine.share.own
        run(pause)
        for partition in orphaned.sorted() { heirs(partition).take([partition]) }
        run(1)
    }

    func finish() {
        alone.engine.shutdown(now: now)
        for member in group { member.engine.shutdown(now: now) }
    }

    func steps(_ told: Shelf) throws -> [ToldStep] {
        let scanner = try must(JSONScanner())
        return try told.all(TopicRegistry.opportunity).map { try ToldStep($0, scanner) }
    }

    /// The routes that are open by what was told.
    func open(_ told: Shelf) -> Set<String> {
        if told === whole {
            openAlone.read(told)
            return openAlone.routes
        }
        openTogether.read(told)
        return openTogether.routes
    }
}

/// Which routes are open, followed as they are told: only the id and the state are looked at.
private struct OpenRoutes {
    private var positions: [Int32: Int] = [:]
    private var open: [String: String] = [:]

    var routes: Set<String> { Set(open.values) }

    mutating func read(_ told: Shelf) {
        let topic = TopicRegistry.spec(of: TopicRegistry.opportunity).name
        for partition in 0..<Int32(Shelf.partitions) {
            let entries = told.entries[Shelf.Place(topic: topic, partition: partition)] ?? []
            for entry in entries[positions[partition, default: 0]...] { note(entry) }
            positions[partition] = entries.count
        }
    }

    private mutating func note(_ entry: Shelf.Entry) {
        let fields = String(decoding: entry.value, as: UTF8.self).split(separator: ",")
        func text(_ name: String) -> String {
            let field = fields.first { $0.hasPrefix("\"\(name)\":") }
            return field.map { String($0.dropFirst(name.count + 4).dropLast()) } ?? ""
        }
        let id = text("id")
        switch text("state") {
        case "open", "update": open[id] = String(id[..<(id.lastIndex(of: ":") ?? id.endIndex)])
        default: open[id] = nil
        }
    }
}

/// What must hold of every log of opportunities, whoever wrote it: an id is opened once, closed once, and silent before and
/// after; a route is open once at a time; numbers are contiguous from 1 in each epoch.
private func checkLog(_ steps: [ToldStep]) {
    var state: [String: OpportunityRecord.State] = [:]
    var openRoutes: [String: String] = [:]
    var numbers: [String: UInt64] = [:]
    for step in steps {
        let record = step.record
        let head = record.head
        let stream = "\(head.aggregator) \(head.epoch) \(head.symbol)"
        #expect(head.seq == numbers[stream, default: 0] + 1, "\(stream)")
        numbers[stream] = head.seq
        switch record.state {
        case .open:
            #expect(state[record.id] == nil, "opened twice: \(record.id)")
            #expect(openRoutes[step.route] == nil, "open twice at a time: \(step.route)")
            openRoutes[step.route] = record.id
        case .update:
            #expect(state[record.id] == .open || state[record.id] == .update, "\(record.id)")
        case .close:
            #expect(state[record.id] == .open || state[record.id] == .update, "closed twice: \(record.id)")
            openRoutes[step.route] = nil
        case .settle:
            #expect(state[record.id] == .close, "\(record.id)")
        }
        state[record.id] = record.state
    }
    #expect(openRoutes.isEmpty, "left open: \(openRoutes.values.sorted())")
}

@Suite struct `Instances that share a market` {
    static let shares: [[Set<Int32>]] = [
        [[0, 1, 2], [3, 4, 5]], [[0, 2, 4], [1, 3, 5]], [[0, 5], [1, 4], [2, 3]],
        [[0], [1], [2], [3], [4], [5]],
    ]

    @Test(arguments: shares, [UInt64(1), 2])
    func `tell together exactly what one tells that has everything`(
        shares: [Set<Int32>],
        seed: UInt64
    ) throws {
        let play = try Play(seed: seed)
        for share in shares { try play.join(share) }
        play.run(200)
        play.finish()
        let (whole, shared) = (try play.steps(play.whole), try play.steps(play.shared))
        #expect(shared.map(\.content).sorted() == whole.map(\.content).sorted())
        #expect(whole.count > 100)
        // The generated market has every kind of route, and routes over partitions of several owners.
        #expect(Set(whole.map(\.record.kind)).count == OpportunityRecord.Kind.allCases.count)
        checkLog(whole)
        checkLog(shared)
        for topic in [TopicRegistry.quote, TopicRegistry.aggregatedBook] {
            #expect(bare(play.shared, topic) == bare(play.whole, topic))
        }
    }

    /// The records of a topic without who told them.
    private func bare(_ told: Shelf, _ topic: TopicID) -> [String] {
        told.all(topic).map { entry in
            let text = String(decoding: entry.value, as: UTF8.self)
            let parts = text.split(separator: ",").filter { part in
                !["\"aggregator\"", "\"epoch\"", "\"seq\""].contains { part.hasPrefix($0) }
            }
            return parts.joined(separator: ",")
        }.sorted()
    }

    @Test(arguments: [UInt64(1), 2])
    func `hand partitions over without doubling or inventing anything`(seed: UInt64) throws {
        let play = try Play(seed: seed)
        try play.join([0, 1, 2, 3, 4, 5])
        play.run(200)
        try play.join([])
        for partition: Int32 in [4, 1, 5] {
            play.move([partition], from: play.group[0], to: play.group[1], pause: 20)
            #expect(play.open(play.shared) == play.open(play.whole))
            play.run(60)
            #expect(play.open(play.shared) == play.open(play.whole))
        }
        try play.join([])
        play.move([0], from: play.group[0], to: play.group[2], pause: 5)
        play.move([1, 5], from: play.group[1], to: play.group[2], pause: 5)
        play.run(60)
        #expect(play.open(play.shared) == play.open(play.whole))
        play.move([0, 1], from: play.group[2], to: play.group[0], pause: 0)
        play.run(60)
        #expect(play.open(play.shared) == play.open(play.whole))
        play.finish()
        let steps = try play.steps(play.shared)
        checkLog(steps)
        #expect(steps.contains { $0.record.reason == .handedOver })
    }

    @Test(arguments: [UInt64(1), 2])
    func `close what a killed one left open, once`(seed: UInt64) throws {
        let play = try Play(seed: seed)
        for share: Set<Int32> in [[0, 1], [2, 3], [4, 5]] { try play.join(share) }
        play.run(200)
        play.kill(1, pause: 30) { [group = play.group] in group[$0 == 2 ? 0 : 2] }
        #expect(play.open(play.shared) == play.open(play.whole))
        play.run(100)
        #expect(play.open(play.shared) == play.open(play.whole))
        let heir = play.group[1]
        play.kill(0, pause: 10) { _ in heir }
        play.run(100)
        play.finish()
        let steps = try play.steps(play.shared)
        checkLog(steps)
        #expect(steps.contains { $0.record.reason == .restarted })
    }

    @Test(arguments: [UInt64(5), 6])
    func `invent nothing from books whose snapshot is out of reach`(seed: UInt64) throws {
        // The newest four records of a partition hold few snapshots; those recur after ten deltas.
        let play = try Play(seed: seed, tail: 4, deltasPerSnapshot: 10)
        for share: Set<Int32> in [[0, 1, 2], [3, 4, 5]] { try play.join(share) }
        play.run(300)
        play.move([1, 2], from: play.group[0], to: play.group[1], pause: 3)
        for _ in 0..<40 {
            let (shared, whole) = (play.open(play.shared), play.open(play.whole))
            #expect(shared.subtracting(whole).isEmpty)
            play.run(5)
        }
        play.run(700)
        #expect(play.open(play.shared) == play.open(play.whole))
        play.finish()
        checkLog(try play.steps(play.shared))
    }

    @Test func `know only what their own routes lead through`() throws {
        let play = try Play(seed: 1)
        try play.join([5])
        play.run(50)
        let engine = play.group[0].engine
        for index in engine.states.indices {
            let (state, name) = (engine.states[index], engine.symbolName(UInt32(index)))
            #expect((state.standing == .own) == (KeyPartition.of(name, among: 6) == 5), "\(name)")
            #expect(state.speaks == (state.standing == .own), "\(name)")
        }
        #expect(engine.states.contains { $0.standing == .stranger } || engine.guestPartitions.count == 5)
        play.group[0].engine.giveUp([5], .handedOver, now: play.now)
        play.run(1)
        #expect(engine.states.allSatisfy { $0.standing == .stranger })
        #expect(engine.guestPartitions.isEmpty)
    }

    @Test func `tell nothing of a partition that was lost, and begin anew when it is back`() throws {
        let play = try Play(seed: 2)
        try play.join([0, 1, 2, 3, 4, 5])
        play.run(200)
        let before = try play.steps(play.shared).count
        play.group[0].engine.giveUp([0, 1, 2, 3, 4, 5], nil, now: play.now)
        play.run(50)
        #expect(try play.steps(play.shared).count == before)
        play.group[0].take([0, 1, 2, 3, 4, 5])
        play.run(100)
        #expect(play.open(play.shared) == play.open(play.whole))
        play.finish()
        checkLog(try play.steps(play.shared))
    }
}
