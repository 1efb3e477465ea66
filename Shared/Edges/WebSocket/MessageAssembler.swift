// Part of MarketBus. Apache License 2.0, see LICENSE.

import CWebSockets

/// Puts the pieces of a message together in one reused buffer, inflating on the way where the message is compressed.
///
/// - Thread: the loop's. Allocates: to grow, up to the limit; the room of a message of more than ``keptCapacity`` is given back
///   at the next.
struct MessageAssembler: ~Copyable {
    /// Zero bytes after a message, for parsers that read ahead.
    static let padding = 64
    /// What is kept from one message to the next at most, in bytes: one huge message must not cost its memory for ever.
    static let keptCapacity = 1024 * 1024

    /// What went wrong with a message.
    enum Failure: Error {
        case tooLarge
        case brokenCompression
        case noMemory
    }

    private(set) var base: UnsafeMutablePointer<UInt8>?
    private(set) var count = 0
    private(set) var capacity = 0
    private let limit: Int
    private var inflater: OpaquePointer?
    private var isCompressed = false

    init(limit: Int) {
        self.limit = limit
    }

    deinit {
        base?.deallocate()
        if let inflater { md_inflater_destroy(inflater) }
    }

    /// Begins a message.
    mutating func begin(isCompressed: Bool) {
        count = 0
        if capacity > Self.keptCapacity { release() }
        self.isCompressed = isCompressed
    }

    /// Adds a piece; `remaining` is what the frame still has to come.
    mutating func append(_ piece: UnsafePointer<UInt8>?, _ length: Int, remaining: Int) throws(Failure) {
        if isCompressed {
            guard let piece, length > 0 else { return }
            try inflate(piece, length)
            return
        }
        let (wanted, overflow) = (count + length).addingReportingOverflow(remaining)
        guard !overflow, wanted <= limit else { throw .tooLarge }
        try reserve(wanted)
        if let piece, let base { (base + count).update(from: piece, count: length) }
        count += length
    }

    /// Ends a message: the bytes are complete and the padding is zero.
    mutating func finish() throws(Failure) {
        if isCompressed {
            guard let inflater else { throw .brokenCompression }
            md_inflater_feed_tail(inflater)
            try drain(inflater)
        }
        try reserve(count)
        if let base { (base + count).update(repeating: 0, count: Self.padding) }
    }

    private mutating func inflate(_ piece: UnsafePointer<UInt8>, _ length: Int) throws(Failure) {
        if inflater == nil { inflater = md_inflater_create() }
        guard let inflater else { throw .noMemory }
        md_inflater_feed(inflater, piece, length)
        try drain(inflater)
    }

    private mutating func drain(_ inflater: OpaquePointer) throws(Failure) {
        while true {
            // One byte past the limit is enough to see that a message is too large.
            if count + Self.padding >= capacity { try reserve(min(limit + 1, max(4096, count * 2))) }
            guard let base, capacity - Self.padding > count else { throw .tooLarge }
            var produced = 0
            let result = md_inflater_run(inflater, base + count, capacity - Self.padding - count, &produced)
            count += produced
            guard count <= limit else { throw .tooLarge }
            switch result {
            case MD_INFLATE_NEEDS_ROOM: continue
            case MD_INFLATE_NEEDS_INPUT: return
            default: throw .brokenCompression
            }
        }
    }

    private mutating func release() {
        base?.deallocate()
        base = nil
        capacity = 0
    }

    /// Makes room for `wanted` message bytes and the padding, keeping what is there.
    private mutating func reserve(_ wanted: Int) throws(Failure) {
        guard wanted + Self.padding > capacity else { return }
        let target = min(max(wanted, capacity * 2, 4096), max(limit + 1, wanted)) + Self.padding
        let fresh = UnsafeMutablePointer<UInt8>.allocate(capacity: target)
        fresh.initialize(repeating: 0, count: target)
        if let base {
            fresh.update(from: base, count: count)
            base.deallocate()
        }
        base = fresh
        capacity = target
    }
}
