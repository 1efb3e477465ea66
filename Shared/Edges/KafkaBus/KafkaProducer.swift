// Part of MarketBus. Apache License 2.0, see LICENSE.

import CRdKafka
import Lifecycle
import Observability
import Synchronization
import Wire

/// The way of encoded records to Kafka: idempotent, in order within a stream, and every loss announced.
///
/// Conflating topics hold the newest record of each stream while no broker answers (or while the buffer is more than
/// half full); all others wait in the library's memory up to `bufferBytes`. What can't be delivered is reported
/// exactly once, as ranges, to `onLoss`.
///
/// - Thread: `send`, `serviceHeldRecords`, `flush` and `close` by one thread, the sender; `health`, `counters` and
///   `statistics` from any.
public final class KafkaProducer: RecordSink {
    /// What is known of one topic when a record comes; trivially copyable.
    private struct Route {
        var topic: OpaquePointer
        var schema: UnsafePointer<CChar>
        var schemaCount: Int
        var lane: Int
        var conflates: Bool
    }

    /// What was counted so far.
    public let counters: ProducerCounters
    private let settings: KafkaSettings
    private let topics: [TopicID]
    private let topicName: (TopicSpec) -> String
    private let observability: Observability
    private let maximumStreams: Int
    private let overflow: OverflowPolicy
    private let onLoss: (LossReport) -> Void
    private var routes: [Route?]
    private var schemas: [UnsafeMutablePointer<CChar>] = []
    private var lanes: [ProducerLane] = []
    private var held: HeldRecords
    private var ledger = LossLedger(capacity: 100_000)
    private var isClosed = false
    private var changed: WakeFlag?

    /// Describes a producer; nothing is started and no broker is asked.
    ///
    /// - Parameters:
    ///   - settings: the cluster and the memory.
    ///   - topics: the topics that will be sent to; others are refused.
    ///   - maximumStreams: stream numbers below this can be conflated; at most 16,777,214.
    ///   - observability: where to log and count.
    ///   - overflow: what happens past the memory.
    ///   - topicName: a topic's name on this cluster; the registry's unless a test needs its own.
    ///   - onLoss: is told every lost range, on the sender's thread, from `serviceHeldRecords` and `close` only;
    ///     it may send.
    /// - Throws: ``KafkaError`` with all problems of the settings.
    public init(
        settings: KafkaSettings,
        topics: [TopicID],
        maximumStreams: Int = 65_536,
        observability: Observability = .silent,
        overflow: OverflowPolicy = .lose,
        topicName: @escaping (TopicSpec) -> String = { $0.name },
        onLoss: @escaping (LossReport) -> Void
    ) throws(KafkaError) {
        try settings.validate()
        self.settings = settings
        self.topics = topics
        self.topicName = topicName
        self.observability = observability
        self.maximumStreams = max(0, min(maximumStreams, Int(RecordTag.streamLimit)))
        self.overflow = overflow
        self.onLoss = onLoss
        counters = ProducerCounters(observability.metrics)
        routes = Array(repeating: nil, count: TopicRegistry.all.count)
        held = HeldRecords(maximumStreams: self.maximumStreams, maximumBytes: settings.bufferBytes / 8)
    }

    deinit {
        assert(isClosed || lanes.isEmpty, "a started producer was dropped without close()")
        for schema in schemas { schema.deallocate() }
    }

    /// Makes the clients, which connect and ask for their producer ids at once, and returns without waiting.
    ///
    /// - Throws: ``KafkaError`` when the library refuses the settings; `PlatformError` when threads ran out.
    public func start() throws {
        guard lanes.isEmpty, !isClosed else {
            throw KafkaError(code: .usage, retry: .never, message: "the producer was started before")
        }
        do {
            try makeLanes()
        } catch {
            close(deadlineMilliseconds: 1000)
            throw error
        }
        registerMetrics()
    }

