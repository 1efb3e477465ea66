// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OrderBooks
import Testing
import Wire

@testable import VenueKit

@Suite struct FeedBooksTests {
    private func world(
        _ symbols: [String] = ["BTC-USDT"],
        _ rules: BookRules = BookWords.called,
        channels: [Channel] = [.book]
    ) -> EngineWorld {
        let world = EngineWorld(symbols, books: rules) { $0.channels = channels }
        world.list(symbols)
        world.pass(milliseconds: 50)
        world.open()
        world.frame("ack 1")
        return world
    }

    private func answer(_ world: EngineWorld, _ text: String) {
        guard !world.ports.questions.isEmpty else {
            Issue.record("nobody asked")
            return
        }
        let question = world.ports.questions.removeFirst()
        world.engine.queries.arrived(question.token, .body(Array(text.utf8)))
    }

    private func kinds(_ world: EngineWorld, _ symbol: String = "BTC-USDT") -> [String] {
        world.ports.sent.filter { $0.topic == TopicRegistry.book && $0.key == symbol }.map { record in
            if record.text.contains("\"kind\":\"snapshot\"") { return "snapshot" }
            if record.text.contains("\"kind\":\"delta\"") { return "delta" }
            let reason = record.text.components(between: "\"reason\":\"", and: "\"")
            return "invalid \(reason)"
        }
    }

    @Test func `a snapshot is asked for with the first increment and joined to what waited`() {
        let world = world()
        world.frame("book BTC-USDT 1 5 b90:1")
        world.frame("book BTC-USDT 6 8 b99:1")
        #expect(kinds(world) == [])
        world.pass(milliseconds: 50)
        #expect(world.ports.questions.map(\.url) == ["http://venue/depth/BTC-USDT/100"])
        answer(world, "snap BTC-USDT 5 b98:1 a101:1")
        #expect(kinds(world) == ["snapshot", "delta"])
        world.frame("book BTC-USDT 9 9 b99:0")
        #expect(kinds(world) == ["snapshot", "delta", "delta"])
        world.pass(milliseconds: 5000)
        #expect(world.ports.questions.isEmpty)
    }

    @Test func `a book that nothing changes is asked for a little after its connection opened`() {
        let world = world()
        world.pass(milliseconds: 2900)
        #expect(world.ports.questions.isEmpty)
        world.pass(milliseconds: 200)
        answer(world, "snap BTC-USDT 5 b98:1 a101:1")
        #expect(kinds(world) == ["snapshot"])
    }

    @Test func `a gap begins that book anew and touches no other`() {
        let world = world(["BTC-USDT", "ETH-USDT"])
        for symbol in ["BTC-USDT", "ETH-USDT"] {
            world.frame("book \(symbol) 1 5 b90:1")
            world.pass(milliseconds: 50)
            answer(world, "snap \(symbol) 4 b98:1 a101:1")
        }
        world.forget()
        world.frame("book BTC-USDT 9 9 b91:1")
        world.frame("book ETH-USDT 6 6 b91:1")
        #expect(kinds(world) == ["invalid gap"])
        #expect(kinds(world, "ETH-USDT") == ["delta"])
        world.pass(milliseconds: 300)
        #expect(world.ports.questions.map(\.url) == ["http://venue/depth/BTC-USDT/100"])
        answer(world, "snap BTC-USDT 8 b98:1 a101:1")
        #expect(kinds(world) == ["invalid gap", "snapshot", "delta"])
        #expect(world.ports.closes.isEmpty)
        #expect(world.records(TopicRegistry.integrity).contains { $0.contains("book_fault") })
    }

    @Test func `useless answers are asked again with growing pauses, announced once, and never given up`() {
        let world = world()
        world.frame("book BTC-USDT 50 55 b90:1")
        var asked = 0
        var number: Int64 = 56
        for step in 0..<24_000 where asked < 11 {
            world.pass(milliseconds: 50)
            while !world.ports.questions.isEmpty {
                asked += 1
                answer(world, asked % 2 == 0 ? "snap BTC-USDT 7 b98:1 a101:1" : "nonsense")
            }
            // The stream goes on talking.
            if step % 100 == 99 {
                world.frame("book BTC-USDT \(number) \(number) b90:1")
                number += 1
            }
        }
        #expect(asked == 11)
        let news = world.records(TopicRegistry.integrity).filter { $0.contains("book_unrecoverable") }
        #expect(news.count == 1)
        for _ in 0..<13 {
            world.pass(milliseconds: 5_000)
            world.frame("book BTC-USDT \(number) \(number) b90:1")
            number += 1
        }
        answer(world, "snap BTC-USDT 52 b98:1 a101:1")
        #expect(kinds(world).prefix(2) == ["snapshot", "delta"])
    }

