// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models

/// One JSON object of a record with its fields found, for decoders that ask by name.
///
/// Fields that nobody asks for are
/// ignored; of fields with one name the last counts.
///
/// Borrowed from the document: valid while its bytes are.
///
/// - Thread: that of its scanner. Allocates: the list of fields. Hot readers (``BboRecord``) walk the cursor instead.
public struct RecordObject {
    private var fields: [(key: JSONText, value: JSONCursor)] = []

    /// Finds the fields of the object at the cursor and leaves the cursor behind it.
    ///
    /// - Throws: ``RecordError/malformed(offset:)``.
    public init(_ cursor: inout JSONCursor) throws(RecordError) {
        do throws(JSONError) {
            try cursor.enterObject()
            while let key = try cursor.nextKey() {
                fields.append((key, cursor))
                try cursor.skip()
            }
        } catch {
            throw .malformed(offset: cursor.offset)
        }
    }

    /// Scans a whole value and checks that its schema is the topic's.
    ///
    /// - Throws: ``RecordError``.
    public init(
        _ bytes: UnsafeRawBufferPointer,
        of topic: TopicID,
        scanner: JSONScanner
    ) throws(RecordError) {
        var cursor: JSONCursor
        do throws(JSONError) {
            cursor = try scanner.scan(bytes)
        } catch {
            throw .malformed(offset: 0)
        }
        try self.init(&cursor)
        guard cursor.isAtEnd else { throw .malformed(offset: cursor.offset) }
        guard try text("schema") == TopicRegistry.spec(of: topic).schema else { throw .wrongSchema }
    }

    /// A text.
    public func text(_ name: FieldName) throws(RecordError) -> String {
        var value = try cursor(name)
        return try Self.checked(name) { () throws(JSONError) in try value.string().string }
    }

    /// A text or null.
    public func optionalText(_ name: FieldName) throws(RecordError) -> String? {
        try isNull(name) ? nil : try text(name)
    }

    /// A text that is one of an enumeration's.
    public func choice<Choice: RawRepresentable<String>>(
        _ name: FieldName,
        of type: Choice.Type = Choice.self
    ) throws(RecordError) -> Choice {
        guard let choice = Choice(rawValue: try text(name)) else { throw .badField(name) }
        return choice
    }

    /// A text that is one of an enumeration's, or null.
    public func optionalChoice<Choice: RawRepresentable<String>>(
        _ name: FieldName,
        of type: Choice.Type = Choice.self
    ) throws(RecordError) -> Choice? {
        try isNull(name) ? nil : try choice(name, of: type)
    }

    /// An integer.
    public func integer(_ name: FieldName) throws(RecordError) -> Int64 {
        var value = try cursor(name)
        return try Self.checked(name) { () throws(JSONError) in try value.integer() }
    }

    /// An integer, or `Int64.min` ("none") for null.
    public func integerOrNone(_ name: FieldName) throws(RecordError) -> Int64 {
        try isNull(name) ? Int64.min : try integer(name)
    }

    /// An integer that is not below zero.
    public func count(_ name: FieldName) throws(RecordError) -> UInt64 {
        guard let value = UInt64(exactly: try integer(name)) else { throw .badField(name) }
        return value
    }

    /// A decimal.
    public func decimal(_ name: FieldName) throws(RecordError) -> ScaledDecimal {
        var value = try cursor(name)
        return try Self.checked(name) { () throws(JSONError) in try value.decimal() }
    }

    /// A decimal or null.
    public func optionalDecimal(_ name: FieldName) throws(RecordError) -> ScaledDecimal? {
        try isNull(name) ? nil : try decimal(name)
    }

    /// A price and its size, or nil where both are null.
    public func level(_ price: FieldName, _ size: FieldName) throws(RecordError) -> PriceLevel? {
        let pair = (try optionalDecimal(price), try optionalDecimal(size))
        if let price = pair.0, let size = pair.1 { return PriceLevel(price: price, size: size) }
        guard pair.0 == nil, pair.1 == nil else { throw .badField(size) }
        return nil
    }

    /// A boolean.
    public func bool(_ name: FieldName) throws(RecordError) -> Bool {
        var value = try cursor(name)
        return try Self.checked(name) { () throws(JSONError) in try value.bool() }
    }

    /// An object.
    public func object(_ name: FieldName) throws(RecordError) -> RecordObject {
        var value = try cursor(name)
        return try RecordObject(&value)
    }

    /// An object or null.
    public func optionalObject(_ name: FieldName) throws(RecordError) -> RecordObject? {
        try isNull(name) ? nil : try object(name)
    }

    /// An array of objects, each read with `read`.
    public func list<Element>(
        _ name: FieldName,
        _ read: (RecordObject) throws(RecordError) -> Element
    ) throws(RecordError) -> [Element] {
        var value = try cursor(name)
        var elements: [Element] = []
        try Self.checked(name) { () throws(JSONError) in try value.enterArray() }
        while try Self.checked(name, { () throws(JSONError) in try value.nextElement() }) {
            elements.append(try read(try RecordObject(&value)))
        }
        return elements
    }

    /// An array of levels, each an array of price and size.
    public func levels(_ name: FieldName) throws(RecordError) -> [PriceLevel] {
        var value = try cursor(name)
        return try Self.checked(name) { () throws(JSONError) in
            var levels: [PriceLevel] = []
            try value.enterArray()
            while try value.nextElement() { levels.append(try Self.level(&value)) }
            return levels
        }
    }

    private static func level(_ value: inout JSONCursor) throws(JSONError) -> PriceLevel {
        let offset = value.offset
        try value.enterArray()
        guard try value.nextElement() else { throw .wrongType(offset: offset) }
        let price = try value.decimal()
        guard try value.nextElement() else { throw .wrongType(offset: offset) }
        let size = try value.decimal()
        guard try !value.nextElement() else { throw .wrongType(offset: offset) }
        return PriceLevel(price: price, size: size)
    }

    /// An array of texts.
    public func texts(_ name: FieldName) throws(RecordError) -> [String] {
        var value = try cursor(name)
        return try Self.checked(name) { () throws(JSONError) in
            var texts: [String] = []
            try value.enterArray()
            while try value.nextElement() { texts.append(try value.string().string) }
            return texts
        }
    }

    /// An array of integers.
    public func integers(_ name: FieldName) throws(RecordError) -> [Int64] {
        var value = try cursor(name)
        return try Self.checked(name) { () throws(JSONError) in
            var integers: [Int64] = []
            try value.enterArray()
            while try value.nextElement() { integers.append(try value.integer()) }
            return integers
        }
    }

    /// Whether the field is there.
    public func has(_ name: FieldName) -> Bool { find(name) != nil }

    private func isNull(_ name: FieldName) throws(RecordError) -> Bool {
        var value = try cursor(name)
        return value.skipNull()
    }

    private func cursor(_ name: FieldName) throws(RecordError) -> JSONCursor {
        guard let value = find(name) else { throw .missingField(name) }
        return value
    }

    private func find(_ name: FieldName) -> JSONCursor? {
        let length = name.text.utf8CodeUnitCount
        return fields.last { $0.key.count == length && $0.key.hasPrefix(name.text) }?.value
    }

    private static func checked<Value>(
        _ name: FieldName,
        _ body: () throws(JSONError) -> Value
    ) throws(RecordError) -> Value {
        do throws(JSONError) { return try body() } catch { throw .badField(name) }
    }
}
