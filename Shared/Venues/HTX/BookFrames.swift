// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

extension HTXDecoder {
    /// A push; what the data names wins over what the channel names.
    func book(
        _ cursor: inout JSONCursor,
        _ kind: HTXKind,
        _ owner: JSONText,
        _ context: HTXContext,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        let tick = try bookTick(&cursor)
        let id = try instrument(owner, symbol: tick.symbol, channel: tick.channel)
        try book(tick, kind, id, context, isAnswer: false, &batch)
    }

    /// An answer, on the socket or by REST.
    func book(
        _ cursor: inout JSONCursor,
        _ kind: HTXKind,
        _ id: InstrumentID,
        _ context: HTXContext,
        isAnswer: Bool,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        try book(try bookTick(&cursor), kind, id, context, isAnswer: isAnswer, &batch)
    }

    private func bookTick(_ cursor: inout JSONCursor) throws(DecodeError) -> HTXBookTick {
        do throws(JSONError) { return try HTXBookTick(&cursor, names) } catch { throw DecodeError(error) }
    }

    private func book(
        _ tick: HTXBookTick,
        _ kind: HTXKind,
        _ id: InstrumentID,
        _ context: HTXContext,
        isAnswer: Bool,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        batch.bookAtRisk = id
        batch.bookChannel = kind.bookChannel
        let isNumbered = if case .numbered = kind { true } else { false }
        var update = BookUpdate(
            instrument: id,
            exchangeMicroseconds: isNumbered ? try context.sent() : try context.engine(tick.time),
            kind: .delta,
            bids: 0..<0,
            asks: 0..<0
        )
        switch kind {
        case .numbered(let levels):
            update.depth = levels
            try number(&update, tick, isAnswer, context.reader)
        case .versioned: try version(&update, tick, context.reader)
        default: try whole(&update, tick, context)
        }
        if isAnswer { update.kind = .snapshot }
        update.bids = try levels(tick.bids, id, "bids", &batch)
        update.asks = try levels(tick.asks, id, "asks", &batch)
        batch.append(update)
    }

    private func number(
        _ update: inout BookUpdate,
        _ tick: HTXBookTick,
        _ isAnswer: Bool,
        _ reader: FieldReader
    ) throws(DecodeError) {
        update.lastSequence = try reader.integer(tick.sequence, "seqNum")
        if !isAnswer { update.previousSequence = try reader.integer(tick.previous, "prevSeqNum") }
    }

    private func version(
        _ update: inout BookUpdate,
        _ tick: HTXBookTick,
        _ reader: FieldReader
    ) throws(DecodeError) {
        update.depth = Int32(HTXBookSync.levels)
        update.lastSequence = try reader.integer(tick.version, "version")
        update.firstSequence = update.lastSequence
        if try reader.required(tick.event, "event").word == names.snapshot.packed { update.kind = .snapshot }
    }

    private func whole(
        _ update: inout BookUpdate,
        _ tick: HTXBookTick,
        _ context: HTXContext
    ) throws(DecodeError) {
        update.depth = Int32(HTXBookSync.levels)
        // The contracts' `version` is the time in seconds; `mrid` orders their books.
        let isSpot = instruments[update.instrument].kind == .spot
        update.lastSequence = try context.reader.integer(
            isSpot ? tick.version : tick.mergeID,
            isSpot ? "version" : "mrid"
        )
        update.kind = context.isUpdate ? .delta : .whole
        if context.isUpdate { update.firstSequence = HTXBookSync.anyNumber }
    }

    private func levels(
        _ place: JSONCursor?,
        _ id: InstrumentID,
        _ name: StaticName,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> Range<Int> {
        let first = batch.levels.count
        guard var cursor = place else { return first..<first }
        let isSpot = instruments[id].kind == .spot
        let rule = isSpot ? .asStated : instruments.sizeRule(of: id)
        if case .unknown = rule { throw .unknownContractSize }
        do throws(JSONError) {
            try cursor.enterArray()
            while try cursor.nextElement() { batch.append(try Self.level(&cursor, rule)) }
        } catch {
            throw DecodeError(error, field: name)
        }
        return first..<batch.levels.count
    }

    @inline(__always)
    private static func level(
        _ cursor: inout JSONCursor,
        _ rule: SizeRule
    ) throws(JSONError) -> PriceLevel {
        let place = cursor.offset
        try cursor.enterArray()
        guard try cursor.nextElement() else { throw .badDecimal(offset: place) }
        let price = try cursor.decimal()
        guard try cursor.nextElement() else { throw .badDecimal(offset: place) }
        var size = try cursor.decimal()
        while try cursor.nextElement() { try cursor.skip() }
        guard !price.isNegative, !size.isNegative else { throw .badDecimal(offset: place) }
        if case .contracts(let contract) = rule {
            do throws(DecimalError) {
                size = try size.multiplied(by: contract)
            } catch {
                throw .badDecimal(offset: place)
            }
        }
        return PriceLevel(price: price, size: size)
    }
}
