// Part of MarketBus. Apache License 2.0, see LICENSE.

import KafkaBus
import Testing
import Wire

@Suite(.serialized)
struct PartitionerTests {
    /// The partitions of Java's `DefaultPartitioner` over six partitions: `toPositive(murmur2(key)) % 6`, from an
    /// implementation that gives the hashes of Apache Kafka's own `UtilsTest` ("21" is -973932308, "foobar" -790332482).
    static let vectors: [(key: String, partition: Int32)] = [
        ("BTC-USDT", 2), ("ETH-USDT", 5), ("BTC-USDT-PERP", 3), ("BTC-USD-PERP", 0), ("SOL-USDC", 1),
        ("DOGE-USDT", 4), ("binance:BTC-USDT", 3), ("okx", 2), ("1INCH-USDT", 3), ("BTC-USDT-20261225", 4),
        ("é", 3),
    ]

    @Test
    func `a key goes to the partition that Java's producer would choose`() throws {
        let broker = try EmbeddedBroker(topics: [("md.trade.v1", 6)])
        defer { broker.close() }
        let settings = KafkaSettings(bootstrapServers: broker.bootstrapServers, isEmbedded: true)
        let producer = try KafkaProducer(settings: settings, topics: [TopicRegistry.trade], onLoss: { _ in })
        try producer.start()
        defer { producer.close() }
        for (index, vector) in Self.vectors.enumerated() {
            let record = TestRecord(seq: UInt64(index) + 1, key: vector.key, value: "v")
            #expect(record.send(to: producer) == .accepted)
        }
        #expect(producer.flush(deadlineMilliseconds: 10_000) == 0)
        let consumer = try KafkaConsumer(
            settings: settings,
            topics: .assignAll(["md.trade.v1"]),
            from: .begin
        )
        defer { consumer.close() }
        var read: [ReadRecord] = []
        #expect(try poll(consumer, into: &read) { $0.count >= Self.vectors.count })
        for vector in Self.vectors {
            #expect(read.first { $0.key == vector.key }?.partition == vector.partition, "\(vector.key)")
        }
    }
}
