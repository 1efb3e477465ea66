// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint

/// Reads a document's tokens forward, each at most once.
///
/// Every step checks that the token is of the asked kind and stays within the document, whatever the bytes are.
/// Values that are skipped are checked for balanced brackets only.
///
/// - Thread: that of its scanner. Allocates: never.
public struct JSONCursor {
    let base: UnsafePointer<UInt8>
    let starts: UnsafePointer<UInt32>
    let count: Int
    var next = 0

    init(base: UnsafePointer<UInt8>, starts: UnsafePointer<UInt32>, count: Int) {
        self.base = base
        self.starts = starts
        self.count = count
    }

    /// The document's first byte, from which offsets count.
    public var documentStart: UnsafePointer<UInt8> { base }

    /// The first byte of the next token; 0 at the end.
    @inline(__always)
    public var peek: UInt8 {
        next < count ? base[Int(starts[next])] : 0
    }

    /// Where the next token begins.
    ///
    /// - Unit: bytes from the document's start.
    @inline(__always)
    public var offset: UInt32 { starts[min(next, count)] }

    /// Whether every token was read.
    public var isAtEnd: Bool { next >= count }

    /// Enters an object.
    @inline(__always)
    public mutating func enterObject() throws(JSONError) {
        guard peek == UInt8(ascii: "{") else { throw .wrongType(offset: offset) }
        next &+= 1
    }

    /// Enters an array.
    @inline(__always)
    public mutating func enterArray() throws(JSONError) {
        guard peek == UInt8(ascii: "[") else { throw .wrongType(offset: offset) }
        next &+= 1
    }

    /// The next key of the object that was entered, with the cursor at its value; nil leaves the object.
    @inline(__always)
    public mutating func nextKey() throws(JSONError) -> JSONText? {
        guard next < count else { throw .syntax(offset: offset) }
        let byte = base[Int(starts[next])]
        if byte == UInt8(ascii: "\"") {
            guard next > 0, base[Int(starts[next &- 1])] == UInt8(ascii: "{") else {
                throw .syntax(offset: offset)
            }
        } else if byte == UInt8(ascii: ",") {
            guard !endsContainerStart else { throw .syntax(offset: offset) }
            next &+= 1
            guard peek == UInt8(ascii: "\"") else { throw .syntax(offset: offset) }
        } else if byte == UInt8(ascii: "}") {
            next &+= 1
            return nil
        } else {
            throw .syntax(offset: offset)
        }
        let key = try string()
        guard peek == UInt8(ascii: ":") else { throw .syntax(offset: offset) }
        next &+= 1
        return key
    }

    /// Whether the array that was entered has a further element, with the cursor at it; false leaves the array.
    @inline(__always)
    public mutating func nextElement() throws(JSONError) -> Bool {
        guard next < count else { throw .syntax(offset: offset) }
        let byte = base[Int(starts[next])]
        if byte == UInt8(ascii: "]") {
            next &+= 1
            return false
        }
        if byte == UInt8(ascii: ",") {
            guard !endsContainerStart else { throw .syntax(offset: offset) }
            next &+= 1
            guard peek != UInt8(ascii: "]"), peek != UInt8(ascii: ",") else { throw .syntax(offset: offset) }
            return true
        }
        guard next > 0, base[Int(starts[next &- 1])] == UInt8(ascii: "[") else {
            throw .syntax(offset: offset)
        }
        return true
    }

    /// Whether the token before this one opened an object or array (so that no comma may stand here).
    private var endsContainerStart: Bool {
        guard next > 0 else { return true }
        let byte = base[Int(starts[next &- 1])]
        return byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") || byte == UInt8(ascii: ",")
    }

    /// A string's bytes.
    @inline(__always)
    public mutating func string() throws(JSONError) -> JSONText {
        guard peek == UInt8(ascii: "\"") else { throw .wrongType(offset: offset) }
        let start = Int(starts[next]) &+ 1
        next &+= 1
        // The token index has no closing quotes: it is the last byte before the next token that is no space.
        var end = Int(starts[next]) &- 1
        if base[end] != UInt8(ascii: "\"") {
            while end > start, base[end] <= 0x20 { end &-= 1 }
            guard base[end] == UInt8(ascii: "\"") else {
                throw .syntax(offset: UInt32(truncatingIfNeeded: start))
            }
        }
        guard end >= start else { throw .syntax(offset: UInt32(truncatingIfNeeded: start)) }
        return JSONText(start: base + start, count: end &- start)
    }

