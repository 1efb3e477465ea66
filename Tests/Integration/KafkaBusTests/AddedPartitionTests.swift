// Part of MarketBus. Apache License 2.0, see LICENSE.

import KafkaBus
import Testing

@Suite(.serialized)
struct AddedPartitionTests {
    @Test(arguments: TestCluster.available)
    func `partitions come and go beside those that go on`(cluster: TestCluster) throws {
        try cluster.withTopic(partitions: 3) { settings, topic in
            try produce(1...90, to: topic, settings)
            let parts = (0..<3).map { TopicPartition(topic: topic, partition: $0) }
            let consumer = try KafkaConsumer(settings: settings, topics: .assign([parts[0]]), from: .begin)
            defer { consumer.close() }
            var read: [ReadRecord] = []
            func counts() -> [Int] { (0..<3).map { number in read.count { $0.partition == number } } }
            #expect(try poll(consumer, into: &read) { _ in consumer.hasReachedEnd })
            let first = counts()
            #expect(first[0] > 0 && first[1] == 0 && first[2] == 0)

            try consumer.add([parts[1], parts[2]], from: .begin)
            #expect(!consumer.hasReachedEnd)
            #expect(try poll(consumer, into: &read) { _ in consumer.hasReachedEnd })
            let all = counts()
            #expect(all.reduce(0, +) == 90 && all[0] == first[0])

            try consumer.remove([parts[1]])
            #expect(consumer.assignment == [parts[0], parts[2]])
            try consumer.add([parts[1]], from: .begin)
            #expect(try poll(consumer, into: &read) { _ in consumer.hasReachedEnd })
            #expect(counts() == [all[0], 2 * all[1], all[2]])

            try consumer.remove([parts[0], parts[1], parts[2]])
            try produce(91...120, to: topic, settings)
            try consumer.add([parts[0]], from: .end)
            #expect(try poll(consumer, into: &read) { _ in consumer.hasReachedEnd })
            #expect(counts() == [all[0], 2 * all[1], all[2]])
        }
    }

    @Test
    func `what a group decides is not decided by hand`() throws {
        let broker = try EmbeddedBroker(topics: [("t", 1)])
        defer { broker.close() }
        let settings = KafkaSettings(bootstrapServers: broker.bootstrapServers, isEmbedded: true)
        let topics = ConsumerTopics.subscribe(["t"])
        let member = try KafkaConsumer(settings: settings, group: "g", topics: topics, from: .begin)
        defer { member.close() }
        let part = TopicPartition(topic: "t", partition: 0)
        #expect(throws: KafkaError.self) { try member.add([part], from: .begin) }
        #expect(throws: KafkaError.self) { try member.remove([part]) }
    }
}
