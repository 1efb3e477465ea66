// Part of MarketBus. Apache License 2.0, see LICENSE.

import CDeflate

/// Whole gzip members, one a payload, made by libdeflate into one reused buffer.
final class GzipWriter {
    private let compressor: OpaquePointer?
    private let out = ByteBuffer(capacity: 1 << 16)

    init() { compressor = libdeflate_alloc_compressor(1) }

    deinit { libdeflate_free_compressor(compressor) }

    /// The member that holds `payload`; valid until the next call.
    func compress(_ payload: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        out.removeAll()
        guard let compressor else { return out.bytes }
        let bound = libdeflate_gzip_compress_bound(compressor, payload.count)
        let size = libdeflate_gzip_compress(
            compressor,
            payload.baseAddress,
            payload.count,
            out.reserve(bound),
            bound
        )
        out.commit(size)
        return out.bytes
    }
}
