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
        var envelope = OKXEnvelope()
        do throws(JSONError) {
            guard let scanner else { throw .tooLong }
            var cursor = try scanner.scan(frame.bytes, readable: frame.readable)
            try envelope.read(&cursor, names)
            try cursor.finish()
        } catch {
            throw DecodeError(error)
        }
        if envelope.event != nil { return try control(envelope) }
        return try push(envelope, &batch)
    }

    private func push(_ envelope: OKXEnvelope, _ batch: inout EventBatch) throws(DecodeError) -> FrameOutcome
    {
        guard let channel = envelope.channel else {
            if envelope.code != nil { return .ignored("answer") }
            if envelope.hasTable { return .ignored("version 3 push") }
            throw .unknownFrame
        }
        let isQuote = channel.matches(names.quotes)
        guard isQuote || channel.matches(names.trades) || channel.matches(names.allTrades) else {
            return .ignored("channel")
        }
        guard let data = envelope.data else { throw .missingField("data") }
        do throws(OKXRowError) {
            try rows(data, envelope.instrument, isQuote, &batch)
        } catch {
            switch error {
            case .json(let cause): throw DecodeError(cause, field: "data")
            case .decode(let cause): throw cause
            case .option: return .ignored("option")
            }
        }
        return .events
    }

    private func rows(
        _ data: JSONCursor,
        _ channelInstrument: JSONText?,
        _ isQuote: Bool,
        _ batch: inout EventBatch
    ) throws(OKXRowError) {
        var cursor = data
        let reader = FieldReader(cursor)
        do throws(JSONError) { try cursor.enterArray() } catch { throw .json(error) }
        while true {
            var row = OKXRow()
            do throws(JSONError) {
                guard try cursor.nextElement() else { return }
                try row.read(&cursor, names)
            } catch {
                throw .json(error)
            }
            let instrument = try instrument(row.instrument ?? channelInstrument)
            do throws(DecodeError) {
                batch.append(
                    isQuote ? try quote(row, instrument, reader) : try trade(row, instrument, reader)
                )
            } catch {
                throw .decode(error)
            }
        }
    }

    private func trade(
        _ row: OKXRow,
        _ instrument: InstrumentID,
        _ reader: FieldReader
    ) throws(DecodeError) -> MarketEvent {
        let side = try reader.required(row.side, "side")
        guard side.matches(names.buy) || side.matches(names.sell) else { throw reader.bad(side, "side") }
        return .trade(
            Trade(
                instrument: instrument,
                side: side.matches(names.buy) ? .buy : .sell,
                exchangeMicroseconds: try reader.time(row.time, "ts"),
                id: try reader.identifier(row.tradeID, "tradeId"),
                price: try reader.amount(row.price, "px"),
                size: try base(try reader.amount(row.size, "sz"), instrument)
            )
        )
    }

    private func quote(
        _ row: OKXRow,
        _ instrument: InstrumentID,
        _ reader: FieldReader
    ) throws(DecodeError) -> MarketEvent {
        .quote(
            BestQuote(
                instrument: instrument,
                exchangeMicroseconds: try reader.time(row.time, "ts"),
                venueSequence: row.sequence == nil
                    ? VenueSequence.none : try reader.integer(row.sequence, "seqId"),
                bid: try level(row.bid, instrument, reader, "bids"),
                ask: try level(row.ask, instrument, reader, "asks")
            )
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

    private func instrument(_ name: JSONText?) throws(OKXRowError) -> InstrumentID {
        guard let name else { throw .decode(.missingField("instId")) }
        let index = name.endsWithSwap ? swap : spot
        if let known = index.find(name.start, count: name.count) { return known }
        if let known = futures.find(name.start, count: name.count) { return known }
        let text = name.string
        if OKXSymbols.isOption(text) { throw .option }
        guard let inferred = OKXSymbols.infer(text) else { throw .decode(.unknownInstrument) }
        return instruments.upsert(inferred)
    }

    private func control(_ envelope: OKXEnvelope) throws(DecodeError) -> FrameOutcome {
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

/// What can be wrong with a row, or that it is none of ours.
private enum OKXRowError: Error {
    case json(JSONError)
    case decode(DecodeError)
    case option
}
