// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// A venue's leg of another symbol as it joins a symbol's quote.
public struct ConvertedLeg: Sendable {
    /// The number of the conversion in ``QuoteTable/conversions``.
    public var conversion: Int
    /// The symbol that joins.
    public var source: SymbolID
    /// The venue.
    public var venue: VenueIndex
    /// What the venue says of the symbol that joins.
    public var leg: Leg
    /// The symbol of the market that turns it.
    public var market: SymbolID
    /// That market's venue.
    public var marketVenue: VenueIndex
    /// What that venue says of its market.
    public var marketLeg: Leg
    /// Whether it counts: while both legs do.
    public var health: LegHealth
    /// Whether either leg is out by ``QuoteTable/setQuarantine(_:_:_:now:)``.
    public var isQuarantined: Bool
    /// The venue's best bid in the currency that is joined.
    public var bid: PriceLevel?
    /// The venue's best ask in the currency that is joined.
    public var ask: PriceLevel?
}

/// Which symbols join which, by the configured conversions and the symbols that are known.
struct JoinTable: Sendable {
    struct Rule: Sendable {
        let conversion: Conversion
        let market: SymbolID
        let venue: VenueIndex
    }

    struct Join: Sendable {
        let rule: Int
        let source: SymbolID
    }

    let rules: [Rule]
    /// By symbol: who joins it, in the order of the rules.
    private var joins: ContiguousArray<[Join]> = []
    /// By symbol: whose quotes are others where it is another.
    private var dependents: ContiguousArray<[SymbolID]> = []

    init(rules: [Rule]) { self.rules = rules }

    func joins(of symbol: Int) -> [Join] { symbol < joins.count ? joins[symbol] : [] }

    func dependents(of symbol: Int) -> [SymbolID] { symbol < dependents.count ? dependents[symbol] : [] }

    /// Links a symbol that is new with those that are known.
    mutating func link(_ symbol: SymbolID, _ name: String, find: (String) -> SymbolID?) {
        for rule in rules.indices {
            if let source = rules[rule].conversion.source(of: name).flatMap(find) {
                link(source, to: symbol, rule)
            }
            if let target = rules[rule].conversion.target(of: name).flatMap(find) {
                link(symbol, to: target, rule)
            }
        }
    }

    private mutating func link(_ source: SymbolID, to target: SymbolID, _ rule: Int) {
        let market = rules[rule].market
        let highest = Int(max(source.index, target.index, market.index))
        while joins.count <= highest {
            joins.append([])
            dependents.append([])
        }
        // A symbol joins another by a rule once, whichever of both is known first.
        guard !joins[Int(target.index)].contains(where: { $0.rule == rule }) else { return }
        joins[Int(target.index)].append(Join(rule: rule, source: source))
        joins[Int(target.index)].sort { $0.rule < $1.rule }
        for needed in [source, market] where !dependents[Int(needed.index)].contains(target) {
            dependents[Int(needed.index)].append(target)
        }
    }
}

// MARK: - Reading

extension QuoteTable {
    /// The conversions in force, in the order of the settings.
    public var conversions: [Conversion] { joins.rules.map(\.conversion) }

    /// The other symbols that are known and without which a symbol's quote is not whole.
    ///
    /// They are those that join it, and the markets that turn them. Whoever publishes the quote must take in their records too.
    public func joining(_ symbol: SymbolID) -> [SymbolID] {
        joins.joins(of: Int(symbol.index)).flatMap { [$0.source, joins.rules[$0.rule].market] }
    }

    /// How many conversions' markets are live.
    public func liveConversions(now: Int64) -> Int {
        joins.rules.count { rule in
            guard let place = place(rule.market, rule.venue) else { return false }
            return isLive(place, rule.market, rule.venue, now)
        }
    }

