// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView

/// A REST answer of a recording: a line with `msg` and perhaps `url`, or the bare body.
struct RecordedAnswer {
    /// Where it was asked, where the recording says so.
    let url: String?
    /// The body; valid while this and the line are.
    let body: JSONText
    /// Whether the body was a string in a line, and so is escaped.
    let isEscaped: Bool
    /// Keeps the tokens' memory alive.
    private let scanner: JSONScanner

    /// Reads a line; nil where it is no JSON object.
    init?(_ line: UnsafeRawBufferPointer) {
        guard let scanner = JSONScanner(capacity: line.count),
            let start = line.baseAddress?.assumingMemoryBound(to: UInt8.self),
            var cursor = try? scanner.scan(line)
        else { return nil }
        var url: String?
        var message: JSONText?
        guard (try? cursor.enterObject()) != nil else { return nil }
        let names = (url: JSONName("url"), message: JSONName("msg"))
        while let key = try? cursor.nextKey() {
            switch key.word {
            case names.url.packed: url = (try? cursor.token())?.string
            case names.message.packed where cursor.peek == UInt8(ascii: "\""): message = try? cursor.string()
            default: guard (try? cursor.skip()) != nil else { return nil }
            }
        }
        self.scanner = scanner
        self.url = url
        if let message, message.count > 2 {
            (body, isEscaped) = (message, true)
        } else {
            (body, isEscaped) = (JSONText(start: start, count: line.count), false)
        }
    }

    /// The number behind `limit=` in a URL's query, or nil.
    static func limit(shownBy url: String) -> Int? {
        guard let query = url.split(separator: "?").dropFirst().first else { return nil }
        let value = query.split(separator: "&").first { $0.hasPrefix("limit=") }
        return value.flatMap { Int($0.dropFirst("limit=".count)) }
    }
}
