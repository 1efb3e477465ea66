// Part of MarketBus. Apache License 2.0, see LICENSE.

import AllocationCount
import Binance
import Testing
import VenueTestKit

/// Decode, number and encode ask for no memory once a stream runs.
struct AllocationTests {
    @Test(
        .enabled(if: AllocationCounter.isAvailable, "no allocation counter under a sanitizer"),
        arguments: Frames.all
    )
    func `a frame of a running stream allocates nothing`(_ sample: Sample) throws {
        let name = ["t", "a", "u"].first { name in
            FrameText(sample.frame).fields.contains { $0.name == name && !$0.value.hasPrefix("\"") }
        }
        let identifier = try #require(name)
        let frames = (0..<600).map {
            FrameText(sample.frame).with(identifier, String(5_900_000 + $0)).description
        }
        let path = HotPath(BinanceVenue(), market: sample.market, frames: frames)
        path.run(0..<100)
        let count = AllocationCounter.count { path.run(100..<600) }
        #expect(count == 0)
        #expect(path.records == 600 && path.failures == 0)
    }
}
