// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A side of a book.
enum Side {
    case bid
    case ask
}

/// So many lots at one price; 0 lots in a delta: the price is gone.
struct Level: Equatable {
    var ticks: Int
    var lots: Int
}

/// One side of a book, the best price last, so that the touch is cheap to change.
struct BookSide {
    let side: Side
    private(set) var levels: [Level] = []

    init(_ side: Side) { self.side = side }

    var best: Level? { levels.last }
    var worst: Level? { levels.first }
    var count: Int { levels.count }

    /// The `rank`-th best level, from 0.
    func level(rank: Int) -> Level? {
        rank >= 0 && rank < levels.count ? levels[levels.count - 1 - rank] : nil
    }

    /// True when `left` is a better price than `right`.
    func isBetter(_ left: Int, than right: Int) -> Bool { side == .bid ? left > right : left < right }

    /// The first index whose price is not worse than `ticks`.
    private func place(_ ticks: Int) -> Int {
        var low = 0
        var high = levels.count
        while low < high {
            let middle = (low + high) / 2
            if isBetter(ticks, than: levels[middle].ticks) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Lots at a price, 0 where there are none.
    func lots(at ticks: Int) -> Int {
        let index = place(ticks)
        return index < levels.count && levels[index].ticks == ticks ? levels[index].lots : 0
    }

    /// Puts `lots` at a price; true when the price was there before.
    mutating func set(_ ticks: Int, _ lots: Int) -> Bool {
        let index = place(ticks)
        let known = index < levels.count && levels[index].ticks == ticks
        switch (known, lots > 0) {
        case (true, true): levels[index].lots = lots
        case (true, false): levels.remove(at: index)
        case (false, true): levels.insert(Level(ticks: ticks, lots: lots), at: index)
        case (false, false): break
        }
        return known
    }

    /// The best `limit` levels, best first.
    func top(_ limit: Int) -> [Level] { levels.suffix(max(0, limit)).reversed() }
}

/// The true book of one market: every change counts its sequence and is told to the feeds.
final class Book {
    private(set) var bids = BookSide(.bid)
    private(set) var asks = BookSide(.ask)
    /// Binance `u`, OKX `seqId`: grows with every change.
    private(set) var sequence: Int
    private(set) var feeds: [BookFeed] = []

    init(sequence: Int) { self.sequence = sequence }

    func side(_ side: Side) -> BookSide { side == .bid ? bids : asks }

    func set(_ side: Side, _ ticks: Int, _ lots: Int) {
        let known = side == .bid ? bids.set(ticks, lots) : asks.set(ticks, lots)
        guard known || lots > 0 else { return }
        sequence += 1
        for feed in feeds { feed.changed(side, ticks, known: known, sequence: sequence) }
    }

    /// Counts on without a change of the book, as venues do for what they don't publish.
    func skip(_ count: Int) { sequence += count }

    /// Begins the count anew, as after a venue's maintenance.
    func restart(sequence: Int) { self.sequence = max(1, sequence) }

    /// A feed of increments that begins with the book as it stands.
    ///
    /// `window` is how many levels a side the venue's channel shows; nil for the whole book.
    func open(window: Int?) -> BookFeed {
        let feed = BookFeed(book: self, window: window)
        feeds.append(feed)
        return feed
    }

    /// A copy of the best `limit` levels a side with their sequence.
    func snapshot(_ limit: Int) -> BookSnapshot {
        BookSnapshot(sequence: sequence, bids: bids.top(limit), asks: asks.top(limit))
    }
}

/// A book as it stood at one moment, best first.
struct BookSnapshot {
    var sequence: Int
    var bids: [Level]
    var asks: [Level]
    /// Wall milliseconds, where the moment matters.
    var milliseconds = 0
}

/// Everything that changed in a book since a feed last spoke, best first.
struct BookDelta {
    /// Sequence of the first and the last change, and of the end of the delta before.
    var first: Int
    var last: Int
    var previous: Int
    var bids: [Level] = []
    var asks: [Level] = []
}

/// What one book channel still has to tell: the prices touched since its last increment.
final class BookFeed {
    let window: Int?
    private unowned let book: Book
    private var touched: [Side: [Touch]] = [.bid: [], .ask: []]
    private var first: Int?
    /// The outermost price shown a side, where the window cuts.
    private var edges: [Side: Int] = [:]
    /// Sequence at the end of what was told last.
    private(set) var previous: Int

    private struct Touch {
        var ticks: Int
        /// Whether the price was in the book when it was first touched.
        var known: Bool
        var order: Int
    }

    fileprivate init(book: Book, window: Int?) {
        self.book = book
        self.window = window
        previous = book.sequence
        edges = [.bid: edge(.bid), .ask: edge(.ask)].compactMapValues { $0 }
    }

    var hasNews: Bool { first != nil }

    fileprivate func changed(_ side: Side, _ ticks: Int, known: Bool, sequence: Int) {
        if first == nil { first = sequence }
        let count = touched[side, default: []].count
        touched[side, default: []].append(Touch(ticks: ticks, known: known, order: count))
        if count > 8192 { touched[side] = merged(side) }
    }

    /// Ends what was gathered: the delta, nil when nothing changed in view.
    func take() -> BookDelta? {
        guard let begun = first else { return nil }
        var delta = BookDelta(first: begun, last: book.sequence, previous: previous)
        delta.bids = changes(.bid)
        delta.asks = changes(.ask)
        first = nil
        guard !(delta.bids.isEmpty && delta.asks.isEmpty) else { return nil }
        previous = book.sequence
        return delta
    }

    /// Forgets what was before: the next delta follows `sequence`.
    func rebase(to sequence: Int) { previous = sequence }

    /// One entry a price, in the order of prices, each with what it was when first touched.
    private func merged(_ side: Side) -> [Touch] {
        let sorted = (touched[side] ?? []).sorted { ($0.ticks, $0.order) < ($1.ticks, $1.order) }
        var kept: [Touch] = []
        for touch in sorted where kept.last?.ticks != touch.ticks {
            kept.append(Touch(ticks: touch.ticks, known: touch.known, order: kept.count))
        }
        return kept
    }

    private func edge(_ side: Side) -> Int? {
        guard let window else { return nil }
        return book.side(side).level(rank: window - 1)?.ticks
    }

    private func changes(_ side: Side) -> [Level] {
        let entries = merged(side)
        touched[side]?.removeAll(keepingCapacity: true)
        let levels = book.side(side)
        let before = edges[side]
        let after = edge(side)
        edges[side] = after
        func isIn(_ ticks: Int, _ edge: Int?) -> Bool {
            edge.map { !levels.isBetter($0, than: ticks) } ?? true
        }
        var told: [Level] = []
        for touch in entries {
            let lots = levels.lots(at: touch.ticks)
            // A level that came and went is told gone where snapshots may have shown it meanwhile: from a whole book
            // they are made at any time, from a window only between two increments.
            let isGone = window == nil || touch.known && isIn(touch.ticks, before)
            if lots > 0 ? isIn(touch.ticks, after) : isGone {
                told.append(Level(ticks: touch.ticks, lots: lots))
            }
        }
        if window != nil { told += entered(levels, entries, before) }
        told.sort { levels.isBetter($0.ticks, than: $1.ticks) }
        return told
    }

    /// Untouched levels that came into view because better ones left.
    private func entered(_ levels: BookSide, _ entries: [Touch], _ before: Int?) -> [Level] {
        guard let before, let window else { return [] }
        let prices = Set(entries.map(\.ticks))
        var found: [Level] = []
        for rank in stride(from: min(window, levels.count) - 1, through: 0, by: -1) {
            guard let level = levels.level(rank: rank), levels.isBetter(before, than: level.ticks) else {
                break
            }
            if !prices.contains(level.ticks) { found.append(level) }
        }
        return found
    }
}
