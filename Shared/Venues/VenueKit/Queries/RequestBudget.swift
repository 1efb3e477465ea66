// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle

/// What a question is asked for; a lower one goes first.
enum QueryPriority: Int, Comparable, CaseIterable {
    /// A book that does not hold.
    case snapshot
    /// Trades that were missed.
    case trades
    /// Candles that were missed.
    case candles
    /// Checks of what holds.
    case audit
    /// Figures that only REST has.
    case poll

    static func < (left: QueryPriority, right: QueryPriority) -> Bool { left.rawValue < right.rawValue }

    /// How much of the budget it may bring to be spent, so that something is left for what is more urgent.
    ///
    /// - Unit: percent.
    var share: Int {
        switch self {
        case .snapshot: 100
        case .trades: 85
        case .candles: 75
        case .audit: 60
        case .poll: 50
        }
    }
}

/// What a venue's answer said of the budget.
struct BudgetFigures: Sendable, Hashable {
    /// The weight that is spent.
    var used: Int?
    /// The weight that is left.
    var remaining: Int?
    /// The weight that there is.
    var limit: Int?
}

/// What became of a request, as far as the budget is concerned.
enum BudgetOutcome {
    /// The venue answered, or refused this request alone.
    case answered
    /// The venue wants to be left alone for so many milliseconds.
    case throttled(Int64)
    /// Nobody answered.
    case unreachable
}

/// Which requests to one host may be sent now: a queue by priority within what the venue allows.
///
/// It counts the weight of its own requests over the venue's window, believes the venue's headers where they say that
/// more is spent, leaves a fifth for others at the same address, and sends nothing while the venue wants to be left alone. A
/// value without socket and clock.
///
/// - Thread: that of the feed. Allocates: for each request.
struct RequestBudget {
    /// The most requests that wait; beyond it the last one of the least urgent is dropped.
    static let queueLimit = 512
    /// How much of the venue's limit is used.
    ///
    /// - Unit: percent.
    static let usedShare = 80

    /// One request that waits.
    private struct Waiting {
        var token: Int
        var weight: Int
        var priority: QueryPriority
        var deadline: MonotonicNanos
    }

    private let rule: RESTBudgetRule
    private let window: Int64
    private var waiting: [Waiting] = []
    private var underWay: [Int: Int] = [:]
    private var spent: [(at: MonotonicNanos, weight: Int)] = []
    private var limit: Int
    /// What the venue last said is spent, with what was sent since, and until when that counts.
    private var said: (weight: Int, until: MonotonicNanos)?
    private var blockedUntil = MonotonicNanos(.min)
    private var backoff = Backoff(minimum: 250, maximum: 30_000)
    private var generator: SeededGenerator

    init(_ rule: RESTBudgetRule, seed: UInt64) {
        self.rule = rule
        window = Int64(max(rule.limit.windowMilliseconds, 1))
        limit = max(rule.limit.count, 1)
        generator = SeededGenerator(seed: seed)
    }

    /// How many requests wait.
    var waitingCount: Int { waiting.count }

    /// Takes a request in.
    ///
    /// - Returns: the request that there is no room for, which may be this one.
    mutating func add(
        _ token: Int,
        weight: Int,
        _ priority: QueryPriority,
        deadline: MonotonicNanos
    ) -> Int? {
        let place = waiting.firstIndex { $0.priority > priority } ?? waiting.count
        let one = Waiting(token: token, weight: max(weight, 0), priority: priority, deadline: deadline)
        waiting.insert(one, at: place)
        return waiting.count > Self.queueLimit ? waiting.popLast()?.token : nil
    }

    /// The next request to send now; it counts.
    mutating func next(_ now: MonotonicNanos) -> Int? {
        guard let first = waiting.first, underWay.count < max(rule.concurrent, 1), blockedUntil <= now else {
            return nil
        }
        forget(now)
        guard fits(first, now) else { return nil }
        waiting.removeFirst()
        underWay[first.token] = first.weight
        spend(first.weight, now)
        return first.token
    }

    /// Counts what is sent without waiting.
    mutating func spend(_ weight: Int, _ now: MonotonicNanos) {
        spent.append((now, max(weight, 0)))
        said?.weight += max(weight, 0)
    }

