// Part of MarketBus. Apache License 2.0, see LICENSE.

import KafkaBus
import Lifecycle
import Observability
import Synchronization
import VenueKit
import Wire

/// The producer as a feed's output: ready when a broker answers and the topics are as they should be.
///
/// - Thread: `start` and `stop` from the owner; everything of ``FeedOutput`` by the feed's thread between the two.
// Safety: the producer is touched by one thread at a time (the owner before the feed's thread starts and after it
// ended, that thread in between); all else is atomic or constant.
final class KafkaOutput: FeedOutput, @unchecked Sendable {
    /// What a feed writes.
    static let topics = [
        TopicRegistry.trade, TopicRegistry.bbo, TopicRegistry.book, TopicRegistry.candle,
        TopicRegistry.ticker,
        TopicRegistry.funding, TopicRegistry.openInterest, TopicRegistry.liquidation,
        TopicRegistry.instrument,
        TopicRegistry.feedStatus, TopicRegistry.integrity, TopicRegistry.drift, TopicRegistry.deadLetter,
    ]

    private let settings: KafkaSettings
    private let producer: KafkaProducer
    private let control: ServiceControl
    private let logger: Logger
    private let check: ReadinessCheck
    private let areTopicsReady = Atomic<Bool>(false)
    private let isStopping = Atomic<Bool>(false)
    private let wake: WakeFlag
    private var checker: WorkerThread?

    init(settings: KafkaSettings, losses: LossRelay, runtime: ServiceRuntime) throws {
        self.settings = settings
        control = runtime.control
        logger = runtime.logger
        check = runtime.readiness.check("kafka", "connecting to \(settings.bootstrapServers)")
        wake = try WakeFlag()
        producer = try KafkaProducer(
            settings: settings,
            topics: Self.topics,
            observability: runtime.observability,
            onLoss: { losses.report($0) }
        )
    }

    // MARK: The feed's output

    @inline(__always)
    func send(_ record: OutboundRecord) -> SendOutcome { producer.send(record) }

    var isReady: Bool { areTopicsReady.load(ordering: .acquiring) && producer.health.isConnected }

    func serviceHeldRecords() {
        producer.serviceHeldRecords()
        let health = producer.health
        let text = health.text(bootstrapServers: settings.bootstrapServers)
        if case .failed(let error) = health { control.fail("kafka", error.message, exitCode: .dependency) }
        let areReady = areTopicsReady.load(ordering: .acquiring)
        check.set(health.isConnected && areReady, health.isConnected && !areReady ? "comparing topics" : text)
    }

    // MARK: Life

    /// Connects and compares the topics, without waiting for either.
    func start() throws {
        try producer.start()
        guard !settings.isEmbedded else {
            logger.info("kafka.topics_not_checked", ["reason": "an embedded broker answers no admin request"])
            areTopicsReady.store(true, ordering: .releasing)
            return
        }
        checker = try WorkerThread(name: "topics") { [self] in prepareTopics() }
    }

    /// Hands what waits to the broker until the deadline, and ends the client.
    func stop(before deadline: MonotonicNanos) {
        isStopping.store(true, ordering: .releasing)
        wake.raise()
        let closing: Int64 = 1000
        let began = MonotonicNanos.now
        let left = max(Int64(deadline.millisecondsLeft(since: began)) - closing - 500, 200)
        let remaining = producer.flush(deadlineMilliseconds: left)
        let fields: LogFields = [
            "undelivered": LogValue(remaining), "took_ms": LogValue((MonotonicNanos.now - began) / 1_000_000),
        ]
        if remaining > 0 {
            logger.error("kafka.flushed", fields)
        } else {
            logger.info("kafka.flushed", fields)
        }
        producer.close(deadlineMilliseconds: closing)
        checker?.join()
    }

    // MARK: Topics

    /// Makes or compares the topics as soon as the cluster answers; tries until it does or the service stops.
    private func prepareTopics() {
        let specs = (Self.topics + [TopicRegistry.subscription]).map { TopicRegistry.spec(of: $0) }
        while !isStopping.load(ordering: .acquiring) {
            do throws(KafkaError) {
                let admin = try KafkaAdmin(settings: settings)
                defer { admin.close() }
                return report(try admin.prepare(specs, settings))
            } catch {
                guard error.retry == .later else {
                    return control.fail("kafka", error.description, exitCode: .configuration)
                }
                logger.warning("kafka.topics_unknown", ["reason": .string(error.description)])
            }
            wake.wait(until: MonotonicNanos.now.advanced(milliseconds: 1000))
        }
    }

    private func report(_ problems: [TopicProblem]) {
        guard problems.isEmpty else {
            let text = problems.map(\.description).joined(separator: "\n")
            return control.fail("kafka", text, exitCode: .configuration)
        }
        areTopicsReady.store(true, ordering: .releasing)
    }
}
