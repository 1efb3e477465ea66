// Part of MarketBus. Apache License 2.0, see LICENSE.

import AllocationCount
import Binance
import Testing
import VenueTestKit

/// Decode, number and encode ask for no memory once a stream runs.
struct AllocationTests {
    @Test(
        .enabled(if: AllocationCounter.isAvailable, "no allocation counter under a sanitizer"),
        arguments: Frames.all.prefix(6)
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

    @Test(.enabled(if: AllocationCounter.isAvailable, "no allocation counter under a sanitizer"))
    func `a book's increment is decoded without memory`() {
        let levels = (0..<40).map { "[\"\(61_000 + $0).50000000\",\"0.\($0)1000000\"]" }
        let frames = (0..<600).map { number in
            """
            {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1672515782136,"s":"BTCUSDT",\
            "U":\(1000 + number * 10),"u":\(1009 + number * 10),\
            "b":[\(levels.prefix(20).joined(separator: ","))],"a":[\(levels.dropFirst(20).joined(separator: ","))]}}
            """
        }
        let path = HotPath(BinanceVenue(), market: .spot, frames: frames)
        path.run(0..<100)
        let count = AllocationCounter.count { path.run(100..<600) }
        #expect(count == 0)
        #expect(path.failures == 0)
    }
}
