// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes
import Testing

/// One symbol at one venue, told by any of several instances of its feed, in both tables.
private struct Told {
    var quotes = QuoteTable(
        settings: QuoteSettings(legMaxAgeMicroseconds: 1_000_000, heartbeatMicroseconds: 1000)
    )
    var depth = DepthTable(
        settings: DepthSettings(
            ages: ArrivalBounds(least: 1_000_000, most: 1_000_000),
            heartbeatMicroseconds: 1000
        )
    )
    let symbol: SymbolID
    let venue: VenueIndex
    let market: MarketIndex
    private var seq: UInt64 = 0

    init() throws {
        symbol = try must(quotes.symbol("A-T"))
        venue = try must(quotes.venue("x"))
        market = try must(depth.market(symbol, venue))
    }

    mutating func say(_ feed: UInt32, epoch: Int64 = 1, now: Int64) {
        seq += 1
        let identity = RecordIdentity(feed: feed, epoch: epoch, seq: seq)
        let level = PriceLevel(price: .one, size: .one)
        _ = quotes.apply(
            LegUpdate(
                symbol: symbol,
                venue: venue,
                identity: identity,
                exchangeMicroseconds: EventTime.none,
                receivedMicroseconds: now,
                bid: level,
                ask: nil
            ),
            now: now
        )
        var update = DepthUpdate(kind: .snapshot, identity: identity, receivedMicroseconds: now)
        update.bids = [level]
        _ = depth.apply(market, update, now: now)
    }

    mutating func hear(_ feed: UInt32, at time: Int64) {
        quotes.heard(ofFeed: feed, at: time)
        depth.heard(ofFeed: feed, at: time)
    }

    mutating func stop(_ feed: UInt32, at time: Int64) {
        quotes.stopped(feed: feed, at: time)
        depth.stopped(feed: feed, at: time)
    }

    /// The leg's health in both tables, which must be the same, and how many legs left.
    mutating func health(_ now: Int64) throws -> (health: LegHealth, left: Int) {
        var left = 0
        quotes.expire(now: now) { _ in left += 1 }
        depth.expire(now: now) { _ in }
        let health = try #require(quotes.leg(symbol, venue)?.health)
        #expect(depth.health(market) == health)
        #expect(quotes.quote(of: symbol).liveLegs == (health == .live ? 1 : 0))
        return (health, left)
    }
}

@Suite struct `A feed's heartbeat` {
    private var told: Told

    init() throws { told = try Told() }

    @Test mutating func `takes its legs out once when it is late`() throws {
        told.hear(0, at: 10_000)
        told.say(0, now: 10_900)
        #expect(try told.health(11_000) == (.live, 0))
        #expect(try told.health(11_001) == (.stale, 1))
        #expect(told.quotes.lateFeeds == [0])
        #expect(try told.health(11_002) == (.stale, 0))
    }

    @Test mutating func `lets them back with the first record after it`() throws {
        told.hear(0, at: 10_000)
        told.say(0, now: 10_000)
        _ = try told.health(12_000)
        told.say(0, now: 12_000)
        #expect(try told.health(12_000) == (.stale, 0))
        told.hear(0, at: 12_001)
        #expect(try told.health(12_001) == (.stale, 0))
        told.say(0, now: 12_002)
        #expect(try told.health(13_001) == (.live, 0))
        #expect(told.quotes.lateFeeds.isEmpty)
        #expect(try told.health(13_002) == (.stale, 1))
    }

    @Test mutating func `that is gone leaves the legs of the instance that took over`() throws {
        told.hear(0, at: 10_000)
        told.hear(1, at: 10_500)
        told.say(0, now: 10_000)
        told.say(1, epoch: 2, now: 10_600)
        #expect(try told.health(11_400) == (.live, 0))
        #expect(told.quotes.lateFeeds == [0])
        #expect(try told.health(11_501) == (.stale, 1))
        #expect(told.quotes.lateFeeds == [0, 1])
    }

    @Test mutating func `ends with its own word, at once and until a newer one`() throws {
        told.hear(0, at: 10_000)
        told.say(0, now: 10_000)
        told.stop(0, at: 10_100)
        #expect(try told.health(10_100) == (.stale, 1))
        told.hear(0, at: 10_100)
        told.say(0, now: 10_101)
        #expect(try told.health(10_101) == (.stale, 0))
        told.hear(0, at: 10_102)
        told.say(0, epoch: 2, now: 10_103)
        #expect(try told.health(10_103) == (.live, 0))
    }

    @Test mutating func `does not matter where nobody has ever heard it`() throws {
        told.say(7, now: 10_000)
        #expect(try told.health(900_000) == (.live, 0))
        #expect(told.quotes.lastHeard(ofFeed: 7) == nil)
    }
}
