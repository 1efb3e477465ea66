// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Observability

/// Where and how a capture is written.
public struct CaptureSettings: Sendable {
    /// The directory; it is made if its parent is there.
    public var directory: String
    /// What the files' names begin with.
    public var name: String
    /// A file that holds so much is closed and the next begun.
    ///
    /// - Unit: bytes of the compressed file.
    public var rotateBytes: Int64 = 1 << 30
    /// A file that is so old is closed and the next begun.
    ///
    /// - Unit: milliseconds.
    public var rotateMilliseconds: Int64 = 3_600_000
    /// How often the disk is waited for; nil: only when a file is closed.
    ///
    /// - Unit: milliseconds.
    public var syncMilliseconds: Int64? = 10_000
    /// How much may wait for the disk before lines are left out, and counted.
    ///
    /// - Unit: bytes.
    public var waitingBytes = 64 << 20

    /// Settings with the defaults.
    public init(directory: String, name: String) {
        self.directory = directory
        self.name = name
    }
}

/// Writes lines into compressed files on a thread of its own: a slow or full disk never holds up who writes.
///
/// When the disk fails the capture ends and says so once; whoever writes goes on.
///
/// - Thread: ``append(_:)`` from one thread at a time; ``start()`` and ``stop(before:)`` from the owner.
public final class CaptureWriter: Sendable {
    fileprivate struct State {
        var filling: [UInt8] = []
        var waiting: [[UInt8]] = []
        var free: [[UInt8]] = []
        var waitingBytes = 0
        var dropped: UInt64 = 0
        var isEnding = false
        var hasEnded = false
    }

    /// Lines travel in pieces of about this size.
    private static let pieceBytes = 256 * 1024
    private static let turnMilliseconds: Int64 = 250

    private let settings: CaptureSettings
    private let logger: Logger
    private let onEnd: @Sendable (String) -> Void
    private let state = Lock(State())
    private let wake: WakeFlag
    private let thread = Lock<WorkerThread?>(nil)
    private let written: Counter
    private let left: Counter

    /// Makes a writer that has opened nothing yet.
    ///
    /// - Parameters:
    ///   - settings: where and how.
    ///   - observability: where to log and count.
    ///   - onEnd: told once, on the writer's thread, why the capture ended by itself.
    /// - Throws: ``PlatformError`` when the machine has no event descriptor left.
    public init(
        _ settings: CaptureSettings,
        observability: Observability,
        onEnd: @escaping @Sendable (String) -> Void
    ) throws(PlatformError) {
        self.settings = settings
        logger = observability.logger
        self.onEnd = onEnd
        wake = try WakeFlag()
        written = observability.metrics.counter(
            "marketbus_capture_bytes_total",
            help: "Bytes of lines handed to the capture's files, before compression."
        )
        left = observability.metrics.counter(
            "marketbus_capture_dropped_lines_total",
            help: "Lines left out because the disk was too slow or the capture had ended."
        )
    }

    /// Makes the first file and starts the thread.
    ///
    /// - Throws: ``CaptureError`` naming the directory or file and what is wrong with it.
    public func start() throws(CaptureError) {
        let first = try CaptureFile(settings)
        logger.info("capture.started", ["file": .string(first.path)])
        do throws(PlatformError) {
            let worker = try WorkerThread(name: "capture") { [self] in run(first) }
            thread.withLock { $0 = worker }
        } catch {
            throw CaptureError(path: first.path, operation: "start", reason: error.description)
        }
    }

    /// Hands a line over; it gets its end here.
    ///
    /// Left out and counted when too much waits for the disk.
    public func append(_ line: UnsafeRawBufferPointer) {
        let outcome = state.withLock { state -> (isTaken: Bool, isFull: Bool) in
            guard !state.hasEnded, state.waitingBytes &+ line.count < settings.waitingBytes else {
                state.dropped &+= 1
                return (false, false)
            }
            state.filling.append(contentsOf: line)
            state.filling.append(UInt8(ascii: "\n"))
            state.waitingBytes &+= line.count &+ 1
            guard state.filling.count >= Self.pieceBytes else { return (true, false) }
            state.pass()
            return (true, true)
        }
        if !outcome.isTaken { left.add() }
        if outcome.isFull { wake.raise() }
    }

    /// Writes what waits and closes the file, by the deadline at the latest.
    public func stop(before deadline: MonotonicNanos) {
        state.withLock { $0.isEnding = true }
        wake.raise()
        thread.withLock { $0 }?.join()
        let dropped = state.withLock { $0.dropped }
        logger.info("capture.stopped", ["dropped_lines": LogValue(Int(clamping: dropped))])
    }

    private func run(_ first: CaptureFile) {
        var file = first
        var isLast = false
        while !isLast {
            wake.wait(until: MonotonicNanos.now.advanced(milliseconds: Self.turnMilliseconds))
            let pieces = state.withLock { state -> [[UInt8]] in
                isLast = state.isEnding
                state.pass()
                defer { state.waiting = [] }
                return state.waiting
            }
            do throws(CaptureError) {
                for piece in pieces { try file.write(piece) }
                try file.keep(settings, now: MonotonicNanos.now)
                if isLast { try file.close() } else if file.isFull(settings) { file = try next(after: file) }
            } catch {
                return end(error, file)
            }
            give(back: pieces)
        }
    }

    private func next(after file: CaptureFile) throws(CaptureError) -> CaptureFile {
        try file.close()
        let next = try CaptureFile(settings)
        logger.info("capture.rotated", ["closed": .string(file.path), "file": .string(next.path)])
        return next
    }

    private func give(back pieces: [[UInt8]]) {
        state.withLock { state in
            for piece in pieces {
                state.waitingBytes -= piece.count
                written.add(UInt64(piece.count))
                guard state.free.count < 4 else { continue }
                var empty = piece
                empty.removeAll(keepingCapacity: true)
                state.free.append(empty)
            }
        }
    }

    /// The disk is full or gone: the capture ends, whoever feeds it goes on.
    private func end(_ error: CaptureError, _ file: CaptureFile) {
        file.abandon()
        state.withLock { state in
            state.hasEnded = true
            state.waiting = []
            state.filling = []
        }
        logger.error("capture.failed", ["reason": .string(error.description)])
        onEnd(error.description)
    }
}

extension CaptureWriter.State {
    /// Lets the writer's thread have what was filled so far.
    fileprivate mutating func pass() {
        guard !filling.isEmpty else { return }
        waiting.append(filling)
        filling = free.popLast() ?? []
    }
}
