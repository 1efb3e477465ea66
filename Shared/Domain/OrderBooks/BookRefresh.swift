// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// What the comparison of a live book with the venue's own snapshot gave.
public enum BookComparison: Hashable, Sendable {
    /// All levels that both must have are the same; so many were compared.
    case equal(levels: Int)
    /// So many of the compared levels are not the same.
    case different(levels: Int, of: Int)
    /// The same, and a second look must tell whether they last: nothing numbers what came and went meanwhile.
    case doubtful(levels: Int, of: Int)
    /// The snapshot and the book could not be brought to the same moment.
    case unaligned
}

/// How far a book is proven, and where the market would be half the way there.
struct BookHorizon {
    var bid: ScaledDecimal?
    var ask: ScaledDecimal?
    private var nearBid: ScaledDecimal?
    private var nearAsk: ScaledDecimal?

    /// All of it.
    init() {}

    /// What a snapshot of limited depth proves: a side that is full may go on.
    init(_ book: borrowing OrderBook, depth: Int) {
        if book.count(.bids) >= depth { bid = book.outermostPrice(.bids) }
        if book.count(.asks) >= depth { ask = book.outermostPrice(.asks) }
        nearBid = Self.middle(bid, book.bestBid?.price)
        nearAsk = Self.middle(ask, book.bestAsk?.price)
    }

    /// Whether the market has come half the way to where the proof ends.
    func isNear(_ book: borrowing OrderBook) -> Bool {
        if let nearBid, let best = book.bestBid, best.price < nearBid { return true }
        if let nearAsk, let best = book.bestAsk, nearAsk < best.price { return true }
        return false
    }

    private static func middle(_ horizon: ScaledDecimal?, _ best: ScaledDecimal?) -> ScaledDecimal? {
        guard let horizon, let best, let sum = try? horizon.adding(best) else { return nil }
        return try? sum.divided(by: ScaledDecimal(2), decimals: sum.scale, rounding: .towardZero)
    }
}

/// A snapshot that was asked for while the book is live: to prove more of it, or to check it.
struct BookRefresh {
    /// The answer's levels, once it is there.
    var bids: ContiguousArray<PriceLevel> = []
    var asks: ContiguousArray<PriceLevel> = []
    /// The answer's number.
    var sequence = VenueSequence.none
    var depth: Int?
    var isAnswered = false
    /// Increments since the answer.
    var frames = 0
    /// The book when the snapshot was asked for, on venues that number nothing by which to bring the two together: the
    /// levels that no increment touches from there on are then compared.
    var start: (bids: ContiguousArray<PriceLevel>, asks: ContiguousArray<PriceLevel>)?
    /// How many of them the book may need to come to the answer's number.
    static let patience = 500
    /// How many of them after the answer may tell of its moment.
    static let afterAnswer = 5
    /// The most levels a side that are compared so: a whole book is too long a pause for the feed's thread.
    static let comparedLevels = 1_000
}

/// Prices of both halves of a book.
struct BookPrices {
    var bids: Set<ScaledDecimal> = []
    var asks: Set<ScaledDecimal> = []

    var count: Int { bids.count + asks.count }

    /// The prices that both have.
    func intersection(_ other: BookPrices) -> BookPrices {
        BookPrices(bids: bids.intersection(other.bids), asks: asks.intersection(other.asks))
    }
}

extension BookMachine {
    /// A snapshot of the live book will be asked for: from here on increments are kept, so that it can be brought to
    /// the same moment.
    ///
    /// - Returns: false where the book is not live, or where one is awaited.
    public mutating func beginRefresh() -> Bool {
        guard state == .live, refresh == nil else { return false }
        buffer.removeAll()
        var begun = BookRefresh()
        if rules.source == .stream { begun.start = (levels(.bids), levels(.asks)) }
        refresh = begun
        return true
    }

    private func levels(_ half: BookHalf) -> ContiguousArray<PriceLevel> {
        var levels: ContiguousArray<PriceLevel> = []
        book.walk(half) {
            levels.append($0)
            return levels.count < BookRefresh.comparedLevels
        }
        return levels
    }

    /// A snapshot that was asked for beside the stream, of a book whose own snapshots come in it: compares only.
    public mutating func compare(_ frame: borrowing BookFrame) {
        guard refresh?.start != nil, !frame.isAbsurd else { return }
        keep(answer: frame)
    }

    /// No more increments will come soon: compares with what there is.
    public mutating func concludeComparison() {
        guard let refresh, refresh.isAnswered, refresh.start != nil else { return }
        finish(untouchedCompared(refresh))
    }

