// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A producer's dense number for one sequence of records (one feed, epoch, topic and symbol); the sink reports
/// losses with it and holds conflated records under it.
public struct StreamID: Hashable, Sendable {
    /// The number, from 0, dense within one process.
    public let index: UInt32

    /// Records that belong to no sequence: their loss is counted, not announced.
    public static let none = StreamID(index: .max)

    /// Makes an identifier from its number.
    public init(index: UInt32) {
        self.index = index
    }
}

/// One encoded record on its way out.
///
/// The bytes are borrowed: they are valid only during the call.
///
/// - Thread: any one thread at a time. Allocates: never.
public struct OutboundRecord {
    /// The topic.
    public var topic: TopicID
    /// The sequence that the record belongs to.
    public var stream: StreamID
    /// The record's number in its sequence, contiguous from 1; 0 where there is no sequence.
    public var seq: UInt64
    /// The key's bytes; the partition follows from them.
    public var key: UnsafeRawBufferPointer
    /// The value's bytes, or nil for a tombstone.
    public var value: UnsafeRawBufferPointer?
    /// The venue's name for the `venue` header, or empty where the topic has none.
    public var venue: UnsafeRawBufferPointer
    /// The record's timestamp.
    ///
    /// - Unit: milliseconds since the Unix epoch.
    public var timestampMilliseconds: Int64

    /// Makes a record from borrowed bytes.
    public init(
        topic: TopicID,
        stream: StreamID,
        seq: UInt64,
        key: UnsafeRawBufferPointer,
        value: UnsafeRawBufferPointer?,
        venue: UnsafeRawBufferPointer,
        timestampMilliseconds: Int64
    ) {
        self.topic = topic
        self.stream = stream
        self.seq = seq
        self.key = key
        self.value = value
        self.venue = venue
        self.timestampMilliseconds = timestampMilliseconds
    }
}

/// What became of a record that was handed to a sink.
public enum SendOutcome: Sendable {
    /// Taken: it is delivered, or its loss is reported later.
    case accepted
    /// Held as the newest of its stream while the broker is away; what it replaced is reported as a hole.
    case held
    /// Refused because the configured memory is full: the caller's sequence has a hole, which is reported.
    case lost
}

/// Why records of a sequence will never be read.
public enum LossReason: String, Sendable {
    /// A newer record of the stream took the place of these while the broker was away.
    case conflated
    /// The configured memory for waiting records was full.
    case bufferFull = "buffer_full"
    /// The broker refused the records for good.
    case refused
    /// The process stopped before the broker took them.
    case shutdown
}

/// A range of sequence numbers that will never be read; or that records of a topic without sequences were lost.
public struct LossReport: Sendable {
    /// The sequence concerned; `none` for records that are not numbered, whatever their count.
    public let stream: StreamID
    /// The topic concerned.
    public let topic: TopicID
    /// The first lost number.
    public let firstSeq: UInt64
    /// The last lost number.
    public let lastSeq: UInt64
    /// The cause.
    public let reason: LossReason

    /// Makes a report.
    public init(stream: StreamID, topic: TopicID, firstSeq: UInt64, lastSeq: UInt64, reason: LossReason) {
        self.stream = stream
        self.topic = topic
        self.firstSeq = firstSeq
        self.lastSeq = lastSeq
        self.reason = reason
    }
}

/// Where encoded records go: Kafka in a service, lines in `normalize`, an array in a test.
///
/// - Thread: `send` is called by the one thread that owns the events.
public protocol RecordSink: AnyObject {
    /// Takes a copy of the record's bytes, or says that it can't.
    ///
    /// Never blocks.
    func send(_ record: OutboundRecord) -> SendOutcome
}
