// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import VenueKit

/// OKX's names, packed once; a class, so that it is passed around as one word.
final class OKXNames: Sendable {
    let arg = JSONName("arg")
    let data = JSONName("data")
    let event = JSONName("event")
    let code = JSONName("code")
    let message = JSONName("msg")
    let id = JSONName("id")
    let table = JSONName("table")
    let channel = JSONName("channel")
    let instrument = JSONName("instId")
    let tradeID = JSONName("tradeId")
    let count = JSONName("count")
    let price = JSONName("px")
    let size = JSONName("sz")
    let side = JSONName("side")
    let time = JSONName("ts")
    let bids = JSONName("bids")
    let asks = JSONName("asks")
    let sequence = JSONName("seqId")
    let buy = JSONName("buy")
    let sell = JSONName("sell")
    let quotes = JSONName("bbo-tbt")
    let trades = JSONName("trades")
    let allTrades = JSONName("trades-all")
    let books = JSONName("books")
    let fastBooks = JSONName("books-l2-tbt")
    let tickers = JSONName("tickers")
    let funding = JSONName("funding-rate")
    let markPrice = JSONName("mark-price")
    let indexTickers = JSONName("index-tickers")
    let openInterest = JSONName("open-interest")
    let liquidations = JSONName("liquidation-orders")
    let action = JSONName("action")
    let snapshot = JSONName("snapshot")
    let update = JSONName("update")
    let previous = JSONName("prevSeqId")
    let checksum = JSONName("checksum")
    let kind = JSONName("instType")
    let generated = JSONName("generated")
    let figures = OKXFigure.allCases.map(\.name)
    let details = JSONName("details")
}

/// The outer object of a frame.
struct OKXEnvelope {
    var event: JSONText?
    var code: JSONText?
    var message: JSONText?
    var id: JSONText?
    var channel: JSONText?
    var instrument: JSONText?
    /// `SWAP` or `FUTURES`, on channels of all instruments of a kind.
    var kind: JSONText?
    /// `snapshot` or `update`, on book channels.
    var action: JSONText?
    /// The first row that could not be read: the frame's end is looked for before it is a dead letter.
    var failure: DecodeError?
    /// The cursor at the value of `data`.
    var data: JSONCursor?
    var hasTable = false
    /// Whether `data` was read as rows of a channel of ours.
    var hasRows = false
    /// Whether a row was an option's.
    var hasOption = false
    /// Whether a recorder made the frame (EVENTS ruling 9).
    var isGenerated = false

    /// Notes the value of a key other than `data`.
    mutating func read(_ word: UInt64, _ cursor: inout JSONCursor, _ names: OKXNames) throws(JSONError) {
        if word == names.arg.packed, cursor.peek == UInt8(ascii: "{") {
            try readArgument(&cursor, names)
        } else if word == names.event.packed {
            event = try cursor.token()
        } else {
            try readRare(word, &cursor, names)
        }
    }

    private mutating func readArgument(_ cursor: inout JSONCursor, _ names: OKXNames) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            let word = key.word
            if word == names.channel.packed {
                channel = try cursor.token()
            } else if word == names.instrument.packed {
                instrument = try cursor.token()
            } else if word == names.kind.packed {
                kind = try cursor.token()
            } else {
                if key.matches(names.generated), cursor.peek == UInt8(ascii: "t") { isGenerated = true }
                try cursor.skip()
            }
        }
    }

    private mutating func readRare(
        _ word: UInt64,
        _ cursor: inout JSONCursor,
        _ names: OKXNames
    ) throws(JSONError) {
        if word == names.action.packed {
            action = try cursor.token()
        } else if word == names.code.packed {
            code = try cursor.token()
        } else if word == names.message.packed {
            message = try cursor.token()
        } else if word == names.id.packed {
            id = try cursor.token()
        } else {
            if word == names.table.packed { hasTable = true }
            try cursor.skip()
        }
    }
}

/// One side of a quote: the first level of its array.
enum OKXSide {
    /// The row has no such key.
    case missing
    /// Nobody bids or asks.
    case empty
    /// Price and size; nil where the level is too short.
    case level(JSONText?, JSONText?)
}

/// One element of `data` on the trade and quote channels.
struct OKXRow {
    var instrument: JSONText?
    var tradeID: JSONText?
    var price: JSONText?
    var size: JSONText?
    var side: JSONText?
    var time: JSONText?
    var sequence: JSONText?
    /// How many matches a trade is made of, one id each.
    var count: UInt16 = 1
    var bid = OKXSide.missing
    var ask = OKXSide.missing

    mutating func read(_ cursor: inout JSONCursor, _ names: OKXNames) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            let word = key.word
            if word == names.time.packed {
                time = try cursor.token()
            } else if word == names.bids.packed {
                bid = try Self.best(&cursor)
            } else if word == names.asks.packed {
                ask = try Self.best(&cursor)
            } else if word == names.sequence.packed {
                sequence = try cursor.token()
            } else {
                try readTrade(word, &cursor, names)
            }
        }
    }

    private mutating func readTrade(
        _ word: UInt64,
        _ cursor: inout JSONCursor,
        _ names: OKXNames
    ) throws(JSONError) {
        if word == names.price.packed {
            price = try cursor.token()
        } else if word == names.size.packed {
            size = try cursor.token()
        } else if word == names.side.packed {
            side = try cursor.token()
        } else if word == names.tradeID.packed {
            tradeID = try cursor.token()
        } else if word == names.instrument.packed {
            instrument = try cursor.token()
        } else if word == names.count.packed {
            count = UInt16(clamping: (try cursor.token())?.integer ?? 1)
        } else {
            try cursor.skip()
        }
    }

    private static func best(_ cursor: inout JSONCursor) throws(JSONError) -> OKXSide {
        if cursor.skipNull() { return .empty }
        try cursor.enterArray()
        guard try cursor.nextElement() else { return .empty }
        let best = try level(&cursor)
        while try cursor.nextElement() { try cursor.skip() }
        return best
    }

    private static func level(_ cursor: inout JSONCursor) throws(JSONError) -> OKXSide {
        var price: JSONText?
        var size: JSONText?
        try cursor.enterArray()
        if try cursor.nextElement() {
            price = try cursor.token()
            if try cursor.nextElement() {
                size = try cursor.token()
                while try cursor.nextElement() { try cursor.skip() }
            }
        }
        return .level(price, size)
    }
}

extension JSONText {
    /// Whether the name is that of a perpetual, `…-SWAP`.
    var endsWithSwap: Bool {
        count > 5 && JSONText(start: start + (count - 5), count: 5).hasPrefix("-SWAP")
    }
}
