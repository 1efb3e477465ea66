// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models

/// The body of a REST answer, whole and scanned.
///
/// Cursors into it are good as long as it and the body are.
public struct AnswerDocument {
    private let scanner: JSONScanner
    /// The beginning of the body.
    public let root: JSONCursor

    /// Scans a body.
    ///
    /// - Throws: ``DecodeError/malformed(offset:)``.
    public init(_ body: UnsafeRawBufferPointer) throws(DecodeError) {
        guard let scanner = JSONScanner(capacity: body.count) else { throw .malformed(offset: 0) }
        self.scanner = scanner
        do throws(JSONError) {
            root = try scanner.scan(body)
            try root.checkWhole()
        } catch {
            throw DecodeError(error)
        }
    }
}

/// An object of a REST answer by the names of its fields.
///
/// - Allocates: yes; for answers, not for frames.
public struct AnswerObject {
    private var texts: [String: JSONText] = [:]
    private var values: [String: JSONCursor] = [:]

    /// Reads the object that begins at a cursor.
    ///
    /// - Throws: ``DecodeError/malformed(offset:)`` where none does.
    public init(_ start: JSONCursor) throws(DecodeError) {
        var cursor = start
        do throws(JSONError) { try read(&cursor) } catch { throw DecodeError(error) }
    }

    private mutating func read(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            let name = key.string
            if cursor.peek == UInt8(ascii: "[") || cursor.peek == UInt8(ascii: "{") {
                values[name] = cursor
            }
            // An array where a number should be gives no bytes, and so can't be read as one.
            if let text = try cursor.token() { texts[name] = text }
        }
    }

    /// The bytes of a string or scalar; nil where there is none, or a null.
    public subscript(_ name: String) -> JSONText? { texts[name] }

    /// A cursor at an array or object.
    public func value(_ name: String) -> JSONCursor? { values[name] }
}

/// An array of strings and scalars, such as a row of candles: the first twelve of them.
///
/// - Allocates: never.
public struct TextRow {
    /// How many elements are kept.
    public static let capacity = 12

    private var texts = InlineArray<12, JSONText?>(repeating: nil)
    /// How many elements there are.
    public private(set) var count = 0

    /// Reads the array that begins at a cursor of an answer.
    ///
    /// - Throws: ``DecodeError/malformed(offset:)`` where none does.
    public init(_ start: JSONCursor) throws(DecodeError) {
        var cursor = start
        do throws(JSONError) { try self.init(&cursor) } catch { throw DecodeError(error) }
    }

    /// Reads an array and leaves the cursor behind it.
    ///
    /// - Throws: ``JSONError`` where none stands at the cursor.
    public init(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.enterArray()
        while try cursor.nextElement() {
            let text = try cursor.token()
            if count < Self.capacity { texts[count] = text }
            count &+= 1
        }
    }

    /// The element at a place; nil where there is none, or a null.
    public subscript(_ place: Int) -> JSONText? {
        place >= 0 && place < min(count, Self.capacity) ? texts[place] : nil
    }
}

extension JSONCursor {
    /// Cursors at the elements of the array that begins here; of an object, at that alone.
    ///
    /// Venues answer about one instrument with an object or with an array of one.
    ///
    /// - Returns: the cursors, in the order of the answer.
    /// - Throws: ``DecodeError/malformed(offset:)``. Allocates: yes; for answers, not for frames.
    public func answerRows() throws(DecodeError) -> [JSONCursor] {
        var cursor = self
        if cursor.peek == UInt8(ascii: "{") { return [self] }
        var found: [JSONCursor] = []
        do throws(JSONError) {
            try cursor.enterArray()
            while try cursor.nextElement() {
                found.append(cursor)
                try cursor.skip()
            }
        } catch {
            throw DecodeError(error)
        }
        return found
    }

    /// Reads one side of a book of an answer, like ``levels(_:into:)``.
    ///
    /// - Throws: ``DecodeError`` with this name.
    public func answerLevels(
        _ rule: SizeRule,
        _ name: StaticName,
        into batch: inout EventBatch
    ) throws(DecodeError) -> Range<Int> {
        var cursor = self
        let read: LevelsRead
        do throws(JSONError) { read = try cursor.levels(rule, into: &batch) } catch {
            throw DecodeError(error)
        }
        return try read.valid(name)
    }
}

extension InstrumentTable {
    /// What a number of contracts is worth in quote currency, where a contract is worth a fixed amount of it.
    ///
    /// - Returns: nil for instruments that are not inverse, and where the contract size is not known.
    /// - Throws: ``DecodeError/outOfRange``.
    public func worth(
        ofContracts contracts: ScaledDecimal?,
        _ id: InstrumentID
    ) throws(DecodeError) -> ScaledDecimal? {
        let instrument = self[id]
        guard instrument.kind.isInverse, let contracts, let size = instrument.contractSize else { return nil }
        do throws(DecimalError) { return try contracts.multiplied(by: size) } catch { throw .outOfRange }
    }
}

extension CandleInterval {
    /// An interval whose borders are counted from midnight so many hours east of UTC.
    ///
    /// Where those are the borders of UTC as well (four hours in a zone of eight), it is the plain one.
    public init(_ span: Span, bordersOf zoneHours: Int8) {
        let isWhole = span.seconds <= 86_400 && Int64(zoneHours) * 3600 % span.seconds == 0
        self.init(span, zoneHours: isWhole ? 0 : zoneHours)
    }
}

/// Texts in the query of a URL.
public enum QueryText {
    /// The text with every byte but letters, digits, `-`, `.`, `_` and `~` percent-encoded.
    public static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: bytes.append(byte)
            default: bytes += [37, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
