// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Observability

/// What every service has: who it is, its logs, metrics and readiness, and the way to end it.
public struct ServiceRuntime: Sendable {
    /// The command's name: `binance-feed`.
    public let name: String
    /// This instance's name, unique in the cluster; by default the command's name.
    public let instance: String
    /// The version of the build.
    public let version: String
    /// Logs, metrics, readiness.
    public let observability: Observability
    /// The way to end the service.
    public let control: ServiceControl
    /// Where time comes from.
    public let clock: any TimeSource

    /// Makes the runtime of one service and registers the process's metrics.
    ///
    /// - Throws: ``PlatformError`` when the process has no descriptor left.
    public init(
        name: String,
        instance: String,
        version: String,
        logLevel: LogLevel = .info,
        sink: LogSink = .standardError,
        clock: any TimeSource = SystemClock()
    ) throws(PlatformError) {
        self.name = name
        self.instance = instance
        self.version = version
        self.clock = clock
        observability = Observability(
            logger: Logger(service: name, instance: instance, level: logLevel, sink: sink)
        )
        control = try ServiceControl()
        observability.registerProcessMetrics(version: version)
    }

    /// Where events are written.
    public var logger: Logger { observability.logger }

    /// Where numbers are registered.
    public var metrics: Metrics { observability.metrics }

    /// Where readiness is registered.
    public var readiness: Readiness { observability.readiness }

    /// Started last and stopped first, so that `/ready` says 503 before anything else stops.
    private var readinessComponent: ServiceComponent {
        let check = readiness.check("service")
        return ServiceComponent(
            name: "readiness",
            start: { check.set(true, "running") },
            stop: { _ in check.set(false, "stopping") }
        )
    }

    /// Runs the parts until the service ends, with the process's signals; the way for `main.swift` to end is
    /// `exit(runtime.run(parts).code)`.
    public func run(_ components: [ServiceComponent]) -> ExitCode {
        // glibc raises this size by itself when such a block is freed; what comes and goes with a connection then leaves
        // holes between small blocks, and the process grows with every one of them.
        md_map_large_blocks(128 * 1024)
        do {
            let signals = try SignalInbox.process()
            logger.info("service.starting", ["version": .string(version)])
            let parts = components + [readinessComponent]
            let group = ServiceGroup(parts, control: control, logger: logger)
            let code = try group.run(signals: signals)
            logger.info("service.stopped", ["exit_code": LogValue(code.code)])
            return code
        } catch {
            logger.error("service.failed", ["reason": .string(error.description)])
            return .bug
        }
    }
}
