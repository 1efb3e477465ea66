// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Reads the lines of ``FrameSheet/shapes``.
struct ShapeReader {
    /// One kind on its markets.
    struct Entry {
        var markets: [String]
        var shape: KnownShape
    }

    private static let letters: [UInt8: FieldTypes] = [
        UInt8(ascii: "s"): .string, UInt8(ascii: "n"): .number, UInt8(ascii: "b"): .bool,
        UInt8(ascii: "0"): .null,
    ]

    private let bytes: [UInt8]
    private var at = 0
    private var rules: [UInt64: KnownShape.Rule] = [:]

    private init(_ text: String) { bytes = Array(text.utf8) }

    /// The kinds that lines describe, and the lines that nobody can read, of which a test says that there are none.
    static func read(_ text: String) -> (entries: [Entry], problems: [String]) {
        var lines: [String] = []
        for line in text.split(separator: "\n") {
            if line.first == " ", let last = lines.indices.last {
                lines[last] += " " + line.drop { $0 == " " }
            } else {
                lines.append(String(line))
            }
        }
        var entries: [Entry] = []
        var problems: [String] = []
        for line in lines {
            let parts = line.split(separator: " ", maxSplits: 2)
            guard parts.count == 3, let rules = rules(String(parts[2])) else {
                problems.append(line)
                continue
            }
            entries.append(
                Entry(
                    markets: parts[0].split(separator: ",").map(String.init),
                    shape: KnownShape(name: String(parts[1]), rules: rules)
                )
            )
        }
        return (entries, problems)
    }

    private static func rules(_ text: String) -> [UInt64: KnownShape.Rule]? {
        var reader = ShapeReader(text)
        let root = KnownShape.Rule(name: "", types: [], parent: 0, isRequired: true)
        guard reader.field(FieldPath.root, root, depth: 0), reader.at == reader.bytes.count else {
            return nil
        }
        return reader.rules
    }

    /// One field with all in it.
    private mutating func field(_ path: UInt64, _ rule: KnownShape.Rule, depth: Int) -> Bool {
        guard depth <= FrameShape.depthLimit else { return false }
        rules[path] = rule
        repeat {
            guard at < bytes.count else { return false }
            let byte = bytes[at]
            at += 1
            switch byte {
            case UInt8(ascii: "{"):
                rules[path]?.types.insert(.object)
                guard members(path, rule.name, depth) else { return false }
            case UInt8(ascii: "["), UInt8(ascii: "("):
                rules[path]?.types.insert(.array)
                let isRow = byte == UInt8(ascii: "(")
                guard isRow ? columns(path, rule.name, depth) : element(path, rule.name, depth) else {
                    return false
                }
            default:
                guard let type = Self.letters[byte] else { return false }
                rules[path]?.types.insert(type)
            }
        } while took(UInt8(ascii: "|"))
        return true
    }

    private mutating func members(_ parent: UInt64, _ name: String, _ depth: Int) -> Bool {
        while !took(UInt8(ascii: "}")) {
            let start = at
            while at < bytes.count, bytes[at] != UInt8(ascii: ":"), bytes[at] != UInt8(ascii: "?") { at += 1 }
            let key = String(decoding: bytes[start..<at], as: UTF8.self)
            let isOptional = took(UInt8(ascii: "?"))
            guard !key.isEmpty, took(UInt8(ascii: ":")) else { return false }
            let rule = KnownShape.Rule(
                name: name.isEmpty ? key : name + "." + key,
                types: [],
                parent: parent,
                isRequired: !isOptional
            )
            guard field(FieldPath.member(of: parent, key), rule, depth: depth + 1) else { return false }
            _ = took(UInt8(ascii: " "))
        }
        return true
    }

    private mutating func element(_ parent: UInt64, _ name: String, _ depth: Int) -> Bool {
        if took(UInt8(ascii: "]")) { return true }
        let rule = KnownShape.Rule(name: name + "[]", types: [], parent: parent, isRequired: false)
        return field(FieldPath.element(of: parent), rule, depth: depth + 1) && took(UInt8(ascii: "]"))
    }

    private mutating func columns(_ parent: UInt64, _ name: String, _ depth: Int) -> Bool {
        var place = 0
        while !took(UInt8(ascii: ")")) {
            let isOptional = took(UInt8(ascii: "?"))
            let rule = KnownShape.Rule(
                name: name + "[\(place)]",
                types: [],
                parent: parent,
                isRequired: !isOptional
            )
            guard field(FieldPath.column(of: parent, place), rule, depth: depth + 1) else { return false }
            _ = took(UInt8(ascii: " "))
            place += 1
        }
        return true
    }

    private mutating func took(_ byte: UInt8) -> Bool {
        guard at < bytes.count, bytes[at] == byte else { return false }
        at += 1
        return true
    }
}
