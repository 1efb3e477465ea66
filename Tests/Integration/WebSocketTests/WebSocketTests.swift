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
struct WebSocketTests {
    let peer: Peer

    init() throws {
        peer = try #require(Peer.shared)
    }

    @Test(arguments: [0, 1, 100, 125, 126, 65_000, 65_400, 65_536, 70_000, 300_000])
    func `messages of every size arrive whole, in order and padded`(size: Int) async throws {
        try await withLoop { loop in
            let recorder = Recorder()
            connect(loop, WebSocketRequest(url: peer.url("plain", "/count?n=20&size=\(size)")), recorder)
            #expect(await recorder.wait { !$0.closes.isEmpty })
            let state = recorder.snapshot
            #expect(state.opens == 1)
            #expect(state.messages.count == 20)
            #expect(state.paddingIsZero && state.isText)
            for (index, message) in state.messages.enumerated() {
                #expect(message.utf8.count == size)
                #expect(size < 10 || message.hasPrefix("\(index):abc"))
            }
            #expect(state.closes.map(\.kind) == [.remoteClose(code: 1000)])
            #expect(loop.metrics.messagesReceived == 20)
            #expect(loop.metrics.bytesReceived == UInt64(20 * size))
        }
    }

    @Test func `fragments become one message`() async throws {
        try await withLoop { loop in
            let recorder = Recorder()
            connect(loop, WebSocketRequest(url: peer.url("plain", "/fragments?n=50&size=9000")), recorder)
            #expect(await recorder.wait { !$0.closes.isEmpty })
            let state = recorder.snapshot
            #expect(state.messages.map(\.utf8.count) == (0..<50).map { "\($0):".utf8.count + 9000 })
            #expect(state.paddingIsZero)
        }
    }

    @Test func `binary messages keep their bytes and say that they are not text`() async throws {
        try await withLoop { loop in
            let bytes = Mutex<[UInt8]>([])
            let recorder = Recorder(
                keeps: false,
                onMessage: { _, frame in bytes.withLock { $0 = Array(frame.bytes) } }
            )
            connect(loop, WebSocketRequest(url: peer.url("plain", "/binary?size=512")), recorder)
            #expect(await recorder.wait { $0.messageCount == 1 })
            #expect(recorder.snapshot.isText == false)
            #expect(bytes.withLock { $0 } == Array(0...255) + Array(0...255))
        }
    }

    @Test(arguments: [1, 2, 3, 4])
    func `compressed messages of every kind are exact`(seed: Int) async throws {
        try await withLoop { loop in
            let recorder = Recorder()
            let url = peer.url("deflate", "/random?n=150&seed=\(seed)")
            connect(loop, WebSocketRequest(url: url, offerCompression: true), recorder)
            #expect(await recorder.wait { !$0.closes.isEmpty })
            let compressed = recorder.snapshot
            let plain = Recorder()
            connect(loop, WebSocketRequest(url: peer.url("plain", "/random?n=150&seed=\(seed)")), plain)
            #expect(await plain.wait { !$0.closes.isEmpty })
            #expect(compressed.messages.count == 150)
            #expect(compressed.messages == plain.snapshot.messages)
            #expect(compressed.paddingIsZero)
        }
    }

    @Test func `compression is only used when it is offered`() async throws {
        try await withLoop { loop in
            for isOffered in [true, false] {
                let recorder = Recorder()
                let url = peer.url("deflate", "/headers")
                connect(loop, WebSocketRequest(url: url, offerCompression: isOffered), recorder)
                #expect(await recorder.wait { $0.messageCount == 1 })
                #expect(recorder.snapshot.messages[0].contains("permessage-deflate") == isOffered)
            }
        }
    }

    @Test func `a compressed message that grows past the limit is refused`() async throws {
        try await withLoop { loop in
            let recorder = Recorder()
            let request = WebSocketRequest(
                url: peer.url("deflate", "/count?n=1&size=50000000"),
                maximumMessageBytes: 100_000,
                offerCompression: true
            )
            connect(loop, request, recorder)
            #expect(await recorder.wait { !$0.closes.isEmpty })
            #expect(recorder.snapshot.closes.map(\.kind) == [.tooLarge])
        }
    }

    @Test(arguments: [
        ("plain", "/count?n=1&size=1001"), ("plain", "/fragments?n=1&size=5000"), ("raw", "/endless"),
    ])
    func `a message past the limit closes the connection`(server: String, path: String) async throws {
        try await withLoop { loop in
            let recorder = Recorder()
            connect(loop, WebSocketRequest(url: peer.url(server, path), maximumMessageBytes: 1000), recorder)
            #expect(await recorder.wait { !$0.closes.isEmpty })
            #expect(recorder.snapshot.closes.map(\.kind) == [.tooLarge])
            #expect(recorder.snapshot.messages.isEmpty)
            #expect(loop.metrics.closes == [.tooLarge: 1])
        }
    }

    @Test func `what is sent comes back, in order`() async throws {
        try await withLoop { loop in
            let recorder = Recorder(onOpen: { id in
                for index in 0..<200 {
                    _ = loop.send(text: Array("message \(index)".utf8), on: id)
                }
                _ = loop.send(text: [UInt8](repeating: UInt8(ascii: "L"), count: 200_000), on: id)
            })
            connect(loop, WebSocketRequest(url: peer.url("plain", "/echo")), recorder)
            #expect(await recorder.wait { $0.messageCount == 201 })
            let messages = recorder.snapshot.messages
            #expect(messages.prefix(200).elementsEqual((0..<200).map { "message \($0)" }))
            #expect(messages.last == String(repeating: "L", count: 200_000))
        }
    }

    @Test func `the send queue is bounded`() async throws {
        try await withLoop { loop in
            let results = Mutex<[SendResult]>([])
            let recorder = Recorder(onOpen: { id in
                for _ in 0..<7 {
                    let result = loop.send(text: [65], on: id)
                    results.withLock { $0.append(result) }
                }
            })
            connect(loop, WebSocketRequest(url: peer.url("plain", "/echo"), sendQueueLimit: 5), recorder)
            #expect(await recorder.wait { $0.messageCount == 5 })
            #expect(results.withLock { $0 } == Array(repeating: .queued, count: 5) + [.full, .full])
            #expect(loop.metrics.sendsRefused == 2)
        }
    }

    @Test func `extra headers reach the server`() async throws {
        try await withLoop { loop in
            let recorder = Recorder()
            let headers = [(name: "X-Test", value: "some value"), (name: "User-Agent", value: "marketbus")]
            connect(
                loop,
                WebSocketRequest(url: peer.url("plain", "/headers"), extraHeaders: headers),
                recorder
            )
            #expect(await recorder.wait { $0.messageCount == 1 })
            #expect(recorder.snapshot.messages[0].contains("some value"))
            #expect(recorder.snapshot.messages[0].contains("marketbus"))
        }
    }

    @Test func `frames that come byte by byte or by thousands at once are whole`() async throws {
        try await withLoop { loop in
            let slow = Recorder()
            connect(loop, WebSocketRequest(url: peer.url("raw", "/drip")), slow)
            let fast = Recorder()
            connect(loop, WebSocketRequest(url: peer.url("raw", "/burst")), fast)
            #expect(await fast.wait { $0.messageCount == 5000 })
            #expect(fast.snapshot.messages == (0..<5000).map(String.init))
            #expect(await slow.wait { $0.messageCount == 2 })
            #expect(slow.snapshot.messages[0] == "slowly, one byte after the other")
        }
    }
}
