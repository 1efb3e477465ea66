// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Configuration
import Glibc
import JSONView
import KafkaBus
import Lifecycle
import Observability

/// The one thread of `marketbus up`: starts, watches, shows, stops.
final class UpWorker: Sendable {
    private let settings: UpSettings
    private let runtime: ServiceRuntime
    private let broker: LocalBroker?
    private let stop = StopFlag()
    private let thread = Lock<WorkerThread?>(nil)
    private let farewell = Lock<String>("")

    init(_ settings: UpSettings, _ runtime: ServiceRuntime, _ broker: LocalBroker?) {
        self.settings = settings
        self.runtime = runtime
        self.broker = broker
    }

    var component: ServiceComponent {
        ServiceComponent(
            name: "up",
            start: {
                let worker = try WorkerThread(name: "up") { self.work() }
                self.thread.withLock { $0 = worker }
            },
            stop: { _ in
                self.stop.raise()
                self.thread.withLock { $0 }?.join()
            }
        )
    }

    /// What is left to be said when the view is gone.
    func sayFarewell(_ code: Int32) {
        let text = farewell.withLock { $0 }
        if !text.isEmpty { Terminal.write(text, to: code == 0 ? .output : .error) }
    }

    private func work() {
        guard let scanner = JSONScanner() else {
            return runtime.control.fail("up", "no memory", exitCode: .bug)
        }
        let isTerminal = !settings.isJSON && isatty(1) == 1
        let view: any UpView = isTerminal ? ScreenView() : LineView()
        let supervisor = Supervisor(
            deathSignal: broker == nil ? SIGTERM : SIGKILL,
            scanner: scanner,
            tell: { view.take($0) }
        )
        var code: Int32 = 0
        do {
            code = try watch(supervisor, view, scanner)
        } catch {
            farewell.withLock { $0 = "marketbus up: \(error)\n" }
            code = (error as? KafkaError)?.code == .configuration ? 64 : (error as? UpProblem)?.exitCode ?? 70
        }
        supervisor.stop(deadline: .now.advanced(milliseconds: 8500))
        view.end()
        broker?.stop()
        if code == ExitCode.configuration.code {
            farewell.withLock { if $0.isEmpty { $0 = view.lastErrors } }
        }
        runtime.control.fail("up", "done", exitCode: ExitCode(code))
    }

    private func watch(_ supervisor: Supervisor, _ view: any UpView, _ scanner: JSONScanner) throws -> Int32 {
        var kafka = settings.kafka
        if let broker { kafka.bootstrapServers = try broker.start() }
        let programs = UpPrograms(settings, servers: kafka.bootstrapServers)
        let endpoints = settings.isDemo ? try startTwin(supervisor, programs, scanner) : [:]
        for plan in programs.services(endpoints: endpoints) { try supervisor.add(plan) }
        let market = MarketWatch(kafka, scanner)
        defer { market.close() }
        let began = MonotonicNanos.now
        while !stop.isRaised {
            let now = MonotonicNanos.now
            if let limit = settings.seconds, now - began >= limit * 1_000_000_000 { return 0 }
            if let code = supervisor.turn(now: now) { return code }
            market.turn(now: now) { view.take($0) }
            view.draw(market.picture, supervisor.states, logs: settings.directory, now: now)
        }
        return 0
    }

    /// Starts the twin and waits for the line with its endpoints.
    private func startTwin(
        _ supervisor: Supervisor,
        _ programs: UpPrograms,
        _ scanner: JSONScanner
    ) throws -> [String: String] {
        let plan = programs.twin()
        let reader = open(plan.log, O_RDONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard reader >= 0 else { throw UpProblem("\(plan.log): \(PlatformError.text(errno))", exitCode: 64) }
        defer { close(reader) }
        lseek(reader, 0, SEEK_END)
        try supervisor.add(plan)
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        let deadline = MonotonicNanos.now.advanced(milliseconds: 10_000)
        while MonotonicNanos.now < deadline, !stop.isRaised {
            let count = read(reader, &chunk, chunk.count)
            if count > 0 { text += chunk[..<count] }
            for line in text.split(separator: UInt8(ascii: "\n")) {
                guard let ready = TwinReady(String(decoding: line, as: UTF8.self), scanner) else { continue }
                // Started again, it must be found where the feeds look for it.
                supervisor.replace(programs.twin(port: ready.port))
                return ready.endpoints
            }
            usleep(10_000)
        }
        throw UpProblem("exchange-twin did not say that it is ready; see \(plan.log)", exitCode: 70)
    }
}

/// Why the suite could not be started.
struct UpProblem: Error, CustomStringConvertible {
    let description: String
    let exitCode: Int32

    init(_ description: String, exitCode: Int32) {
        self.description = description
        self.exitCode = exitCode
    }
}
