// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import FeedKit
import Lifecycle
import Models
import Observability
import Store
import VenueKit
import Wire

/// `marketbus record`: a venue's raw frames into compressed files, in the form that `replay` and `normalize` read.
enum RecordCommand {
    static let summary = "capture a venue's raw frames into compressed session files"

    private struct Settings: Sendable {
        var feed: FeedConfiguration
        var capture: CaptureSettings
    }

    static func run(_ words: [String]) -> Int32 {
        guard let (venue, rest) = VenueWord.take(words, command: "record") else {
            return ServiceLaunch.configurationExitCode
        }
        return run(venue, rest)
    }

    private static func run(_ venue: some Venue, _ words: [String]) -> Int32 {
        let id = type(of: venue).id.name
        let command = OperatorCommand.describe(
            "record --venue \(id)",
            """
            Subscribes as \(id)-feed would (the same keys: venues.\(id).symbols, .channels, .endpoints) and writes every
            frame that is read or sent, and every REST answer, into DIR. When the disk is full the recording ends with
            exit code 69 and what was written stays readable.
            """,
            options: [
                CommandOption(
                    "--out",
                    value: "DIR",
                    help: "the directory of the files; made if its parent is there"
                ),
                CommandOption(
                    "--rotate-bytes",
                    value: "N",
                    help: "begin a new file after N compressed bytes (1 GiB)"
                ),
                CommandOption(
                    "--rotate",
                    value: "SPAN",
                    help: "begin a new file after this time: 10m, 1h (1h)"
                ),
                CommandOption(
                    "--sync",
                    value: "SPAN",
                    help: "wait for the disk so often: 1s, 10s; never (10s)"
                ),
            ]
        )
        let outcome = ServiceLaunch.prepare(command, arguments: words) { reader, line in
            Tool.ignoreServices(reader)
            return Settings(
                feed: FeedConfiguration(reader, venue: venue, service: "record", port: 0),
                capture: capture(reader, line, id)
            )
        }
        switch outcome {
        case .exit(let code): return code
        case .run(let settings, _): return record(settings)
        }
    }

    private static func capture(
        _ reader: ConfigurationReader,
        _ line: CommandLineArguments,
        _ name: String
    ) -> CaptureSettings {
        var settings = CaptureSettings(directory: line.value("--out") ?? "", name: name)
        if settings.directory.isEmpty { reader.note("--out", "is missing", "name a directory for the files") }
        if let text = line.value("--rotate-bytes") {
            let bytes = Int64(text) ?? 0
            if bytes < 4096 {
                reader.note("--rotate-bytes", "\"\(text)\" is no size", "write a number from 4096")
            }
            settings.rotateBytes = max(bytes, 4096)
        }
        func span(_ flag: String, _ standard: Int64) -> Int64 {
            guard let text = line.value(flag) else { return standard }
            if let found = TimeText.span(text), found > 0 { return found }
            reader.note(flag, "\"\(text)\" is no span of time", "write 10s, 5m or 1h")
            return standard
        }
        settings.rotateMilliseconds = span("--rotate", settings.rotateMilliseconds)
        if line.value("--sync") == "never" {
            settings.syncMilliseconds = nil
        } else {
            settings.syncMilliseconds = span("--sync", 10_000)
        }
        return settings
    }

    private static func record(_ settings: Settings) -> Int32 {
        do {
            let runtime = try ServiceRuntime(
                name: "marketbus-record",
                instance: settings.feed.common.instance,
                version: OperatorCommand.version
            )
            let control = runtime.control
            let writer = try CaptureWriter(settings.capture, observability: runtime.observability) { reason in
                control.fail("capture", reason, exitCode: .dependency)
            }
            let runner = try FeedRunner(
                venue: settings.feed.venue,
                settings: settings.feed.feed,
                caFile: settings.feed.caFile,
                output: DiscardedRecords(),
                losses: LossRelay(),
                observability: runtime.observability,
                tape: FrameTape(writer),
                fail: { code, reason in control.fail("feed", reason, exitCode: code) }
            )
            return runtime.run([
                ServiceComponent(
                    name: "capture",
                    start: { try writer.start() },
                    stop: { writer.stop(before: $0) }
                ),
                ServiceComponent(
                    name: "feed",
                    start: { try runner.start() },
                    stop: { runner.stop(before: $0) }
                ),
            ]).code
        } catch {
            Tool.complain("record", "\(error)")
            return ((error as? any ExitCodeProviding)?.exitCode ?? .bug).code
        }
    }
}

/// Where records go that nobody wants: the frames are what counts.
private final class DiscardedRecords: FeedOutput {
    var isReady: Bool { true }

    func send(_ record: OutboundRecord) -> SendOutcome { .accepted }

    func serviceHeldRecords() {}
}

/// The venue that a command line names.
enum VenueWord {
    /// Takes `--venue V` out of the words; nil, with a word to the operator, where it is missing or unknown.
    static func take(_ words: [String], command: String) -> (venue: any Venue, rest: [String])? {
        var rest = words
        guard let place = words.firstIndex(of: "--venue"), place + 1 < words.count else {
            if words.contains("--help") {
                Terminal.write(
                    "usage: marketbus \(command) --venue V [flags]; V is one of \(VenueList.names)\n",
                    to: .output
                )
            } else {
                Tool.complain(command, "--venue: is missing; one of \(VenueList.names)")
            }
            return nil
        }
        let name = words[place + 1]
        guard let venue = VenueList.venue(named: name) else {
            Tool.complain(command, "--venue \(name): unknown; one of \(VenueList.names)")
            return nil
        }
        rest.removeSubrange(place...(place + 1))
        return (venue, rest)
    }
}
