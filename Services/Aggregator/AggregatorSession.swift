// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import KafkaBus
import Lifecycle
import Observability
import Wire

/// The clients of one run and the engine between them.
///
/// - Thread: the aggregator's; made, used and closed there.
final class AggregatorSession {
    static let group = "marketbus-aggregator"
    private static let topics = [
        TopicRegistry.bbo, TopicRegistry.book, TopicRegistry.funding, TopicRegistry.instrument,
        TopicRegistry.feedStatus,
        TopicRegistry.quote, TopicRegistry.opportunity,
        TopicRegistry.aggregatedBook, TopicRegistry.integrity, TopicRegistry.deadLetter,
    ]
    /// The longest time in which old records may be read before the present is believed.
    private static let rebuildMilliseconds: Int64 = 10_000
    private static let turnMilliseconds: Int32 = 10
    /// How many of the newest statuses of a partition are read at the start: enough for every feed's latest.
    private static let statusRecords: Int64 = 100

    private let settings: AggregatorSettings
    private let logger: Logger
    private let clock: any TimeSource
    private let desk: RouteDesk
    private let producer: KafkaProducer
    private let engine: AggregatorEngine
    private let publisher: RecordPublisher
    private let announcer: LossAnnouncer
    private let instruments: KafkaConsumer
    private let quotes: KafkaConsumer
    private let statuses: KafkaConsumer
    /// Books and funding of the partitions that ``quotes`` has; made anew whenever those change.
    private var books: KafkaConsumer?
    /// Reads what an earlier run told, until its orphans are closed.
    private var told: KafkaConsumer?
    private var toldEnds = MonotonicNanos.now
    private var changes = PartitionChanges()
    private var rebuildEnds: MonotonicNanos?
    private var nextCommit = MonotonicNanos.now
    private var nextService = MonotonicNanos.now

    init(_ settings: AggregatorSettings, _ runtime: ServiceRuntime, _ desk: RouteDesk) throws {
        self.settings = settings
        self.desk = desk
        logger = runtime.logger
        clock = runtime.clock
        try Self.prepareTopics(settings.kafka, runtime)
        let metrics = AggregatorMetrics(runtime.metrics)
        guard let scanner = JSONScanner() else {
            throw KafkaError(code: .client, retry: .never, message: "no memory for the JSON scanner")
        }
        let epoch = clock.wall.microseconds
        let instance = settings.common.instance
        let announcer = LossAnnouncer(instance: instance, epoch: epoch, metrics: metrics, logger: logger)
        self.announcer = announcer
        let producer = try KafkaProducer(
            settings: settings.kafka,
            topics: [
                TopicRegistry.quote, TopicRegistry.opportunity, TopicRegistry.aggregatedBook,
                TopicRegistry.integrity, TopicRegistry.deadLetter,
            ],
            maximumStreams: settings.quotes.maximumSymbols * 3,
            observability: runtime.observability,
            onLoss: { announcer.note($0) }
        )
        self.producer = producer
        publisher = RecordPublisher(instance: instance, epoch: epoch, sink: producer, metrics: metrics)
        engine = AggregatorEngine(
            settings,
            scanner: scanner,
            publisher: publisher,
            metrics: metrics,
            logger: logger
        )
        try producer.start()
        do {
            let changes = changes
            (instruments, quotes, statuses) = try Self.consumers(settings, runtime.observability) {
                changes.take($0)
            }
        } catch {
            producer.close(deadlineMilliseconds: 1000)
            throw error
        }
        announcer.resolve { [engine] in engine.symbolName($0) }
        if settings.kafka.isEmbedded { changes.take(.assigned(Array(quotes.assignment))) }
    }

    /// Asks first whether anybody answers; then makes what is missing and compares.
    private static func prepareTopics(_ kafka: KafkaSettings, _ runtime: ServiceRuntime) throws {
        let admin = try KafkaAdmin(settings: kafka)
        defer { admin.close() }
        _ = try admin.describeCluster(milliseconds: 2000)
        let problems = try admin.prepare(topics.map { TopicRegistry.spec(of: $0) }, kafka)
        guard !problems.isEmpty else { return }
        for problem in problems {
            runtime.logger.error("topic.wrong", ["problem": .string(problem.description)])
        }
        let text = problems.map(\.description).joined(separator: "\n")
        throw KafkaError(code: .configuration, retry: .never, message: text)
    }

