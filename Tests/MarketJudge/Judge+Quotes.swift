// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes

/// The words about consolidated quotes. After each of them every symbol's quote is printed, as it is at that time.
extension Judge {
    /// `quotes SEED most=N least=N heartbeat=N conversions=A,B`: a new market of quotes.
    mutating func beginQuotes(_ words: Words, _ text: String) throws -> String {
        let conversions = try (words.optional("conversions") ?? "").split(separator: ",").map {
            try Conversion(String($0))
        }
        names = QuoteTable(
            settings: QuoteSettings(
                legMaxAgeMicroseconds: try words.number("most"),
                legMinAgeMicroseconds: words.optional("least").flatMap { Int64($0) },
                heartbeatMicroseconds: try words.number("heartbeat", or: 0),
                samples: UInt32(clamping: try words.number("samples", or: 1000)),
                conversions: conversions
            )
        )
        line = 0
        lastQuotes = [:]
        told = []
        return "\(text)\n"
    }

    /// `bbo now= symbol= venue= feed= epoch= seq= received= [exchange=] state= [bid=P:S] [ask=P:S] [silent=1]`.
    mutating func quote(_ words: Words) throws -> String {
        let now = try words.number("now")
        guard let symbol = names.symbol(try words.text("symbol")),
            let venue = names.venue(try words.text("venue")), let feed = names.feed(try words.text("feed"))
        else { throw ScriptError.bad("name") }
        var update = LegUpdate(
            symbol: symbol,
            venue: venue,
            identity: RecordIdentity(
                feed: feed,
                epoch: try words.number("epoch"),
                seq: UInt64(clamping: try words.number("seq"))
            ),
            exchangeMicroseconds: try words.number("exchange", or: EventTime.none),
            receivedMicroseconds: try words.number("received"),
            bid: try words.levels("bid").first,
            ask: try words.levels("ask").first
        )
        update.isLive = try words.text("state") == "live"
        if !update.isLive { (update.bid, update.ask) = (nil, nil) }
        sweep(now)
        let outcome = names.apply(update, now: now)
        var said = "taken"
        if case .ignored(let reason) = outcome { said = reason.name }
        told.insert(symbol)
        if words.optional("silent") != nil { return "" }
        return "\(line) \(said)\n" + (try quotes(now))
    }

    /// `heard now= feed= at=`, `stopped now= feed= at=`.
    mutating func pulse(_ words: Words, isLast: Bool) throws -> String {
        guard let feed = names.feed(try words.text("feed")) else { throw ScriptError.bad("feed") }
        let time = try words.number("at")
        sweep(try words.number("now"))
        if isLast { names.stopped(feed: feed, at: time) } else { names.heard(ofFeed: feed, at: time) }
        return try quotes(try words.number("now"))
    }

    /// `apart now= symbol= venue= out=1`.
    mutating func setApart(_ words: Words) throws -> String {
        let now = try words.number("now")
        guard let symbol = names.symbol(try words.text("symbol")),
            let venue = names.venue(try words.text("venue"))
        else { throw ScriptError.bad("name") }
        sweep(now)
        names.setQuarantine(try words.number("out") == 1, symbol, venue, now: now)
        told.insert(symbol)
        return try quotes(now)
    }

    /// `forgotten now= symbol=`: another instance has it from now on.
    mutating func forget(_ words: Words) throws -> String {
        sweep(try words.number("now"))
        if let symbol = names.find(symbol: try words.text("symbol")) {
            names.forget(symbol)
            told.insert(symbol)
        }
        return try quotes(try words.number("now"))
    }

    /// Every symbol's quote, and the legs of each as they are; `untold` where the table said of none of them that it changed.
    mutating func quotes(_ now: Int64) throws -> String {
        sweep(now)
        var text = ""
        let symbols = (0..<names.symbolCount).map { SymbolID(index: UInt32(truncatingIfNeeded: $0)) }
        for symbol in symbols.sorted(by: { names.name(of: $0) < names.name(of: $1) }) {
            let quote = names.quote(of: symbol)
            if quote != lastQuotes[symbol, default: .none], !told.contains(symbol) { text += "untold " }
            lastQuotes[symbol] = quote
            text += "\(line) \(names.name(of: symbol)) \(side(quote.bid)) \(side(quote.ask))"
            text += " live=\(quote.liveLegs) crossed=\(quote.isCrossed) locked=\(quote.isLocked)"
            text += " \(legs(symbol, now).sorted().joined(separator: " "))\n"
        }
        told = []
        return text
    }

    /// Lets leave whose time is over, and notes of whom the table says that their quote is another.
    private mutating func sweep(_ now: Int64) {
        var changed = told
        names.expire(now: now) { changed.insert($0) }
        names.takeJoined { changed.insert($0) }
        told = changed
    }

    private func side(_ side: BestSide?) -> String {
        guard let side else { return "-" }
        let through = side.conversion.map { "/\(names.conversions[$0].name)" } ?? ""
        return "\(side.level.price)/\(side.level.size)/\(names.name(of: side.venue))\(through)"
    }

    private func legs(_ symbol: SymbolID, _ now: Int64) -> [String] {
        var found: [String] = []
        for index in 0..<names.venueCount {
            let venue = VenueIndex(index: UInt16(truncatingIfNeeded: index))
            guard let leg = names.leg(symbol, venue) else { continue }
            let health = names.isQuarantined(symbol, venue) && leg.health == .live ? "apart" : leg.health.name
            let skew = leg.skewMicroseconds.map(String.init) ?? "-"
            let times = "\(leg.age(at: now))/\(skew)/\(names.allowedAge(symbol, venue))"
            found.append("\(names.name(of: venue))=\(health)/\(times)")
        }
        names.convertedLegs(of: symbol, now: now) { leg in
            let health = leg.isQuarantined && leg.health == .live ? "apart" : leg.health.name
            let levels = [leg.bid, leg.ask].map { level in
                guard let level else { return "-" }
                return "\(level.price):\(level.size)"
            }
            let name = "\(names.name(of: leg.venue))>\(names.conversions[leg.conversion].name)"
            found.append("\(name)=\(health)/\(levels.joined(separator: "/"))")
        }
        return found
    }
}
