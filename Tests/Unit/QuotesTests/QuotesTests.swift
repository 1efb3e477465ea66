// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Testing

@testable import Quotes

/// A table with short words for what tests do to it.
struct Market {
    var table: QuoteTable
    var now: Int64 = 1_700_000_000_000_000

    init(maxAge: Int64 = 30_000_000) {
        table = QuoteTable(settings: QuoteSettings(legMaxAgeMicroseconds: maxAge))
    }

    mutating func quote(
        _ venue: String,
        bid: (String, String)?,
        ask: (String, String)?,
        epoch: Int64 = 1,
        seq: UInt64,
        feed: String? = nil,
        received: Int64? = nil
    ) throws -> UpdateOutcome {
        let update = LegUpdate(
            symbol: try must(table.symbol("BTC-USDT")),
            venue: try must(table.venue(venue)),
            identity: RecordIdentity(
                feed: try must(table.feed(feed ?? "\(venue)-feed")),
                epoch: epoch,
                seq: seq
            ),
            exchangeMicroseconds: EventTime.none,
            receivedMicroseconds: received ?? now,
            bid: try level(bid),
            ask: try level(ask)
        )
        return table.apply(update, now: now)
    }

    mutating func invalidate(_ venue: String, epoch: Int64 = 1, seq: UInt64) throws -> UpdateOutcome {
        let update = LegUpdate(
            invalidating: try must(table.symbol("BTC-USDT")),
            venue: try must(table.venue(venue)),
            identity: RecordIdentity(
                feed: try must(table.feed("\(venue)-feed")),
                epoch: epoch,
                seq: seq
            ),
            receivedMicroseconds: now
        )
        return table.apply(update, now: now)
    }

    mutating func expire() -> [String] {
        var left: [SymbolID] = []
        table.expire(now: now) { left.append($0) }
        return left.map { table.name(of: $0) }
    }

    /// `bid venue size / ask venue size`, as a person would note it.
    var view: String {
        let quote = table.quote(of: SymbolID(index: 0))
        return "\(note(quote.bid)) / \(note(quote.ask))"
    }

    func health(_ venue: String) -> LegHealth? {
        var copy = table
        return copy.venue(venue).flatMap { table.leg(SymbolID(index: 0), $0)?.health }
    }

    private func note(_ side: BestSide?) -> String {
        guard let side else { return "-" }
        return "\(side.level.price) \(table.name(of: side.venue)) \(side.level.size)"
    }

    private func level(_ text: (String, String)?) throws -> PriceLevel? {
        guard let text else { return nil }
        return PriceLevel(price: try ScaledDecimal(text.0), size: try ScaledDecimal(text.1))
    }
}

@Suite struct `Consolidated quotes` {
    @Test func `the best of each side wins, whoever offers it`() throws {
        var market = Market()
        #expect(try market.quote("okx", bid: ("99", "1"), ask: ("101", "2"), seq: 1) == .changed)
        #expect(try market.quote("binance", bid: ("98", "3"), ask: ("100.5", "4"), seq: 1) == .changed)
        #expect(market.view == "99 okx 1 / 100.5 binance 4")
        #expect(try market.quote("binance", bid: ("98.1", "3"), ask: ("100.5", "4"), seq: 2) == .legChanged)
        #expect(try market.quote("binance", bid: ("98.1", "3"), ask: ("100.5", "4"), seq: 3) == .refreshed)
    }

    @Test func `equal prices go to the larger size, then to the first name`() throws {
        var market = Market()
        _ = try market.quote("okx", bid: ("99", "1"), ask: ("101", "2"), seq: 1)
        _ = try market.quote("binance", bid: ("99", "1"), ask: ("101", "1.5"), seq: 1)
        #expect(market.view == "99 binance 1 / 101 okx 2")
        _ = try market.quote("abc", bid: ("99.0", "1.00"), ask: nil, seq: 1)
        #expect(market.view == "99 abc 1 / 101 okx 2")
    }

    @Test func `crossed and locked are told apart`() throws {
        var market = Market()
        _ = try market.quote("okx", bid: ("100", "1"), ask: ("101", "1"), seq: 1)
        _ = try market.quote("binance", bid: ("99", "1"), ask: ("100", "1"), seq: 1)
        var quote = market.table.quote(of: SymbolID(index: 0))
        #expect(quote.isLocked && !quote.isCrossed)
        _ = try market.quote("okx", bid: ("100.01", "1"), ask: ("101", "1"), seq: 2)
        quote = market.table.quote(of: SymbolID(index: 0))
        #expect(!quote.isLocked && quote.isCrossed)
    }

    @Test func `an invalidated leg leaves at once and returns with the next quote`() throws {
        var market = Market()
        _ = try market.quote("okx", bid: ("99", "1"), ask: ("101", "2"), seq: 1)
        _ = try market.quote("binance", bid: ("98", "3"), ask: ("102", "4"), seq: 1)
        #expect(try market.invalidate("okx", seq: 2) == .changed)
        #expect(market.view == "98 binance 3 / 102 binance 4")
        #expect(market.health("okx") == .invalid)
        #expect(try market.quote("okx", bid: ("99", "1"), ask: nil, epoch: 2, seq: 1) == .changed)
        #expect(market.view == "99 okx 1 / 102 binance 4")
    }

