// Part of MarketBus. Apache License 2.0, see LICENSE.

import CRdKafka
import Lifecycle
import Observability
import Synchronization
import Wire

/// What a consumer reads.
public enum ConsumerTopics: Sendable {
    /// The partitions of these topics that the group's protocol gives to this member.
    case subscribe([String])
    /// All partitions of these topics, without a group's protocol: for tails, replays and tests.
    case assignAll([String])
    /// The same for those of them that the cluster has.
    case assignExisting([String])
    /// These partitions.
    case assign([TopicPartition])
}

/// A change of the partitions that a member of a group reads.
public enum RebalanceEvent: Sendable {
    /// These came in addition.
    case assigned([TopicPartition])
    /// These leave after this call; what was handled is committed behind it.
    case revoked([TopicPartition])
    /// These are another member's already: nothing can be committed any more.
    case lost([TopicPartition])

    /// The partitions that it is about.
    public var partitions: [TopicPartition] {
        switch self {
        case .assigned(let partitions), .revoked(let partitions), .lost(let partitions): partitions
        }
    }
}

/// Reads records: in order within a partition, committed after the handler returned.
///
/// - Thread: one, which polls and closes; `stop`, `health` and the counters from any.
public final class KafkaConsumer {
    let client: OpaquePointer
    let settings: KafkaSettings
    let start: StartPosition
    let logger: Logger
    let monitor: ConsumerMonitor
    /// Whether offsets are stored and committed.
    let commits: Bool
    let subscription: ConsumerTopics
    let onRebalance: (RebalanceEvent) -> Void
    var names: [(handle: OpaquePointer, name: String, id: TopicID?)] = []
    /// The partitions that this consumer reads now.
    public internal(set) var assignment: Set<TopicPartition> = []
    /// Partitions of which everything was read that was there at some moment of the reading.
    public internal(set) var readToEnd: Set<TopicPartition> = []
    /// Where partitions ended when their first record came, until they are read so far.
    var ends: [TopicPartition: Int64] = [:]
    var isClosed = false
    let isStopping = Atomic<Bool>(false)
    var context: Unmanaged<RebalanceContext>?

    /// Makes a client and joins the group or takes the partitions.
    ///
    /// - Parameters:
    ///   - settings: the cluster.
    ///   - group: the consumer group; needed to subscribe and to commit.
    ///   - membership: how the group notices that this member is gone.
    ///   - topics: what to read.
    ///   - start: where to begin.
    ///   - observability: where to log and count.
    ///   - metadataMilliseconds: how long `assignAll` and `timestamp` wait for the cluster's answer.
    ///   - onRebalance: told on the poll thread before a change takes effect.
    /// - Throws: ``KafkaError`` for wrong settings, an unknown topic, or a cluster that did not answer.
    public init(
        settings: KafkaSettings,
        group: String? = nil,
        membership: GroupMembership = .standard,
        topics: ConsumerTopics,
        from start: StartPosition,
        observability: Observability = .silent,
        metadataMilliseconds: Int64 = 10_000,
        onRebalance: @escaping (RebalanceEvent) -> Void = { _ in }
    ) throws(KafkaError) {
        try settings.validate()
        try ConsumerProperties.check(group: group, topics: topics, start: start)
        self.settings = settings
        self.start = start
        self.subscription = topics
        self.onRebalance = onRebalance
        logger = observability.logger
        monitor = ConsumerMonitor(settings, observability.metrics)
        commits = group != nil
        let context = RebalanceContext()
        let configuration = try settings.makeConfiguration(
            ConsumerProperties.role(group: group, membership, start: start, settings: settings)
        )
        let retained = Unmanaged.passRetained(context)
        ConsumerCallbacks.install(configuration, retained.toOpaque())
        do {
            client = try configuration.makeClient(RD_KAFKA_CONSUMER)
        } catch {
            retained.release()
            throw error
        }
        self.context = retained
        context.consumer = self
        rd_kafka_poll_set_consumer(client)
        rd_kafka_set_log_queue(client, nil)
        do {
            try begin(deadline: .now.advanced(milliseconds: metadataMilliseconds))
        } catch {
            close()
            throw error
        }
    }

