// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

/// Coinbase's names, packed once; a class, so that it is passed around as one word.
final class CoinbaseNames: Sendable {
    let type = JSONName("type")
    let product = JSONName("product_id")
    let tradeID = JSONName("trade_id")
    let side = JSONName("side")
    let size = JSONName("size")
    let price = JSONName("price")
    let sequence = JSONName("sequence")
    let time = JSONName("time")
    let open24 = JSONName("open_24h")
    let high24 = JSONName("high_24h")
    let low24 = JSONName("low_24h")
    let volume24 = JSONName("volume_24h")
    let advancedHigh24 = JSONName("high_24_h")
    let advancedLow24 = JSONName("low_24_h")
    let advancedVolume24 = JSONName("volume_24_h")
    let changes = JSONName("changes")
    let bids = JSONName("bids")
    let asks = JSONName("asks")
    let message = JSONName("message")
    let reason = JSONName("reason")
    let channels = JSONName("channels")
    let name = JSONName("name")
    let products = JSONName("product_ids")
    let channel = JSONName("channel")
    let timestamp = JSONName("timestamp")
    let number = JSONName("sequence_num")
    let events = JSONName("events")
    let trades = JSONName("trades")
    let tickers = JSONName("tickers")
    let candles = JSONName("candles")
    let updates = JSONName("updates")
    let subscriptions = JSONName("subscriptions")
    let eventTime = JSONName("event_time")
    let level = JSONName("price_level")
    let quantity = JSONName("new_quantity")
    let start = JSONName("start")
    let open = JSONName("open")
    let high = JSONName("high")
    let low = JSONName("low")
    let close = JSONName("close")
    let volume = JSONName("volume")
    let match = JSONName("match")
    let lastMatch = JSONName("last_match")
    let ticker = JSONName("ticker")
    let tickerBatch = JSONName("ticker_batch")
    let snapshot = JSONName("snapshot")
    let update = JSONName("update")
    let change = JSONName("l2update")
    let error = JSONName("error")
    let heartbeat = JSONName("heartbeat")
    let heartbeats = JSONName("heartbeats")
    let status = JSONName("status")
    let marketTrades = JSONName("market_trades")
    let levels = JSONName("l2_data")
    let buy = JSONName("buy")
    let sell = JSONName("sell")
    let buyUpper = JSONName("BUY")
    let sellUpper = JSONName("SELL")
    let bid = JSONName("bid")
    let offer = JSONName("offer")
}

/// A flat object of either feed: a frame, or one row of a batch; what it nests is noted where it begins.
struct CoinbaseRow {
    var type: JSONText?
    var product: JSONText?
    var tradeID: JSONText?
    var side: JSONText?
    var size: JSONText?
    var price: JSONText?
    var sequence: JSONText?
    var time: JSONText?
    var open: JSONText?
    var high: JSONText?
    var low: JSONText?
    var close: JSONText?
    var volume: JSONText?
    var start: JSONText?
    var message: JSONText?
    var reason: JSONText?
    var channel: JSONText?
    var timestamp: JSONText?
    var number: JSONText?
    /// `changes`, `bids` and `asks` of Exchange.
    var changes: JSONCursor?
    var bids: JSONCursor?
    var asks: JSONCursor?
    /// `events` of a frame, or the rows of an event; `channels` or `subscriptions` of an acknowledgement.
    var rows: JSONCursor?

    mutating func read(_ cursor: inout JSONCursor, _ names: CoinbaseNames) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            if key.count > 8 {
                try readLong(key, &cursor, names)
            } else {
                try readShort(key.packed, &cursor, names)
            }
        }
    }

    private mutating func readShort(
        _ word: UInt64,
        _ cursor: inout JSONCursor,
        _ names: CoinbaseNames
    ) throws(JSONError) {
        if word == names.type.packed {
            type = try cursor.token()
        } else if word == names.side.packed {
            side = try cursor.token()
        } else if word == names.size.packed {
            size = try cursor.token()
        } else if word == names.price.packed {
            price = try cursor.token()
        } else if word == names.sequence.packed {
            sequence = try cursor.token()
        } else if word == names.time.packed {
            time = try cursor.token()
        } else if word == names.tradeID.packed {
            tradeID = try cursor.token()
        } else {
            try readBook(word, &cursor, names)
        }
    }

    private mutating func readBook(
        _ word: UInt64,
        _ cursor: inout JSONCursor,
        _ names: CoinbaseNames
    ) throws(JSONError) {
        if word == names.changes.packed {
            changes = cursor
            try cursor.skip()
        } else if word == names.bids.packed {
            bids = cursor
            try cursor.skip()
        } else if word == names.asks.packed {
            asks = cursor
            try cursor.skip()
        } else if word == names.channel.packed {
            channel = try cursor.token()
        } else if isRows(word, names) {
            rows = cursor
            try cursor.skip()
        } else {
            try readFigures(word, &cursor, names)
        }
    }

    private func isRows(_ word: UInt64, _ names: CoinbaseNames) -> Bool {
        word == names.events.packed || word == names.trades.packed || word == names.tickers.packed
            || word == names.candles.packed || word == names.updates.packed || word == names.channels.packed
    }

    private mutating func readFigures(
        _ word: UInt64,
        _ cursor: inout JSONCursor,
        _ names: CoinbaseNames
    ) throws(JSONError) {
        if word == names.open24.packed || word == names.open.packed {
            open = try cursor.token()
        } else if word == names.high24.packed || word == names.high.packed {
            high = try cursor.token()
        } else if word == names.low24.packed || word == names.low.packed {
            low = try cursor.token()
        } else if word == names.close.packed {
            close = try cursor.token()
        } else if word == names.volume.packed {
            volume = try cursor.token()
        } else if word == names.start.packed {
            start = try cursor.token()
        } else if word == names.message.packed {
            message = try cursor.token()
        } else if word == names.reason.packed {
            reason = try cursor.token()
        } else if word == names.advancedLow24.packed {
            low = try cursor.token()
        } else {
            try cursor.skip()
        }
    }

    private mutating func readLong(
        _ key: JSONText,
        _ cursor: inout JSONCursor,
        _ names: CoinbaseNames
    ) throws(JSONError) {
        if key.matches(names.product) {
            product = try cursor.token()
        } else if key.matches(names.quantity) {
            size = try cursor.token()
        } else if key.matches(names.level) {
            price = try cursor.token()
        } else if key.matches(names.eventTime) {
            time = try cursor.token()
        } else if key.matches(names.timestamp) {
            timestamp = try cursor.token()
        } else if key.matches(names.number) {
            number = try cursor.token()
        } else if key.matches(names.volume24) || key.matches(names.advancedVolume24) {
            volume = try cursor.token()
        } else if key.matches(names.advancedHigh24) {
            high = try cursor.token()
        } else {
            if key.matches(names.subscriptions) { rows = cursor }
            try cursor.skip()
        }
    }
}

