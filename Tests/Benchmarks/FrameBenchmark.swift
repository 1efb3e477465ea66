// Part of MarketBus. Apache License 2.0, see LICENSE.

import Wire

/// Recorded frames to the JSON bytes of their records, in memory: decode, number, encode; nothing sent.
struct FrameBenchmark {
    let folder: String
    let runs: Int
    let secondsPerRun: Double

    /// The same frames with nobody who looks at shapes, and with the sentinel, in turns.
    func runDrift() {
        for kind in FrameKind.all {
            guard let frames = kind.frames(in: folder) else { continue }
            var paths = [false, true].map { HotPath(kind, frames, sink: CountingSink(), watches: $0) }
            var best = [Double.infinity, Double.infinity]
            for _ in 0..<(2 * runs) {
                for place in 0..<2 {
                    _ = measure(&paths[place], frames, seconds: secondsPerRun / 2, &best[place])
                }
            }
            let share = (best[1] / best[0] - 1) * 100
            print(
                "drift\t\(kind.name)\twithout \(Int(best[0]))\twith \(Int(best[1])) ns/frame"
                    + "\t\((share * 10).rounded() / 10) %"
            )
        }
    }

    func runAll() {
        for kind in FrameKind.all {
            if let frames = kind.frames(in: folder) {
                run(kind, frames)
            } else {
                print("frames\t\(kind.name)\tskipped: no such file")
            }
        }
    }

    private func run(_ kind: FrameKind, _ frames: FrameFile) {
        let sink = CountingSink()
        var path = HotPath(kind, frames, sink: sink)
        var best = Double.infinity
        _ = measure(&path, frames, seconds: 0.3, &best)
        let results = (0..<runs).map { _ in measure(&path, frames, seconds: secondsPerRun, &best) }.sorted()
        Report.line(
            "frame-json",
            kind.name,
            best: best,
            median: results[results.count / 2],
            errors: path.errors
        )
    }

    /// Nanoseconds of this thread's processor a frame over whole passes for at least so long, as the parse floor measures.
    private func measure(
        _ path: inout HotPath,
        _ frames: FrameFile,
        seconds: Double,
        _ best: inout Double
    ) -> Double {
        let passes = (4000 + frames.count - 1) / frames.count
        let start = Clock.thread
        var last = start
        var done = 0
        while true {
            for _ in 0..<passes {
                path.beginPass()
                for index in 0..<frames.count { path.take(frames[index]) }
            }
            done += passes * frames.count
            let now = Clock.thread
            best = min(best, Double(now - last) / Double(passes * frames.count))
            last = now
            if Double(now - start) >= seconds * 1e9 { return Double(now - start) / Double(done) }
        }
    }
}

/// Counts what it is given.
final class CountingSink: RecordSink {
    private(set) var records = 0
    private(set) var bytes = 0

    func send(_ record: OutboundRecord) -> SendOutcome {
        records += 1
        bytes += record.value?.count ?? 0
        return .accepted
    }
}

/// Result lines: tab-separated, so that the runner and a person read the same.
enum Report {
    /// Processor time of a span as a share of one core.
    static func share(_ nanoseconds: Double, _ seconds: Double) -> String {
        "\(Double(Int(nanoseconds / seconds / 1e5)) / 100) % of a core"
    }

    static func line(_ what: String, _ kind: String, best: Double, median: Double, errors: Int) {
        print("\(what)\t\(kind)\tbest \(Int(best))\tmedian \(Int(median)) ns/frame\terrors \(errors)")
    }
}
