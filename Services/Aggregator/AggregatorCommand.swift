// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import HTTPServer
import Lifecycle
import Observability

/// The program: command line, parts, exit code.
enum AggregatorCommand {
    private static let description = CommandDescription(
        name: "aggregator",
        version: "0.1.0",
        summary:
            "Reads every venue's best bid and ask, publishes the best of all and the arbitrage between them.",
        options: [
            CommandOption(
                "--replay",
                value: "FILE",
                repeatable: true,
                help: "records of a file (- is the input) to records on the output, without a cluster"
            ),
            CommandOption("--metrics", help: "with --replay: the metrics on the error output at the end"),
        ]
    )

    static func run(_ words: [String]) -> Int32 {
        var files: [String] = []
        var tellsMetrics = false
        let outcome = ServiceLaunch.prepare(description, arguments: words) { reader, line in
            files = line.values("--replay")
            tellsMetrics = line.has("--metrics")
            return AggregatorSettings(reader, needsServers: files.isEmpty)
        }
        switch outcome {
        case .exit(let code): return code
        case .run(let settings, _) where !files.isEmpty:
            return ReplayRun.run(settings, files, tellsMetrics: tellsMetrics)
        case .run(let settings, let effective): return serve(settings, effective)
        }
    }

    private static func serve(_ settings: AggregatorSettings, _ effective: String) -> Int32 {
        do {
            let runtime = try ServiceRuntime(
                name: description.name,
                instance: settings.common.instance,
                version: description.version,
                logLevel: LogLevel(rawValue: settings.common.logLevel) ?? .info
            )
            runtime.logger.info("service.configuration", ["effective": .string(effective)])
            let worker = AggregatorWorker(settings, runtime)
            let server = HTTPServer(
                address: settings.common.httpAddress,
                port: settings.common.httpPort,
                routes: HTTPRoute.standard(runtime.observability) + [RouteQuery(desk: worker.desk).route],
                observability: runtime.observability
            )
            return runtime.run([server.component, worker.component]).code
        } catch {
            Terminal.write("aggregator: \(error)\n", to: .error)
            return ExitCode.bug.code
        }
    }
}
