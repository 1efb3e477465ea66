// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Testing

@testable import Quotes

/// A level from its texts.
private func level(_ price: String, _ size: String) throws -> PriceLevel {
    PriceLevel(price: try ScaledDecimal(price), size: try ScaledDecimal(size))
}

private func text(_ level: PriceLevel?) -> String {
    guard let level else { return "-" }
    return "\(level.price) x \(level.size)"
}

@Suite struct `A conversion` {
    @Test(arguments: [
        ("USDC-USDT@binance", "USDC", "USDT", false),
        ("USDC-USDT@binance>USDT", "USDC", "USDT", false),
        ("USDT-USD@coinbase>USDT", "USD", "USDT", true),
        ("USDT-USD@coinbase", "USDT", "USD", false),
    ])
    func `is read from its market`(written: String, from: String, to: String, isDivision: Bool) throws {
        let conversion = try Conversion(written)
        #expect(conversion.from == from)
        #expect(conversion.to == to)
        #expect(conversion.isDivision == isDivision)
        #expect(written.hasPrefix(conversion.name))
    }

    @Test(arguments: [
        ("USDC-USDT", ConversionError.notAMarket), ("@binance", .notSpot), ("USDC-USDT@", .notAMarket),
        ("USDC@binance", .notSpot), ("USDT-USDT@binance", .notSpot), ("BTC-USDT-PERP@okx", .notSpot),
        ("USDC-USDT@binance>EUR", .foreignCurrency("EUR")), ("USDC-USDT@a@b", .notAMarket),
        ("USDC-USDT@binance>", .foreignCurrency("")), ("A-B@v>A>B", .notAMarket), ("", .notAMarket),
    ])
    func `says what is wrong with its text`(written: String, error: ConversionError) {
        #expect(throws: error) { try Conversion(written) }
        #expect(!error.mend.isEmpty)
    }

    @Test func `crosses the market's spread, never in favour of an edge`() throws {
        let market = (bid: try level("0.9997", "1000"), ask: try level("0.9999", "2000"))
        let times = try Conversion("USDC-USDT@binance")
        let bid = times.bid(try level("100", "3"), marketBid: market.bid, marketAsk: market.ask)
        #expect(text(bid) == "99.97 x 3")
        let ask = times.ask(try level("101", "30"), marketBid: market.bid, marketAsk: market.ask)
        // 2000 USDC buy 19.80198019… at 101.
        #expect(text(ask) == "100.9899 x 19.80198019")
        let by = try Conversion("USDT-USD@coinbase>USDT")
        let divided = by.bid(try level("100", "3"), marketBid: market.bid, marketAsk: market.ask)
        #expect(text(divided) == "100.0100010001 x 3")
        let raised = by.ask(try level("101", "30"), marketBid: market.bid, marketAsk: market.ask)
        // 1000 USDT bring 999.7 USD, which buy 9.8980198… at 101.
        #expect(text(raised) == "101.030309092728 x 9.8980198")
    }

    @Test func `gives nothing where the market has nothing, or nothing is left`() throws {
        let conversion = try Conversion("USDC-USDT@binance")
        let level = try level("0.0000000001", "5")
        #expect(conversion.bid(level, marketBid: nil, marketAsk: level) == nil)
        #expect(conversion.bid(level, marketBid: level, marketAsk: nil) == nil)
        let nines = String(repeating: "9", count: 38)
        let huge = PriceLevel(price: try ScaledDecimal(nines), size: try ScaledDecimal(nines))
        #expect(conversion.ask(huge, marketBid: huge, marketAsk: huge) == nil)
    }

    @Test func `concerns spot symbols of its currencies alone`() throws {
        let conversion = try Conversion("USDC-USDT@binance")
        #expect(conversion.source(of: "BTC-USDT") == "BTC-USDC")
        #expect(conversion.target(of: "BTC-USDC") == "BTC-USDT")
        for symbol in ["BTC-USD", "BTC-USDT-PERP", "USDC-USDT", "-USDT", "USDT", "BTC-USDT-20261225"] {
            #expect(conversion.source(of: symbol) == nil)
        }
        let both = [conversion, try Conversion("USDT-USD@coinbase>USDT")]
        #expect(
            Conversion.needs(of: "BTC-USDT", both) == ["BTC-USD", "BTC-USDC", "USDC-USDT", "USDT-USD"]
        )
        #expect(Conversion.needs(of: "USDC-USDT", both) == ["USDC-USD", "USDT-USD"])
        #expect(Conversion.needs(of: "BTC-USD", both) == [])
    }
}

