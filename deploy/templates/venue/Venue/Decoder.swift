// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

/// The venue's frames to events.
///
/// Nothing that a frame holds may trap, and a frame of a running stream allocates nothing: fields are read as the bytes
/// that they are, numbers by `FieldReader`.
final class __NAME__Decoder: FrameDecoder {
    private let instruments: InstrumentTable
    private let names = __NAME__Names()
    private let scanner = JSONScanner()
    private let symbols: SymbolIndex

    init(instruments: InstrumentTable) {
        self.instruments = instruments
        symbols = instruments.index(of: .__name__Spot)
    }

    func decode(_ frame: FrameBytes, into batch: inout EventBatch) throws(DecodeError) -> FrameOutcome {
        var fields = __NAME__Frame()
        var cursor: JSONCursor
        do throws(JSONError) {
            guard let scanner else { throw .tooLong }
            cursor = try scanner.scan(frame.bytes, readable: frame.readable)
            try fields.read(&cursor, names)
            try cursor.finish()
        } catch {
            throw DecodeError(error)
        }
        let reader = FieldReader(cursor)
        guard let type = fields.type else { throw .unknownFrame }
        switch type.word {
        case names.trade.packed: batch.append(try trade(fields, reader))
        case names.quote.packed: batch.append(try quote(fields, reader))
        case names.acknowledged.packed:
            return .control(.acknowledged(request: try reader.integer(fields.id, "id")))
        case names.error.packed:
            return .control(
                .refused(
                    request: fields.id?.integer,
                    code: "error",
                    message: fields.message?.string ?? "",
                    verdict: .refuse
                )
            )
        default: return .ignored("type")
        }
        return .events
    }

    private func instrument(_ name: JSONText?) throws(DecodeError) -> InstrumentID {
        guard let name, name.count > 0 else { throw .missingField("symbol") }
        if let known = symbols.find(name.start, count: name.count) { return known }
        guard let inferred = __NAME__Symbols.infer(name.string) else { throw .unknownInstrument }
        return instruments.upsert(inferred)
    }

    /// `side` must be the taker's: where the venue gives the maker's, turn it.
    private func trade(_ fields: __NAME__Frame, _ reader: FieldReader) throws(DecodeError) -> Trade {
        let side = try reader.required(fields.side, "side")
        let isBuy = side.word == names.buy.packed
        guard isBuy || side.word == names.sell.packed else { throw reader.bad(side, "side") }
        return Trade(
            instrument: try instrument(fields.symbol),
            side: isBuy ? .buy : .sell,
            exchangeMicroseconds: try reader.time(fields.time, "time"),
            id: try reader.identifier(fields.id, "id"),
            price: try reader.amount(fields.price, "price"),
            size: try reader.amount(fields.size, "size")
        )
    }

    private func quote(_ fields: __NAME__Frame, _ reader: FieldReader) throws(DecodeError) -> BestQuote {
        BestQuote(
            instrument: try instrument(fields.symbol),
            exchangeMicroseconds: try reader.time(fields.time, "time"),
            venueSequence: fields.sequence == nil
                ? VenueSequence.none : try reader.integer(fields.sequence, "seq"),
            bid: try level(fields.bid, fields.bidSize, "bid", reader),
            ask: try level(fields.ask, fields.askSize, "ask", reader)
        )
    }

    private func level(
        _ price: JSONText?,
        _ size: JSONText?,
        _ name: StaticName,
        _ reader: FieldReader
    ) throws(DecodeError) -> PriceLevel? {
        if price == nil, size == nil { return nil }
        return PriceLevel(price: try reader.amount(price, name), size: try reader.amount(size, name))
    }
}
