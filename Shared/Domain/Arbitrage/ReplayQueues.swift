// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint

/// A taker's orders on their way.
struct Replay: Sendable {
    let due: Int64
    let route: Int
    let opened: Int64
    let latency: Int64
    let size: ScaledDecimal
}

/// The orders of late takers on their way, by latency: those of one latency arrive in the order in which they left.
///
/// - Thread: one at a time. Allocates: when more are on their way than ever before.
struct ReplayQueues: Sendable {
    private struct Queue {
        var replays: ContiguousArray<Replay> = []
        /// How many at the front have arrived.
        var arrived = 0

        var first: Replay? { arrived < replays.count ? replays[arrived] : nil }

        /// Behind all others, unless a clock was set back: those that left before do not hold up those that leave then.
        mutating func add(_ replay: Replay) {
            var place = replays.count
            while place > arrived, replays[place - 1].due > replay.due { place -= 1 }
            replays.insert(replay, at: place)
        }

        /// Forgets those that have arrived, when they are most of all.
        mutating func tidy() {
            guard arrived * 2 >= replays.count else { return }
            replays.removeSubrange(..<arrived)
            arrived = 0
        }
    }

    /// How many are on their way.
    private(set) var count = 0
    /// When the first of them arrives.
    private(set) var nextDue = Int64.max
    private var queues: ContiguousArray<Queue>

    init(latencies: Int) {
        queues = ContiguousArray(repeating: Queue(), count: latencies)
    }

    /// Sends orders on their way.
    mutating func append(_ replay: Replay, latency index: Int) {
        queues[index].add(replay)
        count += 1
        nextDue = min(nextDue, replay.due)
    }

    /// Puts those that are due before now behind others.
    mutating func take(before now: Int64, into arrived: inout ContiguousArray<Replay>) {
        nextDue = .max
        for index in queues.indices {
            while let first = queues[index].first, first.due < now {
                arrived.append(first)
                queues[index].arrived += 1
                count -= 1
            }
            queues[index].tidy()
            nextDue = min(nextDue, queues[index].first?.due ?? .max)
        }
    }

    /// Takes back those of which `isOver` is true.
    mutating func removeAll(where isOver: (Replay) -> Bool) {
        count = 0
        nextDue = .max
        for index in queues.indices {
            queues[index].replays.removeSubrange(..<queues[index].arrived)
            queues[index].arrived = 0
            queues[index].replays.removeAll(where: isOver)
            count += queues[index].replays.count
            nextDue = min(nextDue, queues[index].first?.due ?? .max)
        }
    }
}
