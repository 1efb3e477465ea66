// Part of MarketBus. Apache License 2.0, see LICENSE.

import CZstd

/// Compresses a stream of chunks to zstd, so that a file cut anywhere can be read up to the last flush.
///
/// With ``ZstdReader`` the owner of libzstd. Frames carry a checksum. Output goes to the sink in pieces of at most
/// 128 KiB, from one reused buffer.
///
/// - Thread: one at a time. Allocates: with the first chunk; never in steady state.
public final class ZstdWriter {
    /// Takes compressed bytes, which are valid during the call.
    public typealias Sink = (UnsafeRawBufferPointer) throws -> Void

    private let writer: OpaquePointer
    private let output: UnsafeMutablePointer<UInt8>
    private let room = md_zstd_write_room()
    private var isSpent = false
    /// Whether a frame was begun that is not ended.
    public private(set) var isInFrame = false

    /// Makes a writer, or nil when memory is short or the library has no such level.
    ///
    /// - Parameter level: from 1 (quick) to 19 (dense).
    public init?(level: Int = 3) {
        guard (1...19).contains(level), let writer = md_zstd_writer_new(Int32(level)) else { return nil }
        self.writer = writer
        output = .allocate(capacity: room)
    }

    deinit {
        md_zstd_writer_free(writer)
        output.deallocate()
    }

    /// Adds bytes, beginning a frame where none is open.
    ///
    /// - Throws: ``ZstdError``, or what `sink` throws; after a throw the writer is spent.
    public func write(_ bytes: UnsafeRawBufferPointer, to sink: Sink) throws {
        guard !bytes.isEmpty else { return }
        isInFrame = true
        try run(MD_ZSTD_CONTINUE, bytes, sink)
    }

    /// Hands out all that was written: a file cut behind it can be read up to here.
    ///
    /// - Throws: ``ZstdError``, or what `sink` throws; after a throw the writer is spent.
    public func flush(to sink: Sink) throws {
        guard isInFrame else { return }
        try run(MD_ZSTD_FLUSH, UnsafeRawBufferPointer(start: nil, count: 0), sink)
    }

    /// Ends the frame and hands it out; the next write begins another one, which needs nothing from this.
    ///
    /// - Throws: ``ZstdError``, or what `sink` throws; after a throw the writer is spent.
    public func endFrame(to sink: Sink) throws {
        guard isInFrame else { return }
        try run(MD_ZSTD_END, UnsafeRawBufferPointer(start: nil, count: 0), sink)
        isInFrame = false
    }

    private func run(_ purpose: md_zstd_purpose, _ bytes: UnsafeRawBufferPointer, _ sink: Sink) throws {
        guard !isSpent else { throw ZstdError.spent }
        isSpent = true
        let input = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        var consumed = 0
        var waiting: Int64
        repeat {
            var produced = 0
            waiting = md_zstd_write(
                writer,
                purpose,
                input,
                bytes.count,
                &consumed,
                output,
                room,
                &produced
            )
            guard waiting >= 0 else { throw ZstdError.failed }
            if produced > 0 { try sink(UnsafeRawBufferPointer(start: output, count: produced)) }
        } while consumed < bytes.count || (purpose != MD_ZSTD_CONTINUE && waiting > 0)
        isSpent = false
    }
}
