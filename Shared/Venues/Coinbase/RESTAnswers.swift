// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

extension CoinbaseVenue {
    /// Reads an answer of either feed; rows that come newest first are turned.
    public func read(
        _ body: UnsafeRawBufferPointer,
        answering query: VenueQuery,
        of instrument: InstrumentID,
        _ instruments: InstrumentTable,
        into batch: inout EventBatch
    ) throws(DecodeError) {
        guard let scanner = JSONScanner(capacity: body.count) else { throw .malformed(offset: 0) }
        let answer = CoinbaseAnswer(instrument: instrument, instruments: instruments)
        var cursor: JSONCursor
        do throws(JSONError) { cursor = try scanner.scan(body) } catch { throw DecodeError(error) }
        switch query {
        case .trades: try answer.trades(&cursor, &batch)
        case .candles(let interval, let from, let to):
            try answer.candles(&cursor, interval, from..<max(from, to), &batch)
        case .book: try answer.book(&cursor, &batch)
        case .ticker: try answer.ticker(&cursor, &batch)
        case .funding, .fundingHistory, .openInterest: throw .unknownFrame
        }
        do throws(JSONError) { try cursor.finish() } catch { throw DecodeError(error) }
    }
}

/// An answer about one instrument.
private struct CoinbaseAnswer {
    let instrument: InstrumentID
    let decoder: CoinbaseDecoder
    let names: CoinbaseNames

    init(instrument: InstrumentID, instruments: InstrumentTable) {
        self.instrument = instrument
        decoder = CoinbaseDecoder(instruments: instruments)
        names = decoder.names
    }

    private func json<Value>(_ read: () throws(JSONError) -> Value) throws(DecodeError) -> Value {
        do throws(JSONError) { return try read() } catch { throw DecodeError(error) }
    }

    /// The rows of a bare list, or of the list that an object holds.
    private func rows(
        _ cursor: inout JSONCursor,
        _ take: (inout JSONCursor) throws(DecodeError) -> Void
    ) throws(DecodeError) {
        guard cursor.peek == UInt8(ascii: "{") else { return try list(&cursor, take) }
        var found = false
        try json { () throws(JSONError) in try cursor.enterObject() }
        while let key = try json({ () throws(JSONError) in try cursor.nextKey() }) {
            if key.matches(names.trades) || key.matches(names.candles) {
                found = true
                try list(&cursor, take)
            } else {
                try json { () throws(JSONError) in try cursor.skip() }
            }
        }
        if !found { throw .unknownFrame }
    }

    private func list(
        _ cursor: inout JSONCursor,
        _ take: (inout JSONCursor) throws(DecodeError) -> Void
    ) throws(DecodeError) {
        try json { () throws(JSONError) in try cursor.enterArray() }
        while try json({ () throws(JSONError) in try cursor.nextElement() }) { try take(&cursor) }
    }

    func trades(_ cursor: inout JSONCursor, _ batch: inout EventBatch) throws(DecodeError) {
        let start = batch.trades.count
        let reader = FieldReader(cursor)
        try rows(&cursor) { cursor throws(DecodeError) in
            var row = CoinbaseRow()
            try json { () throws(JSONError) in try row.read(&cursor, names) }
            batch.append(try decoder.trade(row, of: instrument, reader))
        }
        batch.reverseTrades(from: start)
    }

    /// Rows of Exchange are lists of time, low, high, open, close, volume; those of Advanced Trade objects.
    func candles(
        _ cursor: inout JSONCursor,
        _ interval: CandleInterval,
        _ range: Range<Int64>,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        let reader = FieldReader(cursor)
        var found: [Candle] = []
        try rows(&cursor) { cursor throws(DecodeError) in
            var row = CoinbaseRow()
            if cursor.peek == UInt8(ascii: "[") {
                row = try json { () throws(JSONError) in try Self.bucket(&cursor) }
            } else {
                try json { () throws(JSONError) in try row.read(&cursor, names) }
            }
            var candle = try decoder.candle(row, of: instrument, reader)
            candle.interval = interval
            if range.contains(candle.openMicroseconds) { found.append(candle) }
        }
        found.sort { $0.openMicroseconds < $1.openMicroseconds }
        for candle in found { batch.append(candle) }
    }

    private static func bucket(_ cursor: inout JSONCursor) throws(JSONError) -> CoinbaseRow {
        var fields: [JSONText?] = []
        try cursor.enterArray()
        while try cursor.nextElement() { fields.append(try cursor.token()) }
        guard fields.count >= 6 else { throw .wrongType(offset: cursor.offset) }
        var row = CoinbaseRow()
        row.start = fields[0]
        row.low = fields[1]
        row.high = fields[2]
        row.open = fields[3]
        row.close = fields[4]
        row.volume = fields[5]
        return row
    }

    /// Exchange: lists of price, size, count; Advanced Trade: `pricebook` with objects.
    func book(_ cursor: inout JSONCursor, _ batch: inout EventBatch) throws(DecodeError) {
        batch.bookAtRisk = instrument
        let reader = FieldReader(cursor)
        let pricebook = JSONName("pricebook")
        var row = CoinbaseRow()
        var inner: JSONCursor?
        var outer = cursor
        try json { () throws(JSONError) in
            try outer.enterObject()
            while let key = try outer.nextKey() {
                if key.matches(pricebook) { inner = outer }
                try outer.skip()
            }
        }
        var place = inner ?? cursor
        try json { () throws(JSONError) in try row.read(&place, names) }
        cursor = outer
        guard var bids = row.bids else { throw .missingField("bids") }
        guard var asks = row.asks else { throw .missingField("asks") }
        let start = batch.levels.count
        try side(&bids, "bids", reader, &batch)
        let middle = batch.levels.count
        try side(&asks, "asks", reader, &batch)
        batch.append(
            BookUpdate(
                instrument: instrument,
                exchangeMicroseconds: try reader.moment(row.time, "time"),
                kind: .snapshot,
                bids: start..<middle,
                asks: middle..<batch.levels.count
            )
        )
    }

    private func side(
        _ cursor: inout JSONCursor,
        _ name: StaticName,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        try list(&cursor) { cursor throws(DecodeError) in
            var price: JSONText?
            var size: JSONText?
            if cursor.peek == UInt8(ascii: "[") {
                let level = try json { () throws(JSONError) in try CoinbaseLevel(&cursor, hasSide: false) }
                (price, size) = (level.price, level.size)
            } else {
                var row = CoinbaseRow()
                try json { () throws(JSONError) in try row.read(&cursor, names) }
                (price, size) = (row.price, row.size)
            }
            batch.append(try decoder.priceLevel(price, size, name, reader))
        }
    }

    /// `stats` of Exchange (`last`, `open`, …), or a product of Advanced Trade (`price`, `volume_24h`).
    func ticker(_ cursor: inout JSONCursor, _ batch: inout EventBatch) throws(DecodeError) {
        let reader = FieldReader(cursor)
        let last = JSONName("last")
        var copy = cursor
        var stats: JSONText?
        var row = CoinbaseRow()
        try json { () throws(JSONError) in
            try copy.enterObject()
            while let key = try copy.nextKey() {
                if key.matches(last) { stats = try copy.token() } else { try copy.skip() }
            }
            try row.read(&cursor, names)
        }
        row.price = stats ?? row.price
        row.sequence = nil
        batch.append(try decoder.ticker(row, of: instrument, sent: nil, reader))
    }
}
