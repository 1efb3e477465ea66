// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import Quotes

/// One market of a route, and what is done there.
public struct RouteLeg: Hashable, Sendable {
    /// The venue's instrument.
    public var market: MarketIndex
    /// Whether it is bought there; else it is sold.
    public var isBuy: Bool

    /// Makes a leg.
    public init(_ market: MarketIndex, isBuy: Bool) {
        self.market = market
        self.isBuy = isBuy
    }
}

/// Markets that lead from a currency back to it.
public struct Route: Hashable, Sendable {
    /// What it is.
    public var kind: OpportunityKind
    /// The legs, in the order in which each pays for the next.
    public var legs: [RouteLeg]
    /// The currency in which its profit is counted.
    public var currency: String
}

/// All routes over the instruments that are known, and which of them an instrument is part of.
///
/// Built once for an instrument, when it is first heard of, so that a change of a book touches only its own routes.
///
/// - Thread: one at a time. Allocates: only for an instrument that is new.
public struct RouteMap: Sendable {
    private struct Market: Sendable {
        let symbol: SymbolID
        let venue: VenueIndex
        let kind: InstrumentKind
        let base: String
        let quote: String
    }

    /// Two currencies and a venue; `venue` nil: anywhere.
    private struct Pair: Hashable {
        var base: String
        var quote: String
        var venue: VenueIndex?
    }

    /// The routes; a route's number is its index.
    public private(set) var routes: ContiguousArray<Route> = []
    /// How many routes were left out because there are too many.
    public private(set) var refused: UInt64 = 0
    private var markets: [MarketIndex: Market] = [:]
    private var bySymbol: [SymbolID: [MarketIndex]] = [:]
    private var spotByPair: [Pair: [MarketIndex]] = [:]
    private var perpetualByPair: [Pair: [MarketIndex]] = [:]
    /// The spot markets of a venue that have a currency; `quote` is empty.
    private var spotByCurrency: [Pair: [MarketIndex]] = [:]
    private var spotByBase: [String: [MarketIndex]] = [:]
    private var touching: [MarketIndex: [Int]] = [:]
    private var conversions: Set<MarketIndex> = []
    private let kinds: Set<OpportunityKind>
    /// The currencies in which profit is counted where a triangle has one of them, the first that it has.
    private let home: [String]
    private let limit: Int

    /// An empty map.
    ///
    /// - Parameters:
    ///   - kinds: which kinds of routes are wanted.
    ///   - home: the currencies in which the profit of triangles is counted, the most wanted first.
    ///   - limit: the most routes that are made.
    public init(
        kinds: Set<OpportunityKind> = Set(OpportunityKind.allCases),
        home: [String] = ["USDT", "USDC", "USD"],
        limit: Int = 200_000
    ) {
        self.kinds = kinds
        self.home = home
        self.limit = limit
    }

    /// The numbers of the routes that an instrument is part of.
    public func routes(of market: MarketIndex) -> [Int] { touching[market] ?? [] }

    /// Says that a market may convert one quote currency into another; counts for instruments added later, so it is
    /// said first.
    public mutating func allowConversion(_ market: MarketIndex) { conversions.insert(market) }

    /// Adds an instrument, and the routes that it makes with those that are known.
    public mutating func add(
        _ market: MarketIndex,
        _ symbol: SymbolID,
        _ venue: VenueIndex,
        _ facts: MarketFacts
    ) {
        guard markets[market] == nil else { return }
        let new = Market(symbol: symbol, venue: venue, kind: facts.kind, base: facts.base, quote: facts.quote)
        markets[market] = new
        addPairs(market, new)
        if new.kind == .spot, !new.base.isEmpty, !new.quote.isEmpty, new.base != new.quote {
            addBasis(market, new, against: perpetualByPair)
            if conversions.contains(market) { addConversions(by: market, new) }
            addCrossings(market, new)
            addTriangles(market, new)
            for venue in [nil, new.venue] {
                spotByPair[Pair(base: new.base, quote: new.quote, venue: venue), default: []].append(market)
            }
            for currency in [new.base, new.quote] {
                let key = Pair(base: currency, quote: "", venue: new.venue)
                spotByCurrency[key, default: []].append(market)
            }
            spotByBase[new.base, default: []].append(market)
        } else if new.kind == .linearPerpetual, !new.base.isEmpty {
            addBasis(market, new, against: spotByPair)
            perpetualByPair[Pair(base: new.base, quote: new.quote), default: []].append(market)
        }
        bySymbol[symbol, default: []].append(market)
    }

    private mutating func append(_ kind: OpportunityKind, _ legs: [RouteLeg], _ currency: String) {
        guard kinds.contains(kind) else { return }
        guard routes.count < limit else {
            refused &+= 1
            return
        }
        for leg in legs { touching[leg.market, default: []].append(routes.count) }
        routes.append(Route(kind: kind, legs: legs, currency: currency))
    }
}

