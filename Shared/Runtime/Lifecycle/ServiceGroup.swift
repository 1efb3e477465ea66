// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Observability

/// One part of a service, as the group sees it.
///
/// All closures run on the group's own thread, one at a time.
public struct ServiceComponent: Sendable {
    /// The part's name in logs.
    public let name: String
    let start: @Sendable () throws -> Void
    let stop: @Sendable (_ deadline: MonotonicNanos) -> Void
    let reload: @Sendable () -> Void

    /// Describes a part.
    ///
    /// `start` returns when the part runs (it must not wait for the world: readiness does that); `stop`
    /// returns when it is drained, or at the deadline with the rest given up.
    public init(
        name: String,
        start: @escaping @Sendable () throws -> Void,
        stop: @escaping @Sendable (_ deadline: MonotonicNanos) -> Void,
        reload: @escaping @Sendable () -> Void = {}
    ) {
        self.name = name
        self.start = start
        self.stop = stop
        self.reload = reload
    }
}

/// A handle that any part of a service may hold to end the service.
///
/// - Thread: any.
public final class ServiceControl: Sendable {
    struct Request {
        var component: String
        var reason: String
        var exitCode: ExitCode
    }

    let wake: WakeFlag
    private let request = Lock<Request?>(nil)

    /// Makes a handle for one group.
    ///
    /// - Throws: ``PlatformError`` when the process has no descriptor left.
    public init() throws(PlatformError) {
        wake = try WakeFlag()
    }

    /// Asks for an orderly stop after a failure; the first request decides the exit code.
    public func fail(_ component: String, _ reason: String, exitCode: ExitCode) {
        request.withLock { known in
            if known == nil { known = Request(component: component, reason: reason, exitCode: exitCode) }
        }
        wake.raise()
    }

    /// Asks for an orderly stop because the work is done; exit code 0.
    public func finish(_ component: String, _ reason: String) {
        fail(component, reason, exitCode: .success)
    }

    var pending: Request? { request.withLock { $0 } }
}

/// Runs a service: starts its parts in order, waits for a signal or a failure, stops them in reverse order within a
/// budget, and says how the process should end.
///
/// The main thread only watches: signals and the deadline work even while a part is stuck.
public final class ServiceGroup: Sendable {
    /// The time that stopping may take: 10 s, as orchestrators expect.
    public static let defaultBudgetMilliseconds: Int64 = 10_000

    private let components: [ServiceComponent]
    private let control: ServiceControl
    private let logger: Logger
    private let budgetMilliseconds: Int64
    private let forceExit: @Sendable (ExitCode) -> Void

    /// Makes a group; parts start in this order.
    ///
    /// `forceExit` ends the process at once; a test puts its own there, after which `run` returns.
    public init(
        _ components: [ServiceComponent],
        control: ServiceControl,
        logger: Logger,
        stopWithinMilliseconds: Int64 = ServiceGroup.defaultBudgetMilliseconds,
        forceExit: @escaping @Sendable (ExitCode) -> Void = { md_exit_now($0.code) }
    ) {
        self.components = components
        self.control = control
        self.logger = logger
        budgetMilliseconds = stopWithinMilliseconds
        self.forceExit = forceExit
    }

    /// Runs until the end.
    ///
    /// Called once, from the main thread.
    ///
    /// - Throws: ``PlatformError`` when the machine has no thread or descriptor left.
    public func run(signals: SignalInbox) throws(PlatformError) -> ExitCode {
        let worker = try GroupWorker(components: components, control: control, logger: logger)
        var deadline = MonotonicNanos.never
        var result = ExitCode.success
        while true {
            if isStopped(worker, orNewsFrom: signals, until: deadline) {
                worker.thread.join()
                return result
            }
            if deadline <= .now {
                return abandon(worker, "service.stop_timeout", ["budget_ms": LogValue(budgetMilliseconds)])
            }
            while let signal = signals.next() {
                switch signal {
                case .reload where deadline == .never: worker.reload()
                case .reload: break
                case .stop where deadline == .never:
                    logger.info("service.stopping", ["reason": "signal"])
                    deadline = beginStop(worker)
                case .stop: return abandon(worker, "service.stop_forced", ["reason": "second signal"])
                }
            }
            if let request = control.pending, deadline == .never {
                log(request)
                result = request.exitCode
                deadline = beginStop(worker)
            }
        }
    }

    private func beginStop(_ worker: GroupWorker) -> MonotonicNanos {
        let deadline = MonotonicNanos.now.advanced(milliseconds: budgetMilliseconds)
        worker.stop(before: deadline)
        return deadline
    }

    private func log(_ request: ServiceControl.Request) {
        let fields: LogFields = [
            "reason": .string(request.reason), "component": .string(request.component),
            "exit_code": LogValue(request.exitCode.code),
        ]
        if request.exitCode == .success {
            logger.info("service.stopping", fields)
        } else {
            logger.error("service.failed", fields)
        }
    }

    private func abandon(_ worker: GroupWorker, _ event: String, _ fields: LogFields) -> ExitCode {
        logger.log(.error, event, fields)
        forceExit(.bug)
        worker.thread.abandon()
        return .bug
    }

    /// Waits for a signal, a failure, the deadline or the end of stopping; true for the last.
    private func isStopped(
        _ worker: GroupWorker,
        orNewsFrom signals: SignalInbox,
        until deadline: MonotonicNanos
    ) -> Bool {
        let timeout = deadline == .never ? -1 : deadline.millisecondsLeft()
        let descriptors = [signals.readEnd, control.wake.descriptor, worker.done.descriptor]
        let mask = descriptors.withUnsafeBufferPointer { list in
            list.baseAddress.map { md_wait_readable($0, 3, timeout) } ?? 0
        }
        if mask & 2 != 0 { md_event_drain(control.wake.descriptor) }
        return mask & 4 != 0
    }
}
