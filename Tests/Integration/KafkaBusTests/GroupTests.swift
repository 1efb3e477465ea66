// Part of MarketBus. Apache License 2.0, see LICENSE.

import KafkaBus
import Lifecycle
import Observability
import Testing
import Wire

/// A cluster of a test: the embedded one always, a real one where the environment names it.
enum TestCluster: String, CaseIterable, CustomTestStringConvertible {
    case embedded
    case real

    static var available: [TestCluster] { RealKafka.isThere ? [.embedded, .real] : [.embedded] }
    var testDescription: String {
        self == .embedded && !RealKafka.isThere ? "embedded (real \(RealKafka.absence))" : rawValue
    }

    /// Runs the body on this cluster with one topic of its own.
    func withTopic(
        partitions: Int,
        _ body: (_ settings: KafkaSettings, _ topic: String) throws -> Void
    ) throws {
        let topic = uniqueName("bus")
        switch self {
        case .embedded:
            let broker = try EmbeddedBroker(topics: [(topic, partitions)])
            defer { broker.close() }
            try body(KafkaSettings(bootstrapServers: broker.bootstrapServers, isEmbedded: true), topic)
        case .real:
            let settings = KafkaSettings(bootstrapServers: RealKafka.bootstrapServers)
            let admin = try KafkaAdmin(settings: settings)
            defer { admin.close() }
            try admin.createTopics([TopicPlan(name: topic, partitions: partitions, replication: 1)])
            try body(settings, topic)
            try admin.deleteTopics([topic])
        }
    }
}

/// Sends numbered trades under a few keys and waits until the broker has them.
func produce(
    _ numbers: ClosedRange<UInt64>,
    to topic: String,
    _ settings: KafkaSettings,
    keys: UInt64 = 20,
    timestamp: Int64 = 1_700_000_000_123
) throws {
    let producer = try KafkaProducer(
        settings: settings,
        topics: [TopicRegistry.trade],
        topicName: { _ in topic },
        onLoss: { Issue.record("lost \($0)") }
    )
    try producer.start()
    defer { producer.close() }
    for number in numbers {
        var record = TestRecord(seq: number, key: "K\(number % keys)", value: "\(number)")
        record.timestamp = timestamp
        #expect(record.send(to: producer) == .accepted)
    }
    #expect(producer.flush(deadlineMilliseconds: 20_000) == 0)
}

/// The values that were read so far, and the poll that adds to them.
private final class Reading {
    var seen: [String] = []

    @discardableResult
    func poll(_ consumer: KafkaConsumer) -> Reading {
        do {
            try consumer.poll(waitMilliseconds: 20) { self.seen.append(ReadRecord($0).value ?? "") }
            try consumer.commit(waits: false)
        } catch {
            Issue.record("\(error)")
        }
        return self
    }
}

private struct ReadFailure: Error {}

/// Members of a group that write their rebalances into one list.
private final class EventLog {
    var events: [String] = []

    func member(
        _ name: String,
        _ group: String,
        _ topic: String,
        _ settings: KafkaSettings
    ) throws -> KafkaConsumer {
        try KafkaConsumer(settings: settings, group: group, topics: .subscribe([topic]), from: .begin) {
            switch $0 {
            case .assigned(let partitions): self.events.append("\(name)+\(partitions.count)")
            case .revoked(let partitions), .lost(let partitions):
                self.events.append("\(name)-\(partitions.count)")
            }
        }
    }
}

@Suite(.serialized)
struct GroupTests {
    @Test(arguments: TestCluster.available)
    func `two members share the partitions, and one takes all over when the other leaves`(
        cluster: TestCluster
    ) throws {
        try cluster.withTopic(partitions: 6, shareAndTakeOver)
    }

    @Test(arguments: TestCluster.available)
    func `a group goes on behind what it committed, and reads again what it did not`(
        cluster: TestCluster
    ) throws {
        try cluster.withTopic(partitions: 1, commitAndGoOn)
    }

    @Test(arguments: TestCluster.available)
    func `a reader begins at the begin, the end or a time, seeks and pauses`(cluster: TestCluster) throws {
        try cluster.withTopic(partitions: 1, beginSeekPause)
    }

    @Test
    func `a run ends when it is asked to and closes its consumer`() throws {
        try TestCluster.embedded.withTopic(partitions: 2) { settings, topic in
            try produce(1...50, to: topic, settings)
            let consumer = try KafkaConsumer(settings: settings, topics: .assignAll([topic]), from: .begin)
            var count = 0
            try consumer.run { _ in
                count += 1
                if count == 50 { consumer.stop() }
            }
            #expect(count == 50)
            #expect(throws: KafkaError.self) { try consumer.poll(waitMilliseconds: 0) { _ in } }
        }
    }

