// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Configuration
import KafkaBus
import Lifecycle
import Observability
import Synchronization

/// What the commands that look at a cluster have in common.
enum Tool {
    /// The exit code of a finding: something is not as it should be.
    static let findingExitCode: Int32 = 1

    /// The cluster's keys; all other services' keys may stand in the same file.
    static func kafka(_ reader: ConfigurationReader, needsServers: Bool = true) -> KafkaSettings {
        ignoreServices(reader)
        return KafkaSettings(reader, instance: "marketbus", needsServers: needsServers)
    }

    /// Keys of the services in a shared file are neither used nor unknown here.
    static func ignoreServices(_ reader: ConfigurationReader) {
        let prefixes = [
            "service", "http", "log", "venues", "feed", "tls", "aggregator", "arbitrage", "fees", "up",
        ]
        for prefix in prefixes { reader.ignore(prefix: prefix) }
    }

    /// Runs a body on its own thread until it is done or a signal comes; gives the exit code.
    static func run(
        _ name: String,
        _ body: @escaping @Sendable (_ stop: StopFlag) throws -> Int32
    ) -> Int32 {
        do {
            let runtime = try ServiceRuntime(
                name: "marketbus-\(name)",
                instance: "marketbus",
                version: OperatorCommand.version,
                sink: LogSink(descriptor: -1)
            )
            let stop = StopFlag()
            let thread = Lock<WorkerThread?>(nil)
            let control = runtime.control
            let part = ServiceComponent(
                name: name,
                start: {
                    let worker = try WorkerThread(name: name) {
                        let code = finish(name, stop, body)
                        control.fail(name, "done", exitCode: ExitCode(code))
                    }
                    thread.withLock { $0 = worker }
                },
                stop: { _ in
                    stop.raise()
                    thread.withLock { $0 }?.join()
                }
            )
            return runtime.run([part]).code
        } catch {
            complain(name, "\(error)")
            return ExitCode.bug.code
        }
    }

    private static func finish(
        _ name: String,
        _ stop: StopFlag,
        _ body: (StopFlag) throws -> Int32
    ) -> Int32 {
        do {
            return try body(stop)
        } catch let error as KafkaError {
            complain(name, error.message + hint(error))
            return error.code == .configuration ? ExitCode.configuration.code : ExitCode.dependency.code
        } catch {
            complain(name, "\(error)")
            return ((error as? any ExitCodeProviding)?.exitCode ?? .bug).code
        }
    }

    private static func hint(_ error: KafkaError) -> String {
        if error.message.contains("controller") {
            return "; if this is marketbus broker, which has none, add --set kafka.embedded=true"
        }
        let mayBeElsewhere = error.retry == .later || error.code == .timedOut
        return mayBeElsewhere ? "; is kafka.bootstrap_servers right?" : ""
    }

    /// One line for the operator on standard error.
    static func complain(_ command: String, _ text: String) {
        Terminal.write("marketbus \(command): \(text)\n", to: .error)
    }
}

/// Whether a running command was asked to stop.
final class StopFlag: Sendable {
    private let flag = Atomic<Bool>(false)

    var isRaised: Bool { flag.load(ordering: .acquiring) }

    func raise() { flag.store(true, ordering: .releasing) }
}

/// Standard output in large pieces; notices a reader that left.
struct OutputBuffer: ~Copyable {
    private var bytes: [UInt8] = []
    private(set) var isBroken = false

    mutating func append(_ text: String) {
        bytes += text.utf8
        if bytes.count > 65_536 { flush() }
    }

    mutating func append(_ part: UnsafeRawBufferPointer) {
        bytes += part
        if bytes.count > 65_536 { flush() }
    }

    mutating func flush() {
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, bytes.count > 0 else { return }
            if md_write_all(1, base, bytes.count) != 0 { isBroken = true }
        }
        bytes.removeAll(keepingCapacity: true)
    }
}

/// Text in columns, as wide as the longest entry.
enum TextTable {
    static func render(_ rows: [[String]]) -> String {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                column == row.count - 1
                    ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            return cells.joined(separator: "  ") + "\n"
        }.joined()
    }
}
