// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes

/// What buying at one venue and selling at another is bound to, worked out once from both venues' facts.
struct PairTerms: Sendable {
    let kind: OpportunityKind
    /// 1 + the buyer's fee.
    let buyFactor: ScaledDecimal
    /// 1 - the seller's fee.
    let sellFactor: ScaledDecimal
    let buyFee: ScaledDecimal
    let sellFee: ScaledDecimal
    let step: ScaledDecimal?
    let minSize: ScaledDecimal
    let minNotional: ScaledDecimal
    let contractSize: ScaledDecimal?
    let minimumRate: ScaledDecimal

    /// Nil where the two can't be set against each other: different kinds, or inverse contracts of different size.
    init?(buy: MarketFacts, sell: MarketFacts, minimumRate: ScaledDecimal) {
        guard buy.kind == sell.kind, let kind = OpportunityKind(of: buy.kind),
            buy.contractSize == sell.contractSize
        else { return nil }
        do throws(DecimalError) {
            buyFactor = try ScaledDecimal.one.adding(buy.takerFee)
            sellFactor = try ScaledDecimal.one.subtracting(sell.takerFee)
            step = try SizeGrid.step(buy.lot, sell.lot)
        } catch {
            return nil
        }
        self.kind = kind
        buyFee = buy.takerFee
        sellFee = sell.takerFee
        minSize = max(buy.minSize ?? .zero, sell.minSize ?? .zero)
        minNotional = max(buy.minNotional ?? .zero, sell.minNotional ?? .zero)
        contractSize = buy.contractSize
        self.minimumRate = minimumRate
    }

    /// The figures of buying at `ask` and selling at `bid`; nil where nothing is gained, or the size is too small.
    ///
    /// - Throws: ``DecimalError/overflow``.
    func figures(ask: PriceLevel, bid: PriceLevel) throws(DecimalError) -> OpportunityFigures? {
        let received = try bid.price.multiplied(by: sellFactor)
        let paid = try ask.price.multiplied(by: buyFactor)
        guard received > paid || minimumRate.isNegative else { return nil }
        let edge = try received.subtracting(paid)
        guard edge > (try paid.multiplied(by: minimumRate)) else { return nil }
        var size = min(ask.size, bid.size)
        if let step { size = try size.floored(toMultipleOf: step) }
        guard size.isPositive, size >= minSize else { return nil }
        let worth = try size.multiplied(by: contractSize ?? min(ask.price, bid.price))
        guard worth >= minNotional else { return nil }
        return OpportunityFigures(
            buy: ask,
            sell: bid,
            buyFee: buyFee,
            sellFee: sellFee,
            size: size,
            grossEdge: try bid.price.subtracting(ask.price),
            netEdge: edge,
            netEdgeBasisPoints: try edge.multiplied(by: ScaledDecimal(10_000))
                .divided(by: paid, decimals: 4, rounding: .halfEven),
            netProfit: try profit(edge, size, ask.price)
        )
    }

    private func profit(
        _ edge: ScaledDecimal,
        _ size: ScaledDecimal,
        _ price: ScaledDecimal
    ) throws(DecimalError) -> ScaledDecimal {
        guard let contractSize else { return try edge.multiplied(by: size) }
        // Contracts × quote a contract / price = base; a quotient, so cut to what is surely held.
        let value = try edge.multiplied(by: try size.multiplied(by: contractSize))
        return try value.divided(by: price, decimals: 8, rounding: .towardZero)
    }
}
