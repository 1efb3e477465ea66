// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Why a call of this room was refused; what happens to a connection later is a ``WebSocketCloseReason``.
public struct WebSocketError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of refusal it is; new codes may be added.
    public struct Code: Sendable, Hashable {
        /// A stable lower-case word, from a bounded set.
        public let label: String

        /// The URL is not a usable `ws` or `wss` URL.
        public static let invalidURL = Code(label: "invalid_url")
        /// A header, limit or time of the request is unusable.
        public static let invalidRequest = Code(label: "invalid_request")
        /// The configured certificate authorities can't be used.
        public static let certificateAuthorities = Code(label: "certificate_authorities")
        /// The machine or the library refused memory, a thread or a descriptor.
        public static let resources = Code(label: "resources")
        /// The loop is stopping or stopped, or the call came from another thread than the loop's.
        public static let notRunning = Code(label: "not_running")
        /// The loop holds as many connections as it may.
        public static let tooManyConnections = Code(label: "too_many_connections")
    }

    /// What kind of refusal it is.
    public let code: Code
    /// One sentence for people; never holds a query string.
    public let message: String

    /// The code and the sentence.
    public var description: String { "\(code.label): \(message)" }
}

/// Why a connection ended, or never came to be.
public struct WebSocketCloseReason: Sendable, Equatable, CustomStringConvertible {
    /// The kinds of end.
    public enum Kind: Sendable, Equatable {
        /// No address of the host took the connection.
        case refused
        /// The host's name has no address.
        case dns
        /// The TLS handshake failed, or the certificate is not trusted or not for this host.
        case tls
        /// The server answered the upgrade with something else; the HTTP status, 0 if there was none.
        case handshake(status: Int)
        /// The connection was not open in time.
        case connectTimeout
        /// The server sent a close frame; 1005 if it gave no code.
        case remoteClose(code: UInt16)
        /// The transport ended without a close frame.
        case transportLost
        /// A message was larger than the request's limit, compressed or not.
        case tooLarge
        /// A ping was sent and nothing came back in time: half-open.
        case pingTimeout
        /// The server broke the protocol (reserved bits, broken compression).
        case protocolError
        /// This side closed with this code.
        case localClose(code: UInt16)
        /// The loop was stopped.
        case loopStopped
    }

    /// The kind of end.
    public let kind: Kind
    /// The library's or the server's words, at most 200 bytes, for logs; may be empty.
    public let message: String
    /// The seconds of the `Retry-After` header of a refused upgrade, if it held a number.
    public let retryAfterSeconds: Int?

    /// Makes a reason.
    public init(_ kind: Kind, _ message: String = "", retryAfterSeconds: Int? = nil) {
        self.kind = kind
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// A lower-case word from a bounded set, for a metric label.
    public var metricLabel: String { WebSocketCloseClass(kind).rawValue }

    /// The label, the number that belongs to it, and the words.
    public var description: String {
        let number: String
        switch kind {
        case .handshake(let status): number = " \(status)"
        case .remoteClose(let code), .localClose(let code): number = " \(code)"
        default: number = ""
        }
        return metricLabel + number + (message.isEmpty ? "" : ": \(message)")
    }
}

/// The close reasons without their numbers: the bounded set that counters use.
public enum WebSocketCloseClass: String, Sendable, CaseIterable {
    /// See ``WebSocketCloseReason/Kind``.
    case refused, dns, tls, handshake
    /// See ``WebSocketCloseReason/Kind``.
    case connectTimeout = "connect_timeout"
    /// See ``WebSocketCloseReason/Kind``.
    case remoteClose = "remote_close"
    /// See ``WebSocketCloseReason/Kind``.
    case transportLost = "transport_lost"
    /// See ``WebSocketCloseReason/Kind``.
    case tooLarge = "too_large"
    /// See ``WebSocketCloseReason/Kind``.
    case pingTimeout = "ping_timeout"
    /// See ``WebSocketCloseReason/Kind``.
    case protocolError = "protocol_error"
    /// See ``WebSocketCloseReason/Kind``.
    case localClose = "local_close"
    /// See ``WebSocketCloseReason/Kind``.
    case loopStopped = "loop_stopped"

    /// The class of a kind.
    public init(_ kind: WebSocketCloseReason.Kind) {
        switch kind {
        case .refused: self = .refused
        case .dns: self = .dns
        case .tls: self = .tls
        case .handshake: self = .handshake
        case .connectTimeout: self = .connectTimeout
        case .remoteClose: self = .remoteClose
        case .transportLost: self = .transportLost
        case .tooLarge: self = .tooLarge
        case .pingTimeout: self = .pingTimeout
        case .protocolError: self = .protocolError
        case .localClose: self = .localClose
        case .loopStopped: self = .loopStopped
        }
    }
}
