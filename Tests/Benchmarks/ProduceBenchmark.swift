// Part of MarketBus. Apache License 2.0, see LICENSE.

import KafkaBus
import Wire

/// Recorded frames handed to librdkafka, beside librdkafka alone with records of the same size.
///
/// Both send bursts that stay in the library's queue, against the embedded broker, and are measured on the sending
/// thread's own processor time: what the library's threads do afterwards is the same for both.
struct ProduceBenchmark {
    let folder: String
    private static let burst = 40_000
    private static let rounds = 9

    func runAll() throws {
        let topics = TopicRegistry.all.map { (name: $0.name, partitions: $0.partitions) }
        let broker = try EmbeddedBroker(topics: topics)
        defer { broker.close() }
        for kind in FrameKind.all {
            guard let frames = kind.frames(in: folder) else { continue }
            let capture = FirstRecord()
            var path = HotPath(kind, frames, sink: capture)
            path.beginPass()
            capture.forget()
            for index in 0..<min(frames.count, 20) where capture.value.isEmpty { path.take(frames[index]) }
            floor(kind, capture, broker.bootstrapServers)
            try ours(kind, frames, broker.bootstrapServers)
        }
    }

    private func ours(_ kind: FrameKind, _ frames: FrameFile, _ servers: String) throws {
        let settings = KafkaSettings(bootstrapServers: servers, bufferBytes: 1 << 30, isEmbedded: true)
        let producer = try KafkaProducer(
            settings: settings,
            topics: TopicRegistry.all.indices.map { TopicID(index: UInt8(truncatingIfNeeded: $0)) },
            onLoss: { _ in }
        )
        try producer.start()
        _ = producer.waitUntilConnected(milliseconds: 10_000)
        var path = HotPath(kind, frames, sink: producer)
        var results: [Double] = []
        for _ in 0..<Self.rounds {
            let start = Clock.thread
            for index in 0..<Self.burst {
                let place = index % frames.count
                if place == 0 { path.beginPass() }
                path.take(frames[place])
            }
            results.append(Double(Clock.thread - start) / Double(Self.burst))
            _ = producer.flush(deadlineMilliseconds: 30_000)
        }
        results.sort()
        Report.line(
            "frame-kafka",
            kind.name,
            best: results[0],
            median: results[results.count / 2],
            errors: path.errors
        )
        producer.close()
    }

    /// Bare librdkafka: the same record again and again, with and without the house's three headers.
    private func floor(_ kind: FrameKind, _ record: FirstRecord, _ servers: String) {
        for hasHeaders in [false, true] {
            guard let client = BareProducer(servers) else { return }
            var results: [Double] = []
            for _ in 0..<Self.rounds {
                let start = Clock.thread
                for _ in 0..<Self.burst { client.produce(record, hasHeaders: hasHeaders) }
                results.append(Double(Clock.thread - start) / Double(Self.burst))
                client.flush()
            }
            results.sort()
            let name = hasHeaders ? "floor-kafka-headers" : "floor-kafka"
            Report.line(name, kind.name, best: results[0], median: results[results.count / 2], errors: 0)
            client.close()
        }
    }
}

/// Keeps a copy of the first record.
final class FirstRecord: RecordSink {
    private(set) var key: [UInt8] = []
    private(set) var value: [UInt8] = []

    init() {}

    /// A made-up record, for loads whose contents don't matter.
    init(key: String, valueBytes: Int) {
        self.key = Array(key.utf8)
        value = Array(repeating: UInt8(ascii: "x"), count: valueBytes)
    }

    /// Waits for the next first record.
    func forget() { value = [] }

    func setKey(_ text: String) { key = Array(text.utf8) }

    func send(_ record: OutboundRecord) -> SendOutcome {
        if value.isEmpty {
            key = Array(record.key)
            value = record.value.map { Array($0) } ?? []
        }
        return .accepted
    }
}
