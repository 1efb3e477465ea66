// Part of MarketBus. Apache License 2.0, see LICENSE.

import Foundation
import Synchronization
import Testing
import WebSocket

@Suite(
    .serialized,
    .enabled(if: Peer.shared != nil, "python3 with `websockets`, and openssl"),
    .timeLimit(.minutes(2))
)
struct ConnectionLifeTests {
    let peer: Peer

    init() throws {
        peer = try #require(Peer.shared)
    }

    /// Connects, and checks that the connection ends once, in this way.
    private func expectClose(
        _ loop: WebSocketLoop,
        _ request: WebSocketRequest,
        _ kind: WebSocketCloseReason.Kind
    ) async {
        let recorder = Recorder()
        connect(loop, request, recorder)
        #expect(await recorder.wait { !$0.closes.isEmpty })
        // A second telling would come with the next turns of the loop.
        let isTurned = await withCheckedContinuation { continuation in
            loop.execute {
                loop.schedule(afterMilliseconds: 30) { continuation.resume(returning: true) }
            }
        }
        #expect(isTurned)
        #expect(recorder.snapshot.closes.map(\.kind) == [kind], "\(recorder.snapshot.closes)")
    }

    @Test(arguments: [
        ("plain", "/close?code=1000", WebSocketCloseReason.Kind.remoteClose(code: 1000)),
        ("plain", "/close?code=1001", .remoteClose(code: 1001)),
        ("plain", "/close?code=1008", .remoteClose(code: 1008)),
        ("plain", "/close?code=4003", .remoteClose(code: 4003)), ("raw", "/nocode", .remoteClose(code: 1005)),
        ("raw", "/cut", .transportLost), ("raw", "/truncated", .transportLost),
        ("raw", "/status/403", .handshake(status: 403)), ("raw", "/status/429", .handshake(status: 429)),
        ("raw", "/status/302", .handshake(status: 302)), ("raw", "/status/401", .handshake(status: 401)),
        ("raw", "/status/503", .handshake(status: 503)),
        ("raw", "/wrongkey", .handshake(status: 101)), ("raw", "/reserved", .transportLost),
        ("raw", "/opcode", .transportLost),
    ])
    func `every end has its kind, told once`(
        server: String,
        path: String,
        kind: WebSocketCloseReason.Kind
    ) async throws {
        try await withLoop { loop in
            let request = WebSocketRequest(url: peer.url(server, path), connectTimeoutMilliseconds: 3000)
            await expectClose(loop, request, kind)
        }
    }

    @Test func `a closed port, an unknown host and a silent server are told apart`() async throws {
        try await withLoop { loop in
            await expectClose(loop, WebSocketRequest(url: "ws://127.0.0.1:1/"), .refused)
            await expectClose(loop, WebSocketRequest(url: "ws://no-such-host.invalid/"), .dns)
            let silent = WebSocketRequest(url: peer.url("raw", "/never"), connectTimeoutMilliseconds: 100)
            await expectClose(loop, silent, .connectTimeout)
        }
    }

    @Test func `localhost falls back to the address that answers`() async throws {
        try await withLoop { loop in
            let url = peer.url("plain", "/close?code=1000", host: "localhost")
            await expectClose(loop, WebSocketRequest(url: url), .remoteClose(code: 1000))
        }
    }

    @Test func `TLS is verified against the configured authorities and the host name`() async throws {
        let good = peer.url("tls", "/count?n=3&size=40000", scheme: "wss", host: "localhost")
        try await withLoop(caFile: peer.caFile) { loop in
            await expectClose(loop, WebSocketRequest(url: good), .remoteClose(code: 1000))
            #expect(loop.metrics.messagesReceived == 3)
            let wrong = peer.url("wronghost", "/count", scheme: "wss", host: "localhost")
            await expectClose(loop, WebSocketRequest(url: wrong), .tls)
            let address = peer.url("tls", "/count", scheme: "wss", host: "127.0.0.1")
            await expectClose(loop, WebSocketRequest(url: address), .tls)
        }
        try await withLoop { loop in
            await expectClose(loop, WebSocketRequest(url: good), .tls)
        }
    }

    @Test func `a server ping is answered, and our ping is`() async throws {
        try await withLoop { loop in
            let recorder = Recorder(onOpen: { id in loop.ping(id) })
            connect(loop, WebSocketRequest(url: peer.url("plain", "/ping")), recorder)
            #expect(await recorder.wait { $0.messageCount == 1 && $0.pongs == 1 })
            #expect(recorder.snapshot.messages == ["pong seen"])
        }
    }

