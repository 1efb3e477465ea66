// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import KafkaBus
import Lifecycle
import Observability
import Synchronization
import Wire

/// The aggregator's one thread: poll, decode, consolidate, judge, encode, produce.
final class AggregatorWorker: Sendable {
    private let settings: AggregatorSettings
    private let runtime: ServiceRuntime
    /// Where the HTTP server asks for books.
    let desk = RouteDesk()
    private let isStopping = Atomic<Bool>(false)
    private let stopDeadline = Atomic<Int64>(Int64.max)
    private let wake = Lock<WakeFlag?>(nil)
    private let thread = Lock<WorkerThread?>(nil)
    private let check: ReadinessCheck

    init(_ settings: AggregatorSettings, _ runtime: ServiceRuntime) {
        self.settings = settings
        self.runtime = runtime
        check = runtime.readiness.check("kafka", "connecting to \(settings.kafka.bootstrapServers)")
    }

    /// The worker as a part of the service.
    var component: ServiceComponent {
        ServiceComponent(name: "aggregator", start: { try self.start() }, stop: { self.stop($0) })
    }

    private func start() throws {
        let flag = try WakeFlag()
        wake.withLock { $0 = flag }
        let thread = try WorkerThread(name: "aggregator") { self.work(flag) }
        self.thread.withLock { $0 = thread }
    }

    private func stop(_ deadline: MonotonicNanos) {
        stopDeadline.store(deadline.value, ordering: .releasing)
        isStopping.store(true, ordering: .releasing)
        wake.withLock { $0 }?.raise()
        thread.withLock { $0 }?.join()
    }

    private func work(_ flag: WakeFlag) {
        do {
            guard let session = try connect(flag) else { return }
            defer { session.close(deadline: MonotonicNanos(stopDeadline.load(ordering: .acquiring))) }
            while !isStopping.load(ordering: .acquiring) {
                try session.turn()
                session.report(to: check)
            }
            check.set(false, "stopping")
        } catch {
            let code = (error as? KafkaError).map { $0.code == .configuration } == true
            let exitCode: ExitCode = code ? .configuration : error is KafkaError ? .dependency : .bug
            runtime.control.fail("aggregator", "\(error)", exitCode: exitCode)
        }
    }

    /// Reaches the cluster, or gives up after `kafka.away_exit_ms`; nil when asked to stop meanwhile.
    private func connect(_ flag: WakeFlag) throws -> AggregatorSession? {
        let began = MonotonicNanos.now
        while !isStopping.load(ordering: .acquiring) {
            do {
                return try AggregatorSession(settings, runtime, desk)
            } catch let error as KafkaError where error.retry == .later || error.code == .timedOut {
                check.set(false, "no broker of \(settings.kafka.bootstrapServers) answers: \(error.message)")
                runtime.logger.warning("kafka.away", ["reason": .string(error.message)])
                let away = (MonotonicNanos.now - began) / 1_000_000
                let limit = settings.kafka.awayExitMilliseconds
                if limit > 0, away >= limit { throw error }
                flag.wait(until: .now.advanced(milliseconds: 1000))
            }
        }
        return nil
    }
}