@Suite struct `Quotes joined through a conversion` {
    private var table: QuoteTable
    private var seq: UInt64 = 0
    private var now: Int64 = 1_000_000

    init() throws {
        let settings = QuoteSettings(
            legMaxAgeMicroseconds: 500,
            conversions: [try Conversion("USDC-USDT@binance"), try Conversion("USDT-USD@coinbase>USDT")]
        )
        table = QuoteTable(settings: settings)
    }

    private mutating func say(
        _ symbol: String,
        _ venue: String,
        _ bid: String?,
        _ ask: String?,
        size: String = "1"
    ) throws {
        seq += 1
        var update = LegUpdate(
            symbol: try must(table.symbol(symbol)),
            venue: try must(table.venue(venue)),
            identity: RecordIdentity(feed: try must(table.feed(venue)), epoch: 1, seq: seq),
            exchangeMicroseconds: EventTime.none,
            receivedMicroseconds: now,
            bid: nil,
            ask: nil
        )
        if let bid { update.bid = try level(bid, size) }
        if let ask { update.ask = try level(ask, size) }
        update.isLive = bid != nil || ask != nil
        _ = table.apply(update, now: now)
    }

    private mutating func joined() -> [String] {
        var found: [String] = []
        let copy = table
        table.takeJoined { found.append(copy.name(of: $0)) }
        return found
    }

    private func view(_ symbol: String) throws -> String {
        let quote = table.quote(of: try #require(table.find(symbol: symbol)))
        let sides = [quote.bid, quote.ask].map { side in
            guard let side else { return "-" }
            let through = side.conversion.map { " by \(table.conversions[$0].name)" } ?? ""
            return "\(side.level.price) \(table.name(of: side.venue))\(through)"
        }
        return "\(sides[0]) / \(sides[1]) of \(quote.liveLegs)\(quote.isCrossed ? " crossed" : "")"
    }

    @Test mutating func `are there before their symbol says a word of its own`() throws {
        try say("USDC-USDT", "binance", "0.99", "1")
        try say("BTC-USDC", "binance", "101", "102")
        _ = try must(table.symbol("BTC-USDT"))
        #expect(
            try view("BTC-USDT")
                == "99.99 binance by USDC-USDT@binance / 102 binance by USDC-USDT@binance of 1"
        )
        #expect(joined().contains("BTC-USDT"))
    }

    @Test mutating func `leave with a market that is itself joined, whoever sees first that it is late`()
        throws
    {
        try say("USDC-USDT", "binance", "0.99", "1")
        now += 400
        try say("BTC-USDT", "okx", "100", "103")
        try say("BTC-USDC", "binance", "101", "102")
        #expect(try view("BTC-USDT") == "100 okx / 102 binance by USDC-USDT@binance of 2")
        // The market's time is over, which a record of a symbol that joins it is the first to find.
        now += 200
        try say("USDC-USD", "okx", "1", "1")
        #expect(try view("BTC-USDT") == "100 okx / 103 okx of 1")
        #expect(joined().contains("BTC-USDT"))
        table.expire(now: now) { _ in }
        #expect(try view("BTC-USDT") == "100 okx / 103 okx of 1")
    }

