// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

/// The gateway's messages to events (protocol, "What the gateway sends").
///
/// Of a connection nothing is data before its `CONNECTED`: what comes earlier is recognised and counted.
final class GatewayDecoder: FrameDecoder {
    private let instruments: InstrumentTable
    private let names = GatewayNames()
    private let scanner = JSONScanner()
    private let spot: SymbolIndex
    private let linear: SymbolIndex
    private let inverse: SymbolIndex
    /// Whether messages are data: from `CONNECTED` on, and always where no connection was seen to begin.
    private var isConnected = true

    init(instruments: InstrumentTable) {
        self.instruments = instruments
        spot = instruments.index(of: .gatewaySpot)
        linear = instruments.index(of: .gatewayLinear)
        inverse = instruments.index(of: .gatewayInverse)
    }

    func connectionOpened() { isConnected = false }

    func decode(_ frame: FrameBytes, into batch: inout EventBatch) throws(DecodeError) -> FrameOutcome {
        var message = GatewayMessage()
        var cursor: JSONCursor
        do throws(JSONError) {
            guard let scanner else { throw .tooLong }
            cursor = try scanner.scan(frame.bytes, readable: frame.readable)
            try message.read(&cursor, names)
            try cursor.finish()
        } catch {
            throw DecodeError(error)
        }
        guard let type = message.type, type.count > 0 else { throw .unknownFrame }
        let word = type.word
        let isTrade = word == names.trade.packed
        let isQuote = word == names.quote.packed
        guard isTrade || isQuote || word == names.bar.packed else { return try other(type, message) }
        guard isConnected else { return .ignored("before CONNECTED") }
        let reader = FieldReader(cursor)
        let instrument = try instrument(message.symbol)
        if isTrade {
            batch.append(try trade(message, of: instrument, reader))
        } else if isQuote {
            batch.append(try quote(message, of: instrument, reader))
        } else {
            let resolution = try reader.required(message.resolution, "resolution")
            guard let interval = interval(resolution) else { return .ignored("resolution") }
            batch.append(try bar(message, of: instrument, interval, reader))
        }
        return .events
    }

    /// The instrument of a symbol; one that is not listed is known by its name.
    private func instrument(_ name: JSONText?) throws(DecodeError) -> InstrumentID {
        guard let name, name.count > 0 else { throw .missingField("symbol") }
        if let known = spot.find(name.start, count: name.count) { return known }
        if let known = linear.find(name.start, count: name.count) { return known }
        if let known = inverse.find(name.start, count: name.count) { return known }
        guard let inferred = GatewaySymbols.infer(name.string) else { throw .unknownInstrument }
        return instruments.upsert(inferred)
    }

    /// The bars of a resolution, by the bytes of its name.
    private func interval(_ name: JSONText) -> CandleInterval? {
        let word = name.word
        if word == names.minute1.packed { return CandleInterval(.minute1) }
        if word == names.minute5.packed { return CandleInterval(.minute5) }
        if word == names.minute15.packed { return CandleInterval(.minute15) }
        if word == names.hour1.packed { return CandleInterval(.hour1) }
        if word == names.hour4.packed { return CandleInterval(.hour4) }
        return word == names.day1.packed ? CandleInterval(.day1) : nil
    }

    func trade(
        _ row: GatewayMessage,
        of instrument: InstrumentID,
        _ reader: FieldReader
    ) throws(DecodeError) -> Trade {
        let side = try reader.required(row.side, "side")
        let isBuy = side.word == names.buy.packed
        guard isBuy || side.word == names.sell.packed else { throw reader.bad(side, "side") }
        return Trade(
            instrument: instrument,
            side: isBuy ? .buy : .sell,
            exchangeMicroseconds: try reader.microseconds(row.time, "time_us"),
            id: try reader.number(row.id, "id"),
            price: try reader.amount(row.price, "price"),
            size: try reader.amount(row.size, "size")
        )
    }

