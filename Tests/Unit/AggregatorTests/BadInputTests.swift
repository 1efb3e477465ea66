// Part of MarketBus. Apache License 2.0, see LICENSE.

import KafkaBus
import Testing
import Wire

@testable import Aggregator

/// A record that no feed of ours would write, and what must become of it.
struct BadInput: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// The counters that grow by one.
    let outcomes: Set<String>
    /// The class of which one is told; nil: nobody needs to know.
    let ignored: IgnoredClass?
    let topic: TopicID
    let make: @Sendable (BadInputDesk) -> (key: String?, value: String?)

    init(
        _ name: String,
        _ outcomes: Set<String>,
        _ ignored: IgnoredClass?,
        _ topic: TopicID = TopicRegistry.bbo,
        _ make: @escaping @Sendable (BadInputDesk) -> (key: String?, value: String?)
    ) {
        (testDescription, self.outcomes, self.ignored, self.topic) = (name, outcomes, ignored, topic)
        self.make = make
    }

    /// A quote of okx that would cross binance's, but for its changes.
    static func quote(
        _ name: String,
        _ outcomes: Set<String>,
        _ ignored: IgnoredClass?,
        _ changes: @escaping @Sendable (BadInputDesk) -> [String: String?]
    ) -> BadInput {
        BadInput(name, outcomes, ignored) {
            (BadInputDesk.symbol, $0.quote("okx", "120", "121", changes($0)))
        }
    }

    /// A value under the symbol's key.
    static func value(
        _ name: String,
        _ outcomes: Set<String>,
        _ ignored: IgnoredClass?,
        _ topic: TopicID = TopicRegistry.bbo,
        _ make: @escaping @Sendable (BadInputDesk) -> String?
    ) -> BadInput {
        BadInput(name, outcomes, ignored, topic) { (BadInputDesk.symbol, make($0)) }
    }
}

// MARK: - The cases

extension BadInput {
    private static let unread: Set<String> = ["undecodable", "dead_letters"]
    private static let (symbol, hour) = (BadInputDesk.symbol, BadInputDesk.hour)

    static let schemas: [BadInput] = [
        quote("a newer major schema", unread, .undecodable) { _ in ["schema": "\"bbo.v2\""] },
        quote("a schema that was never given out", unread, .undecodable) { _ in ["schema": "\"bbo.v1.1\""] },
        quote("another topic's schema", unread, .undecodable) { _ in ["schema": "\"trade.v1\""] },
        quote("no schema", unread, .undecodable) { _ in ["schema": String?.none] },
        quote("a state of a newer schema", unread, .undecodable) { _ in ["state": "\"auction\""] },
        value("a book of a newer major schema", unread, .undecodable, TopicRegistry.book) {
            $0.book(["schema": "\"book.v2\""])
        },
        value("funding of a newer major schema", unread, .undecodable, TopicRegistry.funding) {
            $0.funding(["schema": "\"funding.v2\""])
        },
    ]

    static let texts: [BadInput] = [
        value("bytes that are no JSON", unread, .undecodable) { _ in "\u{1}\u{2}{not json" },
        value("nothing", unread, .undecodable) { _ in "" },
        value("a list", unread, .undecodable) { _ in "[1,2]" },
        value("an object without fields", unread, .undecodable) { _ in "{}" },
        value("five thousand brackets", unread, .undecodable) { _ in String(repeating: "[", count: 5000) },
        value("half a record", unread, .undecodable) { String($0.quote("okx", "120", "121").dropLast(40)) },
        value("two records in one", unread, .undecodable) {
            $0.quote("okx", "120", "121") + $0.quote("okx", "120", "121")
        },
        value("a book without its fields", unread, .undecodable, TopicRegistry.book) { _ in
            "{\"schema\":\"book.v1\"}"
        },
        value("a status that is a list", unread, .undecodable, TopicRegistry.feedStatus) { _ in "[]" },
        BadInput(
            "an instrument without fields",
            ["bad_instruments", "dead_letters"],
            .undecodable,
            TopicRegistry.instrument
        ) { _ in ("okx:\(symbol)", "{}") },
    ]

