// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import KafkaBus
import Lifecycle
import Observability
import Wire

/// `marketbus broker`: the embedded broker by itself, for tests and for a machine without Kafka.
enum BrokerCommand {
    static let summary = "an in-memory Kafka broker on loopback, with MarketBus's topics"

    private struct Settings: Sendable {
        var brokers: Int
        var partitions: Int
    }

    static func run(_ words: [String]) -> Int32 {
        let command = OperatorCommand.describe(
            "broker",
            "Runs \(summary), until a signal; its address is the first line on standard output.",
            options: [
                CommandOption("--port", value: "0", help: "0: the broker always chooses free ports"),
                CommandOption("--brokers", value: "N", help: "how many brokers the cluster has (1)"),
            ]
        )
        let outcome = ServiceLaunch.prepare(command, arguments: words) { reader, line in
            read(reader, line)
        }
        switch outcome {
        case .exit(let code): return code
        case .run(let settings, _): return serve(settings)
        }
    }

    private static func read(_ reader: ConfigurationReader, _ line: CommandLineArguments) -> Settings {
        Tool.ignoreServices(reader)
        if let port = line.value("--port"), port != "0" {
            reader.note(
                "--port",
                "\"\(port)\" can't be had: the embedded broker chooses free ports",
                "write 0"
            )
        }
        var brokers = 1
        if let text = line.value("--brokers") {
            brokers = Int(text) ?? 0
            if !(1...16).contains(brokers) {
                reader.note("--brokers", "\"\(text)\" is no count", "use 1 to 16")
            }
        }
        let kafka = KafkaSettings(reader, instance: "broker", needsServers: false)
        return Settings(brokers: brokers, partitions: kafka.partitions)
    }

    private static func serve(_ settings: Settings) -> Int32 {
        do {
            let runtime = try ServiceRuntime(
                name: "marketbus-broker",
                instance: "marketbus-broker",
                version: OperatorCommand.version
            )
            let broker = LocalBroker(brokers: settings.brokers, partitions: settings.partitions)
            let part = ServiceComponent(
                name: "broker",
                start: {
                    let servers = try broker.start()
                    Terminal.write("{\"bootstrap_servers\":\"\(servers)\"}\n", to: .output)
                },
                stop: { _ in broker.stop() }
            )
            return runtime.run([part]).code
        } catch {
            Terminal.write("marketbus broker: \(error)\n", to: .error)
            return ExitCode.bug.code
        }
    }
}

/// The embedded broker with the registry's topics, owned by one part of a service.
///
/// - Thread: any; calls wait for each other.
final class LocalBroker: Sendable {
    private let brokers: Int
    private let partitions: Int
    private let running = Lock<EmbeddedBroker?>(nil)

    init(brokers: Int = 1, partitions: Int) {
        self.brokers = brokers
        self.partitions = partitions
    }

    /// Starts it and gives the addresses for clients.
    func start() throws -> String {
        let topics = TopicRegistry.all.map { (name: $0.name, partitions: partitions) }
        return try running.withLock { running in
            let broker = try EmbeddedBroker(brokers: brokers, topics: topics)
            running = broker
            return broker.bootstrapServers
        }
    }

    func stop() {
        running.withLock { running in
            running?.close()
            running = nil
        }
    }
}