    @Test func `a venue that wants to be left alone is`() {
        let world = world()
        world.frame("book BTC-USDT 1 5 b90:1")
        world.pass(milliseconds: 50)
        let question = world.ports.questions.removeFirst()
        world.engine.queries.arrived(question.token, .failure("HTTP 429", retryAfterMilliseconds: 7000))
        world.pass(milliseconds: 6900)
        #expect(world.ports.questions.isEmpty)
        world.pass(milliseconds: 1000)
        #expect(world.ports.questions.count == 1)
    }

    @Test func `only a few snapshots are under way at once`() {
        let symbols = (1...9).map { "C\($0)-USDT" }
        let world = world(symbols)
        for symbol in symbols { world.frame("book \(symbol) 1 5 b90:1") }
        world.pass(milliseconds: 100)
        #expect(world.ports.questions.count == 4)
        for symbol in symbols.prefix(2) {
            // Answers may come in any order; each names its book.
            _ = symbol
            let url = world.ports.questions[0].url
            answer(world, "snap \(url.split(separator: "/")[3]) 4 b98:1 a101:1")
        }
        world.pass(milliseconds: 100)
        #expect(world.ports.questions.count == 4)
    }

    @Test func `a lost connection invalidates, and the next begins the book anew`() {
        let world = world()
        world.frame("book BTC-USDT 1 5 b90:1")
        world.pass(milliseconds: 50)
        answer(world, "snap BTC-USDT 4 b98:1 a101:1")
        world.engine.connections[0].socketClosed(.lost("cut"))
        #expect(kinds(world) == ["snapshot", "delta", "invalid connection_lost"])
        world.pass(milliseconds: 1000)
        world.open()
        world.frame("book BTC-USDT 90 95 b90:1")
        world.pass(milliseconds: 600)
        answer(world, "snap BTC-USDT 94 b98:1 a101:1")
        #expect(kinds(world).suffix(2) == ["snapshot", "delta"])
    }

    @Test func `where the stream brings the snapshot, that stream alone is subscribed again`() {
        let world = world(["BTC-USDT", "ETH-USDT"], BookWords.rules(.stream))
        world.frame("snap BTC-USDT 4 b98:1 a101:1")
        world.frame("snap ETH-USDT 4 b98:1 a101:1")
        world.ports.texts.removeAll()
        world.frame("book BTC-USDT 9 9 b91:1")
        world.pass(milliseconds: 400)
        #expect(world.ports.texts == ["unsub 2", "sub 3"])
        world.frame("book BTC-USDT 10 10 b91:1")
        world.frame("snap BTC-USDT 20 b98:1 a101:1")
        #expect(kinds(world) == ["snapshot", "invalid gap", "snapshot"])
        #expect(world.ports.questions.isEmpty)
    }

    @Test func `where a frame asks for the snapshot it goes out on the stream's own connection`() {
        let world = world(["BTC-USDT"], BookWords.rules(.request))
        world.frame("book BTC-USDT 1 5 b90:1")
        world.pass(milliseconds: 50)
        #expect(world.ports.texts.last == "req BTC-USDT")
        world.frame("snap BTC-USDT 4 b98:1 a101:1")
        #expect(kinds(world) == ["snapshot", "delta"])
        #expect(world.ports.questions.isEmpty)
    }

