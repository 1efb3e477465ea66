// Part of MarketBus. Apache License 2.0, see LICENSE.

/// What one stream of the gateway carries.
enum GatewayChannel: Equatable {
    case trade
    case quote
    case bar(String, CandleInterval)

    /// The bars of a resolution, nil where there is none of that name.
    static func resolution(_ name: String) -> GatewayChannel? {
        let known: [String: (Int, Character)] = [
            "1m": (1, "m"), "5m": (5, "m"), "15m": (15, "m"), "1h": (1, "h"), "4h": (4, "h"), "1d": (1, "d"),
        ]
        guard let (count, unit) = known[name], let interval = CandleInterval(count: count, unit: unit) else {
            return nil
        }
        return .bar(name, interval)
    }

    var name: String {
        switch self {
        case .trade: "TRADE"
        case .quote: "QUOTE"
        case .bar(let name, _): "BAR:\(name)"
        }
    }

    var plan: StreamPlan {
        switch self {
        case .trade: return StreamPlan(kind: "trade", topics: .trades, pace: .eachMatch)
        case .quote: return StreamPlan(kind: "bbo", topics: .book, pace: .eachTouch)
        case .bar(_, let interval):
            var plan = StreamPlan(kind: "candle", topics: .trades, pace: .atMost(milliseconds: 250))
            plan.interval = interval
            return plan
        }
    }
}

/// Symbols, resolutions and ticks, as asked for or as accepted.
struct GatewayWish {
    var symbols: [String] = []
    var resolutions: [String] = []
    var ticks: [String] = []

    init() {}

    /// Nil where a required list is missing; ticks left out of CONNECT mean both.
    init?(_ message: JSONText, needsTicks: Bool) {
        func list(_ name: String) -> [String]? {
            guard let items = message[name]?.items else { return nil }
            let texts = items.compactMap(\.string)
            return texts.count == items.count ? texts : nil
        }
        guard let symbols = list("symbols"), let resolutions = list("resolutions") else { return nil }
        let fallback = needsTicks || message["ticks"] != nil ? nil : ["trade", "quote"]
        guard let ticks = list("ticks") ?? fallback else { return nil }
        self.symbols = GatewayWish.distinct(symbols)
        self.resolutions = GatewayWish.distinct(resolutions)
        self.ticks = GatewayWish.distinct(ticks)
    }

    private static func distinct(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }

    func write(_ row: inout ObjectWriter) {
        for (name, values) in [
            ("symbols" as StaticString, symbols), ("resolutions", resolutions), ("ticks", ticks),
        ] {
            row.key(name)
            JSONText.array(values.map(JSONText.string)).write(to: row.out)
        }
    }
}

/// An ERROR message.
struct GatewayProblem {
    let code: String
    let message: String
    let request: String?
    /// The member that says what is wrong: `("symbol", "FOO-USDT")`.
    let about: (name: String, value: String)?
    /// Set on a fatal one: the close code that follows.
    let closing: Int?

    init(
        _ code: String,
        _ message: String,
        request: String? = nil,
        about: (name: String, value: String)? = nil,
        closing: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.request = request
        self.about = about
        self.closing = closing
    }

    var text: String {
        var members: [(key: String, value: JSONText)] = [("type", .string("ERROR")), ("code", .string(code))]
        if let request { members.append(("request", .string(request))) }
        if let about { members.append((about.name, .string(about.value))) }
        members += [("message", .string(message)), ("fatal", .bool(closing != nil))]
        let out = ByteBuffer()
        JSONText.object(members).write(to: out)
        return out.text
    }
}

/// The gateway's data messages.
struct GatewayFrames {
    let market: Market
    /// Wall milliseconds of this message.
    let now: Int
    let out: ByteBuffer

    private var instrument: Instrument { market.instrument }

    func trade(_ fill: Fill, _ part: Int, bare: Bool = false) {
        var row = ObjectWriter(out)
        if !bare {
            row.text("type", "TRADE")
            row.text("symbol", instrument.nameBytes)
        }
        row.number("id", fill.firstID + part)
        row.price("price", instrument, fill.ticks)
        row.size("size", instrument, fill.lots(part: part))
        row.text("side", fill.buy ? "buy" : "sell")
        row.number("time_us", fill.milliseconds * 1000 + fill.id &* 7919 % 1000)
        row.end()
    }

    func quote() {
        var row = ObjectWriter(out)
        row.text("type", "QUOTE")
        row.text("symbol", instrument.nameBytes)
        row.number("seq", market.book.sequence)
        side(&row, "bid", "bid_size", market.book.bids.best)
        side(&row, "ask", "ask_size", market.book.asks.best)
        row.number("time_us", (now - 1) * 1000 + market.book.sequence % 1000)
        row.end()
    }

    private func side(_ row: inout ObjectWriter, _ price: StaticString, _ size: StaticString, _ level: Level?)
    {
        guard let level else {
            row.key(price)
            out.append("null")
            row.key(size)
            return out.append("null")
        }
        row.price(price, instrument, level.ticks)
        row.size(size, instrument, level.lots)
    }

    /// A bar; without a resolution inside an answer that names it once.
    func bar(_ candle: Candle, _ resolution: String?, closed: Bool) {
        var row = ObjectWriter(out)
        if let resolution {
            row.text("type", "BAR")
            row.text("symbol", instrument.nameBytes)
            row.text("resolution", string: resolution)
        }
        row.number("open_us", candle.open * 1000)
        row.price("open", instrument, candle.first)
        row.price("high", instrument, candle.high)
        row.price("low", instrument, candle.low)
        row.price("close", instrument, candle.last)
        row.size("volume", instrument, candle.volume.lots)
        if instrument.segment == .inverse {
            row.key("quote_volume")
            out.append("null")
        } else {
            row.quoted("quote_volume") { instrument.write(quote: candle.volume.quote, digits: nil, into: $0) }
        }
        row.number("trades", candle.trades)
        row.flag("closed", closed)
        row.number("time_us", (now - 1) * 1000)
        row.end()
    }
}