    private func makeLanes() throws {
        let changed = try WakeFlag()
        self.changed = changed
        let specs = topics.map { TopicRegistry.spec(of: $0) }
        let lingers = Set(specs.map(\.lingerMilliseconds)).sorted()
        let shares = ProducerProperties.shares(of: settings.bufferBytes / 8 * 7, lingers: lingers)
        for (index, linger) in lingers.enumerated() {
            let lane = try ProducerLane(
                lingerMilliseconds: linger,
                bufferBytes: shares[linger] ?? settings.bufferBytes,
                settings: settings,
                counters: counters,
                logger: observability.logger,
                changed: changed
            )
            lanes.append(lane)
            for spec in specs where spec.lingerMilliseconds == linger {
                let schema = Self.makeCString(spec.schema)
                schemas.append(schema.pointer)
                routes[Int(spec.id.index)] = Route(
                    topic: try lane.intern(topicName(spec), spec.id),
                    schema: UnsafePointer(schema.pointer),
                    schemaCount: schema.count,
                    lane: index,
                    conflates: spec.whenAway == .conflate
                )
            }
            try lane.start()
        }
    }

    /// Takes a copy of the record's bytes.
    ///
    /// - Thread: the sender. Allocates: never while the broker is there, beside what librdkafka does.
    public func send(_ record: OutboundRecord) -> SendOutcome {
        let index = Int(record.topic.index)
        guard index < routes.count, let route = routes[index] else {
            return lose(record, .shutdown, counters.shutdown)
        }
        if route.conflates, record.stream != .none {
            if lanes[route.lane].isHolding.load(ordering: .relaxed) { return hold(record) }
            // A held record of any stream is older than what comes now.
            if held.count > 0 { releaseHeld() }
            if held.count > 0 { return hold(record) }
        } else if case .spool(let spool) = overflow, !spool.isEmpty {
            return spool.append(record) ? .held : lose(record, .bufferFull, counters.bufferFull)
        }
        return finish(record, produce(record, route), route)
    }

    /// Sends what waits for the broker's return, and hands out the lost ranges that are known by now.
    ///
    /// To be called a few times a second while the service lives.
    public func serviceHeldRecords() {
        if held.count > 0 { releaseHeld() }
        if case .spool(let spool) = overflow, !spool.isEmpty {
            spool.drain { offer($0) }
        }
        reportLosses()
    }

    /// Waits until the broker has taken all records, or the deadline is there.
    ///
    /// Returns the number of records that were not delivered.
    public func flush(deadlineMilliseconds: Int64) -> Int {
        let deadline = MonotonicNanos.now.advanced(milliseconds: deadlineMilliseconds)
        if held.count > 0 { releaseHeld() }
        for lane in lanes { lane.flush(until: deadline) }
        return held.count + lanes.reduce(0) { $0 + $1.queuedRecords }
    }

    /// Ends the clients on their threads and reports what was not delivered as lost at shutdown.
    ///
    /// Call `flush` first. Returns whether all threads ended within the deadline.
    @discardableResult
    public func close(deadlineMilliseconds: Int64 = 5000) -> Bool {
        guard !isClosed else { return true }
        isClosed = true
        let deadline = MonotonicNanos.now.advanced(milliseconds: deadlineMilliseconds)
        for index in routes.indices { routes[index] = nil }
        counters.shutdown.add(UInt64(held.abandon(ledger: &ledger)))
        for lane in lanes { lane.beginClose() }
        let ended = lanes.map { $0.close(until: deadline) }
        ledger.endAll()
        reportLosses()
        return ended.allSatisfy { $0 }
    }

    /// Whether records travel: the worst state of the producer's clients.
    public var health: KafkaHealth {
        var worst: KafkaHealth?
        for lane in lanes {
            let health = lane.health
            switch (health, worst) {
            case (.failed, _): return health
            case (.away, _), (.connecting, .connected?), (_, nil): worst = health
            default: break
            }
        }
        return worst ?? .connecting(since: .now)
    }

    /// The latest statistics of each client, by its linger time in milliseconds; refreshed every second.
    public var statistics: [Int: KafkaStatistics] {
        Dictionary(uniqueKeysWithValues: lanes.map { ($0.lingerMilliseconds, $0.statistics) })
    }

    /// Waits until a broker answers.
    ///
    /// Returns whether it does.
    public func waitUntilConnected(milliseconds: Int64) -> Bool {
        let deadline = MonotonicNanos.now.advanced(milliseconds: milliseconds)
        while MonotonicNanos.now < deadline {
            if lanes.allSatisfy({ $0.health.isConnected }) { return true }
            changed?.wait(until: deadline)
        }
        return false
    }
}

