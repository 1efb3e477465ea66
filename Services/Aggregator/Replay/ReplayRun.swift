// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import JSONView
import KafkaBus
import Observability
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
    private var now: Int64

    /// Runs and gives the exit code; everything that is wrong was said.
    static func run(_ settings: AggregatorSettings, _ files: [String]) -> Int32 {
        do throws(RecordFileError) {
            let sink = LineSink()
            var records = try MergedRecords(files)
            if let first = try records.next() {
                var run = try ReplayRun(settings, first, sink)
                run.take(first)
                while let record = try records.next() { run.take(record) }
                run.end()
            }
            sink.flush()
            return sink.hasFailed ? 74 : 0
        } catch {
            Terminal.write("aggregator: --replay \(error)\n", to: .error)
            return ServiceLaunch.configurationExitCode
        }
    }

    private init(
        _ settings: AggregatorSettings,
        _ first: FiledRecord,
        _ sink: LineSink
    ) throws(RecordFileError) {
        guard let scanner = JSONScanner() else {
            throw RecordFileError(description: "no memory for the JSON scanner")
        }
        now = first.publishedMicroseconds ?? 0
        let metrics = AggregatorMetrics(Metrics())
        let instance = settings.common.instance
        engine = AggregatorEngine(
            settings,
            scanner: scanner,
            publisher: RecordPublisher(instance: instance, epoch: now, sink: sink, metrics: metrics),
            metrics: metrics,
            logger: Logger(service: "aggregator", instance: instance, level: .warning)
        )
    }

    private mutating func take(_ record: FiledRecord) {
        if let time = record.publishedMicroseconds, time > now { pass(to: time) }
        guard let topic = record.topic else { return }
        Self.withBytes(record.key) { key in
            Self.withBytes(record.value) { value in
                let consumed = ConsumedRecord(
                    topic: topic,
                    partition: 0,
                    offset: record.line,
                    key: key,
                    value: value
                )
                take(consumed, topic)
            }
        }
    }

    private func take(_ record: borrowing ConsumedRecord, _ topic: TopicID) {
        switch topic {
        case TopicRegistry.bbo: engine.takeQuote(record, now: now)
        case TopicRegistry.book: engine.takeBook(record, now: now)
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
    private var files: [RecordFile] = []
    private var heads: [FiledRecord?] = []

    init(_ names: [String]) throws(RecordFileError) {
        for name in names {
            let file = try RecordFile(name)
            heads.append(try file.next())
            files.append(file)
        }
    }

    mutating func next() throws(RecordFileError) -> FiledRecord? {
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