    /// Instruments are read whole by every instance; quotes are shared out within the group.
    ///
    /// The embedded broker takes seconds to form a group, and one machine needs none: there all partitions are taken.
    private static func consumers(
        _ settings: AggregatorSettings,
        _ observability: Observability,
        _ onRebalance: @escaping (RebalanceEvent) -> Void
    ) throws -> (KafkaConsumer, KafkaConsumer, KafkaConsumer) {
        let kafka = settings.kafka
        let bbo = TopicRegistry.spec(of: TopicRegistry.bbo).name
        let instruments = try KafkaConsumer(
            settings: kafka,
            topics: .assignAll([TopicRegistry.spec(of: TopicRegistry.instrument).name]),
            from: .begin,
            metadataMilliseconds: 3000
        )
        var open = [instruments]
        do {
            let statuses = try KafkaConsumer(
                settings: kafka,
                topics: .assignAll([TopicRegistry.spec(of: TopicRegistry.feedStatus).name]),
                from: kafka.isEmbedded ? .begin : .tail(records: statusRecords),
                metadataMilliseconds: 3000
            )
            open.append(statuses)
            let quotes = try KafkaConsumer(
                settings: kafka,
                group: group,
                topics: kafka.isEmbedded ? .assignAll([bbo]) : .subscribe([bbo]),
                from: kafka.isEmbedded ? .begin : .tail(records: Int64(settings.rebuildRecords)),
                observability: observability,
                metadataMilliseconds: 3000,
                onRebalance: onRebalance
            )
            return (instruments, quotes, statuses)
        } catch {
            for consumer in open { consumer.close() }
            throw error
        }
    }
}

// MARK: - Turns

extension AggregatorSession {
    /// One round: what came, then what time brings.
    func turn() throws {
        let clock = clock
        let engine = engine
        try followPartitions()
        try instruments.poll(waitMilliseconds: 0) { engine.takeInstrument($0, now: clock.wall.microseconds) }
        try statuses.poll(waitMilliseconds: 0) { engine.takeStatus($0, now: clock.wall.microseconds) }
        try quotes.poll(waitMilliseconds: Self.turnMilliseconds) {
            engine.takeQuote($0, now: clock.wall.microseconds)
        }
        try books?.poll(waitMilliseconds: 0) { record in
            if record.topicID == TopicRegistry.funding {
                engine.takeFunding(record, now: clock.wall.microseconds)
            } else {
                engine.takeBook(record, now: clock.wall.microseconds)
            }
        }
        try closeOrphans()
        engine.tick(now: clock.wall.microseconds)
        desk.serve { engine.routeMarket($0, isBuy: $1, now: clock.wall.microseconds) }
        let now = clock.monotonic
        if now >= nextService {
            producer.serviceHeldRecords()
            announcer.announce(with: publisher, now: clock.wall.microseconds)
            nextService = now.advanced(milliseconds: 200)
        }
        if now >= nextCommit {
            // Where a restart begins is decided by the rebuild; the offsets tell operators how far this one is.
            try quotes.commit(waits: false)
            nextCommit = now.advanced(milliseconds: 1000)
        }
        if case .failed(let error) = producer.health { throw error }
    }

    /// Reads what an earlier run of this instance told, and closes what it left open, once.
    private func closeOrphans() throws {
        guard engine.orphans != nil else { return }
        if told == nil {
            told = try KafkaConsumer(
                settings: settings.kafka,
                topics: .assignAll([TopicRegistry.spec(of: TopicRegistry.opportunity).name]),
                from: settings.kafka.isEmbedded
                    ? .begin : .tail(records: Int64(max(settings.rebuildRecords, 1))),
                metadataMilliseconds: 3000
            )
            toldEnds = clock.monotonic.advanced(milliseconds: Self.rebuildMilliseconds)
        }
        let engine = engine
        try told?.poll(waitMilliseconds: 0) { engine.noteOpportunity($0) }
        guard told?.hasReachedEnd ?? true || clock.monotonic >= toldEnds else { return }
        told?.close(deadlineMilliseconds: 500)
        told = nil
        let count = engine.closeOrphans(now: clock.wall.microseconds)
        if count > 0 { logger.info("opportunities.restarted", ["closed": LogValue(count)]) }
    }

