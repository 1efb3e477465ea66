// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Testing
import VenueKit
import Wire

@Suite struct `A session` {
    private static let closed = SessionAction.close(code: 1000, reason: "")

    @Test func `connects, subscribes in the venue's batches, and is live with the first data`() {
        let world = SessionDriver([bbo("A"), trade("A"), bbo("B")])
        world.start()
        #expect(world.wants() == [.connect])
        world.opened()
        #expect(world.wants() == [.send("sub 1 A.bbo,A.trade"), .send("sub 2 B.bbo")])
        #expect(world.states == [.pending, .pending, .pending])
        world.acknowledge(1, 2)
        #expect(world.states == [.confirmed, .confirmed, .confirmed])
        #expect(world.data(0))
        #expect(world.data(0))
        #expect(world.data(2))
        #expect(world.wants() == [.streamLive(0), .streamLive(2)])
        #expect(world.states == [.live, .confirmed, .live])
    }

    @Test func `takes acknowledgements a stream at a time, by the venue's channel name`() {
        let world = SessionDriver([bbo("A"), trade("A")])
        world.start()
        world.opened()
        world.control(.streamAcknowledged(venueSymbol: "A", channelName: "v-trade"))
        #expect(world.states == [.pending, .confirmed])
    }

    @Test func `takes data before the acknowledgement as proof`() {
        let world = SessionDriver([bbo("A")])
        world.start()
        world.opened()
        world.data(0)
        world.acknowledge(1)
        #expect(world.states == [.live])
    }

    @Test func `sends no faster than the venue allows`() {
        let venue = FakeVenue(sendLimit: RateLimit(count: 2, windowMilliseconds: 1000))
        let world = SessionDriver("ABCDEFGH".map { trade(String($0)) }, venue: venue)
        world.start()
        world.opened()
        #expect(world.wants().sends.count == 2)
        world.pass(milliseconds: 999 + RateWindow.journeySlackMilliseconds)
        #expect(world.wants().sends.isEmpty)
        world.pass(milliseconds: 1)
        #expect(world.wants().sends.count == 2)
    }

    @Test func `counts the acknowledgement's deadline from the sending, not from the asking`() {
        let venue = FakeVenue(sendLimit: RateLimit(count: 1, windowMilliseconds: 60_000))
        let world = SessionDriver([trade("A"), trade("B"), trade("C")], venue: venue)
        world.start()
        world.opened()
        world.acknowledge(1)
        world.pass(milliseconds: 14_000, every: 1000, talk: [0, 1])
        #expect(world.wants().incidents.isEmpty)
        #expect(world.states == [.live, .live, .pending])
    }

