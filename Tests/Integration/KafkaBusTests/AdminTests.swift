// Part of MarketBus. Apache License 2.0, see LICENSE.

import Testing
import Wire

@testable import KafkaBus

@Suite(.serialized)
struct AdminTests {
    @Test(.enabled(if: RealKafka.isThere, RealKafka.absence))
    func `missing topics are made as the registry says, and then nothing is wrong`() throws {
        let settings = KafkaSettings(bootstrapServers: RealKafka.bootstrapServers)
        let prefix = uniqueName("admin")
        func name(_ spec: TopicSpec) -> String { "\(prefix).\(spec.name)" }
        let admin = try KafkaAdmin(settings: settings)
        defer { admin.close() }
        let missing = try admin.check(settings: settings, name)
        #expect(missing.count == TopicRegistry.all.count)
        #expect(missing.allSatisfy { $0.isMissing && $0.mend.contains("marketbus topics --create") })
        var frozen = settings
        frozen.createTopics = false
        #expect(
            try admin.prepare(TopicRegistry.all, frozen, topicName: name).count == TopicRegistry.all.count
        )
        #expect(try admin.prepare(TopicRegistry.all, settings, topicName: name).isEmpty)
        #expect(waitUntil { (try? admin.check(settings: settings, name).isEmpty) == true })
        let topics = try admin.describe(TopicRegistry.all.map(name))
        let quote = try #require(topics.first { $0.name.hasSuffix("agg.quote.v1") })
        #expect(quote.partitions == 6 && quote.replication == 1 && quote.cleanupPolicy == "compact,delete")
        #expect(quote.retentionMilliseconds == Int64(604_800_000))
        #expect(try admin.describeCluster().brokers.count >= 1)
        try admin.deleteTopics(TopicRegistry.all.map(name) + ["\(prefix).never"])
    }

    @Test(.enabled(if: RealKafka.isThere, RealKafka.absence))
    func `another partition count, policy or replication is a problem with its command`() throws {
        var settings = KafkaSettings(bootstrapServers: RealKafka.bootstrapServers)
        let topic = uniqueName("admin")
        let admin = try KafkaAdmin(settings: settings)
        defer { admin.close() }
        try admin.createTopics([
            TopicPlan(
                name: topic,
                partitions: 3,
                replication: 1,
                configuration: ["cleanup.policy": "compact"]
            )
        ])
        try admin.createTopics([TopicPlan(name: topic, partitions: 5, replication: 1)])
        settings.replication = 2
        let spec = TopicRegistry.spec(of: TopicRegistry.trade)
        var problems: [TopicProblem] = []
        #expect(
            waitUntil {
                problems = (try? admin.check([spec], settings, topicName: { _ in topic })) ?? []
                return problems.count == 3
            }
        )
        let servers = settings.bootstrapServers
        #expect(
            problems.map(\.mend).contains(
                "kafka-topics.sh --bootstrap-server \(servers) --alter --topic \(topic) --partitions 6"
            )
        )
        #expect(
            problems.map(\.mend).contains(
                "kafka-configs.sh --bootstrap-server \(servers) --alter --entity-type topics --entity-name \(topic)"
                    + " --add-config 'cleanup.policy=[delete]'"
            )
        )
        #expect(problems.contains { $0.problem == "has 1 replicas, not 2" })
        try admin.deleteTopics([topic])
    }

    @Test
    func `the embedded broker is described by its metadata, and a cluster that is away is an error in time`()
        throws
    {
        let broker = try EmbeddedBroker(topics: [("md.trade.v1", 4)])
        let settings = KafkaSettings(bootstrapServers: broker.bootstrapServers, isEmbedded: true)
        let admin = try KafkaAdmin(settings: settings)
        defer { admin.close() }
        #expect(try admin.describe(["md.trade.v1", "none"]).map(\.partitions) == [4])
        #expect(try admin.prepare(TopicRegistry.all, settings).isEmpty)
        broker.close()
        #expect(throws: KafkaError.self) { try admin.describeCluster(milliseconds: 500) }
    }

    @Test
    func `a partition that its leader does not serve yet is waited for`() throws {
        let broker = try EmbeddedBroker(topics: [("served", 3)])
        defer { broker.close() }
        let admin = try KafkaAdmin(
            settings: KafkaSettings(bootstrapServers: broker.bootstrapServers, isEmbedded: true)
        )
        defer { admin.close() }
        let plans = [TopicPlan(name: "served", partitions: 3, replication: 1)]
        #expect(admin.refusal(of: plans) == nil)
        broker.refuseOffsets(times: 1)
        #expect(admin.refusal(of: plans)?.retry == .later)
        #expect(admin.refusal(of: plans) == nil)
        broker.refuseOffsets(times: 3)
        try admin.waitUntilServed(plans)
        broker.refuseOffsets(times: 500)
        let error = #expect(throws: KafkaError.self) {
            try admin.waitUntilServed(plans, milliseconds: 50)
        }
        #expect(error?.retry == .later)
    }

    @Test
    func `a topic that nobody made is refused`() throws {
        let broker = try EmbeddedBroker(topics: [("served", 3)])
        defer { broker.close() }
        let admin = try KafkaAdmin(
            settings: KafkaSettings(bootstrapServers: broker.bootstrapServers, isEmbedded: true)
        )
        defer { admin.close() }
        #expect(admin.refusal(of: [TopicPlan(name: "served", partitions: 4, replication: 1)]) != nil)
    }
}

extension KafkaAdmin {
    fileprivate func check(
        settings: KafkaSettings,
        _ name: (TopicSpec) -> String
    ) throws(KafkaError) -> [TopicProblem] {
        try check(TopicRegistry.all, settings, topicName: name)
    }
}
