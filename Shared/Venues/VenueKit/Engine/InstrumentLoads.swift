// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Observability
import Wire

/// Why a venue's instruments could not be read, and when to ask again.
struct InstrumentsFailure: Error, Sendable {
    /// For logs and `/ready`.
    var detail: String
    /// What the venue asks for, if it does.
    ///
    /// - Unit: milliseconds.
    var retryAfterMilliseconds: Int64?
    /// Whether the venue answered well, with an empty list.
    var isEmpty = false
}

/// Where instruments come from: REST in a service, an array in a test.
protocol InstrumentSource: AnyObject {
    /// Asks; the answer comes to ``FeedEngine/instrumentsArrived(_:_:)`` on the feed's thread.
    func fetch(_ call: VenueCall, _ place: Int, url: String)
}

/// Which instrument requests are due, under way, and failing.
///
/// - Thread: that of the feed.
final class InstrumentLoads {
    private struct Load {
        let call: VenueCall
        var due = MonotonicNanos(.min)
        var isUnderWay = false
        var backoff: Backoff
        /// Why the last try failed; nil after a success and before the first try.
        var failure: String?
        /// Empty lists in a row.
        var empty = 0
        var hasSucceeded = false
    }

    private var loads: [Load]
    private let source: any InstrumentSource
    private let settings: FeedSettings
    private var generator: SeededGenerator
    /// When all instruments are to be published again, since records of some were lost.
    private var republishAt: MonotonicNanos?

    init(_ calls: [VenueCall], source: any InstrumentSource, settings: FeedSettings) {
        self.source = source
        self.settings = settings
        generator = SeededGenerator(seed: settings.seed)
        let backoff = Backoff(
            minimum: settings.session.backoffMinimumMilliseconds,
            maximum: settings.session.backoffMaximumMilliseconds
        )
        loads = calls.map { Load(call: $0, backoff: backoff) }
    }

    /// What `/ready` says.
    var isComplete: Bool { loads.allSatisfy(\.hasSucceeded) }
    /// What is missing, in words; empty when nothing is.
    var problem: String {
        loads.filter { !$0.hasSucceeded }
            .map { "\($0.call.market): \($0.failure ?? "asked")" }
            .joined(separator: "; ")
    }

    func askIfDue(_ engine: FeedEngine, _ now: MonotonicNanos) {
        for place in loads.indices where !loads[place].isUnderWay && loads[place].due <= now {
            let call = loads[place].call
            guard let endpoint = settings.endpoint(call.endpoint, in: engine.profile),
                engine.queries.admit(call, now)
            else { continue }
            loads[place].isUnderWay = true
            source.fetch(call, place, url: endpoint.url + call.path)
        }
    }

    /// The broker took some records of instruments never: all are published again, after a while, since what refused these
    /// may last.
    func noteLostRecords(_ now: MonotonicNanos) {
        if republishAt == nil { republishAt = now.advanced(milliseconds: 10_000) }
    }

    /// Whether all are to be published again now.
    func takeRepublishing(_ now: MonotonicNanos) -> Bool {
        guard let due = republishAt, due <= now else { return false }
        republishAt = nil
        return true
    }

    /// Takes a success in; gives the market that answered.
    func succeeded(_ place: Int, _ now: MonotonicNanos) -> MarketID? {
        guard loads.indices.contains(place) else { return nil }
        loads[place].isUnderWay = false
        loads[place].hasSucceeded = true
        loads[place].failure = nil
        loads[place].empty = 0
        loads[place].backoff.succeeded()
        loads[place].due = now.advanced(milliseconds: settings.instrumentsRefreshMilliseconds)
        return loads[place].call.market
    }

    /// What a failure means.
    struct FailureNews {
        var call: VenueCall
        var market: MarketID { call.market }
        /// The wait before the next try.
        var waitMilliseconds: Int64
        /// Whether it was not told before.
        var isNew: Bool
        /// Whether the market has shown by now that it lists nothing.
        var isEmptyMarket: Bool
    }

    /// Takes a failure in.
    func failed(_ place: Int, _ failure: InstrumentsFailure, _ now: MonotonicNanos) -> FailureNews? {
        guard loads.indices.contains(place) else { return nil }
        let isNew = loads[place].failure != failure.detail
        loads[place].isUnderWay = false
        loads[place].failure = failure.detail
        loads[place].empty = failure.isEmpty ? loads[place].empty + 1 : 0
        let wait = max(loads[place].backoff.next(using: &generator), failure.retryAfterMilliseconds ?? 0)
        loads[place].due = now.advanced(milliseconds: wait)
        return FailureNews(
            call: loads[place].call,
            waitMilliseconds: wait,
            isNew: isNew,
            isEmptyMarket: loads[place].empty >= 2 && !loads[place].hasSucceeded
        )
    }
}

extension FeedEngine {
    /// A venue answered, or did not.
    func instrumentsArrived(_ place: Int, _ answer: Result<[Instrument], InstrumentsFailure>) {
        guard !isStopping else { return }
        let now = clock.monotonic
        switch answer {
        case .success(let fresh):
            guard let market = loads.succeeded(place, now) else { return }
            take(fresh, market)
            instrumentsChanged()
            planIfPossible()
        case .failure(let failure):
            guard let news = loads.failed(place, failure, now) else { return }
            if let wait = failure.retryAfterMilliseconds {
                queries.block(news.call, now, milliseconds: wait)
            }
            if news.isNew {
                let detail = "\(news.market): \(failure.detail); again in \(news.waitMilliseconds) ms"
                announce(Incident(.instrumentsFailed, detail), topic: TopicRegistry.instrument)
            }
            if news.isEmptyMarket { directory.takeEmpty(news.market) }
            planIfPossible()
        }
        somethingChanged()
    }

    private func take(_ fresh: [Instrument], _ market: MarketID) {
        let isFirst = !directory.markets.contains(market)
        let changed = directory.take(fresh, market)
        publish(changed)
        for instrument in changed {
            if !isFirst, instrument.status == .closed,
                wanted.entries.contains(where: { $0.symbol == instrument.symbol })
            {
                let detail = "the venue lists it no more"
                announce(
                    Incident(.delisted, detail),
                    topic: TopicRegistry.instrument,
                    symbol: instrument.symbol
                )
            }
        }
        metrics.instruments.set(directory.table.instruments.count)
        logger.info(
            "feed.instruments",
            [
                "market": .string(market.name), "listed": LogValue(fresh.count),
                "changed": LogValue(changed.count),
            ]
        )
    }

    /// Publishes all instruments again where records of some were lost.
    func republishInstruments(_ now: MonotonicNanos) {
        guard loads.takeRepublishing(now) else { return }
        let all = directory.table.instruments
        publish(all)
        logger.warning("feed.instruments_again", ["count": LogValue(all.count)])
    }

    private func publish(_ instruments: some Sequence<Instrument>) {
        let now = clock.wall.microseconds
        for instrument in instruments {
            reports.publisher.publish(
                InstrumentRecord(instrument, feed: settings.instance, publishedMicroseconds: now)
            )
        }
    }
}