    @Test mutating func `take part, and leave when either leg does`() throws {
        try say("BTC-USDT", "okx", "100", "101")
        try say("BTC-USDC", "binance", "102", "103")
        #expect(try view("BTC-USDT") == "100 okx / 101 okx of 1")
        #expect(joined() == [])
        try say("USDC-USDT", "binance", "0.99", "1", size: "100000")
        #expect(joined() == ["BTC-USDT"])
        #expect(try view("BTC-USDT") == "100.98 binance by USDC-USDT@binance / 101 okx of 2")
        #expect(try view("BTC-USDC") == "102 binance / 103 binance of 1")
        try say("BTC-USDC", "binance", "104", "105")
        #expect(joined() == ["BTC-USDT"])
        #expect(try view("BTC-USDT") == "102.96 binance by USDC-USDT@binance / 101 okx of 2 crossed")
        now += 400
        try say("BTC-USDT", "okx", "100", "101")
        try say("BTC-USDC", "binance", "104", "105")
        #expect(joined() == [])
        now += 200
        var left: [String] = []
        let copy = table
        table.expire(now: now) { left.append(copy.name(of: $0)) }
        #expect(left == ["USDC-USDT"])
        #expect(joined() == ["BTC-USDT"])
        #expect(try view("BTC-USDT") == "100 okx / 101 okx of 1")
        try say("USDC-USDT", "binance", "0.99", "1", size: "100000")
        #expect(try view("BTC-USDT") == "102.96 binance by USDC-USDT@binance / 101 okx of 2 crossed")
        try say("USDC-USDT", "binance", nil, nil)
        #expect(try view("BTC-USDT") == "100 okx / 101 okx of 1")
    }

    @Test mutating func `go by the named venue's market alone`() throws {
        try say("BTC-USD", "coinbase", "100", "101")
        try say("USDT-USD", "kraken", "1", "1", size: "100000")
        try say("BTC-USDT", "okx", nil, "200")
        #expect(try view("BTC-USDT") == "- / 200 okx of 1")
        try say("USDT-USD", "coinbase", "0.5", "0.8", size: "100000")
        #expect(try view("BTC-USDT") == "125 coinbase by USDT-USD@coinbase / 200 okx of 2")
        try say("BTC-USD", "coinbase", "100", "100")
        // Of equal prices the one that needs no conversion leads.
        #expect(try view("BTC-USDT") == "125 coinbase by USDT-USD@coinbase / 200 okx of 2")
    }

    @Test mutating func `heed a quarantine of either leg, and a symbol that is forgotten`() throws {
        try say("USDC-USDT", "binance", "1", "1", size: "100000")
        try say("BTC-USDC", "htx", "102", "103")
        try say("BTC-USDT", "okx", "100", "101")
        #expect(try view("BTC-USDT") == "102 htx by USDC-USDT@binance / 101 okx of 2 crossed")
        let market = try #require(table.find(symbol: "USDC-USDT"))
        let binance = try must(table.venue("binance"))
        #expect(table.liveConversions(now: now) == 1)
        table.setQuarantine(true, market, binance, now: now)
        #expect(table.liveConversions(now: now) == 0)
        #expect(joined() == ["BTC-USDT"])
        #expect(try view("BTC-USDT") == "100 okx / 101 okx of 1")
        table.setQuarantine(false, market, binance, now: now)
        #expect(try view("BTC-USDT") == "102 htx by USDC-USDT@binance / 101 okx of 2 crossed")
        table.forget(try #require(table.find(symbol: "BTC-USDC")))
        #expect(joined() == ["BTC-USDT"])
        #expect(try view("BTC-USDT") == "100 okx / 101 okx of 1")
    }

    @Test mutating func `are listed with what turned them, those that don't count too`() throws {
        try say("USDC-USDT", "binance", "0.99", "1", size: "100000")
        try say("BTC-USDT", "okx", "100", "101")
        try say("BTC-USDC", "htx", "102", "103")
        let symbol = try #require(table.find(symbol: "BTC-USDT"))
        var legs: [ConvertedLeg] = []
        table.convertedLegs(of: symbol, now: now) { legs.append($0) }
        #expect(legs.count == 1)
        #expect(legs.first?.health == .live)
        #expect(text(legs.first?.bid) == "100.98 x 1")
        #expect(text(legs.first?.ask) == "103 x 1")
        legs = []
        table.convertedLegs(of: symbol, now: now + 501) { legs.append($0) }
        #expect(legs.map(\.health) == [.stale])
        try say("USDC-USDT", "binance", nil, nil)
        legs = []
        table.convertedLegs(of: symbol, now: now) { legs.append($0) }
        #expect(legs.map(\.health) == [.invalid])
        #expect(legs.first?.bid == nil)
    }
}
