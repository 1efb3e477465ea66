// Part of MarketBus. Apache License 2.0, see LICENSE.

import CDeflate

/// Why bytes could not be inflated.
public enum InflateError: Error, Hashable, Sendable {
    /// The bytes are not what they should be: another format, a wrong checksum, bytes left over.
    case damaged
    /// The bytes are right as far as they go, but the end is missing.
    case truncated
    /// The content is longer than the inflater was told to accept.
    case tooLarge
}

/// Inflates whole gzip or zlib messages into one reused, bounded buffer, with libdeflate.
///
/// The owner of libdeflate. A content that a few bytes blow up is refused at ``limit``, whatever its own length
/// field says.
///
/// - Thread: one at a time. Allocates: when a content is longer than all before, up to the limit, and when the room of one of
///   more than ``keptCapacity`` is given back at the next that is shorter.
public final class Inflater {
    /// Zero bytes behind the content, for parsers that read ahead.
    public static let padding = 64
    /// What is kept from one message to the next at most: one huge message must not cost its memory for ever.
    ///
    /// - Unit: bytes.
    public static let keptCapacity = 1024 * 1024

    /// The wrapping of the compressed bytes.
    public enum Format: Hashable, Sendable {
        /// RFC 1952, of one member or several, which are joined.
        case gzip
        /// RFC 1950.
        case zlib
    }

    /// The longest content that is accepted.
    ///
    /// - Unit: bytes.
    public let limit: Int
    private let reader: OpaquePointer
    private var buffer: UnsafeMutablePointer<UInt8>
    /// How long a content has room without an allocation.
    ///
    /// - Unit: bytes.
    public private(set) var capacity: Int

    /// Makes an inflater, or nil when memory is short.
    ///
    /// - Parameters:
    ///   - capacity: the content length to be ready for. Unit: bytes.
    ///   - limit: the longest content to accept. Unit: bytes.
    public init?(capacity: Int = 64 * 1024, limit: Int = 16 * 1024 * 1024) {
        guard let reader = md_deflate_reader_new() else { return nil }
        self.reader = reader
        self.limit = min(max(limit, 0), Int.max - Self.padding)
        self.capacity = min(max(capacity, 1024), self.limit)
        buffer = .allocate(capacity: self.capacity + Self.padding)
    }

    deinit {
        md_deflate_reader_free(reader)
        buffer.deallocate()
    }

    /// Inflates one message.
    ///
    /// - Returns: the content, valid until the next call; ``padding`` zero bytes may be read behind it.
    /// - Throws: the reason, which leaves the inflater ready for the next message.
    public func inflate(
        _ message: UnsafeRawBufferPointer,
        _ format: Format = .gzip
    ) throws(InflateError) -> UnsafeRawBufferPointer {
        guard let base = message.baseAddress?.assumingMemoryBound(to: UInt8.self), !message.isEmpty else {
            throw .truncated
        }
        let wanted = format == .gzip ? Self.announced(base, message.count) : 0
        giveBack(wanted)
        reserve(wanted, keeping: 0)
        var taken = 0
        var count = 0
        repeat {
            let member = try inflateMember(base + taken, message.count - taken, format, at: count)
            taken += member.consumed
            count += member.produced
        } while format == .gzip && taken < message.count
        guard taken == message.count else { throw .damaged }
        (buffer + count).initialize(repeating: 0, count: Self.padding)
        return UnsafeRawBufferPointer(start: buffer, count: count)
    }

    private func inflateMember(
        _ input: UnsafePointer<UInt8>,
        _ length: Int,
        _ format: Format,
        at start: Int
    ) throws(InflateError) -> (consumed: Int, produced: Int) {
        let wrapping = Int32(format == .gzip ? MD_DEFLATE_GZIP : MD_DEFLATE_ZLIB)
        while true {
            var consumed = 0
            var produced = 0
            let room = capacity - start
            let output = buffer + start
            let result = md_deflate_read(
                reader,
                wrapping,
                input,
                length,
                output,
                room,
                &consumed,
                &produced
            )
            switch Int(result) {
            case MD_DEFLATE_DONE: return (consumed, produced)
            case MD_DEFLATE_NO_ROOM:
                guard capacity < limit else { throw .tooLarge }
                reserve(capacity + 1, keeping: start)
            default:
                throw md_deflate_is_cut(wrapping, input, length) == 1 ? .truncated : .damaged
            }
        }
    }

    /// What a gzip message says of its content's length in its last four bytes, where that can be true.
    private static func announced(_ input: UnsafePointer<UInt8>, _ count: Int) -> Int {
        /// No deflate stream is denser than this.
        let densest = 1032
        guard count >= 18 else { return 0 }
        var length = 0
        for offset in 1...4 { length = length << 8 | Int(input[count - offset]) }
        return length / densest <= count ? length : 0
    }

    /// Frees what a huge message took, where the next does not want it.
    private func giveBack(_ wanted: Int) {
        guard capacity > Self.keptCapacity, wanted <= Self.keptCapacity else { return }
        buffer.deallocate()
        capacity = min(Self.keptCapacity, limit)
        buffer = .allocate(capacity: capacity + Self.padding)
    }

    /// Makes room for `wanted` bytes, or for the limit where that is less.
    private func reserve(_ wanted: Int, keeping count: Int) {
        guard wanted > capacity, capacity < limit else { return }
        let (double, overflow) = capacity.multipliedReportingOverflow(by: 2)
        let target = min(max(wanted, overflow ? limit : double), limit)
        let fresh = UnsafeMutablePointer<UInt8>.allocate(capacity: target + Self.padding)
        fresh.initialize(from: buffer, count: count)
        buffer.deallocate()
        buffer = fresh
        capacity = target
    }
}
