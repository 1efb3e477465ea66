// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Testing
import Wire

@testable import KafkaBus

/// Records of a minute ago and of a second ago in one partition, and what a start at the newest reads of them.
@Suite(.serialized)
struct RecentStartTests {
    private static let second: Int64 = 1_000_000

    @Test(
        arguments: [
            // The first young record, the end, the most records, where it begins.
            (40, 100, 1000, 40), (40, 100, 10, 90), (-1, 100, 1000, 100), (-1, 100, 10, 100), (0, 5, 1000, 0),
            (-1, 0, 10, 0), (103, 100, 10, 100), (40, 100, 0, 99), (0, Int64.max, 1, Int64.max - 1),
            (7, 100, Int64.max, 7),
        ] as [(Int64, Int64, Int64, Int64)]
    )
    func `begins at the younger of two bounds`(first: Int64, end: Int64, records: Int64, expected: Int64) {
        #expect(RecentStart(microseconds: 1, records: records).offset(first: first, end: end) == expected)
    }

    /// Thirty records of a minute ago, and ten of a second ago.
    private func fill(_ topic: String, _ settings: KafkaSettings) throws {
        let now = WallNanos.now.microseconds / 1000
        try produce(1...30, to: topic, settings, keys: 1, timestamp: now - 60_000)
        try produce(31...40, to: topic, settings, keys: 1, timestamp: now - 1000)
    }

    private func values(_ consumer: KafkaConsumer) throws -> [String] {
        var read: [ReadRecord] = []
        #expect(try poll(consumer, into: &read) { _ in consumer.hasReachedEnd })
        return read.compactMap(\.value)
    }

    private func numbers(_ range: ClosedRange<Int>) -> [String] { range.map(String.init) }

    @Test(arguments: TestCluster.available)
    func `reads what is young enough, and no more than so many`(cluster: TestCluster) throws {
        try cluster.withTopic(partitions: 1) { settings, topic in
            try fill(topic, settings)
            let cases: [(seconds: Int64, records: Int64, first: Int)] = [
                (20, 1000, 31), (20, 4, 37), (600, 1000, 1), (600, 35, 6),
            ]
            for (seconds, records, first) in cases {
                let start = StartPosition.recent(microseconds: seconds * Self.second, records: records)
                let consumer = try KafkaConsumer(settings: settings, topics: .assignAll([topic]), from: start)
                defer { consumer.close() }
                // The embedded broker knows no times: all is read.
                let expected = numbers((cluster == .embedded ? 1 : first)...40)
                #expect(try values(consumer) == expected, "\(seconds) s, \(records) records")
            }
        }
    }

    @Test(arguments: TestCluster.available)
    func `reads what comes next where nothing is young enough`(cluster: TestCluster) throws {
        try cluster.withTopic(partitions: 2) { settings, topic in
            try fill(topic, settings)
            let start = StartPosition.recent(microseconds: Self.second / 2, records: 1000)
            let consumer = try KafkaConsumer(settings: settings, topics: .assignAll([topic]), from: start)
            defer { consumer.close() }
            #expect(try values(consumer).count == (cluster == .embedded ? 40 : 0))
            try produce(41...42, to: topic, settings, keys: 1, timestamp: WallNanos.now.microseconds / 1000)
            var read: [ReadRecord] = []
            #expect(try poll(consumer, into: &read) { $0.count == 2 })
            #expect(read.compactMap(\.value) == ["41", "42"])
        }
    }

    @Test(.enabled(if: RealKafka.isThere, RealKafka.absence))
    func `is where a member of a group begins, whatever was committed`() throws {
        try TestCluster.real.withTopic(partitions: 3) { settings, topic in
            try fill(topic, settings)
            let group = uniqueName("group")
            for round in 1...2 {
                let member = try KafkaConsumer(
                    settings: settings,
                    group: group,
                    topics: .subscribe([topic]),
                    from: .recent(microseconds: 20 * Self.second, records: 1000)
                )
                defer { member.close() }
                #expect(try values(member) == numbers(31...40), "round \(round)")
                try member.commit(waits: true)
            }
        }
    }

    @Test(arguments: TestCluster.available)
    func `a partition is gone on with where another reader left off`(cluster: TestCluster) throws {
        try cluster.withTopic(partitions: 1) { settings, topic in
            try fill(topic, settings)
            let partition = TopicPartition(topic: topic, partition: 0)
            let first = try KafkaConsumer(settings: settings, topics: .assign([partition]), from: .begin)
            defer { first.close() }
            #expect(first.position(of: partition) == nil)
            #expect(try values(first).count == 40)
            let position = try #require(first.position(of: partition))
            #expect(position == 40)
            #expect(first.position(of: TopicPartition(topic: topic, partition: 1)) == nil)
            try produce(41...43, to: topic, settings, keys: 1)
            let second = try KafkaConsumer(settings: settings, topics: .assign([]), from: .begin)
            defer { second.close() }
            try second.add([partition], from: .offset(position))
            #expect(try values(second) == numbers(41...43))
            try second.remove([partition])
            try second.add([partition], from: .recent(microseconds: 600 * Self.second, records: 1000))
            #expect(try values(second).last == "43")
        }
    }

    @Test func `a cluster that does not answer is not waited for`() throws {
        let began = MonotonicNanos.now
        let consumer = try KafkaConsumer(
            settings: KafkaSettings(bootstrapServers: "127.0.0.1:1"),
            topics: .assign([TopicPartition(topic: "t", partition: 0)]),
            from: .recent(microseconds: Self.second, records: 10)
        )
        defer { consumer.close(deadlineMilliseconds: 200) }
        let waited = (MonotonicNanos.now - began) / 1_000_000
        #expect(waited < 3 * RecentStart.patienceMilliseconds + 2000)
        #expect(!consumer.hasReachedEnd)
    }

    @Test func `a group is at no offset`() throws {
        #expect(throws: KafkaError.self) {
            try KafkaConsumer(
                settings: KafkaSettings(bootstrapServers: "127.0.0.1:1"),
                group: "g",
                topics: .subscribe(["t"]),
                from: .offset(3)
            )
        }
    }
}
