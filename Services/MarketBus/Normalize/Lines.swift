// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc
import JSONView
import Wire

/// Lines of a file descriptor, in one buffer that grows with the longest, with readable bytes behind each.
final class LineReader {
    private let descriptor: Int32
    private var memory: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    private var isAtEnd = false

    init(descriptor: Int32) {
        self.descriptor = descriptor
        memory = .allocate(byteCount: 1 << 20, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { memory.deallocate() }

    /// The next line without its end, valid until the next call; nil at the end of the file.
    func next() -> FrameLine? {
        var searched = start
        while true {
            if let newline = find(from: searched) {
                defer { start = newline + 1 }
                return line(to: newline)
            }
            searched = end
            if isAtEnd {
                guard start < end else { return nil }
                defer { start = end }
                return line(to: end)
            }
            let moved = start
            fill()
            searched -= moved
        }
    }

    private func line(to stop: Int) -> FrameLine {
        var last = stop
        if last > start, memory[last - 1] == UInt8(ascii: "\r") { last -= 1 }
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[start..<last])
        return FrameLine(bytes: bytes, readable: memory.count - start)
    }

    private func find(from: Int) -> Int? {
        guard from < end, let base = memory.baseAddress else { return nil }
        guard let hit = memchr(base + from, 10, end - from) else { return nil }
        return hit - base
    }

    /// Moves what is left to the front and reads more behind it.
    private func fill() {
        let kept = end - start
        guard let base = memory.baseAddress else { return }
        if kept > 0, start > 0 { memmove(base, base + start, kept) }
        start = 0
        end = kept
        if memory.count - end < memory.count / 2 { grow() }
        let room = memory.count - end - JSONScanner.padding
        let count = read(descriptor, memory.baseAddress.map { $0 + end }, room)
        if count > 0 {
            end += count
        } else if count == 0 || errno != EINTR {
            isAtEnd = true
        }
    }

    private func grow() {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: memory.count * 2, alignment: 64)
        larger.initializeMemory(as: UInt8.self, repeating: 0)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[0..<end]))
        memory.deallocate()
        memory = larger
    }
}

/// A line in the reader's memory.
struct FrameLine {
    let bytes: UnsafeRawBufferPointer
    let readable: Int
}

/// Records as lines on standard output.
final class LineSink: RecordSink {
    private var writer = JSONWriter(capacity: 1 << 20)
    private var hasFailed = false
    private let names = TopicRegistry.all.map { Array($0.name.utf8) }

    func send(_ record: OutboundRecord) -> SendOutcome {
        writer.literal("{\"topic\":\"")
        names[Int(record.topic.index)].withUnsafeBytes { writer.raw($0) }
        writer.literal("\",\"key\":")
        writer.string(bytes: record.key)
        writer.literal(",\"value\":")
        if let value = record.value { writer.raw(value) } else { writer.literal("null") }
        writer.literal("}\n")
        if writer.count > 1 << 19 { _ = flush() }
        return .accepted
    }

    /// Writes what is waiting; false once the output can't be written.
    func flush() -> Bool {
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
        return !hasFailed
    }
}
