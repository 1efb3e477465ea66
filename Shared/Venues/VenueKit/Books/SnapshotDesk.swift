// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import OrderBooks

/// Which books wait for a snapshot, and when each may be asked for: a few at once, within the venue's rate, again with
/// growing pauses.
///
/// A value without socket and clock: times go in, and whose turn it is comes out.
///
/// - Thread: that of the feed. Allocates: for each wish.
struct SnapshotDesk {
    /// The limits.
    struct Settings {
        /// Snapshots under way at once.
        var concurrent = 4
        /// The first pause after a failure.
        ///
        /// - Unit: milliseconds.
        var backoffMinimum: Int64 = 250
        /// The longest pause.
        ///
        /// - Unit: milliseconds.
        var backoffMaximum: Int64 = 60_000
        /// Failures in a row after which the book is announced as not recoverable for now; it is asked for on, at the
        /// longest pause.
        var tries = 8
        /// How long an answer may take.
        ///
        /// - Unit: milliseconds.
        var patience: Int64 = 10_000
        /// A book that lived so long has recovered: its next fault begins with the first pause.
        ///
        /// - Unit: milliseconds.
        var stableAfter: Int64 = 30_000
    }

    /// One book's wish.
    private struct Wish {
        var due = MonotonicNanos.never
        var asked: MonotonicNanos?
        var backoff: Backoff
        var live: MonotonicNanos?
        /// What was of no use since the book was last live.
        var useless = 0
        var isAnnounced = false
    }

    /// What a failure means.
    enum Verdict {
        /// It is asked for again later.
        case again
        /// The same, and it is time to say that the book is not to be had.
        case announce(tries: Int)
    }

    private let settings: Settings
    private var wishes: [InstrumentID: Wish] = [:]
    private var window: RateWindow
    private var blockedUntil = MonotonicNanos(.min)
    private var generator: SeededGenerator

    init(_ settings: Settings = Settings(), perMinute: Int, seed: UInt64) {
        self.settings = settings
        window = RateWindow(RateLimit(count: perMinute, windowMilliseconds: 60_000))
        generator = SeededGenerator(seed: seed)
    }

    /// How many snapshots are under way.
    var underWay: Int { wishes.values.count { $0.asked != nil } }
    /// How many books wait for one that is not yet asked for.
    var waiting: Int { wishes.values.count { $0.asked == nil && $0.due != .never } }

    /// A book wants a snapshot for the first time since it was live.
    mutating func want(_ instrument: InstrumentID, _ now: MonotonicNanos, settleMilliseconds: Int64) {
        var wish = wish(instrument)
        guard wish.asked == nil else { return }
        var pause = settleMilliseconds
        if let live = wish.live {
            // A book that breaks soon after it was mended is not mended.
            if now - live >= settings.stableAfter * 1_000_000 {
                wish.backoff.succeeded()
            } else {
                pause = max(pause, wish.backoff.next(using: &generator))
            }
            wish.live = nil
        }
        wish.due = min(wish.due, now.advanced(milliseconds: pause))
        wishes[instrument] = wish
    }

    /// What was asked for did not come, or was of no use.
    mutating func failed(
        _ instrument: InstrumentID,
        _ now: MonotonicNanos,
        retryAfterMilliseconds: Int64 = 0
    ) -> Verdict {
        var wish = wish(instrument)
        wish.asked = nil
        let pause = max(wish.backoff.next(using: &generator), retryAfterMilliseconds)
        wish.due = now.advanced(milliseconds: pause)
        wish.useless += 1
        let isNews = wish.useless >= settings.tries && !wish.isAnnounced
        if isNews { wish.isAnnounced = true }
        wishes[instrument] = wish
        return isNews ? .announce(tries: wish.useless) : .again
    }

    /// The venue wants to be left alone.
    mutating func block(_ now: MonotonicNanos, milliseconds: Int64) {
        blockedUntil = max(blockedUntil, now.advanced(milliseconds: milliseconds))
    }

    /// The book is live.
    mutating func succeeded(_ instrument: InstrumentID, _ now: MonotonicNanos) {
        guard var wish = wishes[instrument] else { return }
        wish.asked = nil
        wish.due = .never
        wish.useless = 0
        wish.isAnnounced = false
        wish.live = now
        wishes[instrument] = wish
    }

    /// The answer is there, for a book that stays what it was.
    mutating func answered(_ instrument: InstrumentID) {
        wishes[instrument]?.asked = nil
        wishes[instrument]?.due = .never
    }

    /// What the book wanted does not count any more: it broke, and wants anew.
    mutating func withdraw(_ instrument: InstrumentID) {
        wishes[instrument]?.asked = nil
        wishes[instrument]?.due = .never
    }

    /// The book's connection is gone, which is no fault of the book: the next wish is not put off because of it.
    mutating func interrupted(_ instrument: InstrumentID, _ now: MonotonicNanos) {
        guard var wish = wishes[instrument] else { return }
        wish.asked = nil
        wish.due = .never
        if let live = wish.live, now - live >= settings.stableAfter * 1_000_000 { wish.backoff.succeeded() }
        wish.live = nil
        wishes[instrument] = wish
    }

    /// The book is not wanted any more: a later one begins without its past.
    mutating func forget(_ instrument: InstrumentID) { wishes[instrument] = nil }

    /// The next book to ask for now; it counts.
    mutating func next(_ now: MonotonicNanos) -> InstrumentID? {
        guard underWay < settings.concurrent, window.nextAllowed(now) <= now, blockedUntil <= now else {
            return nil
        }
        let due = wishes.filter { $0.value.asked == nil && $0.value.due <= now }
        guard let first = due.min(by: { ($0.value.due, $0.key.index) < ($1.value.due, $1.key.index) })?.key
        else { return nil }
        wishes[first]?.asked = now
        window.count(now)
        return first
    }

    /// Books whose answer is overdue.
    func overdue(_ now: MonotonicNanos) -> [InstrumentID] {
        wishes.filter { $0.value.asked.map { now - $0 >= settings.patience * 1_000_000 } ?? false }.map(\.key)
    }

    /// When ``next(_:)`` or ``overdue(_:)`` is worth a question.
    func deadline(_ now: MonotonicNanos) -> MonotonicNanos {
        var deadline = MonotonicNanos.never
        for wish in wishes.values {
            if let asked = wish.asked {
                deadline = min(deadline, asked.advanced(milliseconds: settings.patience))
            } else if wish.due != .never {
                deadline = min(deadline, max(wish.due, window.nextAllowed(now), blockedUntil))
            }
        }
        return deadline
    }

    private func wish(_ instrument: InstrumentID) -> Wish {
        if let known = wishes[instrument] { return known }
        let backoff = Backoff(minimum: settings.backoffMinimum, maximum: settings.backoffMaximum)
        return Wish(backoff: backoff)
    }
}
