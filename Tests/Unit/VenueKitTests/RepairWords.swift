// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

@testable import VenueKit

/// Answers as words: `trades 5 6 7` (ids), `candles 28333334:5` (minute and price), `interest 9`; anything else can't be
/// read.
enum RepairWords {
    static func read(
        _ words: [String],
        _ query: VenueQuery,
        _ instrument: InstrumentID,
        into batch: inout EventBatch
    ) throws(DecodeError) {
        switch (words.first, query) {
        case ("trades", .trades):
            for word in words.dropFirst() { batch.append(try trade(word, instrument)) }
        case ("candles", .candles(let interval, _, _)):
            for word in words.dropFirst() {
                batch.append(try candle(word, instrument, interval, isClosed: nil))
            }
        case ("interest", .openInterest):
            let interest = OpenInterest(
                instrument: instrument,
                exchangeMicroseconds: EventTime.none,
                contracts: ScaledDecimal(9),
                base: nil,
                quote: nil
            )
            batch.append(interest)
        default: throw .malformed(offset: 0)
        }
    }

    static func trade(_ id: String, _ instrument: InstrumentID) throws(DecodeError) -> Trade {
        guard let text = ShortText(id) else { throw .malformed(offset: 0) }
        return Trade(
            instrument: instrument,
            side: .buy,
            exchangeMicroseconds: EventTime.none,
            id: text,
            price: ScaledDecimal(1),
            size: ScaledDecimal(1)
        )
    }

    /// `minute:price`.
    static func candle(
        _ word: String,
        _ instrument: InstrumentID,
        _ interval: CandleInterval,
        isClosed: Bool?
    ) throws(DecodeError) -> Candle {
        let parts = word.split(separator: ":")
        guard parts.count == 2, let minute = Int64(parts[0]), let whole = Int64(parts[1]) else {
            throw .malformed(offset: 0)
        }
        let price = ScaledDecimal(whole)
        return Candle(
            instrument: instrument,
            interval: interval,
            exchangeMicroseconds: EventTime.none,
            openMicroseconds: minute * 60_000_000,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: ScaledDecimal(1),
            quoteVolume: nil,
            trades: nil,
            isClosed: isClosed
        )
    }
}
