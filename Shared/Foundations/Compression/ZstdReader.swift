// Part of MarketBus. Apache License 2.0, see LICENSE.

import CZstd

/// Reads a zstd stream of any number of frames from chunks of any size.
///
/// Content goes to the sink in pieces of at most 128 KiB, from one reused buffer: however dense the input is, memory
/// stays bounded by the frame's window.
///
/// - Thread: one at a time. Allocates: at a frame whose window is larger than all before; never in steady state.
public final class ZstdReader {
    /// Takes content, which is valid during the call.
    public typealias Sink = (UnsafeRawBufferPointer) throws -> Void

    private let reader: OpaquePointer
    private let output: UnsafeMutablePointer<UInt8>
    private let room = md_zstd_read_room()
    private var isInFrame = false
    private var isSpent = false

    /// Makes a reader, or nil when memory is short.
    ///
    /// - Parameter windowLog: the largest window to hold, as a power of two from 10 to 30. What `zstd` writes without
    ///   `--long` needs at most the default.
    public init?(windowLog: Int = 27) {
        guard (10...30).contains(windowLog), let reader = md_zstd_reader_new(Int32(windowLog)) else {
            return nil
        }
        self.reader = reader
        output = .allocate(capacity: room)
    }

    deinit {
        md_zstd_reader_free(reader)
        output.deallocate()
    }

    /// Reads a chunk; all content that it completes goes to the sink.
    ///
    /// - Throws: ``ZstdError``, or what `sink` throws; after a throw the reader is spent.
    public func read(_ chunk: UnsafeRawBufferPointer, to sink: Sink) throws {
        guard !isSpent else { throw ZstdError.spent }
        guard let base = chunk.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        isSpent = true
        var consumed = 0
        var isFull = false
        while consumed < chunk.count || isFull {
            var produced = 0
            let state = md_zstd_read(reader, base, chunk.count, &consumed, output, room, &produced)
            switch state {
            case 0...: isInFrame = state > 0
            case -2: throw ZstdError.windowTooLarge
            case -3: throw ZstdError.failed
            default: throw ZstdError.damaged
            }
            if produced > 0 { try sink(UnsafeRawBufferPointer(start: output, count: produced)) }
            isFull = produced == room && isInFrame
        }
        isSpent = false
    }

    /// Says that no chunk follows.
    ///
    /// - Throws: ``ZstdError/truncated`` when the stream ends inside a frame.
    public func finish() throws(ZstdError) {
        guard !isSpent else { throw .spent }
        guard !isInFrame else { throw .truncated }
    }
}
