// Part of MarketBus. Apache License 2.0, see LICENSE.

import CRdKafka
import Lifecycle
import Wire

/// A topic as the cluster has it.
public struct TopicDescription: Sendable {
    /// The name.
    public let name: String
    /// The number of partitions.
    public let partitions: Int
    /// The smallest number of replicas of a partition.
    public let replication: Int
    /// Partitions that have no leader now.
    public let leaderless: Int
    /// `cleanup.policy`, its words in sorted order; empty where the cluster did not say.
    public let cleanupPolicy: String
    /// `min.insync.replicas`, or nil where the cluster did not say.
    public let minimumInSync: Int?
    /// `retention.ms`, or nil where the cluster did not say.
    public let retentionMilliseconds: Int64?
}

/// A cluster as it answered.
public struct ClusterDescription: Sendable {
    /// The brokers: number and address.
    public let brokers: [(id: Int, address: String)]
    /// The topics' names, sorted.
    public let topics: [String]
}

/// A topic to be made.
public struct TopicPlan: Sendable {
    /// The name.
    public let name: String
    /// The number of partitions.
    public let partitions: Int
    /// The number of replicas.
    public let replication: Int
    /// Topic configuration: `cleanup.policy`, `retention.ms`.
    public let configuration: [String: String]

    /// Makes a plan from parts.
    public init(name: String, partitions: Int, replication: Int, configuration: [String: String] = [:]) {
        self.name = name
        self.partitions = partitions
        self.replication = replication
        self.configuration = configuration
    }

    /// The plan of a registered topic under these settings.
    public init(_ spec: TopicSpec, _ settings: KafkaSettings, name: String? = nil) {
        var configuration = ["cleanup.policy": spec.cleanup.rawValue]
        if spec.cleanup != .compact { configuration["retention.ms"] = "\(spec.retentionMilliseconds)" }
        self.init(
            name: name ?? spec.name,
            partitions: settings.partitions,
            replication: settings.replication,
            configuration: configuration
        )
    }
}

/// Asks a cluster what it has, and makes topics.
///
/// - Thread: one; every call blocks until the cluster answered or the deadline is there.
public final class KafkaAdmin {
    private let client: OpaquePointer
    private let settings: KafkaSettings
    private var isClosed = false

    /// Makes a client; the cluster is asked by the calls only.
    ///
    /// - Throws: ``KafkaError`` with all problems of the settings.
    public init(settings: KafkaSettings) throws(KafkaError) {
        try settings.validate()
        self.settings = settings
        // Nobody polls this client: its words come back with the calls.
        let configuration = try settings.makeConfiguration([("log.queue", "false"), ("log_level", "2")])
        client = try configuration.makeClient(RD_KAFKA_PRODUCER)
    }

