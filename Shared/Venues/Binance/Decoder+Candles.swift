// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Models
import VenueKit

extension BinanceDecoder {
    /// A candle as it stands; `x` is true in its last frame (venue sheet 3.3 and 4.3).
    func candle(
        _ row: BinanceRow,
        _ fields: BinanceFields,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        guard let inner = row.inner else { throw .missingField("k") }
        let candle = try self.row(inner)
        let name = try reader.required(candle.i, "i")
        guard let interval = BinanceIntervals.interval(name, isEast: fields.isEastern) else {
            return .ignored("interval")
        }
        let symbol = row.s ?? candle.s
        let instrument = try instrument(symbol, reader, market(of: fields, symbol))
        let volume = try reader.amount(candle.v, "v")
        let worth = try instruments.worth(ofContracts: volume, instrument)
        let isInverse = instruments[instrument].kind.isInverse
        let event = Candle(
            instrument: instrument,
            interval: interval,
            exchangeMicroseconds: try reader.time(row.E, "E"),
            openMicroseconds: try reader.time(try reader.required(candle.t, "t"), "t"),
            open: try reader.amount(candle.o, "o"),
            high: try reader.amount(candle.h, "h"),
            low: try reader.amount(candle.l, "l"),
            close: try reader.amount(candle.c, "c"),
            volume: volume,
            quoteVolume: isInverse ? worth : try reader.amountIfAny(candle.q, "q"),
            trades: try reader.integerIfAny(candle.n, "n"),
            isClosed: try reader.flag(candle.x, "x")
        )
        batch.append(event)
        return .events
    }
}

extension BinanceFields {
    /// Whether the stream's name says that its candles begin in UTC+8; the frame itself does not.
    fileprivate var isEastern: Bool { stream?.suffix(7).hasPrefix("@+08:00") ?? false }
}

/// Binance's names of our intervals.
enum BinanceIntervals {
    /// The spans and their names in streams, frames and calls.
    static let spans: [(name: JSONName, text: String, span: CandleInterval.Span)] = [
        (JSONName("1m"), "1m", .minute1), (JSONName("1s"), "1s", .second1), (JSONName("3m"), "3m", .minute3),
        (JSONName("5m"), "5m", .minute5), (JSONName("15m"), "15m", .minute15),
        (JSONName("30m"), "30m", .minute30), (JSONName("1h"), "1h", .hour1), (JSONName("2h"), "2h", .hour2),
        (JSONName("4h"), "4h", .hour4), (JSONName("6h"), "6h", .hour6), (JSONName("8h"), "8h", .hour8),
        (JSONName("12h"), "12h", .hour12), (JSONName("1d"), "1d", .day1), (JSONName("3d"), "3d", .day3),
        (JSONName("1w"), "1w", .week1), (JSONName("1M"), "1M", .month1),
    ]

    /// The interval of a frame.
    static func interval(_ name: JSONText, isEast: Bool) -> CandleInterval? {
        for entry in spans where name.matches(entry.name) {
            return CandleInterval(entry.span, bordersOf: isEast ? 8 : 0)
        }
        return nil
    }

    /// The name of a span.
    static func name(_ span: CandleInterval.Span) -> String {
        spans.first { $0.span == span }?.text ?? "1m"
    }

    /// Spot has seconds, and the borders of UTC+8 too; futures have neither.
    static func streamed(_ market: MarketID) -> [CandleInterval] {
        let plain = CandleInterval.Span.allCases.map { CandleInterval($0) }
        guard market == .spot else { return plain.filter { $0.span != .second1 } }
        let eastern = CandleInterval.Span.allCases.map { CandleInterval($0, bordersOf: 8) }
        return plain + eastern.filter { $0.zoneHours != 0 }
    }
}
