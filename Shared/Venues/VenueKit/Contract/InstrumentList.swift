// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView

/// An answer, or a push, that lists instruments.
public enum InstrumentList {
    /// Reads every row of the list that stands under this name; whatever else is said is passed over.
    ///
    /// - Parameters:
    ///   - name: of a field of the answer.
    ///   - mayBeBare: whether the answer may also be the list itself.
    ///   - body: the whole answer.
    ///   - read: reads the row at the cursor and leaves the cursor behind it.
    /// - Returns: the rows, in the order of the answer.
    /// - Throws: ``DecodeError``. Allocates: yes; for answers, not for frames.
    public static func rows<Row>(
        _ name: JSONName,
        mayBeBare: Bool = false,
        in body: UnsafeRawBufferPointer,
        _ read: (inout JSONCursor) throws(JSONError) -> Row
    ) throws(DecodeError) -> [Row] {
        guard let scanner = JSONScanner(capacity: body.count) else { throw .malformed(offset: 0) }
        do throws(JSONError) {
            var cursor = try scanner.scan(body)
            var rows: [Row] = []
            if mayBeBare, cursor.peek != UInt8(ascii: "{") {
                try append(&cursor, to: &rows, read)
            } else {
                try cursor.enterObject()
                while let key = try cursor.nextKey() {
                    if key.matches(name) { try append(&cursor, to: &rows, read) } else { try cursor.skip() }
                }
            }
            try cursor.finish()
            return rows
        } catch {
            throw DecodeError(error)
        }
    }

    private static func append<Row>(
        _ cursor: inout JSONCursor,
        to rows: inout [Row],
        _ read: (inout JSONCursor) throws(JSONError) -> Row
    ) throws(JSONError) {
        try cursor.enterArray()
        while try cursor.nextElement() { rows.append(try read(&cursor)) }
    }
}

/// A row of such a list by the names of its fields: strings, and numbers as they are spelled; `null` and `""` stand for
/// none, and what is nested is passed over.
public struct ListedFields: Sendable {
    private var texts: [String: String] = [:]

    /// Reads the object at the cursor.
    ///
    /// - Throws: ``JSONError`` where none is. Allocates: yes.
    public init(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            if let text = try cursor.token(), text.count > 0 { texts[key.string] = text.string }
        }
    }

    /// A field; nil where there is none.
    public subscript(_ name: String) -> String? { texts[name] }

    /// A decimal, or nil where it can't be read: one odd listing must not cost the others.
    public func decimal(_ name: String) -> ScaledDecimal? {
        texts[name].flatMap { try? ScaledDecimal($0) }
    }

    /// A point in time; nil where it can't be read.
    ///
    /// - Unit: microseconds since the Unix epoch; the venue says milliseconds.
    public func microseconds(_ name: String) -> Int64? {
        guard let milliseconds = texts[name].flatMap({ Int64($0) }) else { return nil }
        let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1000)
        return overflow ? nil : product
    }
}
