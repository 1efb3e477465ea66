// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes

/// Buying through one venue's asks and selling the same size through another's bids.
///
/// A unit is worth taking while it earns more than the least edge: the size is the multiple of both lots that
/// maximises profit less `least edge × cost`, the smaller of two that are equal, and never below a minimum.
struct PairWalk: Sendable {
    /// 1 + the buyer's fee.
    let buyFactor: ScaledDecimal
    /// The same times 1 + the least edge.
    let requiredFactor: ScaledDecimal
    /// 1 - the seller's fee.
    let sellFactor: ScaledDecimal
    let step: ScaledDecimal
    let minSize: ScaledDecimal
    let buyMinNotional: ScaledDecimal
    let sellMinNotional: ScaledDecimal
    /// Set where both are inverse contracts.
    let contractSize: ScaledDecimal?

    /// Nil where the two can't be set against each other.
    init?(buy: MarketFacts, sell: MarketFacts, _ settings: EvaluationSettings) {
        guard buy.contractSize == sell.contractSize else { return nil }
        do throws(DecimalError) {
            buyFactor = try ScaledDecimal.one.adding(buy.takerFee)
            requiredFactor = try buyFactor.multiplied(
                by: try ScaledDecimal.one.adding(settings.minimumEdgeRate)
            )
            sellFactor = try ScaledDecimal.one.subtracting(sell.takerFee)
            step = try SizeGrid.step(buy.lot, sell.lot) ?? SizeGrid.finest
        } catch {
            return nil
        }
        minSize = max(buy.minSize ?? .zero, sell.minSize ?? .zero)
        buyMinNotional = max(buy.minNotional ?? .zero, settings.minimumValue)
        sellMinNotional = sell.minNotional ?? .zero
        contractSize = buy.contractSize
    }

    /// Whether the best levels alone earn something.
    ///
    /// - Throws: ``DecimalError/overflow``. Allocates: never.
    @inline(__always)
    func isCrossed(
        ask: ScaledDecimal,
        bid: ScaledDecimal,
        carry: ScaledDecimal
    ) throws(DecimalError) -> Bool {
        try gain(ask, bid, requiredFactor, carry).isPositive
    }

    /// The figures of the best size; nil where nothing is gained, or the size would be below a minimum.
    ///
    /// Levels come best first; `carry` is what a unit earns beside, such as funding, nil where nobody would be told of it.
    func best(
        asks: ContiguousArray<PriceLevel>,
        bids: ContiguousArray<PriceLevel>,
        carry: ScaledDecimal?
    ) throws(DecimalError) -> DepthFigures? {
        guard let ask = asks.first, let bid = bids.first,
            try isCrossed(ask: ask.price, bid: bid.price, carry: carry ?? .zero)
        else { return nil }
        guard let least = try leastSize(asks, bids) else { return nil }
        let books = Books(asks: asks, bids: bids, carry: carry ?? .zero)
        let below = try crossedSize(books).floored(toMultipleOf: step)
        var size = max(below, least)
        guard let first = try objective(size, books) else { return nil }
        var most = first
        if size == below {
            let next = try below.adding(step)
            if let other = try objective(next, books), other > most { (size, most) = (next, other) }
        }
        guard most.isPositive else { return nil }
        return try figures(size, least, books, carry)
    }

    /// What exactly this size earns; nil where the books don't hold so much.
    func profit(
        of size: ScaledDecimal,
        asks: ContiguousArray<PriceLevel>,
        bids: ContiguousArray<PriceLevel>,
        carry: ScaledDecimal?
    ) throws(DecimalError) -> ScaledDecimal? {
        let books = Books(asks: asks, bids: bids, carry: carry ?? .zero)
        guard let profit = try sum(size, books, buyFactor) else { return nil }
        return try told(profit)
    }
}

extension PairWalk {
    /// Both sides and what a unit earns beside.
    private struct Books {
        let asks: ContiguousArray<PriceLevel>
        let bids: ContiguousArray<PriceLevel>
        let carry: ScaledDecimal
    }

    /// What a unit bought at `ask` and sold at `bid` earns.
    @inline(__always)
    private func gain(
        _ ask: ScaledDecimal,
        _ bid: ScaledDecimal,
        _ factor: ScaledDecimal,
        _ carry: ScaledDecimal
    ) throws(DecimalError) -> ScaledDecimal {
        let edge = try bid.multiplied(by: sellFactor).subtracting(try ask.multiplied(by: factor))
        return carry.isZero ? edge : try edge.adding(carry)
    }

