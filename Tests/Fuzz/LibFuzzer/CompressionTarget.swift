// Part of MarketBus. Apache License 2.0, see LICENSE.

import Compression

/// Any bytes through the inflater and the zstd reader: nothing traps, no limit is passed, no state is left behind.
///
/// The first byte chooses what is read, the second how it is cut.
final class CompressionTarget: FuzzTarget {
    private static let limit = 1 << 18
    private let shared = Inflater(capacity: 1024, limit: limit)

    func run(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 2 else { return }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[2...])
        if bytes[0] % 4 == 3 {
            stream(rest, cut: Int(bytes[1]) + 1)
        } else {
            whole(rest, bytes[0] % 4 == 2 ? .zlib : .gzip, capacity: Int(bytes[1]) * 16)
        }
    }

    /// A used inflater and a fresh one with another buffer must agree.
    private func whole(_ message: UnsafeRawBufferPointer, _ format: Inflater.Format, capacity: Int) {
        guard let fresh = Inflater(capacity: capacity, limit: Self.limit) else { return }
        let first = outcome(message, format, shared)
        let second = outcome(message, format, fresh)
        check(first == second, "a used inflater and a fresh one disagree")
    }

    private func outcome(
        _ message: UnsafeRawBufferPointer,
        _ format: Inflater.Format,
        _ inflater: Inflater?
    ) -> Result<[UInt8], InflateError> {
        Result { () throws(InflateError) in
            guard let inflater else { throw .damaged }
            let content = try inflater.inflate(message, format)
            check(content.count <= Self.limit, "longer than the limit")
            guard let base = content.baseAddress else { return [] }
            let padding = UnsafeRawBufferPointer(start: base + content.count, count: Inflater.padding)
            check(padding.allSatisfy { $0 == 0 }, "the padding is not zero")
            return Array(content)
        }
    }

    /// However the stream is cut into chunks, two readings that succeed have the same content.
    ///
    /// One may fail where the other doesn't: libzstd reads what fits into one call without a window and so holds it to no
    /// limit, and in chunks it doesn't compare the announced length where the last block is empty.
    private func stream(_ file: UnsafeRawBufferPointer, cut: Int) {
        let whole = content(file, chunk: max(1, file.count))
        let parts = content(file, chunk: cut)
        guard whole.failure == nil, parts.failure == nil else { return }
        check(parts.sum == whole.sum, "chunks change the content")
    }

    private func content(
        _ file: UnsafeRawBufferPointer,
        chunk: Int
    ) -> (sum: [UInt64], failure: ZstdError?) {
        guard let reader = ZstdReader(windowLog: 20) else { return ([], .failed) }
        var count: UInt64 = 0
        var hash: UInt64 = 14_695_981_039_346_656_037
        do {
            for start in stride(from: 0, to: file.count, by: chunk) {
                let part = UnsafeRawBufferPointer(rebasing: file[start..<min(start + chunk, file.count)])
                try reader.read(part) { content in
                    count += UInt64(content.count)
                    for byte in content { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
                    if count > UInt64(Self.limit) * 16 { throw ZstdError.failed }
                }
            }
            try reader.finish()
        } catch {
            return ([count, hash], error as? ZstdError)
        }
        return ([count, hash], nil)
    }
}
