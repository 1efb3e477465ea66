// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Bytes as hexadecimal digits.
public enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Two lower-case digits a byte.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }
}

/// Percent-encoding as signatures need it (RFC 3986): all but letters, digits and `-._~`, digits in upper case.
public enum PercentEncoding {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// The text with everything encoded that has a meaning in a URL, or is not ASCII.
    public static func encode(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isPlain(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        default: false
        }
    }
}

/// The parameters of a call, in the order in which they were given.
public struct QueryParameters: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// Names and values, not encoded.
    public private(set) var pairs: [(name: String, value: String)]

    /// No parameters, or those of a literal.
    public init(dictionaryLiteral elements: (String, String)...) {
        pairs = elements.map { (name: $0.0, value: $0.1) }
    }

    /// Adds one behind the others.
    public mutating func append(_ name: String, _ value: String) {
        pairs.append((name, value))
    }

    /// The same parameters by the bytes of their names, upper case before lower case.
    public var sorted: QueryParameters {
        var copy = self
        copy.pairs.sort { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
        return copy
    }

    /// `name=value&name=value`, percent-encoded.
    public var encoded: String {
        pairs.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
            .joined(separator: "&")
    }

    /// `name=value&name=value` as it is, for what is signed before it is written as JSON.
    public var plain: String {
        pairs.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    /// Whether both have the same parameters in the same order.
    public static func == (a: QueryParameters, b: QueryParameters) -> Bool {
        a.pairs.elementsEqual(b.pairs) { $0 == $1 }
    }
}
