// Part of MarketBus. Apache License 2.0, see LICENSE.

import Arbitrage
import FixedPoint
import Models
import Quotes

/// What a record costs the aggregator's machines, by symbols and venues: the consolidated quote, the judged routes,
/// the memory of full books.
struct MarketBenchmark {
    private static let symbols = [100, 300, 1000]
    private static let venues = [2, 4]
    private static let rounds = 9

    /// Prints a line a size and kind.
    func runAll() {
        for venues in Self.venues {
            for symbols in Self.symbols { run(symbols, venues) }
        }
    }

    private func run(_ symbols: Int, _ venues: Int) {
        let before = Memory.residentBytes
        var market = GeneratedMarket(symbols: symbols, venues: venues)
        market.fillBooks()
        let place = "\(symbols) symbols x \(venues) venues"
        let bytes = Memory.residentBytes - before
        print("market\t\(place)\tresident of the machines, 50 levels a side: \(bytes / 1024) KiB")
        report(place, "a quote as before", symbols * venues) { market.quote(at: $0, isNew: false) }
        report(place, "a quote that differs", symbols * venues) { market.quote(at: $0, isNew: true) }
        report(place, "a book record without news", symbols * venues) { market.book(at: $0, isNew: false) }
        report(place, "a book record that differs", symbols * venues) { market.book(at: $0, isNew: true) }
        report(place, "a book record that opens or closes", symbols) { market.cross($0) }
        print("market\t\(place)\tsteps told: \(market.steps); records refused: \(market.refused)")
    }

    /// The best and the median of some rounds over all legs.
    private func report(_ place: String, _ name: String, _ count: Int, _ body: (Int) -> Void) {
        var times: [Double] = []
        for _ in 0..<Self.rounds {
            let start = Clock.thread
            for index in 0..<count { body(index) }
            times.append(Double(Clock.thread - start) / Double(count))
        }
        times.sort()
        print("market\t\(place)\t\(name): best \(Int(times[0])) median \(Int(times[Self.rounds / 2])) ns")
    }
}

/// Symbols of which every venue has a book, all near one another.
private struct GeneratedMarket {
    private let symbols: Int
    private let venues: Int
    private var names = QuoteTable(settings: QuoteSettings())
    private var board = ArbitrageBoard(settings: EvaluationSettings(), depth: DepthSettings(levels: 50))
    private var ids: [SymbolID] = []
    private var venueIDs: [VenueIndex] = []
    private var markets: [MarketIndex] = []
    private var quoteSeqs: [UInt64] = []
    private var bookSeqs: [UInt64] = []
    private var now: Int64 = 1_800_000_000_000_000
    private var isCrossed = false
    private(set) var steps = 0
    /// Records that did not do what they are measured for.
    private(set) var refused = 0
    private static let epoch: Int64 = 1_799_999_999_000_000
    private static let price: Int64 = 5_000_000

    init(symbols: Int, venues: Int) {
        self.symbols = symbols
        self.venues = venues
        let fee = ScaledDecimal(mantissa64: 10, decimals: 4)
        let facts = (0..<symbols).map { symbol in
            MarketFacts(
                kind: .spot,
                base: "S\(symbol)",
                quote: "USDT",
                takerFee: fee,
                lot: ScaledDecimal(mantissa64: 1, decimals: 4)
            )
        }
        venueIDs = (0..<venues).compactMap { names.venue("venue\($0)") }
        for symbol in 0..<symbols {
            guard let id = names.symbol("S\(symbol)-USDT") else { continue }
            ids.append(id)
            for venue in venueIDs {
                guard let market = board.market(id, venue) else { continue }
                board.setFacts(facts[symbol], market, now: now)
                markets.append(market)
                quoteSeqs.append(0)
                bookSeqs.append(0)
            }
        }
    }

    mutating func fillBooks() {
        for place in markets.indices {
            var update = DepthUpdate(kind: .snapshot, identity: nextBook(place), receivedMicroseconds: now)
            // The first venue asks for much more, so that a high bid of its own does not cross it.
            let ask = Self.price + (place % venues == 0 ? 100_000 : 1)
            for level in 0..<Int64(50) {
                update.bids.append(Self.level(Self.price - 1 - level, 10_000 + level))
                update.asks.append(Self.level(ask + level, 10_000 + level))
            }
            board.apply(update, markets[place], now: now)
            quote(at: place, isNew: true)
        }
    }

    mutating func quote(at place: Int, isNew: Bool) {
        now += 3
        quoteSeqs[place] += 1
        let size = 10_000 + (isNew ? Int64(quoteSeqs[place] & 7) : 0)
        let update = LegUpdate(
            symbol: ids[place / venues],
            venue: venueIDs[place % venues],
            identity: identity(place, quoteSeqs[place]),
            exchangeMicroseconds: now - 2,
            receivedMicroseconds: now,
            bid: Self.level(Self.price - 1, size),
            ask: Self.level(Self.price + 1, size)
        )
        _ = names.apply(update, now: now)
    }

    mutating func book(at place: Int, isNew: Bool) {
        now += 3
        var update = DepthUpdate(kind: .delta, identity: nextBook(place), receivedMicroseconds: now)
        update.bids.append(Self.level(Self.price - 1, 10_000 + (isNew ? Int64(bookSeqs[place] & 7) : 0)))
        apply(update, place)
    }

    /// Every symbol in turn has an edge at one venue, and has none.
    mutating func cross(_ symbol: Int) {
        now += 3
        if symbol == 0 { isCrossed.toggle() }
        let place = symbol * venues
        var update = DepthUpdate(kind: .delta, identity: nextBook(place), receivedMicroseconds: now)
        update.bids.append(Self.level(Self.price + 50_000, isCrossed ? 500 : 0))
        apply(update, place)
    }

    private mutating func apply(_ update: DepthUpdate, _ place: Int) {
        if board.apply(update, markets[place], now: now) != .changed { refused += 1 }
        steps += board.steps.count
        board.removeSteps()
    }

    private mutating func nextBook(_ place: Int) -> RecordIdentity {
        bookSeqs[place] += 1
        return identity(place, bookSeqs[place])
    }

    private func identity(_ place: Int, _ seq: UInt64) -> RecordIdentity {
        RecordIdentity(feed: UInt32(place % venues), epoch: Self.epoch, seq: seq)
    }

    private static func level(_ price: Int64, _ size: Int64) -> PriceLevel {
        PriceLevel(
            price: ScaledDecimal(mantissa64: price, decimals: 2),
            size: ScaledDecimal(mantissa64: size, decimals: 3)
        )
    }
}
