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
            path.learnShapes(frames)
            let count = kind.isTrade ? trades(&path, frames) : repeated(&path, frames)
            let place = count.place.map { ", the first at frame \($0)" } ?? ""
            print("allocations\t\(kind.name)\t\(count.allocations) in \(count.frames) frames\(place)")
            if count.allocations > 0 { isClean = false }
        }
        return isClean
    }

    /// Frames that say the same again and again: the third pass is steady, but for those that begin a book.
    private func repeated(_ path: inout HotPath, _ frames: FrameFile) -> Count {
        for _ in 0..<2 {
            path.beginPass()
            for index in 0..<frames.count { path.take(frames[index]) }
        }
        path.beginPass()
        return count(&path, frames, from: 0)
    }

    /// A new epoch renders its labels anew, which is not steady state: the second half of a pass, in a file whose first
    /// half has all the streams.
    private func trades(_ path: inout HotPath, _ frames: FrameFile) -> Count {
        let half = frames.count / 2
        path.beginPass()
        for index in 0..<frames.count { path.take(frames[index]) }
        path.beginPass()
        for index in 0..<half { path.take(frames[index]) }
        return count(&path, frames, from: half)
    }

    private func count(_ path: inout HotPath, _ frames: FrameFile, from first: Int) -> Count {
        var count = Count()
        for index in first..<frames.count {
            let more = AllocationCounter.count { path.take(frames[index]) }
            guard !path.hasBegunBook else { continue }
            count.frames += 1
            count.allocations += more
            if more > 0, count.place == nil { count.place = index }
        }
        return count
    }

    /// Allocations, the frames that they were counted over, and the first that asked for memory.
    private struct Count {
        var allocations = 0
        var frames = 0
        var place: Int?
    }
}
