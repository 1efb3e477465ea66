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
    static let groupName = "marketbus-aggregator"
    private static let read = [
        TopicRegistry.bbo, TopicRegistry.book, TopicRegistry.funding, TopicRegistry.instrument,
        TopicRegistry.feedStatus,
    ]
    private static let written = [
        TopicRegistry.quote, TopicRegistry.opportunity, TopicRegistry.aggregatedBook,
        TopicRegistry.integrity, TopicRegistry.deadLetter,
    ]
    /// After so long the reading of a partition's newest records is worth a warning.
    private static let slowMilliseconds: Int64 = 10_000
    /// How often new instruments' routes are looked at for guests.
    private static let routesMilliseconds: Int64 = 250
    /// How often offsets are committed, and how long after a change of the group.
    ///
    /// The library takes a commit that meets a new generation of the group for a loss of all partitions, so that one in the
    /// middle of a sharing would cost those that are kept.
    private static let commitMilliseconds: Int64 = 30_000
    /// How long a partition that is given up waits for the broker to have what was told of it.
    private static let farewellMilliseconds: Int64 = 3000
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
    private let metrics: AggregatorMetrics
    private let decisions: DecisionTimer
    private let instruments: KafkaConsumer
    private let quotes: KafkaConsumer
    private let statuses: KafkaConsumer
    private let reader: MarketReader
    private let group: GroupEvents
    /// Partitions whose newest records are to be read, again where they are read already.
    private var again: Set<Int32> = []
    /// Where the group's quotes were left off in partitions that were given up: their guests' are read on from there.
    private var positions: [TopicPartition: Int64] = [:]
    /// Whether ``reader`` has yet to follow a change.
    private var readerIsLate = false
    /// When the partitions that are being taken were given to this instance.
    private var takenAt: [Int32: MonotonicNanos] = [:]
    private var wasReady = false
    /// After so many nanoseconds the group may have given this instance's partitions away; never where there is none.
    private let longestPause: Int64
    /// When this instance last looked at the clock.
    private var lastMoment = MonotonicNanos.now
    private var nextRoutes = MonotonicNanos.now
    private var nextWarning = MonotonicNanos.now
    private var nextCommit = MonotonicNanos.now
    private var nextService = MonotonicNanos.now

    init(_ settings: AggregatorSettings, _ runtime: ServiceRuntime, _ desk: RouteDesk) throws {
        self.settings = settings
        self.desk = desk
        logger = runtime.logger
        clock = runtime.clock
        let session = settings.membership.sessionMilliseconds - 2 * settings.membership.heartbeatMilliseconds
        longestPause = settings.kafka.isEmbedded ? .max : session * 1_000_000
        try Self.prepareTopics(settings.kafka, runtime)
        let metrics = AggregatorMetrics(runtime.metrics)
        self.metrics = metrics
        decisions = DecisionTimer(metrics.decision, clock)
        guard let scanner = JSONScanner() else {
            throw KafkaError(code: .client, retry: .never, message: "no memory for the JSON scanner")
        }
        let instance = settings.common.instance
        let announcer = LossAnnouncer(instance: instance, metrics: metrics, logger: logger)
        self.announcer = announcer
        producer = try KafkaProducer(
            settings: settings.kafka,
            topics: Self.written,
            maximumStreams: settings.quotes.maximumSymbols * 3,
            observability: runtime.observability,
            onLoss: { announcer.note($0) }
        )
        publisher = RecordPublisher(
            instance: instance,
            epoch: clock.wall.microseconds,
            sink: producer,
            metrics: metrics
        )
        engine = AggregatorEngine(
            settings,
            scanner: scanner,
            publisher: publisher,
            metrics: metrics,
            logger: logger
        )
        try producer.start()
        let group = GroupEvents()
        self.group = group
        do {
            (instruments, quotes, statuses, reader) = try Self.readers(settings, runtime.observability) {
                group.onChange($0)
            }
        } catch {
            producer.close(deadlineMilliseconds: 1000)
            throw error
        }
        let (engine, publisher) = (engine, publisher)
        announcer.resolve(name: { engine.symbolName($0) }, epoch: { publisher.epoch(ofSymbol: $0) })
        group.onChange = { [unowned self] in follow($0) }
        engine.onStep = { [decisions] in decisions.noteStep() }
        if settings.kafka.isEmbedded {
            engine.setPartitions(quotes.assignment.count)
            follow(.assigned(Array(quotes.assignment)))
        }
    }

    /// Asks first whether anybody answers; then makes what is missing and compares.
    private static func prepareTopics(_ kafka: KafkaSettings, _ runtime: ServiceRuntime) throws {
        let admin = try KafkaAdmin(settings: kafka)
        defer { admin.close() }
        _ = try admin.describeCluster(milliseconds: 2000)
        let problems = try admin.prepare((read + written).map { TopicRegistry.spec(of: $0) }, kafka)
        guard !problems.isEmpty else { return }
        for problem in problems {
            runtime.logger.error("topic.wrong", ["problem": .string(problem.description)])
        }
        let text = problems.map(\.description).joined(separator: "\n")
        throw KafkaError(code: .configuration, retry: .never, message: text)
    }

    /// Instruments and statuses are read whole by every instance; quotes are shared out within the group.
    ///
    /// The embedded broker takes seconds to form a group, and one machine needs none: there all partitions are taken.
    private static func readers(
        _ settings: AggregatorSettings,
        _ observability: Observability,
        _ onRebalance: @escaping (RebalanceEvent) -> Void
    ) throws -> (KafkaConsumer, KafkaConsumer, KafkaConsumer, MarketReader) {
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
                group: groupName,
                membership: settings.membership,
                topics: kafka.isEmbedded ? .assignAll([bbo]) : .subscribe([bbo]),
                from: MarketReader.start(TopicRegistry.bbo, settings),
                observability: observability,
                metadataMilliseconds: 3000,
                onRebalance: onRebalance
            )
            open.append(quotes)
            return (instruments, quotes, statuses, try MarketReader(settings))
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
        let engine = engine
        notePause()
        try followMarket()
        try instruments.poll(waitMilliseconds: 0) { engine.takeInstrument(InboundRecord($0), now: present()) }
        try statuses.poll(waitMilliseconds: 0) { engine.takeStatus(InboundRecord($0), now: present()) }
        try quotes.poll(waitMilliseconds: Self.turnMilliseconds) {
            let record = InboundRecord($0)
            decisions.time { engine.takeQuote(record, now: present()) }
        }
        try reader.poll { topic, record in
            switch topic {
            case TopicRegistry.bbo: decisions.time { engine.takeQuote(record, now: present()) }
            case TopicRegistry.book: decisions.time { engine.takeBook(record, now: present()) }
            case TopicRegistry.funding: engine.takeFunding(record, now: present())
            default: engine.noteOpportunity(record)
            }
        }
        engine.tick(now: present())
        desk.serve { engine.routeMarket($0, isBuy: $1, now: clock.wall.microseconds) }
        try doChores()
        if case .failed(let error) = producer.health { throw error }
    }

    /// The time for the next record; who stood still before it learns that first.
    private func present() -> Int64 {
        notePause()
        return clock.wall.microseconds
    }

    private func doChores() throws {
        let now = clock.monotonic
        if now >= nextService {
            tellLosses()
            nextService = now.advanced(milliseconds: 200)
        }
        if now >= nextCommit {
            // Where a restart begins is decided by the newest records; the offsets tell operators how far this one is.
            try quotes.commit(waits: false)
            nextCommit = now.advanced(milliseconds: Self.commitMilliseconds)
        }
    }

    private func tellLosses() {
        producer.serviceHeldRecords()
        announcer.announce(with: publisher, now: clock.wall.microseconds)
    }

    /// Says in `/ready` how it goes.
    func report(to check: ReadinessCheck) {
        let servers = settings.kafka.bootstrapServers
        let (reads, writes) = (quotes.health, producer.health)
        let count = engine.share.own.count
        if !reads.isConnected {
            check.set(false, reads.text(bootstrapServers: servers))
        } else if !writes.isConnected {
            check.set(false, writes.text(bootstrapServers: servers))
        } else if !group.hasJoined {
            check.set(false, "waiting for partitions of the group \(Self.groupName)")
        } else if !wasReady, !engine.share.learning.isEmpty {
            check.set(false, "reading the newest records")
        } else {
            wasReady = true
            let spare = "no partition is left for this instance: it stands by"
            check.set(true, count == 0 ? spare : "\(count) partitions, \(engine.symbolCount) symbols")
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
        reader.close()
        instruments.close(deadlineMilliseconds: 500)
        statuses.close(deadlineMilliseconds: 500)
        producer.close(deadlineMilliseconds: 1000)
        announcer.logRest()
    }
}

