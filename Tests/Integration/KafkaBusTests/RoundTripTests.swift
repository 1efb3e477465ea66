// Part of MarketBus. Apache License 2.0, see LICENSE.

import KafkaBus
import Testing
import Wire

@Suite(.serialized)
struct RoundTripTests {
    @Test
    func `records, headers, tombstones and times come back as they were sent`() throws {
        let broker = try EmbeddedBroker(topics: [("md.trade.v1", 3)])
        defer { broker.close() }
        try roundTrip(
            KafkaSettings(bootstrapServers: broker.bootstrapServers, isEmbedded: true),
            topic: "md.trade.v1"
        )
    }

    func roundTrip(_ settings: KafkaSettings, topic: String) throws {
        let losses = LossLog()
        let producer = try KafkaProducer(
            settings: settings,
            topics: [TopicRegistry.trade],
            topicName: { _ in topic },
            onLoss: { losses.reports.append($0) }
        )
        try producer.start()
        defer { producer.close() }
        #expect(TestRecord(seq: 1, key: "BTC-USDT", value: "{\"a\":1}").send(to: producer) == .accepted)
        #expect(TestRecord(seq: 2, key: "BTC-USDT", value: nil).send(to: producer) == .accepted)
        #expect(TestRecord(seq: 3, key: "BTC-USDT", value: "").send(to: producer) == .accepted)
        #expect(TestRecord(seq: 4, key: nil, value: "no key", venue: "").send(to: producer) == .accepted)
        #expect(producer.flush(deadlineMilliseconds: 10_000) == 0)
        #expect(producer.waitUntilConnected(milliseconds: 5000))

        let consumer = try KafkaConsumer(settings: settings, topics: .assignAll([topic]), from: .begin)
        defer { consumer.close() }
        var read: [ReadRecord] = []
        #expect(try poll(consumer, into: &read) { _ in consumer.hasReachedEnd })
        let keyed = read.filter { $0.key != nil }
        #expect(keyed.map(\.value) == ["{\"a\":1}", nil, ""])
        #expect(Set(keyed.map(\.partition)).count == 1)
        #expect(keyed.allSatisfy { $0.timestamp == 1_700_000_000_123 })
        #expect(keyed[0].headers == ["schema=trade.v1", "venue=twin", "content-type=application/json"])
        let bare = try #require(read.first { $0.key == nil })
        #expect(bare.headers == ["schema=trade.v1", "content-type=application/json"])
        producer.serviceHeldRecords()
        #expect(losses.reports.isEmpty)
    }
}
