// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import VenueKit

extension FrameBench {
    /// What ``see(_:)`` gives and what follows from it.
    ///
    /// - `dead bad_field b, book BTC-USDT` where that book no longer holds.
    /// - `depth 1000` and `sum -5` of a book; `mark BTC-USDT-PERP 1` and `index BTC-USDT 1` that wait for a funding;
    ///   `wants index BTC-USDT` for a funding that lacks one.
    public func judge(_ frame: String) -> [String] {
        var lines = see(frame)
        if let book = batch.bookAtRisk, let dead = lines.first, dead.hasPrefix("dead ") {
            lines[0] = "\(dead), book \(instruments[book].symbol)"
        }
        return lines + consequences
    }

    /// The same of a REST answer.
    public func judge(
        answer: String,
        to query: VenueQuery,
        of symbol: String,
        _ venue: any Venue
    ) -> [String] {
        see(answer: answer, to: query, of: symbol, venue) + consequences
    }

    private var consequences: [String] {
        var lines: [String] = []
        for book in batch.books {
            if let depth = book.depth { lines.append("depth \(depth)") }
            if let sum = book.checksum { lines.append("sum \(sum)") }
        }
        for reference in batch.references {
            switch reference {
            case .mark(let instrument, let price):
                lines.append("mark \(instruments[instrument].symbol) \(price)")
            case .index(let name, let price): lines.append("index \(name.string) \(price)")
            }
        }
        for funding in batch.fundings {
            if let name = funding.indexName { lines.append("wants index \(name.string)") }
        }
        return lines
    }
}

/// What a venue makes of REST answers about one instrument.
public struct AnswerBench {
    private let venue: any Venue
    private let symbol: String
    private let bench: FrameBench

    /// Makes a bench.
    public init(_ venue: any Venue, _ instrument: Instrument) {
        self.venue = venue
        symbol = instrument.symbol
        bench = FrameBench(venue, market: instrument.market)
        bench.instruments.upsert(instrument)
    }

    /// What becomes of an answer.
    public func see(_ body: String, answering query: VenueQuery) -> [String] {
        bench.judge(answer: body, to: query, of: symbol, venue)
    }
}
