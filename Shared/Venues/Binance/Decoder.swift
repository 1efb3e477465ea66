// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

/// Binance's frames, bare or in the combined-stream envelope, to events (venue sheet 2 to 4).
///
/// One walk over the frame notes where the values of quotes, trades and books are, in whatever order they come; then
/// the kind decides what is made of them. The rarer kinds take a second walk for the values that only they have.
final class BinanceDecoder: FrameDecoder {
    private let market: MarketID?
    let instruments: InstrumentTable
    private let scanner = JSONScanner()
    private let spot: SymbolIndex
    private let usdm: SymbolIndex
    private let coinm: SymbolIndex
    let names = BinanceNames()

    init(market: MarketID?, instruments: InstrumentTable) {
        self.market = market
        self.instruments = instruments
        spot = instruments.index(of: .spot)
        usdm = instruments.index(of: .usdm)
        coinm = instruments.index(of: .coinm)
    }

    func decode(_ frame: FrameBytes, into batch: inout EventBatch) throws(DecodeError) -> FrameOutcome {
        var fields = BinanceFields()
        let root: JSONCursor
        do throws(JSONError) {
            guard let scanner else { throw .tooLong }
            var cursor = try scanner.scan(frame.bytes, readable: frame.readable)
            root = cursor
            if cursor.peek == UInt8(ascii: "[") {
                try cursor.checkWhole()
            } else {
                try fields.walk(&cursor, names, &batch)
                try cursor.finish()
            }
        } catch {
            throw DecodeError(error)
        }
        let reader = FieldReader(root)
        do throws(DecodeError) {
            if root.peek == UInt8(ascii: "[") { return try rows(root, reader, &batch) }
            return try event(fields, root, reader, &batch)
        } catch {
            // Option frames spell some fields in ways of their own; none of them is wanted (EVENTS ruling 9).
            if fields.s?.isOptionName == true { return .ignored("option") }
            throw error
        }
    }

    /// What a frame, or a row of a stream of all symbols, is; `root` is where it begins.
    ///
    /// What rare kinds need is kept out of the hot path's frame: their functions are not inlined.
    private func event(
        _ fields: BinanceFields,
        _ root: JSONCursor,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        guard !fields.has(.generated) else { return .ignored("generated") }
        let isQuote = fields.e.map { $0.matches(names.bookTicker) } ?? fields.isQuote(names)
        if isQuote {
            batch.append(try quote(fields, reader))
            return .events
        }
        guard let kind = fields.e else { return try other(fields, root, reader, &batch) }
        let isAggregate = kind.word == names.aggTrade.packed
        if isAggregate || kind.word == names.trade.packed {
            return try trade(fields, reader, isAggregate: isAggregate, &batch)
        }
        if kind.matches(names.depthUpdate) { return try increment(fields, reader, &batch) }
        if kind.matches(names.serverShutdown) {
            return .control(.closingSoon(reason: "serverShutdown"))
        }
        guard kind.count > 0 else { throw reader.bad(kind, "e") }
        return try rare(kind, fields, root, reader, &batch)
    }

    /// The kinds that come a few times a second.
    @inline(never)
    private func rare(
        _ kind: JSONText,
        _ fields: BinanceFields,
        _ root: JSONCursor,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        if kind.matches(names.kline) { return try candle(try row(root), fields, reader, &batch) }
        if kind.matches(names.ticker) || kind.matches(names.miniTicker) {
            return try ticker(try row(root), fields, reader, &batch)
        }
        if kind.matches(names.markPrice) { return try funding(try row(root), fields, reader, &batch) }
        if kind.matches(names.indexPrice) { return try index(try row(root), reader, &batch) }
        if kind.matches(names.forceOrder) { return try liquidation(try row(root), fields, reader, &batch) }
        return .ignored("event")
    }

    /// A stream of all symbols, of a kind that has one: an event a row.
    @inline(never)
    private func rows(
        _ start: JSONCursor,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        var cursor = start
        var isFirst = true
        do throws(JSONError) { try cursor.enterArray() } catch { throw DecodeError(error) }
        while try hasElement(&cursor) {
            let root = cursor
            var fields = BinanceFields()
            do throws(JSONError) {
                if isFirst, cursor.peek != UInt8(ascii: "{") { return .ignored("array") }
                try fields.walk(&cursor, names, &batch, isPayload: true)
            } catch {
                throw DecodeError(error)
            }
            if isFirst, !isRowKind(fields.e) { return .ignored("array") }
            isFirst = false
            guard fields.e != nil else { continue }
            _ = try event(fields, root, reader, &batch)
        }
        return isFirst ? .ignored("array") : .events
    }

    private func hasElement(_ cursor: inout JSONCursor) throws(DecodeError) -> Bool {
        do throws(JSONError) { return try cursor.nextElement() } catch { throw DecodeError(error) }
    }

