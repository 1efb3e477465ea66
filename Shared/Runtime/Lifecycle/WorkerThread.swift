// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Synchronization

/// The machine refused a thread, a pipe or a handler.
public struct PlatformError: Error, CustomStringConvertible, Sendable {
    /// What was asked of the machine.
    public let operation: String
    /// The C library's error number.
    public let code: Int32

    /// Makes an error from a C error number.
    public init(operation: String, code: Int32) {
        self.operation = operation
        self.code = code
    }

    /// The operation with the machine's words.
    public var description: String { "\(operation): \(Self.text(code))" }

    /// The machine's words for an error number.
    public static func text(_ code: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let base = buffer.baseAddress else { return "error \(code)" }
            base.initialize(repeating: 0, count: 128)
            return String(cString: md_error_text(code, base, 128))
        }
    }
}

/// A named thread with an owner that joins it.
///
/// - Thread: `join` from any other thread, once or more often.
public final class WorkerThread: Sendable {
    /// The thread's name; the kernel shows its first 15 bytes.
    public let name: String
    private let handle: UInt
    private let isJoined = Atomic<Bool>(false)

    /// Starts the thread.
    ///
    /// The body decides when it ends; nothing can end it from outside.
    ///
    /// - Throws: ``PlatformError`` when the machine has no thread left.
    public init(name: String, body: @escaping @Sendable () -> Void) throws(PlatformError) {
        self.name = name
        let box = Unmanaged.passRetained(ThreadBody(body))
        var handle: UInt = 0
        let error = md_thread_start(
            name,
            { context in
                guard let context else { return }
                Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
            },
            box.toOpaque(),
            &handle
        )
        guard error == 0 else {
            box.release()
            throw PlatformError(operation: "start thread \(name)", code: error)
        }
        self.handle = handle
    }

    /// Waits until the body returned.
    ///
    /// A second call, or one from the thread itself, returns at once.
    public func join() {
        guard md_thread_is_current(handle) == 0, !isJoined.exchange(true, ordering: .acquiringAndReleasing)
        else {
            return
        }
        _ = md_thread_join(handle)
    }

    /// Lets go of a thread that will not end in time, just before the process is ended without it.
    func abandon() {
        guard !isJoined.exchange(true, ordering: .acquiringAndReleasing) else { return }
        _ = md_thread_detach(handle)
    }

    /// Whether the caller runs on this thread.
    public var isCurrent: Bool { md_thread_is_current(handle) != 0 }

    deinit {
        assert(isJoined.load(ordering: .relaxed), "thread \(name) was never joined")
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

/// A flag that one thread sleeps on and any other raises: the way to wake a thread.
///
/// - Thread: `raise` from any thread, `wait` from one.
public final class WakeFlag: Sendable {
    /// The descriptor that is readable while the flag is raised, for a thread that polls others too.
    public let descriptor: Int32

    /// Makes a flag that is not raised.
    ///
    /// - Throws: ``PlatformError`` when the process has no descriptor left.
    public init() throws(PlatformError) {
        descriptor = md_event_create()
        guard descriptor >= 0 else { throw PlatformError(operation: "create eventfd", code: md_errno()) }
    }

    /// Raises the flag.
    public func raise() {
        md_event_signal(descriptor)
    }

    /// Waits until the flag is raised or the time is over, and lowers it.
    ///
    /// Returns whether it was raised.
    @discardableResult
    public func wait(until deadline: MonotonicNanos = .never) -> Bool {
        while true {
            let timeout = deadline == .never ? -1 : deadline.millisecondsLeft()
            let isRaised = withUnsafePointer(to: descriptor) { md_wait_readable($0, 1, timeout) > 0 }
            if isRaised {
                md_event_drain(descriptor)
                return true
            }
            if deadline != .never, deadline <= .now { return false }
        }
    }

    deinit {
        md_close(descriptor)
    }
}
