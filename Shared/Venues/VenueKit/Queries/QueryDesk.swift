// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models

/// What became of a question.
struct QueryAnswer: Sendable {
    /// The body, or why there is none.
    enum Outcome: Sendable {
        /// The body of an answer with status 200.
        case body([UInt8])
        /// Why there is none.
        case failure(QueryFailure)
    }

    var outcome: Outcome
    /// What the answer said of the venue's budget.
    var figures = BudgetFigures()

    /// An answer with this body.
    static func body(_ bytes: [UInt8]) -> QueryAnswer { QueryAnswer(outcome: .body(bytes)) }

    /// No answer, for this reason.
    static func failure(_ detail: String, retryAfterMilliseconds wait: Int64?) -> QueryAnswer {
        QueryAnswer(outcome: .failure(QueryFailure(detail: detail, retryAfterMilliseconds: wait)))
    }
}

/// Why a question has no answer.
struct QueryFailure: Error, Sendable, Hashable {
    /// For logs and records.
    var detail: String
    /// How long the venue wants to be left alone, if it says so.
    ///
    /// - Unit: milliseconds.
    var retryAfterMilliseconds: Int64?
    /// Whether the venue will not answer this question, however often it is asked.
    var isRefused = false
}

/// Carries questions to the venue: REST in a service, an array in a test.
protocol QueryTransport: AnyObject {
    /// Asks; the answer comes to ``QueryDesk/arrived(_:_:)`` on the feed's thread.
    func fetch(_ token: Int, url: String, timeoutMilliseconds: Int)
    /// Nobody waits for the answer any more.
    func cancel(_ token: Int)
}

/// A question to a venue.
struct Question {
    var call: VenueCall
    var priority: QueryPriority
    /// How long the answer may take, waiting for the budget included.
    ///
    /// - Unit: milliseconds.
    var patience: Int64 = 9_000
}

/// The questions that wait or are under way, and who wants the answers.
///
/// Each host has a ``RequestBudget``. A handler is called exactly once, unless its question is cancelled.
///
/// - Thread: that of the feed.
final class QueryDesk {
    typealias Handler = (Result<[UInt8], QueryFailure>) -> Void

    private struct Open {
        var url: String
        var budget: Int
        var deadline: MonotonicNanos
        var handler: Handler
    }

    private let transport: (any QueryTransport)?
    private let clock: any TimeSource
    private let metrics: FeedMetrics
    private let url: (VenueCall) -> String?
    private var places: [String: Int] = [:]
    private var budgets: [RequestBudget]
    private var open: [Int: Open] = [:]
    private var last = 0
    /// The longest that one transfer may take.
    private static let transferMilliseconds: Int64 = 9_000

    /// Makes a desk of a venue's budgets; the last of them is that of endpoints without one.
    init(
        _ transport: (any QueryTransport)?,
        profile: VenueProfile,
        settings: FeedSettings,
        metrics: FeedMetrics,
        clock: any TimeSource
    ) {
        self.transport = transport
        self.clock = clock
        self.metrics = metrics
        url = { call in settings.endpoint(call.endpoint, in: profile).map { $0.url + call.path } }
        let other = RESTBudgetRule(endpoints: [], limit: RateLimit(count: 10, windowMilliseconds: 1000))
        budgets = []
        for (place, rule) in (profile.restBudgets + [other]).enumerated() {
            budgets.append(RequestBudget(rule, seed: settings.seed &+ 0xDE5C &+ UInt64(place)))
            for name in rule.endpoints { places[name] = place }
        }
    }

    // MARK: Asking

