// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

/// OKX's frames to events (venue sheet 2 and 3).
///
/// A frame with `event` is control, one with `arg` and `data` a push. `data` is read at the end, when the channel is
/// known, wherever it stands in the frame.
final class OKXDecoder: FrameDecoder {
    let instruments: InstrumentTable
    private let scanner = JSONScanner()
    private let spot: SymbolIndex
    private let swap: SymbolIndex
    private let futures: SymbolIndex
    let names = OKXNames()

    init(instruments: InstrumentTable) {
        self.instruments = instruments
        spot = instruments.index(of: .okxSpot)
        swap = instruments.index(of: .okxSwap)
        futures = instruments.index(of: .okxFutures)
    }

    func decode(_ frame: FrameBytes, into batch: inout EventBatch) throws(DecodeError) -> FrameOutcome {
        if frame.bytes.count == 4, frame.bytes.elementsEqual("pong".utf8) { return .control(.pong) }
        do throws(OKXFrameError) {
            let envelope = try walk(frame, &batch)
            if let failure = envelope.failure { throw OKXFrameError(cause: failure) }
            if let event = envelope.event, event.count > 0 { return control(envelope) }
            return try push(envelope, hasEvents: batch.count > 0)
        } catch {
            // Bytes that are no JSON say nothing about a book.
            if case .malformed = error.cause { batch.bookAtRisk = nil }
            throw error.cause
        }
    }

    /// Reads the frame; rows of our channels are decoded where they stand if the channel is known by then.
    private func walk(_ frame: FrameBytes, _ batch: inout EventBatch) throws(OKXFrameError) -> OKXEnvelope {
        var envelope = OKXEnvelope()
        var cursor = try json { () throws(JSONError) in
            guard let scanner else { throw .tooLong }
            return try scanner.scan(frame.bytes, readable: frame.readable)
        }
        try json { () throws(JSONError) in try cursor.enterObject() }
        while let key = try json({ () throws(JSONError) in try cursor.nextKey() }) {
            let word = key.word
            if word == names.data.packed {
                envelope.data = cursor
                if let kind = rowKind(envelope), !kind.isBook || envelope.action != nil {
                    try rows(&cursor, envelope.instrument, kind, &envelope, &batch)
                } else {
                    try json { () throws(JSONError) in try cursor.skip() }
                }
            } else {
                try json { () throws(JSONError) in try envelope.read(word, &cursor, names) }
            }
        }
        try json { () throws(JSONError) in try cursor.finish() }
        if !envelope.hasRows, let kind = rowKind(envelope), var data = envelope.data {
            try rows(&data, envelope.instrument, kind, &envelope, &batch)
        }
        return envelope
    }

    /// What the rows of a push are; nil for channels that give no event.
    private func rowKind(_ envelope: OKXEnvelope) -> OKXRowKind? {
        guard let channel = envelope.channel, !envelope.isGenerated else { return nil }
        let word = channel.word
        if word == names.quotes.packed { return .quote }
        if word == names.trades.packed { return .trade }
        return rareRowKind(channel)
    }

    @inline(never)
    private func rareRowKind(_ channel: JSONText) -> OKXRowKind? {
        if channel.matches(names.books) || channel.matches(names.fastBooks) { return .book }
        if channel.matches(names.tickers) { return .ticker }
        if let interval = OKXIntervals.interval(channel) { return .candle(interval) }
        if channel.matches(names.allTrades) { return .trade }
        if channel.matches(names.funding) { return .funding }
        if channel.matches(names.markPrice) { return .mark }
        if channel.matches(names.indexTickers) { return .index }
        if channel.matches(names.openInterest) { return .openInterest }
        return channel.matches(names.liquidations) ? .liquidation : nil
    }

    private func push(_ envelope: OKXEnvelope, hasEvents: Bool) throws(OKXFrameError) -> FrameOutcome {
        if envelope.hasRows { return envelope.hasOption && !hasEvents ? .ignored("option") : .events }
        if let channel = envelope.channel, channel.count > 0 {
            if rowKind(envelope) != nil { throw OKXFrameError(cause: .missingField("data")) }
            return .ignored("channel")
        }
        if envelope.code != nil { return .ignored("answer") }
        if envelope.hasTable { return .ignored("version 3 push") }
        throw OKXFrameError(cause: .unknownFrame)
    }

    private func rows(
        _ cursor: inout JSONCursor,
        _ channelInstrument: JSONText?,
        _ kind: OKXRowKind,
        _ envelope: inout OKXEnvelope,
        _ batch: inout EventBatch
    ) throws(OKXFrameError) {
        let reader = FieldReader(cursor)
        envelope.hasRows = true
        try json { () throws(JSONError) in try cursor.enterArray() }
        while try json({ () throws(JSONError) in try cursor.nextElement() }) {
            switch kind {
            case .trade, .quote:
                var row = OKXRow()
                try json { () throws(JSONError) in try row.read(&cursor, names) }
                do throws(DecodeError) {
                    guard let instrument = try instrument(row.instrument ?? channelInstrument) else {
                        envelope.hasOption = true
                        continue
                    }
                    if kind.isQuote {
                        batch.append(try quote(row, instrument, reader))
                    } else {
                        batch.append(try trade(row, instrument, reader))
                    }
                } catch {
                    throw OKXFrameError(cause: error)
                }
            case .book:
                try book(&cursor, channelInstrument, &envelope, reader, &batch)
            default:
                let row = cursor
                try json { () throws(JSONError) in try cursor.skip() }
                try figures(row, kind, channelInstrument, &envelope, reader, &batch)
            }
        }
    }

