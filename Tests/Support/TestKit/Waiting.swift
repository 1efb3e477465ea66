// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc
import Lifecycle

/// Waits until the condition holds or the limit is over, and returns whether it holds; the only way for a test to wait.
///
/// Blocks the calling thread: for code that runs on threads, not tasks.
public func waitUntil(withinMilliseconds limit: Int64 = 5000, _ condition: () -> Bool) -> Bool {
    let deadline = MonotonicNanos.now.advanced(milliseconds: limit)
    while !condition() {
        guard MonotonicNanos.now < deadline else { return condition() }
        usleep(1000)
    }
    return true
}

/// The same for asynchronous tests.
public func waitUntil(
    withinMilliseconds limit: Int64 = 5000,
    _ condition: () async -> Bool
) async -> Bool {
    let deadline = MonotonicNanos.now.advanced(milliseconds: limit)
    while await !condition() {
        guard MonotonicNanos.now < deadline else { return await condition() }
        try? await Task.sleep(for: .milliseconds(1))
    }
    return true
}
