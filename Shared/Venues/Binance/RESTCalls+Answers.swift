// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

extension BinanceVenue {
    /// Reads what ``call(_:of:)`` asked for.
    ///
    /// A candle has no closed flag here: it is over if a later one is in the answer, or if it ends by the end of the
    /// range that was asked for, which must not lie in the future.
    public func read(
        _ body: UnsafeRawBufferPointer,
        answering query: VenueQuery,
        of instrument: InstrumentID,
        _ instruments: InstrumentTable,
        into batch: inout EventBatch
    ) throws(DecodeError) {
        let document = try AnswerDocument(body)
        defer { withExtendedLifetime(document) {} }
        let answers = BinanceAnswers(
            instrument: instrument,
            instruments: instruments,
            reader: FieldReader(document.root)
        )
        let rows = try document.root.answerRows()
        if case .candles(let interval, _, let to) = query {
            return try answers.candles(rows, interval, to, &batch)
        }
        for row in rows {
            let row = try AnswerObject(row)
            guard answers.isAsked(row) else { continue }
            switch query {
            case .trades: try answers.trade(row, &batch)
            case .book(let depth): try answers.book(row, depth: depth, &batch)
            case .ticker: try answers.ticker(row, &batch)
            case .funding: try answers.funding(row, &batch)
            case .fundingHistory: try answers.pastFunding(row, &batch)
            case .openInterest: try answers.openInterest(row, &batch)
            case .candles: break
            }
        }
    }
}

/// Rows of answers about one instrument (venue sheet 5 and 6).
struct BinanceAnswers {
    let instrument: InstrumentID
    let instruments: InstrumentTable
    let reader: FieldReader

    private var isInverse: Bool { instruments[instrument].kind.isInverse }

    /// COIN-M answers about a pair with all its contracts.
    func isAsked(_ row: AnswerObject) -> Bool {
        row["symbol"].map { $0.string == instruments[instrument].venueSymbol } ?? true
    }

    /// A single trade of spot, or an aggregate of futures in the letters of its stream.
    func trade(_ row: AnswerObject, _ batch: inout EventBatch) throws(DecodeError) {
        let isAggregate = row["a"] != nil
        let isSale = try reader.flag(isAggregate ? row["m"] : row["isBuyerMaker"], "isBuyerMaker")
        batch.append(
            Trade(
                instrument: instrument,
                side: isSale ? .sell : .buy,
                exchangeMicroseconds: try reader.time(isAggregate ? row["T"] : row["time"], "time"),
                id: try reader.number(isAggregate ? row["a"] : row["id"], "id"),
                price: try reader.amount(isAggregate ? row["p"] : row["price"], "price"),
                size: try reader.amount(isAggregate ? row["q"] : row["qty"], "qty")
            )
        )
    }

    func candles(
        _ rows: [JSONCursor],
        _ interval: CandleInterval,
        _ end: Int64,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        for (place, row) in rows.enumerated() {
            let row = try TextRow(row)
            let open = try reader.time(try reader.required(row[0], "open time"), "open time")
            let volume = try reader.amount(row[5], "volume")
            let worth = try instruments.worth(ofContracts: volume, instrument)
            let candle = Candle(
                instrument: instrument,
                interval: interval,
                exchangeMicroseconds: EventTime.none,
                openMicroseconds: open,
                open: try reader.amount(row[1], "open"),
                high: try reader.amount(row[2], "high"),
                low: try reader.amount(row[3], "low"),
                close: try reader.amount(row[4], "close"),
                volume: volume,
                quoteVolume: isInverse ? worth : try reader.amountIfAny(row[7], "quote volume"),
                trades: try reader.integerIfAny(row[8], "trades"),
                isClosed: place < rows.count - 1 || interval.close(of: open) <= end
            )
            batch.append(candle)
        }
    }

