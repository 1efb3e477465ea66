// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Testing
import VenueKit
import Wire

@Suite struct `A session under faults` {
    /// How far a session has come when something happens to it.
    enum Phase: CaseIterable {
        case waiting, connecting, pending, confirmed, live
    }

    private static let closed = SessionAction.close(code: 1000, reason: "")

    private static func world(at phase: Phase) -> SessionDriver {
        let world = SessionDriver([bbo("A"), trade("A")])
        world.start()
        if phase == .waiting { world.closed() }
        if phase != .waiting, phase != .connecting { world.opened() }
        if phase == .confirmed || phase == .live { world.acknowledge(1) }
        if phase == .live { for place in 0...1 { world.data(place) } }
        _ = world.wants()
        return world
    }

    @Test(arguments: [
        (Phase.waiting, [SessionAction]()),
        (.connecting, [.incident(.connectFailed)]),
        (.pending, [.incident(.connectionLost)]),
        (.confirmed, [.incident(.connectionLost)]),
        (
            .live,
            [.invalidate(0, .connectionLost), .invalidate(1, .connectionLost), .incident(.connectionLost)]
        ),
    ])
    func `invalidates and announces a cut at once, whenever it comes`(
        _ phase: Phase,
        _ wanted: [SessionAction]
    ) {
        let world = Self.world(at: phase)
        world.closed()
        #expect(world.wants().bare == wanted)
        #expect(world.session.state == .waiting)
        #expect(world.states == [.waiting, .waiting])
        world.passToDeadline()
        #expect(world.wants() == [.connect])
        world.opened()
        #expect(world.wants().sends.count == 1, "everything is asked for again")
    }

    @Test(arguments: [
        (Phase.waiting, [SessionAction.finished]),
        (.connecting, [closed, .finished]),
        (.pending, [closed, .finished]),
        (.confirmed, [closed, .finished]),
        (.live, [.invalidate(0, .shutdown), .invalidate(1, .shutdown), closed, .finished]),
    ])
    func `stops from everywhere, once, and stays stopped`(_ phase: Phase, _ wanted: [SessionAction]) {
        let world = Self.world(at: phase)
        world.shutdown()
        #expect(world.wants().bare == wanted)
        world.shutdown()
        world.closed()
        world.opened()
        world.control(.acknowledged(request: 1))
        world.pass(milliseconds: 3_600_000)
        #expect(world.wants().isEmpty)
        #expect(!world.data(0))
        #expect(world.session.state == .stopped)
    }

    @Test func `can be stopped before it began`() {
        let world = SessionDriver([bbo("A")])
        world.shutdown()
        #expect(world.wants() == [.finished])
        world.start()
        #expect(world.wants().isEmpty)
    }

    @Test func `gives a socket up that does not open`() {
        let world = SessionDriver([bbo("A")])
        world.start()
        world.session.connecting(world.now)
        _ = world.wants()
        world.pass(milliseconds: 10_000)
        #expect(world.wants().bare == [.incident(.connectFailed), Self.closed])
    }

