// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Which certificate authorities a client trusts; verification of chain and host name can't be turned off.
public struct RESTTLS: Sendable, Equatable {
    /// A PEM file that replaces the system's authorities, or nil for the system's.
    public var caFile: String?

    /// Trusts the system's authorities, or only those in the file.
    public init(caFile: String? = nil) {
        self.caFile = caFile
    }
}

/// How much a client does at once.
public struct RESTLimits: Sendable, Equatable {
    /// Requests under way at once, at most.
    public var concurrent: Int
    /// Connections to one host, at most.
    public var connectionsPerHost: Int
    /// Requests that wait for a place; a further one is refused with `overloaded`.
    public var waiting: Int

    /// Makes limits; each is at least 1 (`waiting`: 0).
    public init(concurrent: Int = 16, connectionsPerHost: Int = 6, waiting: Int = 256) {
        self.concurrent = min(max(1, concurrent), 1024)
        self.connectionsPerHost = min(max(1, connectionsPerHost), 1024)
        self.waiting = min(max(0, waiting), 65_536)
    }
}

/// One HTTP request.
public struct RESTRequest: Sendable {
    /// The method, upper case.
    public var method: String
    /// An `http` or `https` URL.
    public var url: String
    /// Headers besides those that the client sets itself.
    public var headers: [(name: String, value: String)]
    /// What is sent, or nil for nothing.
    public var body: [UInt8]?
    /// For name look-up, TCP and TLS together.
    public var connectTimeoutMilliseconds: Int
    /// From `send` to the last byte, waiting for a place included.
    public var totalTimeoutMilliseconds: Int
    /// The largest response body that is taken, after decompression.
    public var maximumBodyBytes: Int

    /// Makes a request; redirects are never followed.
    public init(
        method: String = "GET",
        url: String,
        headers: [(name: String, value: String)] = [],
        body: [UInt8]? = nil,
        connectTimeoutMilliseconds: Int = 5_000,
        totalTimeoutMilliseconds: Int = 15_000,
        maximumBodyBytes: Int = 64 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.totalTimeoutMilliseconds = totalTimeoutMilliseconds
        self.maximumBodyBytes = maximumBodyBytes
    }

    /// What is wrong with the request, or nil.
    var problem: String? {
        let scheme = url.prefix(8).lowercased()
        guard scheme.hasPrefix("http://") || scheme.hasPrefix("https://") else {
            return "the URL must begin with http:// or https://"
        }
        guard url.utf8.count <= 16_384, url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return "the URL is too long, or has a space, a control character or a character beyond ASCII"
        }
        guard !method.isEmpty, method.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
            return "the method is not an upper-case word"
        }
        for header in headers {
            let isToken = !header.name.isEmpty && header.name.utf8.allSatisfy(Self.isTokenByte)
            guard isToken, !header.value.utf8.contains(where: { $0 < 0x20 && $0 != 9 || $0 == 0x7F }) else {
                return "a header is malformed"
            }
        }
        let times = [connectTimeoutMilliseconds, totalTimeoutMilliseconds]
        guard times.allSatisfy({ (1...86_400_000).contains($0) }) else {
            return "a time-out is not between 1 ms and a day"
        }
        return (1...(1 << 31)).contains(maximumBodyBytes) ? nil : "maximumBodyBytes is not between 1 and 2^31"
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

/// Names one request of one client; never used twice.
public struct RESTRequestID: Hashable, Sendable {
    let number: UInt64
}

/// A complete HTTP response, of any status.
public struct RESTResponse: Sendable {
    /// The HTTP status.
    public let status: Int
    /// The headers in their order, names in lower case.
    public let headers: [(name: String, value: String)]
    /// The body, decompressed.
    public let body: [UInt8]

    /// How long a `Retry-After` header, a number or a date, asks to wait; nil where it asks nothing.
    public let retryAfterSeconds: Int?

    /// The first header of this lower-case name.
    public func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }
}
