// Part of MarketBus. Apache License 2.0, see LICENSE.

/// What OKX's channels mean: which socket carries them, what they are about, how often they speak.
enum OKXStreams {
    private static let publicOnes: Set = [
        "bbo-tbt", "trades", "tickers", "books", "books5", "funding-rate", "open-interest", "mark-price",
        "index-tickers", "instruments", "price-limit", "status", "liquidation-orders", "estimated-price",
    ]
    /// Channels that can be asked for by instrument type alone.
    static let wide: Set = ["instruments", "liquidation-orders", "status", "price-limit"]

    /// Whether a channel lives on a socket.
    static func exists(_ channel: String, business: Bool) -> Bool {
        guard business else { return publicOnes.contains(channel) }
        return channel.hasPrefix("candle") || channel.contains("-candle") || channel == "trades-all"
    }

    /// The log's word for a channel.
    static func kind(_ channel: String) -> String { plan(channel, keepAlive: 0)?.kind ?? channel }

    /// How a channel is fed; nil for what is acknowledged and stays silent.
    static func plan(_ channel: String, keepAlive: Int) -> StreamPlan? {
        switch channel {
        case "bbo-tbt": return StreamPlan(kind: "bbo", topics: .book, pace: .eachTouch)
        case "trades": return StreamPlan(kind: "trade", topics: .trades, pace: .eachFill)
        case "trades-all": return StreamPlan(kind: "trade_all", topics: .trades, pace: .eachMatch)
        case "tickers": return timed("ticker", [.trades, .book], 100)
        case "books5": return timed("partial_book", .book, 100)
        case "open-interest": return timed("open_interest", .trades, 3000)
        case "mark-price": return timed("mark", [.trades, .book], 200)
        case "index-tickers": return timed("index", [.trades, .book], 100)
        case "funding-rate": return timed("funding", .clock, 30_000)
        case "liquidation-orders":
            return StreamPlan(kind: "liquidation", topics: .trades, pace: .eachLiquidation)
        case "books":
            var plan = timed("book", .book, 100)
            plan.gathersBook = true
            plan.window = 400
            plan.keepAlive = keepAlive
            return plan
        default:
            guard channel.hasPrefix("candle"), let interval = interval(String(channel.dropFirst(6))) else {
                return nil
            }
            var plan = timed("candle", .trades, 1000)
            plan.interval = interval
            return plan
        }
    }

    private static func timed(_ kind: String, _ topics: Topics, _ milliseconds: Int) -> StreamPlan {
        StreamPlan(kind: kind, topics: topics, pace: .atMost(milliseconds: milliseconds))
    }

    private static let short = ["1s", "1m", "3m", "5m", "15m", "30m", "1H", "2H", "4H"]
    private static let long = ["6H", "12H", "1D", "2D", "3D", "5D", "1W", "1M", "3M"]

    /// The interval of a bar; from 6H on its borders are those of Hong Kong unless `utc` follows.
    static func interval(_ bar: String) -> CandleInterval? {
        let plain = bar.hasSuffix("utc") ? String(bar.dropLast(3)) : bar
        guard long.contains(plain) || bar == plain && short.contains(plain), let last = plain.last,
            let count = Int(plain.dropLast())
        else { return nil }
        let units: [Character: Character] = ["H": "h", "D": "d", "W": "w", "M": "M", "s": "s", "m": "m"]
        let hours = long.contains(plain) && bar == plain ? 8 : 0
        return units[last].flatMap { CandleInterval(count: count, unit: $0, hours: hours) }
    }
}