    /// The snapshot will not come.
    public mutating func cancelRefresh() {
        guard refresh != nil else { return }
        finish(.unaligned)
        comparison = nil
    }

    /// Whether a refresh has found something that was not taken yet.
    @inline(__always)
    public var isCompared: Bool { comparison != nil }

    /// What the last refresh found; taking it forgets it.
    public mutating func takeComparison() -> BookComparison? {
        defer { comparison = nil }
        return comparison
    }

    /// An increment that the live book has taken while a snapshot is on its way.
    mutating func keepForRefresh(_ frame: borrowing BookFrame) {
        buffer.append(frame)
        refresh?.frames += 1
    }

    /// A snapshot while the book is live.
    mutating func answer(_ frame: borrowing BookFrame, _ output: inout some BookOutput) {
        guard refresh != nil, !frame.isAbsurd else { return }
        keep(answer: frame)
        concludeRefresh(frame, &output)
    }

    private mutating func keep(answer frame: borrowing BookFrame) {
        // Not `refresh?.bids = …`: in a type without copies Swift 6.3 never frees what that replaces.
        guard var answer = refresh else { return }
        answer.bids = ContiguousArray(frame.bids)
        answer.asks = ContiguousArray(frame.asks)
        answer.sequence = frame.sequence.last
        answer.depth = frame.depth
        answer.isAnswered = true
        answer.frames = 0
        refresh = answer
    }

    /// Compares, and takes the snapshot over, as soon as the book has come to its number.
    mutating func concludeRefresh(_ frame: borrowing BookFrame, _ output: inout some BookOutput) {
        guard let answer = refresh, answer.isAnswered else { return }
        guard answer.start == nil else {
            if answer.frames >= BookRefresh.afterAnswer { finish(untouchedCompared(answer)) }
            return
        }
        guard sequence >= answer.sequence else {
            if answer.frames > BookRefresh.patience { finish(.unaligned) }
            return
        }
        let limit = answer.depth ?? rules.depth
        var proven = OrderBook()
        answer.bids.withUnsafeBufferPointer { proven.apply(.bids, $0) }
        answer.asks.withUnsafeBufferPointer { proven.apply(.asks, $0) }
        let horizon = rules.scope == .snapshot ? limit.map { BookHorizon(proven, depth: $0) } : nil
        guard catchUp(&proven, from: answer.sequence) else { return finish(.unaligned) }
        let result = compare(proven, horizon ?? BookHorizon())
        finish(result)
        takeOver(&proven, horizon ?? BookHorizon(), limit, result, frame, &output)
    }

    private mutating func finish(_ result: BookComparison) {
        comparison = result
        refresh = nil
        buffer.removeAll()
        hasAskedForHorizon = false
    }

    /// Brings a snapshot to the book's number; false where increments between are missing.
    private func catchUp(_ proven: inout OrderBook, from number: Int64) -> Bool {
        var at = number
        var isJoined = false
        var isWhole = true
        buffer.forEach { _, frame in
            switch isJoined ? rules.follow(at, frame.sequence) : rules.join(at, frame.sequence) {
            case .stale:
                break
            case .gap:
                isWhole = false
            case .next:
                isJoined = true
                at = frame.sequence.last
                proven.apply(.bids, frame.bids)
                proven.apply(.asks, frame.asks)
                if rules.scope == .window, let depth { proven.cut(to: depth) }
            }
            return isWhole
        }
        return isWhole && at == sequence && !proven.isCrossed
    }

    /// Compares the levels of an answer that no increment has touched since the question.
    ///
    /// A venue that gathers its increments may show a level that came and went between two of them; so only what differs
    /// in two answers in a row is wrong.
    private mutating func untouchedCompared(_ answer: BookRefresh) -> BookComparison {
        guard let start = answer.start else { return .unaligned }
        var own = OrderBook()
        start.bids.withUnsafeBufferPointer { own.apply(.bids, $0) }
        start.asks.withUnsafeBufferPointer { own.apply(.asks, $0) }
        var shown = OrderBook()
        answer.bids.withUnsafeBufferPointer { shown.apply(.bids, $0) }
        answer.asks.withUnsafeBufferPointer { shown.apply(.asks, $0) }
        var touched = BookPrices()
        buffer.forEach { _, frame in
            for level in frame.bids { touched.bids.insert(level.price) }
            for level in frame.asks { touched.asks.insert(level.price) }
            return true
        }
        // Each shows so many levels; what lies beyond the nearer end says nothing.
        let endBid = [start.bids.last?.price, shown.outermostPrice(.bids)].compactMap { $0 }.max()
        let endAsk = [start.asks.last?.price, shown.outermostPrice(.asks)].compactMap { $0 }.min()
        let bids = own.differingPrices(from: shown, .bids, to: endBid, but: touched.bids)
        let asks = own.differingPrices(from: shown, .asks, to: endAsk, but: touched.asks)
        let found = BookPrices(bids: bids.different, asks: asks.different)
        let count = bids.compared + asks.compared
        let before = suspects
        suspects = nil
        guard found.count > 0 else { return .equal(levels: count) }
        guard let before else {
            suspects = found
            return .doubtful(levels: found.count, of: count)
        }
        let lasting = found.intersection(before).count
        return lasting == 0 ? .equal(levels: count) : .different(levels: lasting, of: count)
    }