    deinit {
        assert(isClosed, "a consumer was dropped without close()")
    }

    private func begin(deadline: MonotonicNanos) throws(KafkaError) {
        switch subscription {
        case .subscribe(let topics):
            let list = PartitionList(topics.map { TopicPartition(topic: $0, partition: -1) }, offset: 0)
            let error = rd_kafka_subscribe(client, list.pointer)
            if error != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(error, "subscribe") }
        case .assignAll(let topics):
            var all: [TopicPartition] = []
            for topic in topics { all += try KafkaMetadata.partitions(of: topic, client, until: deadline) }
            try assign(all, deadline)
        case .assignExisting(let topics):
            let known = try KafkaMetadata.topics(client, until: deadline)
            let all = topics.flatMap { topic in
                (0..<(known[topic] ?? 0)).map { TopicPartition(topic: topic, partition: $0) }
            }
            guard !all.isEmpty else {
                let names = topics.joined(separator: ", ")
                throw KafkaError(
                    code: .unknownTopic,
                    retry: .never,
                    message: "the cluster has none of \(names)"
                )
            }
            try assign(all, deadline)
        case .assign(let partitions):
            try assign(partitions, deadline)
        }
    }

    private func assign(_ partitions: [TopicPartition], _ deadline: MonotonicNanos) throws(KafkaError) {
        let first = ConsumerProperties.offset(of: start, isEmbedded: settings.isEmbedded)
        let list = PartitionList(partitions, offset: first)
        if case .timestamp = start {
            let error = rd_kafka_offsets_for_times(client, list.pointer, deadline.millisecondsLeft())
            if error != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(error, "offsets of a time") }
        }
        setRecentStart(start, of: list.pointer)
        let error = rd_kafka_assign(client, list.pointer)
        if error != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(error, "assign") }
        assignment = Set(partitions)
    }

    /// Waits for a record, then handles what is there, up to `maximumRecords`.
    ///
    /// A record counts as handled when the handler returns; when it throws, the record will be read again after a
    /// restart, and the error is passed on.
    ///
    /// - Returns: the number of handled records.
    /// - Throws: ``KafkaError`` for a fatal failure; the handler's error.
    @discardableResult
    public func poll(
        waitMilliseconds: Int32,
        maximumRecords: Int = 1000,
        _ handler: (borrowing ConsumedRecord) throws -> Void
    ) throws -> Int {
        guard !isClosed else {
            throw KafkaError(code: .usage, retry: .never, message: "the consumer is closed")
        }
        var handled = 0
        var wait = waitMilliseconds
        while handled < maximumRecords, let message = rd_kafka_consumer_poll(client, wait) {
            defer { rd_kafka_message_destroy(message) }
            wait = 0
            if try take(message, handler) { handled += 1 }
        }
        monitor.tick(assignment: assignment.count, logger)
        try monitor.throwIfFailed()
        return handled
    }

    /// Polls until `stop`, committing what was handled at the interval, and closes.
    ///
    /// - Parameters:
    ///   - commitMilliseconds: how often offsets are committed.
    ///   - beforeCommit: makes the effects of handled records last; false skips this commit.
    ///   - onIdle: called after every batch and at least every 100 ms.
    ///   - handler: the effect of one record.
    /// - Throws: what `poll` throws, after the close.
    public func run(
        commitMilliseconds: Int64 = 1000,
        beforeCommit: () -> Bool = { true },
        onIdle: () throws -> Void = {},
        _ handler: (borrowing ConsumedRecord) throws -> Void
    ) throws {
        defer { close() }
        var nextCommit = MonotonicNanos.now.advanced(milliseconds: commitMilliseconds)
        while !isStopping.load(ordering: .acquiring) {
            try poll(waitMilliseconds: 100, handler)
            try onIdle()
            if commits, MonotonicNanos.now >= nextCommit {
                if beforeCommit() { try commit(waits: false) }
                nextCommit = .now.advanced(milliseconds: commitMilliseconds)
            }
        }
        if commits, beforeCommit() { try commit(waits: true) }
    }

    /// Asks `run` to return; from any thread.
    public func stop() {
        isStopping.store(true, ordering: .releasing)
    }

    /// Commits the offsets of all handled records.
    ///
    /// - Parameter waits: whether to wait for the broker's answer.
    /// - Throws: ``KafkaError`` when the broker refuses; nothing to commit is no error.
    public func commit(waits: Bool) throws(KafkaError) {
        guard commits, !isClosed else { return }
        let error = rd_kafka_commit(client, nil, waits ? 0 : 1)
        if error != RD_KAFKA_RESP_ERR_NO_ERROR, error != RD_KAFKA_RESP_ERR__NO_OFFSET {
            throw KafkaError(error, "commit")
        }
    }

    /// Whether every partition was read to its end: everything that was there when the reading began has been read.
    public var hasReachedEnd: Bool { !assignment.isEmpty && readToEnd.isSuperset(of: assignment) }

    /// How many partitions a topic has now.
    ///
    /// - Throws: ``KafkaError`` when the cluster does not answer in time, or has no such topic.
    public func partitionCount(of topic: String, waitMilliseconds: Int64 = 2000) throws(KafkaError) -> Int {
        try KafkaMetadata.partitions(of: topic, client, until: .now.advanced(milliseconds: waitMilliseconds))
            .count
    }

    /// Whether the cluster answers.
    public var health: KafkaHealth { monitor.health }
}

