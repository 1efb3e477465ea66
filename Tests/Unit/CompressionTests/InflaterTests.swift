// Part of MarketBus. Apache License 2.0, see LICENSE.

import AllocationCount
import Compression
import Testing

@Suite struct InflaterTests {
    /// A frame as a venue's server packs it: RFC 1952 by another library than ours.
    private static let foreignFrame =
        "1f8b0800000000000003558e410a83301444ef32eb107e8c3f1a6fd0b5bd808981062b621317ad78f7865a0a"
        + "5d0d33f3606687bfa1c33c3ca690a5cb7e4b6351b740202774ca68b2b6b646ab864b14fd846e470aeb652cad"
        + "6e88b8ae5991151852e9b8328625551fdbc757289464aa54ab045c1c7fc4694f82a46a75c34660dd961cae71"
        + "0effd35a203d67b7dccbd7ef491cc71b384a2d85bd000000"
    private static let foreignContent =
        #"{"ch":"market.btcusdt.bbo","ts":1630994963175,"tick":{"seqId":137005445109,"ask":52665.02,"a"#
        + #"skSize":1.502181,"bid":52665.01,"bidSize":0.183756,"quoteTime":1630994963173,"symbol":"btcus"#
        + #"dt"}}"#

    @Test func `a frame of another gzip is read`() throws {
        let frame = stride(from: 0, to: Self.foreignFrame.count, by: 2).compactMap { at in
            UInt8(Self.foreignFrame.dropFirst(at).prefix(2), radix: 16)
        }
        #expect(try inflated(frame, by: try make()) == Array(Self.foreignContent.utf8))
    }

    @Test(arguments: [0, 1, 2, 63, 64, 65, 1023, 1024, 1025, 65_536, 300_000])
    func `what was compressed comes back, with zeros behind it`(count: Int) throws {
        let inflater = try make()
        for level in [1, 6, 12] as [Int32] {
            let content = Samples.content(count, seed: UInt64(count))
            let gzip = Samples.gzip(content, level: level)
            #expect(try inflated(gzip, by: inflater) == content)
            #expect(try inflated(Samples.zlib(content, level: level), .zlib, by: inflater) == content)
        }
    }

    @Test func `the room of a huge message is given back at the next`() throws {
        let inflater = try #require(Inflater(capacity: 1024, limit: 1 << 24))
        let (huge, small) = (Samples.content(3_000_000, seed: 5), Samples.content(900, seed: 6))
        for _ in 0..<2 {
            #expect(try inflated(Samples.gzip(huge), by: inflater) == huge)
            #expect(inflater.capacity >= huge.count)
            #expect(try inflated(Samples.gzip(small), by: inflater) == small)
            #expect(inflater.capacity == Inflater.keptCapacity)
        }
        #expect(try inflated(Samples.zlib(huge), .zlib, by: inflater) == huge)
        #expect(try inflated(Samples.zlib(small), .zlib, by: inflater) == small)
    }

    @Test func `members are joined`() throws {
        let parts = [400, 0, 90_000].map { Samples.content($0, seed: 7) }
        let message = parts.flatMap { Samples.gzip($0) }
        #expect(try inflated(message, by: try make()) == parts.flatMap { $0 })
    }

