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
    private let instruments: InstrumentTable
    private let scanner = JSONScanner()
    private let spot: SymbolIndex
    private let swap: SymbolIndex
    private let futures: SymbolIndex
    private let names = OKXNames()

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
            if let event = envelope.event, event.count > 0 { return control(envelope) }
            return try push(envelope, hasEvents: batch.count > 0)
        } catch {
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
                if let kind = rowKind(envelope.channel) {
                    try rows(&cursor, envelope.instrument, kind, &envelope, &batch)
                } else {
                    try json { () throws(JSONError) in try cursor.skip() }
                }
            } else {
                try json { () throws(JSONError) in try envelope.read(word, &cursor, names) }
            }
        }
        try json { () throws(JSONError) in try cursor.finish() }
        if let kind = rowKind(envelope.channel), !envelope.hasRows, var data = envelope.data {
            try rows(&data, envelope.instrument, kind, &envelope, &batch)
        }
        return envelope
    }

    private func rowKind(_ channel: JSONText?) -> OKXRowKind? {
        guard let channel else { return nil }
        let word = channel.word
        if word == names.quotes.packed { return .quote }
        return word == names.trades.packed || channel.matches(names.allTrades) ? .trade : nil
    }

    private func push(_ envelope: OKXEnvelope, hasEvents: Bool) throws(OKXFrameError) -> FrameOutcome {
        if envelope.hasRows { return envelope.hasOption && !hasEvents ? .ignored("option") : .events }
        if let channel = envelope.channel, channel.count > 0 {
            if rowKind(channel) != nil { throw OKXFrameError(cause: .missingField("data")) }
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
            var row = OKXRow()
            try json { () throws(JSONError) in try row.read(&cursor, names) }
            do throws(DecodeError) {
                guard let instrument = try instrument(row.instrument ?? channelInstrument) else {
                    envelope.hasOption = true
                    continue
                }
                switch kind {
                case .quote: batch.append(try quote(row, instrument, reader))
                case .trade: batch.append(try trade(row, instrument, reader))
                }
            } catch {
                throw OKXFrameError(cause: error)
            }
        }
    }

    @inline(__always)
    private func json<Value>(_ read: () throws(JSONError) -> Value) throws(OKXFrameError) -> Value {
        do throws(JSONError) { return try read() } catch { throw OKXFrameError(cause: DecodeError(error)) }
    }

    private func trade(
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
            size: try base(try reader.amount(row.size, "sz"), instrument)
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
    private func base(_ size: ScaledDecimal, _ id: InstrumentID) throws(DecodeError) -> ScaledDecimal {
        switch instruments.sizeRule(of: id) {
        case .asStated: return size
        case .unknown: throw .unknownContractSize
        case .contracts(let contract):
            do throws(DecimalError) { return try size.multiplied(by: contract) } catch { throw .outOfRange }
        }
    }

    /// The instrument of a name; nil for an option.
    private func instrument(_ name: JSONText?) throws(DecodeError) -> InstrumentID? {
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
}

/// Which rows a channel carries.
private enum OKXRowKind {
    case trade
    case quote
}

/// A decode error on its way out of nested readers.
private struct OKXFrameError: Error {
    let cause: DecodeError
}
