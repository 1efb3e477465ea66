// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes

/// Watches every route through the books of all venues, and follows each opportunity from its opening to its close.
///
/// A change of a book judges only the routes that the book is part of. Steps are collected in ``steps`` until
/// ``removeSteps()``. There is no clock in here: the time comes in with every call and does not go back.
///
/// - Thread: one at a time. Allocates: for an instrument that is new and where something is found.
public struct ArbitrageBoard: Sendable {
    /// The steps since the last ``removeSteps()``, in order.
    public private(set) var steps: ContiguousArray<RouteStep> = []
    /// The books.
    public private(set) var depth: DepthTable
    /// The routes.
    public private(set) var map: RouteMap
    /// What was passed over.
    public internal(set) var counts = BoardCounts()
    /// The route that last showed an implausible edge.
    public private(set) var lastImplausible: Int?

    let settings: EvaluationSettings
    private var facts: ContiguousArray<MarketFacts?> = []
    private var fundings: ContiguousArray<FundingTerms?> = []
    var states: ContiguousArray<RouteState> = []
    /// What was said of each instrument by ``setStanding(isOwned:isKnown:_:closing:now:)``.
    var standings: ContiguousArray<Standing> = []
    var lives = LifeTable()
    /// Closed ones that wait for late takers, by route and name.
    var settling: [SettlingKey: RouteLife] = [:]
    /// Late takers on their way.
    var replays: ReplayQueues
    /// Used again whenever some of them arrive.
    var arrived: ContiguousArray<Replay> = []
    private var touched: ContiguousArray<MarketIndex> = []

    /// A board that knows no instrument yet.
    public init(settings: EvaluationSettings, depth: DepthSettings, map: RouteMap = RouteMap()) {
        self.settings = settings
        self.depth = DepthTable(settings: depth)
        self.map = map
        replays = ReplayQueues(latencies: settings.latencies.count)
    }

    /// How many opportunities are open.
    public var openCount: Int { lives.openCount }

    /// What a route is called, which with the opening time is an opportunity's id.
    ///
    /// `symbol:venue:venue` for one symbol at two venues, else the kind and the legs.
    public func name(of route: Int, _ names: QuoteTable) -> String {
        let legs = map.routes[route].legs
        if legs.count == 2, depth.symbol(of: legs[0].market) == depth.symbol(of: legs[1].market) {
            var name = names.name(of: depth.symbol(of: legs[0].market))
            for leg in legs {
                name += ":"
                name += names.name(of: depth.venue(of: leg.market))
            }
            return name
        }
        var name = map.routes[route].kind.rawValue
        for leg in legs {
            name += leg.isBuy ? ":+" : ":-"
            name += names.name(of: depth.symbol(of: leg.market))
            name += "@"
            name += names.name(of: depth.venue(of: leg.market))
        }
        return name
    }

    /// Forgets the collected steps and keeps their memory.
    public mutating func removeSteps() { steps.removeAll(keepingCapacity: true) }
}

/// What a board passed over.
public struct BoardCounts: Hashable, Sendable {
    /// Figures were beyond exact arithmetic.
    public var overflows: UInt64 = 0
    /// A search over sizes was cut.
    public var cutSearches: UInt64 = 0
    /// Opportunities that were over before they were told.
    public var tooShort: UInt64 = 0
    /// Judgements that found more than ``EvaluationSettings/maximumEdgeBasisPoints``.
    public var implausible: UInt64 = 0
    /// Replays that were left out because too many wait.
    public var refusedReplays: UInt64 = 0
}

/// What is kept of a route.
struct RouteState: Sendable {
    var rules: RouteRules?
    /// Whether it is this board's to judge, and can be.
    var isWatched = true
    /// Whether nothing comes of it until a best price or a leg's health is another.
    var isQuiet = false
    var lastOpened = Int64.min
}

// MARK: - Instruments

extension ArbitrageBoard {
    /// The number of a venue's instrument, given out now if it is new; nil when there are too many.
    public mutating func market(_ symbol: SymbolID, _ venue: VenueIndex) -> MarketIndex? {
        guard let market = depth.market(symbol, venue) else { return nil }
        while facts.count < depth.count {
            facts.append(nil)
            fundings.append(nil)
            standings.append(Standing())
        }
        return market
    }

    /// Says that a market may convert one quote currency into another; said before its facts.
    public mutating func allowConversion(_ market: MarketIndex) { map.allowConversion(market) }

    /// Says what an instrument allows and charges; nil: it is unknown or can't be traded.
    public mutating func setFacts(_ new: MarketFacts?, _ market: MarketIndex, now: Int64) {
        let place = Int(market.index)
        guard place < facts.count, facts[place] != new else { return }
        settle(before: now)
        facts[place] = new
        if let new {
            let leg = depth[market]
            map.add(market, leg.symbol, leg.venue, new)
            while states.count < map.routes.count {
                states.append(RouteState(isWatched: canWatch(states.count)))
            }
        }
        for route in map.routes(of: market) { states[route].rules = nil }
        judge(market, nil, now)
    }

