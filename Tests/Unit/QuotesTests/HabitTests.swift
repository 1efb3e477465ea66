// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes
import Testing

@Suite struct `A leg's habits` {
    private var table = QuoteTable(
        settings: QuoteSettings(
            legMaxAgeMicroseconds: 10_000_000,
            legMinAgeMicroseconds: 50_000,
            heartbeatMicroseconds: 1_000_000
        )
    )
    private let symbol: SymbolID
    private let venue: VenueIndex
    private var seq: UInt64 = 0

    init() throws {
        symbol = try must(table.symbol("A-T"))
        venue = try must(table.venue("x"))
    }

    private mutating func say(now: Int64, exchange: Int64 = EventTime.none) {
        seq += 1
        let level = PriceLevel(price: .one, size: .one)
        _ = table.apply(
            LegUpdate(
                symbol: symbol,
                venue: venue,
                identity: RecordIdentity(feed: 0, epoch: 1, seq: seq),
                exchangeMicroseconds: exchange,
                receivedMicroseconds: now,
                bid: level,
                ask: nil
            ),
            now: now
        )
    }

    private var health: LegHealth? { table.leg(symbol, venue)?.health }

    @Test mutating func `decide when it is doubted, and it returns with the next quote`() {
        var now: Int64 = 0
        for _ in 0..<1025 {
            say(now: now)
            now += 100_000
        }
        #expect(table.allowedAge(symbol, venue) == 114_688)
        let last = now - 100_000
        table.expire(now: last + 114_688) { _ in }
        #expect(health == .live)
        table.expire(now: last + 114_689) { _ in }
        #expect(health == .stale)
        #expect(table.quote(of: symbol) == .none)
        say(now: last + 200_000)
        #expect(health == .live)
    }

    @Test mutating func `do not help it where its feed's heartbeat is late`() {
        table.heard(ofFeed: 0, at: 0)
        say(now: 900_000)
        table.expire(now: 1_000_000) { _ in }
        #expect(health == .live)
        var left: [SymbolID] = []
        table.expire(now: 1_000_001) { left.append($0) }
        #expect(health == .stale && left == [symbol])
        say(now: 1_000_002)
        #expect(health == .stale)
        table.heard(ofFeed: 0, at: 1_000_003)
        say(now: 1_000_004, exchange: 1_000_000)
        #expect(health == .live)
        #expect(table.leg(symbol, venue)?.skewMicroseconds == 4)
    }
}
