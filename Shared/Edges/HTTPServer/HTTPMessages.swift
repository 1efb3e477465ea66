// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A complete request.
public struct HTTPRequest: Sendable, Equatable {
    /// `GET`, `HEAD` or `POST`.
    public var method: String
    /// The path, percent-decoded, without the query.
    public var path: String
    /// The query's names and values in order, percent-decoded.
    public var query: [(name: String, value: String)]
    /// The body; empty where there is none.
    public var body: [UInt8]

    /// The first value of a query name.
    public func query(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }

    /// Whether all parts are the same.
    public static func == (left: HTTPRequest, right: HTTPRequest) -> Bool {
        left.method == right.method && left.path == right.path && left.body == right.body
            && left.query.elementsEqual(right.query, by: ==)
    }
}

/// What a handler answers.
public struct HTTPResponse: Sendable {
    /// The status code.
    public var status: Int
    /// The media type of the body.
    public var contentType: String
    /// The body.
    public var body: [UInt8]

    /// Makes an answer from bytes.
    public init(status: Int = 200, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// Makes a plain text answer.
    public static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    /// Makes a JSON answer from ready text.
    public static func json(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, contentType: "application/json", body: Array(text.utf8))
    }

    static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 204: "No Content"
        case 400: "Bad Request"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 417: "Expectation Failed"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: status < 400 ? "OK" : "Error"
        }
    }
}

/// A path and what answers it.
public struct HTTPRoute: Sendable {
    /// `GET` (which answers `HEAD` too) or `POST`.
    public let method: String
    /// The exact path.
    public let path: String
    /// The largest body taken, in bytes.
    public let maximumBody: Int
    let handler: @Sendable (HTTPRequest) -> HTTPResponse

    /// Makes a route.
    ///
    /// The handler runs on the server's thread and must be quick: while it runs nobody else is served.
    public init(
        _ method: String = "GET",
        _ path: String,
        maximumBody: Int = 0,
        handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse
    ) {
        self.method = method
        self.path = path
        self.maximumBody = maximumBody
        self.handler = handler
    }
}

/// The bounds of what a client may take from the server.
public struct HTTPLimits: Sendable {
    /// The most connections at a time; further ones wait in the system's queue.
    public var connections = 64
    /// The longest request line with headers, in bytes.
    public var headerBytes = 8192
    /// The time from a request's first byte to its last, and for a client to take the answer, in milliseconds.
    public var requestMilliseconds: Int64 = 5000
    /// The time a kept connection may be idle, in milliseconds.
    public var idleMilliseconds: Int64 = 15_000

    /// Makes the usual limits.
    public init() {}
}
