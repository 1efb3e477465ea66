// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Lifecycle
import Models
import Testing
import Wire

@testable import VenueKit

@Suite struct `What a feed says about itself` {
    private let btc = "BTC-USDT"
    private let eth = "ETH-USDT"

    private func read<Record: WireRecord>(_ texts: [String], as: Record.Type) throws -> [Record] {
        let scanner = try #require(JSONScanner(capacity: 1 << 16))
        return try texts.map { text in
            try Array(text.utf8).withUnsafeBytes { try Record(decoding: $0, scanner: scanner) }
        }
    }

    private func integrity(_ world: EngineWorld) throws -> [IntegrityRecord] {
        try read(world.records(TopicRegistry.integrity), as: IntegrityRecord.self)
    }

    @Test func `accounts every minute for every number, ended epochs included`() throws {
        let world = EngineWorld([btc])
        world.goLive(btc)
        for number in 2...4 { world.frame("bbo \(btc) \(number)") }
        world.engine.connections[0].socketClosed(.lost("cut"))
        world.pass(milliseconds: 300)
        world.open()
        world.frame("bbo \(btc) 9")
        for _ in 0..<8 {
            world.pass(milliseconds: 7500)
            world.frame("bbo \(btc) 9")
        }
        let minutes = try integrity(world).filter { $0.kind == .minute && $0.topicName == "md.bbo.v1" }
        #expect(minutes.count == 1)
        let streams = try #require(minutes.first).streams
        #expect(streams.map(\.firstSeq) == [1, 1])
        #expect(streams[0].lastSeq == 5, "four quotes and the invalid one")
        #expect(streams.map(\.published) == streams.map(\.lastSeq))
        #expect(streams[0].epoch < streams[1].epoch)
    }

    @Test func `continues in the next minute where it stopped`() throws {
        let world = EngineWorld([btc])
        world.goLive(btc)
        for number in 0..<20 {
            world.pass(milliseconds: 7500)
            world.frame("bbo \(btc) \(number)")
            world.frame("trade \(btc) \(number + 10)")
        }
        let minutes = try integrity(world).filter { $0.kind == .minute && $0.topicName == "md.trade.v1" }
        #expect(minutes.count == 2)
        #expect(minutes[0].streams[0].firstSeq == 1)
        #expect(minutes[1].streams[0].firstSeq == minutes[0].streams[0].lastSeq + 1)
        #expect(minutes[1].fromMicroseconds == minutes[0].toMicroseconds)
    }

    @Test func `announces holes at once, in the epoch to which they belong`() throws {
        let world = EngineWorld([btc])
        world.goLive(btc)
        let stream = try #require(world.ports.sent.last { $0.topic == TopicRegistry.bbo }).stream
        let epoch = world.engine.pipeline.slots.first { $0.channel == .bbo }?.label.epoch
        world.engine.connections[0].socketClosed(.lost("cut"))
        world.pass(milliseconds: 300)
        world.open()
        world.frame("bbo \(btc) 9")
        world.ports.onService = { [unowned world] in
            world.ports.onService = {}
            world.engine.lost(
                LossReport(
                    stream: stream,
                    topic: TopicRegistry.bbo,
                    firstSeq: 1,
                    lastSeq: 2,
                    reason: .conflated
                )
            )
        }
        world.pass(milliseconds: 300)
        let holes = try integrity(world).flatMap(\.holes)
        #expect(holes.map(\.firstSeq) == [1])
        #expect(holes.map(\.lastSeq) == [2])
        #expect(holes.map(\.reason) == ["conflated"])
        #expect(holes.first?.epoch == epoch)
    }

