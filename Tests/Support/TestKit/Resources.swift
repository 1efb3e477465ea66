// Part of MarketBus. Apache License 2.0, see LICENSE.

import Foundation
import Observability

/// A directory that is gone, with all that is in it, when its last owner lets go.
public final class TemporaryDirectory: Sendable {
    /// The absolute path without a slash at its end.
    public let path: String

    /// Makes a new, empty directory.
    ///
    /// - Throws: the system's error when the directory can't be made.
    public init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "marketbus-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    /// Writes a file and returns its path.
    ///
    /// - Throws: the system's error when the file can't be written.
    public func write(_ text: String, to name: String) throws -> String {
        let file = path + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return file
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Log lines that a test reads.
public final class CapturedLog: Sendable {
    private let box: Captured
    /// The sink to give to a logger.
    public let sink: LogSink

    /// Makes an empty log.
    public init() {
        let box = Captured()
        sink = LogSink { line in box.lines.withLock { $0.append(line) } }
        self.box = box
    }

    private final class Captured: Sendable {
        let lines = Lock<[String]>([])
    }

    /// The lines so far.
    public var lines: [String] { box.lines.withLock { $0 } }

    /// A logger of all levels that writes here.
    public func logger(service: String = "test", instance: String = "test-1") -> Logger {
        Logger(service: service, instance: instance, level: .debug, sink: sink)
    }

    /// Whether a line of this event was written.
    public func contains(event: String) -> Bool {
        lines.contains { $0.contains("\"event\":\"\(event)\"") }
    }
}

/// A TCP port on loopback that nobody listened on a moment ago, for programs that can't be given port 0.
///
/// - Throws: ``PortError`` when the system gives none.
public func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw PortError() }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            bind(descriptor, generic, size) == 0 && getsockname(descriptor, generic, &size) == 0
        }
    }
    guard isBound else { throw PortError() }
    return UInt16(bigEndian: address.sin_port)
}

/// The system gave no port.
public struct PortError: Error {}
