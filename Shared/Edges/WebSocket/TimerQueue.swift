// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle

/// Names one scheduled piece of work.
public struct TimerToken: Hashable, Sendable {
    let number: UInt64
}

/// The loop's pending work, earliest first: a binary heap with lazy cancellation.
struct TimerQueue {
    private struct Entry {
        let due: MonotonicNanos
        let token: TimerToken
    }

    private var heap: [Entry] = []
    private var work: [TimerToken: @Sendable () -> Void] = [:]
    private var lastNumber: UInt64 = 0

    /// Adds work; equal times run in the order of their scheduling.
    mutating func add(due: MonotonicNanos, _ body: @escaping @Sendable () -> Void) -> TimerToken {
        lastNumber += 1
        let token = TimerToken(number: lastNumber)
        work[token] = body
        heap.append(Entry(due: due, token: token))
        siftUp(heap.count - 1)
        return token
    }

    /// Forgets work that has not run.
    mutating func cancel(_ token: TimerToken) {
        guard work.removeValue(forKey: token) != nil else { return }
        // Cancelled entries stay in the heap until due; rebuild when they are the majority.
        if heap.count > 64, heap.count > 2 * work.count {
            let live = heap.filter { work[$0.token] != nil }
            heap.removeAll(keepingCapacity: true)
            for entry in live {
                heap.append(entry)
                siftUp(heap.count - 1)
            }
        }
    }

    /// When the earliest work is due.
    mutating func nextDue() -> MonotonicNanos? {
        while let first = heap.first, work[first.token] == nil { removeFirst() }
        return heap.first?.due
    }

    /// Takes the earliest work if it is due.
    mutating func takeDue(at now: MonotonicNanos) -> (@Sendable () -> Void)? {
        guard let due = nextDue(), due <= now, let first = heap.first else { return nil }
        removeFirst()
        return work.removeValue(forKey: first.token)
    }

    /// Forgets everything.
    mutating func removeAll() {
        heap = []
        work = [:]
    }

    private func isEarlier(_ left: Int, _ right: Int) -> Bool {
        let (a, b) = (heap[left], heap[right])
        return a.due < b.due || (a.due == b.due && a.token.number < b.token.number)
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0, isEarlier(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func removeFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isEarlier(child, least)
            {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
