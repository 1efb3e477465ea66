// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

/// Binance's frames, bare or in the combined-stream envelope, to events (venue sheet 2 to 4).
///
/// One walk over the frame notes where its values are, in whatever order they come; then the kind decides what is
/// made of them.
final class BinanceDecoder: FrameDecoder {
    private let market: MarketID?
    private let instruments: InstrumentTable
    private let scanner = JSONScanner()
    private let spot: SymbolIndex
    private let usdm: SymbolIndex
    private let coinm: SymbolIndex
    private let names = BinanceNames()

    init(market: MarketID?, instruments: InstrumentTable) {
        self.market = market
        self.instruments = instruments
        spot = instruments.index(of: .spot)
        usdm = instruments.index(of: .usdm)
        coinm = instruments.index(of: .coinm)
    }

    func decode(_ frame: FrameBytes, into batch: inout EventBatch) throws(DecodeError) -> FrameOutcome {
        var fields = BinanceFields()
        let reader: FieldReader
        do throws(JSONError) {
            guard let scanner else { throw .tooLong }
            var cursor = try scanner.scan(frame.bytes, readable: frame.readable)
            reader = FieldReader(cursor)
            if cursor.peek == UInt8(ascii: "[") {
                try cursor.checkWhole()
                return .ignored("array")
            }
            try fields.walk(&cursor, names)
            try cursor.finish()
        } catch {
            throw DecodeError(error)
        }
        do throws(DecodeError) {
            return try event(fields, reader, &batch)
        } catch {
            // Option frames spell some fields in ways of their own; none of them is wanted (EVENTS ruling 9).
            if fields.s?.isOptionName == true { return .ignored("option") }
            throw error
        }
    }

    private func event(
        _ fields: BinanceFields,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        guard let kind = fields.e else {
            if fields.isQuote(names) {
                batch.append(try quote(fields, reader))
                return .events
            }
            return try other(fields)
        }
        if kind.matches(names.bookTicker) {
            batch.append(try quote(fields, reader))
            return .events
        }
        let isAggregate = kind.word == names.aggTrade.packed
        if isAggregate || kind.word == names.trade.packed {
            return try trade(fields, reader, isAggregate: isAggregate, &batch)
        }
        if kind.matches(names.serverShutdown) {
            return .control(.closingSoon(reason: "serverShutdown"))
        }
        guard kind.count > 0 else { throw reader.bad(kind, "e") }
        return .ignored("event")
    }

    /// A trade; the taker's side is the opposite of the maker's, and `m` says that the buyer was the maker.
    private func trade(
        _ fields: BinanceFields,
        _ reader: FieldReader,
        isAggregate: Bool,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        let market = market(of: fields)
        if market != .spot, !isAggregate, let cause = fields.X, !cause.matches(names.market) {
            return .ignored("no market trade")
        }
        let buyerIsMaker = try reader.required(fields.m, "m")
        guard buyerIsMaker.isTrue || buyerIsMaker.isFalse else { throw reader.bad(buyerIsMaker, "m") }
        batch.append(
            Trade(
                instrument: try instrument(fields, reader, market),
                side: buyerIsMaker.isTrue ? .sell : .buy,
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
            instrument: try instrument(fields, reader, market(of: fields)),
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
    private func time(_ fields: BinanceFields, _ reader: FieldReader) throws(DecodeError) -> Int64 {
        fields.T == nil ? try reader.time(fields.E, "E") : try reader.time(fields.T, "T")
    }

    /// The gateway's own mark, else the connection's market, else what the frame shows.
    private func market(of fields: BinanceFields) -> MarketID {
        if let mark = fields.st, market != .spot {
            if mark.packed == 0x31, mark.count == 1 { return .usdm }
            if mark.packed == 0x32, mark.count == 1 { return .coinm }
        }
        return market ?? fields.marketShown
    }

    private func instrument(
        _ fields: BinanceFields,
        _ reader: FieldReader,
        _ market: MarketID
    ) throws(DecodeError) -> InstrumentID {
        let symbol = try reader.required(fields.s, "s")
        let index = market == .spot ? spot : market == .usdm ? usdm : coinm
        if let known = index.find(symbol.start, count: symbol.count) { return known }
        guard let inferred = BinanceSymbols.infer(symbol.string, market: market) else {
            throw .unknownInstrument
        }
        return instruments.upsert(inferred)
    }

    /// Everything without an event type: answers, snapshots, errors.
    private func other(_ fields: BinanceFields) throws(DecodeError) -> FrameOutcome {
        if fields.has(.array) { return .ignored("array") }
        if fields.has(.snapshot) { return .ignored("partial depth") }
        if fields.has(.status) { return .ignored("WebSocket API answer") }
        if fields.has(.result), fields.code == nil {
            guard let request = fields.id?.integer else {
                return .control(.information("answer without an id"))
            }
            return .control(.acknowledged(request: request))
        }
        if fields.has(.userEvent) { return .ignored("user event") }
        if fields.has(.openInterest) { return .ignored("REST answer") }
        guard let code = fields.code, let message = fields.msg else { throw .unknownFrame }
        return .control(
            .refused(
                request: fields.id?.integer,
                code: code.string,
                message: message.string,
                verdict: BinanceErrors.verdict(code: code.integer)
            )
        )
    }
}
