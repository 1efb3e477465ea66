// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// Events as lines that a test can read; ``FrameBench`` shows trades and quotes itself.
///
/// - `book BTC-USD delta 5/7/4 10101.8 x 0.1 | 10102.6 x 0 at 1659626705010758`
/// - `candle BTC-USDT 1m 1763731200000000 1 2 0.5 1.5 volume 9 quote 12 trades 3 open at none`
/// - `ticker ETH-USD 1285.22 open 1310.79 high 1313.8 low 1280.52 volume 1 quote none number 7 at none`
extension EventBatch {
    func lines(_ instruments: InstrumentTable) -> [String] {
        func name(_ id: InstrumentID) -> String { instruments[id].symbol }
        var lines: [String] = []
        for book in books {
            let numbers = [book.firstSequence, book.lastSequence, book.previousSequence].map { text($0) }
            let isNumbered = numbers.contains { $0 != "none" }
            lines.append(
                "book \(name(book.instrument)) \(book.kind)\(isNumbered ? " " + numbers.joined(separator: "/") : "") "
                    + "\(side(book.bids)) | \(side(book.asks)) at \(text(book.exchangeMicroseconds))"
            )
        }
        for candle in candles {
            lines.append(
                "candle \(name(candle.instrument)) \(candle.interval.name) \(candle.openMicroseconds) "
                    + "\(candle.open) \(candle.high) \(candle.low) \(candle.close) volume \(candle.volume) "
                    + "quote \(text(candle.quoteVolume)) trades \(candle.trades.map(String.init) ?? "none") "
                    + "\(candle.isClosed.map { $0 ? "closed" : "open" } ?? "unflagged") at \(text(candle.exchangeMicroseconds))"
            )
        }
        for ticker in tickers {
            lines.append(
                "ticker \(name(ticker.instrument)) \(text(ticker.last)) open \(text(ticker.open)) "
                    + "high \(text(ticker.high)) low \(text(ticker.low)) volume \(text(ticker.volume)) "
                    + "quote \(text(ticker.quoteVolume)) number \(text(ticker.venueSequence)) at \(text(ticker.exchangeMicroseconds))"
            )
        }
        for funding in fundings {
            lines.append(
                "funding \(name(funding.instrument)) \(text(funding.rate)) next \(text(funding.nextMicroseconds)) "
                    + "every \(text(funding.intervalMicroseconds)) mark \(text(funding.mark)) index \(text(funding.index)) "
                    + "at \(text(funding.exchangeMicroseconds))"
            )
        }
        for interest in openInterests {
            lines.append(
                "open_interest \(name(interest.instrument)) contracts \(text(interest.contracts)) "
                    + "base \(text(interest.base)) quote \(text(interest.quote)) at \(text(interest.exchangeMicroseconds))"
            )
        }
        for liquidation in liquidations {
            lines.append(
                "liquidation \(name(liquidation.instrument)) \(liquidation.side.name) \(liquidation.price) x "
                    + "\(liquidation.size) at \(text(liquidation.exchangeMicroseconds))"
            )
        }
        return lines
    }

    private func side(_ range: Range<Int>) -> String {
        levels[range].map { "\($0.price) x \($0.size)" }.joined(separator: ", ")
    }
}

private func text(_ value: Int64) -> String { value == Int64.min ? "none" : String(value) }

private func text(_ value: ScaledDecimal?) -> String {
    guard let value else { return "none" }
    return value.description
}
