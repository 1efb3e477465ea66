// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Glibc
import Lifecycle

/// A program that was started here: its life, and the log file that holds what it says.
///
/// It ends when this process ends, however that happens.
///
/// - Thread: the supervisor's, which must live as long as the child: the kernel ends children with the thread.
final class ChildProcess {
    /// What to start.
    struct Plan {
        /// The name for people: `binance-feed`.
        var name: String
        /// The program's file.
        var path: String
        /// The words after the program's name.
        var arguments: [String]
        /// Variables beside those of this process.
        var environment: [String: String] = [:]
        /// The file for its output.
        var log: String
        /// Whether it answers `/ready`; others count as ready once they run.
        var answersReady = true
    }

    let plan: Plan
    let pid: Int32
    /// The port of `/ready`, once the child has said it.
    private(set) var port: UInt16?
    private let reader: Int32
    private var rest: [UInt8] = []
    private var endCode: Int32?

    /// Starts the program.
    ///
    /// - Throws: ``PlatformError`` when the log can't be written or the program can't be run.
    init(_ plan: Plan, deathSignal: Int32) throws(PlatformError) {
        self.plan = plan
        let writer = open(plan.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard writer >= 0 else { throw PlatformError(operation: "write \(plan.log)", code: errno) }
        defer { close(writer) }
        reader = open(plan.log, O_RDONLY | O_CLOEXEC)
        guard reader >= 0 else { throw PlatformError(operation: "read \(plan.log)", code: errno) }
        lseek(reader, 0, SEEK_END)
        var variables = ProcessVariables.current
        variables.merge(plan.environment) { _, new in new }
        let words = CStrings([plan.path] + plan.arguments)
        let settings = CStrings(variables.map { "\($0.key)=\($0.value)" })
        var started: Int32 = 0
        let error = md_process_start(
            plan.path,
            words.pointer,
            settings.pointer,
            writer,
            writer,
            deathSignal,
            &started
        )
        guard error == 0 else {
            close(reader)
            throw PlatformError(operation: "start \(plan.path)", code: error)
        }
        pid = started
    }

    deinit {
        close(reader)
    }

    /// The exit code once it has ended; 128 + the signal where one ended it.
    var exitCode: Int32? {
        if let endCode { return endCode }
        var code: Int32 = 0
        guard md_process_ended(pid, &code) != 0 else { return nil }
        endCode = code
        return code
    }

    /// Sends a signal, unless it has ended.
    func signal(_ number: Int32) {
        if exitCode == nil { _ = md_process_signal(pid, number) }
    }

    /// The lines that it wrote since the last call.
    func newLines() -> [String] {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = read(reader, &chunk, chunk.count)
        guard count > 0 else { return [] }
        rest += chunk[..<count]
        var lines: [String] = []
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(String(decoding: rest[..<end], as: UTF8.self))
            rest.removeFirst(end + 1)
        }
        // A line without end is not kept for ever.
        if rest.count > 1 << 20 { rest.removeAll() }
        return lines
    }

    /// Notes the port that the child listens on.
    func note(port: UInt16) { self.port = port }
}

/// The environment of this process.
enum ProcessVariables {
    static var current: [String: String] {
        var found: [String: String] = [:]
        var index = 0
        while let entry = md_environment_at(index) {
            let parts = String(cString: entry).split(
                separator: "=",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            if parts.count == 2 { found[String(parts[0])] = String(parts[1]) }
            index += 1
        }
        return found
    }
}

/// Texts as C wants them: an array of pointers that ends with a null.
private final class CStrings {
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ texts: [String]) {
        count = texts.count
        pointer = .allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() { (pointer + index).initialize(to: strdup(text)) }
        (pointer + texts.count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count { free(pointer[index]) }
        pointer.deallocate()
    }
}