    /// Reads books and funding of the same partitions as quotes: a symbol has the same number in all three topics.
    private func followBooks() throws {
        books?.close(deadlineMilliseconds: 500)
        books = nil
        let numbers = quotes.assignment.map(\.partition).sorted()
        guard !numbers.isEmpty else { return }
        let topics = [TopicRegistry.book, TopicRegistry.funding].map { TopicRegistry.spec(of: $0).name }
        let partitions = topics.flatMap { topic in
            numbers.map { TopicPartition(topic: topic, partition: $0) }
        }
        let records = Int64(settings.rebuildRecords)
        books = try KafkaConsumer(
            settings: settings.kafka,
            topics: .assign(partitions),
            from: settings.kafka.isEmbedded || records == 0 ? .begin : .tail(records: records),
            metadataMilliseconds: 3000
        )
    }

    private func followPartitions() throws {
        let (added, removed) = changes.drain()
        if !removed.isEmpty || !added.isEmpty { try followBooks() }
        if !removed.isEmpty {
            engine.release(removed.map(\.partition), now: clock.wall.microseconds)
        }
        if !added.isEmpty {
            engine.beginRebuild(added.map(\.partition))
            rebuildEnds = clock.monotonic.advanced(milliseconds: Self.rebuildMilliseconds)
            logger.info("quotes.rebuilding", ["partitions": LogValue(added.count)])
        }
        guard let deadline = rebuildEnds else { return }
        let isRead =
            quotes.hasReachedEnd && instruments.hasReachedEnd && statuses.hasReachedEnd
            && (books?.hasReachedEnd ?? true)
        guard isRead || clock.monotonic >= deadline else { return }
        rebuildEnds = nil
        let symbols = engine.endRebuild(now: clock.wall.microseconds)
        logger.info("quotes.rebuilt", ["symbols": LogValue(symbols), "complete": .bool(isRead)])
    }

    /// Says in `/ready` how it goes.
    func report(to check: ReadinessCheck) {
        let servers = settings.kafka.bootstrapServers
        let (reads, writes) = (quotes.health, producer.health)
        if !reads.isConnected {
            check.set(false, reads.text(bootstrapServers: servers))
        } else if !writes.isConnected {
            check.set(false, writes.text(bootstrapServers: servers))
        } else if rebuildEnds != nil {
            check.set(false, "reading the newest records")
        } else if quotes.assignment.isEmpty {
            check.set(false, "waiting for partitions of the group \(Self.group)")
        } else {
            check.set(true, "\(quotes.assignment.count) partitions, \(engine.symbolCount) symbols")
        }
    }

    /// Closes what is open, waits for the broker, commits, ends the clients.
    func close(deadline: MonotonicNanos) {
        engine.shutdown(now: clock.wall.microseconds)
        let left = max(1000, min(6000, (deadline - .now) / 1_000_000 - 3500))
        let undelivered = producer.flush(deadlineMilliseconds: left)
        if undelivered > 0 { logger.warning("kafka.undelivered", ["records": LogValue(undelivered)]) }
        if undelivered == 0 { try? quotes.commit(waits: true) }
        quotes.close(deadlineMilliseconds: 1000)
        books?.close(deadlineMilliseconds: 500)
        told?.close(deadlineMilliseconds: 500)
        instruments.close(deadlineMilliseconds: 500)
        statuses.close(deadlineMilliseconds: 500)
        producer.close(deadlineMilliseconds: 1000)
        announcer.logRest()
    }
}

/// The changes of the group that the poll thread has yet to follow.
///
/// - Thread: the aggregator's; written within a poll.
private final class PartitionChanges {
    private var added: [TopicPartition] = []
    private var removed: [TopicPartition] = []

    func take(_ event: RebalanceEvent) {
        switch event {
        case .assigned(let partitions):
            added += partitions
        case .revoked(let partitions), .lost(let partitions):
            added.removeAll { partitions.contains($0) }
            removed += partitions
        }
    }

    func drain() -> (added: [TopicPartition], removed: [TopicPartition]) {
        defer { (added, removed) = ([], []) }
        return (added, removed)
    }
}
