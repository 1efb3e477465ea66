// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Compression
import Lifecycle

/// What is wrong with a capture's directory or file.
public struct CaptureError: Error, ExitCodeProviding, CustomStringConvertible {
    /// The directory or file.
    public let path: String
    /// What was tried.
    public let operation: String
    /// The machine's words.
    public let reason: String

    /// The path, what was tried, and the machine's words.
    public var description: String { "\(operation) \(path): \(reason)" }
    /// A wrong directory is a wrong configuration.
    public var exitCode: ExitCode { .configuration }
}

/// One compressed file of a capture; after a crash it can be read up to the last flush.
///
/// - Thread: one at a time.
// Safety: the starting thread makes the first file and hands it to the writer's thread, which alone touches files from then on.
final class CaptureFile: @unchecked Sendable {
    /// Where it is.
    let path: String

    private let descriptor: Int32
    private let writer: ZstdWriter
    private let since: MonotonicNanos
    private var bytes: Int64 = 0
    private var synced: MonotonicNanos
    private var isOpen = true

    init(_ settings: CaptureSettings) throws(CaptureError) {
        let error = md_directory_make(settings.directory)
        guard error == 0 else {
            throw CaptureError(
                path: settings.directory,
                operation: "write into",
                reason: PlatformError.text(error)
            )
        }
        guard let writer = ZstdWriter() else {
            throw CaptureError(
                path: settings.directory,
                operation: "compress into",
                reason: "memory is short"
            )
        }
        self.writer = writer
        let stamp = WallNanos.now.microseconds
        path = "\(settings.directory)/\(settings.name)-\(stamp).session.jsonl.zst"
        descriptor = md_file_create(path)
        guard descriptor >= 0 else {
            throw CaptureError(path: path, operation: "create", reason: PlatformError.text(-descriptor))
        }
        since = MonotonicNanos.now
        synced = since
    }

    deinit { abandon() }

    func write(_ piece: [UInt8]) throws(CaptureError) {
        try compress { sink in try piece.withUnsafeBytes { try self.writer.write($0, to: sink) } }
    }

    /// Makes what was written readable, and waits for the disk when it is time.
    func keep(_ settings: CaptureSettings, now: MonotonicNanos) throws(CaptureError) {
        try compress { sink in try self.writer.flush(to: sink) }
        guard let every = settings.syncMilliseconds, synced.advanced(milliseconds: every) <= now else {
            return
        }
        synced = now
        try sync()
    }

    func isFull(_ settings: CaptureSettings) -> Bool {
        bytes >= settings.rotateBytes
            || since.advanced(milliseconds: settings.rotateMilliseconds) <= MonotonicNanos.now
    }

    func close() throws(CaptureError) {
        try compress { sink in try self.writer.endFrame(to: sink) }
        try sync()
        abandon()
    }

    /// Closes the descriptor, whatever is in the file.
    func abandon() {
        guard isOpen else { return }
        isOpen = false
        md_close(descriptor)
    }

    private func sync() throws(CaptureError) {
        let error = md_file_sync(descriptor)
        guard error == 0 else {
            throw CaptureError(path: path, operation: "sync", reason: PlatformError.text(error))
        }
    }

    private func compress(_ body: (@escaping ZstdWriter.Sink) throws -> Void) throws(CaptureError) {
        do {
            try body { [self] part in
                guard let base = part.baseAddress else { return }
                let error = md_write_all(descriptor, base, part.count)
                guard error == 0 else {
                    throw CaptureError(path: path, operation: "write", reason: PlatformError.text(error))
                }
                bytes += Int64(part.count)
            }
        } catch let error as CaptureError {
            throw error
        } catch {
            throw CaptureError(path: path, operation: "compress", reason: "\(error)")
        }
    }
}
