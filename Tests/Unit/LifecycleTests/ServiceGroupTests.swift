// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc
import Lifecycle
import Observability
import TestKit
import Testing

private struct Refused: ExitCodeProviding, CustomStringConvertible {
    var exitCode: ExitCode { .dependency }
    var description: String { "the broker refused us" }
}

/// What the parts did, in order.
private final class Diary: Sendable {
    private let lines = Lock<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func add(_ line: String) {
        lines.withLock { $0.append(line) }
    }

    func component(
        _ name: String,
        failing: Bool = false,
        onStop: @escaping @Sendable () -> Void = {}
    ) -> ServiceComponent {
        ServiceComponent(
            name: name,
            start: {
                self.add("start \(name)")
                if failing { throw Refused() }
            },
            stop: { _ in
                onStop()
                self.add("stop \(name)")
            },
            reload: { self.add("reload \(name)") }
        )
    }
}

/// A group that runs on a thread of its own.
private final class Running: Sendable {
    let signals: SignalInbox
    let control: ServiceControl
    let log = CapturedLog()
    private let thread: WorkerThread
    private let result: Result

    private final class Result: Sendable {
        let code = Lock<ExitCode?>(nil)
        let forced = Lock<[ExitCode]>([])
    }

    init(_ components: [ServiceComponent], budget: Int64 = 5000, signals: SignalInbox? = nil) throws {
        let inbox = try signals ?? SignalInbox.manual()
        let result = Result()
        let control = try ServiceControl()
        let group = ServiceGroup(
            components,
            control: control,
            logger: log.logger(),
            stopWithinMilliseconds: budget,
            forceExit: { code in result.forced.withLock { $0.append(code) } }
        )
        self.signals = inbox
        self.control = control
        self.result = result
        thread = try WorkerThread(name: "main-of-test") {
            let code = try? group.run(signals: inbox)
            result.code.withLock { $0 = code }
        }
    }

    var code: ExitCode? { result.code.withLock { $0 } }
    var forced: [ExitCode] { result.forced.withLock { $0 } }

    func end() -> ExitCode? {
        #expect(waitUntil(withinMilliseconds: 30_000) { code != nil })
        guard code != nil else { return nil }
        thread.join()
        return code
    }
}

@Suite struct ServiceGroupTests {
    @Test func `parts start in order, stop in reverse order, and the code is 0`() throws {
        let diary = Diary()
        let running = try Running([diary.component("a"), diary.component("b"), diary.component("c")])
        #expect(waitUntil { diary.all.count == 3 })
        running.signals.send(.stop)
        #expect(running.end() == .success)
        #expect(diary.all == ["start a", "start b", "start c", "stop c", "stop b", "stop a"])
    }

    @Test func `a part that can't start stops what was started and gives its code`() throws {
        let diary = Diary()
        let running = try Running([
            diary.component("a"), diary.component("b", failing: true), diary.component("c"),
        ])
        #expect(running.end() == .dependency)
        #expect(diary.all == ["start a", "start b", "stop a"])
        #expect(running.log.lines.contains { $0.contains("the broker refused us") })
    }

    @Test func `a part that fails later ends the service with its code`() throws {
        let diary = Diary()
        let running = try Running([diary.component("a")])
        #expect(waitUntil { diary.all.count == 1 })
        running.control.fail("a", "bug", exitCode: .bug)
        running.control.fail("a", "later", exitCode: .dependency)
        #expect(running.end() == .bug)
        #expect(diary.all == ["start a", "stop a"])
    }

    @Test func `a reload reaches every part in order`() throws {
        let diary = Diary()
        let running = try Running([diary.component("a"), diary.component("b")])
        running.signals.send(.reload)
        #expect(waitUntil { diary.all.count == 4 })
        running.signals.send(.stop)
        #expect(running.end() == .success)
        #expect(diary.all[2...3] == ["reload a", "reload b"])
    }

    @Test func `a part that does not stop in time ends the process with 70`() throws {
        let diary = Diary()
        let gate = try WakeFlag()
        let running = try Running([diary.component("stuck", onStop: { gate.wait() })], budget: 50)
        #expect(waitUntil { diary.all.count == 1 })
        running.signals.send(.stop)
        #expect(running.end() == .bug)
        #expect(running.forced == [.bug])
        #expect(running.log.contains(event: "service.stop_timeout"))
        gate.raise()
        #expect(waitUntil { diary.all.contains("stop stuck") })
    }

    @Test func `a second signal ends the process at once`() throws {
        let diary = Diary()
        let gate = try WakeFlag()
        let running = try Running([diary.component("slow", onStop: { gate.wait() })], budget: 60_000)
        #expect(waitUntil { diary.all.count == 1 })
        running.signals.send(.stop)
        #expect(waitUntil { running.log.contains(event: "service.stopping") })
        running.signals.send(.stop)
        #expect(running.end() == .bug)
        #expect(running.forced == [.bug])
        gate.raise()
        #expect(waitUntil { diary.all.contains("stop slow") })
    }

    @Test func `real signals arrive though another thread is hit`() throws {
        let diary = Diary()
        let running = try Running([diary.component("a")], signals: SignalInbox.process())
        #expect(waitUntil { diary.all.count == 1 })
        try raiseOnThreadThatTakesThem([SIGHUP])
        #expect(waitUntil { diary.all.count == 2 })
        try raiseOnThreadThatTakesThem([SIGPIPE, SIGTERM])
        #expect(running.end() == .success)
        #expect(diary.all == ["start a", "reload a", "stop a"])
    }
}

/// Raises signals on a thread of their own: the test runner's threads may hold them back.
private func raiseOnThreadThatTakesThem(_ signals: [Int32]) throws {
    let thread = try WorkerThread(name: "signalled") {
        var taken = sigset_t()
        sigemptyset(&taken)
        for signal in signals { sigaddset(&taken, signal) }
        pthread_sigmask(SIG_UNBLOCK, &taken, nil)
        for signal in signals { raise(signal) }
    }
    thread.join()
}
