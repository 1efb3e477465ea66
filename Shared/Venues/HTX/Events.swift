// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

// MARK: Trades and quotes

extension HTXDecoder {
    /// Spot sends the newest first, contracts the oldest (EVENTS ruling 4).
    func trades(
        _ cursor: inout JSONCursor,
        _ owner: JSONText,
        _ context: HTXContext,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        let tick: HTXTradeTick
        do throws(JSONError) { tick = try HTXTradeTick(&cursor, names) } catch { throw DecodeError(error) }
        guard var data = tick.data else { throw .missingField("data") }
        let id = try instrument(owner, symbol: tick.symbol, channel: tick.channel)
        let first = batch.trades.count
        do throws(JSONError) { try data.enterArray() } catch { throw DecodeError(error) }
        while try hasElement(&data) {
            let row: HTXTradeRow
            do throws(JSONError) { row = try HTXTradeRow(&data, names) } catch { throw DecodeError(error) }
            batch.append(try trade(row, id, tick.time, context))
        }
        if instruments[id].kind == .spot { batch.reverseTrades(from: first) }
    }

    /// One trade; the venue's time for it is its own or that of the frame around it.
    func trade(
        _ row: HTXTradeRow,
        _ id: InstrumentID,
        _ time: JSONText?,
        _ context: HTXContext
    ) throws(DecodeError) -> Trade {
        let isSpot = instruments[id].kind == .spot
        return Trade(
            instrument: id,
            side: try side(row.direction, context.reader),
            exchangeMicroseconds: try context.engine(row.time ?? time),
            id: try tradeID(row, isSpot, context.reader),
            price: try context.reader.amount(row.price, "price"),
            size: try size(row, id, isSpot, context.reader)
        )
    }

    /// Spot's `id` has more digits than an integer holds and stands in for a missing `tradeId` only.
    private func tradeID(
        _ row: HTXTradeRow,
        _ isSpot: Bool,
        _ reader: FieldReader
    ) throws(DecodeError) -> ShortText {
        let text = try reader.required(isSpot ? row.tradeID ?? row.id : row.id, "id")
        for place in 0..<text.count where text.start[place] &- 48 > 9 { throw reader.bad(text, "id") }
        return try reader.identifier(text, "id")
    }

    private func size(
        _ row: HTXTradeRow,
        _ id: InstrumentID,
        _ isSpot: Bool,
        _ reader: FieldReader
    ) throws(DecodeError) -> ScaledDecimal {
        if isSpot { return try reader.amount(row.amount, "amount") }
        if row.quantity != nil, !instruments[id].kind.isInverse {
            return try reader.amount(row.quantity, "quantity")
        }
        return try base(try reader.amount(row.amount, "amount"), id)
    }

    func side(_ text: JSONText?, _ reader: FieldReader) throws(DecodeError) -> Side {
        let text = try reader.required(text, "direction")
        let word = text.word
        guard word == names.buy.packed || word == names.sell.packed else {
            throw reader.bad(text, "direction")
        }
        return word == names.buy.packed ? .buy : .sell
    }

    func quote(
        _ cursor: inout JSONCursor,
        _ owner: JSONText,
        _ context: HTXContext,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        let tick: HTXQuoteTick
        do throws(JSONError) { tick = try HTXQuoteTick(&cursor, names) } catch { throw DecodeError(error) }
        let reader = context.reader
        let id = try instrument(owner, symbol: tick.symbol, channel: tick.channel)
        batch.append(
            BestQuote(
                instrument: id,
                exchangeMicroseconds: try context.engine(tick.time),
                venueSequence: tick.sequence == nil
                    ? VenueSequence.none : try reader.integer(tick.sequence, "seqId"),
                bid: try level(tick.bid, id, reader, "bid"),
                ask: try level(tick.ask, id, reader, "ask")
            )
        )
    }

    /// A side without price and size is empty (EVENTS ruling 16).
    private func level(
        _ side: HTXSide,
        _ id: InstrumentID,
        _ reader: FieldReader,
        _ name: StaticName
    ) throws(DecodeError) -> PriceLevel? {
        if side.price == nil, side.size == nil { return nil }
        return PriceLevel(
            price: try reader.amount(side.price, name),
            size: try base(try reader.amount(side.size, name), id)
        )
    }

