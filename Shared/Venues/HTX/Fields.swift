// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Models

/// HTX's names, packed once; a class, so that it is passed around as one word.
final class HTXNames: Sendable {
    let channel = JSONName("ch")
    let time = JSONName("ts")
    let tick = JSONName("tick")
    let data = JSONName("data")
    let status = JSONName("status")
    let id = JSONName("id")
    let subbed = JSONName("subbed")
    let unsubbed = JSONName("unsubbed")
    let answer = JSONName("rep")
    let ping = JSONName("ping")
    let op = JSONName("op")
    let topic = JSONName("topic")
    let request = JSONName("cid")
    let action = JSONName("action")
    let errorCode = JSONName("err-code")
    let errorMessage = JSONName("err-msg")
    let generated = JSONName("generated")
    let update = JSONName("update")
    let symbol = JSONName("symbol")
    let contract = JSONName("contract_code")
    let price = JSONName("price")
    let amount = JSONName("amount")
    let quantity = JSONName("quantity")
    let direction = JSONName("direction")
    let tradeID = JSONName("tradeId")
    let restTradeID = JSONName("trade-id")
    let buy = JSONName("buy")
    let sell = JSONName("sell")
    let bid = JSONName("bid")
    let ask = JSONName("ask")
    let bidSize = JSONName("bidSize")
    let askSize = JSONName("askSize")
    let quoteTime = JSONName("quoteTime")
    let quoteSequence = JSONName("seqId")
    let version = JSONName("version")
    let mergeID = JSONName("mrid")
    let sequence = JSONName("seqNum")
    let previous = JSONName("prevSeqNum")
    let event = JSONName("event")
    let snapshot = JSONName("snapshot")
    let bids = JSONName("bids")
    let asks = JSONName("asks")
    let open = JSONName("open")
    let high = JSONName("high")
    let low = JSONName("low")
    let close = JSONName("close")
    let last = JSONName("lastPrice")
    let volume = JSONName("vol")
    let turnover = JSONName("trade_turnover")
    let count = JSONName("count")
    let fundingRate = JSONName("funding_rate")
    let settlementTime = JSONName("settlement_time")
    let createdAt = JSONName("created_at")
    let contracts = JSONName("volume")
    let trueWord = JSONName("true")
}

/// The outer object of a frame.
struct HTXEnvelope {
    var channel: JSONText?
    var time: JSONText?
    var topic: JSONText?
    var answer: JSONText?
    var op: JSONText?
    var action: JSONText?
    var ping: JSONText?
    var subbed: JSONText?
    var unsubbed: JSONText?
    var id: JSONText?
    var status: JSONText?
    var errorCode: JSONText?
    var errorMessage: JSONText?
    /// The time as it is spelled, quotes and all.
    var spelledTime: JSONText?
    /// The cursors at `tick` and `data`.
    var tick: JSONCursor?
    var data: JSONCursor?
    /// Whether the frame says `update`: an increment of 2019.
    var isUpdate = false
    /// Whether a recorder made it.
    var isGenerated = false

    /// Reads the object; `tick` and `data` are stepped over until the channel is known.
    init(_ cursor: inout JSONCursor, _ names: HTXNames) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            let word = key.word
            if word == names.channel.packed {
                channel = try cursor.token()
            } else if word == names.time.packed {
                try readTime(&cursor)
            } else if word == names.tick.packed {
                tick = cursor
                try cursor.skip()
            } else if word == names.data.packed {
                data = cursor
                try cursor.skip()
            } else {
                try readRare(key, word, &cursor, names)
            }
        }
        try cursor.finish()
    }

    private mutating func readTime(_ cursor: inout JSONCursor) throws(JSONError) {
        let isQuoted = cursor.peek == UInt8(ascii: "\"")
        time = try cursor.token()
        spelledTime = time
        if isQuoted, let time { spelledTime = JSONText(start: time.start - 1, count: time.count + 2) }
    }

    private mutating func readRare(
        _ key: JSONText,
        _ word: UInt64,
        _ cursor: inout JSONCursor,
        _ names: HTXNames
    ) throws(JSONError) {
        switch word {
        case names.ping.packed: ping = try cursor.token()
        case names.op.packed: op = try cursor.token()
        case names.topic.packed: topic = try cursor.token()
        case names.status.packed: status = try cursor.token()
        case names.id.packed, names.request.packed: id = try cursor.token()
        case names.subbed.packed: subbed = try cursor.token()
        case names.unsubbed.packed: unsubbed = try cursor.token()
        case names.answer.packed: answer = try cursor.token()
        case names.action.packed: action = try cursor.token()
        case names.errorCode.packed: errorCode = try cursor.token()
        case names.errorMessage.packed: errorMessage = try cursor.token()
        case names.update.packed: isUpdate = try Self.isTrue(&cursor, names)
        default:
            if key.matches(names.generated) {
                isGenerated = try Self.isTrue(&cursor, names)
            } else {
                try cursor.skip()
            }
        }
    }

    private static func isTrue(_ cursor: inout JSONCursor, _ names: HTXNames) throws(JSONError) -> Bool {
        try cursor.token()?.word == names.trueWord.packed
    }
}

