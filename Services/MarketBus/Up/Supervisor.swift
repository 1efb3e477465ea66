// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Glibc
import JSONView
import Lifecycle

/// What happened to a child, for the operator.
struct ChildNews {
    /// The child's name.
    var name: String
    /// started, ready, not_ready, ended, restarting, error.
    var event: String
    /// What a person wants to know.
    var detail: String
}

/// Starts programs, starts those again that end, and ends them all.
///
/// - Thread: one, which lives as long as the children.
final class Supervisor {
    /// One program that is to run.
    private struct Slot {
        var plan: ChildProcess.Plan
        var child: ChildProcess?
        var isReady = false
        var readyText = "starting"
        var restarts = 0
        var startedAt = MonotonicNanos(0)
        var nextStart = MonotonicNanos(0)
        var nextProbe = MonotonicNanos(0)
    }

    private static let maximumBackoffMilliseconds: Int64 = 10_000

    private var slots: [Slot] = []
    private let deathSignal: Int32
    private let scanner: JSONScanner
    private let tell: (ChildNews) -> Void

    init(deathSignal: Int32, scanner: JSONScanner, tell: @escaping (ChildNews) -> Void) {
        self.deathSignal = deathSignal
        self.scanner = scanner
        self.tell = tell
    }

    /// Adds a program and starts it.
    ///
    /// - Throws: ``PlatformError`` when it can't be run at all.
    func add(_ plan: ChildProcess.Plan) throws(PlatformError) {
        slots.append(Slot(plan: plan))
        try start(slots.count - 1)
    }

    /// Gives a program another plan for its next start.
    func replace(_ plan: ChildProcess.Plan) {
        for index in slots.indices where slots[index].plan.name == plan.name { slots[index].plan = plan }
    }

    /// The children by name: how often started again, whether ready, in what words.
    var states: [(name: String, isReady: Bool, restarts: Int, text: String)] {
        slots.map { ($0.plan.name, $0.isReady, $0.restarts, $0.readyText) }
    }

    /// Looks after the children; gives the exit code with which all should end, where one says so.
    func turn(now: MonotonicNanos) -> Int32? {
        for index in slots.indices {
            readLog(index)
            if let code = slots[index].child?.exitCode {
                if code == ExitCode.configuration.code { return code }
                noteEnd(index, code, now)
            }
            if slots[index].child == nil, now >= slots[index].nextStart { restart(index, now) }
            if now >= slots[index].nextProbe { probe(index, now) }
        }
        return nil
    }

    /// Asks all to end, the last added first, and ends those by force that are not gone at the deadline.
    func stop(deadline: MonotonicNanos) {
        for slot in slots { slot.child?.signal(SIGTERM) }
        while MonotonicNanos.now < deadline,
            slots.contains(where: { $0.child?.exitCode == nil && $0.child != nil })
        {
            usleep(20_000)
        }
        for index in slots.indices {
            readLog(index)
            guard let child = slots[index].child else { continue }
            if child.exitCode == nil {
                child.signal(SIGKILL)
                while child.exitCode == nil { usleep(5000) }
            }
            tell(
                ChildNews(name: child.plan.name, event: "ended", detail: "exit code \(child.exitCode ?? -1)")
            )
            slots[index].child = nil
        }
    }

    private func start(_ index: Int) throws(PlatformError) {
        let child = try ChildProcess(slots[index].plan, deathSignal: deathSignal)
        slots[index].child = child
        slots[index].startedAt = .now
        slots[index].isReady = !child.plan.answersReady
        slots[index].readyText = child.plan.answersReady ? "starting" : "ready"
        tell(ChildNews(name: child.plan.name, event: "started", detail: "pid \(child.pid)"))
    }

    private func noteEnd(_ index: Int, _ code: Int32, _ now: MonotonicNanos) {
        readLog(index)
        let lived = now - slots[index].startedAt
        // Whoever ran for a minute begins with the shortest pause again.
        if lived > 60_000_000_000 { slots[index].restarts = 0 }
        let pause = min(Self.maximumBackoffMilliseconds, 250 << Int64(min(slots[index].restarts, 6)))
        slots[index].restarts += 1
        slots[index].child = nil
        slots[index].isReady = false
        slots[index].readyText = "ended with \(code), starts again"
        slots[index].nextStart = now.advanced(milliseconds: pause)
        let detail = "exit code \(code); starts again in \(pause) ms"
        tell(ChildNews(name: slots[index].plan.name, event: "ended", detail: detail))
    }

    private func restart(_ index: Int, _ now: MonotonicNanos) {
        do throws(PlatformError) {
            try start(index)
        } catch {
            slots[index].nextStart = now.advanced(milliseconds: Self.maximumBackoffMilliseconds)
            tell(ChildNews(name: slots[index].plan.name, event: "error", detail: error.description))
        }
    }

    private func probe(_ index: Int, _ now: MonotonicNanos) {
        slots[index].nextProbe = now.advanced(milliseconds: slots[index].isReady ? 2000 : 250)
        guard let port = slots[index].child?.port, let answer = ReadyProbe.ask(port: port) else { return }
        let failing = answer.text.split(separator: "\n").filter { $0.hasPrefix("not ready") }
        slots[index].readyText =
            answer.isReady ? "ready" : failing.joined(separator: "; ").replacing("not ready ", with: "")
        guard answer.isReady != slots[index].isReady else { return }
        slots[index].isReady = answer.isReady
        let took = (now - slots[index].startedAt) / 1_000_000
        let detail = answer.isReady ? "after \(took) ms" : slots[index].readyText
        tell(
            ChildNews(
                name: slots[index].plan.name,
                event: answer.isReady ? "ready" : "not_ready",
                detail: detail
            )
        )
    }

    /// Reads what the child logged: its port, and what a person should see.
    private func readLog(_ index: Int) {
        guard let child = slots[index].child else { return }
        for line in child.newLines() {
            guard let found = LogLine(line, scanner) else {
                // What is no log line is meant for a person, such as the problems of a configuration.
                if !line.isEmpty { tell(ChildNews(name: child.plan.name, event: "error", detail: line)) }
                continue
            }
            if found.event == "http.listening", let port = found.port { child.note(port: port) }
            if found.level == "error" { tell(ChildNews(name: child.plan.name, event: "error", detail: line)) }
        }
    }
}

/// What the supervisor wants to know of a JSON log line.
private struct LogLine {
    var level = ""
    var event = ""
    var port: UInt16?

    init?(_ line: String, _ scanner: JSONScanner) {
        var copy = line
        let isRead = copy.withUTF8 { bytes in
            do throws(JSONError) {
                var cursor = try scanner.scan(UnsafeRawBufferPointer(bytes))
                try cursor.enterObject()
                while let key = try cursor.nextKey() {
                    switch key.string {
                    case "level": level = try cursor.string().string
                    case "event": event = try cursor.string().string
                    case "port": port = UInt16(exactly: try cursor.integer())
                    default: try cursor.skip()
                    }
                }
                return true
            } catch {
                return false
            }
        }
        guard isRead else { return nil }
    }
}
