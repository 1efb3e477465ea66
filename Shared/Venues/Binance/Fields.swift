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
    let depthUpdate = JSONName("depthUpdate")
    let kline = JSONName("kline")
    let ticker = JSONName("24hrTicker")
    let miniTicker = JSONName("24hrMiniTicker")
    let markPrice = JSONName("markPriceUpdate")
    let indexPrice = JSONName("indexPriceUpdate")
    let forceOrder = JSONName("forceOrder")
    let serverShutdown = JSONName("serverShutdown")
    let buy = JSONName("BUY")
    let sell = JSONName("SELL")
    let previous = JSONName("pu")
    let generated = JSONName("generated")
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
    enum Mark: UInt16 {
        case array = 1
        case snapshot = 2
        case status = 4
        case result = 8
        case userEvent = 16
        case openInterest = 32
        case generated = 64
        case spotTrade = 128
        case bids = 256
        case asks = 512
    }

    var e: JSONText?
    var E: JSONText?
    var s: JSONText?
    var u: JSONText?
    var U: JSONText?
    var pu: JSONText?
    var b: JSONText?
    var B: JSONText?
    var a: JSONText?
    var A: JSONText?
    var t: JSONText?
    var p: JSONText?
    var q: JSONText?
    var T: JSONText?
    var m: JSONText?
    var X: JSONText?
    var st: JSONText?
    var stream: JSONText?
    /// Where the levels of a book's increment are, and where one is broken; see ``bids`` and ``asks``.
    private var bidsRead = LevelPlaces()
    private var asksRead = LevelPlaces()
    private var marks: UInt16 = 0

    func has(_ mark: Mark) -> Bool { marks & mark.rawValue != 0 }

    /// Notes the values of a frame's object and, one level down, of the payload in it.
    mutating func walk(
        _ cursor: inout JSONCursor,
        _ names: BinanceNames,
        _ batch: inout EventBatch,
        isPayload: Bool = false
    ) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            if key.count == 1 {
                try letter(key.start[0], &cursor, &batch)
            } else {
                try word(key, &cursor, names, &batch, isPayload)
            }
        }
    }

    @inline(__always)
    private mutating func letter(
        _ letter: UInt8,
        _ cursor: inout JSONCursor,
        _ batch: inout EventBatch
    ) throws(JSONError) {
        switch letter {
        case UInt8(ascii: "e"): e = try cursor.token()
        case UInt8(ascii: "E"): E = try cursor.token()
        case UInt8(ascii: "s"): s = try cursor.token()
        case UInt8(ascii: "u"): u = try cursor.token()
        case UInt8(ascii: "U"): U = try cursor.token()
        case UInt8(ascii: "b"):
            if try Self.side(&bidsRead, &b, &cursor, &batch) { marks |= Mark.bids.rawValue }
        case UInt8(ascii: "B"): B = try cursor.token()
        case UInt8(ascii: "a"):
            if try Self.side(&asksRead, &a, &cursor, &batch) { marks |= Mark.asks.rawValue }
        case UInt8(ascii: "A"): A = try cursor.token()
        case UInt8(ascii: "t"): t = try cursor.token()
        case UInt8(ascii: "p"): p = try cursor.token()
        case UInt8(ascii: "q"): q = try cursor.token()
        case UInt8(ascii: "T"): T = try cursor.token()
        case UInt8(ascii: "m"): m = try cursor.token()
        case UInt8(ascii: "M"):
            if cursor.peek != UInt8(ascii: "n") { marks |= Mark.spotTrade.rawValue }
            try cursor.skip()
        case UInt8(ascii: "X"): X = try cursor.token()
        default: try cursor.skip()
        }
    }

    /// `b` and `a` are a quote's prices or the sides of a book: then it gives true.
    @inline(__always)
    private static func side(
        _ places: inout LevelPlaces,
        _ text: inout JSONText?,
        _ cursor: inout JSONCursor,
        _ batch: inout EventBatch
    ) throws(JSONError) -> Bool {
        guard cursor.peek == UInt8(ascii: "[") else {
            text = try cursor.token()
            return false
        }
        // To a quote or trade this is a field that can't be read, not a missing one.
        text = JSONText(start: cursor.documentStart + Int(cursor.offset), count: 0)
        try places.read(&cursor, &batch)
        return true
    }

    /// The bids of an increment; nil where `b` is no array.
    var bids: LevelsRead? { has(.bids) ? bidsRead.levels : nil }
    /// The asks of an increment; nil where `a` is no array.
    var asks: LevelsRead? { has(.asks) ? asksRead.levels : nil }

    private mutating func word(
        _ key: JSONText,
        _ cursor: inout JSONCursor,
        _ names: BinanceNames,
        _ batch: inout EventBatch,
        _ isPayload: Bool
    ) throws(JSONError) {
        let word = key.word
        if word == names.data.packed {
            if cursor.peek == UInt8(ascii: "{"), !isPayload {
                return try walk(&cursor, names, &batch, isPayload: true)
            }
            if cursor.peek == UInt8(ascii: "[") { marks |= Mark.array.rawValue }
            return try cursor.skip()
        }
        if word == names.stream.packed {
            stream = try cursor.token()
        } else if word == names.tradingStatus.packed {
            st = try cursor.token()
        } else if word == names.previous.packed {
            pu = try cursor.token()
        } else {
            try rareWord(key, &cursor, names, &batch, isPayload)
        }
    }

    private mutating func rareWord(
        _ key: JSONText,
        _ cursor: inout JSONCursor,
        _ names: BinanceNames,
        _ batch: inout EventBatch,
        _ isPayload: Bool
    ) throws(JSONError) {
        if key.matches(names.error), cursor.peek == UInt8(ascii: "{"), !isPayload {
            return try walk(&cursor, names, &batch, isPayload: true)
        }
        let mark = mark(key, names)
        if let mark, mark != .generated || cursor.peek == UInt8(ascii: "t") { marks |= mark.rawValue }
        try cursor.skip()
    }

    private func mark(_ key: JSONText, _ names: BinanceNames) -> Mark? {
        if key.matches(names.result) { return .result }
        if key.matches(names.status) { return .status }
        if key.matches(names.event) { return .userEvent }
        if key.matches(names.lastUpdateId) { return .snapshot }
        if key.matches(names.openInterest) { return .openInterest }
        if key.matches(names.generated) { return .generated }
        return nil
    }

    /// Whether a `depthUpdate` is an increment.
    ///
    /// Partial depths have its shape on futures, and only the stream's name tells them apart: that of an increment ends in
    /// `@depth` or `@depth@100ms`.
    var isIncrement: Bool {
        guard let stream, stream.count > 0 else { return true }
        var end = stream.count
        if end > 2, stream.suffix(2).hasPrefix("ms") {
            end -= 2
            while end > 0, stream.start[end - 1] &- 48 <= 9 { end -= 1 }
            guard end > 0, end < stream.count - 2, stream.start[end - 1] == UInt8(ascii: "@") else {
                return false
            }
            end -= 1
        }
        return JSONText(start: stream.start, count: end).suffix(6).hasPrefix("@depth")
    }

    /// Spot quotes have no event type: the stream's name or the letters tell them.
    func isQuote(_ names: BinanceNames) -> Bool {
        if u != nil, B != nil || A != nil { return true }
        guard let stream, stream.count > names.bookTicker.length else { return false }
        return stream.suffix(names.bookTicker.length).matches(names.bookTicker)
    }

    /// The market that a frame shows where neither its connection nor its `st` says it (EVENTS, what the sheets leave
    /// out): `_PERP` is COIN-M; spot quotes have no `e`, spot trades an `M`; a dated contract on USD is COIN-M.
    func marketShown(by symbol: JSONText?) -> MarketID {
        if let s = symbol, s.count > 5, s.suffix(5).hasPrefix("_PERP") { return .coinm }
        if e == nil || has(.spotTrade) { return .spot }
        guard let s = symbol, s.count > 10, s.start[s.count - 7] == UInt8(ascii: "_") else { return .usdm }
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

    /// Options are the only instruments with hyphens, and have three: `BTC-220325-40000-C`.
    var isOptionName: Bool {
        var hyphens = 0
        for index in 0..<count where start[index] == UInt8(ascii: "-") { hyphens += 1 }
        return hyphens == 3
    }
}

/// What ``LevelsRead`` says, in twelve bytes: every quote carries them, too.
private struct LevelPlaces {
    private var first: UInt32 = 0
    private var end: UInt32 = 0
    private var broken = UInt32.max

    /// Reads one side of a book; Binance's sizes are what is published.
    @inline(never)
    mutating func read(_ cursor: inout JSONCursor, _ batch: inout EventBatch) throws(JSONError) {
        let read = try cursor.levels(.asStated, into: &batch)
        first = UInt32(truncatingIfNeeded: read.range.lowerBound)
        end = UInt32(truncatingIfNeeded: read.range.upperBound)
        broken = read.brokenAt ?? UInt32.max
    }

    var levels: LevelsRead {
        LevelsRead(range: Int(first)..<Int(max(first, end)), brokenAt: broken == UInt32.max ? nil : broken)
    }
}
