// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Lifecycle
import Synchronization
import Testing
import Wire

@testable import VenueKit

@Suite struct `An engine that shares its venue's symbols` {
    private typealias W = SharingWords
    private let zero = W.symbols(0)[0]
    private let one = W.symbols(1)[0]

    private func world() -> EngineWorld {
        let world = EngineWorld([zero, one]) { $0.sharing = SharingSettings() }
        world.list([zero, one])
        world.pass(milliseconds: 100)
        return world
    }

    /// To live streams of what is its own.
    private func live(_ partitions: Int...) -> EngineWorld {
        let world = world()
        world.engine.take(.shares(SymbolShares(partitions: Set(partitions), count: W.count)))
        world.open()
        world.frame("ack 1")
        for partition in partitions {
            let symbol = partition == 0 ? zero : one
            world.frame("bbo \(symbol) 1")
            world.frame("trade \(symbol) 1")
        }
        world.pass(milliseconds: 300)
        return world
    }

    private func status(_ world: EngineWorld) throws -> FeedStatusRecord {
        let scanner = try #require(JSONScanner(capacity: 1 << 16))
        let text = try #require(world.records(TopicRegistry.feedStatus).last { !$0.isEmpty })
        return try Array(text.utf8).withUnsafeBytes { try FeedStatusRecord(decoding: $0, scanner: scanner) }
    }

    private func both(_ state: FeedStatusRecord.StreamState = .live) -> [FeedStatusRecord.Stream] {
        [zero, one].flatMap { symbol in ["trade", "bbo"].map { W.stream(symbol, $0, state) } }
    }

    @Test func `it asks for nothing before the group has spoken, then for its own alone`() throws {
        let world = world()
        #expect(world.ports.urls.isEmpty)
        #expect(!world.observability.readiness.isReady)
        world.engine.take(.shares(W.shares(1)))
        world.pass(milliseconds: 300)
        #expect(world.ports.urls.count == 1)
        #expect(Set(try status(world).streams.map(\.symbol)) == [one])
        #expect(try status(world).share == .init(partitions: [1], count: 2, leaving: 0))
    }

    @Test func `one that owns nothing stands by, ready`() throws {
        let world = world()
        world.engine.take(.shares(W.shares()))
        world.pass(milliseconds: 300)
        #expect(world.ports.urls.isEmpty)
        #expect(world.observability.readiness.isReady)
        #expect(world.engine.shareWords == "; stands by: owns none of 2 partitions")
        #expect(try status(world).ready)
        world.engine.take(.shares(W.shares(0)))
        #expect(world.ports.urls.count == 1)
    }

    @Test func `what another takes over flows until it does, and ends in order; the rest has no gap`() throws
    {
        let world = live(0, 1)
        world.forget()
        world.engine.take(.shares(W.shares(0)))
        world.frame("bbo \(one) 2")
        world.pass(milliseconds: 300)
        #expect(try status(world).share?.leaving == 1)
        world.engine.take(.status(W.status("feed-2", owns: 1, streams: both(.pending))))
        world.frame("bbo \(one) 3")
        world.engine.take(.status(W.status("feed-2", owns: 1, streams: both())))
        world.frame("bbo \(one) 4")
        world.frame("bbo \(zero) 2")
        let quotes = world.ports.sent.filter { $0.topic == TopicRegistry.bbo }
        #expect(quotes.map(\.key) == [one, one, one, zero])
        #expect(quotes.map(\.seq) == [2, 3, 4, 2])
        #expect(quotes[2].text.contains("\"reason\":\"unsubscribed\""))
        #expect(world.ports.urls.count == 1)
        world.pass(milliseconds: 300)
        #expect(try status(world).share == .init(partitions: [0], count: 2, leaving: 0))
        let accounts = world.records(TopicRegistry.integrity).filter { $0.contains("\"kind\":\"minute\"") }
        #expect(accounts.contains { $0.contains(one) }, "the last numbers are told at once")
    }

    @Test func `wishes count for their owner alone`() throws {
        let world = live(0)
        world.engine.take(
            SubscriptionNews.changed([SubscriptionWish(symbol: one, channels: ["bbo", "ticker"])])
        )
        world.pass(milliseconds: 300)
        #expect(Set(try status(world).streams.map(\.symbol)) == [zero])
        world.engine.take(.shares(W.shares(0, 1)))
        world.pass(milliseconds: 300)
        let channels = try status(world).streams.filter { $0.symbol == one }.map(\.channel)
        #expect(channels == ["bbo", "ticker"])
    }

    @Test func `a feed of the same name ends the service, one's own words do not`() throws {
        let world = live(0, 1)
        var own = try status(world)
        world.engine.take(.status(own))
        #expect(world.ports.failure == nil)
        own.publishedMicroseconds += 1
        world.engine.take(.status(own))
        #expect(world.ports.failure?.code == .configuration)
        #expect(world.ports.failure?.reason.contains("service.instance") == true)
    }

    @Test func `a dead feed's symbols are announced by who has them`() throws {
        let world = live(0)
        world.engine.take(.status(W.status("feed-2", owns: 1, streams: both(), published: 4711)))
        world.engine.take(.shares(W.shares(0, 1)))
        world.pass(milliseconds: 12_500)
        let told = world.records(TopicRegistry.integrity).filter { $0.contains("\"taken_over\"") }
        #expect(told.count == 2, "trade and bbo")
        #expect(told.allSatisfy { $0.contains(one) && !$0.contains(zero) && $0.contains("feed-2") })
        #expect(told.allSatisfy { $0.contains("4711") })
    }

    @Test func `asked to stop it goes on until others have all, and takes its status back at the end`() throws
    {
        let world = live(0, 1)
        let isDone = Flag()
        world.engine.take(.status(W.status("feed-2", owns: [], streams: [])))
        world.engine.take(.leave(done: { isDone.raise() }))
        world.pass(milliseconds: 1000)
        world.forget()
        world.frame("bbo \(zero) 7")
        #expect(world.records(TopicRegistry.bbo).count == 1)
        #expect(!isDone.isRaised)
        world.engine.take(.status(W.status("feed-2", owns: 0, 1, streams: both())))
        #expect(isDone.isRaised)
        world.engine.shutdown()
        let last = world.ports.sent.filter { $0.topic == TopicRegistry.feedStatus }
        #expect(last.last?.text.isEmpty == true, "a tombstone")
    }

    @Test func `alone it stops at once`() {
        let world = live(0, 1)
        let isDone = Flag()
        world.engine.take(.leave(done: { isDone.raise() }))
        #expect(isDone.isRaised)
        world.forget()
        world.engine.shutdown()
        #expect(world.records(TopicRegistry.bbo).allSatisfy { $0.contains("\"reason\":\"shutdown\"") })
    }
}

private final class Flag: Sendable {
    private let raised = Atomic<Bool>(false)

    var isRaised: Bool { raised.load(ordering: .relaxed) }

    func raise() { raised.store(true, ordering: .relaxed) }
}
