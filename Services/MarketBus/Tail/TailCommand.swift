// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import JSONView
import KafkaBus
import Lifecycle
import Wire

/// `marketbus tail`: records as JSON lines.
enum TailCommand {
    static let summary = "records of topics as JSON lines"

    private struct Settings: Sendable {
        var kafka: KafkaSettings
        var topics: [String]
        var filter: RecordFilter
        var start: StartPosition
        var count: Int?
        var stopsAtEnd: Bool

        /// The time of the first record wanted; the embedded broker can't look for it.
        var earliest: Int64 {
            if case .timestamp(let milliseconds) = start { milliseconds } else { .min }
        }
    }

    static func run(_ words: [String]) -> Int32 {
        let command = OperatorCommand.describe(
            "tail",
            """
            Prints records as JSON lines {"topic","partition","offset","timestamp_ms","key","value"}, as they come.
            Without TOPIC: all of md, agg and arb. A TOPIC may be a beginning, such as md or md.bbo.
            """,
            operands: "[TOPIC…]",
            options: [
                CommandOption("--symbol", value: "S", repeatable: true, help: "only this canonical symbol"),
                CommandOption("--venue", value: "V", repeatable: true, help: "only this venue"),
                CommandOption(
                    "--from",
                    value: "TIME",
                    help:
                        "begin, end (the default), 10m or 2h ago, 2026-11-21T12:00:00Z, or ms since the epoch"
                ),
                CommandOption("--count", value: "N", help: "leave after N records"),
                CommandOption("--until-end", help: "leave when everything that is there was read"),
            ]
        )
        let outcome = ServiceLaunch.prepare(command, arguments: words) { reader, line in
            read(reader, line)
        }
        switch outcome {
        case .exit(let code): return code
        case .run(let settings, _): return Tool.run("tail") { try follow(settings, $0) }
        }
    }

    private static func read(_ reader: ConfigurationReader, _ line: CommandLineArguments) -> Settings {
        let (topics, unknown) = TopicNames.expand(line.operands)
        for name in unknown {
            reader.note(name, "is no topic of MarketBus, nor the beginning of one", "see marketbus topics")
        }
        var start = StartPosition.end
        if let text = line.value("--from") {
            if let found = TimeText.position(text, now: WallNanos.now.microseconds / 1000) {
                start = found
            } else {
                reader.note(
                    "--from",
                    "\"\(text)\" is no time",
                    "write begin, end, 10m, or 2026-11-21T12:00:00Z"
                )
            }
        }
        var count: Int?
        if let text = line.value("--count") {
            count = Int(text).flatMap { $0 > 0 ? $0 : nil }
            if count == nil { reader.note("--count", "\"\(text)\" is no count", "write a number from 1") }
        }
        return Settings(
            kafka: Tool.kafka(reader),
            topics: topics,
            filter: RecordFilter(symbols: line.values("--symbol"), venues: line.values("--venue")),
            start: start,
            count: count,
            stopsAtEnd: line.has("--until-end")
        )
    }

    private static func follow(_ settings: Settings, _ stop: StopFlag) throws -> Int32 {
        guard let scanner = JSONScanner() else { return ExitCode.bug.code }
        let consumer = try KafkaConsumer(
            settings: settings.kafka,
            topics: .assignExisting(settings.topics),
            from: settings.kafka.isEmbedded && settings.earliest > 0 ? .begin : settings.start
        )
        defer { consumer.close() }
        var output = OutputBuffer()
        var writer = JSONWriter()
        var printed = 0
        let limit = settings.count ?? Int.max
        while !stop.isRaised, printed < limit, !output.isBroken {
            try consumer.poll(waitMilliseconds: 100) { record in
                guard printed < limit, record.timestampMilliseconds >= settings.earliest,
                    settings.filter.admits(record, scanner)
                else { return }
                RecordLine.write(record, scanner, to: &writer)
                output.append(writer.bytes)
                printed += 1
            }
            output.flush()
            if settings.stopsAtEnd, consumer.hasReachedEnd { break }
        }
        return 0
    }
}

/// Names of topics as an operator writes them.
enum TopicNames {
    /// Whole names for names or beginnings of them; all of md, agg and arb for none.
    static func expand(_ words: [String]) -> (topics: [String], unknown: [String]) {
        let all = TopicRegistry.all.map(\.name)
        if words.isEmpty {
            return (all.filter { name in ["md.", "agg.", "arb."].contains { name.hasPrefix($0) } }, [])
        }
        var topics: [String] = []
        var unknown: [String] = []
        for word in words {
            let matches = all.filter { $0 == word || $0.hasPrefix(word + ".") }
            if matches.isEmpty { unknown.append(word) }
            for name in matches where !topics.contains(name) { topics.append(name) }
        }
        return (topics, unknown)
    }
}
