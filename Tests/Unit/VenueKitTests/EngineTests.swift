// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Testing
import Wire

@testable import VenueKit

@Suite struct `A feed engine` {
    private let btc = "BTC-USDT"
    private let eth = "ETH-USDT"

    @Test func `lists instruments, publishes them, and connects to what they name`() {
        let world = EngineWorld([btc], adjust: { $0.endpoints["ws"] = "ws://twin/" })
        #expect(world.ports.fetches.map(\.url) == ["http://venue/list/spot"])
        world.list([btc, eth])
        #expect(world.records(TopicRegistry.instrument).count == 2)
        world.pass(milliseconds: 50)
        #expect(world.ports.urls == ["ws://twin/stream"])
        world.open()
        #expect(world.ports.texts == ["sub 1"])
    }

    @Test func `waits with its sockets until records travel`() {
        let world = EngineWorld([btc])
        world.ports.isReady = false
        world.list([btc])
        world.pass(milliseconds: 1000)
        #expect(world.ports.urls.isEmpty)
        world.ports.isReady = true
        world.pass(milliseconds: 50)
        #expect(world.ports.urls.count == 1)
    }

    @Test func `publishes frames in order with contiguous numbers`() {
        let world = EngineWorld([btc])
        world.goLive(btc)
        world.forget()
        for number in 2...5 { world.frame("bbo \(btc) \(number)") }
        let sent = world.ports.sent.filter { $0.topic == TopicRegistry.bbo }
        #expect(sent.map(\.seq) == [2, 3, 4, 5])
        #expect(sent.allSatisfy { $0.key == btc })
    }

    @Test func `begins a new epoch after every loss, with the invalid record at the end of the old one`() {
        let world = EngineWorld([btc])
        world.goLive(btc)
        world.forget()
        world.engine.connections[0].socketClosed(.lost("cut"))
        let last = world.ports.sent.filter { $0.topic == TopicRegistry.bbo }
        #expect(last.map(\.seq) == [2])
        #expect(last[0].text.contains("\"state\":\"invalid\""))
        #expect(last[0].text.contains("\"reason\":\"connection_lost\""))
        world.pass(milliseconds: 300)
        world.open()
        world.frame("bbo \(btc) 9")
        let next = world.ports.sent.filter { $0.topic == TopicRegistry.bbo }.last
        #expect(next?.seq == 1)
        #expect(next?.stream != last[0].stream)
    }

    @Test func `does not listen to a socket that it gave up`() {
        let world = EngineWorld([btc])
        world.goLive(btc)
        let old = world.ports.links[0]
        for _ in 0..<10 { world.frame("garbage") }
        #expect(world.ports.closes == [1000])
        world.pass(milliseconds: 1000)
        #expect(world.ports.links.count == 2)
        #expect(world.engine.connections[0].link !== old)
    }

    @Test func `refuses a symbol that is not listed, naming the nearest, once every market answered`() {
        let world = EngineWorld(["BTC-USTD", btc], markets: ["spot", "swap"])
        world.list([btc, eth])
        #expect(world.ports.failure == nil, "the other market may have it")
        world.engine.instrumentsArrived(1, .failure(InstrumentsFailure(detail: "empty", isEmpty: true)))
        world.engine.instrumentsArrived(1, .failure(InstrumentsFailure(detail: "empty", isEmpty: true)))
        #expect(world.ports.failure?.code == .configuration)
        #expect(world.ports.failure?.reason.contains("BTC-USTD") == true)
        #expect(world.ports.failure?.reason.contains("did you mean BTC-USDT") == true)
        #expect(world.ports.urls.isEmpty, "nothing is half-started")
    }

    @Test func `leaves default symbols out that the markets do not list`() {
        let world = EngineWorld([btc, "ETH-USDT-PERP"], chosen: false)
        world.list([btc])
        world.pass(milliseconds: 50)
        #expect(world.ports.failure == nil)
        #expect(world.engine.connections.map(\.session.count) == [2])
    }

