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
    /// The order book.
    case book
    /// Candles of one or more intervals.
    case candle
    /// The figures of the last 24 hours.
    case ticker
    /// Funding rate, mark and index price.
    case funding
    /// Open interest.
    case openInterest
    /// Liquidation orders.
    case liquidation

    /// The name in configurations and records.
    public var name: String {
        switch self {
        case .trade: "trade"
        case .bbo: "bbo"
        case .book: "book"
        case .candle: "candle"
        case .ticker: "ticker"
        case .funding: "funding"
        case .openInterest: "open_interest"
        case .liquidation: "liquidation"
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
        let raw = UnsafeRawPointer(bytes)
        if count >= 8, count <= 16 {
            let last = raw.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
            words.0 = raw.loadUnaligned(as: UInt64.self)
            words.1 = count == 8 ? 0 : last &>> UInt64(truncatingIfNeeded: (16 &- count) &* 8)
        } else {
            withUnsafeMutableBytes(of: &words) {
                $0.copyMemory(from: UnsafeRawBufferPointer(start: raw, count: count))
            }
        }
        words.3 |= UInt64(truncatingIfNeeded: count) &<< 56
        for index in 0..<count where !Self.isPlain(bytes[index]) { return nil }
    }

    @inline(__always)
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && byte != 0x22 && byte != 0x5C
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
        let count = count
        guard count <= 16 else { return longNumber }
        if count <= 8 { return DigitWords.value(words.0, digits: count) }
        let shift = UInt64(truncatingIfNeeded: (16 &- count) &* 8)
        let last = (words.0 &>> (64 &- shift) | words.1 &<< shift)
        let tail = shift == 0 ? words.1 : last
        guard let high = DigitWords.value(words.0 & (UInt64.max &>> shift), digits: count &- 8),
            let low = DigitWords.value(tail, digits: 8)
        else { return nil }
        return high &* 100_000_000 &+ low
    }

    private var longNumber: UInt64? {
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

/// Eight decimal digits side by side in one word.
enum DigitWords {
    /// The value of the first `digits` bytes (the lowest first), or nil where one is no digit.
    @inline(__always)
    static func value(_ word: UInt64, digits: Int) -> UInt64? {
        guard digits > 0 else { return 0 }
        // Leading zeros fill the word; then pairs, fours and eights are summed by multiplication.
        let missing = UInt64(truncatingIfNeeded: (8 &- digits) &* 8)
        let zeros = missing == 0 ? 0 : 0x3030_3030_3030_3030 & (UInt64.max &>> (64 &- missing))
        let text = (missing == 0 ? word : word &<< missing) | zeros
        let digit = text &- 0x3030_3030_3030_3030
        // A digit has a 3 in its upper half, before and after 6 is added.
        let halves =
            (text & 0xF0F0_F0F0_F0F0_F0F0) | (text &+ 0x0606_0606_0606_0606) &>> 4 & 0x0F0F_0F0F_0F0F_0F0F
        guard halves == 0x3333_3333_3333_3333 else { return nil }
        let pairs = (digit &* 10) &+ (digit &>> 8)
        let low = (pairs & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
        let high = (pairs &>> 16 & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
        return (low &+ high) &>> 32
    }
}
