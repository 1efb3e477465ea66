// Part of MarketBus. Apache License 2.0, see LICENSE.

/// An exchange's name on the wire, such as `binance`.
///
/// Open: a new venue needs no edit here.
public struct VenueID: Hashable, Sendable, CustomStringConvertible {
    /// The lower-case name.
    public let name: String

    /// Makes an identifier from the venue's lower-case name.
    public init(_ name: String) { self.name = name }

    /// The name.
    public var description: String { name }
}

/// One of a venue's markets that share an endpoint family, such as `spot` or `usdm`.
///
/// Open, like ``VenueID``.
public struct MarketID: Hashable, Sendable, CustomStringConvertible {
    /// The lower-case name.
    public let name: String

    /// Makes an identifier from the market's lower-case name.
    public init(_ name: String) { self.name = name }

    /// The name.
    public var description: String { name }
}

/// What a stream carries.
public enum Channel: UInt8, CaseIterable, Sendable {
    /// Trades.
    case trade
    /// Best bid and ask.
    case bbo

    /// The name in configurations and records.
    public var name: String {
        switch self {
        case .trade: "trade"
        case .bbo: "bbo"
        }
    }

    /// The channel with this name, if there is one.
    public init?(name: String) {
        guard let match = Channel.allCases.first(where: { $0.name == name }) else { return nil }
        self = match
    }
}

/// Whose initiative a trade was.
public enum Side: UInt8, Sendable {
    /// The taker bought.
    case buy
    /// The taker sold.
    case sell

    /// The name on the wire.
    public var name: String { self == .buy ? "buy" : "sell" }
}

/// An instrument's dense number within one process.
public struct InstrumentID: Hashable, Sendable {
    /// The index into ``InstrumentTable``.
    public let index: UInt32

    /// Makes an identifier from an index that a table gave out.
    public init(index: UInt32) { self.index = index }
}

/// Up to 31 bytes of ASCII without an allocation: a trade id.
public struct ShortText: Hashable, Sendable {
    /// The most bytes it holds.
    public static let capacity = 31

    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// Copies the bytes; nil if there are none, too many, or any that JSON would have to escape.
    public init?(bytes: UnsafePointer<UInt8>, count: Int) {
        guard count > 0, count <= Self.capacity else { return nil }
        let isPlain = withUnsafeMutableBytes(of: &words) { target in
            var plain = true
            for index in 0..<count {
                let byte = bytes[index]
                plain = plain && byte > 0x20 && byte < 0x7F && byte != 0x22 && byte != 0x5C
                target[index] = byte
            }
            target[Self.capacity] = UInt8(truncatingIfNeeded: count)
            return plain
        }
        guard isPlain else { return nil }
    }

    /// Copies a text; nil under the same conditions.
    public init?(_ text: String) {
        var copy = text
        let made: ShortText? = copy.withUTF8 { bytes in
            guard let base = bytes.baseAddress else { return nil }
            return ShortText(bytes: base, count: bytes.count)
        }
        guard let made else { return nil }
        self = made
    }

    /// How many bytes it holds.
    public var count: Int { Int(truncatingIfNeeded: words.3 &>> 56) }

    /// Copies the bytes out and gives their number.
    ///
    /// - Parameter target: room for 32 bytes, all of which may be overwritten.
    /// - Returns: how many of them are the text.
    public func write(to target: UnsafeMutablePointer<UInt8>) -> Int {
        let raw = UnsafeMutableRawPointer(target)
        raw.storeBytes(of: words.0, as: UInt64.self)
        raw.storeBytes(of: words.1, toByteOffset: 8, as: UInt64.self)
        raw.storeBytes(of: words.2, toByteOffset: 16, as: UInt64.self)
        raw.storeBytes(of: words.3, toByteOffset: 24, as: UInt64.self)
        return count
    }

    /// The number that the bytes spell, or nil.
    public var number: UInt64? {
        withUnsafeBytes(of: words) { bytes in
            guard count <= 19 else { return nil }
            var value: UInt64 = 0
            for index in 0..<count {
                let digit = bytes[index] &- 48
                guard digit <= 9 else { return nil }
                value = value &* 10 &+ UInt64(digit)
            }
            return value
        }
    }

    /// The text.
    public var string: String {
        withUnsafeBytes(of: words) { String(decoding: $0.prefix(count), as: UTF8.self) }
    }

    /// Whether both hold the same bytes.
    public static func == (left: ShortText, right: ShortText) -> Bool {
        left.words == right.words
    }

    /// Feeds the bytes.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}
