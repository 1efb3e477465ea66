// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import OrderBooks

/// Hears what a book machine publishes, and checks it as a reader of the records would, and against a plain book.
struct BookWitness: BookOutput {
    private let rules: BookRules
    private let settings: BookSettings
    private let ticks: BookTicks
    /// What the machine's book must be.
    private var own = PlainBook()
    /// What a reader has, and how far it may be trusted: places of the outermost proven prices.
    private var seen = PlainBook()
    private var edges = (bid: 0, ask: BookTicks.count)
    private var isValid = false
    private var epoch: Int64 = 0
    /// The last snapshot or whole book that was delivered, and whether it is the frame at hand.
    private var given = BookScript.Push()
    private var isGivenNow = false
    /// Whether a snapshot of the live book was awaited, which may now take the book's place.
    private var isRefreshing = false

    init(_ rules: BookRules, _ settings: BookSettings, _ ticks: BookTicks) {
        self.rules = rules
        self.settings = settings
        self.ticks = ticks
    }

    /// A frame is about to be taken.
    mutating func prepare(_ push: BookScript.Push, isRefreshing: Bool) {
        self.isRefreshing = isRefreshing
        isGivenNow = push.kind != .delta
        if isGivenNow { given = push }
    }

    /// The machine forgot the book without a word.
    mutating func abandoned() { isValid = false }

    /// After every step: who may believe in the book and whether it is live are the same.
    func settle(isLive: Bool) {
        check(isValid == isLive, "live is \(isLive), and readers hold the book for valid: \(isValid)")
    }

    // MARK: Records

    mutating func publishSnapshot(_ book: borrowing OrderBook, limit: Int, _ stamp: BookStamp) {
        check(!book.isCrossed, "a crossed snapshot")
        check(limit == settings.publishedLevels, "another limit")
        check(stamp.epoch >= epoch && (isValid || stamp.epoch > epoch), "an epoch that is over goes on")
        let isInBand = isValid && stamp.epoch == epoch && !isGivenNow
        if isRefreshing {
            own = plain(book)
        } else if !isInBand {
            own = begun()
        }
        check(own == plain(book), "the book is not what it was made of: \(difference(own, plain(book)))")
        // What follows in the same step are the increments that waited for it.
        isGivenNow = false
        (isValid, epoch) = (true, stamp.epoch)
        read(limit, stamp)
    }

    mutating func publishDelta(
        bids: UnsafeBufferPointer<PriceLevel>,
        asks: UnsafeBufferPointer<PriceLevel>,
        _ stamp: BookStamp
    ) {
        check(isValid && stamp.epoch == epoch, "a change of a book that is not there")
        for index in bids.indices.dropFirst() {
            check(bids[index].price <= bids[index - 1].price, "bids out of order")
        }
        for index in asks.indices.dropFirst() {
            check(asks[index].price >= asks[index - 1].price, "asks out of order")
        }
        apply(.bids, bids)
        apply(.asks, asks)
        if rules.scope == .window, let depth = stamp.depth { own.cut(to: depth) }
        tighten(stamp)
        check(!seen.isCrossed, "a change crosses the readers' book")
    }

    mutating func publishInvalid(_ fault: BookFault, _ stamp: BookStamp) {
        check(isValid, "a book ends twice")
        check(stamp.epoch == epoch, "another book ends")
        isValid = false
    }

    mutating func needSnapshot(_ why: BookNeed) {}

    // MARK: Books

    /// What the given snapshot holds.
    private func begun() -> PlainBook {
        var plain = PlainBook()
        for level in given.bids { put(level, .bids, &plain) }
        for level in given.asks { put(level, .asks, &plain) }
        if rules.scope == .window, let depth = given.depth ?? rules.depth { plain.cut(to: depth) }
        return plain
    }

    private func put(_ level: PriceLevel, _ half: BookHalf, _ plain: inout PlainBook) {
        guard let place = ticks.index(of: level.price) else { return check(false, "a price from nowhere") }
        plain.set(half, place, level.size)
    }

    private mutating func apply(_ half: BookHalf, _ levels: UnsafeBufferPointer<PriceLevel>) {
        for level in levels {
            guard let place = ticks.index(of: level.price) else {
                return check(false, "a price from nowhere")
            }
            own.set(half, place, level.size)
            seen.set(half, place, level.size)
        }
    }

    private func plain(_ book: borrowing OrderBook) -> PlainBook {
        var plain = PlainBook()
        let places = 0..<BookTicks.count
        for half in BookHalf.allCases {
            let step = half == .bids ? -1 : 1
            var place = half == .bids ? BookTicks.count : -1
            var count = 0
            book.walk(half) { level in
                repeat {
                    place += step
                } while places.contains(place) && ticks[place] != level.price
                guard places.contains(place) else {
                    check(false, "levels out of order, or a price from nowhere")
                    return false
                }
                count += 1
                check(!level.size.isZero, "a level of nothing")
                plain.set(half, place, level.size)
                return true
            }
            check(count == book.count(half), "levels are not counted right")
        }
        return plain
    }

    private func difference(_ wanted: PlainBook, _ found: PlainBook) -> String {
        let lines = BookHalf.allCases.flatMap { half in
            (0..<BookTicks.count).filter { wanted.size(half, $0) != found.size(half, $0) }.map {
                "\(half) \($0): \(wanted.size(half, $0)) wanted, \(found.size(half, $0)) found"
            }
        }
        return "\(given.kind)\(isGivenNow ? " now" : ""), valid \(isValid): \(lines.joined(separator: "; "))"
    }

    /// A reader takes a snapshot: so many levels a side, none behind the horizon.
    private mutating func read(_ limit: Int, _ stamp: BookStamp) {
        seen.removeAll()
        edges = (0, BookTicks.count)
        for half in BookHalf.allCases {
            let places = own.places(half)
            for place in places.prefix(limit) { seen.set(half, place, own.size(half, place)) }
            guard places.count > limit, let edge = places.prefix(limit).last else { continue }
            if half == .bids { edges.bid = edge } else { edges.ask = edge }
        }
        tighten(stamp)
    }

    /// What lies behind the horizon is not proven: readers forget it.
    private mutating func tighten(_ stamp: BookStamp) {
        if let bid = stamp.horizonBid, let place = ticks.index(of: bid) {
            edges.bid = max(edges.bid, place)
            for below in 0..<place { seen.set(.bids, below, .zero) }
        }
        if let ask = stamp.horizonAsk, let place = ticks.index(of: ask) {
            edges.ask = min(edges.ask, place)
            for above in (place + 1)..<max(BookTicks.count, place + 1) { seen.set(.asks, above, .zero) }
        }
    }

    /// The book holds what the plain one holds, and readers have the same up to where it is proven.
    func compare(_ book: borrowing OrderBook, isLive: Bool) {
        guard isLive else { return }
        check(!book.isCrossed, "a live book is crossed")
        check(plain(book) == own, "the book is not what was applied: \(difference(own, plain(book)))")
        for place in edges.bid..<BookTicks.count {
            check(seen.size(.bids, place) == own.size(.bids, place), "readers have another bid")
        }
        for place in 0..<min(edges.ask + 1, BookTicks.count) {
            check(seen.size(.asks, place) == own.size(.asks, place), "readers have another ask")
        }
    }
}
