// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A checked `ws` or `wss` URL, cut into what a connection needs.
public struct WebSocketURL: Sendable, Equatable {
    /// Whether the scheme is `wss`.
    public let isTLS: Bool
    /// The host without brackets.
    public let host: String
    /// The port, given or the scheme's.
    public let port: UInt16
    /// Path and query, beginning with a slash.
    public let target: String
    /// What goes in the Host header.
    public let hostHeader: String

    /// Checks and cuts a URL.
    ///
    /// - Throws: ``WebSocketError`` that names what is wrong, without the query.
    public init(_ text: String) throws(WebSocketError) {
        let rest: Substring
        if let cut = Self.dropScheme("wss://", text) {
            (isTLS, rest) = (true, cut)
        } else if let cut = Self.dropScheme("ws://", text) {
            (isTLS, rest) = (false, cut)
        } else {
            throw Self.invalid("it must begin with ws:// or wss://")
        }
        guard rest.utf8.count <= 2048 else { throw Self.invalid("it is longer than 2048 bytes") }
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Self.invalid("it has a space, a control character or a character beyond ASCII")
        }
        guard !rest.contains("#") else { throw Self.invalid("it has a fragment") }
        let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<authorityEnd]
        let path = rest[authorityEnd...]
        guard !authority.contains("@") else { throw Self.invalid("it has a user name; use a header") }

        let (host, portText) = try Self.split(authority)
        let isBracketed = authority.hasPrefix("[")
        guard !host.isEmpty, host.utf8.count <= 120, Self.isHost(host, isBracketed: isBracketed) else {
            throw Self.invalid("its host is empty, too long or malformed")
        }
        let standardPort: UInt16 = isTLS ? 443 : 80
        if let portText {
            guard let number = UInt16(portText), number > 0, !portText.hasPrefix("+") else {
                throw Self.invalid("its port is not a number from 1 to 65535")
            }
            port = number
        } else {
            port = standardPort
        }
        self.host = String(host)
        target = path.hasPrefix("/") ? String(path) : "/" + path
        let shownHost = isBracketed ? "[\(host)]" : String(host)
        hostHeader = port == standardPort ? shownHost : "\(shownHost):\(port)"
    }

    private static func dropScheme(_ scheme: String, _ text: String) -> Substring? {
        guard text.utf8.count >= scheme.utf8.count else { return nil }
        return text.prefix(scheme.count).lowercased() == scheme ? text.dropFirst(scheme.count) : nil
    }

    private static func split(_ authority: Substring) throws(WebSocketError) -> (Substring, Substring?) {
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else {
                throw invalid("its bracket is not closed")
            }
            let host = authority[authority.index(after: authority.startIndex)..<close]
            let after = authority[authority.index(after: close)...]
            if after.isEmpty { return (host, nil) }
            guard after.hasPrefix(":") else { throw invalid("something follows the bracket") }
            return (host, after.dropFirst())
        }
        guard let colon = authority.firstIndex(of: ":") else { return (authority, nil) }
        return (authority[..<colon], authority[authority.index(after: colon)...])
    }

    private static func isHost(_ host: Substring, isBracketed: Bool) -> Bool {
        host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."):
                true
            case UInt8(ascii: "-"), UInt8(ascii: "_"): !isBracketed
            case UInt8(ascii: ":"): isBracketed
            default: false
            }
        }
    }

    private static func invalid(_ message: String) -> WebSocketError {
        WebSocketError(code: .invalidURL, message: "the WebSocket URL is unusable: \(message)")
    }
}
