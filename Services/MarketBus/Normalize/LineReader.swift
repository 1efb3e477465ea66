// Part of MarketBus. Apache License 2.0, see LICENSE.

import Compression
import Glibc
import JSONView

/// Lines of a file descriptor, in one buffer that grows with the longest, with readable bytes behind each.
///
/// A file that begins as a zstd file does is read as its content; one that was cut, by a crash or a full disk, ends
/// with its last whole line.
final class LineReader {
    private let descriptor: Int32
    private var memory: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    private var isAtEnd = false
    private var isFirst = true
    private var unpacker: ZstdReader?
    private var packed: [UInt8] = []
    /// Why the file ended before its end; nil where it did not.
    private(set) var damage: String?

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
        if unpacker != nil { return fillUnpacked() }
        let room = memory.count - end - JSONScanner.padding
        let count = read(descriptor, memory.baseAddress.map { $0 + end }, room)
        if count > 0 {
            if isFirst, isPacked(count) { return beginUnpacking(count) }
            isFirst = false
            end += count
        } else if count == 0 || errno != EINTR {
            isAtEnd = true
        }
    }

    private func isPacked(_ count: Int) -> Bool {
        count >= 4 && memory[end] == 0x28 && memory[end + 1] == 0xB5 && memory[end + 2] == 0x2F
            && memory[end + 3] == 0xFD
    }

    private func beginUnpacking(_ count: Int) {
        isFirst = false
        let first = Array(memory[end..<(end + count)])
        unpacker = ZstdReader()
        packed = [UInt8](repeating: 0, count: 1 << 18)
        first.withUnsafeBytes { unpack($0) }
    }

    private func fillUnpacked() {
        var chunk = packed
        packed = []
        let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        if count > 0 {
            chunk.withUnsafeBytes { unpack(UnsafeRawBufferPointer(rebasing: $0[0..<count])) }
        } else if count == 0 || errno != EINTR {
            isAtEnd = true
            do throws(ZstdError) { try unpacker?.finish() } catch { endCut("the file is cut") }
        }
        packed = chunk
    }

    private func unpack(_ bytes: UnsafeRawBufferPointer) {
        do {
            try unpacker?.read(bytes) { [self] content in append(content) }
        } catch {
            isAtEnd = true
            endCut("\(error)")
        }
    }

    /// A line that was not written to its end says nothing.
    private func endCut(_ reason: String) {
        damage = reason
        while end > start, memory[end - 1] != UInt8(ascii: "\n") { end -= 1 }
    }

    private func append(_ content: UnsafeRawBufferPointer) {
        while memory.count - end < content.count + JSONScanner.padding { grow() }
        UnsafeMutableRawBufferPointer(rebasing: memory[end...]).copyMemory(from: content)
        end += content.count
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
