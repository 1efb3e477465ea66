// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OrderBooks
import Testing
import Wire

@testable import VenueKit

@Suite struct `A book over a hand-over` {
    private let btc = "BTC-USDT"

    private func world(_ rules: BookRules, _ channels: [Channel] = [.book]) -> EngineWorld {
        let world = EngineWorld([btc], books: rules) { $0.channels = channels }
        world.list([btc])
        world.pass(milliseconds: 50)
        world.open()
        world.frame("ack 1")
        return world
    }

    /// With a book that begins at 5 and is at 6.
    private func called() -> EngineWorld {
        let world = world(BookWords.called)
        world.frame("book \(btc) 1 5 b90:1")
        world.pass(milliseconds: 50)
        let question = world.ports.questions.removeFirst()
        world.engine.queries.arrived(question.token, .body(Array("snap \(btc) 5 b98:1 a101:1".utf8)))
        world.frame("book \(btc) 6 6 b90:1")
        return world
    }

    private func successor(_ world: EngineWorld) throws -> FeedConnection {
        world.engine.renewConnections("test")
        world.pass(milliseconds: 50)
        let new = try #require(world.engine.handOvers[0]?.new)
        new.socketOpened()
        world.frame("ack 1", on: new)
        return new
    }

    private func check(_ world: EngineWorld, _ new: FeedConnection, _ kinds: [String]) {
        world.pass(milliseconds: 1_500)
        #expect(world.engine.connections[0] === new)
        let sent = world.ports.sent.filter { $0.topic == TopicRegistry.book }
        #expect(sent.map(\.seq) == Array(1...UInt64(max(sent.count, 1))))
        #expect(Set(sent.map(\.stream)).count == 1)
        let given = sent.map { $0.text.components(between: "\"kind\":\"", and: "\"") }
        #expect(given == kinds)
        #expect(!world.records(TopicRegistry.integrity).contains { $0.contains("book_fault") })
    }

    private func lastNumbers(_ world: EngineWorld) -> [String] {
        world.records(TopicRegistry.book).map { $0.components(between: "\"venue_seq\":", and: ",") }
    }

    @Test func `goes on from number to number, with the successor behind`() throws {
        let world = called()
        let new = try successor(world)
        world.frame("book \(btc) 7 8 b91:1")
        world.frame("book \(btc) 9 9 b92:1")
        world.frame("book \(btc) 7 8 b91:1", on: new)
        world.frame("book \(btc) 9 9 b92:1", on: new)
        world.frame("book \(btc) 10 10 b93:1")
        world.frame("book \(btc) 10 10 b93:1", on: new)
        check(world, new, ["snapshot", "delta", "delta", "delta", "delta"])
        world.frame("book \(btc) 11 11 b94:1")
        #expect(lastNumbers(world) == ["5", "6", "8", "9", "10", "11"])
        #expect(world.ports.questions.isEmpty, "no snapshot is asked for")
    }

    @Test func `goes on from number to number, with the successor ahead`() throws {
        let world = called()
        let new = try successor(world)
        world.frame("book \(btc) 8 8 b91:1", on: new)
        world.frame("book \(btc) 9 9 b92:1", on: new)
        world.frame("book \(btc) 7 7 b91:1")
        world.frame("book \(btc) 8 8 b91:1")
        world.frame("book \(btc) 9 9 b92:1")
        world.frame("book \(btc) 10 10 b93:1", on: new)
        world.frame("book \(btc) 10 10 b93:1")
        check(world, new, Array(["snapshot"] + Array(repeating: "delta", count: 5)))
        #expect(lastNumbers(world) == ["5", "6", "7", "8", "9", "10"])
    }

    @Test func `may be quiet`() throws {
        let world = called()
        let new = try successor(world)
        check(world, new, ["snapshot", "delta"])
        world.frame("book \(btc) 7 7 b93:1")
        #expect(lastNumbers(world) == ["5", "6", "7"])
    }

    @Test func `does not begin anew with a numbered snapshot that is pushed`() throws {
        for isAhead in [false, true] {
            let world = world(BookWords.chained)
            world.frame("snap \(btc) 4 b98:1 a101:1")
            world.frame("book \(btc) 4 6 b90:1")
            let new = try successor(world)
            world.frame("snap \(btc) \(isAhead ? 9 : 6) b98:1 b90:1 a101:1", on: new)
            world.frame("book \(btc) 6 9 b91:1")
            if !isAhead { world.frame("book \(btc) 6 9 b91:1", on: new) }
            world.frame("book \(btc) 9 12 b92:1", on: new)
            world.frame("book \(btc) 9 12 b92:1")
            check(world, new, ["snapshot", "delta", "delta", "delta"])
            #expect(lastNumbers(world) == ["4", "6", "9", "12"])
        }
    }

    @Test func `follows the successor's snapshot where there are no numbers, and its quotes with it`() throws
    {
        let world = world(BookWords.numberless, [.book, .bbo])
        world.frame("snap \(btc) - b98:1 a101:1")
        let new = try successor(world)
        world.frame("book \(btc) - - b99:1")
        world.frame("book \(btc) - - b70:1", on: new)
        world.frame("snap \(btc) - b99:1 a101:1", on: new)
        world.frame("book \(btc) - - b60:1")
        world.frame("book \(btc) - - b97:1", on: new)
        check(world, new, ["snapshot", "delta", "snapshot", "delta"])
        let bids = world.records(TopicRegistry.bbo).map { $0.components(between: "\"bid\":\"", and: "\"") }
        #expect(bids == ["98", "99"])
        #expect(!world.records(TopicRegistry.book).contains { $0.contains("\"60\"") })
    }

    @Test func `is asked for again where its snapshot was not taken before the old connection died`() throws {
        let world = world(BookWords.chained)
        world.frame("snap \(btc) 4 b98:1 a101:1")
        let new = try successor(world)
        world.frame("snap \(btc) 9 b98:1 a101:1", on: new)
        world.ports.texts.removeAll()
        world.engine.connections[0].socketClosed(.lost("cut"))
        #expect(world.ports.texts == ["unsub 2", "sub 3"])
        world.frame("snap \(btc) 12 b98:1 a101:1", on: new)
        let kinds = world.records(TopicRegistry.book).map { $0.components(between: "\"kind\":\"", and: "\"") }
        #expect(kinds == ["snapshot", "invalid", "snapshot"])
    }
}
