// Part of MarketBus. Apache License 2.0, see LICENSE.

import Observability
import Wire

/// Turns lost ranges into `sys.integrity.v1`, a record a topic and round.
///
/// - Thread: the aggregator's.
final class LossAnnouncer {
    private let instance: String
    private let metrics: AggregatorMetrics
    private let logger: Logger
    /// What was lost, and in which epoch.
    private var waiting: [(loss: LossReport, epoch: Int64)] = []
    private var symbolName: (UInt32) -> String = { _ in "" }
    private var symbolEpoch: (UInt32) -> Int64 = { _ in 0 }

    init(instance: String, metrics: AggregatorMetrics, logger: Logger) {
        self.instance = instance
        self.metrics = metrics
        self.logger = logger
    }

    /// Says how a symbol's number becomes its name, and the epoch of its sequences.
    func resolve(name: @escaping (UInt32) -> String, epoch: @escaping (UInt32) -> Int64) {
        symbolName = name
        symbolEpoch = epoch
    }

    /// Notes a lost range of one of the aggregator's own sequences.
    func note(_ loss: LossReport) {
        metrics.lost.add(loss.lastSeq &- loss.firstSeq &+ 1)
        if loss.stream != .none { waiting.append((loss, symbolEpoch(loss.stream.index / 3))) }
    }

    /// Publishes what was noted.
    func announce(with publisher: RecordPublisher, now: Int64) {
        guard !waiting.isEmpty else { return }
        let losses = waiting
        waiting = []
        for topic in [TopicRegistry.quote, TopicRegistry.opportunity, TopicRegistry.aggregatedBook] {
            let holes = losses.filter { $0.loss.topic == topic }.map(hole)
            if !holes.isEmpty { publisher.publish(record(topic, holes, now)) }
        }
    }

    /// Logs what can't be published any more.
    func logRest() {
        for (loss, _) in waiting {
            logger.warning(
                "records.lost",
                [
                    "topic": .string(TopicRegistry.spec(of: loss.topic).name),
                    "symbol": .string(symbolName(loss.stream.index / 3)),
                    "first_seq": LogValue(loss.firstSeq), "last_seq": LogValue(loss.lastSeq),
                    "reason": .string(loss.reason.rawValue),
                ]
            )
        }
        waiting = []
    }

    private func hole(_ loss: LossReport, _ epoch: Int64) -> IntegrityRecord.Hole {
        IntegrityRecord.Hole(
            venue: "all",
            symbol: symbolName(loss.stream.index / 3),
            epoch: epoch,
            firstSeq: loss.firstSeq,
            lastSeq: loss.lastSeq,
            reason: loss.reason.rawValue,
            repaired: false
        )
    }

    private func record(_ topic: TopicID, _ holes: [IntegrityRecord.Hole], _ now: Int64) -> IntegrityRecord {
        IntegrityRecord(
            feed: instance,
            topicName: TopicRegistry.spec(of: topic).name,
            publishedMicroseconds: now,
            kind: .incident,
            fromMicroseconds: now,
            toMicroseconds: now,
            streams: [],
            holes: holes,
            incidents: []
        )
    }
}
