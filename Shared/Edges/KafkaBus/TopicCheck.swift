// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc
import Lifecycle
import Wire

/// One thing about a topic on the cluster that is not as the registry and the settings say, and the mend.
public struct TopicProblem: Sendable, Equatable, CustomStringConvertible {
    /// The topic's name.
    public let topic: String
    /// What is wrong.
    public let problem: String
    /// The command that mends it, to be run as it stands.
    public let mend: String
    /// Whether making the missing topic mends it.
    public let isMissing: Bool

    /// Topic, problem and mend on one line.
    public var description: String { "\(topic): \(problem); run: \(mend)" }
}

/// Compares topics with the registry: a pure function, so that a test can show it any cluster.
enum TopicCheck {
    static func problems(
        of plans: [TopicPlan],
        found: [TopicDescription],
        brokers: [Int],
        bootstrapServers: String
    ) -> [TopicProblem] {
        plans.flatMap { plan -> [TopicProblem] in
            guard let topic = found.first(where: { $0.name == plan.name }) else {
                let mend = "marketbus topics --create --set kafka.bootstrap_servers=\(bootstrapServers)"
                return [
                    TopicProblem(topic: plan.name, problem: "does not exist", mend: mend, isMissing: true)
                ]
            }
            return problems(of: plan, topic, brokers, bootstrapServers)
        }
    }

    private static func problems(
        of plan: TopicPlan,
        _ topic: TopicDescription,
        _ brokers: [Int],
        _ servers: String
    ) -> [TopicProblem] {
        var problems: [TopicProblem] = []
        func add(_ problem: String, _ mend: String) {
            problems.append(TopicProblem(topic: plan.name, problem: problem, mend: mend, isMissing: false))
        }
        let topics = "kafka-topics.sh --bootstrap-server \(servers)"
        if topic.partitions < plan.partitions {
            add(
                "has \(topic.partitions) partitions, not \(plan.partitions)",
                "\(topics) --alter --topic \(plan.name) --partitions \(plan.partitions)"
            )
        } else if topic.partitions > plan.partitions {
            add(
                "has \(topic.partitions) partitions, not \(plan.partitions); Kafka can't take partitions away:"
                    + " set kafka.partitions=\(topic.partitions) everywhere, or make the topic anew and lose its records",
                "\(topics) --delete --topic \(plan.name) && marketbus topics --create"
                    + " --set kafka.bootstrap_servers=\(servers)"
            )
        }
        if topic.replication < plan.replication {
            add(
                "has \(topic.replication) replicas, not \(plan.replication)",
                replicationMend(plan, topic, brokers, servers)
            )
        }
        let policy = KafkaAdmin.sortedWords(plan.configuration["cleanup.policy"] ?? "")
        if !policy.isEmpty, !topic.cleanupPolicy.isEmpty, topic.cleanupPolicy != policy {
            add(
                "has cleanup.policy \(topic.cleanupPolicy), not \(policy)",
                "kafka-configs.sh --bootstrap-server \(servers) --alter --entity-type topics"
                    + " --entity-name \(plan.name) --add-config 'cleanup.policy=[\(policy)]'"
            )
        }
        if let minimum = topic.minimumInSync, minimum > topic.replication {
            add(
                "wants \(minimum) in-sync replicas of \(topic.replication): no record would be taken",
                "kafka-configs.sh --bootstrap-server \(servers) --alter --entity-type topics"
                    + " --entity-name \(plan.name) --add-config min.insync.replicas=\(topic.replication)"
            )
        }
        return problems
    }
}

extension TopicCheck {
    /// Kafka wants every partition's brokers written down; they go round by one a partition.
    private static func replicationMend(
        _ plan: TopicPlan,
        _ topic: TopicDescription,
        _ brokers: [Int],
        _ servers: String
    ) -> String {
        guard brokers.count >= plan.replication else {
            return
                "set kafka.replication=\(max(1, brokers.count)), or add brokers: there are \(brokers.count)"
        }
        let rows = (0..<topic.partitions).map { partition in
            let replicas = (0..<plan.replication).map { "\(brokers[(partition + $0) % brokers.count])" }
            return
                "{\"topic\":\"\(plan.name)\",\"partition\":\(partition),\"replicas\":[\(replicas.joined(separator: ","))]}"
        }
        let json = "{\"version\":1,\"partitions\":[\(rows.joined(separator: ","))]}"
        return
            "echo '\(json)' > \(plan.name).json && kafka-reassign-partitions.sh --bootstrap-server \(servers)"
            + " --execute --reassignment-json-file \(plan.name).json"
    }
}

extension KafkaAdmin {
    /// Compares topics of the registry with the cluster; empty when all is well.
    ///
    /// - Throws: ``KafkaError`` when the cluster does not answer.
    public func check(
        _ specs: [TopicSpec] = TopicRegistry.all,
        _ settings: KafkaSettings,
        topicName: (TopicSpec) -> String = { $0.name }
    ) throws(KafkaError) -> [TopicProblem] {
        let plans = specs.map { TopicPlan($0, settings, name: topicName($0)) }
        return TopicCheck.problems(
            of: plans,
            found: try describe(plans.map(\.name)),
            brokers: try describeCluster().brokers.map(\.id).sorted(),
            bootstrapServers: settings.bootstrapServers
        )
    }

    /// Makes what is missing where the settings allow it, compares, and waits until every partition is served: what a
    /// service does at its start.
    ///
    /// The wait is what makes the first records safe. A broker takes the first batch of a producer that it does not
    /// know whatever its number, and librdkafka takes the success of a later batch for that of an earlier one, which
    /// was refused because the partition was not open yet: the earlier records would be lost without a report.
    ///
    /// - Returns: what is left to be mended by a person.
    /// - Throws: ``KafkaError`` when the cluster does not answer or refuses to make a topic.
    public func prepare(
        _ specs: [TopicSpec],
        _ settings: KafkaSettings,
        topicName: (TopicSpec) -> String = { $0.name }
    ) throws(KafkaError) -> [TopicProblem] {
        guard !settings.isEmbedded else { return [] }
        let plans = specs.map { TopicPlan($0, settings, name: topicName($0)) }
        var problems = try check(specs, settings, topicName: topicName)
        let missing = Set(problems.filter(\.isMissing).map(\.topic))
        if settings.createTopics, !missing.isEmpty {
            try createTopics(plans.filter { missing.contains($0.name) })
            problems.removeAll(where: \.isMissing)
        }
        if problems.isEmpty { try waitUntilServed(plans) }
        return problems
    }

    /// Waits until the leaders of all partitions take requests.
    ///
    /// - Throws: ``KafkaError`` to be retried later when one still does not after the given time; at once where it
    ///   never will.
    func waitUntilServed(_ plans: [TopicPlan], milliseconds: Int64 = 15_000) throws(KafkaError) {
        let deadline = MonotonicNanos.now.advanced(milliseconds: milliseconds)
        while let refusal = refusal(of: plans) {
            // A topic that was just made may not be in the answering broker's metadata yet.
            guard refusal.retry == .later || refusal.code == .unknownTopic else { throw refusal }
            guard MonotonicNanos.now < deadline else {
                throw KafkaError(code: refusal.code, retry: .later, message: refusal.message)
            }
            usleep(20_000)
        }
    }
}
