// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import FeedKit
import KafkaBus
import Lifecycle
import Models
import Wire

/// `marketbus subscribe` and `unsubscribe`: what is wanted of a venue's feed while it runs.
enum SubscribeCommand {
    static let summary = "channels of symbols wanted of a venue's feed, while it runs"
    static let unsubscribeSummary = "channels of symbols not wanted any more"

    private struct Settings: Sendable {
        var kafka: KafkaSettings
        var venue: String
        var symbols: [String]
        /// Empty: all of them, for `unsubscribe`.
        var channels: [String]
        /// How long the feed's answer is waited for; nil: not at all.
        var waitMilliseconds: Int64?
        var adds: Bool
        var name: String { adds ? "subscribe" : "unsubscribe" }
    }

    static func run(_ words: [String]) -> Int32 { run(words, adds: true) }

    static func unsubscribe(_ words: [String]) -> Int32 { run(words, adds: false) }

    private static func run(_ words: [String], adds: Bool) -> Int32 {
        let command = describe(adds: adds)
        let outcome = ServiceLaunch.prepare(command, arguments: words) { reader, line in
            read(reader, line, adds: adds)
        }
        switch outcome {
        case .exit(let code): return code
        case .run(let settings, _): return Tool.run(settings.name) { try change(settings, $0) }
        }
    }

    private static func describe(adds: Bool) -> CommandDescription {
        let standard = FeedConfiguration.standardChannels.joined(separator: " and ")
        let what =
            adds
            ? """
            Adds channels to what is wanted of symbols, and waits until the feed says that the venue has confirmed them.
            What is configured or wanted of them already stays.
            """
            : """
            Takes channels of symbols, or all, from what is wanted, and waits until the feed has ended them. The word lasts,
            also for symbols that the feed's configuration names.
            """
        return OperatorCommand.describe(
            adds ? "subscribe" : "unsubscribe",
            """
            \(what)
            Exit codes: 0 confirmed (ended), 1 refused, no answer in time, or no feed runs; 64 command line; 69 Kafka.
            """,
            operands: "SYMBOL…",
            options: [
                CommandOption("--venue", value: "V", help: "the venue: \(VenueList.names)"),
                CommandOption(
                    "--channel",
                    value: "C",
                    repeatable: true,
                    help: adds ? "a channel (\(standard))" : "a channel (all)"
                ),
                CommandOption("--wait", value: "SECONDS", help: "how long to wait for the feed (30)"),
                CommandOption("--no-wait", help: "leave when Kafka has the word"),
            ]
        )
    }

    // MARK: The command line

    private static func read(
        _ reader: ConfigurationReader,
        _ line: CommandLineArguments,
        adds: Bool
    ) -> Settings {
        let example = "as in marketbus subscribe BTC-USDT --venue okx --channel book"
        if line.operands.isEmpty {
            reader.note("SYMBOL", "is missing", "name one or more symbols, \(example)")
        }
        for symbol in line.operands {
            guard let mend = FeedConfiguration.mend(ofSymbol: symbol) else { continue }
            reader.note("SYMBOL", "\"\(symbol)\" is no canonical symbol", mend)
        }
        let venue = line.value("--venue") ?? ""
        if VenueList.venue(named: venue) == nil {
            let what = venue.isEmpty ? "is missing" : "\"\(venue)\" is no venue"
            reader.note("--venue", what, "one of: \(VenueList.names)")
        }
        let known = Channel.allCases.map(\.name)
        var channels: [String] = []
        for name in line.values("--channel").flatMap({ $0.split(separator: ",").map(String.init) }) {
            if Channel(name: name) == nil {
                reader.note(
                    "--channel",
                    "\"\(name)\" is no channel",
                    "one or more of: \(known.joined(separator: ", "))"
                )
            }
            if !channels.contains(name) { channels.append(name) }
        }
        if adds, channels.isEmpty { channels = FeedConfiguration.standardChannels }
        var seen: Set<String> = []
        return Settings(
            kafka: Tool.kafka(reader),
            venue: venue,
            symbols: line.operands.filter { seen.insert($0).inserted },
            channels: channels,
            waitMilliseconds: wait(reader, line),
            adds: adds
        )
    }

