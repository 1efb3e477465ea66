// Part of MarketBus. Apache License 2.0, see LICENSE.

import AllocationCount
import Compression
import Testing

@Suite struct ZstdTests {
    private struct DiskFull: Error {}

    @Test(arguments: [1, 3, 19]) func `chunks of any size come back through chunks of any size`(
        level: Int
    ) throws {
        var dice = Dice(state: UInt64(level))
        for round in 0..<6 {
            let content = Samples.content(Int.random(in: 0...200_000, using: &dice), seed: UInt64(round))
            let file = try compressed(content, level: level, chunk: Int.random(in: 1...100_000, using: &dice))
            let read = try readBack(file, chunk: Int.random(in: 1...70_000, using: &dice))
            #expect(read.content == content)
            #expect(read.failure == nil)
        }
    }

    @Test func `a reader takes single bytes and several frames`() throws {
        let parts = (0..<3).map { Samples.content(5000, seed: $0) }
        let file = try parts.flatMap { try compressed($0) }
        let read = try readBack(file, chunk: 1)
        #expect(read.content == parts.flatMap { $0 })
        #expect(read.failure == nil)
    }

    @Test func `a file that is cut can be read up to the last flush`() throws {
        let writer = try #require(ZstdWriter())
        var file: [UInt8] = []
        var written: [UInt8] = []
        var marks: [(file: Int, content: Int)] = [(0, 0)]
        for step in 0..<40 {
            let chunk = Samples.content(1 + step * 97, seed: UInt64(step))
            written += chunk
            try chunk.withUnsafeBytes { try writer.write($0) { file += $0 } }
            if step % 3 == 0 { try writer.flush { file += $0 } }
            if step % 10 == 9 { try writer.endFrame { file += $0 } }
            if step % 3 == 0 || step % 10 == 9 { marks.append((file.count, written.count)) }
        }
        try writer.endFrame { file += $0 }
        for end in stride(from: 0, through: file.count, by: 131) {
            let read = try readBack(Array(file[..<end]), chunk: 4096)
            let sure = marks.last { $0.file <= end }?.content ?? 0
            #expect(read.content.count >= sure, "cut at \(end)")
            #expect(written.starts(with: read.content), "cut at \(end)")
            #expect(read.failure == nil || read.failure == .truncated)
        }
        #expect(try readBack(Array(file.dropLast()), chunk: 4096).failure == .truncated)
        #expect(try readBack(file, chunk: 4096).content == written)
    }

    @Test func `flushing or ending nothing writes nothing`() throws {
        let writer = try #require(ZstdWriter())
        var file: [UInt8] = []
        try writer.flush { file += $0 }
        try writer.endFrame { file += $0 }
        #expect(file.isEmpty)
        #expect(!writer.isInFrame)
    }

    @Test func `no flipped bit gives another content`() throws {
        let content = Samples.content(400, seed: 9)
        let file = try compressed(content)
        for bit in 0..<(file.count * 8) {
            var damaged = file
            damaged[bit / 8] ^= 1 << (bit % 8)
            let read = try readBack(damaged, chunk: 64)
            #expect(read.failure != nil || read.content == content || read.content.isEmpty, "bit \(bit)")
        }
    }

    @Test func `text is damage, and a spent reader says so`() throws {
        let reader = try #require(ZstdReader())
        let text = Array(#"{"ch":"market"}"#.utf8)
        text.withUnsafeBytes { bytes in
            #expect(throws: ZstdError.damaged) { try reader.read(bytes) { _ in } }
            #expect(throws: ZstdError.spent) { try reader.read(bytes) { _ in } }
            #expect(throws: ZstdError.spent) { try reader.finish() }
        }
    }

    @Test func `a window above the limit is refused`() throws {
        let file = try compressed(Samples.content(300_000, seed: 4))
        let reader = try #require(ZstdReader(windowLog: 10))
        file.withUnsafeBytes { bytes in
            _ = #expect(throws: ZstdError.windowTooLarge) { try reader.read(bytes) { _ in } }
        }
    }

    @Test func `what the sink throws comes out, and nothing follows`() throws {
        let writer = try #require(ZstdWriter())
        try Samples.content(1000, seed: 1).withUnsafeBytes { bytes in
            try writer.write(bytes) { _ in }
            #expect(throws: DiskFull.self) { try writer.flush { _ in throw DiskFull() } }
            #expect(throws: ZstdError.spent) { try writer.write(bytes) { _ in } }
        }
    }

    @Test func `levels and windows out of range make nothing`() {
        #expect(ZstdWriter(level: 0) == nil)
        #expect(ZstdWriter(level: 23) == nil)
        #expect(ZstdReader(windowLog: 9) == nil)
        #expect(ZstdReader(windowLog: 31) == nil)
    }

    @Test func `steady state asks for no memory`() throws {
        let writer = try #require(ZstdWriter())
        let reader = try #require(ZstdReader())
        let content = Samples.content(200_000, seed: 8)
        var total = 0
        func round() throws {
            try content.withUnsafeBytes { bytes in
                try writer.write(bytes) { try reader.read($0) { total += $0.count } }
                try writer.flush { try reader.read($0) { total += $0.count } }
            }
        }
        try round()
        try round()
        #expect(total == 400_000)
        #expect(try AllocationCounter.count(round) == 0)
    }

    private func compressed(_ content: [UInt8], level: Int = 3, chunk: Int = 65_536) throws -> [UInt8] {
        let writer = try #require(ZstdWriter(level: level))
        var file: [UInt8] = []
        try content.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: chunk) {
                let part = bytes[start..<min(start + chunk, bytes.count)]
                try writer.write(UnsafeRawBufferPointer(rebasing: part)) { file += $0 }
            }
        }
        try writer.endFrame { file += $0 }
        return file
    }

    /// What can be read, and why no more.
    private func readBack(_ file: [UInt8], chunk: Int) throws -> (content: [UInt8], failure: ZstdError?) {
        let reader = try #require(ZstdReader())
        var content: [UInt8] = []
        do {
            try file.withUnsafeBytes { bytes in
                for start in stride(from: 0, to: bytes.count, by: chunk) {
                    let part = bytes[start..<min(start + chunk, bytes.count)]
                    try reader.read(UnsafeRawBufferPointer(rebasing: part)) { content += $0 }
                }
            }
            try reader.finish()
        } catch let failure as ZstdError {
            return (content, failure)
        }
        return (content, nil)
    }
}
