// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Wire

/// A page of trades to be asked for.
struct TradeQuestion {
    var instrument: InstrumentID
    /// Tells it from other questions about the same symbol.
    var ticket: Int
    var query: VenueQuery
}

/// Which trades of which symbols are missing, and what to ask for next.
///
/// A gap begins when a stream ends, or when its numbers show that something was left out, and is asked for when the
/// stream is there again. A symbol's gaps are searched one after the other, oldest first, and what was found of each
/// comes out once. A value without socket and clock.
///
/// - Thread: that of the feed. Allocates: while something is missing.
struct TradeRepair {
    /// The limits.
    struct Settings {
        /// How long after the first trade the search begins: a reordered frame fills its hole by itself, and REST may lag.
        ///
        /// - Unit: milliseconds.
        var settle: Int64 = 1_000
        /// Searches under way at once.
        var concurrent = 4
        /// Failures in a row after which a gap is given up.
        var tries = 8
        /// The age at which a gap is given up.
        ///
        /// - Unit: milliseconds.
        var patience: Int64 = 900_000
        /// The most gaps that a symbol may have; of more, the oldest is given up.
        var gaps = 16
    }

    /// One symbol's gaps.
    private struct Row {
        var history: TradeHistory
        var gaps: [TradeGap] = []
        var search: TradeSearch?
        /// The question that is under way.
        var ticket: Int?
        var due = MonotonicNanos.never
        var giveUp = MonotonicNanos.never
        var backoff = Backoff(minimum: 500, maximum: 60_000)
    }

    private let settings: Settings
    private var rows: [InstrumentID: Row] = [:]
    private var given: [TradeFind] = []
    private var lastTicket = 0
    private var generator: SeededGenerator

    init(_ settings: Settings = Settings(), seed: UInt64) {
        self.settings = settings
        generator = SeededGenerator(seed: seed)
    }

    /// How many gaps are not settled.
    var openCount: Int { rows.values.reduce(0) { $0 + $1.gaps.count } }
    /// How many searches wait for an answer.
    var underWay: Int { rows.values.count { $0.ticket != nil } }

    // MARK: What happens to streams

    /// A stream ended after this trade.
    mutating func lost(
        _ instrument: InstrumentID,
        after id: UInt64,
        since: Int64,
        _ reason: InvalidReason,
        _ history: TradeHistory
    ) {
        if let row = rows[instrument], let last = row.gaps.last, last.before == nil {
            // The gap goes on; it is not asked for before the stream is back.
            if row.gaps.count == 1, row.ticket == nil { rows[instrument]?.due = .never }
            return
        }
        let gap = TradeGap(after: id, before: nil, reason: reason, since: since)
        add(gap, instrument, history, due: .never)
    }

    /// A stream talked again, for the first time since it ended; this was the first id.
    mutating func talked(_ instrument: InstrumentID, first id: UInt64, _ now: MonotonicNanos) {
        guard var row = rows[instrument], let last = row.gaps.indices.last, row.gaps[last].before == nil
        else { return }
        row.gaps[last].before = id
        if last == 0 { row.search?.close(before: id) }
        if row.gaps[last].width == 0, row.history.isGapless {
            row.gaps.removeLast()
            if last == 0 { row.search = nil }
        }
        wake(&row, now)
        rows[instrument] = row.gaps.isEmpty && row.ticket == nil ? nil : row
    }

    /// A stream is there again and has nothing to say: what was missed is asked for all the same.
    mutating func isBack(_ instrument: InstrumentID, _ now: MonotonicNanos) {
        guard var row = rows[instrument], let last = row.gaps.last, last.before == nil, row.due == .never
        else { return }
        wake(&row, now)
        rows[instrument] = row
    }

    /// A stream's own numbers show that these ids were left out.
    mutating func hole(
        _ ids: ClosedRange<UInt64>,
        of instrument: InstrumentID,
        since: Int64,
        _ history: TradeHistory,
        _ now: MonotonicNanos
    ) {
        guard ids.lowerBound > 0, ids.upperBound < .max else { return }
        let gap = TradeGap(
            after: ids.lowerBound - 1,
            before: ids.upperBound + 1,
            reason: .gap,
            since: since
        )
        add(gap, instrument, history, due: now)
    }

    /// The stream is not wanted any more: its gaps are no one's concern.
    mutating func withdraw(_ instrument: InstrumentID) { rows[instrument] = nil }

    private mutating func add(
        _ gap: TradeGap,
        _ instrument: InstrumentID,
        _ history: TradeHistory,
        due: MonotonicNanos
    ) {
        var row = rows[instrument] ?? Row(history: history)
        if row.gaps.count >= settings.gaps {
            given.append(giveUpOldest(&row, instrument, "too many gaps at once"))
        }
        // The open one stays last.
        let place = row.gaps.last?.before == nil ? max(row.gaps.count - 1, 0) : row.gaps.count
        row.gaps.insert(gap, at: gap.before == nil ? row.gaps.count : place)
        row.due = min(row.due, due)
        if due != .never, row.giveUp == .never { row.giveUp = due.advanced(milliseconds: settings.patience) }
        rows[instrument] = row
    }

