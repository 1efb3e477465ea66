// Part of MarketBus. Apache License 2.0, see LICENSE.

import CRdKafka
import Glibc
import Lifecycle
import Observability

/// How a group notices that a member is gone.
public struct GroupMembership: Sendable, Equatable {
    /// After so long without a sign of life a member's partitions are given to others.
    public var sessionMilliseconds: Int64
    /// How often a member gives a sign of life, and learns that the group shares anew.
    public var heartbeatMilliseconds: Int64
    /// A name that is the member's over restarts (`group.instance.id`); nil: none.
    ///
    /// With one the member keeps its partitions when it is back within the session, and they wait as long for it after an
    /// orderly stop. Without one a stop shares anew at once.
    public var staticName: String?

    /// Forty-five seconds, as Kafka's own clients have it.
    public static let standard = GroupMembership(sessionMilliseconds: 45_000, heartbeatMilliseconds: 3000)

    /// Makes a membership; the broker's limits for sessions apply (6 s to 30 min as it comes).
    public init(sessionMilliseconds: Int64, heartbeatMilliseconds: Int64, staticName: String? = nil) {
        self.sessionMilliseconds = sessionMilliseconds
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.staticName = staticName
    }
}

/// What MarketBus decides about consumers.
enum ConsumerProperties {
    static func role(
        group: String?,
        _ membership: GroupMembership,
        start: StartPosition,
        settings: KafkaSettings
    ) -> [(String, String)] {
        let session = settings.isEmbedded ? 6000 : membership.sessionMilliseconds
        let heartbeat = settings.isEmbedded ? 500 : membership.heartbeatMilliseconds
        let fixedName = membership.staticName.map { [("group.instance.id", $0)] } ?? []
        return fixedName + [
            // The library's consumer needs a group's name even where no group's protocol runs.
            ("group.id", group ?? "\(settings.clientID)-reader"),
            ("partition.assignment.strategy", "cooperative-sticky"),
            ("auto.offset.reset", start == .end ? "latest" : "earliest"),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("enable.partition.eof", "true"),
            ("allow.auto.create.topics", "false"),
            // The embedded broker holds every fetch for the whole time, a real one only while there is nothing.
            ("fetch.wait.max.ms", settings.isEmbedded ? "5" : "100"),
            // The embedded broker waits for a whole session before it lets a further member in.
            ("session.timeout.ms", "\(session)"),
            ("heartbeat.interval.ms", "\(heartbeat)"),
            ("fetch.error.backoff.ms", "50"),
            ("queued.max.messages.kbytes", "16384"),
            ("statistics.interval.ms", "1000"),
        ]
    }

    static func check(group: String?, topics: ConsumerTopics, start: StartPosition) throws(KafkaError) {
        func refuse(_ message: String) -> KafkaError {
            KafkaError(code: .usage, retry: .never, message: message)
        }
        if case .subscribe = topics {
            guard group != nil else { throw refuse("a subscription needs a group") }
            if case .timestamp = start {
                throw refuse("a group can't start at a time: assign the partitions instead")
            }
            if case .offset = start {
                throw refuse("a group can't start at an offset: assign the partitions instead")
            }
        }
        if start == .committed, group == nil { throw refuse("only a group has committed offsets") }
    }

    /// Where to begin, as the library names it; a ``StartPosition/recent(microseconds:records:)`` start by its number.
    static func offset(of start: StartPosition, isEmbedded: Bool = false) -> Int64 {
        switch start {
        case .begin: Int64(RD_KAFKA_OFFSET_BEGINNING)
        case .end: Int64(RD_KAFKA_OFFSET_END)
        case .committed: Int64(RD_KAFKA_OFFSET_STORED)
        case .timestamp(let milliseconds): milliseconds
        case .tail(let records): tail(records)
        case .recent(_, let records): isEmbedded ? Int64(RD_KAFKA_OFFSET_BEGINNING) : tail(records)
        case .offset(let offset): max(0, offset)
        }
    }

