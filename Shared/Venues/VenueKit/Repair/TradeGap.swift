// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Wire

/// Trades of one symbol that were not received: those with an id between two that were.
struct TradeGap: Hashable {
    /// The last id that was received before.
    var after: UInt64
    /// The first id that was received afterwards; nil while the stream has not talked again.
    var before: UInt64?
    /// Why they are missing.
    var reason: InvalidReason
    /// When the last trade before the gap was received.
    ///
    /// - Unit: microseconds since the Unix epoch.
    var since: Int64

    /// How many ids lie between; nil while the end is not known.
    var width: UInt64? {
        guard let before else { return nil }
        return before > after ? before - after - 1 : 0
    }

    func contains(_ id: UInt64) -> Bool { id > after && before.map { id < $0 } ?? true }
}

/// What was found of a gap.
struct TradeFind {
    var instrument: InstrumentID
    var gap: TradeGap
    /// The trades, lowest id first.
    var trades: [Trade]
    /// Whether the venue's answers reached back to the last trade before the gap.
    var isReached: Bool
    /// Why the search ended early; nil where it did not.
    var problem: String?
}

/// The search for the trades of one gap: page by page into the past, until the last known id is met.
///
/// - Allocates: for what it finds.
struct TradeSearch {
    /// The most pages of one gap.
    static let pageLimit = 100
    /// The most trades of one gap.
    static let tradeLimit = 50_000

    private(set) var gap: TradeGap
    private let history: TradeHistory
    private var cursor: UInt64?
    private var pages = 0
    private var found: [UInt64: Trade] = [:]
    private var isReached = false

    init(_ gap: TradeGap, _ history: TradeHistory) {
        self.gap = gap
        self.history = history
    }

    /// The next page; the newest one first, because it holds short gaps and no venue wants a key for it.
    var query: VenueQuery {
        VenueQuery.trades(limit: history.rows, beforeID: cursor.flatMap { ShortText(String($0)) })
    }

    /// Takes one page in.
    ///
    /// - Returns: why the search is over; nil while there is another page to ask for.
    mutating func take(_ rows: some Collection<Trade>) -> Ending? {
        pages += 1
        var lowest = UInt64.max
        for trade in rows {
            guard let id = trade.id.number else { continue }
            lowest = min(lowest, id &- min(UInt64(max(trade.matches, 1)) &- 1, id))
            if gap.contains(id) { found[id] = trade }
        }
        if lowest <= gap.after || (history.isGapless && lowest == gap.after &+ 1) {
            isReached = true
            return .reached
        }
        guard lowest != .max, cursor.map({ lowest < $0 }) ?? true else { return .exhausted }
        guard history.pages, pages < Self.pageLimit, found.count < Self.tradeLimit else { return .exhausted }
        // Where the newest page lies behind the gap, its end is the place to go on from.
        cursor = min(lowest, gap.before ?? .max)
        return nil
    }

    /// How a search ends.
    enum Ending {
        /// Everything since the last known trade was seen.
        case reached
        /// The venue gives nothing older, or it would be too much.
        case exhausted
    }

    /// The stream talked again: this was its first id.
    mutating func close(before: UInt64) {
        guard gap.before == nil else { return }
        gap.before = before
        found = found.filter { $0.key < before }
    }

    /// What was found so far.
    func find(of instrument: InstrumentID, problem: String? = nil) -> TradeFind {
        TradeFind(
            instrument: instrument,
            gap: gap,
            trades: found.keys.sorted().compactMap { found[$0] },
            isReached: isReached,
            problem: problem
        )
    }
}

extension TradeFind {
    /// How many trades the venue would not give, where that can be counted.
    func missingCount(_ history: TradeHistory) -> UInt64? {
        guard history.isGapless, history.hasSingleRows, let width = gap.width else { return nil }
        let found = UInt64(trades.count)
        return width > found ? width - found : 0
    }

    /// What could not be repaired, in words; nil where nothing is missing.
    func missing(_ history: TradeHistory) -> String? {
        let end = gap.before.map { "between \(gap.after) and \($0)" } ?? "after \(gap.after)"
        let range = gap.since > 0 ? "\(end) (\(gap.since) us)" : end
        if let count = missingCount(history) {
            guard count > 0 else { return nil }
            return "\(count) trades with ids \(range) are missing: \(why)"
        }
        if isReached, problem == nil, !(trades.isEmpty && history.isGapless && gap.width ?? 0 > 0) {
            return nil
        }
        return "trades with ids \(range) are missing, at least in part: \(why)"
    }

    private var why: String {
        if let problem { return problem }
        if isReached { return "the venue's answers lack them" }
        let oldest = trades.first?.id.string ?? "none of them"
        return "the venue's window is too short, its answers reach back to \(oldest)"
    }
}
