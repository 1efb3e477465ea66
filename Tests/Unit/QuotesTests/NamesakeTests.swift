// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes
import Testing

/// One symbol at venues a, b and c, looked at once a second.
private struct Family {
    var depth = DepthTable(settings: DepthSettings())
    var watch: NamesakeWatch
    var second: Int64 = 0
    private var seq: UInt64 = 0

    init(ratio: String = "1.5", seconds: Int64 = 3) throws {
        let settings = NamesakeSettings(
            ratio: try ScaledDecimal(ratio),
            lastingMicroseconds: seconds * 1_000_000
        )
        watch = NamesakeWatch(settings: settings)
    }

    /// Says the venues' prices, 0 for nothing, and looks; gives who is set apart or back, as "0 out" and "0 in".
    mutating func look(_ prices: Int64...) throws -> [String] {
        second += 1
        let now = second * 1_000_000
        for (venue, price) in prices.enumerated() {
            let index = VenueIndex(index: UInt16(venue))
            let market = try must(depth.market(SymbolID(index: 0), index))
            seq += 1
            let identity = RecordIdentity(feed: 0, epoch: 1, seq: seq)
            var update = DepthUpdate(
                kind: price == 0 ? .invalid : .snapshot,
                identity: identity,
                receivedMicroseconds: now
            )
            if price > 0 {
                update.bids = [PriceLevel(price: ScaledDecimal(price), size: .one)]
                update.asks = [PriceLevel(price: ScaledDecimal(price + 2), size: .one)]
            }
            _ = depth.apply(market, update, now: now)
        }
        let findings = watch.look(depth, now: now)
        for finding in findings { depth.setQuarantine(finding.isApart, finding.market) }
        return findings.map { "\($0.market.index) \($0.isApart ? "out" : "in")" }
    }
}

@Suite struct `Instruments that share a name` {
    @Test func `and nothing else are both set apart after a while, and back when near as long`() throws {
        var family = try Family()
        for _ in 0..<3 { #expect(try family.look(100, 200) == []) }
        #expect(try family.look(100, 200) == ["0 out", "1 out"])
        #expect(family.watch.apartCount == 2)
        #expect(family.depth.health(MarketIndex(index: 0)) == .invalid)
        for _ in 0..<3 { #expect(try family.look(100, 101) == []) }
        #expect(try family.look(100, 101) == ["0 in", "1 in"])
        #expect(family.depth.health(MarketIndex(index: 0)) == .live)
    }

    @Test func `are left alone where the prices met meanwhile or nobody could compare them`() throws {
        var family = try Family()
        for _ in 0..<3 { #expect(try family.look(100, 200) == []) }
        #expect(try family.look(100, 101) == [])
        for _ in 0..<3 { #expect(try family.look(100, 200) == []) }
        #expect(try family.look(100, 0) == [])
        for _ in 0..<3 { #expect(try family.look(100, 200) == []) }
        #expect(try family.look(100, 200) == ["0 out", "1 out"])
    }

    @Test func `lose the odd one of three, who then says nothing of the others`() throws {
        var family = try Family()
        for _ in 0..<3 { #expect(try family.look(100, 102, 900) == []) }
        #expect(try family.look(100, 102, 900) == ["2 out"])
        for _ in 0..<9 { #expect(try family.look(100, 0, 900) == []) }
        for _ in 0..<3 { #expect(try family.look(100, 102, 101) == []) }
        #expect(try family.look(100, 102, 101) == ["2 in"])
    }

    @Test func `are near at the bound itself, and nobody looks where the time is nothing`() throws {
        var family = try Family(ratio: "2")
        // The middles are 101 and 202, then 203.
        for _ in 0..<9 { #expect(try family.look(100, 201) == []) }
        for _ in 0..<3 { #expect(try family.look(100, 202) == []) }
        #expect(try family.look(100, 202) == ["0 out", "1 out"])
        var idle = try Family(seconds: 0)
        for _ in 0..<9 { #expect(try idle.look(1, 900) == []) }
    }

    @Test func `leave and come back in the best bid and ask`() throws {
        var table = QuoteTable(settings: QuoteSettings())
        let symbol = try must(table.symbol("A-T"))
        let venues = [try must(table.venue("x")), try must(table.venue("y"))]
        for (venue, price) in zip(venues, [100, 900] as [Int64]) {
            let level = PriceLevel(price: ScaledDecimal(price), size: .one)
            _ = table.apply(
                LegUpdate(
                    symbol: symbol,
                    venue: venue,
                    identity: RecordIdentity(feed: 0, epoch: 1, seq: 1),
                    exchangeMicroseconds: EventTime.none,
                    receivedMicroseconds: 1000,
                    bid: level,
                    ask: level
                ),
                now: 1000
            )
        }
        #expect(table.quote(of: symbol).isCrossed)
        let isOut = table.setQuarantine(true, symbol, venues[1], now: 1000)
        let isOutAgain = table.setQuarantine(true, symbol, venues[1], now: 1000)
        #expect(isOut && !isOutAgain)
        #expect(table.quote(of: symbol).liveLegs == 1)
        #expect(table.quote(of: symbol).bid?.venue == venues[0])
        #expect(table.isQuarantined(symbol, venues[1]))
        table.setQuarantine(false, symbol, venues[1], now: 1000)
        #expect(table.quote(of: symbol).isCrossed)
        table.setQuarantine(true, symbol, venues[1], now: 1000)
        table.forget(symbol)
        #expect(table.isQuarantined(symbol, venues[1]) == false)
    }
}
