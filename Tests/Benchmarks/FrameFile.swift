// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc
import VenueKit

/// The lines of a file, each with padding behind it, as a socket's buffer gives them.
final class FrameFile {
    private var frames: [(offset: Int, count: Int)] = []
    private let memory: UnsafeMutableRawBufferPointer
    private static let padding = 64

    var count: Int { frames.count }

    init?(path: String) {
        guard let bytes = Self.read(path) else { return nil }
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        guard !lines.isEmpty else { return nil }
        memory = .allocate(byteCount: bytes.count + lines.count * (Self.padding + 64), alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        var offset = 0
        for line in lines {
            memory[offset..<(offset + line.count)].copyBytes(from: line)
            frames.append((offset, line.count))
            offset += (line.count + Self.padding + 63) / 64 * 64
        }
    }

    deinit { memory.deallocate() }

    subscript(index: Int) -> FrameBytes {
        let (offset, count) = frames[index]
        let bytes = UnsafeRawBufferPointer(
            rebasing: UnsafeRawBufferPointer(memory)[offset..<(offset + count)]
        )
        return FrameBytes(bytes, readable: count + Self.padding)
    }

    private static func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[0..<count])
        }
    }
}

/// Clocks of the machine.
///
/// - Unit: nanoseconds.
enum Clock {
    /// Time that only goes forward.
    static var monotonic: Int64 { read(CLOCK_MONOTONIC) }
    /// The time of day.
    ///
    /// - Unit: microseconds since the Unix epoch.
    static var wallMicroseconds: Int64 { read(CLOCK_REALTIME) / 1000 }
    /// What the calling thread has spent of a core.
    static var thread: Int64 { read(CLOCK_THREAD_CPUTIME_ID) }
    /// What the process has spent of all cores.
    static var process: Int64 { read(CLOCK_PROCESS_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