// MARK: - Sharing

extension AggregatorSession {
    /// Follows the group's decision, within the poll that brings it: what is given up is closed, and on the broker, before
    /// another instance is told that it is the owner.
    private func follow(_ event: RebalanceEvent) {
        group.hasJoined = true
        readerIsLate = true
        nextRoutes = clock.monotonic
        nextCommit = clock.monotonic.advanced(milliseconds: Self.commitMilliseconds)
        let now = clock.wall.microseconds
        let numbers = event.partitions.map(\.partition)
        for number in numbers { takenAt[number] = nil }
        // Those that come are not read yet, and have no position.
        for partition in event.partitions { positions[partition] = quotes.position(of: partition) }
        switch event {
        case .assigned:
            engine.take(numbers)
            again.formUnion(numbers)
            for number in numbers { takenAt[number] = clock.monotonic }
        case .revoked:
            let began = clock.monotonic
            engine.giveUp(numbers, .handedOver, now: now)
            let undelivered = producer.flush(deadlineMilliseconds: Self.farewellMilliseconds)
            tellLosses()
            logger.info(
                "partitions.given",
                [
                    "partitions": Self.list(numbers),
                    "took_ms": LogValue((clock.monotonic - began) / 1_000_000),
                    "undelivered": LogValue(undelivered),
                ]
            )
        case .lost:
            engine.giveUp(numbers, nil, now: now)
            logger.warning("partitions.lost", ["partitions": Self.list(numbers)])
        }
    }

