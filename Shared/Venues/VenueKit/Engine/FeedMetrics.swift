// Part of MarketBus. Apache License 2.0, see LICENSE.

import Observability
import Wire

/// The handles of everything that a feed counts; made once, so that the hot path looks nothing up.
struct FeedMetrics {
    let frames: Counter
    let bytes: Counter
    let ignored: Counter
    let strays: Counter
    let deadLetters: Counter
    let deadLettersDropped: Counter
    let connections: Counter
    let handOvers: Counter
    let duplicates: Counter
    let regressions: Counter
    let queries: Counter
    let queriesFailed: Counter
    let queriesDropped: Counter
    let repairedTrades: Counter
    let repairedCandles: Counter
    let venueLatency: Histogram
    let instruments: Gauge
    let openConnections: Gauge
    let ownedPartitions: Gauge
    let leavingSymbols: Gauge
    let driftUntold: Counter
    private let drifts: [DriftKind: Counter]
    private let incidents: [IncidentKind: Counter]
    private let streams: [StreamState: Gauge]
    private let records: [TopicID: Counter]
    private let metrics: Metrics

    init(_ metrics: Metrics) {
        self.metrics = metrics
        func counter(_ name: String, _ help: String) -> Counter {
            metrics.counter("marketbus_feed_\(name)_total", help: help)
        }
        frames = counter("frames", "Messages received.")
        bytes = counter("bytes", "Bytes of these messages.")
        ignored = counter("ignored_frames", "Messages of a known kind from which no event is made.")
        strays = counter("stray_events", "Events of streams that are not wanted here.")
        deadLetters = counter("dead_letters", "Messages that could not be read.")
        deadLettersDropped = counter("dead_letters_dropped", "Unreadable messages that were not published.")
        connections = counter("connections", "Connections opened.")
        handOvers = counter("handovers", "Connections that followed others without a pause.")
        duplicates = counter("duplicates", "Trades that the venue sent again in an epoch.")
        regressions = counter("sequence_regressions", "Quotes whose venue sequence went back.")
        queries = counter("queries", "Questions sent to the venue by REST.")
        queriesFailed = counter("queries_failed", "Questions that were not answered.")
        queriesDropped = counter("queries_dropped", "Questions dropped because more urgent ones wait.")
        repairedTrades = counter("repaired_trades", "Missed trades that were published late.")
        repairedCandles = counter("repaired_candles", "Missed candles that were published late.")
        venueLatency = metrics.histogram(
            "marketbus_feed_venue_latency_seconds",
            help: "From the venue's time of an event to its receipt, by two clocks.",
            bounds: Metrics.nanosecondLatency.map { $0 / 1000 },
            scale: 1e-6
        )
        instruments = metrics.gauge("marketbus_feed_instruments", help: "Instruments known.")
        openConnections = metrics.gauge("marketbus_feed_open_connections", help: "Open connections.")
        let owned = "Partitions of ctl.subscription.v1 whose symbols are this feed's own."
        ownedPartitions = metrics.gauge("marketbus_feed_owned_partitions", help: owned)
        let leaving = "Symbols streamed until another feed, whose they are, streams them."
        leavingSymbols = metrics.gauge("marketbus_feed_leaving_symbols", help: leaving)
        driftUntold = counter("drift_untold", "Changes of frames beyond those that a process tells.")
        func counters<Kind: Hashable>(
            _ name: String,
            _ help: String,
            _ label: String,
            of kinds: [Kind],
            _ text: (Kind) -> String
        ) -> [Kind: Counter] {
            Self.all(kinds) {
                metrics.counter("marketbus_feed_\(name)_total", help: help, labels: [label: text($0)])
            }
        }
        let kinds = DriftKind.allCases
        drifts = counters("drift", "Changes of frames that were told.", "kind", of: kinds, \.rawValue)
        incidents = counters(
            "incidents",
            "Incidents announced.",
            "kind",
            of: IncidentKind.allCases,
            \.rawValue
        )
        let topics = [TopicRegistry.trade, TopicRegistry.bbo]
        let help = "Market records handed to the producer."
        records = counters("records", help, "topic", of: topics) { TopicRegistry.spec(of: $0).name }
        streams = Self.all(StreamState.allCases) {
            metrics.gauge("marketbus_feed_streams", help: "Streams by state.", labels: ["state": $0.rawValue])
        }
    }

    func count(_ kind: IncidentKind) { incidents[kind]?.add() }

    func count(_ kind: DriftKind) { drifts[kind]?.add() }

    func set(_ counts: [StreamState: Int]) {
        for (state, gauge) in streams { gauge.set(counts[state] ?? 0) }
    }

    func countRecords(_ topic: TopicID, _ count: UInt64) { records[topic]?.add(count) }

    func countDecodeError(_ reason: String) {
        metrics.counter(
            "marketbus_feed_decode_errors_total",
            help: "Messages that could not be read, by reason.",
            labels: ["reason": reason]
        ).add()
    }

    private static func all<Key: Hashable, Handle>(_ keys: [Key], _ make: (Key) -> Handle) -> [Key: Handle] {
        Dictionary(uniqueKeysWithValues: keys.map { ($0, make($0)) })
    }
}
