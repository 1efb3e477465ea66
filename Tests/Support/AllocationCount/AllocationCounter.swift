// Part of MarketBus. Apache License 2.0, see LICENSE.

import CAllocationCount

/// Counts how often code asks for memory, for tests and benchmarks that gate it.
public enum AllocationCounter {
    /// Whether anybody counts: not in builds with a sanitizer, which bring an allocator of their own.
    public static var isAvailable: Bool { md_allocation_count() >= 0 }

    /// How often the calling thread asked for memory during `body`; 0 where ``isAvailable`` is false.
    ///
    /// - Thread: any; each counts for itself. `body` must stay on it.
    @inline(never)
    public static func count<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) -> Int {
        let before = md_allocation_count()
        try body()
        return Int(md_allocation_count() - before)
    }
}