    /// What an instrument allows and charges, as far as it is known.
    public func facts(of market: MarketIndex) -> MarketFacts? {
        Int(market.index) < facts.count ? facts[Int(market.index)] : nil
    }

    /// What an instrument charges, as far as it is known; the maker's nil: nobody says.
    ///
    /// - Allocates: never.
    public func fees(of market: MarketIndex) -> (taker: ScaledDecimal, maker: ScaledDecimal?)? {
        let place = Int(market.index)
        guard place < facts.count, let taker = facts[place]?.takerFee else { return nil }
        return (taker, facts[place]?.makerFee)
    }

    /// Whether an instrument is known and can be traded.
    ///
    /// - Allocates: never.
    public func isDescribed(_ market: MarketIndex) -> Bool {
        let place = Int(market.index)
        if place < facts.count, case .some = facts[place] { return true }
        return false
    }

    /// Says what a perpetual's next funding is; nil: nobody knows.
    public mutating func setFunding(
        _ terms: FundingTerms?,
        _ market: MarketIndex,
        trigger: Trigger?,
        now: Int64
    ) {
        let place = Int(market.index)
        guard place < fundings.count, fundings[place] != terms else { return }
        settle(before: now)
        fundings[place] = terms
        judge(market, trigger, now)
    }
}

// MARK: - Books and time

extension ArbitrageBoard {
    /// Takes in a record of a book.
    ///
    /// - Parameters:
    ///   - update: what it says.
    ///   - market: a number that ``market(_:_:)`` gave out.
    ///   - now: the time. Unit: microseconds since the Unix epoch.
    /// - Returns: what it did to the book.
    @discardableResult
    public mutating func apply(_ update: DepthUpdate, _ market: MarketIndex, now: Int64) -> DepthOutcome {
        settle(before: now)
        let before = depth.top(of: market)
        let outcome = depth.apply(market, update, now: now)
        if case .ignored = outcome { return outcome }
        let sparesQuiet = depth.top(of: market) == before
        let trigger = Trigger(
            venue: depth[market].venue,
            identity: update.identity,
            receivedMicroseconds: update.receivedMicroseconds
        )
        for route in map.routes(of: market) where !(sparesQuiet && states[route].isQuiet) {
            judge(route, trigger, now)
        }
        return outcome
    }

    /// Notes that a feed is alive.
    public mutating func heard(ofFeed feed: UInt32, at time: Int64) { depth.heard(ofFeed: feed, at: time) }

    /// Notes that a feed says it stops; see ``DepthTable/stopped(feed:at:)``.
    public mutating func stopped(feed: UInt32, at time: Int64) { depth.stopped(feed: feed, at: time) }

    /// Takes an instrument's leg out, or back in, whatever its book says.
    public mutating func setQuarantine(_ isOut: Bool, _ market: MarketIndex, now: Int64) {
        settle(before: now)
        depth.setQuarantine(isOut, market)
        judge(market, nil, now)
    }

    /// Does what time brings: takers that arrive, legs that grow too old, what has lasted long enough, what waits to be told.
    public mutating func tick(now: Int64) {
        settle(before: now)
        touched.removeAll(keepingCapacity: true)
        depth.expire(now: now) { touched.append($0) }
        for market in touched { judge(market, nil, now) }
        // Neither of the two ends a life.
        for route in lives.routes {
            openIfDue(route, nil, now)
            tellIfDue(route, now)
        }
    }

    /// Judges all that an instrument is part of, after its book was learned without judging.
    public mutating func review(_ market: MarketIndex, now: Int64) {
        settle(before: now)
        judge(market, nil, now)
    }

    /// Forgets an instrument's book, because another stream tells of it from now on.
    public mutating func forgetBook(_ market: MarketIndex) { depth.forget(market) }

    /// Closes everything that is open.
    public mutating func closeAll(_ reason: CloseReason, now: Int64) {
        for route in lives.routes { end(route, reason, nil, now) }
        settling.removeAll()
        replays.removeAll { _ in true }
    }
}

// MARK: - Judging

extension ArbitrageBoard {
    private mutating func judge(_ market: MarketIndex, _ trigger: Trigger?, _ now: Int64) {
        for route in map.routes(of: market) { judge(route, trigger, now) }
    }

    private mutating func judge(_ route: Int, _ trigger: Trigger?, _ now: Int64) {
        guard states[route].isWatched else { return }
        states[route].isQuiet = false
        if let reason = obstacle(route) {
            states[route].isQuiet = true
            if lives.has(route) { end(route, reason, trigger, now) }
            return
        }
        var figures: DepthFigures?
        do throws(DecimalError) {
            figures = try self.figures(route, now)
        } catch {
            counts.overflows &+= 1
        }
        guard let figures else {
            if lives.has(route) { end(route, .edgeGone, trigger, now) }
            return
        }
        if let most = settings.maximumEdgeBasisPoints, figures.edgeBasisPoints > most {
            counts.implausible &+= 1
            lastImplausible = route
            if lives.has(route) { end(route, .legInvalid, trigger, now) }
            return
        }
        if !figures.isBest { counts.cutSearches &+= 1 }
        if lives.has(route) {
            _ = lives.change(route) { $0.take(figures, trigger, now: now) }
        } else {
            lives.begin(route, RouteLife(figures, now: now))
        }
        openIfDue(route, trigger, now)
        tellIfDue(route, now)
    }

