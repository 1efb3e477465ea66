// Part of MarketBus. Apache License 2.0, see LICENSE.

import Arbitrage
import FixedPoint
import Models
import Quotes
import Wire

extension RecordPublisher {
    /// The record of an opportunity's step; nil where a figure is beyond exact arithmetic.
    func record(
        _ step: RouteStep,
        of board: ArbitrageBoard,
        _ quotes: QuoteTable,
        _ head: AggregateHead
    ) -> OpportunityRecord? {
        let trades = trades(of: step, board, quotes)
        guard let bought = trades.firstIndex(where: { $0.side == .buy }) ?? trades.indices.first,
            let sold = trades.lastIndex(where: { $0.side == .sell }) ?? trades.indices.last,
            let edge = try? step.figures.profit.divided(
                by: step.figures.size,
                decimals: 12,
                rounding: .halfEven
            )
        else { return nil }
        return OpportunityRecord(
            head: head,
            id: "\(board.name(of: step.route, quotes)):\(step.openedMicroseconds)",
            kind: .init(board.map.routes[step.route].kind),
            state: .init(step.state),
            reason: step.reason.map { .init($0) },
            buy: Self.leg(trades[bought], step.figures.fills[bought]),
            sell: Self.leg(trades[sold], step.figures.fills[sold]),
            size: step.figures.size,
            edge: edge,
            edgeBasisPoints: step.figures.edgeBasisPoints,
            profit: step.figures.profit,
            openedMicroseconds: step.openedMicroseconds,
            durationMicroseconds: step.durationMicroseconds,
            trigger: Self.trigger(step.trigger, quotes),
            detail: Self.detail(step, board.map.routes[step.route].currency, trades)
        )
    }

    private func trades(
        of step: RouteStep,
        _ board: ArbitrageBoard,
        _ quotes: QuoteTable
    ) -> [OpportunityRecord.Trade] {
        let legs = board.map.routes[step.route].legs
        return legs.indices.map { index in
            let (market, fill) = (legs[index].market, step.figures.fills[index])
            let (symbol, venue) = (board.depth.symbol(of: market), board.depth.venue(of: market))
            let fees = board.fees(of: market)
            return OpportunityRecord.Trade(
                side: legs[index].isBuy ? .buy : .sell,
                symbol: quotes.name(of: symbol),
                venue: quotes.name(of: venue),
                venueSymbol: venueSymbol(symbol, venue),
                size: fill.size,
                value: fill.value,
                price: fill.best.price,
                worstPrice: fill.worstPrice,
                fee: fees?.taker ?? .zero,
                makerFee: fees?.maker,
                ageMicroseconds: step.legs[index].ageMicroseconds,
                skewMicroseconds: step.legs[index].skewMicroseconds ?? EventTime.none
            )
        }
    }

    private static func leg(_ trade: OpportunityRecord.Trade, _ fill: LegFill) -> OpportunityRecord.Leg {
        OpportunityRecord.Leg(
            venue: trade.venue,
            venueSymbol: trade.venueSymbol,
            price: trade.price,
            size: fill.best.size,
            fee: trade.fee,
            ageMicroseconds: trade.ageMicroseconds
        )
    }

    private static func trigger(
        _ trigger: Trigger?,
        _ quotes: QuoteTable
    ) -> OpportunityRecord.Trigger? {
        guard let trigger else { return nil }
        return OpportunityRecord.Trigger(
            venue: quotes.name(of: trigger.venue),
            feed: quotes.name(ofFeed: trigger.identity.feed),
            epoch: trigger.identity.epoch,
            seq: trigger.identity.seq,
            receivedMicroseconds: trigger.receivedMicroseconds
        )
    }

    private static func detail(
        _ step: RouteStep,
        _ currency: String,
        _ trades: [OpportunityRecord.Trade]
    ) -> OpportunityRecord.Detail {
        OpportunityRecord.Detail(
            legs: trades,
            currency: currency,
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

// MARK: - The words of records

extension OpportunityRecord.Kind {
    fileprivate init(_ kind: OpportunityKind) {
        switch kind {
        case .crossVenueSpot: self = .crossVenueSpot
        case .crossVenuePerpetual: self = .crossVenuePerpetual
        case .spotPerpetual: self = .spotPerpetual
        case .triangular: self = .triangular
        case .crossCurrency: self = .crossCurrency
        }
    }
}

extension OpportunityRecord.State {
    fileprivate init(_ state: OpportunityState) {
        switch state {
        case .open: self = .open
        case .update: self = .update
        case .close: self = .close
        case .settle: self = .settle
        }
    }
}

extension OpportunityRecord.Reason {
    fileprivate init(_ reason: CloseReason) {
        switch reason {
        case .edgeGone: self = .edgeGone
        case .legStale: self = .legStale
        case .legInvalid: self = .legInvalid
        case .shutdown: self = .shutdown
        case .handedOver: self = .handedOver
        case .restarted: self = .restarted
        }
    }
}
