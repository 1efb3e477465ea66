// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models

@testable import Wire

/// Books, candles and the slower market records, from the encoder of the hot path.
enum EventSamples {
    private static let instrument = InstrumentID(index: 0)

    /// The encoded lines of a topic.
    static func lines(_ topic: TopicID) -> [String] {
        var lines: [String] = []
        var encoder = StreamEncoder()
        let label = MarketSamples.label(topic)
        func add(_ encode: (inout StreamEncoder, RecordStamp) -> UnsafeRawBufferPointer) {
            let stamp = MarketSamples.stamp(UInt64(lines.count) + 1)
            lines.append(String(decoding: encode(&encoder, stamp), as: UTF8.self))
        }
        switch topic {
        case TopicRegistry.book:
            for book in books { add { encode(book, &$0, label, $1) } }
        case TopicRegistry.candle:
            for (index, candle) in candles.enumerated() {
                add {
                    $0.encode(
                        candle,
                        isClosed: index > 0,
                        revision: Int32(index),
                        origin: EventOrigin.allCases[index % 3],
                        label,
                        $1
                    )
                }
            }
        case TopicRegistry.ticker:
            for ticker in tickers { add { $0.encode(ticker, label, $1) } }
        case TopicRegistry.funding:
            for funding in fundings { add { $0.encode(funding, label, $1) } }
        case TopicRegistry.openInterest:
            for interest in interests { add { $0.encode(interest, label, $1) } }
        default:
            for liquidation in liquidations { add { $0.encode(liquidation, label, $1) } }
        }
        return lines
    }

    /// A book record as its encoder takes it.
    struct Book {
        var head: BookHead
        var bids: [PriceLevel]
        var asks: [PriceLevel]
    }

    static func encode(
        _ book: Book,
        _ encoder: inout StreamEncoder,
        _ label: StreamLabel,
        _ stamp: RecordStamp
    ) -> UnsafeRawBufferPointer {
        book.bids.withUnsafeBufferPointer { bids in
            book.asks.withUnsafeBufferPointer { asks in
                encoder.encode(book.head, bids: bids, asks: asks, label, stamp)
            }
        }
    }

    private static func head(
        _ kind: BookHead.Kind,
        _ sequence: Int64,
        reason: InvalidReason? = nil
    ) -> BookHead {
        BookHead(
            kind: kind,
            exchangeMicroseconds: kind == .invalid ? EventTime.none : Samples.now - 5,
            venueSequence: sequence,
            previousSequence: kind == .delta ? sequence - 1 : VenueSequence.none,
            bookEpoch: Samples.now - 1_000_000,
            depth: kind == .invalid ? nil : 400,
            horizonBid: kind == .invalid ? nil : Samples.decimal("61000"),
            horizonAsk: nil,
            reason: reason
        )
    }

    private static let books: [Book] = {
        let (bid, ask) = (Samples.level("61804.7", "35"), Samples.level("61804.8", "0.00000001"))
        var books = [
            Book(head: head(.snapshot, 7), bids: [bid, Samples.level("61804.6", "1")], asks: [ask]),
            Book(
                head: head(.delta, 8),
                bids: [],
                asks: [Samples.level("61804.8", "0"), Samples.level("61805", "2")]
            ),
        ]
        for reason in InvalidReason.allCases {
            books.append(Book(head: head(.invalid, VenueSequence.none, reason: reason), bids: [], asks: []))
        }
        return books
    }()

    private static let candles: [Candle] = [(CandleInterval.Span.minute1, Int8(0)), (.day1, 8), (.month1, 0)]
        .map {
            Candle(
                instrument: instrument,
                interval: CandleInterval($0.0, zoneHours: $0.1),
                exchangeMicroseconds: Samples.now,
                openMicroseconds: 1_763_683_200_000_000,
                open: Samples.decimal("1"),
                high: Samples.decimal("2.5"),
                low: Samples.decimal("0.00000001"),
                close: Samples.decimal("1.25"),
                volume: Samples.decimal("0"),
                quoteVolume: $0.1 == 0 ? Samples.decimal("1234567.8") : nil,
                trades: $0.1 == 0 ? 17 : nil,
                isClosed: nil
            )
        }

    private static let tickers: [Ticker] = [Samples.decimal("61804.7"), nil].map {
        Ticker(
            instrument: instrument,
            exchangeMicroseconds: Samples.now,
            last: $0,
            open: $0,
            high: $0,
            low: $0,
            volume: $0,
            quoteVolume: nil
        )
    }

    private static let fundings: [Funding] = [Samples.decimal("-0.000123"), nil].map {
        Funding(
            instrument: instrument,
            exchangeMicroseconds: $0 == nil ? EventTime.none : Samples.now,
            rate: $0,
            nextMicroseconds: $0 == nil ? EventTime.none : Samples.now + 1,
            intervalMicroseconds: $0 == nil ? EventTime.none : 28_800_000_000,
            mark: $0,
            index: $0
        )
    }

