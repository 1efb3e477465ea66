// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// Bytes that must never be printed or logged; they are overwritten when the last owner lets go.
///
/// It has no text form on purpose: printing one shows its type's name.
public final class Secret: @unchecked Sendable, CustomReflectable {
    // Safety: the bytes are written once, in the initialiser, and only read afterwards.
    private let bytes: UnsafeMutableRawBufferPointer

    /// Takes a copy of the bytes.
    ///
    /// The caller's copy is the caller's to wipe.
    public init(_ source: some Sequence<UInt8>) {
        let copy = Array(source)
        bytes = .allocate(byteCount: copy.count, alignment: 1)
        bytes.copyBytes(from: copy)
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

    deinit {
        if let base = bytes.baseAddress { md_zero(base, bytes.count) }
        bytes.deallocate()
    }
}
