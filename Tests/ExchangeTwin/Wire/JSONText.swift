// Part of MarketBus. Apache License 2.0, see LICENSE.

/// One JSON value as written: numbers keep their text, objects their order.
indirect enum JSONText {
    case object([(key: String, value: JSONText)])
    case array([JSONText])
    case string(String)
    case number(String)
    case bool(Bool)
    case null

    subscript(key: String) -> JSONText? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The text of a string or a number.
    var scalar: String? {
        switch self {
        case .string(let text), .number(let text): text
        default: nil
        }
    }

    var integer: Int? { scalar.flatMap { Int($0) } }

    var items: [JSONText]? {
        guard case .array(let values) = self else { return nil }
        return values
    }

    var flag: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// Writes the value back as JSON.
    func write(to out: ByteBuffer) {
        switch self {
        case .string(let text): out.appendQuoted(text)
        case .number(let text): out.append(text: text)
        case .bool(let value): out.append(text: value ? "true" : "false")
        case .null: out.append("null")
        case .array(let values):
            out.append(91)
            for (index, value) in values.enumerated() {
                if index > 0 { out.append(44) }
                value.write(to: out)
            }
            out.append(93)
        case .object(let members):
            out.append(123)
            for (index, member) in members.enumerated() {
                if index > 0 { out.append(44) }
                out.appendQuoted(member.key)
                out.append(58)
                member.value.write(to: out)
            }
            out.append(125)
        }
    }
}

/// Where a text stops being JSON.
struct JSONFailure: Error {
    var offset: Int
    var expected: String
}

/// A small recursive reader; used for requests, control and session lines, never on the data path.
struct JSONReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var at = 0
    private var depth = 0

    static func read(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONFailure) -> JSONText {
        var reader = JSONReader(bytes: bytes)
        let value = try reader.value()
        reader.skipSpace()
        guard reader.at == bytes.count else { throw reader.failure("end of input") }
        return value
    }

    static func read(text: String) -> JSONText? {
        var copy = text
        return copy.withUTF8 { try? read($0) }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

    private func failure(_ expected: String) -> JSONFailure { JSONFailure(offset: at, expected: expected) }

    private mutating func skipSpace() {
        while let byte = current, byte == 32 || (byte >= 9 && byte <= 13) { at += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard current == byte else { return false }
        at += 1
        return true
    }

    private mutating func value() throws(JSONFailure) -> JSONText {
        skipSpace()
        depth += 1
        defer { depth -= 1 }
        guard depth < 64 else { throw failure("less depth") }
        switch current {
        case 123: return try object()
        case 91: return try array()
        case 34: return .string(try string())
        case 116: return try word("true", .bool(true))
        case 102: return try word("false", .bool(false))
        case 110: return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func object() throws(JSONFailure) -> JSONText {
        at += 1
        var members: [(key: String, value: JSONText)] = []
        if take(125) { return .object(members) }
        repeat {
            skipSpace()
            guard current == 34 else { throw failure("key") }
            let key = try string()
            guard take(58) else { throw failure("`:`") }
            members.append((key, try value()))
        } while take(44)
        guard take(125) else { throw failure("`,` or `}`") }
        return .object(members)
    }

    private mutating func array() throws(JSONFailure) -> JSONText {
        at += 1
        var values: [JSONText] = []
        if take(93) { return .array(values) }
        repeat { values.append(try value()) } while take(44)
        guard take(93) else { throw failure("`,` or `]`") }
        return .array(values)
    }

    private mutating func word(_ text: String, _ value: JSONText) throws(JSONFailure) -> JSONText {
        for byte in text.utf8 {
            guard current == byte else { throw failure("ident") }
            at += 1
        }
        return value
    }

    private mutating func number() throws(JSONFailure) -> JSONText {
        let start = at
        while let byte = current, (byte >= 48 && byte <= 57) || [43, 45, 46, 69, 101].contains(byte) {
            at += 1
        }
        guard at > start else { throw failure("value") }
        return .number(String(decoding: bytes[start..<at], as: UTF8.self))
    }

    private mutating func string() throws(JSONFailure) -> String {
        at += 1
        let start = at
        while let byte = current, byte != 34, byte != 92, byte >= 32 { at += 1 }
        if current == 34 {
            at += 1
            return String(decoding: bytes[start..<(at - 1)], as: UTF8.self)
        }
        var out = Array(bytes[start..<at])
        while let byte = current {
            at += 1
            switch byte {
            case 34: return String(decoding: out, as: UTF8.self)
            case 92: try escape(into: &out)
            case 0..<32: throw failure("string character")
            default: out.append(byte)
            }
        }
        throw failure("`\"`")
    }

    private mutating func escape(into out: inout [UInt8]) throws(JSONFailure) {
        guard let byte = current else { throw failure("escape") }
        at += 1
        switch byte {
        case 110: out.append(10)
        case 116: out.append(9)
        case 114: out.append(13)
        case 98: out.append(8)
        case 102: out.append(12)
        case 34, 47, 92: out.append(byte)
        case 117: out.append(contentsOf: Array(String(try unicode()).utf8))
        default: throw failure("escape")
        }
    }

    private mutating func unicode() throws(JSONFailure) -> Character {
        var code = try hexadecimal()
        if code >= 0xD800, code < 0xDC00, at + 1 < bytes.count, bytes[at] == 92, bytes[at + 1] == 117 {
            at += 2
            let low = try hexadecimal()
            code = 0x10000 + ((code - 0xD800) << 10) + (low &- 0xDC00) & 0x3FF
        }
        return Character(Unicode.Scalar(code) ?? "\u{FFFD}")
    }

    private mutating func hexadecimal() throws(JSONFailure) -> UInt32 {
        guard at + 4 <= bytes.count,
            let code = UInt32(String(decoding: bytes[at..<(at + 4)], as: UTF8.self), radix: 16)
        else { throw failure("4 hexadecimal digits") }
        at += 4
        return code
    }
}