    /// Ends the client.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        rd_kafka_destroy(client)
    }

    deinit {
        assert(isClosed, "an admin client was dropped without close()")
    }

    /// The brokers and the names of all topics.
    ///
    /// - Throws: ``KafkaError`` when no broker answers in time.
    public func describeCluster(milliseconds: Int32 = 10_000) throws(KafkaError) -> ClusterDescription {
        let metadata = try Metadata(client, milliseconds)
        return ClusterDescription(
            brokers: metadata.brokers.map { (Int($0.id), "\(Self.text($0.host)):\($0.port)") },
            topics: metadata.topics.map { Self.text($0.topic) }.sorted()
        )
    }

    /// Those of the named topics that exist, with their configuration where the cluster tells it.
    ///
    /// The embedded broker tells none.
    ///
    /// - Throws: ``KafkaError`` when no broker answers in time.
    public func describe(
        _ names: [String],
        milliseconds: Int32 = 10_000
    ) throws(KafkaError) -> [TopicDescription] {
        let metadata = try Metadata(client, milliseconds)
        let wanted = Set(names)
        let found = metadata.topics.filter {
            $0.err == RD_KAFKA_RESP_ERR_NO_ERROR && wanted.contains(Self.text($0.topic))
        }
        guard !found.isEmpty else { return [] }
        let existing = found.map { Self.text($0.topic) }
        let configurations = settings.isEmbedded ? [:] : try configuration(of: existing, milliseconds)
        return found.map { Self.description(of: $0, configurations[Self.text($0.topic)] ?? [:]) }
    }

    /// Asks the leader of every partition for its end; the first refusal, or nil where all are served.
    ///
    /// A new topic is in the metadata before its leader has opened it.
    ///
    /// - Thread: as the class; blocks up to the given time.
    func refusal(of plans: [TopicPlan], milliseconds: Int32 = 5_000) -> KafkaError? {
        let partitions = plans.flatMap { plan in
            (0..<plan.partitions).map {
                TopicPartition(topic: plan.name, partition: Int32(clamping: $0))
            }
        }
        let list = PartitionList(partitions, offset: Int64(RD_KAFKA_OFFSET_END))
        let error = rd_kafka_offsets_for_times(client, list.pointer, milliseconds)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return KafkaError(error, "ask the leaders of the partitions")
        }
        let refused = list.elements.first { $0.error != RD_KAFKA_RESP_ERR_NO_ERROR }
        return refused.map {
            KafkaError($0.error, "\($0.partition.topic) partition \($0.partition.partition)")
        }
    }

    /// Makes topics; one that exists already is left as it is.
    ///
    /// - Returns: the names that were made.
    /// - Throws: ``KafkaError`` with the first refusal.
    @discardableResult
    public func createTopics(
        _ plans: [TopicPlan],
        milliseconds: Int32 = 15_000
    ) throws(KafkaError) -> [String] {
        guard !plans.isEmpty else { return [] }
        var topics: [OpaquePointer?] = []
        defer { for topic in topics { rd_kafka_NewTopic_destroy(topic) } }
        for plan in plans { topics.append(try Self.makeTopic(plan)) }
        let event = try ask(RD_KAFKA_ADMIN_OP_CREATETOPICS, "create topics", milliseconds) { options, queue in
            rd_kafka_CreateTopics(client, &topics, topics.count, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
        return try Self.succeeded(results, count, allowing: .topicExists, "create topic")
    }

    /// Deletes topics, for tests; one that does not exist is no error.
    ///
    /// - Throws: ``KafkaError`` with the first refusal.
    public func deleteTopics(_ names: [String], milliseconds: Int32 = 15_000) throws(KafkaError) {
        guard !names.isEmpty else { return }
        var topics = names.map { rd_kafka_DeleteTopic_new($0) }
        defer { for topic in topics { rd_kafka_DeleteTopic_destroy(topic) } }
        let event = try ask(RD_KAFKA_ADMIN_OP_DELETETOPICS, "delete topics", milliseconds) { options, queue in
            rd_kafka_DeleteTopics(client, &topics, topics.count, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count)
        _ = try Self.succeeded(results, count, allowing: .unknownTopic, "delete topic")
    }

    private func configuration(
        of names: [String],
        _ milliseconds: Int32
    ) throws(KafkaError) -> [String: [String: String]] {
        var resources = names.map { rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0) }
        defer { for resource in resources { rd_kafka_ConfigResource_destroy(resource) } }
        let event = try ask(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, "describe topics", milliseconds) {
            options,
            queue in
            rd_kafka_DescribeConfigs(client, &resources, resources.count, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let result = rd_kafka_event_DescribeConfigs_result(event)
        guard let found = rd_kafka_DescribeConfigs_result_resources(result, &count) else { return [:] }
        var all: [String: [String: String]] = [:]
        for index in 0..<count {
            let error = rd_kafka_ConfigResource_error(found[index])
            let name = Self.text(rd_kafka_ConfigResource_name(found[index]))
            guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
                throw KafkaError(error, "describe topic \(name)")
            }
            var entryCount = 0
            guard let entries = rd_kafka_ConfigResource_configs(found[index], &entryCount) else { continue }
            for entry in 0..<entryCount {
                all[name, default: [:]][Self.text(rd_kafka_ConfigEntry_name(entries[entry]))] =
                    rd_kafka_ConfigEntry_value(entries[entry]).map { String(cString: $0) }
            }
        }
        return all
    }

    /// Sends one admin request and waits for its answer; the caller destroys the event.
    private func ask(
        _ operation: rd_kafka_admin_op_t,
        _ context: String,
        _ milliseconds: Int32,
        _ send: (_ options: OpaquePointer?, _ queue: OpaquePointer?) -> Void
    ) throws(KafkaError) -> OpaquePointer {
        let options = rd_kafka_AdminOptions_new(client, operation)
        defer { rd_kafka_AdminOptions_destroy(options) }
        var words = [CChar](repeating: 0, count: 256)
        rd_kafka_AdminOptions_set_request_timeout(options, milliseconds, &words, words.count)
        if operation != RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS {
            rd_kafka_AdminOptions_set_operation_timeout(options, milliseconds, &words, words.count)
        }
        let queue = rd_kafka_queue_new(client)
        defer { rd_kafka_queue_destroy(queue) }
        send(options, queue)
        guard let event = rd_kafka_queue_poll(queue, milliseconds &+ 1000) else {
            throw KafkaError(
                code: .timedOut,
                retry: .later,
                message: "\(context): the cluster did not answer"
            )
        }
        let error = rd_kafka_event_error(event)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
            let text = Self.text(rd_kafka_event_error_string(event))
            rd_kafka_event_destroy(event)
            throw KafkaError(error, "\(context) (\(text))")
        }
        return event
    }
}

extension KafkaAdmin {
    private static func makeTopic(_ plan: TopicPlan) throws(KafkaError) -> OpaquePointer {
        var words = [CChar](repeating: 0, count: 256)
        guard
            let topic = rd_kafka_NewTopic_new(
                plan.name,
                Int32(clamping: plan.partitions),
                Int32(clamping: plan.replication),
                &words,
                words.count
            )
        else {
            let text = ClientConfiguration.text(words)
            throw KafkaError(code: .configuration, retry: .never, message: "topic \(plan.name): \(text)")
        }
        for (name, value) in plan.configuration.sorted(by: { $0.key < $1.key }) {
            rd_kafka_NewTopic_set_config(topic, name, value)
        }
        return topic
    }

    private static func succeeded(
        _ results: UnsafeMutablePointer<OpaquePointer?>?,
        _ count: Int,
        allowing allowed: KafkaError.Code,
        _ context: String
    ) throws(KafkaError) -> [String] {
        var names: [String] = []
        for index in 0..<(results == nil ? 0 : count) {
            let result = results?[index]
            let name = text(rd_kafka_topic_result_name(result))
            let error = rd_kafka_topic_result_error(result)
            if error == RD_KAFKA_RESP_ERR_NO_ERROR {
                names.append(name)
            } else if KafkaError.code(of: error) != allowed {
                let words = text(rd_kafka_topic_result_error_string(result))
                throw KafkaError(error, "\(context) \(name) (\(words))")
            }
        }
        return names
    }

    private static func description(
        of topic: rd_kafka_metadata_topic,
        _ configuration: [String: String]
    ) -> TopicDescription {
        let partitions = UnsafeBufferPointer(start: topic.partitions, count: Int(max(0, topic.partition_cnt)))
        return TopicDescription(
            name: text(topic.topic),
            partitions: partitions.count,
            replication: Int(partitions.map(\.replica_cnt).min() ?? 0),
            leaderless: partitions.filter { $0.leader < 0 }.count,
            cleanupPolicy: sortedWords(configuration["cleanup.policy"] ?? ""),
            minimumInSync: configuration["min.insync.replicas"].flatMap { Int($0) },
            retentionMilliseconds: configuration["retention.ms"].flatMap { Int64($0) }
        )
    }

    /// `delete,compact` and `compact, delete` are the same policy.
    static func sortedWords(_ text: String) -> String {
        text.split(separator: ",").map { $0.drop { $0 == " " } }.sorted().joined(separator: ",")
    }

    fileprivate static func text(_ pointer: UnsafePointer<CChar>?) -> String {
        pointer.map { String(cString: $0) } ?? ""
    }
}

/// The cluster's answer about brokers and topics, owned.
private struct Metadata: ~Copyable {
    private let pointer: UnsafePointer<rd_kafka_metadata>

    init(_ client: OpaquePointer, _ milliseconds: Int32) throws(KafkaError) {
        var found: UnsafePointer<rd_kafka_metadata>?
        let error = rd_kafka_metadata(client, 1, nil, &found, milliseconds)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR, let found else {
            throw KafkaError(error, "describe the cluster")
        }
        pointer = found
    }

    deinit {
        rd_kafka_metadata_destroy(pointer)
    }

    var brokers: UnsafeBufferPointer<rd_kafka_metadata_broker> {
        UnsafeBufferPointer(start: pointer.pointee.brokers, count: Int(max(0, pointer.pointee.broker_cnt)))
    }

    var topics: UnsafeBufferPointer<rd_kafka_metadata_topic> {
        UnsafeBufferPointer(start: pointer.pointee.topics, count: Int(max(0, pointer.pointee.topic_cnt)))
    }
}
