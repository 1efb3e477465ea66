// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// What the comparison of a live book with the venue's own snapshot gave.
public enum BookComparison: Hashable, Sendable {
    /// All levels that both must have are the same; so many were compared.
    case equal(levels: Int)
    /// So many of the compared levels are not the same.
    case different(levels: Int, of: Int)
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
    /// How many of them the book may need to come to the answer's number.
    static let patience = 500
}

extension BookMachine {
    /// A snapshot of the live book will be asked for: from here on increments are kept, so that it can be brought to
    /// the same moment.
    ///
    /// - Returns: false where the book is not live, where its snapshots can't be asked for, or where one is awaited.
    public mutating func beginRefresh() -> Bool {
        guard state == .live, refresh == nil, rules.source != .stream else { return false }
        buffer.removeAll()
        refresh = BookRefresh()
        return true
    }

    /// The snapshot will not come.
    public mutating func cancelRefresh() {
        guard refresh != nil else { return }
        finish(.unaligned)
        comparison = nil
    }

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
        refresh = BookRefresh(
            bids: ContiguousArray(frame.bids),
            asks: ContiguousArray(frame.asks),
            sequence: frame.sequence.last,
            depth: frame.depth,
            isAnswered: true
        )
        concludeRefresh(frame, &output)
    }

    /// Compares, and takes the snapshot over, as soon as the book has come to its number.
    mutating func concludeRefresh(_ frame: borrowing BookFrame, _ output: inout some BookOutput) {
        guard let answer = refresh, answer.isAnswered else { return }
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

    private func compare(_ proven: borrowing OrderBook, _ horizon: BookHorizon) -> BookComparison {
        // Neither says anything of what lies beyond its own horizon.
        let bid = [horizon.bid, self.horizon.bid].compactMap { $0 }.max()
        let ask = [horizon.ask, self.horizon.ask].compactMap { $0 }.min()
        let bids = book.differences(from: proven, .bids, to: bid)
        let asks = book.differences(from: proven, .asks, to: ask)
        let count = bids.compared + asks.compared
        let different = bids.different + asks.different
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

    private static func isWithin(_ price: ScaledDecimal, _ half: BookHalf, _ horizon: ScaledDecimal?) -> Bool
    {
        guard let horizon else { return true }
        return half == .bids ? price >= horizon : price <= horizon
    }
}
