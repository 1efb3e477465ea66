// Part of MarketBus. Apache License 2.0, see LICENSE.

import Arbitrage
import FixedPoint
import Models
import Quotes
import Routing

/// Why a line of a script can't be played.
enum ScriptError: Error {
    case unknownWord(String)
    case missing(String)
    case bad(String)
}

/// One line of a script: words, some of them `name=value`.
struct Words {
    private let named: [Substring: Substring]
    let all: [Substring]

    init(_ line: String) {
        all = line.split(separator: " ")
        var named: [Substring: Substring] = [:]
        for word in all {
            guard let equals = word.firstIndex(of: "=") else { continue }
            named[word[..<equals]] = word[word.index(after: equals)...]
        }
        self.named = named
    }

    func text(_ name: Substring) throws -> String {
        guard let value = named[name] else { throw ScriptError.missing(String(name)) }
        return String(value)
    }

    func optional(_ name: Substring) -> String? { named[name].map(String.init) }

    func number(_ name: Substring) throws -> Int64 {
        guard let value = Int64(try text(name)) else { throw ScriptError.bad(String(name)) }
        return value
    }

    func number(_ name: Substring, or standard: Int64) throws -> Int64 {
        named[name] == nil ? standard : try number(name)
    }

    func decimal(_ name: Substring) throws -> ScaledDecimal { try ScaledDecimal(try text(name)) }

    func optionalDecimal(_ name: Substring) throws -> ScaledDecimal? {
        guard let value = named[name] else { return nil }
        return try ScaledDecimal(String(value))
    }

    /// `price:size,price:size`.
    func levels(_ name: Substring) throws -> [PriceLevel] {
        guard let value = named[name] else { return [] }
        return try value.split(separator: ",").map { part in
            let pair = part.split(separator: ":")
            guard pair.count == 2 else { throw ScriptError.bad(String(name)) }
            return PriceLevel(
                price: try ScaledDecimal(String(pair[0])),
                size: try ScaledDecimal(String(pair[1]))
            )
        }
    }
}

/// The machines, and the scripts' words as calls of them.
struct Judge {
    var names = QuoteTable(settings: QuoteSettings())
    var board = ArbitrageBoard(settings: EvaluationSettings(), depth: DepthSettings())
    var line = 0
    /// Of each symbol, what was printed last, and of whom the table said since then that it changed.
    var lastQuotes: [SymbolID: ConsolidatedQuote] = [:]
    var told: Set<SymbolID> = []

    mutating func run(_ text: String) throws -> String {
        let words = Words(text)
        guard let word = words.all.first else { return "" }
        line += 1
        switch word {
        case "market": return try begin(words, text)
        case "conversion": board.allowConversion(try market(words))
        case "facts": try setFacts(words)
        case "funding": try setFunding(words)
        case "book": try book(words)
        case "alive": board.heard(ofFeed: try feed(words), at: try words.number("now"))
        case "tick": board.tick(now: try words.number("now"))
        case "close": board.closeAll(.shutdown, now: try words.number("now"))
        case "quotes": return try beginQuotes(words, text)
        case "bbo": return try quote(words)
        case "heard": return try pulse(words, isLast: false)
        case "stopped": return try pulse(words, isLast: true)
        case "apart": return try setApart(words)
        case "forgotten": return try forget(words)
        case "wait": return try quotes(try words.number("now"))
        case "depth": return try depth(words)
        case "route": return try route(words)
        case "end":
            let counts = board.counts
            return "end overflows=\(counts.overflows) cut=\(counts.cutSearches) short=\(counts.tooShort)\n"
        default: throw ScriptError.unknownWord(String(word))
        }
        return steps()
    }

    private mutating func begin(_ words: Words, _ text: String) throws -> String {
        names = QuoteTable(settings: QuoteSettings())
        line = 0
        let ages = ArrivalBounds(
            least: try words.number("least", or: 2_000_000),
            most: try words.number("most", or: 30_000_000),
            samples: UInt32(clamping: try words.number("samples", or: 1000))
        )
        board = ArbitrageBoard(
            settings: EvaluationSettings(
                minimumEdgeRate: try words.optionalDecimal("edge") ?? .zero,
                minimumValue: try words.optionalDecimal("value") ?? .zero,
                minimumDurationMicroseconds: try words.number("duration", or: 0),
                updateIntervalMicroseconds: try words.number("interval", or: 0),
                maximumTrials: Int(try words.number("trials", or: 512))
            ),
            depth: DepthSettings(
                levels: Int(try words.number("levels", or: 100)),
                ages: ages,
                heartbeatMicroseconds: try words.number("heartbeat", or: 0)
            )
        )
        return "\(text)\n"
    }

