// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Testing
import Wire

@testable import KafkaBus

struct LossLedgerTests {
    private let stream = StreamID(index: 3)
    private let topic = TopicRegistry.trade

    @Test
    func `neighbours become one range, a gap or another reason begins a new one`() {
        var ledger = LossLedger(capacity: 10)
        for seq in UInt64(5)...9 { ledger.lose(stream, topic, seq, .bufferFull) }
        ledger.lose(stream, topic, 12, .bufferFull)
        ledger.lose(stream, topic, 13, .refused)
        #expect(ledger.drain().map { [$0.firstSeq, $0.lastSeq] } == [[5, 9]])
        ledger.end(stream, topic, .bufferFull)
        #expect(ledger.drain().map { [$0.firstSeq, $0.lastSeq] } == [[12, 12]])
        ledger.endAll()
        #expect(ledger.drain().map(\.reason) == [.refused])
        #expect(ledger.isEmpty)
    }

    @Test
    func `past its capacity ranges are counted`() {
        var ledger = LossLedger(capacity: 2)
        for index in UInt32(0)..<5 { ledger.lose(StreamID(index: index), topic, 1, .refused) }
        #expect(ledger.overflow == 3)
        ledger.endAll()
        #expect(ledger.drain().count == 2)
    }

    @Test
    func `of records without a sequence it is told once that some were lost`() {
        var ledger = LossLedger(capacity: 2)
        for _ in 0..<5 { ledger.lose(.none, TopicRegistry.instrument, 0, .refused) }
        ledger.lose(.none, TopicRegistry.feedStatus, 0, .refused)
        #expect(!ledger.isEmpty)
        let reports = ledger.drain()
        #expect(Set(reports.map(\.topic)) == [TopicRegistry.instrument, TopicRegistry.feedStatus])
        #expect(reports.allSatisfy { $0.stream == .none && $0.firstSeq == $0.lastSeq })
        #expect(ledger.isEmpty)
    }
}

/// A sink in front of held records: it holds all, then lets all through.
private final class HoldingSink: RecordSink {
    var held = HeldRecords(maximumStreams: 4, maximumBytes: 2048)
    var ledger = LossLedger(capacity: 100)
    var released: [String] = []

    func send(_ record: OutboundRecord) -> SendOutcome {
        held.hold(record, ledger: &ledger) == .held ? .held : .lost
    }

    func release(_ limit: Int = .max) -> [LossReport] {
        held.release { record in
            guard released.count < limit else { return false }
            let value = record.value.map { String(decoding: $0, as: UTF8.self) } ?? "-"
            let key = String(decoding: record.key, as: UTF8.self)
            released.append("\(key):\(record.seq)=\(value)@\(String(decoding: record.venue, as: UTF8.self))")
            return true
        }
    }
}

struct HeldRecordsTests {
    @Test
    func `the newest of each stream is kept and what it replaced is one hole`() {
        let sink = HoldingSink()
        for seq in UInt64(1)...5 {
            #expect(TestRecord(stream: 1, seq: seq, key: "a", value: "v\(seq)").send(to: sink) == .held)
        }
        #expect(TestRecord(stream: 0, seq: 7, key: "b", value: nil).send(to: sink) == .held)
        let first = sink.release(1)
        #expect(first.map { [$0.firstSeq, $0.lastSeq] } == [[1, 4]])
        #expect(sink.held.count == 1)
        #expect(sink.release().isEmpty)
        #expect(sink.released == ["a:5=v5@twin", "b:7=-@twin"])
    }

    @Test
    func `a new epoch's numbers do not join the old one's hole`() {
        let sink = HoldingSink()
        for seq in [UInt64(100), 101, 1, 2] {
            #expect(TestRecord(stream: 2, seq: seq, key: "a", value: "v").send(to: sink) == .held)
        }
        #expect(sink.ledger.drain().map { [$0.firstSeq, $0.lastSeq] } == [[100, 101]])
        #expect(sink.release().map { [$0.firstSeq, $0.lastSeq] } == [[1, 1]])
    }

