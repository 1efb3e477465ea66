// Part of MarketBus. Apache License 2.0, see LICENSE.

import Synchronization

/// A bounded queue between exactly one writing and one reading thread.
///
/// Loss policy: a full ring refuses the newest element and counts it. Nothing grows, nobody waits.
///
/// - Thread: `push` from one thread, `pop` and `drain` from one other. Allocates: never after it was made.
public final class SPSCRing<Element: Sendable>: @unchecked Sendable {
    // Safety: a slot belongs to the writer until `tail` is released past it, then to the reader until `head` is
    // released past it; `cachedHead` is touched by the writer only and `cachedTail` by the reader only.
    private let slots: UnsafeMutablePointer<Element>
    private let mask: Int

    // The writer's and the reader's fields lie two cache lines apart, so that neither invalidates the other's line.
    private let padding0 = CacheLinePair()
    private let tail = Atomic<Int>(0)
    private var cachedHead = 0
    private let refused = Atomic<UInt64>(0)
    private let padding1 = CacheLinePair()
    private let head = Atomic<Int>(0)
    private var cachedTail = 0
    private let padding2 = CacheLinePair()

    /// The number of elements that fit.
    public var capacity: Int { mask + 1 }

    /// Makes an empty ring; the capacity is rounded up to a power of two, at least 2 and at most 2^24.
    public init(minimumCapacity: Int) {
        var capacity = 2
        while capacity < min(minimumCapacity, 1 << 24) { capacity *= 2 }
        mask = capacity - 1
        slots = .allocate(capacity: capacity)
    }

    deinit {
        while pop() != nil {}
        slots.deallocate()
    }

    /// Adds an element at the end, or counts and refuses it when the ring is full.
    ///
    /// Writer only.
    public func push(_ element: consuming Element) -> Bool {
        let end = tail.load(ordering: .relaxed)
        if end &- cachedHead > mask {
            cachedHead = head.load(ordering: .acquiring)
            guard end &- cachedHead <= mask else {
                refused.wrappingAdd(1, ordering: .relaxed)
                return false
            }
        }
        (slots + (end & mask)).initialize(to: element)
        tail.store(end &+ 1, ordering: .releasing)
        return true
    }

    /// Takes the oldest element.
    ///
    /// Reader only.
    public func pop() -> Element? {
        let start = head.load(ordering: .relaxed)
        if start == cachedTail {
            cachedTail = tail.load(ordering: .acquiring)
            guard start != cachedTail else { return nil }
        }
        let element = (slots + (start & mask)).move()
        head.store(start &+ 1, ordering: .releasing)
        return element
    }

    /// Takes elements, oldest first, up to the limit, and returns how many.
    ///
    /// Reader only.
    public func drain(limit: Int = .max, _ body: (consuming Element) -> Void) -> Int {
        var count = 0
        while count < limit, let element = pop() {
            body(element)
            count += 1
        }
        return count
    }

    /// The number of elements inside, as of a moment ago.
    ///
    /// Any thread.
    public var count: Int {
        let start = head.load(ordering: .acquiring)
        return max(0, min(capacity, tail.load(ordering: .acquiring) &- start))
    }

    /// The number of elements that were refused because the ring was full.
    ///
    /// Any thread.
    public var dropped: UInt64 { refused.load(ordering: .relaxed) }
}

/// 128 unused bytes: two cache lines, since the processor prefetches in pairs.
private struct CacheLinePair {
    private let words:
        (
            UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64,
            UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64
        ) = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
}
