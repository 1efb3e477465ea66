// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc
import KafkaBus
import Lifecycle
import Observability
import Testing
import Wire

/// The cluster that the environment names, if any.
enum RealKafka {
    static let bootstrapServers = getenv("KAFKA_BOOTSTRAP_SERVERS").map { String(cString: $0) } ?? ""
    static var isThere: Bool { !bootstrapServers.isEmpty }
    static let absence: Comment = "skipped: KAFKA_BOOTSTRAP_SERVERS is not set"
}

/// The library's log lines on stderr when `MARKETBUS_TEST_KAFKA_DEBUG` is set, for the engineer who looks for a fault.
enum TestLog {
    static let observability =
        getenv("MARKETBUS_TEST_KAFKA_DEBUG") == nil
        ? Observability.silent
        : Observability(logger: Logger(service: "test", instance: "kafka", level: .debug))
}

/// A name that no other test or run uses.
func uniqueName(_ stem: String) -> String {
    "\(stem).\(getpid()).\(UInt32.random(in: 0 ... .max))"
}

/// One record of a test with owned bytes.
struct TestRecord {
    var topic = TopicRegistry.trade
    var stream: UInt32 = 0
    var seq: UInt64
    var key: String?
    var value: String?
    var venue = "twin"
    var timestamp: Int64 = 1_700_000_000_123

    func send(to sink: some RecordSink) -> SendOutcome {
        var key = self.key ?? ""
        var venue = self.venue
        return key.withUTF8 { keyBytes in
            venue.withUTF8 { venueBytes in
                func send(_ value: UnsafeRawBufferPointer?) -> SendOutcome {
                    sink.send(
                        OutboundRecord(
                            topic: topic,
                            stream: stream == .max ? .none : StreamID(index: stream),
                            seq: seq,
                            key: self.key == nil
                                ? UnsafeRawBufferPointer(start: nil, count: 0)
                                : UnsafeRawBufferPointer(keyBytes),
                            value: value,
                            venue: UnsafeRawBufferPointer(venueBytes),
                            timestampMilliseconds: timestamp
                        )
                    )
                }
                guard var value else { return send(nil) }
                return value.withUTF8 { send(UnsafeRawBufferPointer($0)) }
            }
        }
    }
}

/// What a test keeps of a record that it read.
struct ReadRecord: Equatable {
    var topic: String
    var partition: Int32
    var offset: Int64
    var timestamp: Int64
    var key: String?
    var value: String?
    var headers: [String]

    init(_ record: borrowing ConsumedRecord) {
        topic = record.topic
        partition = record.partition
        offset = record.offset
        timestamp = record.timestampMilliseconds
        key = record.key.map { String(decoding: $0, as: UTF8.self) }
        value = record.value.map { String(decoding: $0, as: UTF8.self) }
        headers = record.headers.map { "\($0.name)=\($0.value)" }
    }
}

/// Collects loss reports on the sender's thread.
final class LossLog {
    var reports: [LossReport] = []

    func lost(_ stream: UInt32, _ topic: TopicID, reason: LossReason? = nil) -> [UInt64] {
        reports.filter {
            $0.stream.index == stream && $0.topic == topic && (reason == nil || $0.reason == reason)
        }
        .flatMap { Array($0.firstSeq...$0.lastSeq) }
    }
}

/// Polls until the condition holds or the limit is reached; returns whether it held.
func poll(
    _ consumer: KafkaConsumer,
    limitMilliseconds: Int64 = 20_000,
    into records: inout [ReadRecord],
    until condition: ([ReadRecord]) -> Bool
) throws -> Bool {
    let deadline = MonotonicNanos.now.advanced(milliseconds: limitMilliseconds)
    while MonotonicNanos.now < deadline {
        var batch: [ReadRecord] = []
        try consumer.poll(waitMilliseconds: 50) { batch.append(ReadRecord($0)) }
        records += batch
        if condition(records) { return true }
    }
    return false
}

/// Waits until the condition holds or the limit is reached.
func waitUntil(limitMilliseconds: Int64 = 20_000, _ condition: () -> Bool) -> Bool {
    let deadline = MonotonicNanos.now.advanced(milliseconds: limitMilliseconds)
    while MonotonicNanos.now < deadline {
        if condition() { return true }
        usleep(2000)
    }
    return condition()
}
