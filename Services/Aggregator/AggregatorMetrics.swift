// Part of MarketBus. Apache License 2.0, see LICENSE.

import Observability
import Quotes

/// The aggregator's numbers.
struct AggregatorMetrics: Sendable {
    let changed: Counter
    let legChanged: Counter
    let refreshed: Counter
    let oldEpoch: Counter
    let oldSequence: Counter
    let absurd: Counter
    let clockAhead: Counter
    let unknown: Counter
    let tombstone: Counter
    let undecodable: Counter
    let refusedName: Counter
    /// By ``IgnoredClass``, in the order of its cases.
    let ignored: [Counter]
    let foreign: Counter
    let instruments: Counter
    let badInstruments: Counter
    let quotes: Counter
    let steps: Counter
    let deadLetters: Counter
    let lost: Counter
    let open: Gauge
    let symbols: Gauge
    let ownPartitions: Gauge
    let learningPartitions: Gauge
    let lateFeeds: Gauge
    let quarantined: Gauge
    let liveConversions: Gauge
    let legs: [Gauge]
    let books: Counter
    let aggregatedBooks: Counter
    let routes: Gauge
    let cutSearches: Gauge
    let overflows: Gauge
    /// From the socket of the feed that read the record to the hand-over of the opportunity that it opened.
    let tickToOpportunity: Histogram
    /// From the hand-over of a record by its feed to its handling here.
    let recordAge: Histogram
    /// From taking up a record to the hand-over of the steps of opportunities that it made.
    let decision: Histogram

    private static let microsecondBounds: [Int64] = [
        250, 500, 1000, 2000, 3000, 5000, 7500, 10_000, 15_000, 25_000, 50_000, 100_000, 250_000, 500_000,
        1_000_000, 5_000_000, 30_000_000,
    ]

    /// Fine about the 10 us that a decision may take.
    private static let decisionBounds: [Int64] = [
        2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000, 12_000, 15_000, 20_000, 30_000,
        50_000, 75_000, 100_000, 150_000, 250_000, 500_000, 1_000_000, 2_500_000, 10_000_000,
    ]

    init(_ metrics: Metrics) {
        func records(_ outcome: String) -> Counter {
            metrics.counter(
                "marketbus_aggregator_records_total",
                help: "Market records by what they did.",
                labels: ["outcome": outcome]
            )
        }
        changed = records("changed")
        legChanged = records("leg_changed")
        refreshed = records("refreshed")
        oldEpoch = records(IgnoreReason.oldEpoch.name)
        oldSequence = records(IgnoreReason.oldSequence.name)
        absurd = records(IgnoreReason.absurd.name)
        clockAhead = records(IgnoreReason.clockAhead.name)
        unknown = records(IgnoreReason.unknown.name)
        tombstone = records("tombstone")
        undecodable = records("undecodable")
        refusedName = records("refused_name")
        ignored = Self.ignored(metrics)
        foreign = records("foreign")
        func counter(_ name: String, _ help: String) -> Counter {
            metrics.counter("marketbus_aggregator_\(name)_total", help: help)
        }
        instruments = counter("instruments", "Records of ref.instrument taken in.")
        badInstruments = counter("bad_instruments", "Records of ref.instrument that could not be read.")
        quotes = counter("quotes", "Quotes published.")
        steps = counter("opportunity_steps", "Steps of opportunities published.")
        deadLetters = counter("dead_letters", "Dead letters published; at most 100 a second.")
        lost = counter("lost_records", "Published numbers that will never be read.")
        func gauge(_ name: String, _ help: String) -> Gauge {
            metrics.gauge("marketbus_aggregator_\(name)", help: help)
        }
        open = gauge("open_opportunities", "Opportunities that are open.")
        symbols = gauge("symbols", "Symbols known.")
        ownPartitions = gauge("partitions", "Partitions that are this instance's.")
        learningPartitions = gauge("learning_partitions", "Partitions whose newest records are being read.")
        lateFeeds = gauge("late_feeds", "Feeds whose last status is too old, or said that they stop.")
        quarantined = gauge("quarantined_legs", "Legs set apart: only the name is the others'.")
        liveConversions = gauge("live_conversions", "Conversions of quotes whose market is live.")
        books = counter("book_records", "Records of md.book taken in.")
        aggregatedBooks = counter("books", "Books over venues published.")
        routes = gauge("routes", "Routes through books that are watched.")
        cutSearches = gauge("cut_searches", "Searches for the best size that were cut short.")
        overflows = gauge("overflows", "Routes passed over: figures beyond exact arithmetic.")
        legs = Self.legs(metrics)
        func latency(_ name: String, _ help: String) -> Histogram {
            let name = "marketbus_aggregator_\(name)_seconds"
            return metrics.histogram(name, help: help, bounds: Self.microsecondBounds, scale: 1e-6)
        }
        tickToOpportunity = latency("tick_to_opportunity", "From the feed's socket to the opportunity.")
        recordAge = latency("record_age", "From the feed's producer to here.")
        let help = "From taking up a record to the hand-over of each step that it made."
        let name = "marketbus_aggregator_decision_seconds"
        decision = metrics.histogram(name, help: help, bounds: Self.decisionBounds)
    }

    private static func ignored(_ metrics: Metrics) -> [Counter] {
        let help =
            "Records and findings that are not believed; sys.integrity tells of them as ignored_REASON."
        return IgnoredClass.allCases.map { what in
            metrics.counter(
                "marketbus_aggregator_ignored_total",
                help: help,
                labels: ["reason": what.rawValue]
            )
        }
    }

    private static func legs(_ metrics: Metrics) -> [Gauge] {
        LegHealth.allCases.map { health in
            metrics.gauge(
                "marketbus_aggregator_legs",
                help: "Legs by health.",
                labels: ["health": health.name]
            )
        }
    }

    /// Counts what a record did.
    func count(_ outcome: UpdateOutcome) {
        switch outcome {
        case .changed: changed.add()
        case .legChanged: legChanged.add()
        case .refreshed: refreshed.add()
        case .ignored(.oldEpoch): oldEpoch.add()
        case .ignored(.oldSequence): oldSequence.add()
        case .ignored(.absurd): absurd.add()
        case .ignored(.clockAhead): clockAhead.add()
        case .ignored(.unknown): unknown.add()
        }
    }
}
