// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import JSONView
import KafkaBus
import Lifecycle
import Wire

/// `marketbus status`: the newest word of every feed.
enum StatusCommand {
    static let summary = "the state of every feed and its streams"

    static func run(_ words: [String]) -> Int32 {
        let command = OperatorCommand.describe(
            "status",
            """
            Shows the newest sys.feed_status of every feed; exit code 1 if one is missing, silent or not ready. A feed that
            shared its symbols and is silent is gone, and counts no more, once others have all of them.
            """,
            options: [
                CommandOption("--json", help: "one JSON line a feed, as published"),
                CommandOption("--streams", help: "every stream that is not live"),
            ]
        )
        let outcome = ServiceLaunch.prepare(command, arguments: words) { reader, line in
            (Tool.kafka(reader), line.has("--json"), line.has("--streams"))
        }
        switch outcome {
        case .exit(let code): return code
        case .run((let kafka, let isJSON, let showsStreams), _):
            return Tool.run("status") { stop in
                let feeds = try newest(kafka, stop)
                if isJSON {
                    for feed in feeds { Terminal.write(feed.text + "\n", to: .output) }
                } else {
                    Terminal.write(table(feeds.map(\.record)), to: .output)
                    if showsStreams { Terminal.write(streams(feeds.map(\.record)), to: .output) }
                }
                let records = feeds.map(\.record)
                let areWell =
                    !feeds.isEmpty && records.allSatisfy { isWell($0) || isReplaced($0, by: records) }
                return areWell ? 0 : Tool.findingExitCode
            }
        }
    }

    /// Reads the compacted topic to its end; the last record of each feed counts.
    private static func newest(
        _ kafka: KafkaSettings,
        _ stop: StopFlag
    ) throws -> [(record: FeedStatusRecord, text: String)] {
        guard let scanner = JSONScanner() else { return [] }
        let topic = TopicRegistry.spec(of: TopicRegistry.feedStatus).name
        let consumer = try KafkaConsumer(settings: kafka, topics: .assignAll([topic]), from: .begin)
        defer { consumer.close() }
        var feeds: [String: (record: FeedStatusRecord, text: String)] = [:]
        let deadline = MonotonicNanos.now.advanced(milliseconds: 15_000)
        while !consumer.hasReachedEnd, !stop.isRaised, MonotonicNanos.now < deadline {
            try consumer.poll(waitMilliseconds: 100) { record in
                let key = record.key.map { String(decoding: $0, as: UTF8.self) } ?? ""
                guard let value = record.value else {
                    feeds[key] = nil
                    return
                }
                guard let found = try? FeedStatusRecord(decoding: value, scanner: scanner) else { return }
                feeds[key] = (found, String(decoding: value, as: UTF8.self))
            }
        }
        return feeds.sorted { $0.key < $1.key }.map(\.value)
    }

    private static func age(_ record: FeedStatusRecord) -> Int64 {
        max(0, (WallNanos.now.microseconds - record.publishedMicroseconds) / 1_000_000)
    }

    private static func isWell(_ record: FeedStatusRecord) -> Bool { record.ready && age(record) < 60 }

    /// Whether a feed that is silent has nothing left to say: others of its venue have all that it shared with them.
    private static func isReplaced(_ record: FeedStatusRecord, by others: [FeedStatusRecord]) -> Bool {
        guard let share = record.share, age(record) >= 60 else { return false }
        let heirs = others.filter { $0.venue == record.venue && isWell($0) && $0.share?.count == share.count }
        return Set(heirs.flatMap { $0.share?.partitions ?? [] }).count == Int(clamping: share.count)
    }

    private static func table(_ feeds: [FeedStatusRecord]) -> String {
        guard !feeds.isEmpty else { return "no feed has ever reported to this cluster\n" }
        var rows = [
            [
                "FEED", "STATE", "READY", "SAID", "SHARE", "CONNECTIONS", "LIVE", "CONFIRMED", "PENDING",
                "LOST",
                "REFUSED",
                "RECORDS", "DEAD", "RECONNECTS",
            ]
        ]
        for feed in feeds {
            let open = feed.connections.filter { !["waiting", "connecting", "stopped"].contains($0.state) }
                .count
            func count(_ states: FeedStatusRecord.StreamState...) -> String {
                "\(feed.streams.count { states.contains($0.state) })"
            }
            rows.append([
                feed.feed, isReplaced(feed, by: feeds) ? "gone" : feed.state.rawValue,
                feed.ready ? "yes" : "no", "\(age(feed)) s ago",
                feed.share.map { "\($0.partitions.count)/\($0.count)" } ?? "all",
                "\(open)/\(feed.connections.count)", "\(count(.live))/\(feed.streams.count)",
                count(.confirmed), count(.pending), count(.stale, .invalid), count(.refused),
                "\(feed.totals.records)",
                "\(feed.totals.deadLetters)", "\(feed.totals.reconnects)",
            ])
        }
        return TextTable.render(rows)
    }

    private static func streams(_ feeds: [FeedStatusRecord]) -> String {
        var rows = [["FEED", "SYMBOL", "CHANNEL", "STATE", "RECORDS", "WHY"]]
        for feed in feeds {
            for stream in feed.streams where stream.state != .live {
                rows.append([
                    feed.feed, stream.symbol, stream.channel, stream.state.rawValue, "\(stream.records)",
                    stream.detail ?? "",
                ])
            }
        }
        return rows.count == 1 ? "all streams are live\n" : "\n" + TextTable.render(rows)
    }
}
