// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import Integrity
import JSONView
import KafkaBus
import Lifecycle
import Wire

/// `marketbus verify`: proves from the topics alone that nothing is missing, or says what is and why.
enum VerifyCommand {
    static let summary = "prove that a time range is complete, or name each hole and its cause"

    private struct Settings: Sendable {
        var kafka: KafkaSettings
        var from: StartPosition
        /// Records that were published later do not count.
        ///
        /// Unit: microseconds since the Unix epoch.
        var until: Int64
        var filter: RecordFilter
        var isJSON: Bool

        /// When the first record that counts was published.
        var since: Int64 {
            if case .timestamp(let milliseconds) = from { milliseconds * 1000 } else { 0 }
        }
    }

    /// What a feed says of its last seconds may be about records that are still on their way.
    private static let slackMicroseconds: Int64 = 5_000_000

    /// How much earlier than its publishing a record's own time may be.
    ///
    /// Records carry the venue's time.
    private static let lateMilliseconds: Int64 = 2000

    static func run(_ words: [String]) -> Int32 {
        let command = OperatorCommand.describe(
            "verify",
            """
            Reads all md topics and sys.integrity.v1 in the range and says per feed, topic and symbol whether the
            records are complete, what is missing, and whether the feed announced it; where feeds share a venue's
            symbols, also when a symbol had no feed: what one that was killed cost.
            Exit code 0: complete, or every hole is explained. 1: an unexplained hole, a duplicate or disorder.
            """,
            options: [
                CommandOption("--from", value: "TIME", help: "begin (the default), 10m or 2h ago, or a time"),
                CommandOption("--to", value: "TIME", help: "the same; the default is now"),
                CommandOption("--symbol", value: "S", repeatable: true, help: "only this canonical symbol"),
                CommandOption("--venue", value: "V", repeatable: true, help: "only this venue"),
                CommandOption("--json", help: "one JSON object a stream instead of words"),
            ]
        )
        let outcome = ServiceLaunch.prepare(command, arguments: words) { reader, line in read(reader, line) }
        switch outcome {
        case .exit(let code): return code
        case .run(let settings, _): return Tool.run("verify") { try verify(settings, $0) }
        }
    }

    private static func read(_ reader: ConfigurationReader, _ line: CommandLineArguments) -> Settings {
        let now = WallNanos.now.microseconds
        func position(_ flag: String, _ standard: StartPosition) -> StartPosition {
            guard let text = line.value(flag) else { return standard }
            if let found = TimeText.position(text, now: now / 1000) { return found }
            reader.note(flag, "\"\(text)\" is no time", "write begin, 10m, or 2026-11-21T12:00:00Z")
            return standard
        }
        var until = now
        if case .timestamp(let milliseconds) = position("--to", .end) { until = milliseconds * 1000 }
        return Settings(
            kafka: Tool.kafka(reader),
            from: position("--from", .begin),
            until: until,
            filter: RecordFilter(symbols: line.values("--symbol"), venues: line.values("--venue")),
            isJSON: line.has("--json")
        )
    }

    private static func verify(_ settings: Settings, _ stop: StopFlag) throws -> Int32 {
        guard let scanner = JSONScanner() else { return ExitCode.bug.code }
        let market = TopicRegistry.all.map(\.name).filter { $0.hasPrefix("md.") }
        let consumer = try KafkaConsumer(
            settings: settings.kafka,
            topics: .assignExisting(market + [TopicRegistry.spec(of: TopicRegistry.integrity).name]),
            from: settings.kafka.isEmbedded ? .begin : settings.from
        )
        defer { consumer.close() }
        var ledger = ProofLedger(fromFirst: settings.from == .begin)
        var unreadable = 0
        // Busy partitions may never be at their end: a record from after the range will do.
        var passed: Set<TopicPartition> = []
        while !stop.isRaised, !passed.union(consumer.readToEnd).isSuperset(of: consumer.assignment) {
            try consumer.poll(waitMilliseconds: 100) { record in
                if record.timestampMilliseconds > settings.until / 1000 + lateMilliseconds {
                    passed.insert(TopicPartition(topic: record.topic, partition: record.partition))
                }
                guard let value = record.value else { return }
                do throws(RecordError) {
                    if record.topicID == TopicRegistry.integrity {
                        try account(IntegrityRecord(decoding: value, scanner: scanner), settings, &ledger)
                    } else {
                        try note(value, record.topic, settings, scanner, &ledger)
                    }
                } catch {
                    unreadable += 1
                }
            }
        }
        guard !stop.isRaised else {
            Tool.complain("verify", "interrupted before everything was read: nothing is proven")
            return Tool.findingExitCode
        }
        var output = OutputBuffer()
        let findings = ledger.findings().filter { isWanted($0.stream, settings.filter) }
        VerifyReport.write(findings, unreadable: unreadable, isJSON: settings.isJSON, to: &output)
        output.flush()
        let isExplained = findings.allSatisfy(\.isExplained) && unreadable == 0
        return isExplained ? ExitCode.success.code : Tool.findingExitCode
    }

