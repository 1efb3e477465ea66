// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Models
import OrderBooks
import Testing
import Wire

@testable import VenueKit

@Suite struct `Subscriptions while running` {
    private let btc = "BTC-USDT"
    private let eth = "ETH-USDT"

    private func wish(_ symbol: String, _ channels: String...) -> SubscriptionNews {
        .changed([SubscriptionWish(symbol: symbol, channels: channels)])
    }

    private func status(_ world: EngineWorld) -> [FeedStatusRecord.Stream] {
        world.pass(milliseconds: 300)
        guard let text = world.records(TopicRegistry.feedStatus).last,
            let scanner = JSONScanner(capacity: 1 << 16)
        else { return [] }
        let record = Array(text.utf8).withUnsafeBytes {
            try? FeedStatusRecord(decoding: $0, scanner: scanner)
        }
        return record?.streams ?? []
    }

    private func states(_ world: EngineWorld, _ symbol: String) -> [String] {
        status(world).filter { $0.symbol == symbol }.map { "\($0.channel) \($0.state.rawValue)" }
    }

    @Test func `a symbol is added on the open connection, and the others go on without a gap`() {
        let world = EngineWorld([btc])
        world.list([btc, eth])
        world.pass(milliseconds: 50)
        world.open()
        world.frame("ack 1")
        world.frame("bbo \(btc) 1")
        world.frame("trade \(btc) 1")
        world.forget()
        world.engine.take(wish(eth, "trade", "bbo"))
        #expect(world.ports.texts == ["sub 1", "sub 2"])
        #expect(world.ports.urls.count == 1, "no further socket")
        #expect(states(world, eth) == ["trade pending", "bbo pending"])
        world.frame("bbo \(btc) 2")
        world.frame("ack 2")
        #expect(states(world, eth) == ["trade confirmed", "bbo confirmed"])
        world.frame("bbo \(eth) 7")
        world.frame("bbo \(btc) 3")
        #expect(states(world, eth) == ["trade confirmed", "bbo live"])
        let quotes = world.ports.sent.filter { $0.topic == TopicRegistry.bbo }
        #expect(quotes.map(\.key) == [btc, eth, btc])
        #expect(quotes.map(\.seq) == [2, 1, 3])
    }

    @Test func `a tombstone ends a configured symbol: its quotes are invalidated, the others go on`() {
        let world = EngineWorld([btc, eth])
        world.goLive(btc, eth)
        world.forget()
        world.engine.take(wish(btc))
        #expect(world.ports.texts == ["sub 1", "unsub 2"])
        let last = world.ports.sent.filter { $0.topic == TopicRegistry.bbo }
        #expect(last.map(\.key) == [btc])
        #expect(last[0].text.contains("\"reason\":\"unsubscribed\""))
        world.frame("bbo \(btc) 8")
        world.frame("bbo \(eth) 2")
        #expect(world.ports.sent.filter { $0.topic == TopicRegistry.bbo }.map(\.key) == [btc, eth])
        #expect(states(world, btc).isEmpty)
        #expect(world.observability.readiness.isReady)
    }

    @Test func `the channels that the topic names replace the configured ones, and come back with them`() {
        let world = EngineWorld([btc])
        world.goLive(btc)
        world.engine.take(wish(btc, "bbo", "ticker"))
        #expect(states(world, btc) == ["bbo live", "ticker pending"])
        world.engine.take(.all([]))
        #expect(states(world, btc) == ["trade pending", "bbo live"])
    }

    @Test func `a new connection is opened where the others are full, and closed when it is empty`() {
        let world = EngineWorld([btc], streamsPerConnection: 3)
        world.goLive(btc)
        world.list([btc, eth])
        world.forget()
        world.engine.take(wish(eth, "trade", "bbo"))
        #expect(world.ports.urls.count == 2)
        world.open(1)
        world.frame("ack 1", 1)
        world.frame("bbo \(eth) 1", 1)
        world.frame("bbo \(btc) 2")
        #expect(world.ports.sent.filter { $0.topic == TopicRegistry.bbo }.map(\.seq) == [1, 2])
        world.engine.take(wish(eth))
        #expect(world.ports.closes == [1000])
        #expect(states(world, eth).isEmpty)
        #expect(world.observability.readiness.isReady)
        world.engine.take(wish(eth, "trade"))
        #expect(world.ports.urls.count == 2, "there was room for one stream on the first")
    }

    @Test func `nothing wanted is no connection, and ready`() {
        let world = EngineWorld([btc])
        world.goLive(btc)
        world.engine.take(wish(btc))
        world.pass(milliseconds: 300)
        #expect(world.ports.closes == [1000])
        #expect(world.observability.readiness.isReady)
        world.engine.take(wish(btc, "bbo"))
        #expect(world.ports.urls.count == 2)
        world.open()
        world.frame("bbo \(btc) 9")
        #expect(states(world, btc) == ["bbo live"])
    }

    @Test func `the venue's refusal is told in its words, and asked for again when named again`() {
        let world = EngineWorld([btc])
        world.goLive(btc)
        world.engine.take(wish(btc, "trade", "bbo", "ticker"))
        world.frame("refuse 2")
        let ticker = status(world).first { $0.channel == "ticker" }
        #expect(ticker?.state == .refused)
        #expect(ticker?.detail == "60018 no such channel")
        #expect(world.observability.readiness.isReady)
        let before = world.ports.texts.count
        world.engine.take(wish(btc, "trade", "bbo", "ticker"))
        #expect(world.ports.texts.count == before + 1)
        #expect(states(world, btc) == ["trade live", "bbo live", "ticker pending"])
    }

