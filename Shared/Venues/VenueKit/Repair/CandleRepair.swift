// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models

/// A symbol's candles of one length.
struct CandleSeries: Hashable {
    var instrument: InstrumentID
    var interval: CandleInterval
}

/// Candles to be asked for.
struct CandleQuestion {
    var series: CandleSeries
    /// Tells it from other questions about the same candles.
    var ticket: Int
    /// Of candles that open from here on.
    ///
    /// - Unit: microseconds since the Unix epoch.
    var from: Int64
    /// Of candles that are over by then.
    ///
    /// - Unit: microseconds since the Unix epoch.
    var to: Int64

    var query: VenueQuery { .candles(series.interval, from: from, to: to) }
}

/// What became of missed candles.
struct CandleVerdict: Hashable {
    var series: CandleSeries
    /// How many closed candles the venue gave.
    var found: Int
    /// From where on none were given; nil where all were.
    ///
    /// - Unit: microseconds since the Unix epoch.
    var missingFrom: Int64?
    /// Why.
    var problem: String?
}

/// Which closed candles were missed, and what to ask for next.
///
/// After every new connection the candles since the last closed one are asked for: those that are over at once, and the one
/// that was open while nobody listened as soon as it is over, because what is seen of it afterwards may be half of it. A
/// value without socket and clock.
///
/// - Thread: that of the feed. Allocates: while something is missing.
struct CandleRepair {
    /// The limits.
    struct Settings {
        /// How long after the stream is back, or a candle is over, the venue has it for sure.
        ///
        /// - Unit: milliseconds.
        var settle: Int64 = 3_000
        /// A candle that ended so recently is left for later: the venue's clock is not ours.
        ///
        /// - Unit: milliseconds.
        var grace: Int64 = 2_000
        /// The most candles of a range: of a longer one, the newest so many are asked for.
        var reach: Int64 = 10_000
        /// Candles of one question; every venue gives as many.
        var page: Int64 = 250
        /// Questions under way at once.
        var concurrent = 2
        /// Failures in a row after which a range is given up.
        var tries = 8
    }

    private struct Row {
        /// The first candle that is not known to be right.
        var from: Int64
        /// The end of the candle that was open when the stream came back; nil before it did.
        var until: Int64?
        var ticket: Int?
        var due = MonotonicNanos.never
        var found = 0
        var backoff = Backoff(minimum: 500, maximum: 60_000)
    }

    private let settings: Settings
    private var rows: [CandleSeries: Row] = [:]
    private var lastTicket = 0
    private var generator: SeededGenerator

    init(_ settings: Settings = Settings(), seed: UInt64) {
        self.settings = settings
        generator = SeededGenerator(seed: seed)
    }

    /// How many ranges are not settled.
    var openCount: Int { rows.count }
    /// How many questions wait for an answer.
    var underWay: Int { rows.values.count { $0.ticket != nil } }

    /// A stream ended; candles that open from there on are not known to be right.
    mutating func lost(_ series: CandleSeries, from: Int64) {
        var row = rows[series] ?? Row(from: from)
        row.from = min(row.from, from)
        row.until = nil
        row.ticket = nil
        row.due = .never
        rows[series] = row
    }

    /// A stream is back.
    ///
    /// `wall` is the time of day in microseconds since the Unix epoch.
    mutating func isBack(_ series: CandleSeries, _ now: MonotonicNanos, wall: Int64) {
        guard var row = rows[series], row.until == nil else { return }
        let span = series.interval.span.seconds * 1_000_000
        row.from = max(min(row.from, wall), 0)
        let beyond = (wall - row.from) / span - settings.reach
        if beyond > 0 { row.from += beyond * span }
        var end = series.interval.close(of: row.from)
        while end <= wall { end = series.interval.close(of: end) }
        row.until = end
        row.due = now.advanced(milliseconds: settings.settle)
        rows[series] = row
    }

    /// The stream is not wanted any more.
    mutating func withdraw(_ series: CandleSeries) { rows[series] = nil }