    @Test
    func `announces an acknowledged stream without data, asks again three times, and leaves it announced`() {
        let world = SessionDriver([bbo("A"), bbo("B")])
        world.start()
        world.opened()
        world.acknowledge(1)
        _ = world.wants()
        for attempt in 0..<3 {
            world.pass(milliseconds: 15_000, every: 100, talk: [0])
            let first = 2 + attempt * 2
            let wants = world.wants().filter { $0 != .streamLive(0) }
            #expect(
                wants.bare == [
                    .invalidate(1, .silent), .incident(.streamSilent, 1), .send("unsub \(first) B.bbo"),
                    .send("sub \(first + 1) B.bbo"),
                ]
            )
            world.acknowledge(Int64(first + 1))
        }
        world.pass(milliseconds: 15_000, every: 100, talk: [0])
        #expect(world.wants().bare == [.invalidate(1, .silent), .incident(.streamSilent, 1)])
        #expect(world.states == [.live, .silent])
        world.pass(milliseconds: 600_000, every: 100, talk: [0])
        #expect(world.wants().isEmpty, "it stays announced")
        world.data(1)
        #expect(world.wants() == [.streamLive(1)])
    }

    @Test func `asks all silent streams again, and then renews a connection without any data`() {
        let world = SessionDriver([bbo("A"), trade("A")])
        world.start()
        world.opened()
        world.acknowledge(1)
        world.pass(milliseconds: 24_999)
        #expect(world.wants().incidents == [.streamSilent, .streamSilent])
        world.pass(milliseconds: 1)
        #expect(world.wants().bare == [.incident(.connectionSilent), Self.closed])
    }

    @Test func `calls a connection silent that closed because nothing came back`() {
        let world = Self.world(at: .live)
        world.closed("ping_timeout", isSilence: true)
        #expect(
            world.wants().bare == [
                .invalidate(0, .silent), .invalidate(1, .silent), .incident(.connectionSilent),
            ]
        )
    }

    @Test func `finds a half-open connection by its silence`() {
        let world = SessionDriver([bbo("A"), trade("A")])
        world.goLive()
        world.pass(milliseconds: 9_999)
        #expect(world.wants().isEmpty)
        world.pass(milliseconds: 1)
        #expect(
            world.wants().bare == [
                .invalidate(0, .silent), .invalidate(1, .silent), .incident(.connectionSilent), Self.closed,
            ]
        )
        #expect(world.session.state == .waiting)
    }

    @Test func `invalidates one silent quote stream and keeps the others`() {
        let world = SessionDriver([bbo("A"), bbo("B"), trade("B")])
        world.goLive()
        world.pass(milliseconds: 10_000, every: 100, talk: [0])
        #expect(
            world.wants().bare == [
                .invalidate(1, .silent), .incident(.streamSilent, 1), .send("unsub 3 B.bbo"),
                .send("sub 4 B.bbo"),
            ]
        )
        #expect(world.states == [.live, .pending, .live], "trades may be rare")
    }

    @Test func `renews a connection on which nothing was acknowledged`() {
        var settings = SessionSettings()
        settings.silenceMilliseconds = 60_000
        let world = SessionDriver([bbo("A"), bbo("B")], settings: settings)
        world.start()
        world.opened()
        _ = world.wants()
        world.pass(milliseconds: 10_000)
        #expect(world.wants().bare == [.incident(.notAcknowledged), Self.closed])
    }

    @Test func `asks again, alone, for a stream that was not acknowledged while others were`() {
        let world = SessionDriver([bbo("A"), bbo("B")])
        world.start()
        world.opened()
        world.control(.streamAcknowledged(venueSymbol: "A", channelName: "v-bbo"))
        _ = world.wants()
        world.pass(milliseconds: 10_000, every: 100, talk: [0])
        let wants = world.wants().filter { $0 != .streamLive(0) }
        #expect(wants.bare == [.incident(.notAcknowledged, 1), .send("unsub 2 B.bbo"), .send("sub 3 B.bbo")])
    }

    @Test func `finds out which stream of a request was refused`() {
        let world = SessionDriver([bbo("A"), bbo("B")])
        world.start()
        world.opened()
        _ = world.wants()
        world.control(.refused(request: 1, code: "60018", message: "no B", verdict: .refuse))
        world.control(.streamAcknowledged(venueSymbol: "A", channelName: "v-bbo"))
        #expect(world.states == [.confirmed, .waiting])
        world.pass(milliseconds: 250)
        #expect(world.wants() == [.send("sub 2 B.bbo")])
        world.control(.refused(request: 2, code: "60018", message: "no B", verdict: .refuse))
        #expect(
            world.wants() == [
                .invalidate(1, .unsubscribed), .incident(Incident(.refused, stream: 1, "60018 no B")),
            ]
        )
        #expect(world.states == [.confirmed, .refused])
        world.pass(milliseconds: 60_000, every: 100, talk: [0])
        #expect(
            world.wants() == [.streamLive(0)],
            "a refused stream is not asked for again on this connection"
        )
    }

    @Test func `comes back to a refusal for haste after the venue's time`() {
        let world = SessionDriver([bbo("A")])
        world.start()
        world.opened()
        _ = world.wants()
        world.control(
            .refused(request: 1, code: "60014", message: "", verdict: .retry(afterMilliseconds: 2000))
        )
        #expect(world.wants().incidents == [.rateLimited])
        world.pass(milliseconds: 2000)
        #expect(world.wants() == [.send("sub 2 A.bbo")])
    }

    @Test func `opens a new connection where a refusal asks for it`() {
        let world = SessionDriver([bbo("A")])
        world.goLive()
        world.control(.refused(request: nil, code: "1", message: "", verdict: .reconnect))
        #expect(world.wants().bare == [.invalidate(0, .connectionLost), .incident(.refused), Self.closed])
        #expect(world.session.state == .waiting)
    }

    @Test func `announces a refusal that names no request and goes on`() {
        let world = SessionDriver([bbo("A")])
        world.goLive()
        world.control(.refused(request: nil, code: "3", message: "Invalid JSON", verdict: .refuse))
        #expect(world.wants() == [.incident(Incident(.refused, "3 Invalid JSON"))])
        #expect(world.states == [.live])
    }

    @Test func `asks for a successor at a notice, before the venue cuts`() {
        let world = SessionDriver([bbo("A")])
        world.goLive()
        world.control(.closingSoon(reason: "upgrade"))
        #expect(world.wants().bare == [.incident(.closingNotice), .handOver("")])
        world.control(.closingSoon(reason: "upgrade"))
        #expect(world.wants().isEmpty, "once is enough")
        #expect(world.states == [.live])
    }

    @Test func `bears some frames that can't be read, and not ten in a row`() {
        let world = SessionDriver([bbo("A")])
        world.goLive()
        for _ in 0..<20 {
            world.undecodable(9)
            world.data(0)
        }
        #expect(world.wants().isEmpty)
        world.undecodable(10)
        #expect(world.wants().bare == [.invalidate(0, .undecodable), .incident(.undecodable), Self.closed])
        world.undecodable(100)
        #expect(world.wants().isEmpty)
    }

    @Test func `ignores what an old socket or a late answer says`() {
        let world = SessionDriver([bbo("A")])
        world.goLive()
        world.opened()
        world.acknowledge(1, 99, -5)
        world.control(.streamAcknowledged(venueSymbol: "?", channelName: "v-bbo"))
        world.control(.refused(request: 77, code: "", message: "", verdict: .retry(afterMilliseconds: 1)))
        #expect(world.wants().incidents == [.rateLimited])
        #expect(world.states == [.live])
    }
}
