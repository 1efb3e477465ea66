// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Models
import VenueKit

/// The names that decide what a frame is, packed once; a class, so that it is passed around as one word.
final class BinanceNames: Sendable {
    let stream = JSONName("stream")
    let data = JSONName("data")
    let bookTicker = JSONName("bookTicker")
    let trade = JSONName("trade")
    let aggTrade = JSONName("aggTrade")
    let serverShutdown = JSONName("serverShutdown")
    let market = JSONName("MARKET")
    let tradingStatus = JSONName("st")
    let result = JSONName("result")
    let id = JSONName("id")
    let code = JSONName("code")
    let msg = JSONName("msg")
    let error = JSONName("error")
    let status = JSONName("status")
    let event = JSONName("event")
    let lastUpdateId = JSONName("lastUpdateId")
    let openInterest = JSONName("openInterest")
}

/// Where the values of a frame are, by Binance's own letters.
///
/// Envelope and payload fall together: no name means two things.
struct BinanceFields {
    /// Things that a frame has, of which no value is needed.
    enum Mark: UInt8 {
        case array = 1
        case snapshot = 2
        case status = 4
        case result = 8
        case userEvent = 16
        case openInterest = 32
    }

    var e: JSONText?
    var E: JSONText?
    var s: JSONText?
    var u: JSONText?
    var b: JSONText?
    var B: JSONText?
    var a: JSONText?
    var A: JSONText?
    var t: JSONText?
    var p: JSONText?
    var q: JSONText?
    var T: JSONText?
    var m: JSONText?
    var M: JSONText?
    var X: JSONText?
    var st: JSONText?
    var stream: JSONText?
    var id: JSONText?
    var code: JSONText?
    var msg: JSONText?
    private var marks: UInt8 = 0

    func has(_ mark: Mark) -> Bool { marks & mark.rawValue != 0 }

    /// Notes the values of a frame's object and, one level down, of the payload in it.
    mutating func walk(
        _ cursor: inout JSONCursor,
        _ names: BinanceNames,
        isPayload: Bool = false
    ) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            if key.count == 1 {
                try letter(key.start[0], &cursor)
            } else {
                try word(key, &cursor, names, isPayload)
            }
        }
    }

    @inline(__always)
    private mutating func letter(_ letter: UInt8, _ cursor: inout JSONCursor) throws(JSONError) {
        switch letter {
        case UInt8(ascii: "e"): e = try cursor.token()
        case UInt8(ascii: "E"): E = try cursor.token()
        case UInt8(ascii: "s"): s = try cursor.token()
        case UInt8(ascii: "u"): u = try cursor.token()
        case UInt8(ascii: "b"): b = try cursor.token()
        case UInt8(ascii: "B"): B = try cursor.token()
        case UInt8(ascii: "a"): a = try cursor.token()
        case UInt8(ascii: "A"): A = try cursor.token()
        case UInt8(ascii: "t"): t = try cursor.token()
        case UInt8(ascii: "p"): p = try cursor.token()
        case UInt8(ascii: "q"): q = try cursor.token()
        case UInt8(ascii: "T"): T = try cursor.token()
        case UInt8(ascii: "m"): m = try cursor.token()
        case UInt8(ascii: "M"): M = try cursor.token()
        case UInt8(ascii: "X"): X = try cursor.token()
        default: try cursor.skip()
        }
    }

    private mutating func word(
        _ key: JSONText,
        _ cursor: inout JSONCursor,
        _ names: BinanceNames,
        _ isPayload: Bool
    ) throws(JSONError) {
        let word = key.word
        if word == names.data.packed {
            if cursor.peek == UInt8(ascii: "{"), !isPayload {
                return try walk(&cursor, names, isPayload: true)
            }
            if cursor.peek == UInt8(ascii: "[") { marks |= Mark.array.rawValue }
            return try cursor.skip()
        }
        if word == names.stream.packed {
            stream = try cursor.token()
        } else if word == names.tradingStatus.packed {
            st = try cursor.token()
        } else {
            try rareWord(key, &cursor, names, isPayload)
        }
    }

    private mutating func rareWord(
        _ key: JSONText,
        _ cursor: inout JSONCursor,
        _ names: BinanceNames,
        _ isPayload: Bool
    ) throws(JSONError) {
        if key.matches(names.error), cursor.peek == UInt8(ascii: "{"), !isPayload {
            return try walk(&cursor, names, isPayload: true)
        }
        if key.matches(names.id) {
            id = try cursor.token()
        } else if key.matches(names.code) {
            code = try cursor.token()
        } else if key.matches(names.msg) {
            msg = try cursor.token()
        } else {
            if let mark = mark(key, names) { marks |= mark.rawValue }
            try cursor.skip()
        }
    }

    private func mark(_ key: JSONText, _ names: BinanceNames) -> Mark? {
        if key.matches(names.result) { return .result }
        if key.matches(names.status) { return .status }
        if key.matches(names.event) { return .userEvent }
        if key.matches(names.lastUpdateId) { return .snapshot }
        if key.matches(names.openInterest) { return .openInterest }
        return nil
    }

    /// Spot quotes have no event type: the stream's name or the letters tell them.
    func isQuote(_ names: BinanceNames) -> Bool {
        if u != nil, B != nil || A != nil { return true }
        guard let stream, stream.count > names.bookTicker.length else { return false }
        return stream.suffix(names.bookTicker.length).matches(names.bookTicker)
    }

    /// The market that a frame shows where neither its connection nor its `st` says it (EVENTS, what the sheets leave
    /// out): `_PERP` is COIN-M; spot quotes have no `e`, spot trades an `M`; a dated contract on USD is COIN-M.
    var marketShown: MarketID {
        if let s, s.count > 5, s.suffix(5).hasPrefix("_PERP") { return .coinm }
        if e == nil || M != nil { return .spot }
        guard let s, s.count > 10, s.start[s.count - 7] == UInt8(ascii: "_") else { return .usdm }
        let pair = JSONText(start: s.start, count: s.count - 7)
        return pair.suffix(3).hasPrefix("USD") && !pair.suffix(4).hasPrefix("BUSD") ? .coinm : .usdm
    }
}

extension JSONText {
    /// The last bytes.
    func suffix(_ length: Int) -> JSONText {
        let kept = min(length, count)
        return JSONText(start: start + (count - kept), count: kept)
    }

    var isTrue: Bool { count == 4 && packed == 0x6575_7274 }
    var isFalse: Bool { count == 5 && packed == 0x65_736C_6166 }

    /// Options are the only instruments with hyphens, and have three: `BTC-220325-40000-C`.
    var isOptionName: Bool {
        var hyphens = 0
        for index in 0..<count where start[index] == UInt8(ascii: "-") { hyphens += 1 }
        return hyphens == 3
    }
}
