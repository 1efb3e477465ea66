// Part of MarketBus. Apache License 2.0, see LICENSE.

/// The channels of both feeds; the raw value is the name of the streams, apart from the product.
enum CoinbaseChannel: String {
    case matches
    case ticker
    case tickerBatch = "ticker_batch"
    case level2
    case level2Batch = "level2_batch"
    case heartbeat
    case status
    case advancedLevel2 = "advanced.level2"
    case advancedTrades = "advanced.market_trades"
    case advancedTicker = "advanced.ticker"
    case advancedTickerBatch = "advanced.ticker_batch"
    case advancedCandles = "advanced.candles"
    case advancedStatus = "advanced.status"
    case heartbeats = "advanced.heartbeats"

    /// A channel of the Exchange feed.
    init?(exchange name: String) {
        guard let found = CoinbaseChannel(rawValue: name), !found.isAdvanced else { return nil }
        self = found
    }

    /// A channel of Advanced Trade.
    init?(advanced name: String) { self.init(rawValue: "advanced.\(name)") }

    var isAdvanced: Bool { rawValue.hasPrefix("advanced.") }

    /// The name in the frames: `level2` arrives as `l2_data`.
    var frameName: String {
        self == .advancedLevel2 ? "l2_data" : String(rawValue.dropFirst("advanced.".count))
    }

    /// How often the venue speaks, by the sheet.
    var plan: StreamPlan {
        func timed(_ kind: String, _ topics: Topics, _ milliseconds: Int) -> StreamPlan {
            StreamPlan(kind: kind, topics: topics, pace: .atMost(milliseconds: milliseconds))
        }
        switch self {
        case .matches: return StreamPlan(kind: "trade", topics: .trades, pace: .eachMatch)
        case .ticker, .advancedTicker: return StreamPlan(kind: "ticker", topics: .trades, pace: .eachMatch)
        case .tickerBatch, .advancedTickerBatch: return timed("ticker", .trades, 5000)
        case .level2, .level2Batch, .advancedLevel2:
            var plan = timed("book", .book, self == .level2Batch ? 50 : 10)
            plan.gathersBook = true
            return plan
        case .heartbeat: return timed("heartbeat", .clock, 1000)
        case .heartbeats: return timed("heartbeat", .clock, 1000)
        case .status: return timed("status", .clock, 5000)
        case .advancedStatus: return timed("status", [], 5000)
        case .advancedTrades: return timed("trade", .trades, 250)
        case .advancedCandles:
            var plan = timed("candle", .trades, 1000)
            plan.interval = CandleInterval(milliseconds: 300_000)
            return plan
        }
    }
}

/// A subscribe message of the Exchange feed taken apart: channels as words or as objects with products of their own.
struct CoinbaseRequest {
    private(set) var channels: [(name: String, products: [String])] = []
    /// Carries the four members of a signature; which are not checked further.
    let isSigned: Bool

    init(_ message: JSONText) {
        let common = message["product_ids"]?.items?.compactMap(\.string) ?? []
        isSigned = ["signature", "key", "passphrase", "timestamp"].allSatisfy {
            message[$0]?.scalar?.isEmpty == false
        }
        for entry in message["channels"]?.items ?? [] {
            if let name = entry.string {
                channels.append((name, common))
            } else if let name = entry["name"]?.string {
                channels.append((name, entry["product_ids"]?.items?.compactMap(\.string) ?? common))
            }
        }
    }
}

/// Coinbase's times: ISO 8601 in UTC with microseconds.
enum CoinbaseTime {
    /// A time; `trimmed`: without the zeros at the fraction's end, as some of its frames come.
    static func text(_ milliseconds: Int, micros: Int, trimmed: Bool = false) -> String {
        let out = ByteBuffer()
        write(milliseconds, into: out)
        var fraction = String(1_000_000 + modulo(milliseconds, 1000) * 1000 + micros % 1000).dropFirst()
        while trimmed, fraction.hasSuffix("0") { fraction = fraction.dropLast() }
        return out.text + (fraction.isEmpty ? "Z" : ".\(fraction)Z")
    }

    /// The microseconds of a trade, which the generated market does not have: always the same ones.
    static func text(_ fill: Fill) -> String { text(fill.milliseconds, micros: fill.id &* 7919 % 1000) }

    private static func write(_ milliseconds: Int, into out: ByteBuffer) {
        let day = quotient(milliseconds, 86_400_000)
        let month = Calendar.month(ofDay: day)
        let seconds = modulo(milliseconds, 86_400_000) / 1000
        let parts = [
            (month / 12, 4, "-"), (month % 12 + 1, 2, "-"), (day - Calendar.day(ofMonth: month) + 1, 2, "T"),
            (seconds / 3600, 2, ":"), (seconds / 60 % 60, 2, ":"), (seconds % 60, 2, ""),
        ]
        for (value, width, separator) in parts {
            let text = String(value)
            out.append(
                text: String(repeating: "0", count: max(0, width - text.utf8.count)) + text + separator
            )
        }
    }

    /// Milliseconds of an ISO time or of seconds since 1970, as `start` and `end` of the candles come.
    static func milliseconds(_ text: String) -> Int? {
        if let seconds = Double(text), seconds.magnitude < 1e12 { return Int(seconds * 1000) }
        let digits = text.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }
        guard digits.count >= 3, (1...12).contains(digits[1]), (1970...9999).contains(digits[0]),
            digits.dropFirst(2).prefix(4).allSatisfy({ $0 < 100 })
        else {
            return nil
        }
        let day = Calendar.day(ofMonth: digits[0] * 12 + digits[1] - 1) + digits[2] - 1
        let clock = digits.count >= 6 ? digits[3] * 3600 + digits[4] * 60 + digits[5] : 0
        return day * 86_400_000 + clock * 1000
    }
}
