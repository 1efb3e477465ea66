// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc
import JSONView
import VenueKit

/// Memory behind which nothing can be read: whoever reads one byte too many ends the process.
///
/// - Thread: one at a time.
public final class GuardedMemory {
    private static let page = 4096
    private let start: UnsafeMutableRawPointer
    private let capacity: Int

    /// Memory for frames of at most so many bytes; nil where the system has none.
    ///
    /// - Parameter capacity: Unit: bytes.
    public init?(capacity: Int) {
        let pages = (capacity + JSONScanner.padding + Self.page - 1) / Self.page
        self.capacity = pages * Self.page
        let room = self.capacity + Self.page
        guard let memory = mmap(nil, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED
        else { return nil }
        start = memory
        guard mprotect(start + self.capacity, Self.page, PROT_NONE) == 0 else {
            munmap(memory, room)
            return nil
        }
    }

    deinit { munmap(start, capacity + Self.page) }

    /// A copy of the bytes that ends where the memory ends, or so much padding before.
    ///
    /// The padding is not the zeros that sockets give: nothing may depend on it. What does not fit is cut off.
    public func place(_ bytes: UnsafeRawBufferPointer, isPadded: Bool) -> FrameBytes {
        let padding = isPadded ? JSONScanner.padding : 0
        let count = min(bytes.count, capacity - padding)
        let first = start + (capacity - padding - count)
        if let base = bytes.baseAddress, count > 0 { first.copyMemory(from: base, byteCount: count) }
        (first + count).initializeMemory(as: UInt8.self, repeating: UInt8(ascii: "}"), count: padding)
        return FrameBytes(UnsafeRawBufferPointer(start: first, count: count), readable: count + padding)
    }
}
