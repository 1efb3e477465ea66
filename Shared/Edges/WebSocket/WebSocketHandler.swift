// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Names one connection of one loop; never used twice.
public struct WebSocketConnectionID: Hashable, Sendable, CustomStringConvertible {
    let number: UInt64

    /// The number, for logs.
    public var description: String { "\(number)" }
}

/// One complete message, borrowed for the time of the call.
///
/// - Thread: the loop's, and only inside `webSocket(_:didReceive:)`; the bytes are reused afterwards.
public struct WebSocketFrame {
    /// The first byte.
    public let base: UnsafePointer<UInt8>
    /// How many bytes the message has.
    public let count: Int
    /// How many bytes may be read from `base`: at least `count + 64`, the 64 after the message are zero.
    public let capacity: Int
    /// Whether the server called it text; the bytes are not checked to be UTF-8.
    public let isText: Bool
    /// When the last piece of the message was taken from the socket.
    ///
    /// - Unit: nanoseconds since the Unix epoch.
    public let receivedWallNanoseconds: Int64

    /// The message's bytes.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}

/// What became of a message that was to be sent.
public enum SendResult: Sendable, Equatable {
    /// It waits for the socket; the transport may still lose it, which a close then tells.
    case queued
    /// The queue is full; nothing was taken.
    case full
    /// There is no such connection, it is not open, or it is closing.
    case closed
}

/// Receives what happens to connections.
///
/// Every call is on the loop's thread; it may call any function of the loop, also `close` and `connect`.
public protocol WebSocketHandler: AnyObject {
    /// The upgrade succeeded; messages may be sent.
    func webSocketDidOpen(_ id: WebSocketConnectionID)
    /// A complete message came.
    func webSocket(_ id: WebSocketConnectionID, didReceive frame: WebSocketFrame)
    /// A pong came, asked for or not; its payload is borrowed.
    func webSocket(_ id: WebSocketConnectionID, didReceivePong payload: UnsafeRawBufferPointer)
    /// The connection ended or could not be made; the last call for this id, exactly one, never from inside `connect`.
    func webSocketDidClose(_ id: WebSocketConnectionID, reason: WebSocketCloseReason)
}

extension WebSocketHandler {
    /// Ignores pongs.
    public func webSocket(_ id: WebSocketConnectionID, didReceivePong payload: UnsafeRawBufferPointer) {}
}
