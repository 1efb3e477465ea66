// Part of MarketBus. Apache License 2.0, see LICENSE.

import CWebSockets
import Lifecycle
import Synchronization

/// One thread that runs many WebSocket connections and hands their messages over without a hop.
///
/// Handlers keep the thread: what they do delays every connection of the loop. `execute`, `metrics` and `stop` may be
/// called from any thread, everything else only from the loop's own, that is from a handler or from `execute`d work.
public final class WebSocketLoop: @unchecked Sendable {
    // Safety: `shared` is behind its lock and `counters` are atomics; everything else is touched by the loop's thread alone
    // after `start`, and by the creating or stopping thread only while there is no such thread.

    /// The library reads up to this many bytes from a socket at once; shorter messages are handed over uncopied.
    static let receiveBufferBytes = 64 << 10
    /// How many pieces of `execute`d work may wait.
    public static let workLimit = 4096
    /// How many connections a loop holds.
    public static let connectionLimit = 512
    /// How long the server may take to answer a close frame.
    static let closeTimeoutMilliseconds = 1000

    enum Phase {
        case made, running, stopping, stopped
    }

    struct Shared {
        var phase = Phase.made
        var work: [@Sendable () -> Void] = []
        var context: LibraryHandle?
        var thread: WorkerThread?
    }

    /// The name that the loop's thread has.
    public let name: String
    let counters = LoopCounters()
    let shared = Mutex(Shared())
    private let threadIdentity = Atomic<UInt>(0)

    // The loop thread's own.
    var connections: [WebSocketConnectionID: Connection] = [:]
    /// Connections whose library handle still exists, also after their end was told.
    var bound: [WebSocketConnectionID: Connection] = [:]
    var timers = TimerQueue()
    /// Connection attempts and ends that must not happen inside a call of the library or of the user.
    var deferred: [() -> Void] = []
    private var lastNumber: UInt64 = 0
    private var alarm = MonotonicNanos.never
    private var runningWork: [@Sendable () -> Void] = []

    /// Makes a loop that does nothing yet; what is `execute`d waits for `start`.
    ///
    /// - Throws: ``WebSocketError`` when the certificate authorities can't be used or the machine has no room.
    public init(name: String, tls: WebSocketTLS = WebSocketTLS()) throws(WebSocketError) {
        self.name = name
        if let file = tls.caFile { try CertificateFile.check(file) }
        let context = LibraryContext.make(owner: self, caFile: tls.caFile)
        guard let context else {
            throw WebSocketError(code: .resources, message: "libwebsockets can't make a context")
        }
        shared.withLock { $0.context = context }
    }

    deinit {
        if let context = shared.withLock({ $0.context.take() }) { LibraryContext.destroy(context) }
    }

    /// What the loop has counted so far.
    ///
    /// - Thread: any.
    public var metrics: WebSocketMetrics { counters.snapshot }

    /// Where the library's own warnings go, for the whole process; nowhere unless set.
    public static func setLibraryLog(_ sink: (@Sendable (String) -> Void)?) { LibraryLog.set(sink) }

    /// Starts the thread; a second call does nothing.
    ///
    /// - Throws: ``WebSocketError`` when the machine has no thread left or the loop was stopped.
    public func start() throws(WebSocketError) {
        let isStopped = shared.withLock { $0.phase == .stopping || $0.phase == .stopped }
        guard !isStopped else { throw WebSocketError(code: .notRunning, message: "the loop was stopped") }
        let mayStart = shared.withLock { shared in
            guard shared.phase == .made else { return false }
            shared.phase = .running
            return true
        }
        guard mayStart else { return }
        do throws(PlatformError) {
            let thread = try WorkerThread(name: name) { [self] in run() }
            shared.withLock { $0.thread = thread }
        } catch {
            shared.withLock { $0.phase = .made }
            throw WebSocketError(code: .resources, message: error.description)
        }
    }

