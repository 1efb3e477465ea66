// Part of MarketBus. Apache License 2.0, see LICENSE.

import Arbitrage
import FixedPoint
import Models
import Quotes
import Wire

/// Steps of opportunities as records.
struct StepRecordMaker {
    let board: ArbitrageBoard
    let quotes: QuoteTable
    let venueSymbol: (SymbolID, VenueIndex) -> String

    /// The record of a step; nil where a figure is beyond exact arithmetic.
    func record(_ step: RouteStep, _ head: AggregateHead) -> OpportunityRecord? {
        let route = board.map.routes[step.route]
        let trades = route.legs.indices.map { trade(step, route, $0) }
        guard let buy = trades.first(where: { $0.side == .buy }) ?? trades.first,
            let sell = trades.last(where: { $0.side == .sell }) ?? trades.last,
            let edge = try? step.figures.profit.divided(
                by: step.figures.size,
                decimals: 12,
                rounding: .halfEven
            )
        else { return nil }
        return OpportunityRecord(
            head: head,
            id: "\(board.name(of: step.route, quotes)):\(step.openedMicroseconds)",
            kind: OpportunityRecord.Kind(rawValue: route.kind.rawValue) ?? .crossVenueSpot,
            state: OpportunityRecord.State(rawValue: step.state.rawValue) ?? .update,
            reason: step.reason.flatMap { OpportunityRecord.Reason(rawValue: $0.rawValue) },
            buy: leg(buy, step, trades),
            sell: leg(sell, step, trades),
            size: step.figures.size,
            edge: edge,
            edgeBasisPoints: step.figures.edgeBasisPoints,
            profit: step.figures.profit,
            openedMicroseconds: step.openedMicroseconds,
            durationMicroseconds: step.durationMicroseconds,
            trigger: trigger(step.trigger),
            detail: detail(step, route, trades)
        )
    }

    private func trade(_ step: RouteStep, _ route: Route, _ index: Int) -> OpportunityRecord.Trade {
        let fill = step.figures.fills[index]
        let moment = step.legs[index]
        let leg = board.depth[route.legs[index].market]
        let facts = board.facts(of: route.legs[index].market)
        return OpportunityRecord.Trade(
            side: route.legs[index].isBuy ? .buy : .sell,
            symbol: quotes.name(of: leg.symbol),
            venue: quotes.name(of: leg.venue),
            venueSymbol: venueSymbol(leg.symbol, leg.venue),
            size: fill.size,
            value: fill.value,
            price: fill.best.price,
            worstPrice: fill.worstPrice,
            fee: facts?.takerFee ?? .zero,
            makerFee: facts?.makerFee,
            ageMicroseconds: moment.ageMicroseconds,
            skewMicroseconds: moment.skewMicroseconds ?? EventTime.none
        )
    }

    private func leg(
        _ trade: OpportunityRecord.Trade,
        _ step: RouteStep,
        _ trades: [OpportunityRecord.Trade]
    ) -> OpportunityRecord.Leg {
        let place = trades.firstIndex(of: trade) ?? 0
        return OpportunityRecord.Leg(
            venue: trade.venue,
            venueSymbol: trade.venueSymbol,
            price: trade.price,
            size: step.figures.fills[place].best.size,
            fee: trade.fee,
            ageMicroseconds: trade.ageMicroseconds
        )
    }

    private func trigger(_ trigger: Trigger?) -> OpportunityRecord.Trigger? {
        guard let trigger else { return nil }
        return OpportunityRecord.Trigger(
            venue: quotes.name(of: trigger.venue),
            feed: quotes.name(ofFeed: trigger.identity.feed),
            epoch: trigger.identity.epoch,
            seq: trigger.identity.seq,
            receivedMicroseconds: trigger.receivedMicroseconds
        )
    }

    private func detail(
        _ step: RouteStep,
        _ route: Route,
        _ trades: [OpportunityRecord.Trade]
    ) -> OpportunityRecord.Detail {
        OpportunityRecord.Detail(
            legs: trades,
            currency: route.currency,
            cost: step.figures.cost,
            funding: step.figures.funding,
            curve: step.figures.curve.map { (size: $0.size, profit: $0.profit) },
            peakEdgeBasisPoints: step.life.peakEdgeBasisPoints,
            peakMicroseconds: step.life.peakMicroseconds,
            peakProfit: step.life.peakProfit,
            meanEdgeBasisPoints: step.life.meanEdgeBasisPoints,
            takers: step.takers.map {
                .init(latencyMicroseconds: $0.latencyMicroseconds, earned: $0.earned)
            }
        )
    }
}
