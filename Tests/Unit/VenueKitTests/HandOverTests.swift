// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import OrderBooks
import Testing
import Wire

@testable import VenueKit

@Suite struct `A hand-over` {
    private let btc = "BTC-USDT"
    private let eth = "ETH-USDT"

    /// A feed whose only connection has live quotes and trades of BTC-USDT, up to number 3.
    private func live(_ channels: [Channel] = [.trade, .bbo], books: BookRules? = nil) -> EngineWorld {
        let world = EngineWorld([btc], books: books) {
            $0.channels = channels
        }
        world.list([btc, eth])
        world.pass(milliseconds: 50)
        world.open()
        world.frame("ack 1")
        guard channels.contains(.bbo), channels.contains(.trade) else { return world }
        for number in 1...3 {
            world.frame("bbo \(btc) \(number)")
            world.frame("trade \(btc) \(number)")
        }
        return world
    }

    /// The connection that takes over, open and acknowledged.
    private func successor(_ world: EngineWorld) throws -> FeedConnection {
        world.engine.renewConnections("test")
        world.pass(milliseconds: 50)
        let new = try #require(world.engine.handOvers[0]?.new)
        new.socketOpened()
        world.frame("ack 1", on: new)
        return new
    }

    /// The numbers of a topic's records, in order.
    private func numbers(_ world: EngineWorld, _ topic: TopicID, _ field: String) -> [Int] {
        world.records(topic).compactMap { text in
            Int(text.components(between: "\"\(field)\":", and: ",").filter(\.isNumber))
        }
    }

    private func checkOneEpoch(_ world: EngineWorld, _ topic: TopicID) {
        let sent = world.ports.sent.filter { $0.topic == topic }
        #expect(sent.map(\.seq) == Array(1...UInt64(max(sent.count, 1))))
        #expect(Set(sent.map(\.stream)).count == 1)
        #expect(!sent.contains { $0.text.contains("invalid") })
    }

    private func incidents(_ world: EngineWorld, _ kind: IncidentKind) -> Int {
        world.records(TopicRegistry.integrity).count { $0.contains("\"kind\":\"\(kind.rawValue)\"") }
    }

    /// The old connection of a hand-over that is over, looked at from outside.
    private func retired(_ world: EngineWorld, byClosing: Bool) throws -> () -> FeedConnection? {
        weak let old = world.engine.connections[0]
        let new = try successor(world)
        if byClosing { old?.socketClosed(.lost("the venue closed it")) }
        for number in 4...9 {
            if !byClosing, let old {
                world.frame("bbo \(btc) \(number)", on: old)
                world.frame("trade \(btc) \(number)", on: old)
            }
            world.frame("bbo \(btc) \(number)", on: new)
            world.frame("trade \(btc) \(number)", on: new)
            world.pass(milliseconds: 250)
        }
        #expect(world.engine.connections[0] === new && world.engine.handOvers.isEmpty)
        return { [weak old] in old }
    }

    @Test(arguments: [false, true])
    func `leaves nothing of the old connection behind`(byClosing: Bool) throws {
        let world = live()
        let old = try retired(world, byClosing: byClosing)
        #expect(old() == nil)
    }

    // MARK: As planned

    @Test func `loses nothing and doubles nothing`() throws {
        let world = live()
        let old = world.engine.connections[0]
        let new = try successor(world)
        for number in 3...6 {
            // The new connection repeats 3 and is ahead by one from then on.
            world.frame("bbo \(btc) \(number)", on: new)
            world.frame("trade \(btc) \(number)", on: new)
            if number > 3 {
                world.frame("bbo \(btc) \(number)", on: old)
                world.frame("trade \(btc) \(number)", on: old)
            }
            world.pass(milliseconds: 200)
        }
        world.pass(milliseconds: 300)
        #expect(world.engine.connections[0] === new)
        #expect(world.engine.handOvers.isEmpty)
        #expect(world.ports.closes == [1000])
        world.frame("bbo \(btc) 7")
        world.frame("trade \(btc) 7")
        #expect(numbers(world, TopicRegistry.bbo, "venue_seq") == Array(1...7))
        #expect(numbers(world, TopicRegistry.trade, "trade_id") == Array(1...7))
        checkOneEpoch(world, TopicRegistry.bbo)
        checkOneEpoch(world, TopicRegistry.trade)
        world.pass(milliseconds: 500)
        #expect(incidents(world, .handOverBegun) > 0)
        #expect(incidents(world, .handOverDone) > 0)
        #expect(incidents(world, .connectionLost) == 0)
        #expect(world.engine.metrics.handOvers.value == 1)
    }

