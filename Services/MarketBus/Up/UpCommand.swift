// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Configuration
import Glibc
import Lifecycle
import Observability

/// `marketbus up`: the whole suite on this machine under supervision.
enum UpCommand {
    static let summary = "the whole suite on this machine, with a live view"

    static func run(_ words: [String]) -> Int32 {
        let command = OperatorCommand.describe(
            "up",
            """
            Starts the feeds and the aggregator, starts again what dies, and shows quotes and opportunities: a live table
            on a terminal, JSON lines elsewhere. Without kafka.bootstrap_servers (or KAFKA_BOOTSTRAP_SERVERS) an embedded
            broker serves. Keys of the feeds and the aggregator are handed on to them.
            """,
            options: [
                CommandOption(
                    "--demo",
                    help: "generated markets of the exchange-twin in place of the exchanges"
                ),
                CommandOption("--seconds", value: "N", help: "leave after N seconds"),
                CommandOption("--json", help: "JSON lines on a terminal too"),
                CommandOption("--logs", value: "DIR", help: "the same as --set up.directory=DIR"),
            ]
        )
        let outcome = ServiceLaunch.prepare(command, arguments: words) { reader, line in
            UpSettings(reader, line)
        }
        switch outcome {
        case .exit(let code): return code
        case .run(let settings, _): return serve(settings)
        }
    }

    private static func serve(_ settings: UpSettings) -> Int32 {
        if let problem = makeDirectory(settings.directory) {
            let mend = "name a directory that this user may write, with --logs DIR"
            Tool.complain("up", "up.directory: \"\(settings.directory)\": \(problem); \(mend)")
            return ExitCode.configuration.code
        }
        do {
            let runtime = try ServiceRuntime(
                name: "marketbus-up",
                instance: "marketbus",
                version: OperatorCommand.version,
                sink: LogSink(descriptor: -1)
            )
            let broker = settings.kafka.isEmbedded ? LocalBroker(partitions: settings.kafka.partitions) : nil
            let worker = UpWorker(settings, runtime, broker)
            let code = runtime.run([worker.component]).code
            worker.sayFarewell(code)
            return code
        } catch {
            Tool.complain("up", "\(error)")
            return ExitCode.bug.code
        }
    }

    /// Makes a directory and those above it; gives the machine's words when it can't be written.
    private static func makeDirectory(_ path: String) -> String? {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            if mkdir(made, 0o755) != 0, errno != EEXIST { return PlatformError.text(errno) }
        }
        let probe = "\(path)/.writable"
        let file = open(probe, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { return PlatformError.text(errno) }
        close(file)
        unlink(probe)
        return nil
    }
}
