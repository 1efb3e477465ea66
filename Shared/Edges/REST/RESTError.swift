// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Why a request has no response.
///
/// An HTTP status, whatever it is, is a response and no error.
public struct RESTError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is; new codes may be added.
    public struct Code: Sendable, Hashable {
        /// A stable lower-case word, from a bounded set.
        public let label: String

        /// The URL, a header, the method or a limit is unusable.
        public static let invalidRequest = Code(label: "invalid_request")
        /// The configured certificate authorities can't be used.
        public static let certificateAuthorities = Code(label: "certificate_authorities")
        /// The host's name has no address.
        public static let dns = Code(label: "dns")
        /// Nothing took the connection.
        public static let refused = Code(label: "refused")
        /// The TLS handshake failed, or the certificate is not trusted or not for this host.
        public static let tls = Code(label: "tls")
        /// The time was over: waiting for a place, connecting, or transferring.
        public static let timeout = Code(label: "timeout")
        /// The response is larger than the request's limit, after decompression.
        public static let tooLarge = Code(label: "too_large")
        /// The transport ended before the response was complete.
        public static let transportLost = Code(label: "transport_lost")
        /// The server's answer is not HTTP, or its encoding is broken.
        public static let protocolError = Code(label: "protocol_error")
        /// The request was cancelled.
        public static let cancelled = Code(label: "cancelled")
        /// As many requests wait as may.
        public static let overloaded = Code(label: "overloaded")
        /// The client is stopping, or stopped.
        public static let stopped = Code(label: "stopped")
        /// The machine or the library refused memory, a thread or a descriptor.
        public static let resources = Code(label: "resources")
    }

    /// Whether asking again makes sense.
    public enum Retry: Sendable, Equatable {
        /// The same request will fail the same way.
        case never
        /// It may work after a pause.
        case afterPause
    }

    /// What kind of failure it is.
    public let code: Code
    /// Whether asking again makes sense; the caller decides whether the request may be repeated.
    public let retry: Retry
    /// One sentence for people; never holds a query string, a header or a body.
    public let message: String

    /// Makes an error.
    public init(code: Code, retry: Retry, message: String) {
        self.code = code
        self.retry = retry
        self.message = message
    }

    /// A lower-case word from a bounded set, for a metric label.
    public var metricLabel: String { code.label }

    /// The code and the sentence.
    public var description: String { "\(code.label): \(message)" }
}