    private static func differences(
        _ book: borrowing OrderBook,
        _ other: borrowing OrderBook,
        _ horizon: BookHorizon
    ) -> (compared: Int, different: Int) {
        let bids = book.differences(from: other, .bids, to: horizon.bid)
        let asks = book.differences(from: other, .asks, to: horizon.ask)
        return (bids.compared + asks.compared, bids.different + asks.different)
    }

    private func compare(_ proven: borrowing OrderBook, _ horizon: BookHorizon) -> BookComparison {
        // Neither says anything of what lies beyond its own horizon.
        var nearer = BookHorizon()
        nearer.bid = [horizon.bid, self.horizon.bid].compactMap { $0 }.max()
        nearer.ask = [horizon.ask, self.horizon.ask].compactMap { $0 }.min()
        let (count, different) = Self.differences(book, proven, nearer)
        return different == 0 ? .equal(levels: count) : .different(levels: different, of: count)
    }

    /// The book becomes what the snapshot proves; readers get it in-band.
    private mutating func takeOver(
        _ proven: inout OrderBook,
        _ horizon: BookHorizon,
        _ limit: Int?,
        _ result: BookComparison,
        _ frame: borrowing BookFrame,
        _ output: inout some BookOutput
    ) {
        let received = frame.receivedMicroseconds
        if case .different = result {
            output.publishInvalid(.checksum, endStamp(received))
            epoch = max(epoch &+ 1, received)
            began = sequence
        }
        swap(&book, &proven)
        depth = limit
        self.horizon = horizon
        var stamp = stamp(frame)
        stamp.sequence = sequence
        publishSnapshot(stamp, &output)
    }
}

extension OrderBook {
    /// How many levels of a side, from the best to a price, are compared with another book's, and how many of them
    /// the two do not share with the same size.
    func differences(
        from other: borrowing OrderBook,
        _ half: BookHalf,
        to horizon: ScaledDecimal?
    ) -> (compared: Int, different: Int) {
        var shared = 0
        var own = 0
        walk(half) { level in
            guard Self.isWithin(level.price, half, horizon) else { return false }
            own += 1
            if other.size(half, at: level.price) == level.size { shared += 1 }
            return true
        }
        var others = 0
        other.walk(half) { level in
            guard Self.isWithin(level.price, half, horizon) else { return false }
            others += 1
            return true
        }
        return (max(own, others), max(own, others) - shared)
    }

    /// How many prices of a half, from the best to an end, are compared with another book's, and those where the two have
    /// not the same size.
    func differingPrices(
        from other: borrowing OrderBook,
        _ half: BookHalf,
        to end: ScaledDecimal?,
        but touched: Set<ScaledDecimal>
    ) -> (compared: Int, different: Set<ScaledDecimal>) {
        var compared = 0
        var different: Set<ScaledDecimal> = []
        walk(half) { level in
            guard Self.isWithin(level.price, half, end) else { return false }
            guard !touched.contains(level.price) else { return true }
            compared += 1
            if other.size(half, at: level.price) != level.size { different.insert(level.price) }
            return true
        }
        other.walk(half) { level in
            guard Self.isWithin(level.price, half, end) else { return false }
            guard !touched.contains(level.price), size(half, at: level.price) == nil else { return true }
            compared += 1
            different.insert(level.price)
            return true
        }
        return (compared, different)
    }

    private static func isWithin(_ price: ScaledDecimal, _ half: BookHalf, _ horizon: ScaledDecimal?) -> Bool
    {
        guard let horizon else { return true }
        return half == .bids ? price >= horizon : price <= horizon
    }
}
