// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

@testable import VenueKit

/// `tick BTC-USDT 5 100` (time, last price), `candle BTC-USDT 60 7 open` (begin, volume, open or closed),
/// `liq BTC-USDT 5 100` (time, price).
enum MoreWords {
    static func decode(
        _ words: [String],
        _ index: SymbolIndex,
        into batch: inout EventBatch
    ) throws(DecodeError) {
        guard words.count > 3, let id = index.find(words[1]), let first = Int64(words[2]),
            let second = Int64(words[3])
        else { throw .malformed(offset: 0) }
        let value = ScaledDecimal(second)
        switch words[0] {
        case "tick": batch.append(ticker(id, first, value))
        case "candle": batch.append(candle(id, first, value, isClosed: words.last == "closed"))
        default:
            batch.append(
                Liquidation(
                    instrument: id,
                    exchangeMicroseconds: first,
                    side: .sell,
                    price: value,
                    size: ScaledDecimal(1)
                )
            )
        }
    }

    private static func ticker(_ id: InstrumentID, _ time: Int64, _ last: ScaledDecimal) -> Ticker {
        Ticker(
            instrument: id,
            exchangeMicroseconds: time,
            last: last,
            open: nil,
            high: nil,
            low: nil,
            volume: nil,
            quoteVolume: nil
        )
    }

    private static func candle(
        _ id: InstrumentID,
        _ open: Int64,
        _ volume: ScaledDecimal,
        isClosed: Bool
    ) -> Candle {
        Candle(
            instrument: id,
            interval: CandleInterval(.minute1),
            exchangeMicroseconds: EventTime.none,
            openMicroseconds: open,
            open: ScaledDecimal(1),
            high: ScaledDecimal(1),
            low: ScaledDecimal(1),
            close: ScaledDecimal(1),
            volume: volume,
            quoteVolume: nil,
            trades: nil,
            isClosed: isClosed
        )
    }
}

extension LineVenue {
    func candleIntervals(_ market: MarketID) -> [CandleInterval] { [CandleInterval(.minute1)] }
}
