// Part of MarketBus. Apache License 2.0, see LICENSE.

/// One HTTP/1.1 request, its names lower case.
struct HTTPRequest {
    var method: String
    var path: String
    var query: [(name: String, value: String)]
    var headers: [String: String]
    var body: [UInt8]

    func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// A number within what times (in microseconds) and ids can be.
    func integer(_ name: String) -> Int? {
        parameter(name).flatMap { Int($0) }.map { min(max($0, 0), 1 << 52) }
    }

    var wantsUpgrade: Bool { headers["upgrade"]?.lowercased() == "websocket" }
}

/// What the front of the input buffer holds.
enum RequestRead {
    case request(HTTPRequest)
    case incomplete
    case violation
}

/// An answer before it is written.
struct HTTPAnswer {
    var status = 200
    var headers: [(String, String)] = []
    var type = "application/json;charset=UTF-8"
    var body: [UInt8] = []
    var close = false

    init(status: Int = 200, json: String = "{}") {
        self.status = status
        body = Array(json.utf8)
    }

    init(status: Int = 200, buffer: ByteBuffer) {
        self.status = status
        body = buffer.array
    }

    func write(to out: ByteBuffer) {
        out.append(text: "HTTP/1.1 \(status) \(HTTPText.reason(status))\r\n")
        for (name, value) in headers { out.append(text: "\(name): \(value)\r\n") }
        out.append(text: "Content-Type: \(type)\r\nContent-Length: \(body.count)\r\n")
        out.append(text: close ? "Connection: close\r\n\r\n" : "Connection: keep-alive\r\n\r\n")
        out.append(body)
    }
}

/// Reading requests and naming status codes.
enum HTTPText {
    static let headLimit = 65536
    static let bodyLimit = 1 << 20

    /// Takes one request off the front of `input`.
    static func next(_ input: ByteBuffer) -> RequestRead {
        guard let head = headSize(input) else { return input.count > headLimit ? .violation : .incomplete }
        let text = String(decoding: input.bytes[0..<head], as: UTF8.self)
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: true)[...]
        guard let first = lines.popFirst() else { return .violation }
        let words = first.split(separator: " ")
        guard words.count == 3, words[2].hasPrefix("HTTP/1.") else { return .violation }
        var headers: [String: String] = [:]
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { return .violation }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            headers[line[..<colon].lowercased()] = String(value)
        }
        let length = Int(headers["content-length"] ?? "0") ?? -1
        guard length >= 0, length <= bodyLimit else { return .violation }
        guard input.count >= head + length else { return .incomplete }
        let body = Array(input.bytes[head..<(head + length)])
        input.consume(head + length)
        let target = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        return .request(
            HTTPRequest(
                method: String(words[0]),
                path: decoded(target[0]),
                query: target.count > 1 ? parameters(target[1]) : [],
                headers: headers,
                body: body
            )
        )
    }

    private static func headSize(_ input: ByteBuffer) -> Int? {
        let bytes = input.bytes
        guard bytes.count >= 4 else { return nil }
        for index in 3..<bytes.count
        where bytes[index] == 10 && bytes[index - 1] == 13 && bytes[index - 2] == 10 && bytes[index - 3] == 13
        {
            return index + 1
        }
        return nil
    }

    private static func parameters(_ query: Substring) -> [(name: String, value: String)] {
        query.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decoded(parts[0]), parts.count > 1 ? decoded(parts[1]) : "")
        }
    }

    private static func decoded(_ text: Substring) -> String {
        guard text.utf8.contains(37) else { return String(text) }
        var out: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == 37, rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                out.append(value)
                rest = rest.dropFirst(2)
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func reason(_ status: Int) -> String {
        switch status {
        case 101: "Switching Protocols"
        case 200: "OK"
        case 400: "Bad Request"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 418: "I'm a teapot"
        case 429: "Too Many Requests"
        case 500: "Internal Server Error"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        default: "Status"
        }
    }
}
