// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import KafkaBus
import Wire

/// `marketbus topics`: what the registry wants, what the cluster has, and the difference.
enum TopicsCommand {
    static let summary = "show, create or check MarketBus's topics on the cluster"

    static func run(_ words: [String]) -> Int32 {
        let command = OperatorCommand.describe(
            "topics",
            "Shows MarketBus's topics as the cluster has them, creates the missing ones, or compares with the registry.",
            options: [
                CommandOption("--describe", help: "show the topics (the default)"),
                CommandOption("--create", help: "create what is missing"),
                CommandOption(
                    "--check",
                    help: "name every difference with its mend; exit code 1 if there is one"
                ),
            ]
        )
        let outcome = ServiceLaunch.prepare(command, arguments: words) { reader, line in
            (Tool.kafka(reader), line.has("--create"), line.has("--check"))
        }
        switch outcome {
        case .exit(let code): return code
        case .run((let kafka, let creates, let checks), _):
            return Tool.run("topics") { _ in
                let admin = try KafkaAdmin(settings: kafka)
                defer { admin.close() }
                if creates { try create(admin, kafka) }
                if checks { return try check(admin, kafka) }
                if !creates { try describe(admin) }
                return 0
            }
        }
    }

    private static func create(_ admin: KafkaAdmin, _ kafka: KafkaSettings) throws {
        let existing = Set(try admin.describeCluster().topics)
        let plans = TopicRegistry.all.map { TopicPlan($0, kafka) }.filter { !existing.contains($0.name) }
        let made = try admin.createTopics(plans)
        for name in made { Terminal.write("created \(name)\n", to: .output) }
        if made.isEmpty { Terminal.write("all topics exist\n", to: .output) }
    }

    private static func check(_ admin: KafkaAdmin, _ kafka: KafkaSettings) throws -> Int32 {
        let problems = try admin.check(TopicRegistry.all, kafka)
        for problem in problems { Terminal.write("\(problem)\n", to: .output) }
        if problems.isEmpty {
            Terminal.write("all \(TopicRegistry.all.count) topics are as they should be\n", to: .output)
        }
        return problems.isEmpty ? 0 : Tool.findingExitCode
    }

    private static func describe(_ admin: KafkaAdmin) throws {
        let found = try admin.describe(TopicRegistry.all.map(\.name))
        var rows = [["TOPIC", "PARTITIONS", "REPLICAS", "POLICY", "RETENTION", "KEY", "CONTENT"]]
        for spec in TopicRegistry.all {
            let topic = found.first { $0.name == spec.name }
            rows.append([
                spec.name,
                topic.map { "\($0.partitions)" } ?? "missing",
                topic.map { "\($0.replication)" } ?? "-",
                topic.map { $0.cleanupPolicy.isEmpty ? "-" : $0.cleanupPolicy } ?? "-",
                topic?.retentionMilliseconds.map(span) ?? "-",
                spec.key.rawValue,
                spec.summary,
            ])
        }
        Terminal.write(TextTable.render(rows), to: .output)
    }

    private static func span(_ milliseconds: Int64) -> String {
        if milliseconds < 0 { return "for ever" }
        return milliseconds % 86_400_000 == 0 ? "\(milliseconds / 86_400_000) d" : "\(milliseconds / 1000) s"
    }
}
