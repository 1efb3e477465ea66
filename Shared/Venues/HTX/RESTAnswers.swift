// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

/// The answer to a REST call, read into events.
struct HTXAnswer {
    private let decoder: HTXDecoder
    private let envelope: HTXEnvelope
    private let context: HTXContext
    /// Keeps the tokens' memory alive.
    private let scanner: JSONScanner

    /// Reads the outer object.
    ///
    /// - Throws: ``DecodeError``, also where the answer says that it is an error.
    init(_ body: UnsafeRawBufferPointer, _ instruments: InstrumentTable) throws(DecodeError) {
        guard let scanner = JSONScanner(capacity: body.count) else { throw .malformed(offset: 0) }
        decoder = HTXDecoder(instruments: instruments)
        self.scanner = scanner
        do throws(JSONError) {
            var cursor = try scanner.scan(body)
            let reader = FieldReader(cursor)
            envelope = try HTXEnvelope(&cursor, decoder.names)
            context = HTXContext(time: envelope.time, isUpdate: false, reader: reader)
        } catch {
            throw DecodeError(error)
        }
        if let status = envelope.status, status.string != "ok" { throw .badField("status", offset: 0) }
    }

    func trades(of id: InstrumentID, into batch: inout EventBatch) throws(DecodeError) {
        var found: [Trade] = []
        try rows { outer throws(DecodeError) in
            let tick: HTXTradeTick
            do throws(JSONError) {
                tick = try HTXTradeTick(&outer, decoder.names)
            } catch {
                throw DecodeError(error)
            }
            guard var data = tick.data else { throw .missingField("data") }
            do throws(JSONError) { try data.enterArray() } catch { throw DecodeError(error) }
            while try decoder.hasElement(&data) {
                let row: HTXTradeRow
                do throws(JSONError) {
                    row = try HTXTradeRow(&data, decoder.names)
                } catch {
                    throw DecodeError(error)
                }
                found.append(try decoder.trade(row, id, tick.time, context))
            }
        }
        found.sort {
            ($0.exchangeMicroseconds, $0.id.number ?? 0) < ($1.exchangeMicroseconds, $1.id.number ?? 0)
        }
        for trade in found { batch.append(trade) }
    }

    func candles(
        _ interval: CandleInterval,
        of id: InstrumentID,
        from: Int64,
        to: Int64,
        into batch: inout EventBatch
    ) throws(DecodeError) {
        let sent = try context.sent()
        var found: [Candle] = []
        try rows { row throws(DecodeError) in
            let tick = try decoder.figures(&row)
            let candle = try decoder.candle(tick, interval, id, exchange: sent, context.reader)
            if candle.openMicroseconds >= from, candle.openMicroseconds < to { found.append(candle) }
        }
        found.sort { $0.openMicroseconds < $1.openMicroseconds }
        for candle in found { batch.append(candle) }
    }

    func book(of id: InstrumentID, into batch: inout EventBatch) throws(DecodeError) {
        guard var tick = envelope.tick else { throw .missingField("tick") }
        try decoder.book(&tick, .whole, id, context, isAnswer: true, &batch)
    }

    func ticker(of id: InstrumentID, into batch: inout EventBatch) throws(DecodeError) {
        guard var tick = envelope.tick else { throw .missingField("tick") }
        let figures = try decoder.figures(&tick)
        let event = try decoder.ticker(figures, id, exchange: try context.sent(), context.reader)
        batch.append(event)
    }

    /// `funding_time` is when the rate is charged here, not when it was said (venue sheet 6.2).
    func funding(of id: InstrumentID, into batch: inout EventBatch) throws(DecodeError) {
        guard var data = envelope.data else { throw .missingField("data") }
        let row = try fundingRow(&data)
        batch.append(try funding(row, id, exchange: try context.sent()))
    }

