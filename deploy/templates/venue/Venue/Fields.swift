// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView

/// The venue's names, packed once; a class, so that it is passed around as one word.
final class __NAME__Names: Sendable {
    let type = JSONName("type")
    let symbol = JSONName("symbol")
    let id = JSONName("id")
    let price = JSONName("price")
    let size = JSONName("size")
    let side = JSONName("side")
    let time = JSONName("time")
    let sequence = JSONName("seq")
    let bid = JSONName("bid")
    let bidSize = JSONName("bid_size")
    let ask = JSONName("ask")
    let askSize = JSONName("ask_size")
    let message = JSONName("message")
    let buy = JSONName("buy")
    let sell = JSONName("sell")
    let trade = JSONName("trade")
    let quote = JSONName("quote")
    let acknowledged = JSONName("ack")
    let error = JSONName("error")
}

/// The fields of a frame, as they stand in it.
struct __NAME__Frame {
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
    var message: JSONText?

    mutating func read(_ cursor: inout JSONCursor, _ names: __NAME__Names) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            switch key.word {
            case names.type.packed: type = try cursor.token()
            case names.symbol.packed: symbol = try cursor.token()
            case names.id.packed: id = try cursor.token()
            case names.price.packed: price = try cursor.token()
            case names.size.packed: size = try cursor.token()
            case names.side.packed: side = try cursor.token()
            case names.time.packed: time = try cursor.token()
            case names.sequence.packed: sequence = try cursor.token()
            case names.bid.packed: bid = try cursor.token()
            case names.bidSize.packed: bidSize = try cursor.token()
            case names.ask.packed: ask = try cursor.token()
            case names.askSize.packed: askSize = try cursor.token()
            case names.message.packed: message = try cursor.token()
            default: try cursor.skip()
            }
        }
    }
}
