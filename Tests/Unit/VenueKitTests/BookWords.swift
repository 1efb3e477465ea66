// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import OrderBooks

@testable import VenueKit

/// Book frames and answers as words: `book BTC-USDT 5 7 b100:1 a101:2` (first and last number, levels),
/// `snap BTC-USDT 7 b100:1 a101:1`.
enum BookWords {
    static func decode(
        _ words: [String],
        _ index: SymbolIndex,
        into batch: inout EventBatch
    ) throws(DecodeError) {
        guard words.count > 2, let id = index.find(words[1]) else { throw .unknownInstrument }
        batch.bookAtRisk = id
        let isSnapshot = words[0] == "snap"
        let numbers = isSnapshot ? 3 : 4
        guard words.count >= numbers, let last = number(words[numbers - 1]) else {
            throw .malformed(offset: 0)
        }
        let bids = try levels(words.dropFirst(numbers), "b", into: &batch)
        let asks = try levels(words.dropFirst(numbers), "a", into: &batch)
        batch.append(
            BookUpdate(
                instrument: id,
                exchangeMicroseconds: EventTime.none,
                kind: isSnapshot ? .snapshot : .delta,
                firstSequence: isSnapshot ? VenueSequence.none : number(words[2]) ?? 0,
                lastSequence: last,
                bids: bids,
                asks: asks
            )
        )
    }

    /// `-`: none.
    private static func number(_ word: String) -> Int64? { word == "-" ? VenueSequence.none : Int64(word) }

    private static func levels(
        _ words: ArraySlice<String>,
        _ side: Character,
        into batch: inout EventBatch
    ) throws(DecodeError) -> Range<Int> {
        let start = batch.levels.count
        for word in words where word.first == side {
            let parts = word.dropFirst().split(separator: ":").map(String.init)
            guard parts.count == 2, let price = try? ScaledDecimal(parts[0]),
                let size = try? ScaledDecimal(parts[1])
            else { throw .badField("level", offset: 0) }
            batch.append(PriceLevel(price: price, size: size))
        }
        return start..<batch.levels.count
    }

    /// Ranges that touch, snapshots by call.
    static let called = BookRules(
        source: .call(levels: 100),
        scope: .whole,
        depth: nil,
        join: link,
        follow: link
    )

    static let link: BookRules.Link = { book, push in
        push.last <= book ? .stale : push.first <= book &+ 1 ? .next : .gap
    }

    /// As OKX: the first number is the one that the book must be at.
    static let chained: BookRules = {
        let link: BookRules.Link = { book, push in push.first == book ? .next : .gap }
        return BookRules(source: .stream, scope: .whole, depth: nil, join: link, follow: link)
    }()

    /// As Coinbase: no numbers at all, and the quotes come from the book.
    static let numberless: BookRules = {
        var rules = BookRules.sequenceless(source: .stream, scope: .whole, depth: nil)
        rules.makesQuotes = true
        return rules
    }()

    static func rules(_ source: BookSource) -> BookRules {
        BookRules(source: source, scope: .whole, depth: nil, join: link, follow: link)
    }
}

extension LineVenue {
    func bookRules(of instrument: Instrument) -> BookRules? { books }

    func bookRequest(_ stream: VenueStream, request: Int64) -> OutboundFrame? {
        OutboundFrame(text: "req \(stream.venueSymbol)", request: request, streams: [])
    }

    func call(_ query: VenueQuery, of instrument: Instrument) -> VenueCall? {
        let symbol = instrument.venueSymbol
        let path: String
        switch query {
        case .book(let depth): path = "/depth/\(symbol)/\(depth)"
        case .trades(let limit, let before):
            path = "/trades/\(symbol)/\(limit)/\(before?.string ?? "newest")"
        case .candles(let interval, let from, let to):
            path = "/candles/\(symbol)/\(interval.name)/\(from / 60_000_000)/\(to / 60_000_000)"
        case .openInterest: path = "/interest/\(symbol)"
        default: return nil
        }
        return VenueCall(endpoint: "rest", path: path, market: instrument.market)
    }

    func tradeHistory(of instrument: Instrument) -> TradeHistory? { history }

    func read(
        _ body: UnsafeRawBufferPointer,
        answering query: VenueQuery,
        of instrument: InstrumentID,
        _ instruments: InstrumentTable,
        into batch: inout EventBatch
    ) throws(DecodeError) {
        let words = String(decoding: body, as: UTF8.self).split(separator: " ").map(String.init)
        guard case .book = query else {
            return try RepairWords.read(words, query, instrument, into: &batch)
        }
        try BookWords.decode(words, instruments.index(of: MarketID("spot")), into: &batch)
    }
}
