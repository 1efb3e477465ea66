// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import Testing
import Wire

@testable import VenueKit

@Suite struct `A feed's repairs` {
    private let btc = "BTC-USDT"
    private static let paged = TradeHistory(isGapless: true, hasSingleRows: true, pages: true, rows: 1000)

    private func world(
        _ channels: [Channel] = [.trade, .bbo],
        history: TradeHistory? = Self.paged
    ) -> EngineWorld {
        let world = EngineWorld([btc], history: history) {
            $0.channels = channels
            $0.session.silenceMilliseconds = 600_000
            $0.session.firstMessageMilliseconds = 600_000
        }
        world.list([btc])
        world.pass(milliseconds: 50)
        world.open()
        world.frame("ack 1")
        return world
    }

    /// Loses the connection and makes another, on which the venue says yes.
    private func cut(_ world: EngineWorld) {
        world.engine.connections[0].socketClosed(.lost("cut"))
        world.pass(milliseconds: 300)
        world.open()
        world.frame("ack 2")
    }

    private func answer(_ world: EngineWorld, _ answer: QueryAnswer) {
        guard !world.ports.questions.isEmpty else {
            Issue.record("nobody asked")
            return
        }
        world.engine.queries.arrived(world.ports.questions.removeFirst().token, answer)
    }

    private func answer(_ world: EngineWorld, _ text: String) { answer(world, .body(Array(text.utf8))) }

    /// Ids of the trades published, those of REST with an `r`.
    private func trades(_ world: EngineWorld) -> [String] {
        world.records(TopicRegistry.trade).map { text in
            let id = text.components(between: "\"trade_id\":\"", and: "\"")
            return text.contains("\"origin\":\"rest\"") ? "\(id)r" : id
        }
    }

    private func integrity(_ world: EngineWorld, _ word: String) -> [String] {
        world.pass(milliseconds: 300)
        return world.records(TopicRegistry.integrity).filter { $0.contains(word) }
    }

