// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Models
import VenueKit

extension OKXDecoder {
    /// A push of `books` or `books-l2-tbt` (venue sheet 4).
    ///
    /// A row that can't be read is noted, and the frame read to its end: only then is it known whether it is JSON.
    @inline(never)
    func book(
        _ cursor: inout JSONCursor,
        _ channelInstrument: JSONText?,
        _ envelope: inout OKXEnvelope,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(OKXFrameError) {
        guard envelope.failure == nil else {
            return try json { () throws(JSONError) in try cursor.skip() }
        }
        var known: InstrumentID?
        do throws(DecodeError) {
            if let channelInstrument { known = try instrument(channelInstrument) }
        } catch {
            throw OKXFrameError(cause: error)
        }
        let start = cursor
        var row = try read(&cursor, known, &batch)
        if let own = row.instrument {
            let named: InstrumentID?
            do throws(DecodeError) { named = try instrument(own) } catch { throw OKXFrameError(cause: error) }
            if named != known {
                known = named
                cursor = start
                row = try read(&cursor, known, &batch)
            }
        } else if channelInstrument == nil {
            throw OKXFrameError(cause: .missingField("instId"))
        }
        guard let known else {
            envelope.hasOption = true
            return
        }
        batch.bookAtRisk = known
        batch.bookChannel = envelope.channel?.matches(names.fastBooks) == true ? 1 : 0
        do throws(DecodeError) {
            batch.append(try update(row, known, try isSnapshot(envelope.action, reader), reader))
        } catch {
            envelope.failure = error
        }
    }

    private func read(
        _ cursor: inout JSONCursor,
        _ instrument: InstrumentID?,
        _ batch: inout EventBatch
    ) throws(OKXFrameError) -> OKXBookRow {
        let rule = instrument.map { instruments.sizeRule(of: $0) } ?? .asStated
        var row = OKXBookRow()
        try json { () throws(JSONError) in try row.read(&cursor, names, rule, &batch) }
        return row
    }

    private func isSnapshot(_ action: JSONText?, _ reader: FieldReader) throws(DecodeError) -> Bool {
        let action = try reader.required(action, "action")
        if action.matches(names.update) { return false }
        guard action.matches(names.snapshot) else { throw reader.bad(action, "action") }
        return true
    }

    /// The event of a row; `prevSeqId` -1 stands for none, and a snapshot has none.
    func update(
        _ row: OKXBookRow,
        _ instrument: InstrumentID,
        _ isSnapshot: Bool,
        _ reader: FieldReader
    ) throws(DecodeError) -> BookUpdate {
        guard let bids = row.bids else { throw .missingField("bids") }
        guard let asks = row.asks else { throw .missingField("asks") }
        let isEmpty = bids.range.isEmpty && asks.range.isEmpty
        if !isEmpty, instruments.sizeRule(of: instrument) == .unknown { throw .unknownContractSize }
        let previous = try reader.integerIfAny(row.previous, "prevSeqId") ?? -1
        return BookUpdate(
            instrument: instrument,
            exchangeMicroseconds: try reader.timeOrEmpty(row.time, "ts"),
            kind: isSnapshot ? .snapshot : .delta,
            lastSequence: try reader.integerIfAny(row.sequence, "seqId") ?? VenueSequence.none,
            previousSequence: isSnapshot || previous == -1 ? VenueSequence.none : previous,
            checksum: try checksum(row.checksum, reader),
            bids: try bids.valid("bids"),
            asks: try asks.valid("asks")
        )
    }

    /// 32 bits with a sign.
    private func checksum(_ text: JSONText?, _ reader: FieldReader) throws(DecodeError) -> Int32? {
        guard let text, let value = try reader.integerIfAny(text, "checksum") else { return nil }
        guard let sum = Int32(exactly: value) else { throw reader.bad(text, "checksum") }
        return sum
    }
}

/// One element of `data` on the book channels; its levels are read where they stand.
struct OKXBookRow {
    var instrument: JSONText?
    var time: JSONText?
    var sequence: JSONText?
    var previous: JSONText?
    var checksum: JSONText?
    var bids: LevelsRead?
    var asks: LevelsRead?

    mutating func read(
        _ cursor: inout JSONCursor,
        _ names: OKXNames,
        _ rule: SizeRule,
        _ batch: inout EventBatch
    ) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            let word = key.word
            if word == names.asks.packed {
                asks = try cursor.levels(rule, into: &batch)
            } else if word == names.bids.packed {
                bids = try cursor.levels(rule, into: &batch)
            } else if word == names.time.packed {
                time = try cursor.token()
            } else if word == names.sequence.packed {
                sequence = try cursor.token()
            } else if word == names.checksum.packed {
                checksum = try cursor.token()
            } else if word == names.instrument.packed {
                instrument = try cursor.token()
            } else if key.matches(names.previous) {
                previous = try cursor.token()
            } else {
                try cursor.skip()
            }
        }
    }
}
