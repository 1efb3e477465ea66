// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models

/// Turns the bytes of fields into values, with errors that name the field and its place.
///
/// Venues write numbers as JSON strings or as JSON numbers; both are read.
///
/// - Thread: that of the feed. Allocates: never.
public struct FieldReader {
    private let start: UnsafePointer<UInt8>?

    /// A reader for one frame.
    public init(_ cursor: JSONCursor) {
        start = cursor.documentStart
    }

    /// The value, or an error that says that it is missing.
    public func required(_ text: JSONText?, _ name: StaticName) throws(DecodeError) -> JSONText {
        guard let text else { throw .missingField(name) }
        return text
    }

    /// An exact decimal.
    public func decimal(_ text: JSONText?, _ name: StaticName) throws(DecodeError) -> ScaledDecimal {
        let text = try required(text, name)
        do throws(DecimalError) {
            return try ScaledDecimal(ascii: text.start, count: text.count)
        } catch {
            throw .badField(name, offset: offset(text))
        }
    }

    /// An exact decimal that is not below zero: a price's or size's form on the wire.
    public func amount(_ text: JSONText?, _ name: StaticName) throws(DecodeError) -> ScaledDecimal {
        let value = try decimal(text, name)
        if value.isNegative { throw bad(try required(text, name), name) }
        return value
    }

    /// An exact decimal, or nil where the venue has none: the field is missing, null or "".
    public func decimalIfAny(_ text: JSONText?, _ name: StaticName) throws(DecodeError) -> ScaledDecimal? {
        guard let text, !text.isEmptyString else { return nil }
        return try decimal(text, name)
    }

    /// An exact decimal that is not below zero, or nil where the venue has none: the field is missing, null or "".
    public func amountIfAny(_ text: JSONText?, _ name: StaticName) throws(DecodeError) -> ScaledDecimal? {
        guard let text, !text.isEmptyString else { return nil }
        return try amount(text, name)
    }

    /// An integer of 64 bits, or nil where the field is missing or null.
    public func integerIfAny(_ text: JSONText?, _ name: StaticName) throws(DecodeError) -> Int64? {
        text == nil ? nil : try integer(text, name)
    }

    /// A JSON boolean.
    public func flag(_ text: JSONText?, _ name: StaticName) throws(DecodeError) -> Bool {
        let text = try required(text, name)
        if text.isTrue { return true }
        guard text.isFalse else { throw bad(text, name) }
        return false
    }

    /// An integer of 64 bits.
    public func integer(_ text: JSONText?, _ name: StaticName) throws(DecodeError) -> Int64 {
        let text = try required(text, name)
        guard let value = text.integer else { throw .badField(name, offset: offset(text)) }
        return value
    }

    /// An id of up to 31 plain characters.
    public func identifier(_ text: JSONText?, _ name: StaticName) throws(DecodeError) -> ShortText {
        let text = try required(text, name)
        guard let id = ShortText(bytes: text.start, count: text.count) else {
            throw .badField(name, offset: offset(text))
        }
        return id
    }

    /// An id that must be a number.
    public func number(_ text: JSONText?, _ name: StaticName) throws(DecodeError) -> ShortText {
        let id = try identifier(text, name)
        guard id.number != nil else { throw bad(try required(text, name), name) }
        return id
    }

    /// A time that the venue gives in milliseconds, or in microseconds where it was asked to.
    ///
    /// - Returns: microseconds since the Unix epoch; ``EventTime/none`` for a missing field.
    public func time(_ text: JSONText?, _ name: StaticName) throws(DecodeError) -> Int64 {
        guard let text else { return EventTime.none }
        let value = try integer(text, name)
        // Milliseconds stay below 10^14 until the year 5138; microseconds passed it in 1973.
        let microseconds = value < 100_000_000_000_000 ? value &* 1000 : value
        guard value >= 0, microseconds < 9_007_199_254_740_992 else { throw bad(text, name) }
        return microseconds
    }

    /// A time on venues that write "" for what they don't know.
    public func timeOrEmpty(_ text: JSONText?, _ name: StaticName) throws(DecodeError) -> Int64 {
        if let text, text.isEmptyString { return EventTime.none }
        return try time(text, name)
    }

    /// The error of a field whose bytes can't be what they should.
    public func bad(_ text: JSONText, _ name: StaticName) -> DecodeError {
        .badField(name, offset: offset(text))
    }

    private func offset(_ text: JSONText) -> UInt32 {
        guard let start else { return 0 }
        return UInt32(truncatingIfNeeded: max(0, text.start - start))
    }
}

extension JSONText {
    /// Whether this is `""`, as which some venues write what they don't know.
    public var isEmptyString: Bool { count == 0 && start[0] == UInt8(ascii: "\"") }

    /// Whether this is the word `true`.
    public var isTrue: Bool { count == 4 && packed == 0x6575_7274 }

    /// Whether this is the word `false`.
    public var isFalse: Bool { count == 5 && packed == 0x65_736C_6166 }
}

extension JSONCursor {
    /// A value's bytes, or nil for null.
    ///
    /// An object or array is stepped over and gives no bytes: as a field's value it is unreadable, not missing.
    @inline(__always)
    public mutating func token() throws(JSONError) -> JSONText? {
        switch peek {
        case UInt8(ascii: "\""):
            return try string()
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let place = documentStart + Int(offset)
            try skip()
            return JSONText(start: place, count: 0)
        case UInt8(ascii: "n"):
            guard skipNull() else { throw .wrongType(offset: offset) }
            return nil
        default:
            return try scalar()
        }
    }

    /// Checks that the rest of the document, from its only value on, is closed and followed by nothing.
    public func checkWhole() throws(JSONError) {
        var copy = self
        try copy.skip()
        try copy.finish()
    }
}