    private static func tail(_ records: Int64) -> Int64 {
        Int64(RD_KAFKA_OFFSET_TAIL_BASE) - min(max(1, records), 1_000_000_000)
    }
}

/// What the library's callbacks get as context; retained by the consumer until its client is destroyed.
final class RebalanceContext {
    weak var consumer: KafkaConsumer?
}

/// The C callbacks of a consumer; all are called within a poll or the close, on that thread.
enum ConsumerCallbacks {
    static func install(_ configuration: ClientConfiguration, _ context: UnsafeMutableRawPointer) {
        rd_kafka_conf_set_opaque(configuration.pointer, context)
        rd_kafka_conf_set_rebalance_cb(configuration.pointer) { _, kind, list, context in
            guard let list, let consumer = ConsumerCallbacks.consumer(context) else { return }
            consumer.rebalance(kind, list)
        }
        rd_kafka_conf_set_error_cb(configuration.pointer) { client, code, words, context in
            guard let client, let consumer = ConsumerCallbacks.consumer(context) else { return }
            let text = words.map { String(cString: $0) } ?? ""
            consumer.monitor.takeError(rd_kafka_resp_err_t(code), text, client, consumer.logger)
        }
        rd_kafka_conf_set_stats_cb(configuration.pointer) { _, json, count, context in
            if let json, let consumer = ConsumerCallbacks.consumer(context) {
                consumer.monitor.takeStatistics(
                    UnsafeRawBufferPointer(start: json, count: count),
                    consumer.logger
                )
            }
            return 0
        }
        rd_kafka_conf_set_log_cb(configuration.pointer) { client, level, facility, text in
            guard let client, let text, let consumer = ConsumerCallbacks.consumer(rd_kafka_opaque(client))
            else { return }
            KafkaLog.write(level, facility, text, to: consumer.logger)
        }
    }

    private static func consumer(_ context: UnsafeMutableRawPointer?) -> KafkaConsumer? {
        context.flatMap { Unmanaged<RebalanceContext>.fromOpaque($0).takeUnretainedValue().consumer }
    }
}

/// A consumer's view of its cluster, and its counters.
///
/// - Thread: fed by the poll thread, read by any.
final class ConsumerMonitor: Sendable {
    let received: Counter
    private let bootstrapServers: String
    private let connected: Gauge
    private let assigned: Gauge
    private let state: Lock<(machine: HealthMachine, words: String, received: Int64)>

    init(_ settings: KafkaSettings, _ metrics: Metrics) {
        bootstrapServers = settings.bootstrapServers
        state = Lock((HealthMachine(settings, now: .now), "", 0))
        received = metrics.counter("marketbus_kafka_received_records_total", help: "Records read.")
        connected = metrics.gauge("marketbus_kafka_consumer_connected", help: "1 while a broker answers.")
        assigned = metrics.gauge(
            "marketbus_kafka_assigned_partitions",
            help: "Partitions that this member reads."
        )
    }

    var health: KafkaHealth { state.withLock { $0.machine.health } }

    func throwIfFailed() throws(KafkaError) {
        if case .failed(let error) = health { throw error }
    }

    func tick(assignment: Int, _ logger: Logger) {
        assigned.set(assignment)
        take(.tick, logger)
    }

    func takeError(_ raw: rd_kafka_resp_err_t, _ words: String, _ client: OpaquePointer, _ logger: Logger) {
        switch raw {
        case RD_KAFKA_RESP_ERR__FATAL:
            var text = [CChar](repeating: 0, count: 512)
            let code = KafkaError.code(of: rd_kafka_fatal_error(client, &text, text.count))
            take(
                .fatal(KafkaError(code: code, retry: .fatal, message: ClientConfiguration.text(text))),
                logger
            )
        case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
            take(.trouble(detail: "log-in refused: \(words)", isLogin: true), logger)
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
            take(.lost(detail: state.withLock { $0.words }), logger)
        default:
            state.withLock { $0.words = words }
            take(.trouble(detail: words, isLogin: false), logger)
            logger.info(
                "kafka_client_error",
                ["code": .init(KafkaError.code(of: raw).name), "error": .init(words)]
            )
        }
    }