    /// Shows the parts of a size that meet one ask and one bid, in order, until `body` returns false; gives their sum.
    ///
    /// Without a size the books end it. Nothing behind the last part is looked at.
    private func walk(
        _ size: ScaledDecimal?,
        _ books: Books,
        _ body: (_ ask: ScaledDecimal, _ bid: ScaledDecimal, _ part: ScaledDecimal) throws(DecimalError) ->
            Bool
    ) throws(DecimalError) -> ScaledDecimal {
        var taken = ScaledDecimal.zero
        var (row, column) = (0, 0)
        var (asked, wanted) = (ScaledDecimal.zero, ScaledDecimal.zero)
        while true {
            if let size, taken >= size { return taken }
            if asked.isZero {
                guard row < books.asks.count else { return taken }
                asked = books.asks[row].size
                row += 1
            }
            if wanted.isZero {
                guard column < books.bids.count else { return taken }
                wanted = books.bids[column].size
                column += 1
            }
            var part = min(asked, wanted)
            if let size { part = min(part, try size.subtracting(taken)) }
            guard try body(books.asks[row - 1].price, books.bids[column - 1].price, part) else {
                return taken
            }
            asked = try asked.subtracting(part)
            wanted = try wanted.subtracting(part)
            taken = try taken.adding(part)
        }
    }

    /// Up to which size every unit is worth taking.
    private func crossedSize(_ books: Books) throws(DecimalError) -> ScaledDecimal {
        try walk(nil, books) { (ask, bid, _) throws(DecimalError) in
            try gain(ask, bid, requiredFactor, books.carry).isPositive
        }
    }

    /// The smallest multiple of the step that every minimum allows; nil where the books don't hold so much.
    private func leastSize(
        _ asks: ContiguousArray<PriceLevel>,
        _ bids: ContiguousArray<PriceLevel>
    ) throws(DecimalError) -> ScaledDecimal? {
        var least = max(step, minSize)
        for (levels, notional) in [(asks, buyMinNotional), (bids, sellMinNotional)]
        where notional.isPositive {
            if let contractSize {
                let count = try notional.divided(by: contractSize, decimals: 0, rounding: .awayFromZero)
                least = max(least, count)
                continue
            }
            let size = try LadderWalk.size(worth: notional, levels, rounding: .awayFromZero)
            guard let reached = try LadderWalk.value(of: size, levels), reached.value >= notional else {
                return nil
            }
            least = max(least, size)
        }
        return try SizeGrid.raised(least, toMultipleOf: step)
    }

    private func objective(_ size: ScaledDecimal, _ books: Books) throws(DecimalError) -> ScaledDecimal? {
        try sum(size, books, requiredFactor)
    }

    /// What a size earns where buying costs `factor` times the price; nil where the books don't hold so much.
    private func sum(
        _ size: ScaledDecimal,
        _ books: Books,
        _ factor: ScaledDecimal
    ) throws(DecimalError) -> ScaledDecimal? {
        var sum = ScaledDecimal.zero
        let taken = try walk(size, books) { (ask, bid, part) throws(DecimalError) in
            let gained = try gain(ask, bid, factor, books.carry)
            if let contractSize {
                // Contracts × quote a contract / price = base.
                let value = try gained.multiplied(by: try part.multiplied(by: contractSize))
                sum = try sum.adding(try value.divided(by: ask, decimals: 18, rounding: .halfEven))
            } else {
                sum = try sum.adding(try gained.multiplied(by: part))
            }
            return true
        }
        return taken < size ? nil : sum
    }

    private func told(_ profit: ScaledDecimal) throws(DecimalError) -> ScaledDecimal {
        contractSize == nil ? profit : try profit.rounded(toDecimals: 8, .halfEven)
    }

    private func figures(
        _ size: ScaledDecimal,
        _ least: ScaledDecimal,
        _ books: Books,
        _ carry: ScaledDecimal?
    ) throws(DecimalError) -> DepthFigures? {
        guard let bought = try LadderWalk.value(of: size, books.asks), let ask = books.asks.first,
            let sold = try LadderWalk.value(of: size, books.bids), let bid = books.bids.first,
            let gained = try sum(size, books, buyFactor)
        else { return nil }
        let profit = try told(gained)
        let paid = try contractSize?.multiplied(by: size) ?? bought.value
        let cost = try paid.multiplied(by: buyFactor)
        var curve: [CurvePoint] = []
        for point in try Curve.sizes([books.asks, books.bids], step: step, from: least, to: size) {
            if let gained = try point == size ? gained : sum(point, books, buyFactor) {
                curve.append(CurvePoint(size: point, profit: try told(gained)))
            }
        }
        var funding: ScaledDecimal?
        if let carry { funding = try carry.multiplied(by: size) }
        return DepthFigures(
            fills: [
                LegFill(size: size, value: bought.value, best: ask, worstPrice: bought.worstPrice),
                LegFill(size: size, value: sold.value, best: bid, worstPrice: sold.worstPrice),
            ],
            size: size,
            cost: cost,
            profit: profit,
            funding: funding,
            edgeBasisPoints: try DepthFigures.basisPoints(profit, of: cost),
            curve: curve,
            isBest: true
        )
    }
}
