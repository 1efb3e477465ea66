// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc

/// Bytes that must never be printed or logged; they are overwritten when the last owner lets go.
///
/// It has no text form on purpose: printing or dumping one shows its type's name.
public final class Secret: @unchecked Sendable, CustomReflectable {
    // Safety: the bytes are written once, in the initialiser, and only read afterwards.
    private let bytes: UnsafeMutableRawBufferPointer

    /// Takes a copy of the bytes, the only one that it makes.
    ///
    /// The caller's copy is the caller's to wipe.
    public init(_ source: some Collection<UInt8>) {
        bytes = .allocate(byteCount: source.count, alignment: 1)
        bytes.copyBytes(from: source)
    }

    /// The number of bytes.
    public var count: Int { bytes.count }

    /// Lends the bytes for the time of the call.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(bytes))
    }

    /// Nothing: debuggers and dumps see no content.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// Overwrites bytes in a way that the compiler may not leave out.
    public static func wipe(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { wipe($0) }
    }

    /// Overwrites memory in a way that the compiler may not leave out.
    public static func wipe(_ memory: UnsafeMutableRawBufferPointer) {
        if let base = memory.baseAddress { explicit_bzero(base, memory.count) }
    }

    deinit {
        Self.wipe(bytes)
        bytes.deallocate()
    }
}
