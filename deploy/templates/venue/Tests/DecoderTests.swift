// Part of MarketBus. Apache License 2.0, see LICENSE.

import AllocationCount
import Testing
import VenueTestKit
import __NAME__

/// What each documented frame becomes.
struct DecoderTests {
    private let bench = FrameBench(__NAME__Venue())

    @Test(arguments: Frames.all)
    func `a documented frame is one event, in any order of its fields`(_ sample: Sample) {
        #expect(bench.see(sample.frame) == sample.seen)
        var generator = SplitMix(seed: 1)
        for _ in 0..<40 {
            let shuffled = FrameText(sample.frame).with("zz", "[{}]").shuffled(using: &generator).description
            #expect(bench.see(shuffled) == sample.seen, "\(shuffled)")
        }
    }

    @Test(arguments: Frames.all)
    func `a missing field and a cut frame give no event`(_ sample: Sample) {
        for name in sample.required {
            let frame = FrameText(sample.frame).without(name).description
            #expect(bench.see(frame)[0].hasPrefix("dead missing_field"), "\(frame)")
        }
        let bytes = Array(sample.frame.utf8)
        for length in 0..<bytes.count {
            #expect(bench.see(bytes: Array(bytes[..<length])) == ["dead malformed"])
        }
    }

    @Test(
        .enabled(if: AllocationCounter.isAvailable, "no allocation counter under a sanitizer"),
        arguments: Frames.all
    )
    func `a frame of a running stream allocates nothing`(_ sample: Sample) {
        let frames = (0..<600).map { FrameText(sample.frame).with("id", String($0 + 1)).description }
        let path = HotPath(__NAME__Venue(), market: nil, frames: frames)
        path.run(0..<100)
        let count = AllocationCounter.count { path.run(100..<600) }
        #expect(count == 0 && path.failures == 0 && path.records == 600)
    }
}
