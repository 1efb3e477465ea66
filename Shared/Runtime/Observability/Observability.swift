// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// The three handles that a library is given: where to log, count, and say whether it is ready.
public struct Observability: Sendable {
    /// Where events are written.
    public let logger: Logger
    /// Where numbers are registered.
    public let metrics: Metrics
    /// Where readiness is registered.
    public let readiness: Readiness

    /// Makes the bundle.
    public init(logger: Logger, metrics: Metrics = Metrics(), readiness: Readiness = Readiness()) {
        self.logger = logger
        self.metrics = metrics
        self.readiness = readiness
    }

    /// A bundle that writes no logs, for tests and tools.
    public static var silent: Observability { Observability(logger: .off) }

    /// Registers memory, processor time, descriptors, threads and start time of this process, refreshed at every
    /// rendering, and the log's own counts.
    public func registerProcessMetrics(version: String) {
        let resident = metrics.gauge("process_resident_memory_bytes", help: "Resident memory.")
        let cpu = metrics.gauge("process_cpu_seconds_total", help: "User and system processor time.")
        let open = metrics.gauge("process_open_fds", help: "Open file descriptors.")
        let limit = metrics.gauge("process_max_fds", help: "Limit of open file descriptors.")
        let threads = metrics.gauge("process_threads", help: "Threads.")
        let start = metrics.gauge("process_start_time_seconds", help: "Start, seconds since the Unix epoch.")
        let dropped = metrics.gauge(
            "marketbus_log_dropped_lines",
            help: "Log lines dropped: stderr was not read."
        )
        metrics.gauge(
            "marketbus_build_info",
            help: "1, with the version as label.",
            labels: ["version": version]
        )
        .set(1)
        start.set(Double(md_start_wall_nanos() / 1_000_000) / 1000)
        let sink = logger.sink
        metrics.beforeRendering {
            resident.set(Double(md_resident_bytes()))
            cpu.set(Double(md_cpu_nanos()) / 1e9)
            open.set(Double(md_open_fds()))
            limit.set(Double(md_max_fds()))
            threads.set(Double(md_thread_count()))
            dropped.set(Double(sink.dropped))
        }
    }
}
