// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

extension OKXDecoder {
    /// A row of a channel that pushes a few times a second.
    @inline(never)
    func figures(
        _ row: JSONCursor,
        _ kind: OKXRowKind,
        _ channelInstrument: JSONText?,
        _ envelope: inout OKXEnvelope,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(OKXFrameError) {
        do throws(DecodeError) {
            if case .candle(let interval) = kind {
                guard let instrument = try instrument(channelInstrument) else {
                    return envelope.hasOption = true
                }
                return try candle(row, interval, instrument, reader, &batch)
            }
            let figures = try OKXFigures(row, names)
            let name = figures[.instrument] ?? channelInstrument
            // Indexes are named like spot pairs, and are none.
            if kind.isIndex { return try index(figures, name, reader, &batch) }
            guard let instrument = try instrument(name) else { return envelope.hasOption = true }
            try event(figures, kind, instrument, reader, &batch)
        } catch {
            throw OKXFrameError(cause: error)
        }
    }

    /// The event of a row.
    func event(
        _ figures: OKXFigures,
        _ kind: OKXRowKind,
        _ instrument: InstrumentID,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        switch kind {
        case .ticker: batch.append(try ticker(figures, instrument, reader))
        case .funding: batch.append(try funding(figures, instrument, reader))
        case .mark:
            batch.append(ReferencePrice.mark(instrument, try reader.amount(figures[.mark], "markPx")))
        case .openInterest: batch.append(try openInterest(figures, instrument, reader))
        case .liquidation: try liquidations(figures, instrument, reader, &batch)
        case .trade, .quote, .book, .candle, .index: break
        }
    }

    /// The figures of 24 hours (venue sheet 3.2): `vol24h` counts base on spot and contracts elsewhere, `volCcy24h` quote
    /// on spot and base elsewhere.
    private func ticker(
        _ figures: OKXFigures,
        _ instrument: InstrumentID,
        _ reader: FieldReader
    ) throws(DecodeError) -> Ticker {
        let kind = instruments[instrument].kind
        let counted = kind == .spot || kind.isInverse
        let volume =
            counted
            ? try reader.amountIfAny(figures[.volume], "vol24h")
            : try reader.amountIfAny(figures[.currencyVolume], "volCcy24h")
        let last = try reader.required(figures[.last], "last")
        return Ticker(
            instrument: instrument,
            exchangeMicroseconds: try reader.timeOrEmpty(figures[.time], "ts"),
            last: try reader.amountIfAny(last, "last"),
            open: try reader.amountIfAny(figures[.open], "open24h"),
            high: try reader.amountIfAny(figures[.high], "high24h"),
            low: try reader.amountIfAny(figures[.low], "low24h"),
            volume: volume,
            quoteVolume: kind == .spot
                ? try reader.amountIfAny(figures[.currencyVolume], "volCcy24h")
                : try instruments.worth(ofContracts: volume, instrument)
        )
    }

    /// The rate that is charged at `fundingTime`; the time after that gives the interval (venue sheet 3.5).
    private func funding(
        _ figures: OKXFigures,
        _ instrument: InstrumentID,
        _ reader: FieldReader
    ) throws(DecodeError) -> Funding {
        let rate = try reader.decimalIfAny(figures[.rate], "fundingRate")
        let due = rate == nil ? EventTime.none : try reader.timeOrEmpty(figures[.due], "fundingTime")
        let isCharged = due != EventTime.none && due != 0
        let after = isCharged ? try reader.timeOrEmpty(figures[.after], "nextFundingTime") : EventTime.none
        let info = instruments[instrument]
        return Funding(
            instrument: instrument,
            exchangeMicroseconds: try reader.timeOrEmpty(figures[.time], "ts"),
            rate: isCharged ? rate : nil,
            nextMicroseconds: isCharged ? due : EventTime.none,
            intervalMicroseconds: after > due && isCharged ? after &- due : EventTime.none,
            mark: nil,
            index: nil,
            indexName: ShortText("\(info.base)-\(info.quote)")
        )
    }

    private func index(
        _ figures: OKXFigures,
        _ name: JSONText?,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        let price = try reader.amount(figures[.index], "idxPx")
        batch.append(ReferencePrice.index(try reader.identifier(name, "instId"), price))
    }

    /// `oiUsd` is quote currency on inverse contracts only (EVENTS ruling 27).
    private func openInterest(
        _ figures: OKXFigures,
        _ instrument: InstrumentID,
        _ reader: FieldReader
    ) throws(DecodeError) -> OpenInterest {
        let isInverse = instruments[instrument].kind.isInverse
        return OpenInterest(
            instrument: instrument,
            exchangeMicroseconds: try reader.timeOrEmpty(figures[.time], "ts"),
            contracts: try reader.amount(figures[.interest], "oi"),
            base: try reader.amountIfAny(figures[.interestBase], "oiCcy"),
            quote: isInverse ? try reader.amountIfAny(figures[.interestDollars], "oiUsd") : nil
        )
    }

    /// A row holds the liquidations of one contract (venue sheet 3.8); `side` is that of the order.
    private func liquidations(
        _ figures: OKXFigures,
        _ instrument: InstrumentID,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        guard let details = figures.details else { throw .missingField("details") }
        for row in try details.answerRows() {
            let order = try OKXFigures(row, names)
            let side = try reader.required(order[.side], "side")
            let isBuy = side.matches(names.buy)
            guard isBuy || side.matches(names.sell) else { throw reader.bad(side, "side") }
            let liquidation = Liquidation(
                instrument: instrument,
                exchangeMicroseconds: try reader.timeOrEmpty(order[.time], "ts"),
                side: isBuy ? .buy : .sell,
                price: try reader.amount(order[.price], "bkPx"),
                size: try base(try reader.amount(order[.size], "sz"), instrument)
            )
            batch.append(liquidation)
        }
    }
}