    private func quote(
        _ row: GatewayMessage,
        of instrument: InstrumentID,
        _ reader: FieldReader
    ) throws(DecodeError) -> BestQuote {
        guard row.hasBid else { throw .missingField("bid") }
        guard row.hasAsk else { throw .missingField("ask") }
        return BestQuote(
            instrument: instrument,
            exchangeMicroseconds: try reader.microseconds(row.time, "time_us"),
            venueSequence: try reader.integer(row.sequence, "seq"),
            bid: try level(row.bid, row.bidSize, "bid", reader),
            ask: try level(row.ask, row.askSize, "ask", reader)
        )
    }

    /// A side without orders has null for both.
    private func level(
        _ price: JSONText?,
        _ size: JSONText?,
        _ name: StaticName,
        _ reader: FieldReader
    ) throws(DecodeError) -> PriceLevel? {
        if price == nil, size == nil { return nil }
        return PriceLevel(price: try reader.amount(price, name), size: try reader.amount(size, name))
    }

    func bar(
        _ row: GatewayMessage,
        of instrument: InstrumentID,
        _ interval: CandleInterval,
        _ reader: FieldReader
    ) throws(DecodeError) -> Candle {
        let closed = try reader.required(row.closed, "closed")
        let isClosed = closed.matches(names.yes)
        guard isClosed || closed.matches(names.no) else { throw reader.bad(closed, "closed") }
        return Candle(
            instrument: instrument,
            interval: interval,
            exchangeMicroseconds: try reader.microseconds(row.time, "time_us"),
            openMicroseconds: try reader.microseconds(row.openTime, "open_us"),
            open: try reader.amount(row.open, "open"),
            high: try reader.amount(row.high, "high"),
            low: try reader.amount(row.low, "low"),
            close: try reader.amount(row.close, "close"),
            volume: try reader.amount(row.volume, "volume"),
            quoteVolume: row.quoteVolume == nil ? nil : try reader.amount(row.quoteVolume, "quote_volume"),
            trades: row.trades == nil ? nil : try reader.integer(row.trades, "trades"),
            isClosed: isClosed
        )
    }
}

// MARK: What is no data

extension GatewayDecoder {
    private func other(_ type: JSONText, _ message: GatewayMessage) throws(DecodeError) -> FrameOutcome {
        if type.matches(names.ping) {
            guard let id = message.id, id.integer != nil else { throw .missingField("id") }
            return .control(.ping(reply: "{\"type\":\"PONG\",\"id\":\(id.string)}"))
        }
        if type.matches(names.connected) {
            isConnected = true
            return .control(.acknowledgedStreams(try accepted(message)))
        }
        if type.matches(names.subscribed) {
            return .control(.acknowledgedStreams(try accepted(message)))
        }
        if type.matches(names.error) { return .control(GatewayErrors.control(message)) }
        if type.matches(names.closing) {
            return .control(.closingSoon(reason: message.text?.string ?? "closing"))
        }
        return type.matches(names.unsubscribed) ? .control(.information("UNSUBSCRIBED")) : .ignored("type")
    }

    /// Each symbol with each resolution and each tick that the gateway has accepted.
    private func accepted(_ message: GatewayMessage) throws(DecodeError) -> [AcknowledgedStream] {
        let channels = try words(message.resolutions, "resolutions") + words(message.ticks, "ticks")
        return try words(message.symbols, "symbols").flatMap { symbol in
            channels.map { AcknowledgedStream(venueSymbol: symbol, channelName: $0) }
        }
    }

    private func words(_ list: JSONCursor?, _ name: StaticName) throws(DecodeError) -> [String] {
        guard var cursor = list else { throw .missingField(name) }
        do throws(JSONError) {
            var words: [String] = []
            try cursor.enterArray()
            while try cursor.nextElement() { words.append(try cursor.string().string) }
            return words
        } catch {
            throw DecodeError(error)
        }
    }
}
