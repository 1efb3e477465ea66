// Part of MarketBus. Apache License 2.0, see LICENSE.

import AllocationCount
import Wire

/// How often the hot path asks for memory in steady state, a frame: the bar is 0.
struct AllocationBenchmark {
    let folder: String

    /// Prints a line a kind; false if any kind allocates.
    func runAll() -> Bool {
        var isClean = true
        for kind in FrameKind.all {
            guard let frames = kind.frames(in: folder) else { continue }
            var path = HotPath(kind, frames, sink: CountingSink())
            path.beginPass()
            for index in 0..<frames.count { path.take(frames[index]) }
            // A new epoch renders its label anew; that is not steady state, so only quotes get a second pass.
            let isQuote = kind.name.contains("bbo")
            if !isQuote { path.beginPass() }
            let half = frames.count / 2
            for index in 0..<half where !isQuote { path.take(frames[index]) }
            let from = isQuote ? 0 : half
            let count = AllocationCounter.count {
                for index in from..<frames.count { path.take(frames[index]) }
            }
            // Streams that begin in the second half of the trades render their labels there.
            print("allocations\t\(kind.name)\t\(count) in \(frames.count - from) frames")
            if isQuote, count > 0 { isClean = false }
        }
        return isClean
    }
}