    @Test func `asks for instruments again after a failure, and says so in its readiness`() {
        let world = EngineWorld([btc])
        world.engine.instrumentsArrived(0, .failure(InstrumentsFailure(detail: "HTTP 503")))
        world.pass(milliseconds: 300)
        #expect(world.ports.fetches.count == 2)
        #expect(world.observability.readiness.report.contains("HTTP 503"))
        let failure = InstrumentsFailure(detail: "HTTP 429", retryAfterMilliseconds: 5000)
        world.engine.instrumentsArrived(0, .failure(failure))
        world.pass(milliseconds: 4900)
        #expect(world.ports.fetches.count == 2)
        world.pass(milliseconds: 200)
        #expect(world.ports.fetches.count == 3)
    }

    @Test func `publishes changes of instruments, and announces one that is gone`() {
        let world = EngineWorld([btc], adjust: { $0.instrumentsRefreshMilliseconds = 10_000 })
        world.goLive(btc, eth)
        world.forget()
        world.pass(milliseconds: 10_100)
        #expect(world.ports.fetches.count == 2)
        world.list([eth])
        let changed = world.records(TopicRegistry.instrument)
        #expect(changed.count == 1)
        #expect(changed[0].contains("\"status\":\"closed\""))
        world.pass(milliseconds: 100)
        #expect(world.records(TopicRegistry.integrity).contains { $0.contains("\"kind\":\"delisted\"") })
    }

    @Test func `makes dead letters of frames that can't be read, sixty a minute, and counts the rest`() {
        let world = EngineWorld([btc])
        world.goLive(btc)
        for number in 0..<200 {
            world.frame("garbage \(number)")
            if number % 5 == 4 { world.frame("bbo \(btc) \(number)") }
        }
        #expect(world.records(TopicRegistry.deadLetter).count == 60)
        #expect(world.engine.metrics.deadLetters.value == 200)
        #expect(world.engine.metrics.deadLettersDropped.value == 140)
        #expect(world.engine.connections[0].session.state == .open)
        world.pass(milliseconds: 60_100)
        #expect(world.records(TopicRegistry.integrity).contains { $0.contains("140 beyond 60 a minute") })
    }

    @Test func `does not publish events of streams that it did not ask for`() {
        let world = EngineWorld([btc])
        world.list([btc, eth])
        world.pass(milliseconds: 50)
        world.open()
        world.frame("bbo \(eth) 1")
        world.pass(milliseconds: 300)
        #expect(world.records(TopicRegistry.bbo).isEmpty)
        #expect(world.engine.metrics.strays.value == 1)
    }

    @Test func `publishes what it asked for out of a frame that holds more, and counts the rest`() {
        let world = EngineWorld([btc])
        world.list([btc, eth])
        world.pass(milliseconds: 50)
        world.open()
        world.frame("both \(eth) \(btc) 1")
        world.pass(milliseconds: 300)
        #expect(world.records(TopicRegistry.bbo).count == 1)
        #expect(world.records(TopicRegistry.bbo).first?.contains(btc) == true)
        #expect(world.engine.metrics.strays.value == 1)
    }

    @Test func `leaves a venue alone that answers the upgrade with 429`() {
        let world = EngineWorld([btc])
        world.list([btc])
        world.pass(milliseconds: 50)
        world.engine.connections[0].socketClosed(.answered(status: 429, retryAfterSeconds: nil, "429"))
        world.pass(milliseconds: 6900)
        #expect(world.ports.urls.count == 1)
        world.pass(milliseconds: 200)
        #expect(world.ports.urls.count == 2)
    }

    @Test func `ends with invalid quotes, a last status and closed books`() {
        let world = EngineWorld([btc])
        world.goLive(btc)
        world.forget()
        world.engine.shutdown()
        let topics = world.ports.sent.map(\.topic)
        #expect(
            topics == [
                TopicRegistry.bbo, TopicRegistry.integrity, TopicRegistry.integrity, TopicRegistry.feedStatus,
            ]
        )
        #expect(world.records(TopicRegistry.bbo)[0].contains("\"reason\":\"shutdown\""))
        #expect(world.records(TopicRegistry.feedStatus)[0].contains("\"state\":\"stopping\""))
        #expect(world.ports.closes == [1000])
        world.frame("bbo \(btc) 7")
        world.pass(milliseconds: 60_000)
        #expect(world.ports.sent.count == topics.count, "nothing comes after the end")
    }
}
