// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Streams in the order of the time at which they speak next: a binary heap.
struct Schedule {
    private var entries: [(due: Int, stream: Stream)] = []

    /// Wakes a stream at a time, or earlier where it is to be woken earlier anyhow.
    mutating func wake(_ stream: Stream, at due: Int) {
        guard stream.due.map({ due < $0 }) ?? true else { return }
        stream.due = due
        entries.append((due, stream))
        var child = entries.count - 1
        while child > 0, entries[child].due < entries[(child - 1) / 2].due {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// The next stream whose time has come.
    mutating func next(now: Int) -> Stream? {
        while let first = entries.first, first.due <= now {
            drop()
            // An entry that an earlier one replaced is out of force.
            guard first.stream.due == first.due else { continue }
            first.stream.due = nil
            return first.stream
        }
        return nil
    }

    private mutating func drop() {
        let last = entries.removeLast()
        guard !entries.isEmpty else { return }
        entries[0] = last
        var parent = 0
        while true {
            let left = 2 * parent + 1
            var least = parent
            if left < entries.count, entries[left].due < entries[least].due { least = left }
            if left + 1 < entries.count, entries[left + 1].due < entries[least].due { least = left + 1 }
            guard least != parent else { return }
            entries.swapAt(parent, least)
            parent = least
        }
    }
}
