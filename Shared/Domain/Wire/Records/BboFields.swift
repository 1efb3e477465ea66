// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models

/// The fields of `md.bbo.v1`, told apart by their first and last eight bytes.
enum BboField: UInt8, CaseIterable {
    case schema, venue, symbol, venueSymbol, feed, epoch, exchange, received, published, seq
    case state, bid, bidSize, ask, askSize
    case venueSequence, reason

    /// Those without which there is no record.
    static let required: UInt32 = (1 << UInt32(BboField.venueSequence.rawValue)) - 1

    var name: FieldName {
        switch self {
        case .schema: "schema"
        case .venue: "venue"
        case .symbol: "symbol"
        case .venueSymbol: "venue_symbol"
        case .feed: "feed"
        case .epoch: "epoch"
        case .exchange: "exchange_us"
        case .received: "received_us"
        case .published: "published_us"
        case .seq: "seq"
        case .state: "state"
        case .bid: "bid"
        case .bidSize: "bid_size"
        case .ask: "ask"
        case .askSize: "ask_size"
        case .venueSequence: "venue_seq"
        case .reason: "reason"
        }
    }

    /// The field of this key, or nil for one that is none of ours.
    @inline(__always)
    init?(_ key: JSONText) {
        if key.count > 8 {
            self.init(head: key.packed, tail: key.lastEight, count: key.count)
            return
        }
        switch (key.packed, key.count) {
        case (0x616D_6568_6373, 6): self = .schema
        case (0x65_756E_6576, 5): self = .venue
        case (0x6C6F_626D_7973, 6): self = .symbol
        case (0x6465_6566, 4): self = .feed
        case (0x68_636F_7065, 5): self = .epoch
        case (0x71_6573, 3): self = .seq
        case (0x65_7461_7473, 5): self = .state
        case (0x64_6962, 3): self = .bid
        case (0x657A_6973_5F64_6962, 8): self = .bidSize
        case (0x6B_7361, 3): self = .ask
        case (0x657A_6973_5F6B_7361, 8): self = .askSize
        case (0x6E6F_7361_6572, 6): self = .reason
        default: return nil
        }
    }

    private init?(head: UInt64, tail: UInt64, count: Int) {
        switch (head, tail, count) {
        case (0x7973_5F65_756E_6576, 0x6C6F_626D_7973_5F65, 12): self = .venueSymbol
        case (0x6567_6E61_6863_7865, 0x7375_5F65_676E_6168, 11): self = .exchange
        case (0x6465_7669_6563_6572, 0x7375_5F64_6576_6965, 11): self = .received
        case (0x6568_7369_6C62_7570, 0x7375_5F64_6568_7369, 12): self = .published
        case (0x6573_5F65_756E_6576, 0x7165_735F_6575_6E65, 9): self = .venueSequence
        default: return nil
        }
    }
}

/// A record's fields while they are being read.
struct BboFields {
    var venue: JSONText?
    var symbol: JSONText?
    var venueSymbol: JSONText?
    var feed: JSONText?
    var reason: JSONText?
    var epoch: Int64 = 0
    var seq: UInt64 = 0
    var exchange = EventTime.none
    var received: Int64 = 0
    var published: Int64 = 0
    var venueSequence = VenueSequence.none
    var isLive = false
    var bid: ScaledDecimal?
    var bidSize: ScaledDecimal?
    var ask: ScaledDecimal?
    var askSize: ScaledDecimal?
    private var isOurs = false
    private var seen: UInt32 = 0
    private var current = BboField.schema

