// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

extension BinanceDecoder {
    /// The figures of 24 hours (venue sheet 3.5 and 4.6); COIN-M counts `v` in contracts and `q` in base.
    func ticker(
        _ row: BinanceRow,
        _ fields: BinanceFields,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        let instrument = try instrument(row.s, reader, market(of: fields, row.s))
        let volume = try reader.amountIfAny(row.v, "v")
        let worth = try instruments.worth(ofContracts: volume, instrument)
        let isInverse = instruments[instrument].kind.isInverse
        let ticker = Ticker(
            instrument: instrument,
            exchangeMicroseconds: try reader.time(row.E, "E"),
            last: try reader.amount(row.c, "c"),
            open: try reader.amountIfAny(row.o, "o"),
            high: try reader.amountIfAny(row.h, "h"),
            low: try reader.amountIfAny(row.l, "l"),
            volume: volume,
            quoteVolume: isInverse ? worth : try reader.amountIfAny(row.q, "q")
        )
        batch.append(ticker)
        return .events
    }

    /// Funding with its mark and index (venue sheet 4.4).
    ///
    /// A contract that has no funding spells it as `T` 0 or `r` "" (EVENTS ruling 26).
    func funding(
        _ row: BinanceRow,
        _ fields: BinanceFields,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        let instrument = try instrument(row.s, reader, market(of: fields, row.s))
        let rate = try reader.decimalIfAny(row.r, "r")
        let next = try reader.time(row.T, "T")
        let isCharged = rate != nil && next != EventTime.none && next != 0
        let index = try reader.amountIfAny(row.i, "i")
        let funding = Funding(
            instrument: instrument,
            exchangeMicroseconds: try reader.time(row.E, "E"),
            rate: isCharged ? rate : nil,
            nextMicroseconds: isCharged ? next : EventTime.none,
            intervalMicroseconds: EventTime.none,
            mark: try reader.amount(row.p, "p"),
            index: index,
            indexName: index == nil ? indexName(of: instruments[instrument]) : nil
        )
        batch.append(funding)
        return .events
    }

    /// The index of a pair, `BTCUSD`: COIN-M's mark price frames may lack it.
    func index(
        _ row: BinanceRow,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        let pair = try reader.required(row.i, "i").string
        let price = try reader.amount(row.p, "p")
        guard let named = BinanceSymbols.infer(pair, market: pair.hasSuffix("USD") ? .coinm : .usdm),
            let name = indexName(of: named)
        else { throw .unknownInstrument }
        batch.append(ReferencePrice.index(name, price))
        return .events
    }

    /// A liquidation order as it was placed (venue sheet 4.7, EVENTS ruling 14).
    func liquidation(
        _ row: BinanceRow,
        _ fields: BinanceFields,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        guard let inner = row.inner else { throw .missingField("o") }
        let order = try self.row(inner)
        let side = try reader.required(order.S, "S")
        let isBuy = side.matches(names.buy)
        guard isBuy || side.matches(names.sell) else { throw reader.bad(side, "S") }
        let liquidation = Liquidation(
            instrument: try instrument(order.s, reader, market(of: fields, order.s)),
            exchangeMicroseconds: order.T == nil
                ? try reader.time(row.E, "E") : try reader.time(order.T, "T"),
            side: isBuy ? .buy : .sell,
            price: try reader.amount(order.p, "p"),
            size: try reader.amount(order.q, "q")
        )
        batch.append(liquidation)
        return .events
    }

    private func indexName(of instrument: Instrument) -> ShortText? {
        ShortText("\(instrument.base)-\(instrument.quote)")
    }
}