    /// A snapshot; where nobody says how many levels it was limited to, a usual number of them does.
    func book(_ row: AnswerObject, depth: Int, _ batch: inout EventBatch) throws(DecodeError) {
        let last = try reader.integer(row["lastUpdateId"], "lastUpdateId")
        guard let bidRows = row.value("bids") else { throw .missingField("bids") }
        guard let askRows = row.value("asks") else { throw .missingField("asks") }
        let bids = try bidRows.answerLevels(.asStated, "bids", into: &batch)
        let asks = try askRows.answerLevels(.asStated, "asks", into: &batch)
        let limit = depth > 0 ? limit(of: depth) : Self.usualDepth(max(bids.count, asks.count))
        let update = BookUpdate(
            instrument: instrument,
            exchangeMicroseconds: row["T"] == nil
                ? try reader.time(row["E"], "E") : try reader.time(row["T"], "T"),
            kind: .snapshot,
            lastSequence: last,
            depth: limit.map { Int32(truncatingIfNeeded: $0) },
            bids: bids,
            asks: asks
        )
        batch.append(update)
    }

    private func limit(of depth: Int) -> Int? {
        BinanceDoor(instruments[instrument].market)?.bookLimit(depth)
    }

    private static func usualDepth(_ count: Int) -> Int? {
        [5, 10, 20, 50, 100, 500, 1000, 5000].contains(count) ? count : nil
    }

    func ticker(_ row: AnswerObject, _ batch: inout EventBatch) throws(DecodeError) {
        let volume = try reader.amountIfAny(row["volume"], "volume")
        let worth = try instruments.worth(ofContracts: volume, instrument)
        let ticker = Ticker(
            instrument: instrument,
            exchangeMicroseconds: try reader.time(row["closeTime"], "closeTime"),
            last: try reader.amount(row["lastPrice"], "lastPrice"),
            open: try reader.amountIfAny(row["openPrice"], "openPrice"),
            high: try reader.amountIfAny(row["highPrice"], "highPrice"),
            low: try reader.amountIfAny(row["lowPrice"], "lowPrice"),
            volume: volume,
            quoteVolume: isInverse ? worth : try reader.amountIfAny(row["quoteVolume"], "quoteVolume")
        )
        batch.append(ticker)
    }

    /// The rate that is charged next; a dated contract has none.
    func funding(_ row: AnswerObject, _ batch: inout EventBatch) throws(DecodeError) {
        let rate = try reader.decimalIfAny(row["lastFundingRate"], "lastFundingRate")
        let next = try reader.time(row["nextFundingTime"], "nextFundingTime")
        let isCharged = rate != nil && next != EventTime.none && next != 0
        let funding = Funding(
            instrument: instrument,
            exchangeMicroseconds: try reader.time(row["time"], "time"),
            rate: isCharged ? rate : nil,
            nextMicroseconds: isCharged ? next : EventTime.none,
            intervalMicroseconds: EventTime.none,
            mark: try reader.amount(row["markPrice"], "markPrice"),
            index: try reader.amountIfAny(row["indexPrice"], "indexPrice")
        )
        batch.append(funding)
    }

    /// A rate that was charged, and when.
    func pastFunding(_ row: AnswerObject, _ batch: inout EventBatch) throws(DecodeError) {
        let time = try reader.time(try reader.required(row["fundingTime"], "fundingTime"), "fundingTime")
        let funding = Funding(
            instrument: instrument,
            exchangeMicroseconds: time,
            rate: try reader.decimal(row["fundingRate"], "fundingRate"),
            nextMicroseconds: time,
            intervalMicroseconds: EventTime.none,
            mark: try reader.amountIfAny(row["markPrice"], "markPrice"),
            index: nil
        )
        batch.append(funding)
    }

    /// USD-M counts base currency, one to a contract; COIN-M contracts of a fixed worth (EVENTS ruling 27).
    func openInterest(_ row: AnswerObject, _ batch: inout EventBatch) throws(DecodeError) {
        let contracts = try reader.amount(row["openInterest"], "openInterest")
        let interest = OpenInterest(
            instrument: instrument,
            exchangeMicroseconds: try reader.time(row["time"], "time"),
            contracts: contracts,
            base: isInverse ? nil : contracts,
            quote: try instruments.worth(ofContracts: contracts, instrument)
        )
        batch.append(interest)
    }
}
