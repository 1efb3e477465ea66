// Part of MarketBus. Apache License 2.0, see LICENSE.

import Foundation
import Synchronization
import WebSocket

/// A handler that remembers what it was told; readable from the test's thread.
final class Recorder: WebSocketHandler, Sendable {
    struct State: Sendable {
        var opens = 0
        var messages: [String] = []
        var messageCount = 0
        var pongs = 0
        var closes: [WebSocketCloseReason] = []
        var paddingIsZero = true
        var isText = true
        var lastReceivedWall: Int64 = 0
    }

    let state = Mutex(State())
    /// Runs on the loop's thread after the event was recorded.
    private let onOpen: @Sendable (WebSocketConnectionID) -> Void
    private let onMessage: @Sendable (WebSocketConnectionID, WebSocketFrame) -> Void
    private let onClose: @Sendable (WebSocketConnectionID) -> Void
    private let keeps: Bool

    init(
        keeps: Bool = true,
        onOpen: @escaping @Sendable (WebSocketConnectionID) -> Void = { _ in },
        onMessage: @escaping @Sendable (WebSocketConnectionID, WebSocketFrame) -> Void = { _, _ in },
        onClose: @escaping @Sendable (WebSocketConnectionID) -> Void = { _ in }
    ) {
        self.keeps = keeps
        self.onOpen = onOpen
        self.onMessage = onMessage
        self.onClose = onClose
    }

    var snapshot: State { state.withLock { $0 } }

    func webSocketDidOpen(_ id: WebSocketConnectionID) {
        state.withLock { $0.opens += 1 }
        onOpen(id)
    }

    func webSocket(_ id: WebSocketConnectionID, didReceive frame: WebSocketFrame) {
        let tail = UnsafeRawBufferPointer(start: frame.base + frame.count, count: 64)
        let isZero = frame.capacity >= frame.count + 64 && tail.allSatisfy { $0 == 0 }
        let text = keeps ? String(decoding: frame.bytes, as: UTF8.self) : ""
        state.withLock { state in
            state.paddingIsZero = state.paddingIsZero && isZero
            state.isText = frame.isText
            state.messageCount += 1
            state.lastReceivedWall = frame.receivedWallNanoseconds
            if keeps { state.messages.append(text) }
        }
        onMessage(id, frame)
    }

    func webSocket(_ id: WebSocketConnectionID, didReceivePong payload: UnsafeRawBufferPointer) {
        state.withLock { $0.pongs += 1 }
    }

    func webSocketDidClose(_ id: WebSocketConnectionID, reason: WebSocketCloseReason) {
        state.withLock { $0.closes.append(reason) }
        onClose(id)
    }

    /// Waits until the state fulfils the condition; false when the time is over.
    func wait(seconds: Double = 10, until condition: @Sendable (State) -> Bool) async -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        while !condition(snapshot) {
            guard ContinuousClock.now < end else { return false }
            try? await Task.sleep(for: .milliseconds(2))
        }
        return true
    }
}

/// Runs a test's body with a started loop and stops it afterwards.
func withLoop(
    caFile: String? = nil,
    _ body: (WebSocketLoop) async throws -> Void
) async throws {
    let loop = try WebSocketLoop(name: "ws-test", tls: WebSocketTLS(caFile: caFile))
    try loop.start()
    do {
        try await body(loop)
    } catch {
        loop.stop()
        throw error
    }
    loop.stop()
}

/// Connects from the test's thread; a refusal is recorded as a failed close.
func connect(_ loop: WebSocketLoop, _ request: WebSocketRequest, _ recorder: Recorder) {
    loop.execute {
        do {
            _ = try loop.connect(request, handler: recorder)
        } catch {
            recorder.state.withLock { $0.closes.append(WebSocketCloseReason(.protocolError, "\(error)")) }
        }
    }
}
