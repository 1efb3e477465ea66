// Part of MarketBus. Apache License 2.0, see LICENSE.

import AllocationCount
import HTX
import Testing
import VenueTestKit

/// The way from frame to record in steady state.
struct AllocationTests {
    @Test(
        .enabled(if: AllocationCounter.isAvailable, "no allocation counter under a sanitizer"),
        arguments: Frames.trades + Frames.quotes + [Frames.increment, Frames.update, Frames.wholeLinear]
    )
    func `a frame of a running stream allocates nothing`(_ sample: Sample) {
        let frames = (0..<600).map { number in
            // Trades are told apart by their ids.
            ["100039973212", "100039973211", "1000219512747480000", "842306997050000"].reduce(sample.frame) {
                $0.replacingFirst(":\($1),", ":\(5_000_000 + number * 2 + ($1.hasSuffix("1") ? 1 : 0)),")
            }
        }
        let path = HotPath(HTXVenue(), market: nil, frames: frames, instruments: Frames.bench().instruments)
        path.run(0..<100)
        let count = AllocationCounter.count { path.run(100..<600) }
        #expect(count == 0)
        #expect(path.failures == 0)
    }
}