    private static func wait(_ reader: ConfigurationReader, _ line: CommandLineArguments) -> Int64? {
        guard let text = line.value("--wait") else { return line.has("--no-wait") ? nil : 30_000 }
        guard let seconds = Int64(text), (1...3600).contains(seconds) else {
            reader.note("--wait", "\"\(text)\" is no wait", "write seconds from 1 to 3600")
            return nil
        }
        return seconds * 1000
    }

    // MARK: The change

    private static func change(_ settings: Settings, _ stop: StopFlag) throws -> Int32 {
        let desk = try SubscriptionDesk(settings.kafka, venue: settings.venue)
        defer { desk.close() }
        guard try desk.readToEnd(stop) else {
            Tool.complain(
                settings.name,
                "\(settings.kafka.bootstrapServers) did not give all of its records in time"
            )
            return ExitCode.dependency.code
        }
        var items: [SubscriptionWatch.Item] = []
        for symbol in settings.symbols {
            let wanted = desk.channels(of: symbol)
            let named = settings.adds || !settings.channels.isEmpty ? settings.channels : wanted
            let next =
                settings.adds
                ? wanted + named.filter { !wanted.contains($0) } : wanted.filter { !named.contains($0) }
            let isKnown = desk.isSpoken(symbol) || !wanted.isEmpty || !settings.channels.isEmpty
            if !settings.adds, next == wanted, isKnown {
                say("\(symbol) \(settings.venue): nothing of this was wanted")
                continue
            }
            desk.write(symbol, next)
            items += named.map { SubscriptionWatch.Item(symbol: symbol, channel: $0) }
            let list = next.isEmpty ? "nothing" : next.joined(separator: ", ")
            say("\(symbol) \(settings.venue): wanted is \(list)")
        }
        guard desk.flush() else {
            Tool.complain(
                settings.name,
                "\(settings.kafka.bootstrapServers) did not take the word within 15 s"
            )
            return ExitCode.dependency.code
        }
        guard let wait = settings.waitMilliseconds, !items.isEmpty else { return 0 }
        guard desk.isFeedRunning else {
            say("no feed of \(settings.venue) runs on this cluster; the word holds as soon as one does")
            return Tool.findingExitCode
        }
        return try follow(items, desk, wait, settings, stop)
    }

    /// Prints what becomes of every channel, as the feed says it.
    private static func follow(
        _ items: [SubscriptionWatch.Item],
        _ desk: SubscriptionDesk,
        _ wait: Int64,
        _ settings: Settings,
        _ stop: StopFlag
    ) throws -> Int32 {
        let began = MonotonicNanos.now
        let deadline = began.advanced(milliseconds: wait)
        var watch = SubscriptionWatch(
            items,
            adds: settings.adds,
            before: desk.running,
            since: desk.writtenMicroseconds
        )
        var isWell = true
        while !watch.open.isEmpty, !stop.isRaised, MonotonicNanos.now < deadline {
            for word in try desk.poll() {
                for (item, outcome) in watch.take(word) {
                    let tenths = (MonotonicNanos.now - began) / 100_000_000
                    say("\(outcome.line(item)) (\(tenths / 10).\(tenths % 10) s)")
                    if case .refused = outcome { isWell = false }
                }
            }
        }
        for item in watch.open {
            let last = watch.last(item) ?? "the feed does not mention it"
            say("waiting    \(item.symbol) \(item.channel): \(last) after \(wait / 1000) s")
        }
        return isWell && watch.open.isEmpty ? 0 : Tool.findingExitCode
    }

    private static func say(_ text: String) { Terminal.write(text + "\n", to: .output) }
}
