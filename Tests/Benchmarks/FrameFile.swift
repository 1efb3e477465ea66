// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc
import VenueKit

/// The frames of a file, each with padding behind it, as a socket's buffer gives them.
final class FrameFile {
    private var frames: [(offset: Int, count: Int)] = []
    private let memory: UnsafeMutableRawBufferPointer
    private static let padding = 64

    var count: Int { frames.count }

    /// The lines of a text.
    convenience init?(path: String) {
        guard let bytes = Self.read(path) else { return nil }
        self.init(bytes.split(separator: UInt8(ascii: "\n")))
    }

    /// Frames of any bytes, the length of each before it in four bytes, the lowest first.
    convenience init?(packed path: String) {
        guard let bytes = Self.read(path) else { return nil }
        var parts: [ArraySlice<UInt8>] = []
        var place = 0
        while place + 4 <= bytes.count {
            let length = (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
            guard length <= bytes.count - place - 4 else { return nil }
            parts.append(bytes[(place + 4)..<(place + 4 + length)])
            place += 4 + length
        }
        self.init(parts)
    }

    private init?(_ parts: [ArraySlice<UInt8>]) {
        guard !parts.isEmpty else { return nil }
        let room = parts.reduce(0) { $0 + $1.count + Self.padding + 64 }
        memory = .allocate(byteCount: room, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        var offset = 0
        for part in parts {
            memory[offset..<(offset + part.count)].copyBytes(from: part)
            frames.append((offset, part.count))
            offset += (part.count + Self.padding + 63) / 64 * 64
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