    /// A question that is due now; it counts as asked.
    mutating func next(_ now: MonotonicNanos, wall: Int64) -> CandleQuestion? {
        while underWay < settings.concurrent {
            let due = rows.filter { $0.value.ticket == nil && $0.value.due <= now }
            guard
                let series = due.min(by: { ($0.value.due, $0.value.from) < ($1.value.due, $1.value.from) })?
                    .key,
                var row = rows[series], let until = row.until
            else { return nil }
            let last = min(until, wall - settings.grace * 1000)
            guard series.interval.close(of: row.from) <= last else {
                wait(&row, series, now, wall: wall)
                rows[series] = row
                continue
            }
            let span = series.interval.span.seconds * 1_000_000
            lastTicket += 1
            row.ticket = lastTicket
            rows[series] = row
            let to = min(last, row.from + settings.page * span)
            return CandleQuestion(series: series, ticket: lastTicket, from: row.from, to: to)
        }
        return nil
    }

    /// Which candles of an answer are over, so that they may be published as closed.
    static func closed(_ candles: some Collection<Candle>, _ question: CandleQuestion) -> [Candle] {
        candles.compactMap { candle in
            guard candle.openMicroseconds >= question.from,
                candle.interval.close(of: candle.openMicroseconds) <= question.to, candle.isClosed != false
            else { return nil }
            var candle = candle
            candle.isClosed = true
            return candle
        }
    }

    /// The closed candles of an answer were published.
    ///
    /// - Returns: a verdict, when the range is settled up to the candle that is still open.
    mutating func answered(
        _ question: CandleQuestion,
        closed: Int,
        _ now: MonotonicNanos,
        wall: Int64
    ) -> CandleVerdict? {
        guard var row = rows[question.series], row.ticket == question.ticket, let until = row.until else {
            return nil
        }
        row.ticket = nil
        row.backoff.succeeded()
        row.found += closed
        // What the venue leaves out has no trades.
        var next = row.from
        let interval = question.series.interval
        while interval.close(of: next) <= question.to { next = interval.close(of: next) }
        row.from = next
        row.due = now
        let last = min(until, wall - settings.grace * 1000)
        guard interval.close(of: next) > last else {
            rows[question.series] = row
            return nil
        }
        let verdict = row.found > 0 ? CandleVerdict(series: question.series, found: row.found) : nil
        row.found = 0
        wait(&row, question.series, now, wall: wall)
        rows[question.series] = next >= until ? nil : row
        return verdict
    }

    /// There is no answer to a question.
    ///
    /// - Returns: a verdict, when the range is given up.
    mutating func failed(
        _ question: CandleQuestion,
        _ failure: QueryFailure,
        _ now: MonotonicNanos
    ) -> CandleVerdict? {
        guard var row = rows[question.series], row.ticket == question.ticket else { return nil }
        row.ticket = nil
        let pause = max(row.backoff.next(using: &generator), failure.retryAfterMilliseconds ?? 0)
        row.due = now.advanced(milliseconds: min(pause, 86_400_000))
        guard failure.isRefused || row.backoff.failures >= settings.tries else {
            rows[question.series] = row
            return nil
        }
        rows[question.series] = nil
        return CandleVerdict(
            series: question.series,
            found: row.found,
            missingFrom: row.from,
            problem: failure.detail
        )
    }

    /// Everything that is still missing, because nobody will ask for it any more.
    mutating func surrender(_ problem: String, wall: Int64) -> [CandleVerdict] {
        defer { rows.removeAll() }
        return rows.compactMap { series, row in
            guard series.interval.close(of: row.from) <= wall else { return nil }
            return CandleVerdict(series: series, found: row.found, missingFrom: row.from, problem: problem)
        }
    }

    /// When ``next(_:wall:)`` is worth a question.
    var deadline: MonotonicNanos {
        guard underWay < settings.concurrent else { return .never }
        return rows.values.reduce(MonotonicNanos.never) { $1.ticket == nil ? min($0, $1.due) : $0 }
    }

    /// Waits for the end of the open candle.
    private func wait(_ row: inout Row, _ series: CandleSeries, _ now: MonotonicNanos, wall: Int64) {
        let left = max((series.interval.close(of: row.from) - wall) / 1000, 0)
        row.due = now.advanced(milliseconds: left + settings.settle)
    }
}