/// A topic taken apart: `market.btcusdt.trade.detail`, `public.BTC-USDT.funding_rate`.
struct HTXTopic {
    /// What stands in the middle: the instrument, a coin, or `*`.
    let owner: JSONText
    /// What stands behind it.
    let channel: JSONText

    /// Nil for a text of another form; `market.tickers` has an owner and an empty channel.
    init?(_ text: JSONText, prefix: StaticString) {
        let length = prefix.utf8CodeUnitCount
        guard text.hasPrefix(prefix) else { return nil }
        var end = length
        while end < text.count, text.start[end] != UInt8(ascii: ".") { end &+= 1 }
        guard end > length else { return nil }
        owner = JSONText(start: text.start + length, count: end &- length)
        let rest = min(end &+ 1, text.count)
        channel = JSONText(start: text.start + rest, count: text.count &- rest)
    }
}

/// What a topic carries.
enum HTXKind {
    case trade
    case quote
    case candle(CandleInterval)
    case ticker
    /// Increments and asked-for snapshots with `seqNum`, so many levels a side.
    case numbered(Int32)
    /// A snapshot and increments with `version`.
    case versioned
    /// The whole book every time.
    case whole
    case mark
    case index
    case funding
    case liquidation
    /// The 24 hours of all instruments.
    case allTickers

    /// ``EventBatch/bookChannel`` of those that are books.
    var bookChannel: UInt8 {
        switch self {
        case .numbered(let levels): levels > 150 ? 1 : 0
        case .versioned: 2
        case .whole: 3
        default: 0
        }
    }
}

/// Finds out what a topic carries.
struct HTXKinds {
    private let trade = JSONName("trade.detail")
    private let quote = JSONName("bbo")
    private let detail = JSONName("detail")
    private let ticker = JSONName("ticker")
    private let mbp150 = JSONName("mbp.150")
    private let mbp400 = JSONName("mbp.400")
    private let versioned = JSONName("depth.size_150.high_freq")
    private let whole = JSONName("depth.step0")
    private let funding = JSONName("funding_rate")
    private let liquidation = JSONName("liquidation_orders")
    private let allTickers = JSONName("tickers")
    private let periods = HTXPeriods.all.map { (name: JSONName($0.text), interval: $0.interval) }

    /// What a topic of the market sockets carries, or nil where it gives no event.
    func market(_ topic: HTXTopic) -> HTXKind? {
        let channel = topic.channel
        if channel.matches(quote) { return .quote }
        if channel.matches(trade) { return .trade }
        if channel.matches(versioned) { return .versioned }
        if channel.matches(mbp150) { return .numbered(150) }
        if channel.matches(mbp400) { return .numbered(400) }
        if channel.matches(whole) { return .whole }
        if channel.hasPrefix("kline.") { return interval(channel.dropping(6)).map { .candle($0) } }
        if channel.matches(detail) || channel.matches(ticker) { return .ticker }
        if channel.hasPrefix("mark_price.") { return .mark }
        if channel.hasPrefix("index.") { return .index }
        return channel.count == 0 && topic.owner.matches(allTickers) ? .allTickers : nil
    }

    /// What a notification carries, or nil where it gives no event.
    func notification(_ topic: HTXTopic) -> HTXKind? {
        if topic.channel.matches(funding) { return .funding }
        return topic.channel.matches(liquidation) ? .liquidation : nil
    }

    private func interval(_ period: JSONText) -> CandleInterval? {
        periods.first { period.matches($0.name) }?.interval
    }
}

extension JSONText {
    /// The text behind so many bytes of it.
    fileprivate func dropping(_ bytes: Int) -> JSONText {
        JSONText(start: start + bytes, count: count &- bytes)
    }
}
