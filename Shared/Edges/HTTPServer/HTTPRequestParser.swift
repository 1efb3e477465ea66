// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Finds one request in the bytes received so far.
///
/// Pure: bytes in, a request or a refusal out.
struct HTTPRequestParser {
    enum Outcome: Equatable {
        case incomplete
        case request(HTTPRequest, consumed: Int, keepAlive: Bool)
        case refused(status: Int, text: String)
    }

    /// The headers that matter here.
    private struct Head {
        var method: String
        var target: Substring
        var isKeepAlive: Bool
        var contentLength: Int?
        var hasHost = false
    }

    private struct Refusal: Error {
        var status: Int
        var text: String

        init(_ status: Int, _ text: String) {
            self.status = status
            self.text = text
        }
    }

    let maximumHeader: Int
    let maximumBody: (_ method: String, _ path: String) -> Int

    func parse(_ bytes: [UInt8]) -> Outcome {
        do throws(Refusal) {
            guard let end = Self.headEnd(bytes, limit: maximumHeader) else {
                guard bytes.count < maximumHeader else { throw Refusal(431, "the header is too large") }
                return .incomplete
            }
            let head = try Self.head(bytes[..<end])
            var request = try Self.request(head)
            let length = head.contentLength ?? 0
            guard length <= maximumBody(head.method, request.path) else {
                throw Refusal(413, "the body is too large")
            }
            guard bytes.count - end - 4 >= length else { return .incomplete }
            request.body = Array(bytes[(end + 4)..<(end + 4 + length)])
            return .request(request, consumed: end + 4 + length, keepAlive: head.isKeepAlive)
        } catch {
            return .refused(status: error.status, text: error.text)
        }
    }

    /// The place of the empty line that ends the head.
    private static func headEnd(_ bytes: [UInt8], limit: Int) -> Int? {
        let last = min(bytes.count, limit) - 4
        guard last >= 0 else { return nil }
        return (0...last).first { at in
            bytes[at] == 13 && bytes[at + 1] == 10 && bytes[at + 2] == 13 && bytes[at + 3] == 10
        }
    }

    private static func head(_ bytes: ArraySlice<UInt8>) throws(Refusal) -> Head {
        let isPlain = bytes.allSatisfy {
            (0x20...0x7E).contains($0) || $0 == 9 || $0 == 13 || $0 == 10 || $0 >= 0x80
        }
        guard isPlain else { throw Refusal(400, "a control character in the header") }
        var lines = try lines(bytes)[...]
        guard let first = lines.popFirst() else { throw Refusal(400, "no request line") }
        let words = first.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, !words[0].isEmpty, words[1].hasPrefix("/") else {
            throw Refusal(400, "the request line is not METHOD /path HTTP/1.1")
        }
        guard words[2].hasPrefix("HTTP/") else { throw Refusal(400, "not HTTP") }
        guard words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0" else {
            throw Refusal(505, "only HTTP/1.1 and 1.0")
        }
        guard ["GET", "HEAD", "POST"].contains(words[0]) else {
            throw Refusal(501, "only GET, HEAD and POST")
        }
        var head = Head(method: String(words[0]), target: words[1], isKeepAlive: words[2] == "HTTP/1.1")
        for line in lines { try field(line, of: &head) }
        guard head.hasHost || words[2] == "HTTP/1.0" else { throw Refusal(400, "no Host header") }
        return head
    }

    /// The lines between CR LF; a lone CR or LF is refused, since two servers may read it differently.
    private static func lines(_ bytes: ArraySlice<UInt8>) throws(Refusal) -> [Substring] {
        var result: [Substring] = []
        var start = bytes.startIndex
        var at = start
        while at < bytes.endIndex {
            let isBreak = bytes[at] == 13 && at + 1 < bytes.endIndex && bytes[at + 1] == 10
            if isBreak {
                result.append(Substring(decoding: bytes[start..<at], as: UTF8.self))
                at += 2
                start = at
            } else {
                guard bytes[at] != 13, bytes[at] != 10 else { throw Refusal(400, "a lone line break") }
                at += 1
            }
        }
        result.append(Substring(decoding: bytes[start...], as: UTF8.self))
        return result
    }

    private static func field(_ line: Substring, of head: inout Head) throws(Refusal) {
        guard let colon = line.firstIndex(of: ":"), colon != line.startIndex else {
            throw Refusal(400, "a header line without name")
        }
        let name = line[..<colon].lowercased()
        guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Refusal(400, "a space in a header name")
        }
        let value = line[line.index(after: colon)...].split(separator: " ").joined(separator: " ")
        switch name {
        case "host": head.hasHost = true
        case "connection":
            let words = value.lowercased()
            if words.contains("close") { head.isKeepAlive = false }
            if words.contains("keep-alive") { head.isKeepAlive = true }
        case "content-length":
            guard head.contentLength == nil, !value.isEmpty,
                value.utf8.allSatisfy({ (48...57).contains($0) }),
                let length = Int(value)
            else { throw Refusal(400, "a bad Content-Length") }
            head.contentLength = length
        case "transfer-encoding": throw Refusal(501, "send a Content-Length instead of chunks")
        case "expect": throw Refusal(417, "send the body at once")
        default: break
        }
    }

    private static func request(_ head: Head) throws(Refusal) -> HTTPRequest {
        let parts = head.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = decoded(parts[0], plusIsSpace: false) else {
            throw Refusal(400, "a bad percent code")
        }
        var query: [(name: String, value: String)] = []
        for pair in parts.count > 1 ? parts[1].split(separator: "&") : [] {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decoded(sides[0], plusIsSpace: true),
                let value = sides.count > 1 ? decoded(sides[1], plusIsSpace: true) : ""
            else { throw Refusal(400, "a bad percent code") }
            query.append((name, value))
        }
        return HTTPRequest(method: head.method, path: path, query: query, body: [])
    }

    private static func decoded(_ text: Substring, plusIsSpace: Bool) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(hex), let low = rest.popFirst().flatMap(hex) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(byte == UInt8(ascii: "+") && plusIsSpace ? UInt8(ascii: " ") : byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
