// Part of MarketBus. Apache License 2.0, see LICENSE.

import KafkaBus
import Lifecycle
import Testing
import Wire

struct SettingsTests {
    @Test
    func `all problems come at once, each with key and mend`() {
        var settings = KafkaSettings(
            bootstrapServers: "localhost:9092,:1,b:70000,",
            partitions: 0,
            replication: 0
        )
        settings.bufferBytes = 5
        settings.awayExitMilliseconds = -1
        settings.properties = [
            "acks": "0", "no.such.property": "1", "queued.min.messages": "many", "ssl.key.password": "hush",
            "compression.codec": "lz4",
        ]
        let problems = settings.problems()
        #expect(
            problems.map(\.key) == [
                "kafka.bootstrap_servers", "kafka.bootstrap_servers", "kafka.bootstrap_servers",
                "kafka.partitions",
                "kafka.replication", "kafka.buffer_bytes", "kafka.away_exit_ms", "kafka.properties.acks",
                "kafka.properties.no.such.property", "kafka.properties.queued.min.messages",
            ]
        )
        #expect(problems.last?.problem.contains("queued.min.messages") == true)
        #expect(!problems.contains { $0.description.contains("hush") })
        #expect(KafkaSettings(bootstrapServers: "a,b:1").problems().isEmpty)
    }

    @Test
    func `a secret's value is in no message`() {
        var settings = KafkaSettings(bootstrapServers: "a:1")
        settings.properties = ["ssl.key.pem": "top-secret-pem", "sasl.mechanism": "NOPE"]
        #expect(!settings.problems().contains { $0.description.contains("top-secret") })
    }

    @Test(arguments: ["SCRAM-SHA-256", "scram-sha-512"])
    func `SCRAM is refused with an old library, by version and with the ways out`(mechanism: String) throws {
        var settings = KafkaSettings(bootstrapServers: "a:1")
        settings.properties = ["sasl.mechanism": mechanism, "security.protocol": "SASL_SSL"]
        let parts = KafkaLibrary.version.split(separator: ".").compactMap { Int($0.prefix { $0.isNumber }) }
        let isOld = parts.lexicographicallyPrecedes([2, 6, 1])
        let problem = settings.problems().first { $0.key == "kafka.properties.sasl.mechanism" }
        #expect((problem != nil) == isOld)
        guard let problem else { return }
        #expect(problem.problem.contains(KafkaLibrary.version))
        for way in ["2.6.1 or newer", "PLAIN", "mutual TLS"] { #expect(problem.mend.contains(way)) }
        #expect(throws: KafkaError.self) {
            try KafkaProducer(settings: settings, topics: [], onLoss: { _ in })
        }
    }

    @Test
    func `a certificate that is not there is an error at start, and nothing is left behind`() throws {
        var settings = KafkaSettings(bootstrapServers: "127.0.0.1:1")
        settings.properties = ["security.protocol": "SSL", "ssl.ca.location": "/nowhere/ca.pem"]
        let producer = try KafkaProducer(settings: settings, topics: [TopicRegistry.trade], onLoss: { _ in })
        #expect(throws: KafkaError.self) { try producer.start() }
        #expect(TestRecord(seq: 1, key: "k", value: "v").send(to: producer) == .lost)
    }
}

@Suite(.serialized)
struct AwayTests {
    @Test
    func
        `a broker that is away at start is waited for, said, and ends in a failure after the configured time`()
        throws
    {
        let settings = KafkaSettings(bootstrapServers: "127.0.0.1:1", awayExitMilliseconds: 1500)
        let losses = LossLog()
        let producer = try KafkaProducer(
            settings: settings,
            topics: [TopicRegistry.trade, TopicRegistry.bbo],
            onLoss: { losses.reports.append($0) }
        )
        try producer.start()
        for seq in UInt64(1)...10 {
            #expect(TestRecord(seq: seq, key: "k", value: "v").send(to: producer) == .accepted)
        }
        let isAway = waitUntil { if case .away = producer.health { true } else { false } }
        #expect(isAway)
        let text = producer.health.text(bootstrapServers: settings.bootstrapServers)
        #expect(text.hasPrefix("no broker of 127.0.0.1:1 answers since"))
        for seq in UInt64(1)...10 {
            let record = TestRecord(topic: TopicRegistry.bbo, stream: 1, seq: seq, key: "k", value: "v")
            #expect(record.send(to: producer) == .held)
        }
        let hasFailed = waitUntil(limitMilliseconds: 5000) {
            if case .failed = producer.health { true } else { false }
        }
        #expect(hasFailed)
        let begin = MonotonicNanos.now
        #expect(producer.flush(deadlineMilliseconds: 200) == 11)
        #expect(producer.close(deadlineMilliseconds: 3000))
        #expect(MonotonicNanos.now - begin < 3_500_000_000)
        #expect(losses.lost(0, TopicRegistry.trade, reason: .shutdown) == Array(1...10))
        #expect(losses.lost(1, TopicRegistry.bbo, reason: .conflated) == Array(1...9))
        #expect(losses.lost(1, TopicRegistry.bbo, reason: .shutdown) == [10])
        #expect(losses.reports.count == 3)
    }

    @Test
    func `past the memory kept records are lost, counted and announced as one hole, and flow again`() throws {
        let broker = try EmbeddedBroker(topics: [("md.trade.v1", 1)])
        defer { broker.close() }
        let losses = LossLog()
        let producer = try KafkaProducer(
            settings: KafkaSettings(
                bootstrapServers: broker.bootstrapServers,
                bufferBytes: 1_048_576,
                isEmbedded: true
            ),
            topics: [TopicRegistry.trade],
            onLoss: { losses.reports.append($0) }
        )
        try producer.start()
        defer { producer.close() }
        #expect(producer.waitUntilConnected(milliseconds: 5000))
        broker.pause()
        let value = String(repeating: "x", count: 200)
        var accepted: UInt64 = 0
        for seq in UInt64(1)...5000
        where TestRecord(seq: seq, key: "k", value: value).send(to: producer) == .accepted {
            accepted = seq
        }
        #expect(accepted >= 800 && accepted < 3000)
        producer.serviceHeldRecords()
        #expect(losses.reports.isEmpty, "the hole is still open")
        broker.resume()
        #expect(producer.flush(deadlineMilliseconds: 15_000) == 0)
        #expect(TestRecord(seq: 5001, key: "k", value: value).send(to: producer) == .accepted)
        producer.serviceHeldRecords()
        #expect(losses.reports.count == 1)
        #expect(losses.lost(0, TopicRegistry.trade, reason: .bufferFull) == Array((accepted + 1)...5000))
        #expect(producer.counters.bufferFull.value == 5000 - accepted)
    }
}
