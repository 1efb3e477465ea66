// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

extension OKXDecoder {
    /// A row of nine fields, or of the seven of 2021 and 2022, which have no quote volume of contracts and no flag (venue
    /// sheet 3.4).
    ///
    /// | | spot | linear | inverse |
    /// | --- | --- | --- | --- |
    /// | 5 | base | contracts | contracts |
    /// | 6 | quote | base | base |
    /// | 7 | quote | quote | quote |
    func candle(
        _ start: JSONCursor,
        _ interval: CandleInterval,
        _ instrument: InstrumentID,
        _ reader: FieldReader,
        _ batch: inout EventBatch
    ) throws(DecodeError) {
        let row = try TextRow(start)
        guard row.count >= 7 else { throw .missingField("candle") }
        let kind = instruments[instrument].kind
        let isCounted = kind == .spot || kind.isInverse
        let volume = isCounted ? try reader.amount(row[5], "vol") : try reader.amount(row[6], "volCcy")
        let candle = Candle(
            instrument: instrument,
            interval: interval,
            exchangeMicroseconds: EventTime.none,
            openMicroseconds: try reader.time(try reader.required(row[0], "ts"), "ts"),
            open: try reader.amount(row[1], "o"),
            high: try reader.amount(row[2], "h"),
            low: try reader.amount(row[3], "l"),
            close: try reader.amount(row[4], "c"),
            volume: volume,
            quoteVolume: try quoteVolume(row, kind, volume, instrument, reader),
            trades: nil,
            isClosed: row.count > 8 ? try isConfirmed(row[8], reader) : nil
        )
        batch.append(candle)
    }

    private func quoteVolume(
        _ row: TextRow,
        _ kind: InstrumentKind,
        _ volume: ScaledDecimal,
        _ instrument: InstrumentID,
        _ reader: FieldReader
    ) throws(DecodeError) -> ScaledDecimal? {
        if row.count > 7, let stated = try reader.amountIfAny(row[7], "volCcyQuote") { return stated }
        if row.count == 7, kind == .spot { return try reader.amountIfAny(row[6], "volCcy") }
        return try instruments.worth(ofContracts: volume, instrument)
    }

    private func isConfirmed(_ text: JSONText?, _ reader: FieldReader) throws(DecodeError) -> Bool {
        let text = try reader.required(text, "confirm")
        guard text.count == 1, text.start[0] == UInt8(ascii: "0") || text.start[0] == UInt8(ascii: "1") else {
            throw reader.bad(text, "confirm")
        }
        return text.start[0] == UInt8(ascii: "1")
    }
}

/// OKX's names of our intervals.
///
/// From six hours on plain names have the borders of Hong Kong; those of UTC are a suffix.
enum OKXIntervals {
    struct Entry: Sendable {
        let channel: JSONName
        let bar: String
        let interval: CandleInterval

        init(_ channel: StaticString, _ span: CandleInterval.Span, east: Bool = false) {
            self.channel = JSONName(channel)
            bar = String(channel.description.dropFirst("candle".count))
            interval = CandleInterval(span, bordersOf: east ? 8 : 0)
        }
    }

    static let all: [Entry] = [
        Entry("candle1m", .minute1), Entry("candle1s", .second1), Entry("candle3m", .minute3),
        Entry("candle5m", .minute5), Entry("candle15m", .minute15), Entry("candle30m", .minute30),
        Entry("candle1H", .hour1), Entry("candle2H", .hour2), Entry("candle4H", .hour4),
        Entry("candle6H", .hour6, east: true), Entry("candle12H", .hour12, east: true),
        Entry("candle1D", .day1, east: true), Entry("candle3D", .day3, east: true),
        Entry("candle1W", .week1, east: true), Entry("candle1M", .month1, east: true),
        Entry("candle6Hutc", .hour6), Entry("candle12Hutc", .hour12), Entry("candle1Dutc", .day1),
        Entry("candle3Dutc", .day3), Entry("candle1Wutc", .week1), Entry("candle1Mutc", .month1),
    ]

    /// The interval of a channel; nil for other channels, and for intervals that we don't have (`candle2D`).
    static func interval(_ channel: JSONText) -> CandleInterval? {
        guard channel.hasPrefix("candle") else { return nil }
        for entry in all where channel.matches(entry.channel) { return entry.interval }
        return nil
    }

    /// The name of an interval in REST calls, `1Dutc`; with `candle` before it the channel's.
    static func bar(_ interval: CandleInterval) -> String? {
        all.first { $0.interval == interval }?.bar
    }
}