    /// Runs work on the loop's thread, in order, after what is already waiting.
    ///
    /// Returns false, and drops the work, when ``workLimit`` pieces wait or the loop is stopping.
    ///
    /// - Thread: any.
    @discardableResult
    public func execute(_ work: @escaping @Sendable () -> Void) -> Bool {
        let isTaken = shared.withLock { shared in
            guard shared.phase == .made || shared.phase == .running, shared.work.count < Self.workLimit else {
                return false
            }
            shared.work.append(work)
            if let context = shared.context { md_ws_loop_wake(context.pointer) }
            return true
        }
        if !isTaken { counters.workRefused.wrappingAdd(1, ordering: .relaxed) }
        return isTaken
    }

    /// Stops the thread and waits for it; every connection ends with `loopStopped`.
    ///
    /// Idempotent. From the loop's own thread it only asks for the stop: another thread must call it too.
    public func stop() {
        let thread = shared.withLock { shared -> WorkerThread? in
            if shared.phase == .made { shared.phase = .stopped }
            if shared.phase == .running { shared.phase = .stopping }
            if let context = shared.context { md_ws_loop_wake(context.pointer) }
            return shared.thread
        }
        thread?.join()
    }

    /// Runs work once on the loop's thread, not before the time is over.
    ///
    /// - Thread: the loop's.
    @discardableResult
    public func schedule(
        afterMilliseconds delay: Int,
        _ work: @escaping @Sendable () -> Void
    ) -> TimerToken {
        assert(isOnLoop)
        let due = MonotonicNanos.now.advanced(milliseconds: Int64(max(0, delay)))
        return timers.add(due: due, work)
    }

    /// Forgets scheduled work that has not run yet.
    ///
    /// - Thread: the loop's.
    public func cancel(_ token: TimerToken) {
        assert(isOnLoop)
        timers.cancel(token)
    }

    /// Whether the caller is on the loop's thread.
    public var isOnLoop: Bool { threadIdentity.load(ordering: .relaxed) == ThreadIdentity.current }

    func nextID() -> WebSocketConnectionID {
        lastNumber += 1
        return WebSocketConnectionID(number: lastNumber)
    }

    private func run() {
        threadIdentity.store(ThreadIdentity.current, ordering: .relaxed)
        guard let handle = shared.withLock({ $0.context }) else { return }
        let context = handle.pointer
        while shared.withLock({ $0.phase == .running }) {
            turn()
            setAlarm(context)
            if !deferred.isEmpty { md_ws_loop_wake(context) }
            if md_ws_loop_service(context) < 0 { break }
        }
        endAll()
    }

    /// Everything that is due and is not the library's.
    private func turn() {
        shared.withLock { swap(&$0.work, &runningWork) }
        for work in runningWork { work() }
        runningWork.removeAll(keepingCapacity: true)
        let now = MonotonicNanos.now
        while let work = timers.takeDue(at: now) { work() }
        // Those added meanwhile wait for the next turn, so that an attempt that fails at once can't hold the thread.
        let ready = deferred
        deferred.removeAll(keepingCapacity: true)
        for action in ready { action() }
    }

    private func setAlarm(_ context: OpaquePointer) {
        guard let due = timers.nextDue() else { return }
        guard due != alarm else { return }
        alarm = due
        md_ws_loop_set_alarm(context, max(0, due - .now) / 1000 + 1)
    }

    /// Called by the library when the alarm is due; the wake makes `service` return.
    func alarmRang() {
        alarm = .never
        shared.withLock { if let context = $0.context { md_ws_loop_wake(context.pointer) } }
    }

    private func endAll() {
        let context = shared.withLock { shared in
            shared.phase = .stopping
            shared.work = []
            return shared.context.take()
        }
        for connection in connections.values where connection.verdict == nil {
            connection.verdict = WebSocketCloseReason(.loopStopped)
        }
        if let context { LibraryContext.destroy(context) }
        for connection in Array(connections.values) { end(connection, WebSocketCloseReason(.loopStopped)) }
        bound = [:]
        deferred = []
        timers.removeAll()
        shared.withLock { $0.phase = .stopped }
    }
}
