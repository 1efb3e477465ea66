// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView

/// An answer of a venue to a signed call.
public struct KeyAnswer: Sendable {
    /// The HTTP status.
    public let status: Int
    /// The body.
    public let body: [UInt8]

    /// Takes an answer.
    public init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }

    /// The fields of the body's object with their texts, without those that are null; nil when it is no object.
    ///
    /// An object or array has no text and is left out.
    public var fields: [String: String]? {
        read { cursor throws(JSONError) in try Self.object(&cursor) }
    }

    /// The objects of an array that is a field of the body's object; nil when there is no such array.
    public func rows(_ name: String) -> [[String: String]]? {
        read { cursor throws(JSONError) in
            var found: [[String: String]]?
            try cursor.enterObject()
            while let key = try cursor.nextKey() {
                guard key.string == name, found == nil, cursor.peek == UInt8(ascii: "[") else {
                    try cursor.skip()
                    continue
                }
                var rows: [[String: String]] = []
                try cursor.enterArray()
                while try cursor.nextElement() { rows.append(try Self.object(&cursor)) }
                found = rows
            }
            return found
        } ?? nil
    }

    private func read<Value>(_ body: (inout JSONCursor) throws(JSONError) -> Value) -> Value? {
        guard let scanner = JSONScanner(capacity: self.body.count) else { return nil }
        return self.body.withUnsafeBytes { bytes in
            do throws(JSONError) {
                var cursor = try scanner.scan(bytes)
                let value = try body(&cursor)
                try cursor.finish()
                return value
            } catch {
                return nil
            }
        }
    }

    private static func object(_ cursor: inout JSONCursor) throws(JSONError) -> [String: String] {
        var fields: [String: String] = [:]
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            switch cursor.peek {
            case UInt8(ascii: "{"), UInt8(ascii: "["): try cursor.skip()
            case UInt8(ascii: "n") where cursor.skipNull(): continue
            default: fields[key.string] = try cursor.text().string
            }
        }
        return fields
    }
}

extension KeyPowers.Answer {
    /// What a field of a venue's answer says: `true` or `false`, or nothing.
    public init(_ field: String?) {
        switch field {
        case "true": self = .yes
        case "false": self = .no
        default: self = .unknown
        }
    }
}
