// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models

/// Figures that a venue has by REST only: each instrument is asked for once in an interval, all of them spread over it.
///
/// A value without socket and clock.
///
/// - Thread: that of the feed. Allocates: when instruments come.
struct FigurePoll {
    /// How an instrument's figure fares.
    enum Standing {
        /// The venue has not answered yet.
        case pending
        /// Its newest answers are there.
        case live
        /// The venue did not answer ``FigurePoll/tries`` times in a row.
        case failing
    }

    private struct Row {
        var due: MonotonicNanos
        var isAsked = false
        var hasAnswered = false
        var failures = 0

        var standing: Standing {
            if failures >= FigurePoll.tries { return .failing }
            return hasAnswered ? .live : .pending
        }
    }

    /// Failures in a row after which somebody should know.
    static let tries = 3
    /// Questions under way at once.
    static let concurrent = 2

    private let interval: Int64
    private var rows: [InstrumentID: Row] = [:]

    /// Makes a poll; `interval` in milliseconds.
    init(interval: Int64) {
        self.interval = max(interval, 1_000)
    }

    /// How many instruments are asked for.
    var count: Int { rows.count }

    /// How every instrument fares, in the order of their numbers.
    var standings: [(instrument: InstrumentID, standing: Standing)] {
        rows.sorted { $0.key.index < $1.key.index }.map { ($0.key, $0.value.standing) }
    }

    /// These instruments are wanted from now on.
    ///
    /// - Returns: those that are not any more.
    mutating func want(_ wanted: [InstrumentID], _ now: MonotonicNanos) -> [InstrumentID] {
        let set = Set(wanted)
        guard set != Set(rows.keys) else { return [] }
        let gone = rows.keys.filter { !set.contains($0) }
        rows = rows.filter { set.contains($0.key) }
        let fresh = wanted.filter { rows[$0] == nil }
        for (place, instrument) in fresh.enumerated() {
            let offset = interval * Int64(place) / Int64(max(fresh.count, 1))
            rows[instrument] = Row(due: now.advanced(milliseconds: offset))
        }
        return gone
    }

    /// An instrument to ask for now; it counts as asked.
    mutating func next(_ now: MonotonicNanos) -> InstrumentID? {
        guard rows.values.count(where: { $0.isAsked }) < Self.concurrent else { return nil }
        let due = rows.filter { !$0.value.isAsked && $0.value.due <= now }
        guard let first = due.min(by: { ($0.value.due, $0.key.index) < ($1.value.due, $1.key.index) })?.key
        else { return nil }
        rows[first]?.isAsked = true
        return first
    }

    /// The venue answered.
    mutating func answered(_ instrument: InstrumentID, _ now: MonotonicNanos) {
        guard var row = rows[instrument] else { return }
        row.isAsked = false
        row.hasAnswered = true
        row.failures = 0
        // The rhythm stays, whatever an answer takes; what is far behind begins anew.
        let next = row.due.advanced(milliseconds: interval)
        row.due = next > now ? next : now.advanced(milliseconds: interval)
        rows[instrument] = row
    }

    /// The venue did not answer; it is asked again in its turn.
    ///
    /// - Returns: whether that is news.
    mutating func failed(_ instrument: InstrumentID, _ now: MonotonicNanos) -> Bool {
        guard var row = rows[instrument] else { return false }
        row.isAsked = false
        row.failures += 1
        row.due = now.advanced(milliseconds: interval)
        rows[instrument] = row
        return row.failures == Self.tries
    }

    /// When ``next(_:)`` is worth a question.
    var deadline: MonotonicNanos {
        guard rows.values.count(where: { $0.isAsked }) < Self.concurrent else { return .never }
        return rows.values.reduce(MonotonicNanos.never) { $1.isAsked ? $0 : min($0, $1.due) }
    }
}
