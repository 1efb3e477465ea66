// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OrderBooks
import Testing
import Wire

@testable import VenueKit

@Suite struct `A capture over a hand-over` {
    /// Keeps a tape's lines.
    private final class Lines: CaptureSink {
        var lines: [String] = []

        func append(_ line: UnsafeRawBufferPointer) { lines.append(String(decoding: line, as: UTF8.self)) }
    }

    private let btc = "BTC-USDT"

    /// The records that the lines give, after an instrument list.
    private func replayed(_ lines: [String], books: BookRules?) -> EnginePorts {
        let ports = EnginePorts()
        let normalizer = Normalizer(venue: LineVenue(books: books), feed: "feed-1", market: nil, sink: ports)
        let list =
            "{\"recv_ns\":1,\"conn\":\"rest\",\"dir\":\"http\",\"url\":\"http://venue/list/spot\","
            + "\"msg\":\"BTC-USDT\"}"
        for line in [list] + lines {
            var line = line
            line.withUTF8 { normalizer.take(line: UnsafeRawBufferPointer($0), readable: $0.count) }
        }
        #expect(normalizer.deadLetters == 0)
        return ports
    }

    /// What tells a record from another, the time of publishing left out.
    private func told(_ ports: EnginePorts, _ topic: TopicID) -> [String] {
        ports.sent.filter { $0.topic == topic }.map { record in
            let fields = ["venue_seq", "trade_id", "kind"].map {
                record.text.components(between: "\"\($0)\":", and: ",")
            }
            return "\(record.seq) \(fields.joined(separator: " "))"
        }
    }

    private func live(
        _ world: EngineWorld,
        _ lines: Lines
    ) throws -> (old: FeedConnection, new: FeedConnection) {
        world.engine.tape = FrameTape(lines)
        world.list([btc])
        world.pass(milliseconds: 50)
        world.open()
        world.frame("ack 1")
        world.frame("snap \(btc) 4 b98:1 a101:1")
        for number in 1...3 {
            world.frame("bbo \(btc) \(number)")
            world.frame("trade \(btc) \(number)")
        }
        world.engine.renewConnections("test")
        world.pass(milliseconds: 50)
        let new = try #require(world.engine.handOvers[0]?.new)
        new.socketOpened()
        world.frame("ack 1", on: new)
        return (world.engine.connections[0], new)
    }

    @Test func `gives the records of the feed, none doubled and none missing`() throws {
        let lines = Lines()
        let world = EngineWorld([btc], books: BookWords.chained) { $0.channels = [.trade, .bbo, .book] }
        let (old, new) = try live(world, lines)
        world.frame("snap \(btc) 4 b98:1 a101:1", on: new)
        for number in 3...6 {
            for connection in number > 3 ? [new, old] : [new] {
                world.frame("bbo \(btc) \(number)", on: connection)
                world.frame("trade \(btc) \(number)", on: connection)
                if number > 3 { world.frame("book \(btc) \(number) \(number + 1) b97:1", on: connection) }
            }
            world.pass(milliseconds: 200)
        }
        world.pass(milliseconds: 300)
        #expect(world.engine.connections[0] === new)
        world.frame("bbo \(btc) 7")
        world.frame("trade \(btc) 7")
        world.frame("book \(btc) 7 8 b97:2")
        #expect(lines.lines.contains { $0.contains("\"conn\":\"ws-0.1\",\"dir\":\"open\"") })
        let replay = replayed(lines.lines, books: BookWords.chained)
        for topic in [TopicRegistry.trade, TopicRegistry.bbo, TopicRegistry.book] {
            #expect(told(replay, topic) == told(world.ports, topic))
        }
        #expect(told(replay, TopicRegistry.trade).count == 7)
    }

    @Test func `goes back to the old connection with the feed`() throws {
        let lines = Lines()
        let world = EngineWorld([btc])
        let (old, new) = try live(world, lines)
        for number in 3...4 {
            world.frame("bbo \(btc) \(number)", on: new)
            world.frame("trade \(btc) \(number)", on: new)
        }
        new.socketClosed(.lost("cut"))
        for number in 4...6 {
            world.frame("bbo \(btc) \(number)", on: old)
            world.frame("trade \(btc) \(number)", on: old)
        }
        let replay = replayed(lines.lines, books: nil)
        #expect(told(replay, TopicRegistry.trade) == told(world.ports, TopicRegistry.trade))
        #expect(told(world.ports, TopicRegistry.bbo).count == 6)
    }
}
