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
            let count = kind.isTrade ? trades(&path, frames) : repeated(&path, frames)
            print("allocations\t\(kind.name)\t\(count.allocations) in \(count.frames) frames")
            if count.allocations > 0 { isClean = false }
        }
        return isClean
    }

    /// Frames that say the same again and again: the third pass is steady.
    private func repeated(_ path: inout HotPath, _ frames: FrameFile) -> (allocations: Int, frames: Int) {
        for _ in 0..<2 {
            path.beginPass()
            for index in 0..<frames.count { path.take(frames[index]) }
        }
        path.beginPass()
        let count = AllocationCounter.count {
            for index in 0..<frames.count { path.take(frames[index]) }
        }
        return (count, frames.count)
    }

    /// A new epoch renders its labels anew, which is not steady state: the second half of a pass, in a file whose first
    /// half has all the streams.
    private func trades(_ path: inout HotPath, _ frames: FrameFile) -> (allocations: Int, frames: Int) {
        let half = frames.count / 2
        path.beginPass()
        for index in 0..<frames.count { path.take(frames[index]) }
        path.beginPass()
        for index in 0..<half { path.take(frames[index]) }
        let count = AllocationCounter.count {
            for index in half..<frames.count { path.take(frames[index]) }
        }
        return (count, frames.count - half)
    }
}
