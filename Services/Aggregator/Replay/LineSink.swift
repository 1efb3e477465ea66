// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc
import Wire

/// Records as lines on the standard output, `{"topic","key","value"}` each.
final class LineSink: RecordSink {
    private var writer = JSONWriter(capacity: 1 << 16)
    /// Whether the output could not be written.
    private(set) var hasFailed = false

    func send(_ record: OutboundRecord) -> SendOutcome {
        writer.literal("{\"topic\":")
        writer.string(TopicRegistry.spec(of: record.topic).name)
        writer.literal(",\"key\":")
        writer.string(bytes: record.key)
        writer.literal(",\"value\":")
        if let value = record.value { writer.raw(value) } else { writer.literal("null") }
        writer.literal("}\n")
        if writer.count > 1 << 15 { flush() }
        return .accepted
    }

    /// Writes what is waiting.
    func flush() {
        var rest = writer.bytes
        while rest.count > 0, !hasFailed {
            let count = write(STDOUT_FILENO, rest.baseAddress, rest.count)
            if count > 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno != EINTR {
                hasFailed = true
            }
        }
        writer.clear()
    }
}
