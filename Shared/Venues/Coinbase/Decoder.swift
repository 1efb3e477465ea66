// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

/// Coinbase's frames to events, of Exchange (venue sheet 3) and of Advanced Trade (venue sheet 4).
///
/// A frame with `channel` is Advanced Trade's, one with `type` Exchange's. What a frame nests is read at the end, when
/// its kind is known, wherever it stands.
final class CoinbaseDecoder: FrameDecoder {
    let instruments: InstrumentTable
    let names = CoinbaseNames()
    private let scanner = JSONScanner()
    private let products: SymbolIndex
    /// Asks of frames that mix both sides, until the bids are complete.
    var asks: ContiguousArray<PriceLevel> = []
    /// The number of the connection's next Advanced Trade frame; nil where frames are not counted.
    var nextNumber: Int64?

    init(instruments: InstrumentTable) {
        self.instruments = instruments
        products = instruments.index(of: .coinbaseSpot)
        asks.reserveCapacity(64)
    }

    func connectionOpened() { nextNumber = 0 }

    func decode(_ frame: FrameBytes, into batch: inout EventBatch) throws(DecodeError) -> FrameOutcome {
        var cursor: JSONCursor
        var row = CoinbaseRow()
        do throws(JSONError) {
            guard let scanner else { throw .tooLong }
            cursor = try scanner.scan(frame.bytes, readable: frame.readable)
            try row.read(&cursor, names)
            try cursor.finish()
        } catch {
            throw DecodeError(error)
        }
        let reader = FieldReader(cursor)
        if row.channel != nil { return try advanced(row, reader, &batch) }
        guard let type = row.type, type.count > 0 else {
            if row.bids != nil || row.asks != nil { return .ignored("answer") }
            throw .unknownFrame
        }
        return try exchange(type, row, reader, &batch)
    }

    /// The instrument of a product; one that is not listed is known by its name.
    func instrument(_ name: JSONText?) throws(DecodeError) -> InstrumentID {
        guard let name, name.count > 0 else { throw .missingField("product_id") }
        if let known = products.find(name.start, count: name.count) { return known }
        guard let inferred = CoinbaseSymbols.infer(name.string) else { throw .unknownInstrument }
        return instruments.upsert(inferred)
    }

    @inline(__always)
    func json<Value>(_ read: () throws(JSONError) -> Value) throws(DecodeError) -> Value {
        do throws(JSONError) { return try read() } catch { throw DecodeError(error) }
    }

    /// The side of a trade is the maker's: the taker's is the other one.
    func trade(
        _ row: CoinbaseRow,
        of instrument: InstrumentID,
        _ reader: FieldReader
    ) throws(DecodeError) -> Trade {
        let side = try reader.filled(row.side, "side")
        let word = side.word
        let isMakerBuying = word == names.buy.packed || word == names.buyUpper.packed
        guard isMakerBuying || word == names.sell.packed || word == names.sellUpper.packed else {
            throw reader.bad(side, "side")
        }
        return Trade(
            instrument: instrument,
            side: isMakerBuying ? .sell : .buy,
            exchangeMicroseconds: try reader.moment(row.time, "time"),
            id: try reader.identifier(try reader.filled(row.tradeID, "trade_id"), "trade_id"),
            price: try reader.amount(try reader.filled(row.price, "price"), "price"),
            size: try reader.amount(try reader.filled(row.size, "size"), "size")
        )
    }

    /// The time is the row's, or else that of the frame in which it was sent.
    func ticker(
        _ row: CoinbaseRow,
        of instrument: InstrumentID,
        sent: JSONText?,
        _ reader: FieldReader
    ) throws(DecodeError) -> Ticker {
        Ticker(
            instrument: instrument,
            exchangeMicroseconds: try reader.moment(row.time ?? sent, row.time == nil ? "timestamp" : "time"),
            venueSequence: row.sequence == nil
                ? VenueSequence.none : try reader.integer(row.sequence, "sequence"),
            last: try reader.amount(try reader.filled(row.price, "price"), "price"),
            open: try reader.figure(row.open, "open_24h"),
            high: try reader.figure(row.high, "high_24h"),
            low: try reader.figure(row.low, "low_24h"),
            volume: try reader.figure(row.volume, "volume_24h"),
            quoteVolume: nil
        )
    }
}

// MARK: Exchange

