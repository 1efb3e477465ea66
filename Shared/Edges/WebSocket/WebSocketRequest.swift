// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Which certificate authorities a loop trusts; verification of chain and host name can't be turned off.
public struct WebSocketTLS: Sendable, Equatable {
    /// A PEM file that replaces the system's authorities, or nil for the system's.
    public var caFile: String?

    /// Trusts the system's authorities, or only those in the file.
    public init(caFile: String? = nil) {
        self.caFile = caFile
    }
}

/// Everything a connection needs to know before it is made.
public struct WebSocketRequest: Sendable {
    /// A `ws` or `wss` URL.
    public var url: String
    /// Headers for the upgrade request, besides those of the protocol.
    public var extraHeaders: [(name: String, value: String)]
    /// From `connect` to open: name look-up, TCP, TLS and upgrade together.
    public var connectTimeoutMilliseconds: Int
    /// The largest message that is taken, after decompression; a larger one closes the connection.
    public var maximumMessageBytes: Int
    /// How often a ping is sent when nothing was received meanwhile; nil: never.
    public var pingIntervalMilliseconds: Int?
    /// How long nothing at all may come after a ping; nil: the interval.
    public var pongTimeoutMilliseconds: Int?
    /// How many messages may wait to be sent.
    public var sendQueueLimit: Int
    /// Whether permessage-deflate is offered (received messages only; what is sent is never compressed).
    public var offerCompression: Bool

    /// Makes a request with limits that suit an exchange's public stream.
    public init(
        url: String,
        extraHeaders: [(name: String, value: String)] = [],
        connectTimeoutMilliseconds: Int = 10_000,
        maximumMessageBytes: Int = 16 << 20,
        pingIntervalMilliseconds: Int? = nil,
        pongTimeoutMilliseconds: Int? = nil,
        sendQueueLimit: Int = 256,
        offerCompression: Bool = false
    ) {
        self.url = url
        self.extraHeaders = extraHeaders
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.maximumMessageBytes = maximumMessageBytes
        self.pingIntervalMilliseconds = pingIntervalMilliseconds
        self.pongTimeoutMilliseconds = pongTimeoutMilliseconds
        self.sendQueueLimit = sendQueueLimit
        self.offerCompression = offerCompression
    }

    /// Checks limits and headers; the URL has its own check.
    func validate() throws(WebSocketError) {
        let times = [connectTimeoutMilliseconds, pingIntervalMilliseconds ?? 1, pongTimeoutMilliseconds ?? 1]
        guard times.allSatisfy({ (1...86_400_000).contains($0) }) else {
            throw invalid("a time-out or interval is not between 1 ms and a day")
        }
        guard (1...(1 << 30)).contains(maximumMessageBytes) else {
            throw invalid("maximumMessageBytes is not between 1 and 2^30")
        }
        guard (1...65_536).contains(sendQueueLimit) else {
            throw invalid("sendQueueLimit is not between 1 and 65536")
        }
        for header in extraHeaders {
            guard isToken(header.name),
                !header.value.utf8.contains(where: { $0 < 0x20 && $0 != 9 || $0 == 0x7F })
            else { throw invalid("the header \(header.name.prefix(40).debugDescription) is malformed") }
        }
        guard headerBlock.count <= 4096 else { throw invalid("the extra headers are longer than 4096 bytes") }
    }

    /// The extra headers as they go on the wire.
    var headerBlock: [UInt8] {
        Array(extraHeaders.map { "\($0.name): \($0.value)\r\n" }.joined().utf8)
    }

    private func invalid(_ message: String) -> WebSocketError {
        WebSocketError(code: .invalidRequest, message: message)
    }

    private func isToken(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
