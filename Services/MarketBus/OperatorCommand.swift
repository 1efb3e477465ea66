// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration

/// One thing that `marketbus` can do.
struct Subcommand: Sendable {
    /// The word that is typed.
    let name: String
    /// One line for `marketbus --help`.
    let summary: String
    /// Does it with the words that follow; gives the exit code.
    let run: @Sendable ([String]) -> Int32
}

/// The operator's command: a table of words and what they do.
enum OperatorCommand {
    static let version = "0.1.0"

    static let all: [Subcommand] = [
        Subcommand(name: "up", summary: UpCommand.summary, run: UpCommand.run),
        Subcommand(name: "normalize", summary: NormalizeCommand.summary, run: NormalizeCommand.run),
        Subcommand(name: "tail", summary: TailCommand.summary, run: TailCommand.run),
        Subcommand(name: "record", summary: RecordCommand.summary, run: RecordCommand.run),
        Subcommand(name: "replay", summary: ReplayCommand.summary, run: ReplayCommand.run),
        Subcommand(name: "verify", summary: VerifyCommand.summary, run: VerifyCommand.run),
        Subcommand(name: "subscribe", summary: SubscribeCommand.summary, run: SubscribeCommand.run),
        Subcommand(
            name: "unsubscribe",
            summary: SubscribeCommand.unsubscribeSummary,
            run: SubscribeCommand.unsubscribe
        ),
        Subcommand(name: "status", summary: StatusCommand.summary, run: StatusCommand.run),
        Subcommand(name: "route", summary: RouteCommand.summary, run: RouteCommand.run),
        Subcommand(name: "topics", summary: TopicsCommand.summary, run: TopicsCommand.run),
        Subcommand(name: "doctor", summary: DoctorCommand.summary, run: DoctorCommand.run),
        Subcommand(name: "schemas", summary: SchemasCommand.summary, run: SchemasCommand.run),
        Subcommand(name: "broker", summary: BrokerCommand.summary, run: BrokerCommand.run),
    ]

    /// Runs what the first word names.
    static func run(_ words: [String]) -> Int32 {
        guard let first = words.first, first != "--help", first != "-h", first != "help" else {
            Terminal.write(help, to: words.isEmpty ? .error : .output)
            return words.isEmpty ? ServiceLaunch.configurationExitCode : 0
        }
        if first == "--version" {
            Terminal.write("marketbus \(version)\n", to: .output)
            return 0
        }
        guard let command = all.first(where: { $0.name == first }) else {
            Terminal.write("marketbus: unknown command \"\(first)\"; see marketbus --help\n", to: .error)
            return ServiceLaunch.configurationExitCode
        }
        return command.run(Array(words.dropFirst()))
    }

    /// What a subcommand is and takes.
    static func describe(
        _ name: String,
        _ summary: String,
        operands: String? = nil,
        options: [CommandOption] = []
    ) -> CommandDescription {
        CommandDescription(
            name: "marketbus \(name)",
            version: version,
            summary: summary,
            operands: operands,
            options: options
        )
    }

    private static var help: String {
        let width = all.map(\.name.count).max() ?? 0
        let rows = all.map { command in
            "  \(command.name)\(String(repeating: " ", count: width + 2 - command.name.count))\(command.summary)\n"
        }
        return """
            usage: marketbus COMMAND [flags]

            \(rows.joined())
            marketbus COMMAND --help   the command's flags and configuration keys
            marketbus --version        the version

            exit codes: 0 done, or asked to stop; 1 something is not as it should be; 64 wrong configuration or command \
            line; 69 Kafka away too long; 70 a bug

            """
    }
}