    private mutating func market(_ words: Words) throws -> MarketIndex {
        guard let symbol = names.symbol(try words.text("symbol")),
            let venue = names.venue(try words.text("venue")), let market = board.market(symbol, venue)
        else { throw ScriptError.bad("market") }
        return market
    }

    private mutating func feed(_ words: Words) throws -> UInt32 {
        guard let feed = names.feed(try words.text("feed")) else { throw ScriptError.bad("feed") }
        return feed
    }

    private mutating func setFacts(_ words: Words) throws {
        let market = try market(words)
        let now = try words.number("now")
        guard let kind = words.optional("kind").flatMap(InstrumentKind.init(rawValue:)) else {
            return board.setFacts(nil, market, now: now)
        }
        let facts = MarketFacts(
            kind: kind,
            base: try words.text("base"),
            quote: try words.text("quote"),
            takerFee: try words.decimal("taker"),
            lot: try words.optionalDecimal("lot"),
            minSize: try words.optionalDecimal("minsize"),
            minNotional: try words.optionalDecimal("minvalue"),
            contractSize: try words.optionalDecimal("contract")
        )
        board.setFacts(facts, market, now: now)
    }

    private mutating func setFunding(_ words: Words) throws {
        let market = try market(words)
        var terms: FundingTerms?
        if let rate = try words.optionalDecimal("rate") {
            terms = FundingTerms(
                rate: rate,
                nextMicroseconds: try words.number("next"),
                mark: try words.decimal("mark")
            )
        }
        board.setFunding(terms, market, trigger: nil, now: try words.number("now"))
    }

    private mutating func book(_ words: Words) throws {
        let market = try market(words)
        let kind: DepthUpdate.Kind
        switch try words.text("kind") {
        case "snapshot": kind = .snapshot
        case "delta": kind = .delta
        default: kind = .invalid
        }
        var update = DepthUpdate(
            kind: kind,
            identity: RecordIdentity(
                feed: try feed(words),
                epoch: try words.number("epoch"),
                seq: UInt64(clamping: try words.number("seq"))
            ),
            receivedMicroseconds: try words.number("received")
        )
        update.exchangeMicroseconds = try words.number("exchange", or: EventTime.none)
        update.bids = try words.levels("bids")
        update.asks = try words.levels("asks")
        update.horizonBid = try words.optionalDecimal("hb")
        update.horizonAsk = try words.optionalDecimal("ha")
        board.apply(update, market, now: try words.number("now"))
    }

    private mutating func steps() -> String {
        defer { board.removeSteps() }
        return board.steps.map { "\(line) \(text($0))\n" }.joined()
    }

    func text(_ figure: ScaledDecimal?) -> String {
        guard let figure else { return "-" }
        return figure.description
    }

    private func text(_ step: RouteStep) -> String {
        let figures = step.figures
        let head = [
            step.state.rawValue, step.reason?.rawValue ?? "-", board.name(of: step.route, names),
            "opened=\(step.openedMicroseconds)", "at=\(step.atMicroseconds)",
            "duration=\(step.durationMicroseconds)",
        ]
        let worth = [
            "size=\(figures.size)", "cost=\(figures.cost)", "profit=\(figures.profit)",
            "funding=\(text(figures.funding))", "edge=\(figures.edgeBasisPoints)",
            "peak=\(step.life.peakEdgeBasisPoints)", "peaked=\(step.life.peakMicroseconds)",
            "most=\(step.life.peakProfit)", "mean=\(step.life.meanEdgeBasisPoints)",
        ]
        let legs = step.legs.map { "\($0.ageMicroseconds)/\($0.skewMicroseconds.map(String.init) ?? "-")" }
        let fills = figures.fills.map {
            "\($0.size)/\($0.value)/\($0.best.price)/\($0.best.size)/\($0.worstPrice)"
        }
        let curve = figures.curve.map { "\($0.size)/\($0.profit)" }
        let takers = step.takers.map { "\($0.latencyMicroseconds)/\(text($0.earned))" }
        let lists = [("legs", legs), ("fills", fills), ("curve", curve), ("takers", takers)].map {
            "\($0)=\($1.joined(separator: ","))"
        }
        return (head + worth + lists).joined(separator: " ")
    }
}
