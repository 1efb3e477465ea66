// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import WebSocket

/// One socket of one connection.
///
/// A connection that opens a new socket drops the old link, and with it everything that the old socket still says.
///
/// - Thread: that of the feed.
final class FeedLink: WebSocketHandler {
    /// The loop's name of the socket, once it has one.
    var id: WebSocketConnectionID?
    private weak var connection: FeedConnection?

    init(_ connection: FeedConnection) {
        self.connection = connection
    }

    private var owner: FeedConnection? {
        guard let connection, connection.link === self else { return nil }
        return connection
    }

    func webSocketDidOpen(_ id: WebSocketConnectionID) {
        owner?.socketOpened()
    }

    func webSocket(_ id: WebSocketConnectionID, didReceive frame: WebSocketFrame) {
        owner?.receive(
            FrameBytes(frame.bytes, readable: frame.capacity),
            received: WallNanos(frame.receivedWallNanoseconds)
        )
    }

    func webSocketDidClose(_ id: WebSocketConnectionID, reason: WebSocketCloseReason) {
        owner?.socketClosed(SocketEnd(reason))
    }
}

/// Why a socket is closed, as far as a session cares.
enum SocketEnd: Equatable {
    /// It ended, or never opened.
    case lost(String)
    /// Nothing came back in time.
    case silent(String)
    /// The upgrade was answered with an HTTP status.
    case answered(status: Int, retryAfterSeconds: Int?, String)

    init(_ reason: WebSocketCloseReason) {
        switch reason.kind {
        case .pingTimeout: self = .silent(reason.description)
        case .handshake(let status):
            self = .answered(
                status: status,
                retryAfterSeconds: reason.retryAfterSeconds,
                reason.description
            )
        default: self = .lost(reason.description)
        }
    }
}

/// The sockets of a ``WebSocketLoop``.
///
/// - Thread: the loop's.
final class LoopTransport: FeedTransport {
    private let loop: WebSocketLoop

    init(_ loop: WebSocketLoop) {
        self.loop = loop
    }

    func open(_ url: String, isPinged: Bool, _ limits: SessionSettings, for link: FeedLink) -> String? {
        let half = max(Int(clamping: limits.silenceMilliseconds / 2), 1)
        let request = WebSocketRequest(
            url: url,
            connectTimeoutMilliseconds: Int(clamping: limits.connectMilliseconds),
            pingIntervalMilliseconds: isPinged ? half : nil,
            pongTimeoutMilliseconds: isPinged ? half : nil
        )
        do throws(WebSocketError) {
            link.id = try loop.connect(request, handler: link)
            return nil
        } catch {
            return error.description
        }
    }

    func send(_ text: String, on link: FeedLink) -> Bool {
        guard let id = link.id else { return false }
        return loop.send(text: Array(text.utf8), on: id) == .queued
    }

    func close(_ link: FeedLink, code: UInt16) {
        guard let id = link.id else { return }
        loop.close(id, code: code)
    }
}