extension KafkaConsumer {
    private func take(
        _ message: UnsafeMutablePointer<rd_kafka_message_t>,
        _ handler: (borrowing ConsumedRecord) throws -> Void
    ) throws -> Bool {
        switch message.pointee.err {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
            let topic = intern(message.pointee.rkt)
            monitor.received.add()
            try handler(ConsumedRecord(message, topic: topic.name, topicID: topic.id))
            // A partition that a rebalance has just taken away refuses the offset: its new owner reads on.
            if commits {
                _ = rd_kafka_offset_store(
                    message.pointee.rkt,
                    message.pointee.partition,
                    message.pointee.offset
                )
            }
            if readToEnd.count < assignment.count {
                noteProgress(TopicPartition(topic: topic.name, partition: message.pointee.partition), message)
            }
            return true
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
            let topic = intern(message.pointee.rkt)
            noteEnd(TopicPartition(topic: topic.name, partition: message.pointee.partition))
            return false
        default:
            let words = rd_kafka_message_errstr(message).map { String(cString: $0) } ?? ""
            monitor.takeError(message.pointee.err, words, client, logger)
            return false
        }
    }

    /// Under load a partition may never be seen at its end: it counts as read where it ended at the first record.
    private func noteProgress(
        _ partition: TopicPartition,
        _ message: UnsafeMutablePointer<rd_kafka_message_t>
    ) {
        guard !readToEnd.contains(partition) else { return }
        if ends[partition] == nil {
            var (low, high) = (Int64(-1), Int64(-1))
            let error = rd_kafka_get_watermark_offsets(
                client,
                partition.topic,
                partition.partition,
                &low,
                &high
            )
            guard error == RD_KAFKA_RESP_ERR_NO_ERROR, high > 0 else { return }
            ends[partition] = high
        }
        if let end = ends[partition], message.pointee.offset >= end - 1 { noteEnd(partition) }
    }

    private func noteEnd(_ partition: TopicPartition) {
        ends[partition] = nil
        if assignment.contains(partition) { readToEnd.insert(partition) }
    }

    /// The topic's name without making a `String` a record: a handle lives as long as its client.
    private func intern(_ handle: OpaquePointer?) -> (name: String, id: TopicID?) {
        guard let handle else { return ("", nil) }
        for known in names where known.handle == handle { return (known.name, known.id) }
        let name = rd_kafka_topic_name(handle).map { String(cString: $0) } ?? ""
        let id = TopicRegistry.topic(named: name)?.id
        // Our own reference keeps the address from being given to another topic.
        if let own = rd_kafka_topic_new(client, name, nil) { names.append((own, name, id)) }
        return (name, id)
    }
}
