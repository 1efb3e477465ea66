// Part of MarketBus. Apache License 2.0, see LICENSE.

import CDeflate

/// Random numbers that are the same in every run.
struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}

/// Contents and their compressed forms.
enum Samples {
    /// Text as dense as a venue's frames, with some bytes that don't compress.
    static func content(_ count: Int, seed: UInt64) -> [UInt8] {
        var dice = Dice(state: seed)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 64)
        while bytes.count < count {
            if dice.next() % 3 == 0 {
                withUnsafeBytes(of: (dice.next(), dice.next())) { bytes.append(contentsOf: $0) }
            } else {
                bytes += Array(
                    #"{"price":"\#(dice.next() % 1000)","amount":"0.00\#(dice.next() % 100)"},"#.utf8
                )
            }
        }
        return Array(bytes.prefix(count))
    }

    static func gzip(_ content: [UInt8], level: Int32 = 6) -> [UInt8] {
        compress(content, level, libdeflate_gzip_compress_bound, libdeflate_gzip_compress)
    }

    static func zlib(_ content: [UInt8], level: Int32 = 6) -> [UInt8] {
        compress(content, level, libdeflate_zlib_compress_bound, libdeflate_zlib_compress)
    }

    private static func compress(
        _ content: [UInt8],
        _ level: Int32,
        _ bound: (OpaquePointer?, Int) -> Int,
        _ run: (OpaquePointer?, UnsafeRawPointer?, Int, UnsafeMutableRawPointer?, Int) -> Int
    ) -> [UInt8] {
        let compressor = libdeflate_alloc_compressor(level)
        defer { libdeflate_free_compressor(compressor) }
        return content.withUnsafeBytes { bytes in
            let room = bound(compressor, bytes.count)
            return [UInt8](unsafeUninitializedCapacity: room) { output, count in
                count = run(compressor, bytes.baseAddress, bytes.count, output.baseAddress, room)
            }
        }
    }
}