    @inline(__always)
    func json<Value>(_ read: () throws(JSONError) -> Value) throws(OKXFrameError) -> Value {
        do throws(JSONError) { return try read() } catch { throw OKXFrameError(cause: DecodeError(error)) }
    }

    func trade(
        _ row: OKXRow,
        _ instrument: InstrumentID,
        _ reader: FieldReader
    ) throws(DecodeError) -> Trade {
        let side = try reader.required(row.side, "side")
        let word = side.word
        guard word == names.buy.packed || word == names.sell.packed else { throw reader.bad(side, "side") }
        return Trade(
            instrument: instrument,
            side: word == names.buy.packed ? .buy : .sell,
            exchangeMicroseconds: try reader.timeOrEmpty(row.time, "ts"),
            id: try reader.identifier(row.tradeID, "tradeId"),
            price: try reader.amount(row.price, "px"),
            size: try base(try reader.amount(row.size, "sz"), instrument),
            matches: max(row.count, 1)
        )
    }

    private func quote(
        _ row: OKXRow,
        _ instrument: InstrumentID,
        _ reader: FieldReader
    ) throws(DecodeError) -> BestQuote {
        BestQuote(
            instrument: instrument,
            exchangeMicroseconds: try reader.timeOrEmpty(row.time, "ts"),
            venueSequence: row.sequence == nil
                ? VenueSequence.none : try reader.integer(row.sequence, "seqId"),
            bid: try level(row.bid, instrument, reader, "bids"),
            ask: try level(row.ask, instrument, reader, "asks")
        )
    }

    private func level(
        _ side: OKXSide,
        _ instrument: InstrumentID,
        _ reader: FieldReader,
        _ name: StaticName
    ) throws(DecodeError) -> PriceLevel? {
        switch side {
        case .missing: throw .missingField(name)
        case .empty: return nil
        case .level(let price, let size):
            return PriceLevel(
                price: try reader.amount(price, name),
                size: try base(try reader.amount(size, name), instrument)
            )
        }
    }

    /// Contracts of linear instruments in base currency; spot sizes and contracts of inverse ones as they are.
    func base(_ size: ScaledDecimal, _ id: InstrumentID) throws(DecodeError) -> ScaledDecimal {
        let rule = instruments.sizeRule(of: id)
        guard rule != .unknown else { throw .unknownContractSize }
        do throws(DecimalError) { return try rule.size(of: size) } catch { throw .outOfRange }
    }

    /// The instrument of a name; nil for an option.
    func instrument(_ name: JSONText?) throws(DecodeError) -> InstrumentID? {
        guard let name else { throw .missingField("instId") }
        let index = name.endsWithSwap ? swap : spot
        if let known = index.find(name.start, count: name.count) { return known }
        if let known = futures.find(name.start, count: name.count) { return known }
        let text = name.string
        if OKXSymbols.isOption(text) { return nil }
        guard let inferred = OKXSymbols.infer(text) else { throw .unknownInstrument }
        return instruments.upsert(inferred)
    }

    private func control(_ envelope: OKXEnvelope) -> FrameOutcome {
        let event = envelope.event?.string ?? ""
        let instrument = envelope.instrument?.string ?? ""
        let channel = envelope.channel?.string ?? ""
        switch event {
        case "subscribe" where envelope.instrument == nil && channel == OKXChannels.name(.liquidation):
            return .control(.acknowledgedStreams(all(envelope.kind?.string ?? "", channel)))
        case "subscribe":
            return .control(.streamAcknowledged(venueSymbol: instrument, channelName: channel))
        case "unsubscribe":
            return .control(.streamEnded(venueSymbol: instrument, channelName: channel))
        case "error":
            let code = envelope.code?.string ?? ""
            return .control(
                .refused(
                    request: envelope.id?.integer,
                    code: code,
                    message: envelope.message?.string ?? "",
                    verdict: OKXErrors.verdict(code: code)
                )
            )
        case "notice":
            return .control(.closingSoon(reason: envelope.code?.string ?? "notice"))
        default:
            return .control(.information(event))
        }
    }

    /// The streams that one subscription to all instruments of a kind carries.
    private func all(_ kind: String, _ channel: String) -> [AcknowledgedStream] {
        instruments.instruments.filter { OKXChannels.kind($0.market) == kind }.map {
            AcknowledgedStream(venueSymbol: $0.venueSymbol, channelName: channel)
        }
    }
}

/// Which rows a channel carries.
enum OKXRowKind {
    case trade
    case quote
    case book
    case candle(CandleInterval)
    case ticker
    case funding
    case mark
    case index
    case openInterest
    case liquidation

    var isQuote: Bool { if case .quote = self { true } else { false } }
    var isBook: Bool { if case .book = self { true } else { false } }
    var isIndex: Bool { if case .index = self { true } else { false } }
}

/// A decode error on its way out of nested readers.
struct OKXFrameError: Error {
    let cause: DecodeError
}
