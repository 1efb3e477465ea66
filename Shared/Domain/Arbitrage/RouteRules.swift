// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes

/// A perpetual's next funding.
public struct FundingTerms: Hashable, Sendable {
    /// What holders of long positions pay, as a fraction of the mark price.
    public var rate: ScaledDecimal
    /// When.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var nextMicroseconds: Int64
    /// The mark price.
    public var mark: ScaledDecimal

    /// Makes terms.
    public init(rate: ScaledDecimal, nextMicroseconds: Int64, mark: ScaledDecimal) {
        self.rate = rate
        self.nextMicroseconds = nextMicroseconds
        self.mark = mark
    }
}

/// How a route is judged, worked out once from the facts of its instruments.
///
/// Boxed: what is looked at with every record is not copied.
indirect enum RouteRules: Sendable {
    case pair(PairWalk)
    case cycle(CycleWalk)
    /// The instruments can't be set against each other.
    case none

    init(_ route: Route, _ facts: [MarketFacts], _ settings: EvaluationSettings) {
        switch route.kind {
        case .crossVenueSpot, .crossVenuePerpetual, .spotPerpetual:
            guard facts.count == 2, let walk = PairWalk(buy: facts[0], sell: facts[1], settings) else {
                self = .none
                return
            }
            self = .pair(walk)
        case .triangular, .crossCurrency:
            let legs = zip(facts, route.legs).map { (facts: $0, isBuy: $1.isBuy) }
            self = CycleWalk(legs, settings).map { .cycle($0) } ?? .none
        }
    }

    /// Whether the best levels alone earn something.
    ///
    /// - Throws: ``DecimalError/overflow``. Allocates: never.
    func isCrossed(
        _ route: Route,
        _ depth: DepthTable,
        carry: ScaledDecimal?
    ) throws(DecimalError) -> Bool {
        let legs = route.legs
        guard let first = depth.bestPrice(legs[0].market, buying: legs[0].isBuy),
            let second = depth.bestPrice(legs[1].market, buying: legs[1].isBuy)
        else { return false }
        switch self {
        case .pair(let walk):
            return try walk.isCrossed(ask: first, bid: second, carry: carry ?? .zero)
        case .cycle(let walk):
            guard let third = depth.bestPrice(legs[2].market, buying: legs[2].isBuy) else { return false }
            return try walk.isCrossed(first, second, third)
        case .none:
            return false
        }
    }

    /// The figures of the best size, if anything is gained.
    ///
    /// - Throws: ``DecimalError``.
    func best(
        _ route: Route,
        _ depth: DepthTable,
        carry: ScaledDecimal?
    ) throws(DecimalError) -> DepthFigures? {
        let ladders = Self.ladders(route, depth)
        switch self {
        case .pair(let walk): return try walk.best(asks: ladders[0], bids: ladders[1], carry: carry)
        case .cycle(let walk): return try walk.best(ladders)
        case .none: return nil
        }
    }

    /// What exactly this size earns; nil where the books don't hold so much.
    ///
    /// - Throws: ``DecimalError``.
    func profit(
        of size: ScaledDecimal,
        _ route: Route,
        _ depth: DepthTable,
        carry: ScaledDecimal?
    ) throws(DecimalError) -> ScaledDecimal? {
        let ladders = Self.ladders(route, depth)
        switch self {
        case .pair(let walk):
            return try walk.profit(of: size, asks: ladders[0], bids: ladders[1], carry: carry)
        case .cycle(let walk): return try walk.profit(of: size, ladders)
        case .none: return nil
        }
    }

    private static func ladders(_ route: Route, _ depth: DepthTable) -> [ContiguousArray<PriceLevel>] {
        route.legs.map { depth[$0.market].ladder.levels(buying: $0.isBuy) }
    }
}