    private func isRowKind(_ kind: JSONText?) -> Bool {
        guard let kind else { return false }
        return kind.matches(names.ticker) || kind.matches(names.miniTicker) || kind.matches(names.markPrice)
    }

    /// The values of a rare kind.
    @inline(never)
    func row(_ start: JSONCursor) throws(DecodeError) -> BinanceRow {
        var cursor = start
        var row = BinanceRow()
        do throws(JSONError) { try row.read(&cursor, names) } catch { throw DecodeError(error) }
        return row
    }

    /// A trade; the taker's side is the opposite of the maker's, and `m` says that the buyer was the maker.
    private func trade(
        _ fields: BinanceFields,
        _ reader: FieldReader,
        isAggregate: Bool,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        let market = market(of: fields, fields.s)
        if market != .spot, !isAggregate, let cause = fields.X, !cause.matches(names.market) {
            return .ignored("no market trade")
        }
        let buyerIsMaker = try reader.flag(fields.m, "m")
        batch.append(
            Trade(
                instrument: try instrument(fields.s, reader, market),
                side: buyerIsMaker ? .sell : .buy,
                exchangeMicroseconds: try time(fields, reader),
                id: isAggregate ? try reader.number(fields.a, "a") : try reader.number(fields.t, "t"),
                price: try reader.amount(fields.p, "p"),
                size: try reader.amount(fields.q, "q")
            )
        )
        return .events
    }

    private func quote(_ fields: BinanceFields, _ reader: FieldReader) throws(DecodeError) -> BestQuote {
        BestQuote(
            instrument: try instrument(fields.s, reader, market(of: fields, fields.s)),
            exchangeMicroseconds: try time(fields, reader),
            venueSequence: try reader.integer(fields.u, "u"),
            bid: level(try reader.amount(fields.b, "b"), try reader.amount(fields.B, "B")),
            ask: level(try reader.amount(fields.a, "a"), try reader.amount(fields.A, "A"))
        )
    }

    /// An empty side is spelled as price 0 and size 0.
    private func level(_ price: ScaledDecimal, _ size: ScaledDecimal) -> PriceLevel? {
        price.isZero && size.isZero ? nil : PriceLevel(price: price, size: size)
    }

    /// The engine's time, else the sending time (EVENTS ruling 1).
    func time(_ fields: BinanceFields, _ reader: FieldReader) throws(DecodeError) -> Int64 {
        fields.T == nil ? try reader.time(fields.E, "E") : try reader.time(fields.T, "T")
    }

    /// The gateway's own mark, else the connection's market, else what the frame shows.
    func market(of fields: BinanceFields, _ symbol: JSONText?) -> MarketID {
        if let mark = fields.st, market != .spot {
            if mark.packed == 0x31, mark.count == 1 { return .usdm }
            if mark.packed == 0x32, mark.count == 1 { return .coinm }
        }
        return market ?? fields.marketShown(by: symbol)
    }

    func instrument(
        _ symbol: JSONText?,
        _ reader: FieldReader,
        _ market: MarketID
    ) throws(DecodeError) -> InstrumentID {
        let symbol = try reader.required(symbol, "s")
        let index = market == .spot ? spot : market == .usdm ? usdm : coinm
        if let known = index.find(symbol.start, count: symbol.count) { return known }
        guard let inferred = BinanceSymbols.infer(symbol.string, market: market) else {
            throw .unknownInstrument
        }
        return instruments.upsert(inferred)
    }

    /// Everything without an event type: answers, snapshots, errors.
    @inline(never)
    private func other(
        _ fields: BinanceFields,
        _ root: JSONCursor,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        if fields.has(.array), let rows = try row(root).rows { return try self.rows(rows, reader, &batch) }
        if fields.has(.snapshot) { return .ignored("partial depth") }
        if fields.has(.status) { return .ignored("WebSocket API answer") }
        let reply = try reply(root)
        if fields.has(.result), reply.code == nil {
            guard let request = reply.id?.integer else {
                return .control(.information("answer without an id"))
            }
            return .control(.acknowledged(request: request))
        }
        if fields.has(.userEvent) { return .ignored("user event") }
        if fields.has(.openInterest) { return .ignored("REST answer") }
        guard let code = reply.code, let message = reply.msg else { throw .unknownFrame }
        return .control(
            .refused(
                request: reply.id?.integer,
                code: code.string,
                message: message.string,
                verdict: BinanceErrors.verdict(code: code.integer)
            )
        )
    }

    private func reply(_ start: JSONCursor) throws(DecodeError) -> BinanceReply {
        var cursor = start
        var reply = BinanceReply()
        do throws(JSONError) { try reply.read(&cursor, names) } catch { throw DecodeError(error) }
        return reply
    }
}