    static let names: [BadInput] = [
        value("an unknown venue", ["refused_name"], .unknownVenue) { $0.quote("kraken", "120", "121") },
        value("a venue that is no name", ["refused_name"], .badName) { $0.quote("OKX; DROP", "120", "121") },
        BadInput("no symbol", ["refused_name"], .badName) { ("", $0.quote("okx", "120", "121", symbol: "")) },
        BadInput("an endless symbol", ["refused_name"], .badName) {
            let name = String(repeating: "A", count: 200) + "-USDT"
            return (name, $0.quote("okx", "120", "121", symbol: name))
        },
        BadInput("another symbol's key", ["refused_name"], .wrongKey) {
            ("ETH-USDT", $0.quote("okx", "120", "121"))
        },
        BadInput("the key of the symbol's beginning", ["refused_name"], .wrongKey) {
            ("BTC-USD", $0.quote("okx", "120", "121"))
        },
        BadInput("a book under another symbol's key", ["refused_name"], .wrongKey, TopicRegistry.book) {
            ("ETH-USDT", $0.book())
        },
        BadInput("funding under another symbol's key", ["refused_name"], .wrongKey, TopicRegistry.funding) {
            ("ETH-USDT", $0.funding())
        },
        BadInput("an unknown venue's instrument", ["refused_name"], .unknownVenue, TopicRegistry.instrument) {
            _ in ("kraken:\(symbol)", BadInputDesk.instrument("kraken", symbol))
        },
        BadInput("the end of no instrument", ["refused_name"], .badName, TopicRegistry.instrument) { _ in
            ("nonsense", nil)
        },
    ]

    static let figures: [BadInput] = [
        quote("a price of zero", ["absurd"], .absurd) { _ in ["bid": "\"0\""] },
        quote("a negative price", ["absurd"], .absurd) { _ in ["ask": "\"-5\""] },
        quote("a size of zero", ["absurd"], .absurd) { _ in ["bid_size": "\"0\""] },
        quote("a negative size", ["absurd"], .absurd) { _ in ["ask_size": "\"-1\""] },
        quote("a price without a size", unread, .undecodable) { _ in ["bid_size": "null"] },
        quote("a price of 300 digits", unread, .undecodable) { _ in
            ["bid": "\"\(String(repeating: "1", count: 300))\""]
        },
        quote("a price with a huge exponent", unread, .undecodable) { _ in ["bid": "\"1e400\""] },
        quote("a price that is no number", unread, .undecodable) { _ in ["bid": "\"NaN\""] },
        quote("a price that is no text", unread, .undecodable) { _ in ["bid": "[1]"] },
        quote("an endless sequence number", unread, .undecodable) { _ in
            ["seq": String(repeating: "9", count: 30)]
        },
        value("a book's price of zero", ["books"], .brokenBook, TopicRegistry.book) {
            $0.book(["asks": "[[\"0\",\"1\"]]"])
        },
        value("a book that crosses itself", ["books"], .brokenBook, TopicRegistry.book) {
            $0.book(["bids": "[[\"9\",\"1\"]]", "asks": "[[\"8\",\"1\"]]"])
        },
        value("a book whose sides touch", ["books"], .brokenBook, TopicRegistry.book) {
            $0.book(["bids": "[[\"9\",\"1\"]]", "asks": "[[\"9\",\"1\"]]"])
        },
        value("funding at a mark of zero", [], .absurd, TopicRegistry.funding) {
            $0.funding(["mark": "\"0\""])
        },
        BadInput("a negative fee", ["instruments"], .absurd, TopicRegistry.instrument) { _ in
            ("okx:X-Y", BadInputDesk.instrument("okx", "X-Y", fee: "-5"))
        },
    ]

    static let clocks: [BadInput] = [
        quote("received in an hour", ["clock_ahead"], .clockAhead) { ["received_us": "\($0.now + hour)"] },
        quote("an epoch in an hour", ["clock_ahead"], .clockAhead) { ["epoch": "\($0.now + hour)"] },
        quote("received at the end of time", ["clock_ahead"], .clockAhead) { _ in
            ["received_us": "\(Int64.max)"]
        },
        quote("received an hour ago", ["changed"], .late) { ["received_us": "\($0.now - hour)"] },
        quote("an epoch of an hour ago", ["old_epoch"], nil) { ["epoch": "\($0.began - hour)"] },
        quote("a number that was there before", ["old_sequence"], nil) { _ in ["seq": "1"] },
        value("a book received in an hour", [], .clockAhead, TopicRegistry.book) {
            $0.book(["received_us": "\($0.now + hour)"])
        },
    ]

    static let tombstones: [BadInput] = [
        value("no quote", ["tombstone"], .tombstone) { _ in nil },
        value("no book", ["tombstone"], .tombstone, TopicRegistry.book) { _ in nil },
        value("no funding", ["tombstone"], .tombstone, TopicRegistry.funding) { _ in nil },
        BadInput("neither key nor value", ["tombstone"], .tombstone) { _ in (nil, nil) },
    ]
}