    @Test
    func `an unknown symbol is told with the nearest names, never fatal, and asked for when it is listed`() {
        let world = EngineWorld([btc])
        world.goLive(btc)
        world.engine.take(wish("ETH-USTD", "bbo"))
        world.list([btc, eth])
        let stream = status(world).first { $0.symbol == "ETH-USTD" }
        #expect(stream?.state == .refused)
        #expect(stream?.detail?.contains("did you mean ETH-USDT?") == true)
        #expect(world.ports.failure == nil)
        let incidents = world.records(TopicRegistry.integrity).filter { $0.contains("ETH-USTD") }
        #expect(incidents.count { $0.contains("\"kind\":\"refused\"") } >= 1)
        world.list([btc, eth, "ETH-USTD"])
        #expect(states(world, "ETH-USTD") == ["bbo pending"])
    }

    @Test func `unknown channels are ignored, counted and told`() {
        let world = EngineWorld([btc])
        world.goLive(btc)
        world.engine.take(wish(btc, "trade", "bbo", "tea"))
        #expect(states(world, btc) == ["trade live", "bbo live"])
        #expect(world.records(TopicRegistry.integrity).contains { $0.contains("no such channel: tea") })
    }

    @Test func `nothing is asked for before the topic is known`() {
        let world = EngineWorld([btc], awaitsSubscriptions: true)
        world.list([btc, eth])
        world.pass(milliseconds: 200)
        #expect(world.ports.urls.isEmpty)
        world.engine.take(.all([SubscriptionWish(symbol: eth, channels: ["bbo"])]))
        world.open()
        #expect(states(world, btc) == ["trade pending", "bbo pending"])
        #expect(states(world, eth) == ["bbo pending"])
        let other = EngineWorld([btc], awaitsSubscriptions: true)
        other.list([btc])
        other.engine.take(.unavailable("no answer"))
        #expect(other.ports.urls.count == 1, "the configuration holds")
    }

    @Test func `a candle length that the market does not stream is told once and left out`() {
        let world = EngineWorld(
            [btc],
            adjust: { settings in
                settings.channels = [.bbo, .candle]
                settings.candleIntervals = CandleInterval(name: "5m").map { [$0] } ?? []
            }
        )
        world.list([btc, eth])
        world.pass(milliseconds: 300)
        world.engine.take(wish(eth, "candle"))
        world.pass(milliseconds: 300)
        let told = world.records(TopicRegistry.integrity).filter {
            $0.contains("no candles of 5m in spot; there are 1m")
        }
        #expect(told.count == 1)
        #expect(states(world, eth) == ["candle refused"])
    }

    @Test func `quotes that are the top of the book begin and end while the book goes on`() {
        var rules = BookRules.sequenceless(source: .stream, scope: .whole, depth: nil)
        rules.makesQuotes = true
        let world = EngineWorld([btc], books: rules, adjust: { $0.channels = [.book] })
        world.list([btc])
        world.pass(milliseconds: 50)
        world.open()
        world.frame("ack 1")
        world.frame("snap \(btc) 5 b100:1 a101:1")
        #expect(world.records(TopicRegistry.book).count == 1)
        world.engine.take(wish(btc, "book", "bbo"))
        world.frame("book \(btc) 6 6 b100:2")
        #expect(world.records(TopicRegistry.bbo).count == 1)
        world.engine.take(wish(btc, "bbo"))
        #expect(world.records(TopicRegistry.book).last?.contains("\"reason\":\"unsubscribed\"") == true)
        let books = world.records(TopicRegistry.book).count
        world.frame("book \(btc) 7 7 b100:3")
        #expect(world.records(TopicRegistry.bbo).count == 2)
        #expect(world.records(TopicRegistry.book).count == books)
        world.engine.take(wish(btc, "bbo", "book"))
        world.frame("book \(btc) 8 8 b100:4")
        let again = world.records(TopicRegistry.book).dropFirst(books)
        #expect(again.first?.contains("\"kind\":\"snapshot\"") == true)
        #expect(again.last?.contains("\"kind\":\"delta\"") == true)
        #expect(world.records(TopicRegistry.bbo).count == 3)
    }

    @Test func `what comes during a hand-over is asked for on both connections, and an empty pair is closed`()
    {
        let world = EngineWorld([btc])
        world.goLive(btc)
        world.list([btc, eth])
        world.engine.renewConnections("test")
        let successor = world.engine.handOvers[0]?.new
        successor?.socketOpened()
        world.engine.take(wish(eth, "bbo"))
        #expect(successor?.session.wantedStreams.count == 3)
        #expect(world.engine.connections[0].session.wantedStreams.count == 3)
        let wishes = [btc, eth].map { SubscriptionWish(symbol: $0, channels: []) }
        world.engine.take(.changed(wishes))
        #expect(world.engine.handOvers.isEmpty)
        #expect(world.ports.closes.count == 2)
        #expect(status(world).isEmpty)
        world.engine.take(wish(btc, "bbo"))
        #expect(world.engine.connections.count == 1 && world.ports.urls.count == 3)
    }
}
