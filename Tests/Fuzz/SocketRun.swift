// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc
import Synchronization
import WebSocket

/// Our client on a server that sends what no server should (`sockets.py`): many connections, one after the other on some
/// lanes.
final class SocketRun: Sendable {
    private static let lanes = 8
    private static let messageLimit = 1 << 16
    /// Longer than the server takes for the worst of them.
    private static let patienceSeconds = 60.0

    private let url: String
    private let count: Int
    private let loop: WebSocketLoop
    private let begun = Atomic<Int>(0)
    private let ended = Atomic<Int>(0)
    private let opened = Atomic<Int>(0)
    private let messages = Atomic<Int>(0)
    private let failures = Atomic<Int>(0)

    init(url: String, count: Int) throws {
        self.url = url
        self.count = count
        loop = try WebSocketLoop(name: "socket-fuzz")
    }

    /// Makes all connections; the number of broken rules.
    func work() throws -> Int {
        try loop.start()
        for _ in 0..<min(Self.lanes, count) { loop.execute { [self] in next() } }
        var last = -1
        var idle = 0.0
        while ended.load(ordering: .relaxed) < count, idle < Self.patienceSeconds {
            usleep(10_000)
            let now = ended.load(ordering: .relaxed)
            idle = now == last ? idle + 0.01 : 0
            last = now
        }
        if last < count { fail("connections that never end: \(begun.load(ordering: .relaxed) - last)") }
        loop.stop()
        print(
            "sockets\tconnections \(ended.load(ordering: .relaxed))\topened \(opened.load(ordering: .relaxed))"
                + "\tmessages \(messages.load(ordering: .relaxed))\tfailures \(failures.load(ordering: .relaxed))"
        )
        return failures.load(ordering: .relaxed)
    }

    /// On the loop's thread.
    private func next() {
        let number = begun.wrappingAdd(1, ordering: .relaxed).newValue
        guard number <= count else { return }
        var request = WebSocketRequest(url: "\(url)/\(number)")
        request.connectTimeoutMilliseconds = 5000
        request.maximumMessageBytes = Self.messageLimit
        request.offerCompression = number.isMultiple(of: 2)
        do {
            _ = try loop.connect(request, handler: Witness(self))
        } catch {
            fail("can't connect: \(error)")
            ended.wrappingAdd(1, ordering: .relaxed)
        }
    }

    private func fail(_ what: String) {
        if failures.wrappingAdd(1, ordering: .relaxed).newValue <= 20 { print("FAILURE\t\(what)") }
    }

    /// Hears one connection.
    private final class Witness: WebSocketHandler {
        private let run: SocketRun
        private var isOpen = false
        private var isOver = false

        init(_ run: SocketRun) { self.run = run }

        func webSocketDidOpen(_ id: WebSocketConnectionID) {
            if isOpen || isOver { run.fail("opened twice") }
            isOpen = true
            run.opened.wrappingAdd(1, ordering: .relaxed)
            _ = run.loop.send(text: Array("{}".utf8), on: id)
        }

        func webSocket(_ id: WebSocketConnectionID, didReceive frame: WebSocketFrame) {
            if !isOpen || isOver { run.fail("a message of a connection that is not open") }
            if frame.count > SocketRun.messageLimit { run.fail("a message of \(frame.count) bytes") }
            for place in frame.count..<(frame.count + 64) where frame.base[place] != 0 {
                run.fail("padding that is not zero")
            }
            run.messages.wrappingAdd(1, ordering: .relaxed)
        }

        func webSocketDidClose(_ id: WebSocketConnectionID, reason: WebSocketCloseReason) {
            if isOver { run.fail("closed twice") }
            isOver = true
            run.ended.wrappingAdd(1, ordering: .relaxed)
            run.loop.execute { [run] in run.next() }
        }
    }
}