// MARK: - The tests

@Suite struct `A record that nobody should have written` {
    @Test(
        arguments: BadInput.schemas + BadInput.texts + BadInput.names + BadInput.figures + BadInput.clocks
            + BadInput.tombstones
    )
    func `is counted once and told once, and nothing is made of it`(bad: BadInput) throws {
        let desk = try BadInputDesk()
        let (outcomes, ignored, quotes) = (desk.outcomes, desk.ignored, try desk.quotes().count)
        let (key, value) = bad.make(desk)
        desk.send(bad.topic, key, value)
        desk.pass(milliseconds: 1000)
        let grown = Set(bad.outcomes).reduce(into: [String: UInt64]()) { $0[$1] = 1 }
        #expect(BadInputDesk.difference(desk.outcomes, outcomes) == grown)
        let told = bad.ignored.map { [$0.rawValue: UInt64(1)] } ?? [:]
        #expect(BadInputDesk.difference(desk.ignored, ignored) == told)
        let incidents = try desk.incidents()
        #expect(incidents.map(\.kind) == (bad.ignored.map { ["ignored_\($0.rawValue)"] } ?? []))
        if let what = bad.ignored { #expect(incidents.first?.detail == "1 ignored: \(what.meaning)") }
        #expect(try desk.letters().count == (bad.outcomes.contains("dead_letters") ? 1 : 0))
        try expectHonest(desk, after: quotes)
        try expectAlive(desk)
    }

    /// Every quote since is of prices that a healthy record told, and there is no opportunity.
    private func expectHonest(_ desk: BadInputDesk, after count: Int) throws {
        for quote in try desk.quotes().dropFirst(count) {
            #expect(quote.head.symbol == BadInputDesk.symbol)
            #expect(["99", "99.5", nil].contains(quote.bid?.level.price.description))
            #expect(["100", "100.5", nil].contains(quote.ask?.level.price.description))
            #expect(!quote.crossed)
        }
        #expect(try desk.steps().isEmpty)
    }

    /// It still sees what is there.
    private func expectAlive(_ desk: BadInputDesk) throws {
        desk.send(TopicRegistry.bbo, BadInputDesk.symbol, desk.quote("binance", "98", "99"))
        desk.send(TopicRegistry.bbo, BadInputDesk.symbol, desk.quote("okx", "99.5", "100.5"))
        desk.pass(milliseconds: 100)
        #expect(try desk.quotes().last?.ask?.level.price.description == "99")
        // A book that broke or is awaited has taken the place of okx's quotes until the next snapshot.
        desk.send(TopicRegistry.book, BadInputDesk.symbol, desk.book())
        #expect(try desk.steps().map(\.state).contains(.open))
    }

    @Test func `is read where a newer minor schema only adds fields`() throws {
        let desk = try BadInputDesk()
        let (outcomes, ignored) = (desk.outcomes, desk.ignored)
        let added: [String: String?] = [
            "auction": "{\"state\":[1,{\"deep\":null}],\"bid\":\"1\"}", "zone": "\"\\u00e9\"",
            "level": "-1.5e3",
        ]
        desk.send(
            TopicRegistry.bbo,
            BadInputDesk.symbol,
            desk.quote("okx", "99.6", "100.5", added)
        )
        desk.send(
            TopicRegistry.book,
            BadInputDesk.symbol,
            desk.book(["bids": "[[\"99.7\",\"1\"]]", "x": "[]"])
        )
        desk.send(TopicRegistry.funding, BadInputDesk.symbol, desk.funding(["x": "{}"]))
        desk.pass(milliseconds: 1000)
        #expect(try desk.quotes().last?.bid?.level.price.description == "99.6")
        #expect(BadInputDesk.difference(desk.outcomes, outcomes) == ["changed": 1, "books": 1])
        #expect(BadInputDesk.difference(desk.ignored, ignored).isEmpty)
        #expect(try desk.incidents().isEmpty && desk.letters().isEmpty)
    }

    @Test func `makes no opportunity where the price is a million times too high`() throws {
        let desk = try BadInputDesk()
        desk.send(
            TopicRegistry.bbo,
            BadInputDesk.symbol,
            desk.quote("okx", "99500000", "99500001")
        )
        desk.pass(milliseconds: 1000)
        #expect(desk.ignored["implausible", default: 0] >= 1)
        #expect(try desk.incidents().map(\.kind) == ["ignored_implausible"])
        #expect(try desk.steps().isEmpty)
        // The quote says what the venue says, and that it crosses.
        #expect(try desk.quotes().last?.crossed == true)
    }

    @Test func `makes no opportunity of an instrument that nobody described, and says so when that lasts`()
        throws
    {
        let desk = try BadInputDesk()
        for (venue, bid, ask) in [("binance", "99", "100"), ("okx", "110", "111")] {
            desk.send(
                TopicRegistry.bbo,
                "NEW-USDT",
                desk.quote(venue, bid, ask, symbol: "NEW-USDT")
            )
        }
        desk.pass(milliseconds: 2000)
        #expect(desk.ignored["no_instrument"] == 2)
        #expect(try desk.incidents().isEmpty)
        desk.pass(milliseconds: 6000)
        #expect(try desk.incidents().map(\.kind) == ["ignored_no_instrument"])
        #expect(try desk.incidents().first?.symbol == "NEW-USDT")
        #expect(try desk.steps().isEmpty)
        // Described, the same quotes are an opportunity.
        for venue in ["binance", "okx"] {
            desk.send(
                TopicRegistry.instrument,
                "\(venue):NEW-USDT",
                BadInputDesk.instrument(venue, "NEW-USDT")
            )
        }
        #expect(try desk.steps().map(\.state) == [.open])
    }

    @Test func `ends an instrument and its opportunity where it is a tombstone of one`() throws {
        let desk = try BadInputDesk()
        desk.send(TopicRegistry.bbo, BadInputDesk.symbol, desk.quote("okx", "101", "102"))
        #expect(try desk.steps().map(\.state) == [.open])
        desk.send(TopicRegistry.instrument, "okx:\(BadInputDesk.symbol)", nil)
        #expect(try desk.steps().map(\.state).contains(.close))
        desk.send(TopicRegistry.bbo, BadInputDesk.symbol, desk.quote("okx", "101.5", "102"))
        #expect(try desk.steps().filter { $0.state == .open }.count == 1)
        #expect(desk.ignored["no_instrument"] == 1)
    }

    @Test(arguments: [0, 1, 2])
    func `is told once in an interval, however many there are`(rounds: Int) throws {
        let desk = try BadInputDesk()
        for _ in 0...rounds {
            for _ in 0..<300 {
                desk.send(TopicRegistry.bbo, BadInputDesk.symbol, "no json")
                desk.send(TopicRegistry.bbo, "ETH-USDT", desk.quote("okx", "120", "121"))
                desk.send(TopicRegistry.bbo, BadInputDesk.symbol, nil)
            }
            desk.pass(milliseconds: 6000)
        }
        let times = rounds + 1
        for what in [IgnoredClass.undecodable, .wrongKey, .tombstone] {
            #expect(desk.ignored[what.rawValue] == UInt64(300 * times))
            let told = try desk.incidents().filter { $0.kind == "ignored_\(what.rawValue)" }
            // The first is told at once, the rest of its flood when the interval is over.
            #expect(told.count <= 1 + 2 * rounds + 1 && told.count >= times)
            let counts = told.compactMap { $0.detail.split(separator: " ").first.flatMap { UInt64($0) } }
            #expect(counts.reduce(0, +) == UInt64(300 * times))
        }
        // A hundred dead letters a second at most.
        #expect(try desk.letters().count <= 200 * times)
        #expect(try desk.steps().isEmpty)
    }

    @Test(arguments: [true, false])
    func `is not let in by another's key where the market is shared`(isKeyOurs: Bool) throws {
        let home = Int32(KeyPartition.of(BadInputDesk.symbol, among: Shelf.partitions))
        let desk = try BadInputDesk(own: [home])
        let stranger = try must(
            (0..<50).map { "S\($0)-USDT" }.first { KeyPartition.of($0, among: Shelf.partitions) != Int(home) }
        )
        let (outcomes, quotes) = (desk.outcomes, try desk.quotes().count)
        let value = desk.quote("okx", "120", "121", symbol: isKeyOurs ? stranger : BadInputDesk.symbol)
        desk.send(TopicRegistry.bbo, isKeyOurs ? BadInputDesk.symbol : stranger, value)
        desk.pass(milliseconds: 1000)
        let expected = isKeyOurs ? "refused_name" : "foreign"
        #expect(BadInputDesk.difference(desk.outcomes, outcomes) == [expected: 1])
        #expect(try desk.quotes().count == quotes && desk.steps().isEmpty)
    }
}
