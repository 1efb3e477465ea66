// Part of MarketBus. Apache License 2.0, see LICENSE.

import CSimdJSON

/// Why bytes are not the JSON that was expected.
///
/// The payload is a byte offset into the document.
public enum JSONError: Error, Hashable, Sendable {
    /// The bytes are not JSON at all: not UTF-8, an open string, nothing.
    case malformed
    /// Another kind of value stands here than was asked for.
    case wrongType(offset: UInt32)
    /// The punctuation is wrong here.
    case syntax(offset: UInt32)
    /// An integer that does not fit in 64 bits, or is none.
    case badInteger(offset: UInt32)
    /// A decimal that can't be held exactly, or is none.
    case badDecimal(offset: UInt32)
    /// The document is longer than the scanner was told to accept.
    case tooLong
}

/// Finds the tokens of JSON documents, one at a time, with simdjson's first stage.
///
/// The tokens are then read with a ``JSONCursor``, on demand: what nobody asks for is never parsed. Walking the
/// token index from Swift replaces one C call a field by one a document.
///
/// - Thread: one at a time. Allocates: when a document is longer than all before, and when the room of one of more than
///   ``keptCapacity`` is given back at the next that is shorter.
public final class JSONScanner {
    /// Bytes that must be readable behind a document for it to be used in place.
    public static let padding = 64
    /// The length of a document whose room is kept for the next at most: the index of one huge document must not cost four
    /// times its length for ever.
    ///
    /// - Unit: bytes.
    public static let keptCapacity = 256 * 1024

    /// The longest document that is accepted.
    ///
    /// - Unit: bytes.
    public let maximumLength: Int
    private let indexer: OpaquePointer
    /// How long a document has room without an allocation.
    ///
    /// - Unit: bytes.
    public private(set) var capacity: Int
    private var copy: UnsafeMutablePointer<UInt8>?
    private var copyCapacity = 0

    /// Makes a scanner, or nil when memory is short.
    ///
    /// - Parameters:
    ///   - capacity: the document length to be ready for. Unit: bytes.
    ///   - maximumLength: the longest document to accept. Unit: bytes.
    public init?(capacity: Int = 64 * 1024, maximumLength: Int = 64 * 1024 * 1024) {
        let start = max(capacity, 1024)
        guard let indexer = md_json_indexer_new(start) else { return nil }
        self.indexer = indexer
        self.capacity = start
        self.maximumLength = maximumLength
    }

    deinit {
        md_json_indexer_free(indexer)
        copy?.deallocate()
    }

    /// Finds the tokens of a document.
    ///
    /// - Parameters:
    ///   - bytes: the document.
    ///   - readable: how many bytes from its start may be read; with ``padding`` bytes to spare nothing is copied.
    /// - Returns: a cursor at the first token, valid until the next call and while `bytes` are.
    /// - Throws: ``JSONError/malformed`` or ``JSONError/tooLong``.
    public func scan(
        _ bytes: UnsafeRawBufferPointer,
        readable: Int = 0
    ) throws(JSONError) -> JSONCursor {
        let length = bytes.count
        guard length <= maximumLength else { throw .tooLong }
        guard length > 0, let address = bytes.baseAddress else { throw .malformed }
        if length > capacity || capacity > Self.keptCapacity { try fit(length) }
        let start: UnsafePointer<UInt8>
        if readable >= length + Self.padding {
            start = address.assumingMemoryBound(to: UInt8.self)
        } else {
            start = UnsafePointer(padded(address, length))
        }
        var starts: UnsafePointer<UInt32>?
        var count = 0
        guard md_json_index(indexer, start, length, &starts, &count) == 0, let starts, count > 0 else {
            throw .malformed
        }
        return JSONCursor(base: start, starts: starts, count: count)
    }

    /// Makes room for a document, or gives back what a huge one took.
    private func fit(_ length: Int) throws(JSONError) {
        if length > capacity { return try resize(min(max(length, capacity * 2), maximumLength)) }
        guard length <= Self.keptCapacity else { return }
        copy?.deallocate()
        (copy, copyCapacity) = (nil, 0)
        try resize(Self.keptCapacity)
    }

    private func resize(_ wanted: Int) throws(JSONError) {
        capacity = 0
        guard md_json_indexer_resize(indexer, wanted) == 0 else { throw .tooLong }
        capacity = wanted
    }

    private func padded(_ address: UnsafeRawPointer, _ length: Int) -> UnsafeMutablePointer<UInt8> {
        let target: UnsafeMutablePointer<UInt8>
        if let copy, copyCapacity >= length + Self.padding {
            target = copy
        } else {
            copy?.deallocate()
            copyCapacity = max(length * 2, 4096) + Self.padding
            target = UnsafeMutablePointer<UInt8>.allocate(capacity: copyCapacity)
            copy = target
        }
        UnsafeMutableRawPointer(target).copyMemory(from: address, byteCount: length)
        UnsafeMutableRawPointer(target + length).initializeMemory(
            as: UInt8.self,
            repeating: 0,
            count: Self.padding
        )
        return target
    }
}
