// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import VenueKit

/// The values of candles, tickers, mark prices and liquidation orders, which are read on a second walk: quotes, trades
/// and books, which come by the thousand a second, need not carry them.
struct BinanceRow {
    var s: JSONText?
    var E: JSONText?
    var T: JSONText?
    var t: JSONText?
    var i: JSONText?
    var o: JSONText?
    var h: JSONText?
    var l: JSONText?
    var c: JSONText?
    var v: JSONText?
    var q: JSONText?
    var n: JSONText?
    var x: JSONText?
    var p: JSONText?
    var r: JSONText?
    var S: JSONText?
    /// The candle `k` or the order `o` in the row.
    var inner: JSONCursor?
    /// The rows of an envelope whose payload is an array.
    var rows: JSONCursor?

    /// Notes the values of an object, or of the payload in it.
    mutating func read(
        _ cursor: inout JSONCursor,
        _ names: BinanceNames,
        isPayload: Bool = false
    ) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            if key.count == 1 {
                try letter(key.start[0], &cursor)
            } else if !isPayload, key.word == names.data.packed {
                if cursor.peek == UInt8(ascii: "{") {
                    try read(&cursor, names, isPayload: true)
                } else {
                    rows = cursor
                    try cursor.skip()
                }
            } else {
                try cursor.skip()
            }
        }
    }

    private mutating func letter(_ letter: UInt8, _ cursor: inout JSONCursor) throws(JSONError) {
        switch letter {
        case UInt8(ascii: "s"): s = try cursor.token()
        case UInt8(ascii: "E"): E = try cursor.token()
        case UInt8(ascii: "T"): T = try cursor.token()
        case UInt8(ascii: "t"): t = try cursor.token()
        case UInt8(ascii: "i"): i = try cursor.token()
        case UInt8(ascii: "h"): h = try cursor.token()
        case UInt8(ascii: "l"): l = try cursor.token()
        case UInt8(ascii: "c"): c = try cursor.token()
        case UInt8(ascii: "v"): v = try cursor.token()
        case UInt8(ascii: "q"): q = try cursor.token()
        case UInt8(ascii: "n"): n = try cursor.token()
        case UInt8(ascii: "x"): x = try cursor.token()
        case UInt8(ascii: "p"): p = try cursor.token()
        case UInt8(ascii: "r"): r = try cursor.token()
        case UInt8(ascii: "S"): S = try cursor.token()
        case UInt8(ascii: "o"), UInt8(ascii: "k"): try nested(letter, &cursor)
        default: try cursor.skip()
        }
    }

    private mutating func nested(_ letter: UInt8, _ cursor: inout JSONCursor) throws(JSONError) {
        if cursor.peek == UInt8(ascii: "{") {
            inner = cursor
            // Where a number should be, an object can't be read; it is not missing.
            let unreadable = try cursor.token()
            if letter == UInt8(ascii: "o") { o = unreadable }
        } else if letter == UInt8(ascii: "o") {
            o = try cursor.token()
        } else {
            try cursor.skip()
        }
    }
}

/// The values of an answer to a request, also read on a second walk.
struct BinanceReply {
    var id: JSONText?
    var code: JSONText?
    var msg: JSONText?

    /// Notes the values of an object, or of the payload or error in it.
    mutating func read(
        _ cursor: inout JSONCursor,
        _ names: BinanceNames,
        isPayload: Bool = false
    ) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            let isEnvelope = key.matches(names.error) || key.matches(names.data)
            if isEnvelope, !isPayload, cursor.peek == UInt8(ascii: "{") {
                try read(&cursor, names, isPayload: true)
            } else if key.matches(names.id) {
                id = try cursor.token()
            } else if key.matches(names.code) {
                code = try cursor.token()
            } else if key.matches(names.msg) {
                msg = try cursor.token()
            } else {
                try cursor.skip()
            }
        }
    }
}