    func takeStatistics(_ json: UnsafeRawBufferPointer, _ logger: Logger) {
        let found = KafkaStatistics(json: json)
        if found.isStuck {
            take(
                .lost(detail: "a broker holds a request since \(found.silentMicroseconds / 1000) ms"),
                logger
            )
        } else if found.brokersUp > 0 {
            take(.answered, logger)
        }
    }

    private func take(_ input: HealthMachine.Input, _ logger: Logger) {
        let now = MonotonicNanos.now
        let changed = state.withLock { $0.machine.take(input, now: now) ? $0.machine.health : nil }
        guard let changed else { return }
        connected.set(changed.isConnected ? 1 : 0)
        let text = changed.text(bootstrapServers: bootstrapServers, now: now)
        logger.log(changed.isConnected ? .info : .warning, "kafka_state", ["state": .init(text)])
    }
}

/// Questions about the cluster that any client can ask.
enum KafkaMetadata {
    /// The partition counts of all topics that the cluster has.
    static func topics(
        _ client: OpaquePointer,
        until deadline: MonotonicNanos
    ) throws(KafkaError) -> [String: Int32] {
        var failure = KafkaError(code: .timedOut, retry: .later, message: "list of topics: no answer")
        repeat {
            var metadata: UnsafePointer<rd_kafka_metadata>?
            let error = rd_kafka_metadata(client, 1, nil, &metadata, min(2000, deadline.millisecondsLeft()))
            defer { if let metadata { rd_kafka_metadata_destroy(metadata) } }
            guard error == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
                failure = KafkaError(error, "list of topics")
                continue
            }
            var found: [String: Int32] = [:]
            for index in 0..<Int(metadata.pointee.topic_cnt) {
                let topic = metadata.pointee.topics[index]
                guard topic.err == RD_KAFKA_RESP_ERR_NO_ERROR, let name = topic.topic else { continue }
                found[String(cString: name)] = topic.partition_cnt
            }
            return found
        } while MonotonicNanos.now < deadline
        throw failure
    }

    /// The partitions of a topic; asked again until it is there or the deadline is.
    static func partitions(
        of name: String,
        _ client: OpaquePointer,
        until deadline: MonotonicNanos
    ) throws(KafkaError) -> [TopicPartition] {
        guard let topic = rd_kafka_topic_new(client, name, nil) else {
            throw KafkaError(rd_kafka_last_error(), "topic \(name)")
        }
        defer { rd_kafka_topic_destroy(topic) }
        var failure = KafkaError(code: .timedOut, retry: .later, message: "topic \(name): no answer")
        repeat {
            var metadata: UnsafePointer<rd_kafka_metadata>?
            let error = rd_kafka_metadata(client, 0, topic, &metadata, min(2000, deadline.millisecondsLeft()))
            defer { if let metadata { rd_kafka_metadata_destroy(metadata) } }
            guard error == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata, metadata.pointee.topic_cnt > 0 else {
                failure = KafkaError(error, "topic \(name)")
                continue
            }
            let found = metadata.pointee.topics[0]
            if found.err == RD_KAFKA_RESP_ERR_NO_ERROR, found.partition_cnt > 0 {
                return (0..<found.partition_cnt).map { TopicPartition(topic: name, partition: $0) }
            }
            failure = KafkaError(found.err, "topic \(name)")
            guard failure.retry == .later || failure.code == .unknownTopic else { throw failure }
            usleep(50_000)
        } while MonotonicNanos.now < deadline
        throw failure
    }
}