extension KafkaProducer {
    @inline(__always)
    private func produce(_ record: OutboundRecord, _ route: Route) -> rd_kafka_resp_err_t {
        var raw = md_kafka_record(
            key: record.key.baseAddress,
            key_size: record.key.count,
            value: nil,
            value_size: 0,
            schema: route.schema,
            schema_size: route.schemaCount,
            venue: record.venue.baseAddress,
            venue_size: record.venue.count,
            timestamp_ms: record.timestampMilliseconds,
            opaque: RecordTag.pack(record.stream.index, record.seq)
        )
        if let value = record.value {
            // An empty value is not a tombstone: the library tells them apart by the pointer.
            raw.value = value.baseAddress ?? UnsafeRawPointer(route.schema)
            raw.value_size = value.count
        }
        return lanes[route.lane].produce(route.topic, &raw)
    }

    private func finish(_ record: OutboundRecord, _ error: rd_kafka_resp_err_t, _ route: Route) -> SendOutcome
    {
        switch error {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
            counters.sent.add()
            counters.sentBytes.add(UInt64(record.value?.count ?? 0))
            if ledger.hasOpen {
                ledger.end(record.stream, record.topic, .bufferFull)
                ledger.end(record.stream, record.topic, .refused)
            }
            return .accepted
        case RD_KAFKA_RESP_ERR__QUEUE_FULL:
            if route.conflates, record.stream != .none { return hold(record) }
            if case .spool(let spool) = overflow, spool.append(record) { return .held }
            return lose(record, .bufferFull, counters.bufferFull)
        default:
            counters.lastRefusal.withLock { $0 = KafkaError(error, "a record was refused") }
            return lose(record, .refused, counters.refused)
        }
    }

    private func lose(_ record: OutboundRecord, _ reason: LossReason, _ counter: Counter) -> SendOutcome {
        counter.add()
        ledger.lose(record.stream, record.topic, record.seq, reason)
        return .lost
    }

    private func hold(_ record: OutboundRecord) -> SendOutcome {
        let before = held.count
        guard held.hold(record, ledger: &ledger) == .held else {
            return lose(record, .bufferFull, counters.bufferFull)
        }
        if held.count == before { counters.conflated.add() }
        return .held
    }

    /// Sends held records while their lane takes them.
    private func releaseHeld() {
        for hole in held.release({ offer($0) }) { ledger.add(hole) }
    }

    /// Sends a record that waited; false when it has to wait on.
    private func offer(_ record: OutboundRecord) -> Bool {
        guard let route = routes[Int(record.topic.index)] else { return false }
        if route.conflates, lanes[route.lane].isHolding.load(ordering: .acquiring) { return false }
        let error = produce(record, route)
        guard error != RD_KAFKA_RESP_ERR__QUEUE_FULL else { return false }
        _ = finish(record, error, route)
        return true
    }

    private func reportLosses() {
        var losses = ledger.drain()
        var unannounced = ledger.takeOverflow()
        for lane in lanes {
            let (found, overflow) = lane.takeLosses()
            losses += found
            unannounced += overflow
        }
        if unannounced > 0 { counters.unannounced.add(unannounced) }
        for loss in losses { onLoss(loss) }
    }

    private func registerMetrics() {
        let metrics = observability.metrics
        let queued = metrics.gauge("marketbus_kafka_queued_records", help: "Records that no broker took yet.")
        let bytes = metrics.gauge("marketbus_kafka_queued_bytes", help: "Bytes of their values.")
        let connected = metrics.gauge("marketbus_kafka_producer_connected", help: "1 while a broker answers.")
        let roundTrip = metrics.gauge(
            "marketbus_kafka_round_trip_seconds",
            help: "99th percentile, slowest broker."
        )
        let retries = metrics.gauge("marketbus_kafka_retries", help: "Requests sent again since the start.")
        metrics.beforeRendering { [lanes] in
            let all = lanes.map(\.statistics)
            queued.set(lanes.reduce(0) { $0 + $1.queuedRecords })
            bytes.set(Double(all.reduce(0) { $0 + $1.queuedBytes }))
            connected.set(lanes.allSatisfy { $0.health.isConnected } ? 1 : 0)
            roundTrip.set(Double(all.map(\.roundTripMicroseconds).max() ?? 0) / 1e6)
            retries.set(Double(all.reduce(0) { $0 + $1.retries }))
        }
    }

    private static func makeCString(_ text: String) -> (pointer: UnsafeMutablePointer<CChar>, count: Int) {
        let bytes = Array(text.utf8)
        let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
        for (index, byte) in bytes.enumerated() { pointer[index] = CChar(bitPattern: byte) }
        pointer[bytes.count] = 0
        return (pointer, bytes.count)
    }
}
