// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView

/// One side of a quote: flat fields on spot, a pair on contracts.
struct HTXSide {
    var price: JSONText?
    var size: JSONText?

    /// Reads `[price, size]`, a bare price, or null.
    mutating func read(_ cursor: inout JSONCursor) throws(JSONError) {
        guard cursor.peek == UInt8(ascii: "[") else {
            price = try cursor.token()
            return
        }
        try cursor.enterArray()
        guard try cursor.nextElement() else { return }
        price = try cursor.token()
        guard try cursor.nextElement() else { return }
        size = try cursor.token()
        while try cursor.nextElement() { try cursor.skip() }
    }
}

/// The `tick` of a quote.
struct HTXQuoteTick {
    var bid = HTXSide()
    var ask = HTXSide()
    var time: JSONText?
    var sequence: JSONText?
    var symbol: JSONText?
    var channel: JSONText?

    init(_ cursor: inout JSONCursor, _ names: HTXNames) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            switch key.word {
            case names.bid.packed: try bid.read(&cursor)
            case names.ask.packed: try ask.read(&cursor)
            case names.bidSize.packed: bid.size = try cursor.token()
            case names.askSize.packed: ask.size = try cursor.token()
            case names.quoteSequence.packed, names.version.packed: sequence = try cursor.token()
            case names.time.packed: time = try cursor.token()
            case names.symbol.packed: symbol = try cursor.token()
            case names.channel.packed: channel = try cursor.token()
            default: if key.matches(names.quoteTime) { time = try cursor.token() } else { try cursor.skip() }
            }
        }
    }
}

/// The `tick` around trades.
struct HTXTradeTick {
    var data: JSONCursor?
    var time: JSONText?
    var symbol: JSONText?
    var channel: JSONText?

    init(_ cursor: inout JSONCursor, _ names: HTXNames) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            switch key.word {
            case names.data.packed:
                data = cursor
                try cursor.skip()
            case names.time.packed: time = try cursor.token()
            case names.symbol.packed: symbol = try cursor.token()
            case names.channel.packed: channel = try cursor.token()
            default: try cursor.skip()
            }
        }
    }
}

/// One trade.
struct HTXTradeRow {
    var id: JSONText?
    var tradeID: JSONText?
    var price: JSONText?
    var amount: JSONText?
    var quantity: JSONText?
    var direction: JSONText?
    var time: JSONText?

    init(_ cursor: inout JSONCursor, _ names: HTXNames) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            switch key.word {
            case names.price.packed: price = try cursor.token()
            case names.amount.packed: amount = try cursor.token()
            case names.quantity.packed: quantity = try cursor.token()
            case names.tradeID.packed, names.restTradeID.packed: tradeID = try cursor.token()
            case names.id.packed: id = try cursor.token()
            case names.time.packed: time = try cursor.token()
            default:
                if key.matches(names.direction) {
                    direction = try cursor.token()
                } else {
                    try cursor.skip()
                }
            }
        }
    }
}

/// A candle, the figures of 24 hours, or a reference price: flat fields all.
struct HTXFigures {
    var id: JSONText?
    var open: JSONText?
    var high: JSONText?
    var low: JSONText?
    var close: JSONText?
    var last: JSONText?
    var amount: JSONText?
    var volume: JSONText?
    var turnover: JSONText?
    var count: JSONText?
    var version: JSONText?
    var symbol: JSONText?
    var channel: JSONText?

    init(_ cursor: inout JSONCursor, _ names: HTXNames) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            switch key.word {
            case names.id.packed: id = try cursor.token()
            case names.open.packed: open = try cursor.token()
            case names.high.packed: high = try cursor.token()
            case names.low.packed: low = try cursor.token()
            case names.close.packed: close = try cursor.token()
            case names.amount.packed: amount = try cursor.token()
            case names.volume.packed: volume = try cursor.token()
            case names.count.packed: count = try cursor.token()
            case names.version.packed: version = try cursor.token()
            case names.symbol.packed: symbol = try cursor.token()
            case names.channel.packed: channel = try cursor.token()
            default: try readLong(key, &cursor, names)
            }
        }
    }

    private mutating func readLong(
        _ key: JSONText,
        _ cursor: inout JSONCursor,
        _ names: HTXNames
    ) throws(JSONError) {
        if key.matches(names.turnover) {
            turnover = try cursor.token()
        } else if key.matches(names.last) {
            last = try cursor.token()
        } else {
            try cursor.skip()
        }
    }
}

/// The `tick` of a book, or the `data` of its asked-for snapshot.
struct HTXBookTick {
    /// The cursors at the levels; nil where a side is missing or null.
    var bids: JSONCursor?
    var asks: JSONCursor?
    var sequence: JSONText?
    var previous: JSONText?
    var version: JSONText?
    var mergeID: JSONText?
    var time: JSONText?
    var event: JSONText?
    var symbol: JSONText?
    var channel: JSONText?

    init(_ cursor: inout JSONCursor, _ names: HTXNames) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            switch key.word {
            case names.bids.packed: bids = try Self.side(&cursor)
            case names.asks.packed: asks = try Self.side(&cursor)
            case names.sequence.packed: sequence = try cursor.token()
            case names.version.packed: version = try cursor.token()
            case names.mergeID.packed: mergeID = try cursor.token()
            case names.time.packed: time = try cursor.token()
            case names.event.packed: event = try cursor.token()
            case names.symbol.packed: symbol = try cursor.token()
            case names.channel.packed: channel = try cursor.token()
            default:
                if key.matches(names.previous) {
                    previous = try cursor.token()
                } else {
                    try cursor.skip()
                }
            }
        }
    }

    private static func side(_ cursor: inout JSONCursor) throws(JSONError) -> JSONCursor? {
        if cursor.skipNull() { return nil }
        let place = cursor
        try cursor.skip()
        return place
    }
}

/// One row of a notification about funding or a liquidation.
struct HTXNotice {
    var contract: JSONText?
    var rate: JSONText?
    var settlement: JSONText?
    var direction: JSONText?
    var contracts: JSONText?
    var amount: JSONText?
    var price: JSONText?
    var created: JSONText?

    init(_ cursor: inout JSONCursor, _ names: HTXNames) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            if key.matches(names.contract) {
                contract = try cursor.token()
            } else if key.matches(names.fundingRate) {
                rate = try cursor.token()
            } else if key.matches(names.settlementTime) {
                settlement = try cursor.token()
            } else if key.matches(names.direction) {
                direction = try cursor.token()
            } else if key.matches(names.contracts) {
                contracts = try cursor.token()
            } else if key.matches(names.amount) {
                amount = try cursor.token()
            } else if key.matches(names.price) {
                price = try cursor.token()
            } else if key.matches(names.createdAt) {
                created = try cursor.token()
            } else {
                try cursor.skip()
            }
        }
    }
}