    /// Contracts of linear instruments in base currency; spot sizes and contracts of inverse ones as they are.
    func base(_ size: ScaledDecimal, _ id: InstrumentID) throws(DecodeError) -> ScaledDecimal {
        guard instruments[id].kind != .spot else { return size }
        switch instruments.sizeRule(of: id) {
        case .asStated: return size
        case .unknown: throw .unknownContractSize
        case .contracts(let contract):
            do throws(DecimalError) { return try size.multiplied(by: contract) } catch { throw .outOfRange }
        }
    }
}

// MARK: Candles and the 24 hours

extension HTXDecoder {
    func candle(
        _ cursor: inout JSONCursor,
        _ interval: CandleInterval,
        _ owner: JSONText,
        _ context: HTXContext,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        let tick = try figures(&cursor)
        let id = try instrument(owner, symbol: tick.symbol, channel: tick.channel)
        batch.append(try candle(tick, interval, id, exchange: try context.sent(), context.reader))
    }

    /// A candle from its figures; the venue never says whether it is over.
    func candle(
        _ tick: HTXFigures,
        _ interval: CandleInterval,
        _ id: InstrumentID,
        exchange: Int64,
        _ reader: FieldReader
    ) throws(DecodeError) -> Candle {
        let volumes = try volumes(tick, id, reader)
        return Candle(
            instrument: id,
            interval: interval,
            exchangeMicroseconds: exchange,
            openMicroseconds: try seconds(tick.id, reader),
            open: try reader.amount(tick.open, "open"),
            high: try reader.amount(tick.high, "high"),
            low: try reader.amount(tick.low, "low"),
            close: try reader.amount(tick.close, "close"),
            volume: try reader.required(volumes.own, tick, "amount"),
            quoteVolume: volumes.quote,
            trades: tick.count == nil ? nil : try reader.integer(tick.count, "count"),
            isClosed: nil
        )
    }

    func ticker(
        _ cursor: inout JSONCursor,
        _ owner: JSONText,
        _ context: HTXContext,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        let tick = try figures(&cursor)
        let id = try instrument(owner, symbol: tick.symbol, channel: tick.channel)
        batch.append(try ticker(tick, id, exchange: try context.sent(), context.reader))
    }

    func allTickers(
        _ envelope: HTXEnvelope,
        _ context: HTXContext,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        guard var data = envelope.data else { throw .missingField("data") }
        do throws(JSONError) { try data.enterArray() } catch { throw DecodeError(error) }
        while try hasElement(&data) {
            let row = try figures(&data)
            guard let symbol = row.symbol else { throw .missingField("symbol") }
            let id = try instrument(symbol)
            batch.append(try ticker(row, id, exchange: try context.sent(), context.reader))
        }
        return .events
    }

    /// The 24 hours from their figures.
    func ticker(
        _ tick: HTXFigures,
        _ id: InstrumentID,
        exchange: Int64,
        _ reader: FieldReader
    ) throws(DecodeError) -> Ticker {
        let volumes = try volumes(tick, id, reader)
        return Ticker(
            instrument: id,
            exchangeMicroseconds: exchange,
            venueSequence: tick.version == nil
                ? VenueSequence.none : try reader.integer(tick.version, "version"),
            last: try reader.amount(tick.last ?? tick.close, "close"),
            open: try price(tick.open, "open", reader),
            high: try price(tick.high, "high", reader),
            low: try price(tick.low, "low", reader),
            volume: volumes.own,
            quoteVolume: volumes.quote
        )
    }

    /// What was traded and what was paid for it: `amount` and `vol` change places between spot and contracts (venue
    /// sheet 3.3 and 4.3).
    private func volumes(
        _ tick: HTXFigures,
        _ id: InstrumentID,
        _ reader: FieldReader
    ) throws(DecodeError) -> (own: ScaledDecimal?, quote: ScaledDecimal?) {
        switch instruments[id].kind {
        case .spot:
            return (try price(tick.amount, "amount", reader), try price(tick.volume, "vol", reader))
        case .linearPerpetual, .linearFuture:
            return (
                try price(tick.amount, "amount", reader), try price(tick.turnover, "trade_turnover", reader)
            )
        case .inversePerpetual, .inverseFuture:
            guard let contracts = try price(tick.volume, "vol", reader) else { return (nil, nil) }
            guard let size = instruments[id].contractSize else { return (contracts, nil) }
            do throws(DecimalError) {
                return (contracts, try contracts.multiplied(by: size))
            } catch {
                throw .outOfRange
            }
        }
    }

