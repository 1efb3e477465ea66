// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Observability

/// How long it takes from taking up a record until each step of an opportunity that it makes is handed over.
///
/// What time alone brings is of no record, and is not timed.
///
/// - Thread: the aggregator's. Allocates: never.
final class DecisionTimer {
    private let histogram: Histogram
    private let clock: any TimeSource
    /// When the record that is being taken in was taken up.
    private var takenUp: MonotonicNanos?

    init(_ histogram: Histogram, _ clock: any TimeSource) {
        self.histogram = histogram
        self.clock = clock
    }

    /// Takes in a record.
    func time(_ take: () -> Void) {
        takenUp = clock.monotonic
        take()
        takenUp = nil
    }

    /// A step that a record led to has been handed over.
    func noteStep() {
        guard let takenUp else { return }
        histogram.observe(clock.monotonic - takenUp)
    }
}