extension CoinbaseDecoder {
    private func exchange(
        _ type: JSONText,
        _ row: CoinbaseRow,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        let word = type.word
        if word == names.change.packed {
            try changes(row, reader, &batch)
        } else if word == names.match.packed || type.matches(names.lastMatch) {
            batch.append(try trade(row, of: try instrument(row.product), reader))
        } else if word == names.ticker.packed {
            batch.append(try ticker(row, of: try instrument(row.product), sent: nil, reader))
        } else if word == names.snapshot.packed {
            try snapshot(row, reader, &batch)
        } else {
            return try other(type, row)
        }
        return .events
    }

    /// The whole book: two lists of `[price, size]`.
    private func snapshot(
        _ row: CoinbaseRow,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        let instrument = try instrument(row.product)
        batch.bookAtRisk = instrument
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
        try json { () throws(JSONError) in try cursor.enterArray() }
        while try json({ () throws(JSONError) in try cursor.nextElement() }) {
            let level = try json { () throws(JSONError) in try CoinbaseLevel(&cursor, hasSide: false) }
            batch.append(try priceLevel(level.price, level.size, name, reader))
        }
    }

    /// New total sizes of both sides: a list of `[side, price, size]`.
    private func changes(
        _ row: CoinbaseRow,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        let instrument = try instrument(row.product)
        batch.bookAtRisk = instrument
        guard var cursor = row.changes else { throw .missingField("changes") }
        let start = batch.levels.count
        asks.removeAll(keepingCapacity: true)
        try json { () throws(JSONError) in try cursor.enterArray() }
        while try json({ () throws(JSONError) in try cursor.nextElement() }) {
            let level = try json { () throws(JSONError) in try CoinbaseLevel(&cursor, hasSide: true) }
            let change = try priceLevel(level.price, level.size, "changes", reader)
            let side = try reader.required(level.side, "changes")
            if side.word == names.buy.packed {
                batch.append(change)
            } else if side.word == names.sell.packed {
                asks.append(change)
            } else {
                throw reader.bad(side, "changes")
            }
        }
        let time = try reader.moment(row.time, "time")
        appendDelta(instrument, time, .delta, start, &batch)
    }

    /// Puts the asks behind the bids that the batch got since `start`.
    func appendDelta(
        _ instrument: InstrumentID,
        _ time: Int64,
        _ kind: BookUpdate.Kind,
        _ start: Int,
        _ batch: inout EventBatch
    ) {
        let middle = batch.levels.count
        for index in asks.indices { batch.append(asks[index]) }
        batch.append(
            BookUpdate(
                instrument: instrument,
                exchangeMicroseconds: time,
                kind: kind,
                bids: start..<middle,
                asks: middle..<batch.levels.count
            )
        )
    }

    func priceLevel(
        _ price: JSONText?,
        _ size: JSONText?,
        _ name: StaticName,
        _ reader: FieldReader
    ) throws(DecodeError) -> PriceLevel {
        PriceLevel(price: try reader.amount(price, name), size: try reader.amount(size, name))
    }

    private func other(_ type: JSONText, _ row: CoinbaseRow) throws(DecodeError) -> FrameOutcome {
        if type.matches(names.heartbeat) { return .ignored("heartbeat") }
        if type.matches(names.subscriptions) { return .control(.acknowledgedStreams(try acknowledged(row))) }
        if type.matches(names.error) {
            return .control(
                CoinbaseErrors.control(message: row.message?.string ?? "", reason: row.reason?.string ?? "")
            )
        }
        return type.matches(names.status) ? .ignored("status") : .ignored("type")
    }

    /// `channels` of Exchange: all that is subscribed now, each with its products.
    private func acknowledged(_ row: CoinbaseRow) throws(DecodeError) -> [AcknowledgedStream] {
        guard var cursor = row.rows else { throw .missingField("channels") }
        return try json { () throws(JSONError) in
            var streams: [AcknowledgedStream] = []
            try cursor.enterArray()
            while try cursor.nextElement() {
                var name = ""
                var products: [String] = []
                try cursor.enterObject()
                while let key = try cursor.nextKey() {
                    if key.matches(names.name) {
                        name = try cursor.token()?.string ?? ""
                    } else if key.matches(names.products), !cursor.skipNull() {
                        products = try Self.texts(&cursor)
                    } else if !key.matches(names.products) {
                        try cursor.skip()
                    }
                }
                let channel = CoinbaseChannels.canonical(name)
                streams += products.map { AcknowledgedStream(venueSymbol: $0, channelName: channel) }
            }
            return streams
        }
    }

    static func texts(_ cursor: inout JSONCursor) throws(JSONError) -> [String] {
        var texts: [String] = []
        try cursor.enterArray()
        while try cursor.nextElement() { texts.append(try cursor.string().string) }
        return texts
    }
}
