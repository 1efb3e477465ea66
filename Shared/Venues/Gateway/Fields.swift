// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Models
import VenueKit

/// The gateway's names, packed once; a class, so that it is passed around as one word.
final class GatewayNames: Sendable {
    let type = JSONName("type")
    let symbol = JSONName("symbol")
    let id = JSONName("id")
    let price = JSONName("price")
    let size = JSONName("size")
    let side = JSONName("side")
    let time = JSONName("time_us")
    let sequence = JSONName("seq")
    let bid = JSONName("bid")
    let bidSize = JSONName("bid_size")
    let ask = JSONName("ask")
    let askSize = JSONName("ask_size")
    let resolution = JSONName("resolution")
    let openTime = JSONName("open_us")
    let open = JSONName("open")
    let high = JSONName("high")
    let low = JSONName("low")
    let close = JSONName("close")
    let volume = JSONName("volume")
    let quoteVolume = JSONName("quote_volume")
    let trades = JSONName("trades")
    let closed = JSONName("closed")
    let bars = JSONName("bars")
    let request = JSONName("request")
    let code = JSONName("code")
    let message = JSONName("message")
    let fatal = JSONName("fatal")
    let reason = JSONName("reason")
    let symbols = JSONName("symbols")
    let resolutions = JSONName("resolutions")
    let ticks = JSONName("ticks")
    let buy = JSONName("buy")
    let sell = JSONName("sell")
    let yes = JSONName("true")
    let no = JSONName("false")
    let minute1 = JSONName("1m")
    let minute5 = JSONName("5m")
    let minute15 = JSONName("15m")
    let hour1 = JSONName("1h")
    let hour4 = JSONName("4h")
    let day1 = JSONName("1d")
    let trade = JSONName("TRADE")
    let quote = JSONName("QUOTE")
    let bar = JSONName("BAR")
    let ping = JSONName("PING")
    let connected = JSONName("CONNECTED")
    let subscribed = JSONName("SUBSCRIBED")
    let unsubscribed = JSONName("UNSUBSCRIBED")
    let closing = JSONName("CLOSING")
    let error = JSONName("ERROR")
}

/// One message, or one row of a REST answer.
struct GatewayMessage {
    var type: JSONText?
    var symbol: JSONText?
    var id: JSONText?
    var price: JSONText?
    var size: JSONText?
    var side: JSONText?
    var time: JSONText?
    var sequence: JSONText?
    var bid: JSONText?
    var bidSize: JSONText?
    var ask: JSONText?
    var askSize: JSONText?
    var resolution: JSONText?
    var openTime: JSONText?
    var open: JSONText?
    var high: JSONText?
    var low: JSONText?
    var close: JSONText?
    var volume: JSONText?
    var quoteVolume: JSONText?
    var trades: JSONText?
    var closed: JSONText?
    var request: JSONText?
    var code: JSONText?
    /// `message` of an error, `reason` of a notice.
    var text: JSONText?
    var isFatal = false
    /// Whether the sides of a quote were named, be it with null.
    var hasBid = false
    var hasAsk = false
    /// The lists of an answer, and the rows of a REST answer.
    var symbols: JSONCursor?
    var resolutions: JSONCursor?
    var ticks: JSONCursor?

    mutating func read(_ cursor: inout JSONCursor, _ names: GatewayNames) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            let word = key.word
            if word == names.type.packed {
                type = try cursor.token()
            } else if word == names.symbol.packed {
                symbol = try cursor.token()
            } else if word == names.time.packed {
                time = try cursor.token()
            } else if word == names.id.packed {
                id = try cursor.token()
            } else if word == names.price.packed {
                price = try cursor.token()
            } else if word == names.size.packed {
                size = try cursor.token()
            } else if word == names.side.packed {
                side = try cursor.token()
            } else {
                try readQuote(key, word, &cursor, names)
            }
        }
    }

    private mutating func readQuote(
        _ key: JSONText,
        _ word: UInt64,
        _ cursor: inout JSONCursor,
        _ names: GatewayNames
    ) throws(JSONError) {
        if word == names.bid.packed {
            hasBid = true
            bid = try cursor.token()
        } else if word == names.bidSize.packed {
            bidSize = try cursor.token()
        } else if word == names.ask.packed {
            hasAsk = true
            ask = try cursor.token()
        } else if word == names.askSize.packed {
            askSize = try cursor.token()
        } else if word == names.sequence.packed {
            sequence = try cursor.token()
        } else {
            try readBar(key, word, &cursor, names)
        }
    }

    private mutating func readBar(
        _ key: JSONText,
        _ word: UInt64,
        _ cursor: inout JSONCursor,
        _ names: GatewayNames
    ) throws(JSONError) {
        if word == names.open.packed {
            open = try cursor.token()
        } else if word == names.high.packed {
            high = try cursor.token()
        } else if word == names.low.packed {
            low = try cursor.token()
        } else if word == names.close.packed {
            close = try cursor.token()
        } else if word == names.volume.packed {
            volume = try cursor.token()
        } else if word == names.openTime.packed {
            openTime = try cursor.token()
        } else if word == names.closed.packed {
            closed = try cursor.token()
        } else if word == names.trades.packed {
            trades = try cursor.token()
        } else if key.matches(names.resolution) {
            resolution = try cursor.token()
        } else if key.matches(names.quoteVolume) {
            quoteVolume = try cursor.token()
        } else {
            try readRare(key, &cursor, names)
        }
    }

    private mutating func readRare(
        _ key: JSONText,
        _ cursor: inout JSONCursor,
        _ names: GatewayNames
    ) throws(JSONError) {
        if key.matches(names.request) {
            request = try cursor.token()
        } else if key.matches(names.code) {
            code = try cursor.token()
        } else if key.matches(names.message) || key.matches(names.reason) {
            text = try cursor.token()
        } else if key.matches(names.fatal) {
            isFatal = try cursor.token()?.matches(names.yes) ?? false
        } else {
            if key.matches(names.symbols) { symbols = cursor }
            if key.matches(names.resolutions) { resolutions = cursor }
            if key.matches(names.ticks) { ticks = cursor }
            try cursor.skip()
        }
    }
}

extension FieldReader {
    /// A time in microseconds.
    func microseconds(_ text: JSONText?, _ name: StaticName) throws(DecodeError) -> Int64 {
        let value = try integer(text, name)
        guard (0..<9_007_199_254_740_992).contains(value) else { throw bad(try required(text, name), name) }
        return value
    }
}