    @Test
    func `an unknown topic and a group without a name are errors, not waits`() throws {
        let broker = try EmbeddedBroker()
        defer { broker.close() }
        let settings = KafkaSettings(bootstrapServers: "127.0.0.1:1", isEmbedded: true)
        let begin = MonotonicNanos.now
        #expect(throws: KafkaError.self) {
            try KafkaConsumer(
                settings: settings,
                topics: .assignAll(["nobody"]),
                from: .begin,
                metadataMilliseconds: 500
            )
        }
        #expect(MonotonicNanos.now - begin < 5_000_000_000)
        #expect(throws: KafkaError.self) {
            try KafkaConsumer(settings: settings, topics: .subscribe(["x"]), from: .begin)
        }
    }

    private func read(
        _ topic: String,
        _ group: String,
        _ settings: KafkaSettings,
        _ limit: Int,
        fail: Int = .max
    ) throws -> [String] {
        let consumer = try KafkaConsumer(
            settings: settings,
            group: group,
            topics: .assignAll([topic]),
            from: .committed
        )
        defer { consumer.close() }
        var seen: [String] = []
        let deadline = MonotonicNanos.now.advanced(milliseconds: 10_000)
        while seen.count < limit, !consumer.hasReachedEnd, .now < deadline {
            do {
                try consumer.poll(waitMilliseconds: 50, maximumRecords: limit - seen.count) { record in
                    if record.offset == Int64(fail) { throw ReadFailure() }
                    seen.append(ReadRecord(record).value ?? "")
                }
            } catch is ReadFailure {
                break
            }
        }
        try consumer.commit(waits: true)
        return seen
    }

    private func shareAndTakeOver(_ settings: KafkaSettings, _ topic: String) throws {
        try produce(1...200, to: topic, settings)
        let group = uniqueName("group")
        let log = EventLog()
        let reading = Reading()
        let first = try log.member("a", group, topic, settings)
        defer { first.close() }
        #expect(waitUntil { reading.poll(first).seen.count >= 200 })
        #expect(first.assignment.count == 6)
        let second = try log.member("b", group, topic, settings)
        let isShared = waitUntil {
            reading.poll(first)
            reading.poll(second)
            return first.assignment.count == 3 && second.assignment.count == 3
        }
        #expect(isShared, "\(log.events)")
        second.close()
        #expect(
            waitUntil {
                reading.poll(first)
                return first.assignment.count == 6
            },
            "\(log.events)"
        )
        #expect(Set(reading.seen).count == 200)
        #expect(reading.seen.count == 200, "handled twice: committed offsets were not used")
    }

    private func commitAndGoOn(_ settings: KafkaSettings, _ topic: String) throws {
        try produce(1...10, to: topic, settings, keys: 1)
        let group = uniqueName("group")
        #expect(try read(topic, group, settings, 4) == ["1", "2", "3", "4"])
        #expect(try read(topic, group, settings, 10, fail: 6) == ["5", "6"])
        #expect(try read(topic, group, settings, 10) == ["7", "8", "9", "10"])
        #expect(try read(topic, group, settings, 10) == [])
    }

    private func beginSeekPause(_ settings: KafkaSettings, _ topic: String) throws {
        try produce(1...10, to: topic, settings, keys: 1)
        let tail = try KafkaConsumer(settings: settings, topics: .assignAll([topic]), from: .end)
        defer { tail.close() }
        let reading = Reading()
        #expect(waitUntil { reading.poll(tail) === reading && tail.hasReachedEnd })
        #expect(reading.seen.isEmpty)
        try produce(11...12, to: topic, settings, keys: 1)
        #expect(waitUntil { reading.poll(tail).seen.count == 2 })
        #expect(reading.seen == ["11", "12"])

        let partition = TopicPartition(topic: topic, partition: 0)
        try tail.seek(partition, offset: 8)
        reading.seen = []
        #expect(waitUntil { reading.poll(tail).seen.count == 4 })
        #expect(reading.seen == ["9", "10", "11", "12"])

        try tail.pause([partition])
        try produce(13...13, to: topic, settings, keys: 1)
        reading.seen = []
        #expect(!waitUntil(limitMilliseconds: 400) { !reading.poll(tail).seen.isEmpty })
        try tail.resume([partition])
        #expect(waitUntil { reading.poll(tail).seen == ["13"] })
        #expect(throws: KafkaError.self) { try tail.pause([TopicPartition(topic: "none", partition: 7)]) }
    }
}