    @Test func `trades of a cut come late, in order, once, and are accounted for`() {
        let world = world()
        world.frame("trade \(btc) 10")
        cut(world)
        world.frame("trade \(btc) 14")
        world.pass(milliseconds: 1100)
        #expect(world.ports.questions.map(\.url) == ["http://venue/trades/BTC-USDT/1000/newest"])
        world.frame("trade \(btc) 15")
        answer(world, "trades 8 9 10 11 12 13 14 15")
        #expect(trades(world) == ["10", "14", "15", "11r", "12r", "13r"])
        let repaired = integrity(world, "\"repaired\":true")
        #expect(repaired.count == 1)
        #expect(
            repaired.first?.contains("\"first_seq\":3,\"last_seq\":5,\"reason\":\"connection_lost\"") == true
        )
        #expect(repaired.first?.contains("trades_repaired") == true)
        #expect(integrity(world, "trades_missing").isEmpty)
        world.pass(milliseconds: 60_000)
        #expect(world.ports.questions.isEmpty)
    }

    @Test func `a gap in the ids of a live stream is asked for, unless it fills itself`() {
        let world = world()
        world.frame("trade \(btc) 10")
        world.frame("trade \(btc) 12")
        world.frame("trade \(btc) 11")
        world.pass(milliseconds: 3000)
        #expect(world.ports.questions.isEmpty)
        world.frame("trade \(btc) 15")
        world.pass(milliseconds: 1100)
        answer(world, "trades 12 13 14 15")
        #expect(trades(world) == ["10", "12", "11", "15", "13r", "14r"])
        #expect(integrity(world, "\"reason\":\"gap\",\"repaired\":true").count == 1)
    }

    @Test func `what the venue does not give is said, and nothing else is`() {
        let world = world()
        world.frame("trade \(btc) 10")
        cut(world)
        world.frame("trade \(btc) 14")
        world.pass(milliseconds: 1100)
        answer(world, "trades 13 14")
        // An older page is asked for, and there is none.
        answer(world, "trades")
        #expect(trades(world) == ["10", "14", "13r"])
        let said = integrity(world, "trades_missing")
        #expect(said.count == 1)
        #expect(said.first?.contains("2 trades with ids between 10 and 14 (") == true)
    }

    @Test func `a venue that wants to be left alone is asked again when it likes`() {
        let world = world()
        world.frame("trade \(btc) 10")
        cut(world)
        world.frame("trade \(btc) 12")
        world.pass(milliseconds: 1100)
        answer(world, .failure("HTTP 429", retryAfterMilliseconds: 7000))
        world.pass(milliseconds: 6500)
        #expect(world.ports.questions.isEmpty)
        world.pass(milliseconds: 1500)
        answer(world, "garbage")
        world.pass(milliseconds: 2000)
        answer(world, "trades 11")
        #expect(trades(world) == ["10", "12", "11r"])
        #expect(integrity(world, "trades_missing").isEmpty)
    }

    @Test func `a stream that stays quiet after a cut is asked about, and goes on in the same epoch`() {
        let world = world()
        world.frame("trade \(btc) 10")
        cut(world)
        world.pass(milliseconds: 4500)
        #expect(world.ports.questions.isEmpty)
        world.pass(milliseconds: 2000)
        answer(world, "trades 9 10 11")
        world.frame("trade \(btc) 12")
        #expect(trades(world) == ["10", "11r", "12"])
        let sent = world.ports.sent.filter { $0.topic == TopicRegistry.trade }
        #expect(sent.map(\.seq) == [1, 1, 2])
        #expect(sent[1].stream == sent[2].stream)
    }

    @Test func `an epoch that an answer began ends with the connection`() {
        let world = world()
        world.frame("trade \(btc) 10")
        cut(world)
        world.pass(milliseconds: 6500)
        answer(world, "trades 10 11")
        cut(world)
        world.pass(milliseconds: 300)
        world.frame("trade \(btc) 13")
        world.pass(milliseconds: 1100)
        answer(world, "trades 11 12 13")
        #expect(trades(world) == ["10", "11r", "13", "12r"])
        let sent = world.ports.sent.filter { $0.topic == TopicRegistry.trade }
        #expect(Set(sent.map(\.stream)).count == 3)
    }

    @Test func `a stop says what is still missing and takes its questions back`() {
        let world = world()
        world.frame("trade \(btc) 10")
        cut(world)
        world.frame("trade \(btc) 14")
        world.pass(milliseconds: 1100)
        let question = world.ports.questions.removeFirst()
        world.engine.shutdown()
        #expect(world.ports.cancelled == [question.token])
        world.engine.queries.arrived(question.token, .body(Array("trades 11 12 13".utf8)))
        #expect(trades(world) == ["10", "14"])
        let said = world.records(TopicRegistry.integrity).filter { $0.contains("trades_missing") }
        #expect(said.count == 1)
        #expect(said.first?.contains("the feed stopped meanwhile") == true)
    }

    @Test func `a venue without past trades is said to have none`() {
        let world = world(history: nil)
        world.frame("trade \(btc) 10")
        cut(world)
        #expect(integrity(world, "the venue has no past trades").count == 1)
        #expect(world.ports.questions.isEmpty)
    }

    @Test func `closed candles of a cut come late, and once`() {
        let world = world([.candle])
        // 13 s into minute 28333333 (the clock of tests).
        let now = world.clock.wall.microseconds / 60_000_000
        world.frame("minute \(btc) \(now):5")
        world.engine.connections[0].socketClosed(.lost("cut"))
        world.clock.advance(milliseconds: 120_000)
        world.pass(milliseconds: 300)
        world.open()
        world.frame("ack 2")
        world.frame("minute \(btc) \(now + 2):7")
        world.pass(milliseconds: 3500)
        #expect(world.ports.questions.count == 1)
        #expect(world.ports.questions.first?.url.contains("/candles/BTC-USDT/1m/\(now)/") == true)
        answer(world, "candles \(now):6 \(now + 1):6 \(now + 2):8")
        let closed = world.records(TopicRegistry.candle).filter { $0.contains("\"closed\":true") }
        #expect(closed.count == 2)
        #expect(closed.allSatisfy { $0.contains("\"origin\":\"rest\"") && $0.contains("\"revision\":0") })
        #expect(integrity(world, "candles_repaired").count == 1)
        // The candle that was open meanwhile is looked at when it is over.
        world.pass(milliseconds: 60_000)
        answer(world, "candles \(now + 2):9")
        #expect(world.records(TopicRegistry.candle).count { $0.contains("\"closed\":true") } == 3)
        world.pass(milliseconds: 120_000)
        #expect(world.ports.questions.isEmpty)
    }

    @Test func `open interest that only REST has is polled`() {
        let world = EngineWorld([btc]) {
            $0.channels = [.trade, .openInterest]
            $0.session.silenceMilliseconds = 600_000
            $0.session.firstMessageMilliseconds = 600_000
            $0.pollMilliseconds = 10_000
        }
        world.list([btc])
        world.pass(milliseconds: 100)
        world.open()
        #expect(world.ports.questions.map(\.url) == ["http://venue/interest/BTC-USDT"])
        answer(world, "interest 9")
        world.pass(milliseconds: 10_100)
        answer(world, "interest 9")
        #expect(world.records(TopicRegistry.openInterest).count == 2)
        for _ in 0..<3 {
            world.pass(milliseconds: 10_100)
            answer(world, "nonsense")
        }
        #expect(integrity(world, "poll_failed").count == 1)
    }
}