    @Test func `a leg leaves by itself when it is too old`() throws {
        var market = Market(maxAge: 1000)
        _ = try market.quote("okx", bid: ("99", "1"), ask: ("101", "2"), seq: 1)
        market.now += 600
        _ = try market.quote("binance", bid: ("98", "3"), ask: ("102", "4"), seq: 1)
        market.now += 400
        #expect(market.expire() == [])
        market.now += 1
        #expect(market.expire() == ["BTC-USDT"])
        #expect(market.health("okx") == .stale)
        #expect(market.view == "98 binance 3 / 102 binance 4")
        #expect(market.expire() == [])
        #expect(try market.quote("okx", bid: ("99", "1"), ask: ("101", "2"), seq: 2) == .changed)
        #expect(market.view == "99 okx 1 / 101 okx 2")
    }

    @Test func `another leg's update does not see one whose time is over`() throws {
        var market = Market(maxAge: 1000)
        _ = try market.quote("okx", bid: ("99", "1"), ask: ("101", "2"), seq: 1)
        market.now += 1001
        _ = try market.quote("binance", bid: ("98", "3"), ask: ("102", "4"), seq: 1)
        #expect(market.view == "98 binance 3 / 102 binance 4")
        #expect(market.health("okx") == .stale)
    }

    @Test func `a quote that is old when it comes does not count`() throws {
        var market = Market(maxAge: 1000)
        let received = market.now - 2000
        _ = try market.quote("okx", bid: ("99", "1"), ask: ("101", "2"), seq: 1, received: received)
        #expect(market.view == "- / -")
        #expect(market.health("okx") == .stale)
    }

    @Test func `a feed's clock that is ahead does not keep its leg alive`() throws {
        var market = Market(maxAge: 1000)
        let received = market.now + 200_000_000
        _ = try market.quote("okx", bid: ("99", "1"), ask: ("101", "2"), seq: 1, received: received)
        market.now += 1001
        #expect(market.expire() == ["BTC-USDT"])
    }

    @Test func `repetitions and replaced incarnations change nothing`() throws {
        var market = Market()
        _ = try market.quote("okx", bid: ("99", "1"), ask: nil, epoch: 5, seq: 7)
        #expect(
            try market.quote("okx", bid: ("1", "1"), ask: nil, epoch: 5, seq: 7) == .ignored(.oldSequence)
        )
        #expect(
            try market.quote("okx", bid: ("1", "1"), ask: nil, epoch: 5, seq: 6) == .ignored(.oldSequence)
        )
        #expect(try market.quote("okx", bid: ("1", "1"), ask: nil, epoch: 4, seq: 9) == .ignored(.oldEpoch))
        #expect(market.view == "99 okx 1 / -")
        #expect(try market.quote("okx", bid: ("98", "1"), ask: nil, epoch: 6, seq: 1) == .changed)
        #expect(market.view == "98 okx 1 / -")
    }

    @Test func `instances of a feed stand in for each other, late records do not`() throws {
        var market = Market()
        _ = try market.quote("okx", bid: ("99", "1"), ask: nil, epoch: 5, seq: 1, feed: "okx-feed")
        market.now += 1
        #expect(
            try market.quote("okx", bid: ("98", "1"), ask: nil, epoch: 4, seq: 9, feed: "b")
                == .ignored(.oldEpoch)
        )
        _ = try market.invalidate("okx", epoch: 5, seq: 2)
        let late = market.now - 1
        #expect(
            try market.quote("okx", bid: ("98", "1"), ask: nil, epoch: 4, seq: 10, feed: "b", received: late)
                == .ignored(.oldEpoch)
        )
        market.now += 1
        #expect(try market.quote("okx", bid: ("98", "1"), ask: nil, epoch: 4, seq: 11, feed: "b") == .changed)
        #expect(market.view == "98 okx 1 / -")
    }

    @Test(arguments: ["0", "-1"])
    func `an absurd price or size is not taken`(number: String) throws {
        var market = Market()
        #expect(try market.quote("okx", bid: (number, "1"), ask: nil, seq: 1) == .ignored(.absurd))
        #expect(try market.quote("okx", bid: ("1", number), ask: nil, seq: 1) == .ignored(.absurd))
        #expect(
            try market.quote("okx", bid: ("1", "1"), ask: nil, epoch: .max, seq: 1) == .ignored(.clockAhead)
        )
        #expect(market.view == "- / -")
    }

    @Test func `identifiers that no table gave out are refused`() throws {
        var market = Market()
        var update = LegUpdate(
            invalidating: SymbolID(index: 9),
            venue: VenueIndex(index: 3),
            identity: RecordIdentity(feed: 0, epoch: 0, seq: 1),
            receivedMicroseconds: 0
        )
        #expect(market.table.apply(update, now: 0) == .ignored(.unknown))
        update.symbol = try must(market.table.symbol("A"))
        #expect(market.table.apply(update, now: 0) == .ignored(.unknown))
        #expect(market.table.quote(of: SymbolID(index: 7)) == .none)
    }
}

extension `Consolidated quotes` {
    @Test func `a forgotten symbol begins anew`() throws {
        var market = Market()
        _ = try market.quote("okx", bid: ("99", "1"), ask: ("101", "2"), epoch: 5, seq: 9)
        market.table.forget(SymbolID(index: 0))
        #expect(market.view == "- / -")
        #expect(market.health("okx") == nil)
        market.now += 60_000_000
        #expect(market.expire() == [])
        #expect(try market.quote("okx", bid: ("98", "1"), ask: nil, epoch: 4, seq: 1) == .changed)
    }
}
