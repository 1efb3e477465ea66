// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc

/// A pause between two looks.
enum WaitABit {
    static func milliseconds(_ count: UInt32) { usleep(count * 1000) }
}