    private static func list(_ numbers: some Sequence<Int32>) -> LogValue {
        .string(numbers.sorted().map { "\($0)" }.joined(separator: ","))
    }

    /// Who stood still for a session is no member any more, whether or not it knows: what it had open is another's to close.
    private func notePause() {
        let now = clock.monotonic
        let pause = now - lastMoment
        lastMoment = now
        guard pause >= longestPause, !engine.share.own.isEmpty else { return }
        logger.warning("aggregator.paused", ["ms": LogValue(pause / 1_000_000)])
        let own = engine.share.own
        engine.giveUp(own, nil, now: clock.wall.microseconds)
        engine.take(own)
        again.formUnion(own)
        readerIsLate = true
        for number in own { takenAt[number] = now }
    }

    /// Reads what the partitions and routes of now need, and ends the learning of what is read.
    private func followMarket() throws {
        let now = clock.monotonic
        if instruments.hasReachedEnd, now >= nextRoutes {
            nextRoutes = now.advanced(milliseconds: Self.routesMilliseconds)
            if let unread = engine.followRoutes(now: clock.wall.microseconds) {
                engine.beginLearning(unread)
                again.formUnion(unread)
                readerIsLate = true
            }
        }
        if readerIsLate {
            readerIsLate = false
            let guests = engine.guestPartitions
            try reader.follow(engine.share, guests: guests, again: again, positions: positions)
            again = []
            positions = [:]
        }
        guard !engine.share.learning.isEmpty else { return }
        if instruments.hasReachedEnd, statuses.hasReachedEnd { endLearning() }
        if !engine.share.learning.isEmpty, now >= nextWarning {
            let oldest = takenAt.values.min() ?? now
            if (now - oldest) / 1_000_000 >= Self.slowMilliseconds {
                logger.warning("partitions.slow", ["learning": LogValue(engine.share.learning.count)])
            }
            nextWarning = now.advanced(milliseconds: Self.slowMilliseconds)
        }
    }

    private func isRead(_ number: Int32) -> Bool {
        guard reader.hasRead(number) else { return false }
        let quoted = TopicPartition(topic: TopicRegistry.spec(of: TopicRegistry.bbo).name, partition: number)
        return !engine.share.own.contains(number) || quotes.readToEnd.contains(quoted)
    }

    /// Ends the learning of what is read; of what is taken when that is read, too, which its quotes are joined by.
    private func endLearning() {
        let unread = engine.share.learning.filter { !isRead($0) }
        for number in engine.share.learning.subtracting(unread).sorted() {
            let isOwn = engine.share.own.contains(number)
            guard !isOwn || unread.isDisjoint(with: engine.joinPartitions(of: number)) else { continue }
            let found = engine.endLearning(number, now: clock.wall.microseconds)
            readerIsLate = true
            guard isOwn, let began = takenAt.removeValue(forKey: number) else { continue }
            logger.info(
                "partition.taken",
                [
                    "partition": LogValue(number), "took_ms": LogValue((clock.monotonic - began) / 1_000_000),
                    "symbols": LogValue(found.symbols), "restarted": LogValue(found.orphans),
                ]
            )
        }
    }
}

/// Between the consumer that the group belongs to and the session that is made after it.
///
/// - Thread: the aggregator's; called within a poll.
private final class GroupEvents {
    var hasJoined = false
    var onChange: (RebalanceEvent) -> Void = { _ in }
}
