// Part of MarketBus. Apache License 2.0, see LICENSE.

import Observability

/// The thread on which a group's parts are started, reloaded and stopped.
final class GroupWorker: Sendable {
    private struct Orders {
        var isReloadWanted = false
        var deadline: MonotonicNanos?
    }

    let done: WakeFlag
    let thread: WorkerThread
    private let orders: OrderBox

    /// The orders and their bell, shared by the watcher and the thread.
    private final class OrderBox: Sendable {
        let state = Lock<Orders>(Orders())
        let bell: WakeFlag

        init() throws(PlatformError) {
            bell = try WakeFlag()
        }
    }

    init(components: [ServiceComponent], control: ServiceControl, logger: Logger) throws(PlatformError) {
        let orders = try OrderBox()
        let done = try WakeFlag()
        self.orders = orders
        self.done = done
        thread = try WorkerThread(name: "lifecycle") {
            let started = Self.start(components, control, logger) {
                orders.state.withLock { $0.deadline != nil }
            }
            let deadline = Self.waitForStop(orders, started, logger)
            for component in started.reversed() {
                let began = MonotonicNanos.now
                component.stop(deadline)
                logger.info(
                    "component.stopped",
                    ["component": .string(component.name), "took_ms": LogValue((.now - began) / 1_000_000)]
                )
            }
            done.raise()
        }
    }

    func reload() {
        orders.state.withLock { $0.isReloadWanted = true }
        orders.bell.raise()
    }

    func stop(before deadline: MonotonicNanos) {
        orders.state.withLock { $0.deadline = deadline }
        orders.bell.raise()
    }

    /// Starts the parts in order; those that were started are the ones to stop.
    private static func start(
        _ components: [ServiceComponent],
        _ control: ServiceControl,
        _ logger: Logger,
        isStopping: () -> Bool
    ) -> [ServiceComponent] {
        var started: [ServiceComponent] = []
        for component in components {
            guard !isStopping() else { break }
            do {
                try component.start()
                started.append(component)
                logger.debug("component.started", ["component": .string(component.name)])
            } catch {
                let exitCode = (error as? any ExitCodeProviding)?.exitCode ?? .bug
                control.fail(component.name, "\(error)", exitCode: exitCode)
                break
            }
        }
        return started
    }

    private static func waitForStop(
        _ orders: OrderBox,
        _ started: [ServiceComponent],
        _ logger: Logger
    ) -> MonotonicNanos {
        while true {
            let (isReload, deadline) = orders.state.withLock { state in
                defer { state.isReloadWanted = false }
                return (state.isReloadWanted, state.deadline)
            }
            if let deadline { return deadline }
            if isReload {
                logger.info("service.reloading")
                for component in started { component.reload() }
            } else {
                orders.bell.wait()
            }
        }
    }
}