    @Test func `follows at once where the venue ends the successor as well`() throws {
        let world = live()
        let old = world.engine.connections[0]
        let new = try successor(world)
        new.renew(world.clock.monotonic, "the venue will close it")
        for number in 4...7 {
            for connection in [old, new] {
                world.frame("bbo \(btc) \(number)", on: connection)
                world.frame("trade \(btc) \(number)", on: connection)
            }
            world.pass(milliseconds: 250)
        }
        #expect(world.engine.connections[0] === new)
        #expect(world.engine.handOvers[0]?.old === new)
        let third = try #require(world.engine.handOvers[0]?.new)
        third.socketOpened()
        world.frame("ack 1", on: third)
        for number in 7...12 {
            world.frame("bbo \(btc) \(number)", on: third)
            world.frame("trade \(btc) \(number)", on: third)
            world.pass(milliseconds: 250)
        }
        #expect(world.engine.connections[0] === third)
        #expect(world.engine.handOvers.isEmpty)
        checkOneEpoch(world, TopicRegistry.trade)
    }

    @Test func `publishes trades of the old connection that come late`() throws {
        let world = live()
        let new = try successor(world)
        world.frame("trade \(btc) 6", on: new)
        world.frame("trade \(btc) 7", on: new)
        for number in 4...6 { world.frame("trade \(btc) \(number)") }
        #expect(numbers(world, TopicRegistry.trade, "trade_id") == Array(1...6), "7 is still the old one's")
        world.frame("trade \(btc) 7")
        world.frame("trade \(btc) 8", on: new)
        world.frame("trade \(btc) 8")
        #expect(numbers(world, TopicRegistry.trade, "trade_id") == Array(1...8))
        checkOneEpoch(world, TopicRegistry.trade)
    }

    @Test func `goes on with streams that are quiet on both, after the overlap`() throws {
        let world = live()
        let new = try successor(world)
        world.pass(milliseconds: 900)
        #expect(world.engine.connections[0] !== new)
        world.pass(milliseconds: 300)
        #expect(world.engine.connections[0] === new)
        #expect(new.session.streamState(0) == .live, "what was alive and is acknowledged is alive")
        world.frame("bbo \(btc) 4")
        world.frame("trade \(btc) 4")
        checkOneEpoch(world, TopicRegistry.bbo)
        checkOneEpoch(world, TopicRegistry.trade)
        world.pass(milliseconds: 9_000)
        #expect(incidents(world, .streamSilent) == 0)
    }

    @Test func `repeats nothing of tickers, candles and liquidations`() throws {
        let world = live([.ticker, .candle, .liquidation])
        for time in 1...3 {
            world.frame("tick \(btc) \(time) 100")
            world.frame("candle \(btc) 60 \(time) open")
        }
        world.frame("liq \(btc) 3 100")
        let new = try successor(world)
        for time in 2...6 {
            world.frame("tick \(btc) \(time) 100", on: new)
            world.frame("candle \(btc) 60 \(time) open", on: new)
            if time > 3 {
                world.frame("tick \(btc) \(time) 100")
                world.frame("candle \(btc) 60 \(time) open")
            }
        }
        world.frame("liq \(btc) 3 100", on: new)
        world.frame("liq \(btc) 9 100", on: new)
        world.frame("liq \(btc) 9 100")
        world.pass(milliseconds: 1_200)
        #expect(world.engine.connections[0] === new)
        world.frame("candle \(btc) 60 6 closed")
        #expect(numbers(world, TopicRegistry.ticker, "exchange_us") == Array(1...6))
        #expect(numbers(world, TopicRegistry.liquidation, "exchange_us") == [3, 9])
        #expect(numbers(world, TopicRegistry.candle, "volume") == [1, 2, 3, 4, 5, 6, 6])
        for topic in [TopicRegistry.ticker, TopicRegistry.candle, TopicRegistry.liquidation] {
            checkOneEpoch(world, topic)
        }
    }

    @Test func `happens again and again, each time with another name and within the limit of connections`()
        throws
    {
        let world = live()
        for round in 1...5 {
            let new = try successor(world)
            #expect(new.name == "ws-0.\(round)")
            world.pass(milliseconds: 1_500)
            #expect(world.engine.connections[0] === new)
        }
        #expect(world.ports.links.count == 6)
        world.frame("bbo \(btc) 4")
        checkOneEpoch(world, TopicRegistry.bbo)
        world.pass(milliseconds: 300)
        #expect(world.records(TopicRegistry.feedStatus).last?.contains("\"reconnects\":5") == true)
    }

    @Test func `is shown in the status`() throws {
        let world = live()
        _ = try successor(world)
        world.pass(milliseconds: 500)
        let status = try #require(world.records(TopicRegistry.feedStatus).last)
        #expect(status.contains("\"id\":\"ws-0\",\"endpoint\":\"ws\",\"state\":\"handing_over\""))
        #expect(status.contains("\"id\":\"ws-0.1\",\"endpoint\":\"ws\",\"state\":\"taking_over\""))
    }

