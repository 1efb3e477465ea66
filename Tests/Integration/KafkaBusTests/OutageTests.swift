// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc
import KafkaBus
import Lifecycle
import Observability
import Testing
import Wire

/// Sends trades and quotes of many streams at a pace, as a feed does: one thread, a service call now and then.
struct PacedSender {
    let producer: KafkaProducer
    let streams: UInt32
    var next: [UInt64]
    var outcomes: [String: Int] = [:]

    init(_ producer: KafkaProducer, streams: UInt32) {
        self.producer = producer
        self.streams = streams
        next = Array(repeating: 1, count: Int(streams) * 2)
    }

    /// Even streams are trades, odd ones quotes.
    mutating func run(milliseconds: Int64, perSecond: Int64) {
        let begin = MonotonicNanos.now
        var sent: Int64 = 0
        var lastService = begin
        while true {
            let elapsed = MonotonicNanos.now - begin
            if elapsed > milliseconds * 1_000_000 { break }
            while sent < elapsed * perSecond / 1_000_000_000 {
                sendOne(UInt32(sent % Int64(streams * 2)))
                sent += 1
            }
            if MonotonicNanos.now - lastService > 50_000_000 {
                producer.serviceHeldRecords()
                lastService = .now
            }
            usleep(1000)
        }
    }

    mutating func sendOne(_ stream: UInt32) {
        let topic = stream % 2 == 0 ? TopicRegistry.trade : TopicRegistry.bbo
        let seq = next[Int(stream)]
        next[Int(stream)] += 1
        let record = TestRecord(
            topic: topic,
            stream: stream,
            seq: seq,
            key: "S\(stream)",
            value: "\(stream) \(seq)"
        )
        outcomes["\(record.send(to: producer))", default: 0] += 1
    }
}

@Suite(.serialized)
struct OutageTests {
    static let absence: Comment = "skipped: KAFKA_BOOTSTRAP_SERVERS or MARKETBUS_TEST_KAFKA_DOWN is not set"

    @Test(arguments: [UInt32(1), 40])
    func `an outage loses no kept record and announces every conflated one`(streams: UInt32) throws {
        let broker = try EmbeddedBroker(topics: [("md.trade.v1", 6), ("md.bbo.v1", 6)])
        defer { broker.close() }
        try outage(
            KafkaSettings(bootstrapServers: broker.bootstrapServers, isEmbedded: true),
            streams: streams,
            milliseconds: 3000,
            down: { broker.pause() },
            up: { broker.resume() }
        )
    }

    /// Stops the whole cluster, so it runs alone: `--filter "a real broker"`.
    ///
    /// `MARKETBUS_TEST_KAFKA_DOWN` and `…_UP` are shell commands that kill the broker and start it again.
    @Test(
        .enabled(if: RealKafka.isThere && getenv("MARKETBUS_TEST_KAFKA_DOWN") != nil, absence),
        arguments: [getenv("MARKETBUS_TEST_OUTAGE_MS").flatMap { Int64(String(cString: $0)) } ?? 20_000]
    )
    func `an outage of a real broker loses no kept record and announces every conflated one`(
        milliseconds: Int64
    ) throws {
        let down = try #require(getenv("MARKETBUS_TEST_KAFKA_DOWN").map { String(cString: $0) })
        let up = try #require(getenv("MARKETBUS_TEST_KAFKA_UP").map { String(cString: $0) })
        var settings = KafkaSettings(bootstrapServers: RealKafka.bootstrapServers)
        if let debug = getenv("MARKETBUS_TEST_KAFKA_DEBUG") {
            settings.properties["debug"] = String(cString: debug)
        }
        let prefix = uniqueName("outage")
        let admin = try KafkaAdmin(settings: settings)
        defer { admin.close() }
        _ = try admin.prepare(
            [TopicRegistry.trade, TopicRegistry.bbo].map { TopicRegistry.spec(of: $0) },
            settings,
            topicName: { "\(prefix).\($0.name)" }
        )
        try outage(
            settings,
            prefix: "\(prefix).",
            streams: 40,
            milliseconds: milliseconds,
            down: { #expect(system(down) == 0) },
            up: { #expect(system(up) == 0) }
        )
    }

    func outage(
        _ settings: KafkaSettings,
        prefix: String = "",
        streams: UInt32,
        milliseconds: Int64,
        down: () -> Void,
        up: () -> Void
    ) throws {
        let losses = LossLog()
        let producer = try KafkaProducer(
            settings: settings,
            topics: [TopicRegistry.trade, TopicRegistry.bbo],
            observability: TestLog.observability,
            topicName: { "\(prefix)\($0.name)" },
            onLoss: { losses.reports.append($0) }
        )
        try producer.start()
        defer { producer.close() }
        #expect(producer.waitUntilConnected(milliseconds: 5000))
        var sender = PacedSender(producer, streams: streams)
        sender.run(milliseconds: 1000, perSecond: 5000)
        down()
        sender.run(milliseconds: milliseconds, perSecond: 5000)
        #expect(!producer.health.isConnected)
        up()
        sender.run(milliseconds: 3000, perSecond: 5000)
        #expect(waitUntil { producer.health.isConnected })
        producer.serviceHeldRecords()
        #expect(producer.flush(deadlineMilliseconds: 20_000) == 0)
        producer.serviceHeldRecords()
        let read = try readAll(settings, prefix, sender.next.reduce(0) { $0 + Int($1) - 1 })
        verify(read, sender, losses)
        #expect(sender.outcomes["held", default: 0] > 0)
        print("outage: \(sender.outcomes), \(losses.reports.count) holes, \(read.count) streams read")
    }

    private func readAll(
        _ settings: KafkaSettings,
        _ prefix: String,
        _ sent: Int
    ) throws -> [UInt32: [UInt64]] {
        let consumer = try KafkaConsumer(
            settings: settings,
            topics: .assignAll(["\(prefix)md.trade.v1", "\(prefix)md.bbo.v1"]),
            from: .begin
        )
        defer { consumer.close() }
        var records: [ReadRecord] = []
        #expect(try poll(consumer, into: &records) { _ in consumer.hasReachedEnd })
        var found: [UInt32: [UInt64]] = [:]
        for record in records {
            let words = (record.value ?? "").split(separator: " ")
            guard words.count == 2, let stream = UInt32(words[0]), let seq = UInt64(words[1]) else {
                continue
            }
            found[stream, default: []].append(seq)
        }
        return found
    }

    private func verify(_ read: [UInt32: [UInt64]], _ sender: PacedSender, _ losses: LossLog) {
        var doubled = 0
        for stream in 0..<(sender.streams * 2) {
            let topic = stream % 2 == 0 ? TopicRegistry.trade : TopicRegistry.bbo
            let lost = losses.lost(stream, topic)
            let seen = read[stream] ?? []
            let all = Array(1..<sender.next[Int(stream)])
            doubled += seen.count - Set(seen).count
            // The mock does not weed out what an idempotent producer sends again: first sightings have to be in order.
            var known: Set<UInt64> = []
            let first = seen.filter { known.insert($0).inserted }
            #expect(first == first.sorted(), "stream \(stream) is out of order")
            #expect((Array(known) + lost).sorted() == all, "stream \(stream) has holes or doubles")
            if topic == TopicRegistry.trade { #expect(lost.isEmpty, "stream \(stream) lost trades") }
        }
        if doubled > 0 {
            print("outage: \(doubled) records were stored twice by the broker")
        }
    }
}
