// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import HTTPServer
import Lifecycle
import Observability
import VenueKit

/// The feed of one venue as a service: all that `main.swift` has to call.
public enum FeedService {
    /// The version of the build.
    public static let version = "0.1.0"

    /// Runs the feed until it is stopped, and gives the process's exit code.
    ///
    /// - Parameters:
    ///   - venue: the exchange.
    ///   - port: the default port of `/live`, `/ready` and `/metrics`.
    /// - Returns: 0 asked to stop, 64 configuration, 69 a dependency was away too long, 70 a bug.
    public static func run(_ venue: some Venue, port: Int) -> Int32 {
        let id = type(of: venue).id.name
        let name = "\(id)-feed"
        let command = CommandDescription(
            name: name,
            version: version,
            summary: "Reads the public market data of \(id) and publishes it to Kafka, normalized."
        )
        let launch = ServiceLaunch.prepare(command) { reader, _ in
            let configuration = FeedConfiguration(reader, venue: venue, service: name, port: port)
            if configuration.sharing != nil, configuration.common.instance == name {
                reader.note(
                    "service.instance",
                    "is \(name) as everywhere, while feed.shared is true",
                    "give each feed a name of its own, such as \(name)-1"
                )
            }
            return configuration
        }
        switch launch {
        case .exit(let code): return code
        case .run(let configuration, let effective): return run(name, configuration, effective)
        }
    }

    private static func run(
        _ name: String,
        _ configuration: FeedConfiguration,
        _ effective: String
    ) -> Int32 {
        do {
            let runtime = try ServiceRuntime(
                name: name,
                instance: configuration.common.instance,
                version: version,
                logLevel: LogLevel(rawValue: configuration.common.logLevel) ?? .info
            )
            runtime.logger.info("service.configured", ["configuration": .string(effective)])
            let code = runtime.run(try components(configuration, runtime))
            return code.code
        } catch {
            Terminal.write("\(name): \(error)\n", to: .error)
            return ((error as? any ExitCodeProviding)?.exitCode ?? .bug).code
        }
    }

    /// In the order of their start: the port first, so that one in use ends the service before anything began.
    private static func components(
        _ configuration: FeedConfiguration,
        _ runtime: ServiceRuntime
    ) throws -> [ServiceComponent] {
        let losses = LossRelay()
        let output = try KafkaOutput(settings: configuration.kafka, losses: losses, runtime: runtime)
        let control = runtime.control
        var settings = configuration.feed
        settings.sharing = configuration.sharing
        let runner = try FeedRunner(
            venue: configuration.venue,
            settings: settings,
            caFile: configuration.caFile,
            output: output,
            losses: losses,
            observability: runtime.observability,
            awaitsSubscriptions: true,
            fail: { code, reason in control.fail("feed", reason, exitCode: code) }
        )
        let subscriptions = try SubscriptionReader(
            settings: configuration.kafka,
            venue: type(of: configuration.venue).id.name,
            observability: runtime.observability,
            hand: { runner.take($0) }
        )
        let server = HTTPServer(
            address: configuration.common.httpAddress,
            port: configuration.common.httpPort,
            routes: HTTPRoute.standard(runtime.observability),
            observability: runtime.observability
        )
        let parts = [
            server.component,
            ServiceComponent(name: "kafka", start: { try output.start() }, stop: { output.stop(before: $0) }),
            ServiceComponent(
                name: "feed",
                start: { try runner.start() },
                stop: { runner.stop(before: $0) },
                reload: { runner.renewConnections() }
            ),
            ServiceComponent(
                name: "subscriptions",
                start: { try subscriptions.start() },
                stop: { _ in subscriptions.stop() }
            ),
        ]
        return try parts + group(configuration, runtime, runner)
    }

    /// The feed's place in the group of its venue's feeds, where it has one: left first, so that others take over while
    /// all else still runs.
    private static func group(
        _ configuration: FeedConfiguration,
        _ runtime: ServiceRuntime,
        _ runner: FeedRunner
    ) throws -> [ServiceComponent] {
        guard let sharing = configuration.sharing else { return [] }
        let control = runtime.control
        let group = try FeedGroup(
            settings: configuration.kafka,
            sharing: sharing,
            venue: type(of: configuration.venue).id.name,
            instance: configuration.common.instance,
            observability: runtime.observability,
            hand: { runner.take($0) },
            fail: { control.fail("group", $0, exitCode: .configuration) }
        )
        let part = ServiceComponent(
            name: "group",
            start: { try group.start() },
            stop: { group.stop(before: $0) }
        )
        return [part]
    }
}