    /// Why a route can't be judged by prices at all, if so.
    func obstacle(_ route: Int) -> CloseReason? {
        var isStale = false
        for leg in map.routes[route].legs {
            guard isDescribed(leg.market) else { return .legInvalid }
            switch depth.health(leg.market) {
            case .live: continue
            case .stale: isStale = true
            case .invalid: return .legInvalid
            }
        }
        return isStale ? .legStale : nil
    }

    private mutating func figures(_ number: Int, _ now: Int64) throws(DecimalError) -> DepthFigures? {
        let rules = rules(number)
        let route = map.routes[number]
        let carry = try carry(route, now)
        guard try rules.isCrossed(route, depth, carry: carry) else {
            // What funding brings depends on the time too.
            states[number].isQuiet = route.kind != .spotPerpetual
            return nil
        }
        return try rules.best(route, depth, carry: carry)
    }

    mutating func rules(_ number: Int) -> RouteRules {
        if let known = states[number].rules { return known }
        let route = map.routes[number]
        let rules = RouteRules(route, route.legs.compactMap { facts[Int($0.market.index)] }, settings)
        states[number].rules = rules
        return rules
    }

    /// What a unit of base brings at the next funding; nil where there is none to come.
    func carry(_ route: Route, _ now: Int64) throws(DecimalError) -> ScaledDecimal? {
        guard route.kind == .spotPerpetual else { return nil }
        for leg in route.legs {
            let place = Int(leg.market.index)
            guard facts[place]?.kind == .linearPerpetual, let terms = fundings[place] else { continue }
            guard terms.nextMicroseconds > now else { return nil }
            let paid = try terms.rate.multiplied(by: terms.mark)
            return leg.isBuy ? try paid.negated() : paid
        }
        return nil
    }
}

// MARK: - Steps

extension ArbitrageBoard {
    private mutating func openIfDue(_ route: Int, _ trigger: Trigger?, _ now: Int64) {
        guard let wait = lives.waiting(route, for: settings.minimumDurationMicroseconds, now: now) else {
            return
        }
        // Two opportunities of a route never share an opening time, so that ids stay unique.
        let last = states[route].lastOpened
        let opened = max(wait.seen, last == .max ? .max : last + 1)
        states[route].lastOpened = opened
        let awaited = scheduleReplays(route, opened, wait.size, now)
        _ = lives.change(route) { $0.open(as: opened, awaiting: awaited, now: now) }
        tell(route, .open, nil, trigger, now)
    }

    private mutating func tellIfDue(_ route: Int, _ now: Int64) {
        let interval = settings.updateIntervalMicroseconds
        guard let trigger = lives.change(route, { $0.tell(after: interval, now: now) }) ?? nil else { return }
        tell(route, .update, nil, trigger, now)
    }

    mutating func end(_ route: Int, _ reason: CloseReason, _ trigger: Trigger?, _ now: Int64) {
        guard let life = lives[route] else { return }
        if let opened = life.openedMicroseconds {
            tell(route, .close, reason, trigger, now)
            if life.awaited > 0 {
                var ended = life
                ended.end(now: now)
                settling[SettlingKey(route: route, opened: opened)] = ended
            }
        } else {
            counts.tooShort &+= 1
        }
        lives.end(route)
    }

    private mutating func tell(
        _ route: Int,
        _ state: OpportunityState,
        _ reason: CloseReason?,
        _ trigger: Trigger?,
        _ now: Int64
    ) {
        guard let life = lives[route] else { return }
        tell(life, route, state, reason, trigger, now)
    }

    mutating func tell(
        _ life: RouteLife,
        _ route: Int,
        _ state: OpportunityState,
        _ reason: CloseReason?,
        _ trigger: Trigger?,
        _ now: Int64
    ) {
        guard let opened = life.openedMicroseconds else { return }
        guard let worth = try? life.life(now: now) else {
            counts.overflows &+= 1
            return
        }
        let legs = map.routes[route].legs.map { leg in
            LegMoment(
                ageMicroseconds: depth.age(of: leg.market, at: now),
                skewMicroseconds: depth.skew(of: leg.market)
            )
        }
        steps.append(
            RouteStep(
                state: state,
                reason: reason,
                route: route,
                figures: life.figures,
                life: worth,
                legs: legs,
                takers: life.takers,
                openedMicroseconds: opened,
                atMicroseconds: now,
                durationMicroseconds: life.duration(now: now),
                trigger: trigger
            )
        )
    }
}