    @Test
    func `the bounds on streams and bytes hold, and a record that does not fit leaves the older one`() {
        let sink = HoldingSink()
        #expect(TestRecord(stream: 4, seq: 1, key: "a", value: "v").send(to: sink) == .lost)
        #expect(TestRecord(stream: 0, seq: 1, key: "a", value: "v").send(to: sink) == .held)
        let big = String(repeating: "x", count: 4000)
        #expect(TestRecord(stream: 0, seq: 2, key: "a", value: big).send(to: sink) == .lost)
        let larger = String(repeating: "y", count: 600)
        #expect(TestRecord(stream: 0, seq: 3, key: "a", value: larger).send(to: sink) == .held)
        _ = sink.release()
        #expect(sink.released == ["a:3=\(larger)@twin"])
    }

    @Test
    func `what is given up at the end is reported with what it had replaced`() {
        let sink = HoldingSink()
        for seq in UInt64(1)...3 { _ = TestRecord(stream: 1, seq: seq, key: "a", value: "v").send(to: sink) }
        let given = sink.held.abandon(ledger: &sink.ledger)
        #expect(given == 1)
        sink.ledger.endAll()
        let reports = sink.ledger.drain()
        #expect(
            reports.map { "\($0.firstSeq)-\($0.lastSeq) \($0.reason)" } == ["1-2 conflated", "3-3 shutdown"]
        )
    }
}

struct HealthMachineTests {
    private let settings = KafkaSettings(bootstrapServers: "b:1", awayExitMilliseconds: 60_000)
    private func at(_ seconds: Int64) -> MonotonicNanos { MonotonicNanos(seconds * 1_000_000_000) }

    private func text(_ machine: HealthMachine, _ seconds: Int64) -> String {
        machine.health.text(bootstrapServers: "b:1", now: at(seconds))
    }

    @Test
    func `silence at start becomes absence, an answer ends it, a second absence counts from its own begin`() {
        var machine = HealthMachine(settings, now: at(0))
        #expect(machine.take(.tick, now: at(1)) == false)
        #expect(text(machine, 1) == "connecting to b:1")
        #expect(machine.take(.tick, now: at(4)) == true)
        #expect(text(machine, 12) == "no broker of b:1 answers since 12 s (no answer yet)")
        #expect(machine.take(.answered, now: at(50)) == true)
        #expect(text(machine, 50) == "connected to b:1")
        #expect(machine.take(.lost(detail: "refused"), now: at(100)) == true)
        #expect(text(machine, 103) == "no broker of b:1 answers since 3 s (refused)")
        #expect(machine.take(.tick, now: at(159)) == false)
        #expect(machine.take(.tick, now: at(160)) == true)
        #expect(text(machine, 160) == "no broker of b:1 answered for 60 s")
        #expect(machine.take(.answered, now: at(161)) == false)
    }

    @Test
    func `a refused log-in is not hidden by the closed connection that follows`() {
        var machine = HealthMachine(settings, now: at(0))
        #expect(machine.take(.trouble(detail: "log-in refused: bad", isLogin: true), now: at(1)) == true)
        _ = machine.take(.trouble(detail: "closed", isLogin: false), now: at(2))
        #expect(text(machine, 5) == "no broker of b:1 answers since 5 s (log-in refused: bad)")
    }

    @Test
    func `one broker's trouble is no absence`() {
        var machine = HealthMachine(settings, now: at(0))
        _ = machine.take(.answered, now: at(0))
        #expect(machine.take(.trouble(detail: "one of three", isLogin: false), now: at(1)) == false)
        #expect(machine.health.isConnected)
    }
}

struct StatisticsTests {
    private func read(_ text: String) -> KafkaStatistics {
        Array(text.utf8).withUnsafeBytes { KafkaStatistics(json: $0) }
    }

