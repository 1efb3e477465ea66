// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Models
import VenueKit

extension BinanceDecoder {
    /// An increment of a book (venue sheet 3.4 and 4.5).
    ///
    /// Partial depths give no event (EVENTS ruling 17).
    @inline(never)
    func increment(
        _ fields: BinanceFields,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        guard fields.isIncrement else { return .ignored("partial depth") }
        let instrument = try instrument(fields.s, reader, market(of: fields, fields.s))
        batch.bookAtRisk = instrument
        let update = BookUpdate(
            instrument: instrument,
            exchangeMicroseconds: try time(fields, reader),
            kind: .delta,
            firstSequence: try reader.integer(fields.U, "U"),
            lastSequence: try reader.integer(fields.u, "u"),
            previousSequence: try reader.integerIfAny(fields.pu, "pu") ?? VenueSequence.none,
            bids: try side(fields.bids, fields.b, "b", reader),
            asks: try side(fields.asks, fields.a, "a", reader)
        )
        batch.append(update)
        return .events
    }

    private func side(
        _ levels: LevelsRead?,
        _ text: JSONText?,
        _ name: StaticName,
        _ reader: FieldReader
    ) throws(DecodeError) -> Range<Int> {
        if let levels { return try levels.valid(name) }
        throw reader.bad(try reader.required(text, name), name)
    }
}
