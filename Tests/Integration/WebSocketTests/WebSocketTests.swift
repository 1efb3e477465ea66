// Part of MarketBus. Apache License 2.0, see LICENSE.

import Foundation
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
}
