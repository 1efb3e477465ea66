// Part of MarketBus. Apache License 2.0, see LICENSE.

import AllocationCount
import Coinbase
import Testing
import VenueTestKit

/// The way from frame to record in steady state.
struct AllocationTests {
    @Test(
        .enabled(if: AllocationCounter.isAvailable, "no allocation counter under a sanitizer"),
        arguments: [Frames.match, Frames.ticker, Frames.change, Frames.advancedTicker, Frames.advancedUpdate]
    )
    func `a frame of a running stream allocates nothing`(_ sample: Sample) {
        let frames = (0..<600).map { number in
            let frame = FrameText(sample.frame)
            return sample.name == "match"
                ? frame.with("trade_id", String(number + 1)).description : frame.description
        }
        let path = HotPath(CoinbaseVenue(), market: nil, frames: frames)
        path.run(0..<100)
        let count = AllocationCounter.count { path.run(100..<600) }
        #expect(count == 0)
        #expect(path.failures == 0)
    }
}
