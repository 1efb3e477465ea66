// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Synchronization

/// A clock that only moves when told to.
///
/// - Thread: any.
public final class ManualClock: TimeSource {
    private let wallCell: Atomic<Int64>
    private let monotonicCell: Atomic<Int64>

    /// Makes a clock that stands at these points.
    public init(
        wall: WallNanos = WallNanos(1_700_000_000_000_000_000),
        monotonic: MonotonicNanos = MonotonicNanos(0)
    ) {
        wallCell = Atomic(wall.value)
        monotonicCell = Atomic(monotonic.value)
    }

    /// The wall clock now.
    public var wall: WallNanos { WallNanos(wallCell.load(ordering: .acquiring)) }

    /// The monotonic clock now.
    public var monotonic: MonotonicNanos { MonotonicNanos(monotonicCell.load(ordering: .acquiring)) }

    /// Moves both clocks forward.
    public func advance(milliseconds: Int64) {
        wallCell.wrappingAdd(milliseconds &* 1_000_000, ordering: .acquiringAndReleasing)
        monotonicCell.wrappingAdd(milliseconds &* 1_000_000, ordering: .acquiringAndReleasing)
    }

    /// Sets the wall clock alone, as an operator or NTP does.
    public func setWall(_ wall: WallNanos) {
        wallCell.store(wall.value, ordering: .releasing)
    }
}