    /// The bytes of a number, true, false or null.
    @inline(__always)
    public mutating func scalar() throws(JSONError) -> JSONText {
        let byte = peek
        let isWord = byte == UInt8(ascii: "t") || byte == UInt8(ascii: "f") || byte == UInt8(ascii: "n")
        guard isWord || byte == UInt8(ascii: "-") || (byte >= 48 && byte <= 57) else {
            throw .wrongType(offset: offset)
        }
        let start = Int(starts[next])
        next &+= 1
        var end = Int(starts[next])
        while end > start, base[end &- 1] <= 0x20 { end &-= 1 }
        return JSONText(start: base + start, count: end &- start)
    }

    /// A string's or scalar's bytes, without quotes.
    @inline(__always)
    public mutating func text() throws(JSONError) -> JSONText {
        peek == UInt8(ascii: "\"") ? try string() : try scalar()
    }

    /// A decimal, whether it is written as a number or as a string.
    public mutating func decimal() throws(JSONError) -> ScaledDecimal {
        let at = offset
        let text = try text()
        do throws(DecimalError) {
            return try ScaledDecimal(ascii: text.start, count: text.count)
        } catch {
            throw .badDecimal(offset: at)
        }
    }

    /// An integer of 64 bits, whether it is written as a number or as a string.
    public mutating func integer() throws(JSONError) -> Int64 {
        let at = offset
        let text = try text()
        guard let value = text.integer else { throw .badInteger(offset: at) }
        return value
    }

    /// A boolean.
    public mutating func bool() throws(JSONError) -> Bool {
        let at = offset
        let text = try scalar()
        if text.packed == 0x6575_7274, text.count == 4 { return true }
        if text.packed == 0x65_736C_6166, text.count == 5 { return false }
        throw .wrongType(offset: at)
    }

    /// Steps over a null; false leaves the cursor where it is.
    public mutating func skipNull() -> Bool {
        guard peek == UInt8(ascii: "n") else { return false }
        // Four bytes and what ends them are readable: the document has padding behind.
        let start = Int(starts[next])
        let word = UnsafeRawPointer(base + start).loadUnaligned(as: UInt32.self)
        guard word == 0x6C6C_756E else { return false }
        let end = Int(starts[next &+ 1])
        guard end == start &+ 4 || (end > start &+ 4 && base[start &+ 4] <= 0x20) else { return false }
        next &+= 1
        return true
    }

    /// Steps over a whole value.
    public mutating func skip() throws(JSONError) {
        guard next < count else { throw .syntax(offset: offset) }
        var depth = 0
        repeat {
            switch base[Int(starts[next])] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth &+= 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth &-= 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard depth > 0 else { throw .syntax(offset: offset) }
            default: break
            }
            guard depth >= 0 else { throw .syntax(offset: offset) }
            next &+= 1
        } while depth > 0 && next < count
        guard depth == 0 else { throw .syntax(offset: offset) }
    }

    /// Checks that nothing follows.
    public func finish() throws(JSONError) {
        guard next == count else { throw .syntax(offset: offset) }
    }
}

extension JSONText {
    /// The integer that the bytes spell, or nil where they spell none that fits in 64 bits.
    public var integer: Int64? {
        var index = 0
        let isNegative = count > 0 && start[0] == UInt8(ascii: "-")
        if isNegative { index = 1 }
        guard count > index, count &- index <= 19 else { return nil }
        var value: UInt64 = 0
        while index < count {
            let digit = start[index] &- 48
            guard digit <= 9 else { return nil }
            value = value &* 10 &+ UInt64(digit)
            index &+= 1
        }
        guard value <= UInt64(Int64.max) else { return nil }
        return isNegative ? -Int64(value) : Int64(value)
    }
}