/// Price and size of a level as they are spelled, and the side where the row says it.
struct CoinbaseLevel {
    var side: JSONText?
    var price: JSONText?
    var size: JSONText?

    /// Reads `[price, size, …]`, or `[side, price, size, …]`.
    init(_ cursor: inout JSONCursor, hasSide: Bool) throws(JSONError) {
        try cursor.enterArray()
        if hasSide, try cursor.nextElement() { side = try cursor.token() }
        if !hasSide || side != nil, try cursor.nextElement() {
            price = try cursor.token()
            if try cursor.nextElement() {
                size = try cursor.token()
                while try cursor.nextElement() { try cursor.skip() }
            }
        }
    }
}

/// Times as RFC 3339 writes them, in UTC: `2022-10-19T23:28:22.061769Z`.
enum CoinbaseTime {
    /// Microseconds since the Unix epoch, later digits cut.
    ///
    /// ``EventTime/none`` for a time before 1970 (`0001-01-01T00:00:00Z` stands for none), nil where the text is no time.
    static func microseconds(_ text: JSONText) -> Int64? {
        let bytes = UnsafeBufferPointer(start: text.start, count: text.count)
        guard bytes.count >= 20, bytes.count <= 30, bytes[bytes.count - 1] == UInt8(ascii: "Z") else {
            return nil
        }
        guard bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), bytes[13] == UInt8(ascii: ":"),
            bytes[16] == UInt8(ascii: ":"), bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: " ")
        else { return nil }
        guard let year = number(bytes, 0, 4), let month = number(bytes, 5, 2), let day = number(bytes, 8, 2),
            let hour = number(bytes, 11, 2), let minute = number(bytes, 14, 2),
            let second = number(bytes, 17, 2), let fraction = fraction(bytes)
        else { return nil }
        // Later microseconds than those of 2255 are no whole numbers to many readers of JSON.
        guard (1...2254).contains(year), (1...12).contains(month), day >= 1,
            day <= days(in: month, of: year), hour < 24, minute < 60, second < 60
        else { return nil }
        let seconds = day1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
        let whole = seconds * 1_000_000 + fraction
        return whole > 0 ? whole : EventTime.none
    }

    /// The digits between the point and `Z`: none without a point, else one to nine.
    private static func fraction(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
        guard bytes.count > 20 else { return 0 }
        let digits = bytes.count - 21
        guard bytes[19] == UInt8(ascii: "."), digits >= 1 else { return nil }
        guard var value = number(bytes, 20, digits) else { return nil }
        var places = digits
        while places < 6 {
            value *= 10
            places += 1
        }
        while places > 6 {
            value /= 10
            places -= 1
        }
        return value
    }

    private static func number(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ count: Int) -> Int64? {
        var value: Int64 = 0
        for index in start..<(start + count) {
            let digit = bytes[index] &- 48
            guard digit <= 9 else { return nil }
            value = value * 10 + Int64(digit)
        }
        return value
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 of a day of the Gregorian calendar (years of 365 days that begin in March, and leap days).
    private static func day1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let fromMarch = month > 2 ? month - 3 : month + 9
        let leaps = shifted / 4 - shifted / 100 + shifted / 400
        return shifted * 365 + leaps + (153 * fromMarch + 2) / 5 + day - 1 - 719_468
    }
}

extension FieldReader {
    /// A time of Coinbase's; ``EventTime/none`` for one that is missing, empty or before 1970.
    func moment(_ text: JSONText?, _ name: StaticName) throws(DecodeError) -> Int64 {
        guard let text, !text.isEmptyString else { return EventTime.none }
        guard let time = CoinbaseTime.microseconds(text) else { throw bad(text, name) }
        return time
    }

    /// A figure that may be missing or empty.
    func figure(_ text: JSONText?, _ name: StaticName) throws(DecodeError) -> ScaledDecimal? {
        guard let text, !text.isEmptyString else { return nil }
        return try amount(text, name)
    }

    /// A field that counts as missing when it is empty.
    func filled(_ text: JSONText?, _ name: StaticName) throws(DecodeError) -> JSONText {
        guard let text, !text.isEmptyString else { throw .missingField(name) }
        return text
    }
}

extension JSONText {
    /// Whether this is `""`; an object or array, whose bytes no token gives, is not.
    var isEmptyString: Bool { count == 0 && start[0] == UInt8(ascii: "\"") }
}
