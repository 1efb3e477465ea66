// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Synchronization

/// Whether a thread is asked to end; it may wait for that.
final class StopWord: Sendable {
    private let flag: WakeFlag
    private let said = Atomic<Bool>(false)

    init() throws { flag = try WakeFlag() }

    var isSaid: Bool { said.load(ordering: .acquiring) }

    func say() {
        said.store(true, ordering: .releasing)
        flag.raise()
    }

    func wait(milliseconds: Int64) {
        guard !isSaid else { return }
        flag.wait(until: .now.advanced(milliseconds: milliseconds))
    }
}
