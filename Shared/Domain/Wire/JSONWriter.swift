// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// Writes JSON into memory that is used again for the next record.
///
/// The writer knows no grammar: callers write the punctuation of their record as literals. What it takes care of is
/// room, numbers and the escaping of foreign text.
///
/// - Thread: one at a time. Allocates: only when a record is longer than all before.
public struct JSONWriter: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    /// How many bytes were written since the last ``clear()``.
    public private(set) var count = 0

    /// An empty writer.
    public init(capacity: Int = 4096) {
        self.capacity = max(capacity, 256)
        base = .allocate(capacity: self.capacity)
    }

    deinit {
        base.deallocate()
    }

    /// Forgets what was written.
    public mutating func clear() { count = 0 }

    /// What was written; valid until the next change.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// What was written, as a text.
    public var string: String { String(decoding: bytes, as: UTF8.self) }

    /// Makes room for `extra` bytes.
    @inline(__always)
    public mutating func reserve(_ extra: Int) {
        if count &+ extra > capacity { grow(extra) }
    }

    @inline(never)
    private mutating func grow(_ extra: Int) {
        let wanted = max(capacity * 2, count + extra)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
        capacity = wanted
    }

    /// Writes a literal as it stands.
    @inline(__always)
    public mutating func literal(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        reserve(length)
        UnsafeMutableRawPointer(base + count).copyMemory(from: text.utf8Start, byteCount: length)
        count &+= length
    }

    /// Writes bytes as they stand.
    @inline(__always)
    public mutating func raw(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count)
        UnsafeMutableRawPointer(base + count).copyMemory(from: source, byteCount: bytes.count)
        count &+= bytes.count
    }

    /// Writes an integer.
    @inline(__always)
    public mutating func integer(_ value: Int64) {
        reserve(Digits.maximumLength + 1)
        count &+= Digits.write(value, to: base + count)
    }

    /// Writes an unsigned integer.
    @inline(__always)
    public mutating func integer(_ value: UInt64) {
        reserve(Digits.maximumLength)
        count &+= Digits.write(value, to: base + count)
    }

    /// Writes an integer, or `null` for `Int64.min`, which stands for "none" in times and venue sequences.
    @inline(__always)
    public mutating func integerOrNull(_ value: Int64) {
        if value == Int64.min { literal("null") } else { integer(value) }
    }

    /// Writes a decimal as a JSON string.
    @inline(__always)
    public mutating func decimal(_ value: ScaledDecimal) {
        reserve(ScaledDecimal.maximumTextLength + 2)
        base[count] = UInt8(ascii: "\"")
        let length = value.write(to: base + count + 1)
        base[count &+ length &+ 1] = UInt8(ascii: "\"")
        count &+= length &+ 2
    }

    /// Writes a decimal as a JSON string, or `null`.
    public mutating func decimal(_ value: ScaledDecimal?) {
        if let value { decimal(value) } else { literal("null") }
    }

    /// Writes a short text, which needs no escaping, without quotes.
    @inline(__always)
    public mutating func plain(_ text: ShortText) {
        reserve(ShortText.capacity + 1)
        count &+= text.write(to: base + count)
    }

    /// Writes `true` or `false`.
    public mutating func bool(_ value: Bool) {
        if value { literal("true") } else { literal("false") }
    }

    /// Writes a text as a JSON string, escaped.
    public mutating func string(_ text: String) {
        var copy = text
        copy.withUTF8 { string(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// Writes a text as a JSON string, or `null`.
    public mutating func string(_ text: String?) {
        if let text { string(text) } else { literal("null") }
    }

    /// Writes UTF-8 bytes as a JSON string, escaped.
    public mutating func string(bytes: UnsafeRawBufferPointer) {
        reserve(bytes.count * 6 + 2)
        byte(UInt8(ascii: "\""))
        if bytes.contains(where: Self.needsEscape) {
            for value in bytes { escaped(value) }
        } else {
            raw(bytes)
        }
        byte(UInt8(ascii: "\""))
    }

    @inline(__always)
    private static func needsEscape(_ value: UInt8) -> Bool {
        value < 0x20 || value == UInt8(ascii: "\"") || value == UInt8(ascii: "\\")
    }

    private mutating func escaped(_ value: UInt8) {
        switch value {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            byte(UInt8(ascii: "\\"))
            byte(value)
        case 0x20...:
            byte(value)
        default:
            literal("\\u00")
            byte(Self.hexadecimal(value >> 4))
            byte(Self.hexadecimal(value & 15))
        }
    }

    private mutating func byte(_ value: UInt8) {
        reserve(1)
        base[count] = value
        count &+= 1
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? digit + 48 : digit + 87
    }
}