    @Test func `publishes all instruments again when records of some were lost`() {
        let world = EngineWorld([btc])
        world.goLive(btc)
        let first = world.records(TopicRegistry.instrument).count
        #expect(first > 0)
        for _ in 0..<3 {
            world.engine.lost(
                LossReport(
                    stream: .none,
                    topic: TopicRegistry.instrument,
                    firstSeq: 0,
                    lastSeq: 0,
                    reason: .refused
                )
            )
        }
        world.pass(milliseconds: 9_000)
        #expect(world.records(TopicRegistry.instrument).count == first)
        world.pass(milliseconds: 20_000)
        #expect(world.records(TopicRegistry.instrument).count == 2 * first)
    }

    @Test func `cuts what would be too long for one record`() throws {
        var ledger = IntegrityLedger(feed: "f", now: 0)
        for number in 0..<1_200 {
            ledger.incident(
                IntegrityRecord.Incident(
                    atMicroseconds: 1,
                    venue: "line",
                    symbol: nil,
                    stream: nil,
                    kind: "refused",
                    detail: "\(number)"
                ),
                TopicRegistry.bbo
            )
        }
        #expect(ledger.takeNews(2).map(\.incidents.count) == [500, 500, 200])
        #expect(!ledger.hasNews)
    }

    @Test
    func `announces a sequence that went back once a minute and stream, and publishes what the venue said`()
        throws
    {
        let world = EngineWorld([btc])
        world.goLive(btc)
        for number in [10, 9, 8, 11, 7] { world.frame("bbo \(btc) \(number)") }
        world.pass(milliseconds: 1000)
        world.frame("bbo \(btc) 3")
        world.pass(milliseconds: 1000)
        let incidents = try integrity(world).flatMap(\.incidents).filter { $0.kind == "sequence_regression" }
        #expect(incidents.map(\.symbol) == [btc])
        #expect(world.records(TopicRegistry.bbo).count == 7)
        #expect(world.engine.metrics.regressions.value == 4)
    }

    @Test func `counts trades that the venue sends again and does not publish them`() {
        let world = EngineWorld([btc])
        world.goLive(btc)
        for number in [5, 6, 5, 6, 7] { world.frame("trade \(btc) \(number)") }
        world.pass(milliseconds: 300)
        #expect(world.records(TopicRegistry.trade).count == 4)
        #expect(world.engine.metrics.duplicates.value == 2)
    }

    @Test func `gives its status at every change and every ten seconds`() throws {
        let world = EngineWorld([btc, eth])
        world.list([btc, eth])
        world.pass(milliseconds: 300)
        var status = try #require(
            try read(world.records(TopicRegistry.feedStatus), as: FeedStatusRecord.self).last
        )
        #expect(status.state == .starting)
        world.open()
        for symbol in [btc, eth] {
            world.frame("bbo \(symbol) 1")
            world.frame("trade \(symbol) 1")
        }
        world.pass(milliseconds: 300)
        status = try #require(
            try read(world.records(TopicRegistry.feedStatus), as: FeedStatusRecord.self).last
        )
        #expect(status.state == .live)
        #expect(status.streams.map(\.state) == [.live, .live, .live, .live])
        #expect(status.connections.map(\.state) == ["open"])
        world.engine.connections[0].socketClosed(.lost("cut"))
        world.pass(milliseconds: 300)
        status = try #require(
            try read(world.records(TopicRegistry.feedStatus), as: FeedStatusRecord.self).last
        )
        #expect(status.state == .degraded)
        #expect(status.streams.map(\.state) == [.invalid, .invalid, .invalid, .invalid])
        #expect(status.totals.reconnects == 0)
        world.forget()
        world.pass(milliseconds: 200)
        world.open()
        world.forget()
        for symbol in [btc, eth] { world.frame("bbo \(symbol) 2") }
        world.pass(milliseconds: 1_000)
        world.forget()
        for _ in 0..<4 {
            world.pass(milliseconds: 5_000)
            for symbol in [btc, eth] { world.frame("bbo \(symbol) 3") }
        }
        #expect((2...3).contains(world.records(TopicRegistry.feedStatus).count))
    }
}