    private let sample = """
        { "name": "p", "msg_cnt":22710, "msg_size":704010, "msg_max":500000, "msg_size_max":1073741824,
        "brokers": { "a:9092/2": { "name":"a:9092/2", "nodeid":2, "state":"UP", "rxidle":5000000, "waitresp_cnt":%,
        "rtt": { "min":1580, "p99":2600 }, "txretries":1, "toppars":{ "t-1": {"topic":"t", "partition":1} } },
        "b:9092/1": { "name":"b:9092/1", "state":"DOWN", "rxidle":-1, "req_timeouts":3, "rtt":{"p99":9} } },
        "topics":{ "t \\"x\\" }": {"msg_cnt":7, "partitions":{"0":{"msgs":1}}} },
        "eos":{ "idemp_state":"Assigned" }, "tx":631, "txmsgs":4300753, "rxmsgs":2 }
        """

    @Test
    func `the fields that are used are found and nothing else is mistaken for them`() {
        let found = read(sample.replacing("%", with: "0"))
        #expect(found.queuedRecords == 22_710 && found.queuedBytes == 704_010)
        #expect(found.maximumRecords == 500_000 && found.maximumBytes == 1_073_741_824)
        #expect(found.transmittedRecords == 4_300_753 && found.receivedRecords == 2 && found.requests == 631)
        #expect(found.brokersUp == 1 && found.retries == 1 && found.timeouts == 3)
        #expect(found.roundTripMicroseconds == 2600)
        #expect(found.hasProducerID)
        #expect(!found.isStuck)
    }

    @Test
    func `a broker that owes an answer for seconds while none is heard is stuck`() {
        #expect(read(sample.replacing("%", with: "2")).isStuck)
    }

    @Test
    func `the first request after an idle time is no absence, and silence at two looks is`() {
        let idle = read(sample.replacing("%", with: "0"))
        let sent = read(sample.replacing("%", with: "1"))
        let later = read(sample.replacing("%", with: "1").replacing("5000000", with: "6000000"))
        #expect(sent.isStuck && !sent.isStuck(after: idle))
        #expect(later.isStuck(after: sent))
        // It was heard in between, and idle again.
        #expect(!sent.isStuck(after: later))
    }

    @Test
    func `cut and mangled statistics end the walk without harm`() {
        for length in 0..<sample.utf8.count {
            _ = read(String(decoding: sample.utf8.prefix(length), as: UTF8.self))
        }
        for text in [
            "", "{", "\"", "\"\\", "{{{{{{{{{{{{", "}}}}", "{\"a\":-", "{\"msg_cnt\":99999999999999999999}",
        ] {
            #expect(read(text).queuedRecords == 0)
        }
    }
}

struct TopicCheckTests {
    private func topic(partitions: Int = 6, replication: Int = 3, minimum: Int? = 2) -> TopicDescription {
        TopicDescription(
            name: "md.trade.v1",
            partitions: partitions,
            replication: replication,
            leaderless: 0,
            cleanupPolicy: "delete",
            minimumInSync: minimum,
            retentionMilliseconds: nil
        )
    }

    private func problems(_ found: TopicDescription) -> [String] {
        let settings = KafkaSettings(bootstrapServers: "k:9092", replication: 3)
        let plan = TopicPlan(TopicRegistry.spec(of: TopicRegistry.trade), settings)
        return TopicCheck.problems(
            of: [plan],
            found: [found],
            brokers: [1, 2, 3],
            bootstrapServers: "k:9092"
        )
        .map { "\($0.problem) | \($0.mend)" }
    }

    @Test
    func `each difference is a problem with the command that mends it`() {
        #expect(problems(topic()).isEmpty)
        #expect(problems(topic(partitions: 12)).first?.contains("kafka.partitions=12") == true)
        #expect(problems(topic(minimum: 4)).first?.contains("min.insync.replicas=3") == true)
        let replicas = problems(topic(partitions: 6, replication: 1, minimum: 1)).first
        #expect(replicas?.contains("has 1 replicas, not 3") == true)
        #expect(
            replicas?.contains("{\"topic\":\"md.trade.v1\",\"partition\":1,\"replicas\":[2,3,1]}") == true
        )
        #expect(
            replicas?.contains("kafka-reassign-partitions.sh --bootstrap-server k:9092 --execute") == true
        )
    }
}
