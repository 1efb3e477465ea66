// Part of MarketBus. Apache License 2.0, see LICENSE.

import Synchronization

/// What a full mailbox does with one element too many; either way it is counted.
public enum LossPolicy: String, Sendable {
    /// The newest element is refused: what was asked first is done.
    case refuseNewest = "refuse_newest"
    /// The oldest element makes room: only the present matters.
    case dropOldest = "drop_oldest"
}

/// A bounded queue from any number of threads to one reader, for control: commands, results, state.
///
/// - Thread: `post` from any thread, `drain` from one. Allocates: `drain` may, `post` does not after it was made.
public final class Mailbox<Element: Sendable>: Sendable {
    /// What happens to one element too many.
    public let policy: LossPolicy
    /// The number of elements that fit.
    public let capacity: Int
    private let state: PlatformLock<State>
    private let lost = Atomic<UInt64>(0)
    private let wake: @Sendable () -> Void

    private struct State {
        var slots: [Element?]
        var start = 0
        var count = 0
    }

    /// Makes an empty mailbox.
    ///
    /// `wake` runs after a post into an empty mailbox, outside the lock, on the poster's thread: it raises
    /// the reader's flag.
    public init(capacity: Int, policy: LossPolicy, wake: @escaping @Sendable () -> Void = {}) {
        self.capacity = max(1, capacity)
        self.policy = policy
        self.wake = wake
        state = PlatformLock(State(slots: Array(repeating: nil, count: max(1, capacity))))
    }

    /// Adds an element.
    ///
    /// False means that an element was lost: this one or the oldest, as the policy says.
    @discardableResult
    public func post(_ element: Element) -> Bool {
        let (wasEmpty, isLossless) = state.withLock { state in
            let wasEmpty = state.count == 0
            if state.count == capacity {
                guard policy == .dropOldest else { return (false, false) }
                state.slots[state.start] = element
                state.start = (state.start + 1) % capacity
                return (false, false)
            }
            state.slots[(state.start + state.count) % capacity] = element
            state.count += 1
            return (wasEmpty, true)
        }
        if !isLossless { lost.wrappingAdd(1, ordering: .relaxed) }
        if wasEmpty { wake() }
        return isLossless
    }

    /// Takes everything that is there, oldest first.
    public func drain() -> [Element] {
        state.withLock { state in
            var result: [Element] = []
            result.reserveCapacity(state.count)
            for offset in 0..<state.count {
                let place = (state.start + offset) % capacity
                if let element = state.slots[place] { result.append(element) }
                state.slots[place] = nil
            }
            state.start = 0
            state.count = 0
            return result
        }
    }

    /// The number of elements inside, as of a moment ago.
    public var count: Int { state.withLock { $0.count } }

    /// The number of elements lost so far.
    public var dropped: UInt64 { lost.load(ordering: .relaxed) }
}