    /// Asks as soon as the venue's limits allow it.
    ///
    /// - Returns: the question's number, or nil where there is nobody to ask.
    @discardableResult
    func ask(_ question: Question, _ handler: @escaping Handler) -> Int? {
        guard transport != nil, let url = url(question.call) else { return nil }
        let now = clock.monotonic
        last += 1
        let place = place(of: question.call.endpoint)
        let deadline = now.advanced(milliseconds: question.patience)
        open[last] = Open(url: url, budget: place, deadline: deadline, handler: handler)
        let token = last
        let dropped = budgets[place].add(
            token,
            weight: question.call.weight,
            question.priority,
            deadline: deadline
        )
        if let dropped {
            metrics.queriesDropped.add()
            guard dropped != token else {
                open[token] = nil
                return nil
            }
            finish(dropped, .failure(QueryFailure(detail: "more urgent questions wait")))
        }
        send(place, now)
        return token
    }

    /// Nobody wants the answer any more.
    func cancel(_ token: Int) {
        guard let gone = open.removeValue(forKey: token) else { return }
        if budgets[gone.budget].withdraw(token) { transport?.cancel(token) }
        send(gone.budget, clock.monotonic)
    }

    /// Nobody wants any answer any more.
    func cancelAll() {
        let tokens = Array(open.keys)
        open.removeAll()
        for token in tokens {
            for place in budgets.indices where budgets[place].withdraw(token) { transport?.cancel(token) }
        }
    }

    // MARK: Answers and time

    /// An answer is there.
    func arrived(_ token: Int, _ answer: QueryAnswer) {
        guard let asked = open[token] else { return }
        let now = clock.monotonic
        let outcome = Self.outcome(answer)
        budgets[asked.budget].done(token, outcome, answer.figures, now)
        switch answer.outcome {
        case .body(let bytes): finish(token, .success(bytes))
        case .failure(let failure):
            metrics.queriesFailed.add()
            finish(token, .failure(failure))
        }
        send(asked.budget, now)
    }

    /// Sends what may be sent by now, and ends what waited too long.
    func tick(_ now: MonotonicNanos) {
        for place in budgets.indices {
            for token in budgets[place].takeExpired(now) {
                metrics.queriesFailed.add()
                finish(token, .failure(QueryFailure(detail: "no room in the venue's limits in time")))
            }
            send(place, now)
        }
    }

    /// When ``tick(_:)`` wants to be called.
    func deadline(_ now: MonotonicNanos) -> MonotonicNanos {
        budgets.reduce(MonotonicNanos.never) { min($0, $1.deadline(now)) }
    }

    // MARK: Requests that do not wait here

    /// Whether the venue lets itself be asked, and if so counts a request that is sent beside the desk.
    func admit(_ call: VenueCall, _ now: MonotonicNanos) -> Bool {
        let place = place(of: call.endpoint)
        guard !budgets[place].isBlocked(now) else { return false }
        budgets[place].spend(call.weight, now)
        return true
    }

    /// The venue wants to be left alone by those who ask this endpoint's host.
    func block(_ call: VenueCall, _ now: MonotonicNanos, milliseconds: Int64) {
        budgets[place(of: call.endpoint)].block(now, milliseconds: milliseconds)
    }

    private func place(of endpoint: String) -> Int { places[endpoint] ?? budgets.count - 1 }

    private func send(_ place: Int, _ now: MonotonicNanos) {
        while let token = budgets[place].next(now) {
            guard let asked = open[token] else {
                _ = budgets[place].withdraw(token)
                continue
            }
            metrics.queries.add()
            let left = Int64(asked.deadline.millisecondsLeft(since: now))
            let timeout = Int(min(max(left, 1), Self.transferMilliseconds))
            transport?.fetch(token, url: asked.url, timeoutMilliseconds: timeout)
        }
    }

    private func finish(_ token: Int, _ result: Result<[UInt8], QueryFailure>) {
        open.removeValue(forKey: token)?.handler(result)
    }

    private static func outcome(_ answer: QueryAnswer) -> BudgetOutcome {
        guard case .failure(let failure) = answer.outcome else { return .answered }
        if let wait = failure.retryAfterMilliseconds { return .throttled(wait) }
        return failure.isRefused ? .answered : .unreachable
    }
}
