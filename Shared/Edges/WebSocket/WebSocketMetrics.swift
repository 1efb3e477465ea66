// Part of MarketBus. Apache License 2.0, see LICENSE.

import Synchronization

/// What a loop has counted since it was made.
public struct WebSocketMetrics: Sendable, Equatable {
    /// Complete messages received.
    public var messagesReceived: UInt64 = 0
    /// Bytes of those messages, after decompression.
    public var bytesReceived: UInt64 = 0
    /// Messages and pings handed to the transport.
    public var messagesSent: UInt64 = 0
    /// Bytes of those messages.
    public var bytesSent: UInt64 = 0
    /// Sends refused because a connection's queue was full.
    public var sendsRefused: UInt64 = 0
    /// Work refused because the loop's queue was full.
    public var workRefused: UInt64 = 0
    /// Calls of `connect` that were taken.
    public var connects: UInt64 = 0
    /// Connections that opened.
    public var opens: UInt64 = 0
    /// Connections that ended, or never came to be, by reason.
    public var closes: [WebSocketCloseClass: UInt64] = [:]

    /// All zero.
    public init() {}
}

/// The live counters behind ``WebSocketMetrics``.
final class LoopCounters: Sendable {
    let messagesReceived = Atomic<UInt64>(0)
    let bytesReceived = Atomic<UInt64>(0)
    let messagesSent = Atomic<UInt64>(0)
    let bytesSent = Atomic<UInt64>(0)
    let sendsRefused = Atomic<UInt64>(0)
    let workRefused = Atomic<UInt64>(0)
    let connects = Atomic<UInt64>(0)
    let opens = Atomic<UInt64>(0)
    private let closes = Mutex<[WebSocketCloseClass: UInt64]>([:])

    /// Counts one message.
    ///
    /// Only the loop's thread writes here, so a load and a store do instead of a locked add.
    @inline(__always)
    func countReceived(_ bytes: Int) {
        messagesReceived.store(messagesReceived.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        bytesReceived.store(
            bytesReceived.load(ordering: .relaxed) &+ UInt64(truncatingIfNeeded: bytes),
            ordering: .relaxed
        )
    }

    func countClose(_ kind: WebSocketCloseReason.Kind) {
        closes.withLock { $0[WebSocketCloseClass(kind), default: 0] += 1 }
    }

    var snapshot: WebSocketMetrics {
        var metrics = WebSocketMetrics()
        metrics.messagesReceived = messagesReceived.load(ordering: .relaxed)
        metrics.bytesReceived = bytesReceived.load(ordering: .relaxed)
        metrics.messagesSent = messagesSent.load(ordering: .relaxed)
        metrics.bytesSent = bytesSent.load(ordering: .relaxed)
        metrics.sendsRefused = sendsRefused.load(ordering: .relaxed)
        metrics.workRefused = workRefused.load(ordering: .relaxed)
        metrics.connects = connects.load(ordering: .relaxed)
        metrics.opens = opens.load(ordering: .relaxed)
        metrics.closes = closes.withLock { $0 }
        return metrics
    }
}