    /// Whether the venue wants to be left alone.
    func isBlocked(_ now: MonotonicNanos) -> Bool { blockedUntil > now }

    /// What became of a request that was sent.
    mutating func done(
        _ token: Int,
        _ outcome: BudgetOutcome,
        _ figures: BudgetFigures,
        _ now: MonotonicNanos
    ) {
        guard underWay.removeValue(forKey: token) != nil else { return }
        note(figures, now)
        switch outcome {
        case .answered: backoff.succeeded()
        case .throttled(let milliseconds): block(now, milliseconds: milliseconds)
        case .unreachable:
            let pause = backoff.next(using: &generator)
            blockedUntil = max(blockedUntil, now.advanced(milliseconds: pause))
        }
    }

    /// The venue wants to be left alone: for that time, and a little longer, so that not all come back at once.
    mutating func block(_ now: MonotonicNanos, milliseconds: Int64) {
        let jitter = Int64.random(in: 0...max(min(milliseconds / 10, 1000), 1), using: &generator)
        let pause = min(max(milliseconds, 0), 7 * 86_400_000) + jitter
        blockedUntil = max(blockedUntil, now.advanced(milliseconds: pause))
    }

    /// Takes a request back.
    ///
    /// - Returns: whether it was sent already.
    mutating func withdraw(_ token: Int) -> Bool {
        waiting.removeAll { $0.token == token }
        return underWay.removeValue(forKey: token) != nil
    }

    /// The requests that waited too long; they are gone.
    mutating func takeExpired(_ now: MonotonicNanos) -> [Int] {
        let late = waiting.filter { $0.deadline <= now }.map(\.token)
        if !late.isEmpty { waiting.removeAll { $0.deadline <= now } }
        return late
    }

    /// When ``next(_:)`` or ``takeExpired(_:)`` is worth a question.
    func deadline(_ now: MonotonicNanos) -> MonotonicNanos {
        guard let first = waiting.first else { return .never }
        let expiry = waiting.reduce(MonotonicNanos.never) { min($0, $1.deadline) }
        guard underWay.count < max(rule.concurrent, 1) else { return expiry }
        return min(expiry, max(blockedUntil, roomTime(first, now)))
    }

    // MARK: Weight

    private mutating func note(_ figures: BudgetFigures, _ now: MonotonicNanos) {
        if let told = figures.limit, told > 0 { limit = min(told, 1_000_000) }
        var used = figures.used
        if used == nil, let left = figures.remaining { used = limit - min(max(left, 0), limit) }
        guard let used, used >= 0 else { return }
        // What is still under way may not have been counted by the venue when it answered.
        let pending = underWay.values.reduce(0, +)
        said = (min(used, 1_000_000) + pending, now.advanced(milliseconds: window))
    }

    private mutating func forget(_ now: MonotonicNanos) {
        let old = spent.prefix { $0.at.advanced(milliseconds: window) <= now }.count
        spent.removeFirst(old)
        if let said, said.until <= now { self.said = nil }
    }

    private func allowance(_ priority: QueryPriority) -> Int {
        max(limit * Self.usedShare / 100 * priority.share / 100, 1)
    }

    private func total(_ now: MonotonicNanos) -> Int {
        let own = spent.reduce(0) { $1.at.advanced(milliseconds: window) <= now ? $0 : $0 + $1.weight }
        guard let said, said.until > now else { return own }
        return max(own, said.weight)
    }

    /// Whether a request fits; one that never would goes alone.
    private func fits(_ one: Waiting, _ now: MonotonicNanos) -> Bool {
        let total = total(now)
        return total == 0 || total + one.weight <= allowance(one.priority)
    }

    /// When there is room for a request, as far as can be told now.
    private func roomTime(_ one: Waiting, _ now: MonotonicNanos) -> MonotonicNanos {
        guard !fits(one, now) else { return now }
        var times = spent.map { $0.at.advanced(milliseconds: window) }
        if let said { times.append(said.until) }
        return times.sorted().first { $0 > now && fits(one, $0) } ?? now.advanced(milliseconds: window)
    }
}