    private func wake(_ row: inout Row, _ now: MonotonicNanos) {
        guard !row.gaps.isEmpty else { return }
        row.due = min(row.due, now.advanced(milliseconds: settings.settle))
        if row.giveUp == .never { row.giveUp = now.advanced(milliseconds: settings.patience) }
    }

    // MARK: What is asked

    /// A question that is due now; it counts as asked.
    mutating func next(_ now: MonotonicNanos) -> TradeQuestion? {
        guard underWay < settings.concurrent else { return nil }
        let due = rows.filter { $0.value.ticket == nil && $0.value.due <= now && !$0.value.gaps.isEmpty }
        let first = due.min { ($0.value.due, $0.key.index) < ($1.value.due, $1.key.index) }
        guard let instrument = first?.key, var row = rows[instrument], let gap = row.gaps.first else {
            return nil
        }
        let search = row.search ?? TradeSearch(gap, row.history)
        row.search = search
        lastTicket += 1
        row.ticket = lastTicket
        rows[instrument] = row
        return TradeQuestion(instrument: instrument, ticket: lastTicket, query: search.query)
    }

    /// The answer to a question.
    ///
    /// - Returns: what was found, when the gap's search is over.
    mutating func answered(
        _ question: TradeQuestion,
        _ trades: some Collection<Trade>,
        _ now: MonotonicNanos
    ) -> TradeFind? {
        let instrument = question.instrument
        guard var row = rows[instrument], row.ticket == question.ticket else { return nil }
        row.ticket = nil
        row.backoff.succeeded()
        row.due = now
        guard var search = row.search else {
            // The gap closed by itself meanwhile.
            rows[instrument] = row.gaps.isEmpty ? nil : row
            return nil
        }
        let ending = search.take(trades)
        row.search = search
        guard ending != nil else {
            rows[instrument] = row
            return nil
        }
        return settle(&row, instrument, search.find(of: instrument), now)
    }

    /// There is no answer to a question.
    ///
    /// - Returns: what was found before, when the gap is given up.
    mutating func failed(
        _ question: TradeQuestion,
        _ failure: QueryFailure,
        _ now: MonotonicNanos
    ) -> TradeFind? {
        let instrument = question.instrument
        guard var row = rows[instrument], row.ticket == question.ticket else { return nil }
        row.ticket = nil
        let pause = max(row.backoff.next(using: &generator), failure.retryAfterMilliseconds ?? 0)
        row.due = now.advanced(milliseconds: min(pause, 86_400_000))
        let isHopeless = failure.isRefused || row.backoff.failures >= settings.tries || row.giveUp <= now
        guard isHopeless, let search = row.search else {
            rows[instrument] = row
            return nil
        }
        return settle(&row, instrument, search.find(of: instrument, problem: failure.detail), now)
    }

    /// Everything that is still missing, because nobody will ask for it any more.
    mutating func surrender(_ problem: String) -> [TradeFind] {
        var finds: [TradeFind] = []
        for (instrument, var row) in rows.sorted(by: { $0.key.index < $1.key.index }) {
            while !row.gaps.isEmpty { finds.append(giveUpOldest(&row, instrument, problem)) }
        }
        rows.removeAll()
        return finds
    }

    /// What was given up since this was last asked.
    mutating func takeGivenUp() -> [TradeFind] {
        defer { given.removeAll() }
        return given
    }

    /// When ``next(_:)`` is worth a question.
    var deadline: MonotonicNanos {
        guard underWay < settings.concurrent else { return .never }
        return rows.values.reduce(MonotonicNanos.never) { $1.ticket == nil ? min($0, $1.due) : $0 }
    }

    /// The gap in front is done with.
    private mutating func settle(
        _ row: inout Row,
        _ instrument: InstrumentID,
        _ find: TradeFind,
        _ now: MonotonicNanos
    ) -> TradeFind {
        row.gaps.removeFirst()
        row.search = nil
        row.backoff.succeeded()
        row.giveUp = row.gaps.isEmpty ? .never : now.advanced(milliseconds: settings.patience)
        if row.gaps.first?.before == nil { row.due = .never }
        rows[instrument] = row.gaps.isEmpty ? nil : row
        return find
    }

    private func giveUpOldest(_ row: inout Row, _ instrument: InstrumentID, _ problem: String) -> TradeFind {
        let search = row.search ?? TradeSearch(row.gaps[0], row.history)
        row.gaps.removeFirst()
        row.search = nil
        row.ticket = nil
        return search.find(of: instrument, problem: problem)
    }
}