    func figures(_ cursor: inout JSONCursor) throws(DecodeError) -> HTXFigures {
        do throws(JSONError) { return try HTXFigures(&cursor, names) } catch { throw DecodeError(error) }
    }

    private func price(
        _ text: JSONText?,
        _ name: StaticName,
        _ reader: FieldReader
    ) throws(DecodeError) -> ScaledDecimal? {
        try text == nil ? nil : reader.amount(text, name)
    }

    /// The time of a candle's `id`, which is in seconds.
    private func seconds(_ text: JSONText?, _ reader: FieldReader) throws(DecodeError) -> Int64 {
        let value = try reader.integer(text, "id")
        guard value >= 0, value < 9_007_199_254 else {
            throw reader.bad(try reader.required(text, "id"), "id")
        }
        return value &* 1_000_000
    }
}

// MARK: Funding, reference prices, liquidations

extension HTXDecoder {
    /// The mark price; it alone is no event, so an instrument that nobody knows is no error.
    func mark(
        _ cursor: inout JSONCursor,
        _ owner: JSONText,
        _ context: HTXContext,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        let tick = try figures(&cursor)
        let price = try context.reader.amount(tick.close, "close")
        let id = try instrument(owner, symbol: nil, channel: nil)
        batch.append(.mark(id, price))
    }

    func index(
        _ cursor: inout JSONCursor,
        _ owner: JSONText,
        _ context: HTXContext,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        let tick = try figures(&cursor)
        let price = try context.reader.amount(tick.close, "close")
        batch.append(.index(try context.reader.identifier(owner, "ch"), price))
    }

    /// A rate without the time at which it is charged says nothing, nor does a time without a rate.
    func funding(
        _ row: HTXNotice,
        _ context: HTXContext,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        let reader = context.reader
        let id = try instrument(try reader.required(row.contract, "contract_code"))
        let rate = row.rate.map { $0.count > 0 } == true ? try reader.decimal(row.rate, "funding_rate") : nil
        let next = try reader.timeOrEmpty(row.settlement, "settlement_time")
        let isWhole = rate != nil && next > 0
        batch.append(
            Funding(
                instrument: id,
                exchangeMicroseconds: try context.sent(),
                rate: isWhole ? rate : nil,
                nextMicroseconds: isWhole ? next : EventTime.none,
                intervalMicroseconds: EventTime.none,
                mark: nil,
                index: nil,
                indexName: HTXReferences.indexName(instruments[id])
            )
        )
    }

    func liquidation(
        _ row: HTXNotice,
        _ context: HTXContext,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        let reader = context.reader
        let id = try instrument(try reader.required(row.contract, "contract_code"))
        let isBase = row.amount != nil && !instruments[id].kind.isInverse
        batch.append(
            Liquidation(
                instrument: id,
                exchangeMicroseconds: try context.engine(row.created),
                side: try side(row.direction, reader),
                price: try reader.amount(row.price, "price"),
                size: isBase
                    ? try reader.amount(row.amount, "amount")
                    : try base(try reader.amount(row.contracts, "volume"), id)
            )
        )
    }
}

/// The names of indexes.
enum HTXReferences {
    /// The index of a contract: that of its two currencies.
    static func indexName(_ instrument: Instrument) -> ShortText? {
        ShortText("\(instrument.base)-\(instrument.quote)")
    }
}

extension FieldReader {
    /// A figure that must be there.
    fileprivate func required(
        _ value: ScaledDecimal?,
        _ tick: HTXFigures,
        _ name: StaticName
    ) throws(DecodeError) -> ScaledDecimal {
        guard let value else { throw .missingField(name) }
        return value
    }
}
