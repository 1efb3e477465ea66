// Part of MarketBus. Apache License 2.0, see LICENSE.

/// The JSON types that a field has, one or several.
struct FieldTypes: OptionSet, Hashable, Sendable {
    let rawValue: UInt8

    static let string = FieldTypes(rawValue: 1)
    static let number = FieldTypes(rawValue: 2)
    static let bool = FieldTypes(rawValue: 4)
    static let null = FieldTypes(rawValue: 8)
    static let object = FieldTypes(rawValue: 16)
    static let array = FieldTypes(rawValue: 32)

    private static let names: [(FieldTypes, String)] = [
        (.string, "string"), (.number, "number"), (.bool, "boolean"), (.null, "null"), (.object, "object"),
        (.array, "array"),
    ]

    /// `string`, `number or null`.
    var text: String {
        Self.names.filter { contains($0.0) }.map(\.1).joined(separator: " or ")
    }
}

/// What names a field from the frame's root on, in 64 bits: `data[].px`, `bids[][0]`.
///
/// Elements of an array share a path, but in an array that is itself an element each place has one: a level's price is
/// not its size.
enum FieldPath {
    static let root: UInt64 = 0xCBF2_9CE4_8422_2325
    private static let prime: UInt64 = 0x0000_0100_0000_01B3

    /// The path of an object's member.
    @inline(__always)
    static func member(of parent: UInt64, _ key: UnsafeRawBufferPointer) -> UInt64 {
        var hash = root
        for byte in key { hash = (hash ^ UInt64(byte)) &* prime }
        return mixed(parent ^ hash)
    }

    /// The path of an object's member.
    static func member(of parent: UInt64, _ key: String) -> UInt64 {
        var key = key
        return key.withUTF8 { member(of: parent, UnsafeRawBufferPointer($0)) }
    }

    /// The path of all elements of an array.
    @inline(__always)
    static func element(of parent: UInt64) -> UInt64 { mixed(parent ^ 0x5B5D) }

    /// The path of one place in an array that is itself an element.
    @inline(__always)
    static func column(of parent: UInt64, _ place: Int) -> UInt64 {
        mixed(parent ^ (0x5B30_5D00 &+ UInt64(truncatingIfNeeded: place)))
    }

    /// The path that a text such as `data[].px` names; columns are not needed by anybody.
    static func named(_ text: String) -> UInt64 {
        text.split(separator: ".").reduce(root) { parent, part in
            let isList = part.hasSuffix("[]")
            let path = member(of: parent, String(isList ? part.dropLast(2) : part))
            return isList ? element(of: path) : path
        }
    }

    /// Spreads what differs in a few bits over all of them.
    @inline(__always)
    static func mixed(_ value: UInt64) -> UInt64 {
        let first = (value ^ (value &>> 32)) &* 0xD6E8_FEB8_6659_FD93
        let second = (first ^ (first &>> 32)) &* 0xD6E8_FEB8_6659_FD93
        return second ^ (second &>> 32)
    }
}