    @Test func `is heard again as often as it learned, before it calls a stream silent`() {
        let world = SessionDriver([bbo("A"), bbo("B")])
        world.goLive()
        world.pass(milliseconds: 8_000, every: 100, talk: [0])
        world.data(1)
        _ = world.wants()
        world.pass(milliseconds: 31_000, every: 100, talk: [0])
        #expect(world.wants().incidents.isEmpty, "four times eight seconds are not over")
        world.pass(milliseconds: 2_000, every: 100, talk: [0])
        #expect(
            world.wants().bare == [
                .invalidate(1, .silent), .incident(.streamSilent, 1), .send("unsub 2 B.bbo"),
                .send("sub 3 B.bbo"),
            ]
        )
    }

    @Test func `asks for a successor before the venue's end of life, once, and goes on`() {
        let world = SessionDriver([bbo("A")], venue: FakeVenue(life: 3_600_000))
        world.goLive()
        world.pass(milliseconds: 3_200_000, every: 1000, talk: [0])
        #expect(world.wants().isEmpty)
        world.pass(milliseconds: 300_000, every: 1000, talk: [0])
        #expect(world.wants().bare == [.handOver("")])
        #expect(world.session.state == .open)
        #expect(world.states == [.live])
    }

    @Test func `asks again after a pause where no successor could be made`() {
        let world = SessionDriver([bbo("A")])
        world.goLive()
        world.renew()
        #expect(world.wants().bare == [.handOver("")])
        world.renew()
        #expect(world.wants().isEmpty)
        world.handOverFailed()
        world.pass(milliseconds: 9_900, every: 100, talk: [0])
        #expect(world.wants().isEmpty)
        world.pass(milliseconds: 200, every: 100, talk: [0])
        #expect(world.wants().bare == [.handOver("")])
    }

    @Test func `ends without a word about its streams once another has taken over`() {
        let world = SessionDriver([bbo("A")])
        world.goLive()
        world.renew()
        _ = world.wants()
        world.retire()
        #expect(world.wants().bare == [Self.closed, .finished])
        world.retire()
        world.shutdown()
        #expect(world.wants().isEmpty)
        #expect(world.session.state == .stopped)
    }

    @Test func `is handed over at the configured age where that comes first`() {
        var settings = SessionSettings()
        settings.connectionLifeMilliseconds = 60_000
        let world = SessionDriver([bbo("A")], venue: FakeVenue(life: 3_600_000), settings: settings)
        world.goLive()
        world.pass(milliseconds: 53_000, every: 100, talk: [0])
        #expect(world.wants().isEmpty)
        world.pass(milliseconds: 7_000, every: 100, talk: [0])
        #expect(world.wants().bare == [.handOver("")])
    }

    @Test func `pings where the client has to, and needs an answer`() {
        let heartbeat = Heartbeat.clientText(ping: "ping", pong: "pong", afterMilliseconds: 20_000)
        let world = SessionDriver([trade("A")], venue: FakeVenue(heartbeat: heartbeat))
        world.goLive()
        world.pass(milliseconds: 5_000)
        #expect(world.wants() == [.send("ping")])
        world.control(.pong)
        world.data(0)
        world.pass(milliseconds: 5_000)
        #expect(world.wants() == [.send("ping")])
        world.pass(milliseconds: 5_000)
        #expect(
            world.wants().bare.prefix(3) == [.invalidate(0, .silent), .incident(.pongMissing), Self.closed]
        )
        #expect(world.session.state == .waiting)
    }

    @Test func `does not take pongs for market data`() {
        let heartbeat = Heartbeat.clientText(ping: "ping", pong: "pong", afterMilliseconds: 1_000)
        let world = SessionDriver([trade("A")], venue: FakeVenue(heartbeat: heartbeat))
        world.goLive()
        for _ in 0..<9 {
            world.pass(milliseconds: 1_000)
            world.control(.pong)
        }
        #expect(world.wants().incidents.isEmpty)
        world.pass(milliseconds: 1_000)
        #expect(world.wants().incidents == [.connectionSilent])
    }

    @Test func `waits longer for a connection whose streams are only slow`() {
        let world = SessionDriver([trade("A")])
        world.goLive()
        var waits: [Int64] = []
        for _ in 0..<4 {
            let before = world.now
            while world.session.state == .open { world.passToDeadline() }
            waits.append((world.now - before) / 1_000_000)
            while world.session.state == .waiting { world.passToDeadline() }
            world.opened()
            world.acknowledge(world.session.lastRequest)
            world.data(0)
        }
        #expect(waits == [10_000, 15_000, 22_500, 33_750])
    }

    @Test func `waits longer after every failure, and begins again after a connection that held`() {
        let world = SessionDriver([bbo("A")])
        world.start()
        var waits: [Int64] = []
        for _ in 0..<10 {
            world.closed("refused")
            waits.append(world.passToDeadline())
        }
        #expect(
            zip(waits, [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000] as [Int64])
                .allSatisfy { $0 >= $1 / 2 - 1 && $0 <= $1 }
        )
        world.opened()
        world.pass(milliseconds: 6_000, every: 1000, talk: [0])
        world.closed()
        #expect(world.passToDeadline() <= 250)
    }

    @Test func `leaves a venue alone as long as it asks for`() {
        let world = SessionDriver([bbo("A")])
        world.start()
        _ = world.wants()
        world.rateLimited(90_000)
        #expect(world.wants().incidents == [.rateLimited])
        #expect(world.passToDeadline() == 90_000)
        #expect(world.wants() == [.connect])
    }

    @Test func `subscribes and ends streams while it is open, and leaves the others alone`() {
        let world = SessionDriver([bbo("A"), bbo("B")])
        world.goLive()
        world.setWanted([bbo("B"), bbo("C")])
        #expect(
            world.wants() == [.invalidate(0, .unsubscribed), .send("unsub 2 A.bbo"), .send("sub 3 C.bbo")]
        )
        #expect(world.states == [.ended, .live, .pending])
        #expect(!world.data(0), "what is still on its way is not published")
    }

    @Test func `has the same waits for the same seed`() {
        func waits(_ seed: UInt64) -> [Int64] {
            let world = SessionDriver([bbo("A")], seed: seed)
            world.start()
            return (0..<6).map { _ in
                world.closed()
                return world.passToDeadline()
            }
        }
        #expect(waits(1) == waits(1))
        #expect(waits(1) != waits(2))
    }
}
