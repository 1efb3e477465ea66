// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Glibc
import Wire

/// Records as lines of a file or pipe, `{"topic","key","value"}` each, in the order in which they were sent.
///
/// It waits for a slow reader. What a full disk or a reader that left cuts short stays cut: further records are lost, and
/// ``flush()`` says why.
///
/// - Thread: one. Allocates: only where a record is longer than all before.
public final class RecordLineWriter: RecordSink {
    /// What may wait before it is written.
    ///
    /// - Unit: bytes.
    private static let piece = 1 << 15

    private let descriptor: Int32
    private var writer = JSONWriter(capacity: 2 * piece)
    private let names = TopicRegistry.all.map { Array($0.name.utf8) }
    /// Why nothing more is written; nil while all was.
    public private(set) var failure: RecordLineError?

    /// Writes to a descriptor that stays the caller's.
    ///
    /// From now on the process ignores SIGPIPE: a reader that left is an error like others, not the end of everything.
    public init(descriptor: Int32 = STDOUT_FILENO) {
        self.descriptor = descriptor
        signal(SIGPIPE, SIG_IGN)
    }

    /// Takes a line; what waits is written once it is enough.
    public func send(_ record: OutboundRecord) -> SendOutcome {
        guard failure == nil else { return .lost }
        writer.literal("{\"topic\":\"")
        names[Int(record.topic.index)].withUnsafeBytes { writer.raw($0) }
        writer.literal("\",\"key\":")
        writer.string(bytes: record.key)
        writer.literal(",\"value\":")
        if let value = record.value { writer.raw(value) } else { writer.literal("null") }
        writer.literal("}\n")
        if writer.count > Self.piece { writeOut() }
        return failure == nil ? .accepted : .lost
    }

    /// Writes what is waiting.
    ///
    /// - Throws: ``RecordLineError`` where this or anything before could not be written.
    public func flush() throws(RecordLineError) {
        writeOut()
        if let failure { throw failure }
    }

    private func writeOut() {
        defer { writer.clear() }
        guard failure == nil, let start = writer.bytes.baseAddress else { return }
        let number = md_write_all(descriptor, start, writer.count)
        if number != 0 { failure = RecordLineError(writing: number) }
    }
}
