// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import FeedKit
import Glibc
import JSONView
import KafkaBus
import Lifecycle
import Models
import RecordLines
import VenueKit
import Wire

/// `marketbus replay`: captures through the very code of the feed, to lines or to a broker.
enum ReplayCommand {
    static let summary =
        "a capture through the feed's code, to lines or a broker; --diff compares two outputs"

    private struct Settings: Sendable {
        var kafka: KafkaSettings?
        var files: [String]
        var market: MarketID?
        var feed: String
        /// How much faster than it was recorded; nil: as fast as it goes.
        var speed: Double?
    }

    static func run(_ words: [String]) -> Int32 {
        if words.first == "--diff" { return LineDifference.run(Array(words.dropFirst())) }
        guard let (venue, rest) = VenueWord.take(words, command: "replay") else {
            return words.contains("--help") ? 0 : ServiceLaunch.configurationExitCode
        }
        let id = type(of: venue).id.name
        let command = OperatorCommand.describe(
            "replay --venue \(id)",
            """
            Reads session files in the order given, compressed or not, and gives the records that the feed would publish:
            the same bytes at every run. marketbus replay --diff A B compares two outputs.
            """,
            operands: "FILE…",
            options: [
                CommandOption("--to", value: "WHERE", help: "lines (the default) or kafka"),
                CommandOption(
                    "--market",
                    value: "M",
                    help: "the market of connections that don't show theirs"
                ),
                CommandOption("--feed", value: "NAME", help: "the instance name in the records (\(id)-feed)"),
                CommandOption(
                    "--speed",
                    value: "N",
                    help: "N times as fast as recorded; the default is no pause at all"
                ),
            ]
        )
        let outcome = ServiceLaunch.prepare(command, arguments: rest) { reader, line in
            read(reader, line, id)
        }
        switch outcome {
        case .exit(let code): return code
        case .run(let settings, _): return Tool.run("replay") { try replay(settings, venue, $0) }
        }
    }

    private static func read(
        _ reader: ConfigurationReader,
        _ line: CommandLineArguments,
        _ id: String
    ) -> Settings {
        if line.operands.isEmpty { reader.note("FILE", "is missing", "name one or more session files") }
        let target = line.value("--to") ?? "lines"
        if target != "lines", target != "kafka" {
            reader.note("--to", "\"\(target)\" is nowhere", "write lines or kafka")
        }
        var speed: Double?
        if let text = line.value("--speed") {
            speed = Double(text).flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
            if speed == nil { reader.note("--speed", "\"\(text)\" is no speed", "write a number above 0") }
        }
        let kafka = Tool.kafka(reader, needsServers: target == "kafka")
        return Settings(
            kafka: target == "kafka" ? kafka : nil,
            files: line.operands,
            market: line.value("--market").map { MarketID($0) },
            feed: line.value("--feed") ?? "\(id)-feed",
            speed: speed
        )
    }

    private static func replay(_ settings: Settings, _ venue: any Venue, _ stop: StopFlag) throws -> Int32 {
        guard let kafka = settings.kafka else {
            let lines = RecordLineWriter()
            let code = feed(settings, venue, lines, stop) { lines.failure == nil }
            try lines.flush()
            return code
        }
        let producer = try KafkaProducer(
            settings: kafka,
            topics: TopicRegistry.all.map(\.id),
            onLoss: {
                Tool.complain("replay", "\($0.lastSeq - $0.firstSeq + 1) records lost: \($0.reason.rawValue)")
            }
        )
        defer { producer.close() }
        try producer.start()
        guard producer.waitUntilConnected(milliseconds: 30_000) else {
            Tool.complain("replay", "no broker of \(kafka.bootstrapServers) answered within 30 s")
            return ExitCode.dependency.code
        }
        let code = feed(settings, venue, producer, stop) {
            producer.serviceHeldRecords()
            return true
        }
        let waiting = producer.flush(deadlineMilliseconds: 30_000)
        guard waiting == 0 else {
            Tool.complain("replay", "\(waiting) records were not delivered within 30 s")
            return ExitCode.dependency.code
        }
        return code
    }

    private static func feed(
        _ settings: Settings,
        _ venue: any Venue,
        _ sink: any RecordSink,
        _ stop: StopFlag,
        _ goesOn: () -> Bool
    ) -> Int32 {
        let normalizer = Normalizer(venue: venue, feed: settings.feed, market: settings.market, sink: sink)
        var pace = ReplayPace(speed: settings.speed)
        for file in settings.files {
            let descriptor = open(file, O_RDONLY)
            guard descriptor >= 0 else {
                Tool.complain("replay", "\(file): \(String(cString: strerror(errno))); name a readable file")
                return ServiceLaunch.configurationExitCode
            }
            defer { close(descriptor) }
            let reader = LineReader(descriptor: descriptor)
            var count = 0
            while !stop.isRaised, let line = reader.next() {
                pace.wait(for: line.bytes, stop)
                normalizer.take(line: line.bytes, readable: line.readable)
                count += 1
                if count & 0xFFF == 0, !goesOn() { return ExitCode.output.code }
            }
            if let damage = reader.damage {
                Tool.complain("replay", "\(file): \(damage) behind line \(count); what was whole is replayed")
            }
        }
        _ = goesOn()
        return 0
    }
}

/// Waits so that lines come in the rhythm of their recording.
private struct ReplayPace {
    let speed: Double?
    private var first: (recorded: Int64, now: MonotonicNanos)?

    init(speed: Double?) { self.speed = speed }

    /// Waits until the line is due.
    ///
    /// Unit: `recv_ns` is in nanoseconds.
    mutating func wait(for line: UnsafeRawBufferPointer, _ stop: StopFlag) {
        guard let speed, let recorded = Self.time(line) else { return }
        guard let first else {
            self.first = (recorded, .now)
            return
        }
        let passed = Double(recorded - first.recorded) / speed / 1_000_000
        let due = first.now.advanced(milliseconds: Int64(min(max(passed, 0), 1e12)))
        while !stop.isRaised, MonotonicNanos.now < due {
            usleep(UInt32(min(due.millisecondsLeft(since: .now), 50)) * 1000)
        }
    }

    /// The `recv_ns` with which a session's line begins.
    private static func time(_ line: UnsafeRawBufferPointer) -> Int64? {
        let name = Array("\"recv_ns\":".utf8)
        guard line.count > 12, line.dropFirst().starts(with: name) else { return nil }
        var value: Int64 = 0
        for byte in line.dropFirst(1 + name.count) {
            if byte == UInt8(ascii: " ") { continue }
            guard (48...57).contains(byte) else { break }
            value = value &* 10 &+ Int64(byte - 48)
        }
        return value
    }
}