    func fundingHistory(
        of id: InstrumentID,
        from: Int64,
        to: Int64,
        into batch: inout EventBatch
    ) throws(DecodeError) {
        guard var page = envelope.data else { throw .missingField("data") }
        let inner: HTXTradeTick
        do throws(JSONError) { inner = try HTXTradeTick(&page, decoder.names) } catch {
            throw DecodeError(error)
        }
        var found: [Funding] = []
        try rows(of: inner.data) { row throws(DecodeError) in
            let row = try fundingRow(&row)
            let charged = try context.reader.time(row.time, "funding_time")
            if charged >= from, charged < to { found.append(try funding(row, id, exchange: charged)) }
        }
        found.sort { $0.nextMicroseconds < $1.nextMicroseconds }
        for funding in found { batch.append(funding) }
    }

    func openInterest(of id: InstrumentID, into batch: inout EventBatch) throws(DecodeError) {
        let instrument = decoder.instruments[id]
        let sent = try context.sent()
        let reader = context.reader
        var found: OpenInterest?
        try rows { row throws(DecodeError) in
            let row = try interestRow(&row)
            guard row.contract?.string == instrument.venueSymbol else { return }
            found = OpenInterest(
                instrument: id,
                exchangeMicroseconds: sent,
                contracts: try reader.amount(row.contracts, "volume"),
                base: row.amount == nil ? nil : try reader.amount(row.amount, "amount"),
                quote: row.value == nil ? nil : try reader.amount(row.value, "value")
            )
        }
        guard let found else { throw .missingField("contract_code") }
        batch.append(found)
    }

    private func funding(
        _ row: HTXFundingRow,
        _ id: InstrumentID,
        exchange: Int64
    ) throws(DecodeError) -> Funding {
        let rate = row.rate.map { $0.count > 0 } == true
        let next = try context.reader.timeOrEmpty(row.time, "funding_time")
        return Funding(
            instrument: id,
            exchangeMicroseconds: exchange,
            rate: rate && next > 0 ? try context.reader.decimal(row.rate, "funding_rate") : nil,
            nextMicroseconds: rate && next > 0 ? next : EventTime.none,
            intervalMicroseconds: EventTime.none,
            mark: nil,
            index: nil,
            indexName: HTXReferences.indexName(decoder.instruments[id])
        )
    }

    private func rows(
        _ take: (inout JSONCursor) throws(DecodeError) -> Void
    ) throws(DecodeError) {
        try rows(of: envelope.data, take)
    }

    private func rows(
        of array: JSONCursor?,
        _ take: (inout JSONCursor) throws(DecodeError) -> Void
    ) throws(DecodeError) {
        guard var cursor = array else { throw .missingField("data") }
        do throws(JSONError) { try cursor.enterArray() } catch { throw DecodeError(error) }
        while try decoder.hasElement(&cursor) { try take(&cursor) }
    }

    private func fundingRow(_ cursor: inout JSONCursor) throws(DecodeError) -> HTXFundingRow {
        do throws(JSONError) { return try HTXFundingRow(&cursor) } catch { throw DecodeError(error) }
    }

    private func interestRow(_ cursor: inout JSONCursor) throws(DecodeError) -> HTXInterestRow {
        do throws(JSONError) { return try HTXInterestRow(&cursor) } catch { throw DecodeError(error) }
    }
}

/// A funding rate as REST says it.
private struct HTXFundingRow {
    var rate: JSONText?
    var time: JSONText?

    init(_ cursor: inout JSONCursor) throws(JSONError) {
        let names = (rate: JSONName("funding_rate"), time: JSONName("funding_time"))
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            if key.matches(names.rate) {
                rate = try cursor.token()
            } else if key.matches(names.time) {
                time = try cursor.token()
            } else {
                try cursor.skip()
            }
        }
    }
}

/// The open interest of one contract.
private struct HTXInterestRow {
    var contract: JSONText?
    var contracts: JSONText?
    var amount: JSONText?
    var value: JSONText?

    init(_ cursor: inout JSONCursor) throws(JSONError) {
        let names = (
            contract: JSONName("contract_code"), contracts: JSONName("volume"), amount: JSONName("amount"),
            value: JSONName("value")
        )
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            if key.matches(names.contract) {
                contract = try cursor.token()
            } else if key.matches(names.contracts) {
                contracts = try cursor.token()
            } else if key.matches(names.amount) {
                amount = try cursor.token()
            } else if key.matches(names.value) {
                value = try cursor.token()
            } else {
                try cursor.skip()
            }
        }
    }
}