    private static func isWanted(_ stream: ProofStream, _ filter: RecordFilter) -> Bool {
        (filter.symbols.isEmpty || filter.symbols.contains(stream.symbol))
            && (filter.venues.isEmpty || filter.venues.contains(stream.venue))
    }

    private static func note(
        _ value: UnsafeRawBufferPointer,
        _ topic: String,
        _ settings: Settings,
        _ scanner: JSONScanner,
        _ ledger: inout ProofLedger
    ) throws(RecordError) {
        var cursor: JSONCursor
        do throws(JSONError) { cursor = try scanner.scan(value) } catch { throw .malformed(offset: 0) }
        let head = try MarketHead(try RecordObject(&cursor))
        guard (settings.since...settings.until).contains(head.publishedMicroseconds) else { return }
        ledger.note(
            ProofStream(feed: head.feed, topic: topic, venue: head.venue, symbol: head.symbol),
            epoch: head.epoch,
            seq: head.seq,
            published: head.publishedMicroseconds
        )
    }

    /// Takes in what a feed says about itself.
    private static func account(
        _ record: IntegrityRecord,
        _ settings: Settings,
        _ ledger: inout ProofLedger
    ) {
        func stream(_ venue: String, _ symbol: String) -> ProofStream {
            ProofStream(feed: record.feed, topic: record.topicName, venue: venue, symbol: symbol)
        }
        for incident in record.incidents {
            let text = "\(incident.kind): \(incident.detail)"
            var told = ProofIncident(at: incident.atMicroseconds, symbol: incident.symbol, text: text)
            if incident.kind == "trades_missing" || incident.kind == "candles_missing",
                let symbol = incident.symbol
            {
                ledger.announce(stream(incident.venue, symbol), missed: told)
            } else if incident.kind == "taken_over", let symbol = incident.symbol {
                told.feed = incident.stream
                ledger.announce(stream(incident.venue, symbol), takenOver: told)
            } else {
                ledger.announce(told, of: record.feed)
            }
        }
        for hole in record.holes where hole.firstSeq <= hole.lastSeq && hole.firstSeq > 0 {
            guard !hole.repaired else {
                let count = hole.lastSeq - hole.firstSeq + 1
                ledger.announce(stream(hole.venue, hole.symbol), repaired: count)
                continue
            }
            ledger.announce(
                stream(hole.venue, hole.symbol),
                epoch: hole.epoch,
                hole: hole.firstSeq...hole.lastSeq,
                reason: hole.reason
            )
        }
        for span in record.streams where span.firstSeq <= span.lastSeq {
            ledger.announce(
                stream(span.venue, span.symbol),
                epoch: span.epoch,
                accounted: span.lastSeq
            )
        }
        let isSettled = record.toMicroseconds <= settings.until - slackMicroseconds
        guard isSettled, record.fromMicroseconds >= settings.since else { return }
        for span in record.streams where span.firstSeq <= span.lastSeq && span.firstSeq > 0 {
            ledger.announce(
                stream(span.venue, span.symbol),
                epoch: span.epoch,
                given: span.firstSeq...span.lastSeq
            )
        }
    }
}
