// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Models
import VenueKit

/// Frames of Advanced Trade: `channel`, `timestamp`, `sequence_num` and `events`, each of which holds rows.
extension CoinbaseDecoder {
    /// The kinds of event that give something.
    private enum Kind {
        case trades, tickers, candles, updates
    }

    /// What a frame with `channel` is.
    func advanced(
        _ frame: CoinbaseRow,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        if let hole = try hole(frame, reader) { return .control(.framesMissing(hole)) }
        guard let channel = frame.channel, channel.count > 0 else { throw .unknownFrame }
        guard let kind = kind(channel) else {
            if channel.matches(names.subscriptions) {
                return .control(.acknowledgedStreams(try subscriptions(frame)))
            }
            return channel.matches(names.heartbeats) ? .ignored("heartbeat") : .ignored("channel")
        }
        guard var cursor = frame.rows else { throw .missingField("events") }
        try json { () throws(JSONError) in try cursor.enterArray() }
        while try json({ () throws(JSONError) in try cursor.nextElement() }) {
            var event = CoinbaseRow()
            try json { () throws(JSONError) in try event.read(&cursor, names) }
            try read(event, kind, sent: frame.timestamp, reader, &batch)
        }
        return .events
    }

    /// Frames are numbered from 0 on over all channels of a connection: a jump says that some are missing.
    private func hole(_ frame: CoinbaseRow, _ reader: FieldReader) throws(DecodeError) -> String? {
        guard let expected = nextNumber, frame.number != nil else { return nil }
        let number = try reader.integer(frame.number, "sequence_num")
        nextNumber = number &+ 1
        return number > expected ? "frame \(number) came where \(expected) was due" : nil
    }

    private func kind(_ channel: JSONText) -> Kind? {
        if channel.matches(names.levels) { return .updates }
        if channel.matches(names.marketTrades) { return .trades }
        if channel.matches(names.ticker) || channel.matches(names.tickerBatch) { return .tickers }
        return channel.matches(names.candles) ? .candles : nil
    }

    private func read(
        _ event: CoinbaseRow,
        _ kind: Kind,
        sent: JSONText?,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        switch kind {
        case .trades:
            let start = batch.trades.count
            try rows(event, "trades") { row throws(DecodeError) in
                batch.append(try trade(row, of: try instrument(row.product), reader))
            }
            batch.reverseTrades(from: start)
        case .tickers:
            try rows(event, "tickers") { row throws(DecodeError) in
                batch.append(try ticker(row, of: try instrument(row.product), sent: sent, reader))
            }
        case .candles:
            var found: [Candle] = []
            try rows(event, "candles") { row throws(DecodeError) in
                var candle = try candle(row, of: try instrument(row.product), reader)
                candle.exchangeMicroseconds = try reader.moment(sent, "timestamp")
                found.append(candle)
            }
            found.sort { $0.openMicroseconds < $1.openMicroseconds }
            for candle in found { batch.append(candle) }
        case .updates:
            try updates(event, sent: sent, reader, &batch)
        }
    }

    private func rows(
        _ event: CoinbaseRow,
        _ name: StaticName,
        _ take: (CoinbaseRow) throws(DecodeError) -> Void
    ) throws(DecodeError) {
        guard var cursor = event.rows else { throw .missingField(name) }
        try json { () throws(JSONError) in try cursor.enterArray() }
        while try json({ () throws(JSONError) in try cursor.nextElement() }) {
            var row = CoinbaseRow()
            try json { () throws(JSONError) in try row.read(&cursor, names) }
            try take(row)
        }
    }

    /// A bucket of five minutes; a later `start` closes the one before.
    func candle(
        _ row: CoinbaseRow,
        of instrument: InstrumentID,
        _ reader: FieldReader
    ) throws(DecodeError) -> Candle {
        let start = try reader.integer(try reader.filled(row.start, "start"), "start")
        guard (0..<9_007_199_254).contains(start) else {
            throw reader.bad(try reader.required(row.start, "start"), "start")
        }
        return Candle(
            instrument: instrument,
            interval: CoinbaseChannels.candleInterval,
            exchangeMicroseconds: EventTime.none,
            openMicroseconds: start * 1_000_000,
            open: try reader.amount(row.open, "open"),
            high: try reader.amount(row.high, "high"),
            low: try reader.amount(row.low, "low"),
            close: try reader.amount(row.close, "close"),
            volume: try reader.amount(row.volume, "volume"),
            quoteVolume: nil,
            trades: nil,
            isClosed: nil
        )
    }

    /// New total sizes, or the whole book, as rows with a side and a time of their own.
    private func updates(
        _ event: CoinbaseRow,
        sent: JSONText?,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        let instrument = try instrument(event.product)
        batch.bookAtRisk = instrument
        let type = try reader.required(event.type, "type")
        let isSnapshot = type.matches(names.snapshot)
        guard isSnapshot || type.matches(names.update) else { throw reader.bad(type, "type") }
        let start = batch.levels.count
        var newest = EventTime.none
        asks.removeAll(keepingCapacity: true)
        try rows(event, "updates") { row throws(DecodeError) in
            let level = try priceLevel(row.price, row.size, "updates", reader)
            newest = max(newest, try reader.moment(row.time, "event_time"))
            let side = try reader.required(row.side, "side")
            if side.word == names.bid.packed {
                batch.append(level)
            } else if side.word == names.offer.packed {
                asks.append(level)
            } else {
                throw reader.bad(side, "side")
            }
        }
        if newest == EventTime.none { newest = try reader.moment(sent, "timestamp") }
        appendDelta(instrument, newest, isSnapshot ? .snapshot : .delta, start, &batch)
    }

    /// `events[].subscriptions`: channel names, each with its products.
    private func subscriptions(_ frame: CoinbaseRow) throws(DecodeError) -> [AcknowledgedStream] {
        guard var cursor = frame.rows else { throw .missingField("events") }
        return try json { () throws(JSONError) in
            var streams: [AcknowledgedStream] = []
            try cursor.enterArray()
            while try cursor.nextElement() {
                var event = CoinbaseRow()
                try event.read(&cursor, names)
                guard var channels = event.rows else { continue }
                try channels.enterObject()
                while let key = try channels.nextKey() {
                    let channel = CoinbaseChannels.canonical(key.string)
                    guard !channels.skipNull() else { continue }
                    streams += try Self.texts(&channels).map {
                        AcknowledgedStream(venueSymbol: $0, channelName: channel)
                    }
                }
            }
            return streams
        }
    }
}