    @Test func `every minute a random book is compared with the venue's and the result published`() {
        let world = world()
        world.frame("book BTC-USDT 1 5 b90:1")
        world.pass(milliseconds: 50)
        answer(world, "snap BTC-USDT 4 b98:1 a101:1")
        live(world, from: 6, seconds: 61)
        #expect(world.ports.questions.count == 1)
        world.forget()
        answer(world, "snap BTC-USDT 12 b98:1 b90:1 a101:1")
        #expect(kinds(world) == ["snapshot"])
        world.pass(milliseconds: 500)
        #expect(
            world.records(TopicRegistry.integrity).contains {
                $0.contains("book_audit\"") && $0.contains("3 levels equal")
            }
        )
        live(world, from: 13, seconds: 61)
        world.forget()
        answer(world, "snap BTC-USDT 19 b98:2 b90:1 a101:1")
        #expect(kinds(world) == ["invalid checksum", "snapshot"])
        world.pass(milliseconds: 500)
        let news = world.records(TopicRegistry.integrity)
        #expect(news.contains { $0.contains("book_audit_failed") && $0.contains("1 of 3 levels differ") })
    }

    /// Keeps the book's stream alive with one increment every ten seconds.
    private func live(_ world: EngineWorld, from first: Int64, seconds: Int64) {
        var number = first
        for second in 0..<seconds {
            if second % 9 == 0 {
                world.frame("book BTC-USDT \(number) \(number) b90:1")
                number += 1
            }
            world.pass(milliseconds: 1000)
        }
    }

    @Test func `a stream's own book is audited beside it, where no increment has touched it meanwhile`() {
        let world = world(["BTC-USDT"], BookWords.rules(.stream))
        world.frame("snap BTC-USDT 4 b98:1 b90:1 a101:1")
        live(world, from: 5, seconds: 61)
        world.frame("book BTC-USDT 12 12 b97:1")
        world.forget()
        answer(world, "snap BTC-USDT 999 b98:1 b97:1 b90:1 a101:1")
        for number in 13...18 { world.frame("book BTC-USDT \(number) \(number) b97:\(number)") }
        world.pass(milliseconds: 500)
        #expect(kinds(world) == Array(repeating: "delta", count: 6))
        #expect(world.records(TopicRegistry.integrity).contains { $0.contains("3 levels equal") })
    }

    @Test(arguments: [true, false])
    func `what a second look finds again is wrong, and what it does not came and went`(isLasting: Bool) {
        let world = world(["BTC-USDT"], BookWords.rules(.stream))
        world.frame("snap BTC-USDT 4 b98:1 b90:1 a101:1")
        live(world, from: 5, seconds: 61)
        world.forget()
        answer(world, "snap BTC-USDT 999 b98:1 b95:3 b90:1 a101:1")
        for number in 12...17 { world.frame("book BTC-USDT \(number) \(number) b97:\(number)") }
        world.pass(milliseconds: 500)
        #expect(!world.records(TopicRegistry.integrity).contains { $0.contains("book_audit") })
        answer(world, "snap BTC-USDT 1000 b98:1 \(isLasting ? "b95:3" : "b94:1") b90:1 a101:1")
        for number in 18...23 { world.frame("book BTC-USDT \(number) \(number) b97:\(number)") }
        world.pass(milliseconds: 500)
        let news = world.records(TopicRegistry.integrity)
        #expect(news.contains { $0.contains("book_audit_failed") && $0.contains("1 of") } == isLasting)
        #expect(news.contains { $0.contains("book_audit\"") && $0.contains("levels equal") } == !isLasting)
        #expect(kinds(world).contains("invalid checksum") == isLasting)
        #expect(world.ports.texts.contains { $0.hasPrefix("unsub") } == isLasting)
    }

    @Test func `a frame that breaks off invalidates its book at once`() {
        let world = world()
        world.frame("book BTC-USDT 1 5 b90:1")
        world.pass(milliseconds: 50)
        answer(world, "snap BTC-USDT 4 b98:1 a101:1")
        world.frame("book BTC-USDT 6 6 b91:0.-10000")
        #expect(kinds(world).last == "invalid undecodable")
    }

    @Test func `quotes are the top of the book where the venue has no better, with or without the book`() {
        var rules = BookWords.rules(.stream)
        rules.makesQuotes = true
        let both = world(["BTC-USDT"], rules, channels: [.bbo, .book])
        let alone = world(["BTC-USDT"], rules, channels: [.bbo])
        for world in [both, alone] {
            world.frame("snap BTC-USDT 4 b98:1 a101:1")
            world.frame("book BTC-USDT 5 5 b90:1")
            world.frame("book BTC-USDT 6 6 b99:1")
            world.frame("book BTC-USDT 9 9 b99:1")
            #expect(
                world.records(TopicRegistry.bbo).map { $0.components(between: "\"bid\":", and: ",") }
                    == ["\"98\"", "\"99\"", "null"]
            )
            #expect(world.records(TopicRegistry.bbo).last?.contains("\"reason\":\"gap\"") == true)
            world.frame("snap BTC-USDT 14 b98:1 a101:1")
            world.engine.connections[0].socketClosed(.lost("cut"))
            let quotes = world.records(TopicRegistry.bbo)
            #expect(quotes.count == 5)
            #expect(quotes.last?.contains("\"reason\":\"connection_lost\"") == true)
        }
        #expect(
            kinds(both) == [
                "snapshot", "delta", "delta", "invalid gap", "snapshot", "invalid connection_lost",
            ]
        )
        #expect(kinds(alone) == [])
    }
}

extension String {
    /// What stands between two texts; empty where they do not occur.
    func components(between start: String, and end: String) -> String {
        guard let from = range(of: start), let to = self[from.upperBound...].range(of: end) else { return "" }
        return String(self[from.upperBound..<to.lowerBound])
    }

    private func range(of text: String) -> Range<String.Index>? { self[...].range(of: text) }
}

extension Substring {
    /// Where a text first occurs.
    fileprivate func range(of text: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) {
                return start..<(index(start, offsetBy: text.count, limitedBy: endIndex) ?? endIndex)
            }
            start = index(after: start)
        }
        return nil
    }
}
