// Part of MarketBus. Apache License 2.0, see LICENSE.

/// What Binance's stream names mean: which route carries them, how often they speak.
enum BinanceStreams {
    /// The route that carries a stream, nil for a name that is no stream.
    static func route(_ name: String, _ segment: Segment) -> Route? {
        let parts = name.split(separator: "@", maxSplits: 1)
        guard parts.count == 2 || name.hasPrefix("!") else { return nil }
        guard segment != .spot else { return .all }
        let channel = parts.count == 2 ? parts[1] : parts[0].dropFirst()
        let book = channel == "bookTicker" || channel == "trade" || channel.hasPrefix("depth")
        return book || channel.hasPrefix("rpiDepth") ? .publicBook : .market
    }

    /// The log's word for a channel.
    static func kind(_ channel: String) -> String {
        plan(channel, .linear)?.kind ?? plan(channel, .spot)?.kind ?? channel
    }

    /// How a channel is fed; nil for what is acknowledged and stays silent.
    static func plan(_ channel: String, _ segment: Segment) -> StreamPlan? {
        let spot = segment == .spot
        switch channel {
        case "bookTicker": return StreamPlan(kind: "bbo", topics: .book, pace: .eachTouch)
        case "trade": return StreamPlan(kind: "trade", topics: .trades, pace: .eachMatch)
        case "aggTrade": return StreamPlan(kind: "agg_trade", topics: .trades, pace: .eachFill)
        case "ticker": return timed("ticker", .trades, spot ? 1000 : 2000)
        case "miniTicker": return timed("mini_ticker", .trades, 1000)
        case "markPrice" where !spot: return timed("mark", .clock, 3000)
        case "markPrice@1s" where !spot: return timed("mark", .clock, 1000)
        case "forceOrder" where !spot:
            return StreamPlan(kind: "liquidation", topics: .trades, pace: .eachLiquidation)
        default: return candle(channel, spot: spot) ?? depth(channel, spot: spot)
        }
    }

    private static func timed(_ kind: String, _ topics: Topics, _ milliseconds: Int) -> StreamPlan {
        StreamPlan(kind: kind, topics: topics, pace: .atMost(milliseconds: milliseconds))
    }

    // MARK: - Candles

    private static let intervals = [
        "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M",
    ]

    /// The interval of a name as the venue writes it; `1s` on spot only.
    static func interval(_ name: String, spot: Bool, hours: Int = 0) -> CandleInterval? {
        guard intervals.contains(name) || spot && name == "1s", let unit = name.last,
            let count = Int(name.dropLast())
        else { return nil }
        return CandleInterval(count: count, unit: unit, hours: hours)
    }

    private static func candle(_ channel: String, spot: Bool) -> StreamPlan? {
        guard channel.hasPrefix("kline_") else { return nil }
        let parts = channel.dropFirst(6).split(separator: "@").map(String.init)
        guard let name = parts.first, parts.count == 1 || parts[1] == "+08:00" else { return nil }
        guard let interval = interval(name, spot: spot, hours: parts.count > 1 ? 8 : 0) else { return nil }
        var plan = timed("candle", .trades, spot ? (name == "1s" ? 1000 : 2000) : 250)
        plan.interval = interval
        return plan
    }

    // MARK: - Depth

    private static func depth(_ channel: String, spot: Bool) -> StreamPlan? {
        let parts = channel.split(separator: "@").map(String.init)
        guard let first = parts.first, first.hasPrefix("depth"), parts.count <= 2 else { return nil }
        let speeds =
            spot ? ["1000ms": 1000, "100ms": 100] : ["500ms": 500, "250ms": 250, "100ms": 100, "0ms": 0]
        guard let pace = parts.count == 2 ? speeds[parts[1]] : (spot ? 1000 : 250) else { return nil }
        let levels = first.dropFirst(5)
        guard levels.isEmpty || ["5", "10", "20"].contains(levels) else { return nil }
        var plan = timed(levels.isEmpty ? "book" : "partial_book", .book, pace)
        plan.gathersBook = levels.isEmpty
        return plan
    }
}