    private static let interests: [OpenInterest] = [Samples.decimal("123.5"), nil].map {
        OpenInterest(
            instrument: instrument,
            exchangeMicroseconds: Samples.now,
            contracts: $0,
            base: $0,
            quote: nil
        )
    }

    private static let liquidations: [Liquidation] = [Side.buy, .sell].map {
        Liquidation(
            instrument: instrument,
            exchangeMicroseconds: Samples.now,
            side: $0,
            price: Samples.decimal("61804.7"),
            size: Samples.decimal("0.001")
        )
    }
}

/// The same records, decoded and encoded.
extension EventSamples {
    static func again(
        _ bytes: UnsafeRawBufferPointer,
        _ topic: TopicID,
        _ scanner: JSONScanner
    ) throws -> String {
        var encoder = StreamEncoder()
        func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }
        switch topic {
        case TopicRegistry.book:
            let record = try BookRecord(decoding: bytes, scanner: scanner)
            let book = Book(head: record.book, bids: record.bids, asks: record.asks)
            return text(encode(book, &encoder, label(record.head, topic), stamp(record.head)))
        case TopicRegistry.candle:
            let record = try CandleRecord(decoding: bytes, scanner: scanner)
            return text(
                encoder.encode(
                    candle(record),
                    isClosed: record.isClosed,
                    revision: Int32(record.revision),
                    origin: record.origin,
                    label(record.head, topic),
                    stamp(record.head)
                )
            )
        case TopicRegistry.ticker:
            let record = try TickerRecord(decoding: bytes, scanner: scanner)
            return text(encoder.encode(ticker(record), label(record.head, topic), stamp(record.head)))
        case TopicRegistry.funding:
            let record = try FundingRecord(decoding: bytes, scanner: scanner)
            return text(encoder.encode(funding(record), label(record.head, topic), stamp(record.head)))
        case TopicRegistry.openInterest:
            let record = try OpenInterestRecord(decoding: bytes, scanner: scanner)
            return text(encoder.encode(interest(record), label(record.head, topic), stamp(record.head)))
        default:
            let record = try LiquidationRecord(decoding: bytes, scanner: scanner)
            return text(encoder.encode(liquidation(record), label(record.head, topic), stamp(record.head)))
        }
    }

    static func label(_ head: MarketHead, _ topic: TopicID) -> StreamLabel {
        var instrument = Samples.bitcoin
        instrument.venue = VenueID(head.venue)
        instrument.symbol = head.symbol
        instrument.venueSymbol = head.venueSymbol
        return StreamLabel(
            id: .none,
            topic: topic,
            instrument: instrument,
            feed: head.feed,
            epoch: head.epoch
        )
    }

    static func stamp(_ head: MarketHead) -> RecordStamp {
        RecordStamp(
            seq: head.seq,
            receivedMicroseconds: head.receivedMicroseconds,
            publishedMicroseconds: head.publishedMicroseconds
        )
    }

    private static func candle(_ record: CandleRecord) -> Candle {
        Candle(
            instrument: instrument,
            interval: record.interval,
            exchangeMicroseconds: record.head.exchangeMicroseconds,
            openMicroseconds: record.openMicroseconds,
            open: record.open,
            high: record.high,
            low: record.low,
            close: record.close,
            volume: record.volume,
            quoteVolume: record.quoteVolume,
            trades: record.trades == Int64.min ? nil : record.trades,
            isClosed: record.isClosed
        )
    }

    private static func ticker(_ record: TickerRecord) -> Ticker {
        Ticker(
            instrument: instrument,
            exchangeMicroseconds: record.head.exchangeMicroseconds,
            last: record.last,
            open: record.open,
            high: record.high,
            low: record.low,
            volume: record.volume,
            quoteVolume: record.quoteVolume
        )
    }

    private static func funding(_ record: FundingRecord) -> Funding {
        Funding(
            instrument: instrument,
            exchangeMicroseconds: record.head.exchangeMicroseconds,
            rate: record.rate,
            nextMicroseconds: record.nextMicroseconds,
            intervalMicroseconds: record.intervalMicroseconds,
            mark: record.mark,
            index: record.index
        )
    }

    private static func interest(_ record: OpenInterestRecord) -> OpenInterest {
        OpenInterest(
            instrument: instrument,
            exchangeMicroseconds: record.head.exchangeMicroseconds,
            contracts: record.contracts,
            base: record.base,
            quote: record.quote
        )
    }

    private static func liquidation(_ record: LiquidationRecord) -> Liquidation {
        Liquidation(
            instrument: instrument,
            exchangeMicroseconds: record.head.exchangeMicroseconds,
            side: record.side,
            price: record.price,
            size: record.size
        )
    }
}
