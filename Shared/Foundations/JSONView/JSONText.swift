// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A name to compare keys with: up to eight bytes of it in one register.
public struct JSONName: Sendable {
    /// The first eight bytes, little end first, zeros behind the end.
    public let packed: UInt64
    let count: Int
    let text: StaticString

    /// How many bytes it has.
    public var length: Int { count }

    /// Makes a name from a literal.
    public init(_ text: StaticString) {
        self.text = text
        count = text.utf8CodeUnitCount
        var value: UInt64 = 0
        for index in 0..<min(count, 8) {
            value |= UInt64(text.utf8Start[index]) &<< UInt64(index &* 8)
        }
        packed = value
    }
}

/// The bytes of a string or key as they stand in the document, escapes and all.
///
/// Borrowed from the document.
public struct JSONText {
    /// The first byte behind the opening quote.
    public let start: UnsafePointer<UInt8>
    /// The bytes before the closing quote.
    public let count: Int

    /// Makes a text from borrowed bytes.
    public init(start: UnsafePointer<UInt8>, count: Int) {
        self.start = start
        self.count = count
    }

    /// The first eight bytes, little end first, zeros behind the end.
    ///
    /// Reads eight bytes: needs padding behind.
    @inline(__always)
    public var packed: UInt64 {
        let word = UnsafeRawPointer(start).loadUnaligned(as: UInt64.self)
        guard count < 8 else { return word }
        return word & ((1 &<< UInt64(count &* 8)) &- 1)
    }

    /// The whole text in one word where it has at most eight bytes, else 0, which no name is.
    ///
    /// A key is then compared with many names at one instruction each. Needs padding behind, like ``packed``.
    @inline(__always)
    public var word: UInt64 { count <= 8 ? packed : 0 }

    /// The bytes.
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start, count: count)
    }

    /// Whether the bytes hold a backslash, so that they are not the text itself.
    public var hasEscape: Bool {
        for index in 0..<count where start[index] == UInt8(ascii: "\\") { return true }
        return false
    }

    /// Whether this is the given name.
    @inline(__always)
    public func matches(_ name: JSONName) -> Bool {
        guard count == name.count, packed == name.packed else { return false }
        guard count > 8 else { return true }
        for index in 8..<count where start[index] != name.text.utf8Start[index] { return false }
        return true
    }

    /// Whether this begins with the given bytes.
    public func hasPrefix(_ prefix: StaticString) -> Bool {
        let length = prefix.utf8CodeUnitCount
        guard count >= length else { return false }
        for index in 0..<length where start[index] != prefix.utf8Start[index] { return false }
        return true
    }

    /// The text as a `String`, escapes resolved; allocates, for slow paths.
    public var string: String {
        let raw = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
        return hasEscape ? JSONEscapes.resolved(raw) : raw
    }
}

/// JSON's backslash sequences.
enum JSONEscapes {
    /// Resolves them; a sequence that is none stays as it stands.
    static func resolved(_ raw: String) -> String {
        var units: [UInt16] = []
        var rest = Array(raw.utf16)[...]
        while let unit = rest.popFirst() {
            guard unit == 0x5C, let next = rest.popFirst() else {
                units.append(unit)
                continue
            }
            if next == 0x75, let code = hexadecimal(rest.prefix(4)) {
                units.append(code)
                rest = rest.dropFirst(4)
            } else {
                units.append(simple[next] ?? next)
            }
        }
        return String(decoding: units, as: UTF16.self)
    }

    private static let simple: [UInt16: UInt16] = [
        0x62: 0x08, 0x66: 0x0C, 0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09,
    ]

    private static func hexadecimal(_ digits: ArraySlice<UInt16>) -> UInt16? {
        guard digits.count == 4 else { return nil }
        var code: UInt16 = 0
        for digit in digits {
            guard let scalar = Unicode.Scalar(digit), let value = Character(scalar).hexDigitValue,
                scalar.isASCII
            else { return nil }
            code = code << 4 | UInt16(value)
        }
        return code
    }
}
