// Part of MarketBus. Apache License 2.0, see LICENSE.

/// The sockets of HTX, each with its own topics.
enum HTXSocket {
    /// `api.huobi.pro/ws`.
    case spot
    /// `api.huobi.pro/feed`: increments of the book.
    case feed
    /// `linear-swap-ws`, `swap-ws`, and `ws` for coin-margined contracts with an end.
    case linear
    case inverse
    case futures
    /// `linear-swap-notification`, `swap-notification`, `notification`: the `op` dialect.
    case linearNotices
    case inverseNotices
    case futuresNotices
    /// `ws_index`.
    case index

    /// The socket behind a path; nil where HTX has none.
    init?(_ endpoint: Endpoint) {
        switch (endpoint.segment == .spot, endpoint.rest) {
        case (true, "/ws"): self = .spot
        case (true, "/feed"): self = .feed
        case (false, "/linear-swap-ws"): self = .linear
        case (false, "/swap-ws"): self = .inverse
        case (false, "/ws"): self = .futures
        case (false, "/notification"): self = .futuresNotices
        case (false, "/linear-swap-notification"): self = .linearNotices
        case (false, "/swap-notification"): self = .inverseNotices
        case (false, "/ws_index"): self = .index
        default: return nil
        }
    }

    /// Speaks `{"op":…}` instead of `{"sub":…}`.
    var isNotices: Bool { [.linearNotices, .inverseNotices, .futuresNotices].contains(self) }
    var isSpot: Bool { self == .spot || self == .feed }
}

/// What a topic carries.
enum HTXChannel: Equatable {
    case bbo
    case trades
    case candles(HTXPeriod)
    /// The 24 hours, and on spot with the touch and the last trade.
    case detail
    case ticker
    /// Whole books, merged to a coarser tick from step 1 on.
    case depth(step: Int)
    /// Whole books with a sequence.
    case refresh(levels: Int)
    /// Increments of the best levels.
    case increments(levels: Int)
    case highFrequency(levels: Int, incremental: Bool)
    case mark(HTXPeriod)
    case index(HTXPeriod)
    case premium(HTXPeriod)
    case estimatedRate(HTXPeriod)
    case basis(HTXPeriod)
    case funding
    case liquidations
    case contracts

    /// The word in the log and in fault filters.
    var kind: String {
        switch self {
        case .bbo: "bbo"
        case .trades: "trade"
        case .candles: "candle"
        case .detail, .ticker: "ticker"
        case .depth, .refresh, .increments, .highFrequency: "book"
        case .mark: "mark"
        case .index, .basis: "index"
        case .premium, .estimatedRate, .funding: "funding"
        case .liquidations: "liquidation"
        case .contracts: "instruments"
        }
    }
}

/// A candle period as HTX writes it; days and longer begin at midnight of UTC+8.
struct HTXPeriod: Equatable {
    let name: String
    let interval: CandleInterval

    init?(_ name: Substring) {
        let known: [Substring: (Int, Character)] = [
            "1min": (1, "m"), "5min": (5, "m"), "15min": (15, "m"), "30min": (30, "m"), "60min": (1, "h"),
            "4hour": (4, "h"), "1day": (1, "d"), "1week": (1, "w"), "1mon": (1, "M"), "1year": (12, "M"),
        ]
        guard let (count, unit) = known[name],
            let made = CandleInterval(count: count, unit: unit, hours: "dwM".contains(unit) ? 8 : 0)
        else { return nil }
        self.name = String(name)
        interval = made
    }

    static func == (left: HTXPeriod, right: HTXPeriod) -> Bool { left.name == right.name }
}

/// A topic taken apart: `market.btcusdt.depth.step0`, `public.BTC-USDT.funding_rate`.
struct HTXTopic: Equatable {
    let name: String
    /// `*` for all contracts.
    let symbol: String
    let channel: HTXChannel

    /// Nil for a topic that the socket does not have.
    init?(_ name: String, incremental: Bool = false, on socket: HTXSocket) {
        let words = name.split(separator: ".", omittingEmptySubsequences: false)
        guard words.count >= 3, words[0] == (socket.isNotices ? "public" : "market"), !words[1].isEmpty else {
            return nil
        }
        let rest = Array(words[2...])
        let found: HTXChannel?
        switch socket {
        case .spot: found = HTXTopic.shared(rest) ?? HTXTopic.spot(rest)
        case .feed: found = HTXTopic.feed(rest)
        case .linear, .inverse, .futures: found = HTXTopic.shared(rest) ?? HTXTopic.swap(rest, incremental)
        case .index: found = HTXTopic.index(rest)
        case .linearNotices, .inverseNotices, .futuresNotices: found = HTXTopic.notices(rest)
        }
        guard let found else { return nil }
        self.name = name
        channel = found
        // The contracts' sockets take `btc-usdt` too.
        symbol = socket.isSpot ? String(words[1]) : words[1].uppercased()
    }

    private static func shared(_ words: [Substring]) -> HTXChannel? {
        switch (words.first, words.count) {
        case ("bbo", 1): .bbo
        case ("detail", 1): .detail
        case ("trade", 2) where words[1] == "detail": .trades
        case ("kline", 2): HTXPeriod(words[1]).map { .candles($0) }
        case ("depth", 2): step(words[1])
        default: nil
        }
    }

    private static func step(_ word: Substring) -> HTXChannel? {
        guard word.hasPrefix("step"), let number = Int(word.dropFirst(4)), (0...15).contains(number) else {
            return nil
        }
        return .depth(step: number)
    }

    private static func spot(_ words: [Substring]) -> HTXChannel? {
        if words == ["ticker"] { return .ticker }
        guard words.count == 3, words[0] == "mbp", words[1] == "refresh", let levels = Int(words[2]),
            [5, 10, 20].contains(levels)
        else { return nil }
        return .refresh(levels: levels)
    }

    private static func feed(_ words: [Substring]) -> HTXChannel? {
        guard words.count == 2, words[0] == "mbp", let levels = Int(words[1]),
            [5, 20, 150, 400].contains(levels)
        else { return spot(words) == .ticker ? nil : spot(words) }
        return .increments(levels: levels)
    }

    private static func swap(_ words: [Substring], _ incremental: Bool) -> HTXChannel? {
        guard words.count == 3, words[0] == "depth", words[2] == "high_freq" else { return nil }
        switch words[1] {
        case "size_20": return .highFrequency(levels: 20, incremental: incremental)
        case "size_150": return .highFrequency(levels: 150, incremental: incremental)
        default: return nil
        }
    }

    private static func index(_ words: [Substring]) -> HTXChannel? {
        guard words.count >= 2, let period = HTXPeriod(words[1]) else { return nil }
        switch (words[0], words.count) {
        case ("mark_price", 2): return .mark(period)
        case ("index", 2): return .index(period)
        case ("premium_index", 2): return .premium(period)
        case ("estimated_rate", 2): return .estimatedRate(period)
        case ("basis", 3): return .basis(period)
        default: return nil
        }
    }

    private static func notices(_ words: [Substring]) -> HTXChannel? {
        switch words {
        case ["funding_rate"]: .funding
        case ["liquidation_orders"]: .liquidations
        case ["contract_info"]: .contracts
        default: nil
        }
    }
}