// MARK: - Pairs

extension RouteMap {
    /// The same symbol at two venues, both ways.
    private mutating func addPairs(_ market: MarketIndex, _ new: Market) {
        guard let kind = OpportunityKind(of: new.kind) else { return }
        for other in bySymbol[new.symbol] ?? [] {
            guard let known = markets[other], known.kind == new.kind, known.venue != new.venue else {
                continue
            }
            appendBothWays(kind, market, other, new.quote)
        }
    }

    /// Spot against the perpetual of the same two currencies, both ways.
    private mutating func addBasis(
        _ market: MarketIndex,
        _ new: Market,
        against others: [Pair: [MarketIndex]]
    ) {
        for other in others[Pair(base: new.base, quote: new.quote)] ?? [] {
            appendBothWays(.spotPerpetual, market, other, new.quote)
        }
    }

    private mutating func appendBothWays(
        _ kind: OpportunityKind,
        _ left: MarketIndex,
        _ right: MarketIndex,
        _ currency: String
    ) {
        append(kind, [RouteLeg(left, isBuy: true), RouteLeg(right, isBuy: false)], currency)
        append(kind, [RouteLeg(right, isBuy: true), RouteLeg(left, isBuy: false)], currency)
    }
}

// MARK: - Cycles

extension RouteMap {
    /// Triangles of the venue that the market closes.
    private mutating func addTriangles(_ market: MarketIndex, _ new: Market) {
        for second in spotByCurrency[Pair(base: new.base, quote: "", venue: new.venue)] ?? [] {
            guard let next = markets[second] else { continue }
            let third = next.base == new.base ? next.quote : next.base
            guard third != new.quote else { continue }
            for last in spotMarkets(third, new.quote, at: new.venue) {
                appendTriangle([market, second, last], [new.base, new.quote, third])
            }
        }
    }

    private func spotMarkets(_ left: String, _ right: String, at venue: VenueIndex?) -> [MarketIndex] {
        (spotByPair[Pair(base: left, quote: right, venue: venue)] ?? [])
            + (spotByPair[Pair(base: right, quote: left, venue: venue)] ?? [])
    }

    private mutating func appendTriangle(_ parts: [MarketIndex], _ currencies: [String]) {
        let start = home.first { currencies.contains($0) } ?? currencies.min() ?? ""
        let others = currencies.filter { $0 != start }
        guard others.count == 2 else { return }
        for order in [others, [others[1], others[0]]] {
            let stops = [start] + order + [start]
            var legs: [RouteLeg] = []
            for index in 0..<3 {
                guard let leg = leg(from: stops[index], to: stops[index + 1], among: parts) else { return }
                legs.append(leg)
            }
            append(.triangular, legs, start)
        }
    }

    /// How to get from one currency to another with one of these markets.
    private func leg(from: String, to: String, among parts: [MarketIndex]) -> RouteLeg? {
        for part in parts {
            guard let market = markets[part] else { continue }
            if market.base == to, market.quote == from { return RouteLeg(part, isBuy: true) }
            if market.base == from, market.quote == to { return RouteLeg(part, isBuy: false) }
        }
        return nil
    }

    /// The market against others of its base currency with another quote currency, over every conversion that is known.
    private mutating func addCrossings(_ market: MarketIndex, _ new: Market) {
        for other in spotByBase[new.base] ?? [] {
            guard let known = markets[other], known.quote != new.quote else { continue }
            for conversion in spotMarkets(new.quote, known.quote, at: nil).sorted()
            where conversions.contains(conversion) {
                appendCrossing(market, other, conversion)
            }
        }
    }

    /// Everything that a new conversion joins.
    private mutating func addConversions(by conversion: MarketIndex, _ new: Market) {
        for (_, spots) in spotByBase.sorted(by: { $0.key < $1.key }) {
            for left in spots where markets[left]?.quote == new.base {
                for right in spots where markets[right]?.quote == new.quote {
                    appendCrossing(left, right, conversion)
                }
            }
        }
    }

    private mutating func appendCrossing(_ left: MarketIndex, _ right: MarketIndex, _ conversion: MarketIndex)
    {
        guard let first = markets[left], let second = markets[right], let third = markets[conversion] else {
            return
        }
        // All at one venue is a triangle already.
        guard first.venue != second.venue || first.venue != third.venue else { return }
        for (buy, sell, quotes) in [
            (left, right, (first.quote, second.quote)), (right, left, (second.quote, first.quote)),
        ] {
            guard let back = leg(from: quotes.1, to: quotes.0, among: [conversion]) else { continue }
            let legs = [RouteLeg(buy, isBuy: true), RouteLeg(sell, isBuy: false), back]
            append(.crossCurrency, legs, quotes.0)
        }
    }
}
