// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Models
import VenueKit

extension OKXVenue {
    /// The calls of venue sheet 5.
    ///
    /// - `after` asks for rows before it and `before` for rows after it; neither is included.
    /// - The newest 1,440 candles of an instrument can be had.
    public func call(_ query: VenueQuery, of instrument: Instrument) -> VenueCall? {
        let name = "instId=\(QueryText.escaped(instrument.venueSymbol))"
        guard let kind = OKXChannels.kind(instrument.market),
            let path = path(query, name, kind, isContract: instrument.kind != .spot)
        else { return nil }
        return VenueCall(
            endpoint: "rest",
            path: "/api/v5" + path,
            market: instrument.market,
            weight: Self.weight(query)
        )
    }

    /// Each endpoint has a limit of its own in two seconds; as parts of the largest one, all are kept together.
    static let restBudgets = [
        RESTBudgetRule(endpoints: ["rest"], limit: RateLimit(count: 100, windowMilliseconds: 2000))
    ]

    private static func weight(_ query: VenueQuery) -> Int {
        switch query {
        case .trades(_, nil): 1
        case .candles: 3
        case .book(let depth): depth <= 400 ? 3 : 10
        case .trades, .ticker, .funding, .openInterest: 5
        case .fundingHistory: 10
        }
    }

    /// A row stands for `count` ids, of which its own is the last (venue sheet 3.3); REST does not say how many.
    public func tradeHistory(of instrument: Instrument) -> TradeHistory? {
        guard OKXChannels.kind(instrument.market) != nil else { return nil }
        return TradeHistory(isGapless: true, hasSingleRows: false, pages: true, rows: 500)
    }

    private func path(_ query: VenueQuery, _ name: String, _ kind: String, isContract: Bool) -> String? {
        switch query {
        case .trades(let limit, nil):
            return "/market/trades?\(name)&limit=\(max(1, min(limit, 500)))"
        case .trades(let limit, let before?):
            guard before.number != nil else { return nil }
            return
                "/market/history-trades?\(name)&type=1&after=\(before.string)&limit=\(max(1, min(limit, 100)))"
        case .candles(let interval, let from, let to):
            guard from < to, let bar = OKXIntervals.bar(interval) else { return nil }
            return "/market/candles?\(name)&bar=\(bar)\(Self.times(from, to))&limit=300"
        case .book(let depth):
            return depth <= 400
                ? "/market/books?\(name)&sz=\(max(1, depth))"
                : "/market/books-full?\(name)&sz=\(min(depth, 5000))"
        case .ticker:
            return "/market/ticker?\(name)"
        case .funding:
            return kind == "SWAP" ? "/public/funding-rate?\(name)" : nil
        case .fundingHistory(let from, let to):
            guard kind == "SWAP", from < to else { return nil }
            return "/public/funding-rate-history?\(name)\(Self.times(from, to))&limit=100"
        case .openInterest:
            return isContract ? "/public/open-interest?instType=\(kind)&\(name)" : nil
        }
    }

    private static func times(_ from: Int64, _ to: Int64) -> String {
        let first = max(from, 1)
        return "&before=\((first - 1) / 1000)&after=\(max(to &- 1, 0) / 1000 + 1)"
    }

    /// Reads what ``call(_:of:)`` asked for; OKX answers newest first.
    public func read(
        _ body: UnsafeRawBufferPointer,
        answering query: VenueQuery,
        of instrument: InstrumentID,
        _ instruments: InstrumentTable,
        into batch: inout EventBatch
    ) throws(DecodeError) {
        let document = try AnswerDocument(body)
        defer { withExtendedLifetime(document) {} }
        let reader = FieldReader(document.root)
        let answer = try AnswerObject(document.root)
        let code = try reader.required(answer["code"], "code")
        guard code.string == "0" else { throw reader.bad(code, "code") }
        guard let data = answer.value("data") else { throw .missingField("data") }
        let decoder = OKXDecoder(instruments: instruments)
        for row in try data.answerRows().reversed() {
            try decoder.read(row, answering: query, of: instrument, reader, into: &batch)
        }
    }
}

extension OKXDecoder {
    /// Reads one row of an answer.
    fileprivate func read(
        _ start: JSONCursor,
        answering query: VenueQuery,
        of instrument: InstrumentID,
        _ reader: FieldReader,
        into batch: inout EventBatch
    ) throws(DecodeError) {
        switch query {
        case .trades:
            var row = OKXRow()
            var cursor = start
            do throws(JSONError) { try row.read(&cursor, names) } catch { throw DecodeError(error) }
            batch.append(try trade(row, instrument, reader))
        case .candles(let interval, _, _):
            try candle(start, interval, instrument, reader, &batch)
        case .book(let depth):
            try snapshot(start, depth, instrument, reader, &batch)
        case .ticker:
            try event(try OKXFigures(start, names), .ticker, instrument, reader, &batch)
        case .funding:
            try event(try OKXFigures(start, names), .funding, instrument, reader, &batch)
        case .fundingHistory:
            try pastFunding(try OKXFigures(start, names), instrument, reader, &batch)
        case .openInterest:
            try event(try OKXFigures(start, names), .openInterest, instrument, reader, &batch)
        }
    }

    /// A book without a sequence number: good to compare with, not to go on from.
    private func snapshot(
        _ start: JSONCursor,
        _ depth: Int,
        _ instrument: InstrumentID,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        var row = OKXBookRow()
        var cursor = start
        let rule = instruments.sizeRule(of: instrument)
        do throws(JSONError) { try row.read(&cursor, names, rule, &batch) } catch { throw DecodeError(error) }
        var update = try update(row, instrument, true, reader)
        update.depth = depth > 0 ? Int32(truncatingIfNeeded: min(depth, 5000)) : nil
        batch.append(update)
    }

    /// A rate that was charged, and when.
    private func pastFunding(
        _ figures: OKXFigures,
        _ instrument: InstrumentID,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        let time = try reader.time(try reader.required(figures[.due], "fundingTime"), "fundingTime")
        let charged = figures[.realizedRate].flatMap { $0.isEmptyString ? nil : $0 }
        let funding = Funding(
            instrument: instrument,
            exchangeMicroseconds: time,
            rate: try reader.decimal(charged ?? figures[.rate], "fundingRate"),
            nextMicroseconds: time,
            intervalMicroseconds: EventTime.none,
            mark: nil,
            index: nil
        )
        batch.append(funding)
    }
}