    @Test func `every cut is called truncated`() throws {
        let inflater = try make()
        let content = Samples.content(700, seed: 3)
        for message in [Samples.gzip(content), Samples.gzip(content) + Samples.gzip(content)] {
            for end in 0..<message.count where end != message.count / 2 || message.count < 700 {
                let cut = Array(message[..<end])
                if let whole = try? inflated(cut, by: inflater) {
                    #expect(whole == content, "the first member of two is whole at \(end)")
                    continue
                }
                #expect(throws: InflateError.truncated) { try inflated(cut, by: inflater) }
            }
        }
        let zlib = Samples.zlib(content)
        for end in 0..<zlib.count {
            #expect(throws: InflateError.truncated) {
                try inflated(Array(zlib[..<end]), .zlib, by: inflater)
            }
        }
    }

    @Test func `no flipped bit gives another content`() throws {
        let inflater = try make()
        let content = Samples.content(300, seed: 11)
        let message = Samples.gzip(content)
        var refused = 0
        for bit in 0..<(message.count * 8) {
            var damaged = message
            damaged[bit / 8] ^= 1 << (bit % 8)
            guard let found = try? inflated(damaged, by: inflater) else {
                refused += 1
                continue
            }
            #expect(found == content, "bit \(bit)")
        }
        #expect(refused > message.count * 7)
        #expect(try inflated(message, by: inflater) == content)
    }

    @Test func `bytes behind the end, other formats and text are damage`() throws {
        let inflater = try make()
        let content = Samples.content(100, seed: 1)
        let gzip = Samples.gzip(content)
        let zlib = Samples.zlib(content)
        for (message, format) in [
            (gzip + [0], Inflater.Format.gzip), (gzip + gzip + Array("rest".utf8), .gzip),
            (zlib + [0], .zlib), (zlib + zlib, .zlib), (zlib, .gzip), (gzip, .zlib),
            (Array(#"{"ping":1492420473027}"#.utf8), .gzip),
        ] {
            #expect(throws: InflateError.damaged) { try inflated(message, format, by: inflater) }
        }
    }

    @Test func `the limit holds to the byte`() throws {
        let content = Samples.content(5000, seed: 5)
        let exact = try #require(Inflater(capacity: 16, limit: 5000))
        #expect(try inflated(Samples.gzip(content), by: exact) == content)
        #expect(try inflated(Samples.zlib(content), .zlib, by: exact) == content)
        let short = try #require(Inflater(capacity: 16, limit: 4999))
        for (message, format) in [
            (Samples.gzip(content), Inflater.Format.gzip), (Samples.zlib(content), .zlib),
            (Samples.gzip(Array(content.prefix(4000))) + Samples.gzip(Array(content.prefix(1000))), .gzip),
        ] {
            #expect(throws: InflateError.tooLarge) { try inflated(message, format, by: short) }
        }
        let nothing = try #require(Inflater(limit: 0))
        #expect(try inflated(Samples.gzip([]), by: nothing) == [])
        #expect(throws: InflateError.tooLarge) { try inflated(Samples.gzip([1]), by: nothing) }
    }

    @Test func `a bomb is refused, and a false length costs nothing`() throws {
        let inflater = try #require(Inflater(capacity: 1024, limit: 1 << 20))
        let bomb = Samples.gzip([UInt8](repeating: 0, count: 32 << 20), level: 12)
        #expect(bomb.count < 40_000)
        #expect(throws: InflateError.tooLarge) { try inflated(bomb, by: inflater) }
        var lies = Samples.gzip(Samples.content(50, seed: 2))
        lies.replaceSubrange((lies.count - 4)..., with: [0xff, 0xff, 0xff, 0x7f])
        #expect(throws: InflateError.damaged) { try inflated(lies, by: inflater) }
    }

    @Test func `steady state asks for no memory`() throws {
        let inflater = try make()
        for size in [14_000, 10, 2000] {
            let message = Samples.gzip(Samples.content(size, seed: 6))
            try message.withUnsafeBytes { bytes in
                var total = try inflater.inflate(bytes).count
                let count = try AllocationCounter.count { () throws(InflateError) in
                    for _ in 0..<100 { total += try inflater.inflate(bytes).count }
                }
                #expect(count == 0)
                #expect(total == 101 * size)
            }
        }
    }

    private func make() throws -> Inflater {
        try #require(Inflater(capacity: 1024, limit: 1 << 20))
    }

    /// The content, after a look at the padding.
    private func inflated(
        _ message: [UInt8],
        _ format: Inflater.Format = .gzip,
        by inflater: Inflater
    ) throws -> [UInt8] {
        try message.withUnsafeBytes { bytes in
            let content = try inflater.inflate(bytes, format)
            let base = try #require(content.baseAddress)
            let padding = UnsafeRawBufferPointer(start: base + content.count, count: Inflater.padding)
            #expect(padding.allSatisfy { $0 == 0 })
            return Array(content)
        }
    }
}
