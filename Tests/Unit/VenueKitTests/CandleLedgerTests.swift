// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Testing

@testable import VenueKit

/// Candles of one minute, told by their open minute.
private func candle(
    _ minute: Int64,
    close: String,
    isClosed: Bool?,
    span: CandleInterval.Span = .minute1
) -> Candle {
    let price = (try? ScaledDecimal(close)) ?? .zero
    return Candle(
        instrument: InstrumentID(index: 0),
        interval: CandleInterval(span),
        exchangeMicroseconds: minute * 60_000_000 + 1,
        openMicroseconds: minute * 60_000_000,
        open: price,
        high: price,
        low: price,
        close: price,
        volume: price,
        quoteVolume: nil,
        trades: nil,
        isClosed: isClosed
    )
}

extension CandleLedger {
    /// What is published, as `minute:close`, with `!` for closed and `^n` for a revision.
    fileprivate func say(_ candle: Candle) -> [String] {
        take(candle).map { note in
            "\(note.candle.openMicroseconds / 60_000_000):\(note.candle.close)"
                + (note.isClosed ? "!" : "") + (note.revision > 0 ? "^\(note.revision)" : "")
        }
    }
}

@Suite struct CandleLedgerTests {
    @Test func `a closed flag closes, and a repetition of a closed candle says nothing`() {
        let ledger = CandleLedger()
        #expect(ledger.say(candle(1, close: "5", isClosed: false)) == ["1:5"])
        #expect(ledger.say(candle(1, close: "6", isClosed: true)) == ["1:6!"])
        #expect(ledger.say(candle(1, close: "6", isClosed: true)) == [])
        #expect(ledger.say(candle(2, close: "7", isClosed: false)) == ["2:7"])
    }

    @Test func `without a flag the first frame of a later candle closes the one before, once`() {
        let ledger = CandleLedger()
        #expect(ledger.say(candle(1, close: "5", isClosed: nil)) == ["1:5"])
        #expect(ledger.say(candle(1, close: "6", isClosed: nil)) == ["1:6"])
        #expect(ledger.say(candle(3, close: "7", isClosed: nil)) == ["1:6!", "3:7"])
        #expect(ledger.say(candle(3, close: "8", isClosed: nil)) == ["3:8"])
    }

    @Test func `a closed candle changes by a revision only`() {
        let ledger = CandleLedger()
        #expect(ledger.say(candle(1, close: "5", isClosed: true)) == ["1:5!"])
        #expect(ledger.say(candle(2, close: "9", isClosed: false)) == ["2:9"])
        #expect(ledger.say(candle(1, close: "6", isClosed: true)) == ["1:6!^1"])
        #expect(ledger.say(candle(1, close: "6", isClosed: nil)) == [])
        #expect(ledger.say(candle(1, close: "7", isClosed: nil)) == ["1:7!^2"])
        #expect(ledger.say(candle(2, close: "10", isClosed: true)) == ["2:10!"])
    }

    @Test func `a flag that was missed closes nothing: the candle is fetched, and comes late`() {
        let ledger = CandleLedger()
        #expect(ledger.say(candle(1, close: "5", isClosed: false)) == ["1:5"])
        #expect(ledger.say(candle(2, close: "6", isClosed: false)) == ["2:6"])
        #expect(ledger.say(candle(2, close: "7", isClosed: true)) == ["2:7!"])
        #expect(ledger.say(candle(1, close: "5", isClosed: true)) == ["1:5!"])
    }

    @Test func `intervals do not disturb each other`() {
        let ledger = CandleLedger()
        #expect(ledger.say(candle(60, close: "5", isClosed: nil)) == ["60:5"])
        #expect(ledger.say(candle(60, close: "5", isClosed: nil, span: .hour1)) == ["60:5"])
        #expect(ledger.say(candle(61, close: "6", isClosed: nil)) == ["60:5!", "61:6"])
        #expect(ledger.say(candle(60, close: "7", isClosed: nil, span: .hour1)) == ["60:7"])
    }
}