    // MARK: When something goes wrong

    @Test func `leaves the old connection alone while the successor is refused`() throws {
        let world = live()
        world.frame("notice")
        let new = try #require(world.engine.handOvers[0]?.new)
        for _ in 0..<3 {
            new.socketClosed(.lost("refused"))
            world.pass(milliseconds: 2_000)
            world.frame("bbo \(btc) 4")
        }
        #expect(world.engine.connections[0] !== new)
        #expect(world.ports.links.count == 5)
        new.socketOpened()
        world.frame("ack 1", on: new)
        world.pass(milliseconds: 1_100)
        #expect(world.engine.connections[0] === new)
        checkOneEpoch(world, TopicRegistry.bbo)
        #expect(incidents(world, .closingNotice) > 0)
    }

    @Test func `invalidates what the successor does not carry in time, and nothing else`() throws {
        let world = live()
        let new = try successor(world)
        for number in 3...19 {
            world.frame("trade \(btc) \(number)", on: new)
            world.frame("bbo \(btc) \(number + 1)")
            world.pass(milliseconds: 1_000)
        }
        #expect(world.engine.connections[0] === new)
        let quotes = world.records(TopicRegistry.bbo)
        #expect(quotes.count { $0.contains("\"reason\":\"connection_lost\"") } == 1)
        checkOneEpoch(world, TopicRegistry.trade)
        #expect(incidents(world, .connectionLost) == 1)
    }

    @Test func `promotes the successor when the old connection dies first`() throws {
        let world = live()
        let new = try successor(world)
        world.frame("trade \(btc) 3", on: new)
        world.engine.connections[0].socketClosed(.lost("cut"))
        #expect(world.engine.connections[0] === new)
        #expect(world.engine.handOvers.isEmpty)
        world.frame("trade \(btc) 4")
        world.frame("bbo \(btc) 9")
        checkOneEpoch(world, TopicRegistry.trade)
        let quotes = world.ports.sent.filter { $0.topic == TopicRegistry.bbo }
        #expect(quotes.map(\.seq) == [1, 2, 3, 4, 1], "it had not proven that it had the quotes")
        #expect(quotes[3].text.contains("\"reason\":\"connection_lost\""))
        world.pass(milliseconds: 2_000)
        #expect(world.ports.links.count == 2, "the old one is not opened again")
    }

    @Test func `goes back to the old connection when the successor dies`() throws {
        let world = live()
        let new = try successor(world)
        for number in 3...4 {
            world.frame("bbo \(btc) \(number)", on: new)
            world.frame("trade \(btc) \(number)", on: new)
            world.frame("bbo \(btc) \(number)")
        }
        new.socketClosed(.lost("cut"))
        world.frame("trade \(btc) 4")
        world.frame("bbo \(btc) 5")
        world.frame("trade \(btc) 5")
        #expect(world.engine.connections[0] !== new)
        #expect(numbers(world, TopicRegistry.bbo, "venue_seq") == Array(1...5))
        #expect(numbers(world, TopicRegistry.trade, "trade_id") == Array(1...5))
        checkOneEpoch(world, TopicRegistry.bbo)
        world.pass(milliseconds: 1_000)
        new.socketOpened()
        world.frame("ack 2", on: new)
        world.pass(milliseconds: 1_100)
        #expect(world.engine.connections[0] === new)
        world.frame("bbo \(btc) 6")
        checkOneEpoch(world, TopicRegistry.bbo)
    }

    @Test func `ends both connections at a shutdown in the middle`() throws {
        let world = live()
        let new = try successor(world)
        world.frame("bbo \(btc) 3", on: new)
        world.engine.shutdown()
        #expect(world.ports.closes == [1000, 1000])
        let invalid = world.records(TopicRegistry.bbo).filter { $0.contains("\"reason\":\"shutdown\"") }
        #expect(invalid.count == 1)
        let count = world.ports.sent.count
        world.frame("bbo \(btc) 4", on: new)
        #expect(world.ports.sent.count == count)
    }

    @Test func `carries streams that are added and removed meanwhile`() throws {
        let world = live()
        let old = world.engine.connections[0]
        let new = try successor(world)
        let streams = old.session.wantedStreams.filter { $0.channel == .trade }
        world.engine.setWanted(streams, on: 0)
        world.pass(milliseconds: 1_100)
        #expect(world.engine.connections[0] === new)
        #expect(new.session.wantedStreams == streams)
        world.frame("trade \(btc) 4")
        checkOneEpoch(world, TopicRegistry.trade)
        #expect(world.records(TopicRegistry.bbo).last?.contains("\"reason\":\"unsubscribed\"") == true)
    }
}
