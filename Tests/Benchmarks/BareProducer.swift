// Part of MarketBus. Apache License 2.0, see LICENSE.

import CRdKafka
import Glibc
import Wire

/// librdkafka as its own examples use it, with the properties of the house's producer.
final class BareProducer {
    private let client: OpaquePointer
    private let topic: OpaquePointer
    private let schema = UnsafeMutablePointer<CChar>.allocate(capacity: 8)
    private let venue = UnsafeMutablePointer<CChar>.allocate(capacity: 8)

    init?(_ servers: String) {
        let configuration = rd_kafka_conf_new()
        var text = [CChar](repeating: 0, count: 256)
        let properties = [
            ("bootstrap.servers", servers), ("enable.idempotence", "true"), ("compression.codec", "lz4"),
            ("partitioner", "murmur2_random"), ("linger.ms", "2"), ("delivery.report.only.error", "true"),
            ("queue.buffering.max.messages", "1000000"), ("queue.buffering.max.kbytes", "1048576"),
            ("socket.nagle.disable", "true"),
        ]
        for (key, value) in properties {
            guard rd_kafka_conf_set(configuration, key, value, &text, text.count) == RD_KAFKA_CONF_OK else {
                return nil
            }
        }
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, &text, text.count),
            let topic = rd_kafka_topic_new(client, "md.bbo.v1", nil)
        else { return nil }
        self.client = client
        self.topic = topic
        strcpy(schema, "bbo.v1")
        strcpy(venue, "binance")
    }

    deinit {
        schema.deallocate()
        venue.deallocate()
    }

    func produce(_ record: FirstRecord, hasHeaders: Bool) {
        record.key.withUnsafeBytes { key in
            record.value.withUnsafeBytes { value in
                var message = md_kafka_record(
                    key: key.baseAddress,
                    key_size: key.count,
                    value: value.baseAddress,
                    value_size: value.count,
                    schema: schema,
                    schema_size: 6,
                    venue: venue,
                    venue_size: 7,
                    timestamp_ms: 1_723_161_254_087,
                    opaque: nil
                )
                if hasHeaders {
                    _ = md_kafka_produce(client, topic, &message)
                } else {
                    _ = md_kafka_produce_raw(client, topic, &message, nil)
                }
            }
        }
    }

    func flush() { _ = rd_kafka_flush(client, 30_000) }

    func close() {
        rd_kafka_topic_destroy(topic)
        rd_kafka_destroy(client)
    }
}

/// What waking so many times a second and handing a record to bare librdkafka costs: the floor of any feed's load.
struct PaceBenchmark {
    let servers: String
    let rate: Double
    let seconds: Double

    func run() {
        guard let client = BareProducer(servers) else { return }
        let record = FirstRecord(key: "BTC-USDT", valueBytes: 330)
        let start = Clock.monotonic
        let cpu = Clock.process
        let count = Int(rate * seconds)
        for index in 0..<count {
            let due = start + Int64(Double(index) / rate * 1e9)
            let wait = due - Clock.monotonic
            if wait > 0 { usleep(useconds_t(wait / 1000)) }
            record.setKey("S\(index % 12)-USDT")
            client.produce(record, hasHeaders: true)
        }
        let spent = Double(Clock.process - cpu)
        let elapsed = Double(Clock.monotonic - start) / 1e9
        client.flush()
        client.close()
        print("bare librdkafka\t\(Int(Double(count) / elapsed)) records/s\t" + Report.share(spent, elapsed))
    }
}