    @Test func `a half-open connection ends by ping time-out, a living one does not`() async throws {
        try await withLoop { loop in
            let living = Recorder()
            var request = WebSocketRequest(url: peer.url("plain", "/echo"))
            request.pingIntervalMilliseconds = 40
            request.pongTimeoutMilliseconds = 5000
            connect(loop, request, living)
            #expect(await living.wait { $0.opens == 1 })
            request.url = peer.url("raw", "/silent")
            request.pongTimeoutMilliseconds = 150
            await expectClose(loop, request, .pingTimeout)
            #expect(await living.wait(seconds: 20) { $0.pongs >= 1 })
            #expect(living.snapshot.closes.isEmpty)
        }
    }

    @Test(arguments: [("plain", "/echo"), ("raw", "/silent")])
    func `a local close is told, whether the server answers it or not`(
        server: String,
        path: String
    ) async throws {
        try await withLoop { loop in
            let recorder = Recorder(onOpen: { id in loop.close(id, code: 1001) })
            connect(loop, WebSocketRequest(url: peer.url(server, path)), recorder)
            #expect(await recorder.wait(seconds: 4) { !$0.closes.isEmpty })
            #expect(recorder.snapshot.closes.map(\.kind) == [.localClose(code: 1001)])
        }
    }

    @Test func `a handler may close and connect from inside its calls`() async throws {
        try await withLoop { loop in
            let rounds = Atomic<Int>(0)
            let url = peer.url("plain", "/count?n=1000&size=50")
            let recorder = RecorderBox()
            recorder.value.withLock { box in
                box = Recorder(
                    onMessage: { id, _ in loop.close(id) },
                    onClose: { _ in
                        guard rounds.wrappingAdd(1, ordering: .relaxed).newValue < 20 else { return }
                        guard let next = recorder.value.withLock({ $0 }) else { return }
                        _ = try? loop.connect(WebSocketRequest(url: url), handler: next)
                    }
                )
            }
            let first = try #require(recorder.value.withLock { $0 })
            connect(loop, WebSocketRequest(url: url), first)
            #expect(await first.wait(seconds: 30) { $0.closes.count == 20 })
            #expect(first.snapshot.opens == 20)
            #expect(first.snapshot.closes.allSatisfy { $0.kind == .localClose(code: 1000) })
            recorder.value.withLock { $0 = nil }
        }
    }

    @Test(arguments: ["/never", "/silent"])
    func `a stop ends connections in every state, once each`(path: String) async throws {
        let loop = try WebSocketLoop(name: "ws-test")
        try loop.start()
        let recorder = Recorder()
        for _ in 0..<20 { connect(loop, WebSocketRequest(url: peer.url("raw", path)), recorder) }
        connect(loop, WebSocketRequest(url: "ws://no-such-host.invalid/"), recorder)
        #expect(await recorder.wait { _ in loop.metrics.connects == 21 })
        loop.stop()
        loop.stop()
        #expect(recorder.snapshot.closes.count == 21)
        #expect(loop.execute {} == false)
    }

    @Test func `a hundred connections share one loop`() async throws {
        try await withLoop { loop in
            let recorder = Recorder(keeps: false)
            for _ in 0..<100 {
                connect(loop, WebSocketRequest(url: peer.url("plain", "/count?n=50&size=300")), recorder)
            }
            #expect(await recorder.wait(seconds: 30) { $0.closes.count == 100 })
            #expect(recorder.snapshot.messageCount == 5000)
            #expect(loop.metrics.opens == 100)
        }
    }

    @Test func `scheduled work runs in order and can be cancelled`() async throws {
        try await withLoop { loop in
            let ran = Mutex<[Int]>([])
            loop.execute {
                loop.schedule(afterMilliseconds: 30) { ran.withLock { $0.append(3) } }
                loop.schedule(afterMilliseconds: 10) { ran.withLock { $0.append(1) } }
                let token = loop.schedule(afterMilliseconds: 15) { ran.withLock { $0.append(99) } }
                loop.schedule(afterMilliseconds: 20) { ran.withLock { $0.append(2) } }
                loop.cancel(token)
            }
            #expect(await Recorder().wait { _ in ran.withLock { $0.count } == 3 })
            #expect(ran.withLock { $0 } == [1, 2, 3])
        }
    }
}

/// Lets a handler's closures reach the handler.
final class RecorderBox: Sendable {
    let value = Mutex<Recorder?>(nil)
}
