// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Wire

/// Compares an encoded value with the shape that its record declares: the same fields, in order, of these kinds.
struct ShapeChecker {
    private(set) var problems: [String] = []

    static func problems(_ line: String, _ shape: RecordShape) throws -> [String] {
        guard let scanner = JSONScanner() else { return ["no memory"] }
        var checker = ShapeChecker()
        try Array(line.utf8).withUnsafeBytes { bytes in
            var cursor = try scanner.scan(bytes)
            try checker.object(&cursor, shape.fields, "")
            try cursor.finish()
        }
        return checker.problems
    }

    private mutating func object(_ cursor: inout JSONCursor, _ fields: [FieldShape], _ path: String) throws {
        var expected = fields[...]
        try cursor.enterObject()
        while let key = try cursor.nextKey()?.string {
            while let next = expected.first, next.name != key, next.isOptional { expected.removeFirst() }
            guard let field = expected.popFirst(), field.name == key else {
                problems.append("\(path)\(key) is written and not declared here")
                try cursor.skip()
                continue
            }
            try value(&cursor, field.kind, isNullable: field.isNullable, "\(path)\(key)")
        }
        problems += expected.filter { !$0.isOptional }.map { "\(path)\($0.name) is declared and not written" }
    }

    private mutating func value(
        _ cursor: inout JSONCursor,
        _ kind: ValueShape,
        isNullable: Bool,
        _ path: String
    ) throws {
        if cursor.skipNull() {
            if !isNullable { problems.append("\(path) is null") }
            return
        }
        let isText = cursor.peek == UInt8(ascii: "\"")
        switch kind {
        case .constant(let text): try check(cursor.string().string == text, path)
        case .text: _ = try cursor.string()
        case .choice(let texts): try check(texts.contains(cursor.string().string), path)
        case .boolean: _ = try cursor.bool()
        case .decimal:
            var copy = cursor
            let canonical = try copy.decimal().description
            try check(isText && cursor.string().string == canonical, path)
        case .integer(let minimum): try check(!isText && cursor.integer() >= minimum ?? .min, path)
        case .object(let fields): try object(&cursor, fields, path + ".")
        case .list(let element):
            try cursor.enterArray()
            while try cursor.nextElement() { try value(&cursor, element, isNullable: false, path + "[]") }
        }
    }

    private mutating func check(_ isRight: Bool, _ path: String) {
        if !isRight { problems.append("\(path) holds what it can't") }
    }
}
