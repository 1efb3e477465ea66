// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc
import Synchronization
import WebSocket

/// What the WebSocket client costs a frame, with nothing behind it: counts what a server pushes.
struct ReceiveBenchmark {
    let url: String
    let subscription: String
    let seconds: Double

    func run() throws {
        let loop = try WebSocketLoop(name: "receive")
        let counter = FrameCounter(loop, subscription)
        try loop.start()
        let request = WebSocketRequest(url: url)
        loop.execute { [url] in
            do { _ = try loop.connect(request, handler: counter) } catch {
                print("receive\t\(url)\t\(error)")
            }
        }
        while counter.frames.load(ordering: .relaxed) == 0 { usleep(1000) }
        let frames = counter.frames.load(ordering: .relaxed)
        let cpu = Clock.process
        let start = Clock.monotonic
        usleep(useconds_t(seconds * 1e6))
        let done = counter.frames.load(ordering: .relaxed) - frames
        let spent = Double(Clock.process - cpu)
        let elapsed = Double(Clock.monotonic - start) / 1e9
        print(
            "receive\t\(Int(Double(done) / elapsed)) frames/s\t\(Int(spent / Double(max(1, done)))) ns CPU/frame\t"
                + Report.share(spent, elapsed)
        )
        loop.stop()
    }
}

/// Subscribes once and counts.
private final class FrameCounter: WebSocketHandler, Sendable {
    let frames = Atomic<Int>(0)
    private let loop: WebSocketLoop
    private let subscription: String

    init(_ loop: WebSocketLoop, _ subscription: String) {
        self.loop = loop
        self.subscription = subscription
    }

    func webSocketDidOpen(_ id: WebSocketConnectionID) {
        _ = loop.send(text: Array(subscription.utf8), on: id)
    }

    func webSocket(_ id: WebSocketConnectionID, didReceive frame: WebSocketFrame) {
        frames.wrappingAdd(1, ordering: .relaxed)
    }

    func webSocketDidClose(_ id: WebSocketConnectionID, reason: WebSocketCloseReason) {
        if case .loopStopped = reason.kind { return }
        print("receive\tclosed: \(reason)")
    }
}