    /// The legs of other symbols that join a symbol's quote, those that don't count too; none of which either part was
    /// never heard of.
    ///
    /// - Parameters:
    ///   - symbol: whose quote it is.
    ///   - now: the time. Unit: microseconds since the Unix epoch.
    ///   - body: called for each, in the order of the conversions, then of the venues.
    public func convertedLegs(of symbol: SymbolID, now: Int64, _ body: (ConvertedLeg) -> Void) {
        for join in joins.joins(of: Int(symbol.index)) {
            let rule = joins.rules[join.rule]
            guard let marketPlace = place(rule.market, rule.venue), let market = legs[marketPlace] else {
                continue
            }
            for index in 0..<venueCount {
                let venue = VenueIndex(index: UInt16(truncatingIfNeeded: index))
                guard let place = place(join.source, venue), let leg = legs[place] else { continue }
                let health = Self.worse(health(place, now), self.health(marketPlace, now))
                var bid: PriceLevel?
                var ask: PriceLevel?
                if health != .invalid { (bid, ask) = Self.turned(leg, market, rule.conversion) }
                let isOut =
                    isQuarantined(join.source, venue) || isQuarantined(rule.market, rule.venue)
                body(
                    ConvertedLeg(
                        conversion: join.rule,
                        source: join.source,
                        venue: venue,
                        leg: leg,
                        market: rule.market,
                        marketVenue: rule.venue,
                        marketLeg: market,
                        health: health,
                        isQuarantined: isOut,
                        bid: bid,
                        ask: ask
                    )
                )
            }
        }
    }

    /// Hands over the symbols whose quote is another because something that they are joined with is, each once.
    public mutating func takeJoined(_ body: (SymbolID) -> Void) {
        guard !joined.isEmpty else { return }
        let symbols = joined
        joined.removeAll(keepingCapacity: true)
        for symbol in symbols { body(symbol) }
    }

    private func health(_ place: Int, _ now: Int64) -> LegHealth {
        guard let health = legs[place]?.health else { return .invalid }
        return health == .live && deadlines[place] < now ? .stale : health
    }

    private static func worse(_ left: LegHealth, _ right: LegHealth) -> LegHealth {
        left.rawValue > right.rawValue ? left : right
    }

    private func isLive(_ place: Int, _ symbol: SymbolID, _ venue: VenueIndex, _ now: Int64) -> Bool {
        deadlines[place] != .max && deadlines[place] >= now && !isQuarantined(symbol, venue)
    }

    private static func turned(
        _ leg: Leg,
        _ market: Leg,
        _ conversion: Conversion
    ) -> (bid: PriceLevel?, ask: PriceLevel?) {
        var bid: PriceLevel?
        var ask: PriceLevel?
        if let level = leg.bid {
            bid = conversion.bid(level, marketBid: market.bid, marketAsk: market.ask)
        }
        if let level = leg.ask {
            ask = conversion.ask(level, marketBid: market.bid, marketAsk: market.ask)
        }
        return (bid, ask)
    }
}

// MARK: - Consolidating

extension QuoteTable {
    /// Lets the legs that join a symbol take part in its quote.
    func consider(joinsOf symbol: Int, _ now: Int64, in quote: inout ConsolidatedQuote) {
        for join in joins.joins(of: symbol) {
            let rule = joins.rules[join.rule]
            guard let marketPlace = place(rule.market, rule.venue), let market = legs[marketPlace],
                isLive(marketPlace, rule.market, rule.venue, now)
            else { continue }
            for index in 0..<venueCount {
                let venue = VenueIndex(index: UInt16(truncatingIfNeeded: index))
                guard let place = place(join.source, venue), isLive(place, join.source, venue, now),
                    let leg = legs[place]
                else { continue }
                quote.liveLegs += 1
                let (bid, ask) = Self.turned(leg, market, rule.conversion)
                consider(bid, ask, venue, join.rule, in: &quote)
            }
        }
    }

    /// Finds the quotes again that depend on a symbol, and notes those that are others or of which a leg's time was over.
    ///
    /// A symbol that others join may itself join one: whoever depends on it must hear of a leg that leaves it here, since no
    /// sweep will find that leg again.
    mutating func followJoins(of symbol: Int, now: Int64) {
        for target in joins.dependents(of: symbol) {
            let hasLeaver = hasLateLeg(target, now)
            let isOther = recompute(Int(target.index), now: now)
            if isOther || hasLeaver, !joined.contains(target) { joined.append(target) }
            if hasLeaver { followJoins(of: Int(target.index), now: now) }
        }
    }

    private func hasLateLeg(_ symbol: SymbolID, _ now: Int64) -> Bool {
        (0..<venueCount).contains { index in
            guard let place = place(symbol, VenueIndex(index: UInt16(truncatingIfNeeded: index))) else {
                return false
            }
            return deadlines[place] < now
        }
    }
}
