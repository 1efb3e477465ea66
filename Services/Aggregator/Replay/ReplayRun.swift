// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import JSONView
import Lifecycle
import Observability
import RecordLines
import Wire

/// `aggregator --replay FILE`: records of files in, the records that an aggregator would publish out, without a cluster.
///
/// The engine is the service's own. Time is that of the records: each is taken when it was published, several files in the
/// order of those times, and in between time passes in small steps as it does in the service. So the same files and
/// configuration give the same bytes.
struct ReplayRun {
    /// The longest step of time.
    ///
    /// - Unit: microseconds.
    private static let step: Int64 = 25_000
    /// The most steps between two records: a longer silence passes in longer ones.
    private static let steps: Int64 = 1000
    /// How long time goes on after the last record: late takers arrive.
    ///
    /// - Unit: microseconds.
    private static let rest: Int64 = 1_000_000

    private let engine: AggregatorEngine
    private let decisions: DecisionTimer
    private let registry = Metrics()
    private var now: Int64

    /// Runs; everything that is wrong was said.
    ///
    /// - Parameters:
    ///   - settings: the service's.
    ///   - files: where the records are.
    ///   - tellsMetrics: whether the metrics are written to the error output at the end.
    /// - Returns: the exit code.
    static func run(_ settings: AggregatorSettings, _ files: [String], tellsMetrics: Bool) -> Int32 {
        do throws(RecordLineError) {
            let output = RecordLineWriter()
            var records = try MergedRecords(files)
            // Instruments may come without a time of their own: they count from the first that has one.
            var early: [LineRecord] = []
            while let record = try records.next() {
                early.append(record)
                if record.publishedMicroseconds != nil { break }
            }
            var run = try ReplayRun(settings, startingAt: early.last?.publishedMicroseconds ?? 0, output)
            for record in early { run.take(record) }
            while output.failure == nil, let record = try records.next() { run.take(record) }
            run.end()
            try output.flush()
            if tellsMetrics {
                Terminal.write(String(decoding: run.registry.render(), as: UTF8.self), to: .error)
            }
            return ExitCode.success.code
        } catch {
            Terminal.write("aggregator: --replay \(error)\n", to: .error)
            return error.exitCode.code
        }
    }

    private init(
        _ settings: AggregatorSettings,
        startingAt start: Int64,
        _ sink: any RecordSink
    ) throws(RecordLineError) {
        guard let scanner = JSONScanner() else {
            throw RecordLineError(reading: "no memory for the JSON scanner")
        }
        now = start
        let metrics = AggregatorMetrics(registry)
        decisions = DecisionTimer(metrics.decision, SystemClock())
        let instance = settings.common.instance
        engine = AggregatorEngine(
            settings,
            scanner: scanner,
            publisher: RecordPublisher(instance: instance, epoch: now, sink: sink, metrics: metrics),
            metrics: metrics,
            logger: Logger(service: "aggregator", instance: instance, level: .warning)
        )
        engine.onStep = { [decisions] in decisions.noteStep() }
        // The whole market is this one's, and there is nothing to learn of what was before.
        engine.setPartitions(1)
        engine.take([0])
        engine.endLearning(0, now: now)
    }

    private mutating func take(_ record: LineRecord) {
        if let time = record.publishedMicroseconds, time > now { pass(to: time) }
        guard let topic = record.topic else { return }
        Self.withBytes(record.key) { key in
            Self.withBytes(record.value) { value in
                let name = TopicRegistry.spec(of: topic).name
                let inbound = InboundRecord(
                    topic: name,
                    partition: 0,
                    offset: record.line,
                    key: key,
                    value: value
                )
                take(inbound, topic)
            }
        }
    }

    private func take(_ record: InboundRecord, _ topic: TopicID) {
        switch topic {
        case TopicRegistry.bbo: decisions.time { engine.takeQuote(record, now: now) }
        case TopicRegistry.book: decisions.time { engine.takeBook(record, now: now) }
        case TopicRegistry.funding: engine.takeFunding(record, now: now)
        case TopicRegistry.instrument: engine.takeInstrument(record, now: now)
        case TopicRegistry.feedStatus: engine.takeStatus(record, now: now)
        default: break
        }
    }

    /// Lets time go by, the moment itself left out: its records come first.
    private mutating func pass(to time: Int64) {
        let step = max(Self.step, (time - now) / Self.steps)
        while now < time {
            engine.tick(now: now)
            now = min(now + step, time)
        }
    }

    private mutating func end() {
        let (end, overflow) = now.addingReportingOverflow(Self.rest)
        if !overflow { pass(to: end) }
        engine.tick(now: now)
        engine.shutdown(now: now)
    }

    private static func withBytes(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Void) {
        guard let bytes else { return body(nil) }
        bytes.withUnsafeBytes { body($0) }
    }
}

/// The records of several files, each in its own order, the earliest first, of equal times the first file's.
private struct MergedRecords {
    private var files: [RecordLineReader] = []
    private var heads: [LineRecord?] = []

    init(_ names: [String]) throws(RecordLineError) {
        for name in names {
            let file = try RecordLineReader(name)
            heads.append(try file.next())
            files.append(file)
        }
    }

    mutating func next() throws(RecordLineError) -> LineRecord? {
        var chosen: Int?
        for index in heads.indices {
            guard let head = heads[index] else { continue }
            guard let best = chosen, let other = heads[best] else {
                chosen = index
                continue
            }
            // One without time comes at once.
            let (time, earliest) = (head.publishedMicroseconds ?? .min, other.publishedMicroseconds ?? .min)
            if time < earliest { chosen = index }
        }
        guard let chosen else { return nil }
        let record = heads[chosen]
        heads[chosen] = try files[chosen].next()
        return record
    }
}