    /// Reads all fields of the object at the cursor.
    mutating func read(_ cursor: inout JSONCursor) throws(RecordError) {
        do throws(JSONError) {
            try cursor.enterObject()
            while let key = try cursor.nextKey() {
                guard let field = BboField(key) else {
                    try cursor.skip()
                    continue
                }
                current = field
                seen |= 1 << UInt32(field.rawValue)
                try take(field, &cursor)
            }
        } catch {
            if seen == 0 { throw .malformed(offset: cursor.offset) }
            if seen & 1 == 1, !isOurs, current != .schema { throw .wrongSchema }
            throw RecordError(error, field: current.name)
        }
        guard isOurs || seen & 1 == 0 else { throw .wrongSchema }
        let missing = BboField.required & ~seen
        guard missing == 0 else {
            let field = BboField(rawValue: UInt8(missing.trailingZeroBitCount)) ?? .schema
            throw .missingField(field.name)
        }
    }

    private mutating func take(_ field: BboField, _ cursor: inout JSONCursor) throws(JSONError) {
        switch field {
        case .schema: isOurs = try cursor.string().is(0x3176_2E6F_6262, 6)
        case .venue: venue = try cursor.string()
        case .symbol: symbol = try cursor.string()
        case .venueSymbol: venueSymbol = try cursor.string()
        case .feed: feed = try cursor.string()
        case .epoch: epoch = try cursor.integer()
        case .exchange: exchange = cursor.skipNull() ? EventTime.none : try cursor.integer()
        case .received: received = try cursor.integer()
        case .published: published = try cursor.integer()
        case .seq: seq = try Self.count(&cursor)
        case .venueSequence: venueSequence = cursor.skipNull() ? VenueSequence.none : try cursor.integer()
        case .state: isLive = try Self.state(&cursor)
        case .bid: bid = try Self.decimal(&cursor)
        case .bidSize: bidSize = try Self.decimal(&cursor)
        case .ask: ask = try Self.decimal(&cursor)
        case .askSize: askSize = try Self.decimal(&cursor)
        case .reason: reason = cursor.skipNull() ? nil : try cursor.string()
        }
    }

    /// The texts, all there once ``read(_:)`` has returned.
    func names() throws(RecordError) -> (
        venue: JSONText, symbol: JSONText, venueSymbol: JSONText, feed: JSONText
    ) {
        guard let venue, let symbol, let venueSymbol, let feed else { throw .missingField("venue") }
        return (venue, symbol, venueSymbol, feed)
    }

    /// One side; nil where both parts are null or the quote does not hold.
    func level(
        _ price: ScaledDecimal?,
        _ size: ScaledDecimal?,
        _ field: BboField
    ) throws(RecordError) -> PriceLevel? {
        guard isLive else { return nil }
        if let price, let size { return PriceLevel(price: price, size: size) }
        guard price == nil, size == nil else { throw .badField(field.name) }
        return nil
    }

    private static func decimal(_ cursor: inout JSONCursor) throws(JSONError) -> ScaledDecimal? {
        cursor.skipNull() ? nil : try cursor.decimal()
    }

    private static func count(_ cursor: inout JSONCursor) throws(JSONError) -> UInt64 {
        let at = cursor.offset
        guard let value = UInt64(exactly: try cursor.integer()) else { throw .badInteger(offset: at) }
        return value
    }

    private static func state(_ cursor: inout JSONCursor) throws(JSONError) -> Bool {
        let at = cursor.offset
        let text = try cursor.string()
        if text.is(0x6576_696C, 4) { return true }
        guard text.is(0x64_696C_6176_6E69, 7) else { throw .wrongType(offset: at) }
        return false
    }
}

extension JSONText {
    /// The last eight bytes of a text that has as many.
    fileprivate var lastEight: UInt64 {
        UnsafeRawPointer(start).loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
    }

    /// Whether this is the text of at most eight bytes that is packed so.
    fileprivate func `is`(_ word: UInt64, _ length: Int) -> Bool {
        count == length && packed == word
    }
}

extension RecordError {
    /// The error of a field's value: punctuation concerns the whole value, all else the field.
    init(_ error: JSONError, field: FieldName) {
        switch error {
        case .syntax(let offset): self = .malformed(offset: offset)
        case .malformed, .tooLong: self = .malformed(offset: 0)
        case .wrongType, .badInteger, .badDecimal: self = .badField(field)
        }
    }
}
