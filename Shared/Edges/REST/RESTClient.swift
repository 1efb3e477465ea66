// Part of MarketBus. Apache License 2.0, see LICENSE.

import CCurl
import Glibc
import Lifecycle
import Synchronization

/// An HTTP client on one thread, with pooled keep-alive connections.
///
/// - Thread: every function may be called from any thread.
public final class RESTClient: @unchecked Sendable {
    // Safety: `shared` is behind its lock; the library's handles and the maps of transfers are touched by the client's
    // thread alone, and by the stopping thread only when there is no such thread.

    private enum Phase {
        case made, running, stopping, stopped
    }

    private struct Shared {
        var phase = Phase.made
        var arrivals: [Transfer] = []
        var cancellations: [RESTRequestID] = []
        /// Accepted and not yet completed.
        var pending = 0
        var lastNumber: UInt64 = 0
        var thread: WorkerThread?
    }

    /// What the client has counted since it was made.
    public struct Metrics: Sendable, Equatable {
        /// Requests accepted.
        public var requests: UInt64 = 0
        /// Requests that got a response, whatever its status.
        public var responses: UInt64 = 0
        /// Failures by ``RESTError/metricLabel``, refusals included.
        public var failures: [String: UInt64] = [:]
    }

    /// The name that the client's thread has.
    public let name: String
    private let limits: RESTLimits
    private let caFile: String?
    private let multi: OpaqueHandle
    private let shared = Mutex(Shared())
    private let counters = Mutex(Metrics())

    // The client thread's own.
    private var waiting: [Transfer] = []
    private var active: [RESTRequestID: Transfer] = [:]
    private var idleHandles: [OpaqueHandle] = []

    private static let isLibraryReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Makes a client that does nothing yet; what is sent waits for `start`.
    ///
    /// - Throws: ``RESTError`` when the certificate authorities can't be used or the machine has no room.
    public init(name: String, tls: RESTTLS = RESTTLS(), limits: RESTLimits = RESTLimits()) throws(RESTError) {
        if let file = tls.caFile { try Self.checkCAFile(file) }
        guard Self.isLibraryReady, let multi = curl_multi_init() else {
            throw RESTError(code: .resources, retry: .never, message: "libcurl can't be initialised")
        }
        self.name = name
        self.limits = limits
        self.multi = multi
        caFile = tls.caFile
        md_curl_limit_connections(multi, limits.concurrent, limits.connectionsPerHost)
    }

    deinit {
        for easy in idleHandles { curl_easy_cleanup(easy) }
        curl_multi_cleanup(multi)
    }

    /// What the client has counted so far.
    public var metrics: Metrics { counters.withLock { $0 } }

    /// Starts the thread; a second call does nothing.
    ///
    /// - Throws: ``RESTError`` when the machine has no thread left or the client was stopped.
    public func start() throws(RESTError) {
        let phase = shared.withLock { shared in
            let phase = shared.phase
            if phase == .made { shared.phase = .running }
            return phase
        }
        guard phase == .made else {
            if phase == .running { return }
            throw RESTError(code: .stopped, retry: .never, message: "the client was stopped")
        }
        do throws(PlatformError) {
            let thread = try WorkerThread(name: name) { [self] in run() }
            shared.withLock { $0.thread = thread }
        } catch {
            shared.withLock { $0.phase = .made }
            throw RESTError(code: .resources, retry: .afterPause, message: error.description)
        }
    }

    /// Sends a request; the completion runs exactly once.
    ///
    /// It runs on the client's thread and should be short. Only a request that is refused at once (`invalid_request`,
    /// `overloaded`, `stopped`) completes on the caller's thread, before this returns.
    @discardableResult
    public func send(
        _ request: RESTRequest,
        completion: @escaping @Sendable (Result<RESTResponse, RESTError>) -> Void
    ) -> RESTRequestID {
        let id = nextID()
        send(request, id: id, completion: completion)
        return id
    }

    /// Sends a request and waits for the response; cancelling the task cancels the request.
    public func send(_ request: RESTRequest) async throws(RESTError) -> RESTResponse {
        let id = nextID()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                send(request, id: id) { continuation.resume(returning: $0) }
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
        return try result.get()
    }

    /// Cancels a request: it completes with `cancelled` unless it completes otherwise first.
    public func cancel(_ id: RESTRequestID) {
        shared.withLock { shared in
            // More cancellations than requests are repetitions.
            guard shared.phase == .running || shared.phase == .made, shared.pending > 0,
                shared.cancellations.count <= 2 * (limits.waiting + limits.concurrent)
            else { return }
            shared.cancellations.append(id)
        }
        curl_multi_wakeup(multi)
    }

    /// Stops the thread and waits for it.
    ///
    /// What is under way completes with `stopped`. Idempotent. From a completion it only asks for the stop: another thread must call it too.
    public func stop() {
        let (thread, mustDrain) = shared.withLock { shared in
            let mustDrain = shared.phase == .made
            if shared.phase == .made { shared.phase = .stopped }
            if shared.phase == .running { shared.phase = .stopping }
            return (shared.thread, mustDrain)
        }
        if mustDrain { failEverything() }
        curl_multi_wakeup(multi)
        thread?.join()
    }

    private func nextID() -> RESTRequestID {
        shared.withLock { shared in
            shared.lastNumber += 1
            return RESTRequestID(number: shared.lastNumber)
        }
    }

    private func send(
        _ request: RESTRequest,
        id: RESTRequestID,
        completion: @escaping @Sendable (Result<RESTResponse, RESTError>) -> Void
    ) {
        let transfer = Transfer(id: id, request: request) { [self] result in
            counters.withLock { metrics in
                switch result {
                case .success: metrics.responses += 1
                case .failure(let error): metrics.failures[error.metricLabel, default: 0] += 1
                }
            }
            completion(result)
        }
        if let problem = request.problem { return transfer.fail(.invalidRequest, .never, problem) }
        let refusal = shared.withLock { shared -> RESTError.Code? in
            guard shared.phase == .made || shared.phase == .running else { return .stopped }
            guard shared.pending < limits.concurrent + limits.waiting else { return .overloaded }
            shared.pending += 1
            shared.arrivals.append(transfer)
            return nil
        }
        switch refusal {
        case nil:
            counters.withLock { $0.requests += 1 }
            curl_multi_wakeup(multi)
        case .some(.stopped): transfer.fail(.stopped, .never, "the client is stopped")
        case .some: transfer.fail(.overloaded, .afterPause, "\(limits.waiting) requests wait already")
        }
    }

    private func run() {
        while takeArrivals() {
            expireWaiting()
            startWaiting()
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            reapFinished()
            // A place may have become free; look again before sleeping.
            let mayStart = !waiting.isEmpty && active.count < limits.concurrent
            let patience: Int32 = mayStart ? 0 : waiting.isEmpty ? 60_000 : 100
            if md_curl_wait(multi, patience) != CURLM_OK { usleep(1000) }
        }
        failEverything()
        shared.withLock { $0.phase = .stopped }
    }

    /// Takes over what other threads left; false when it is time to stop.
    private func takeArrivals() -> Bool {
        let (isRunning, cancellations) = shared.withLock { shared in
            waiting.append(contentsOf: shared.arrivals)
            shared.arrivals.removeAll(keepingCapacity: true)
            let cancellations = shared.cancellations
            shared.cancellations = []
            return (shared.phase == .running, cancellations)
        }
        for id in cancellations { cancelNow(id) }
        return isRunning
    }

    private func cancelNow(_ id: RESTRequestID) {
        if let transfer = active[id] {
            release(transfer)
            complete(transfer) { $0.fail(.cancelled, .never, "the request was cancelled") }
        } else if let index = waiting.firstIndex(where: { $0.id == id }) {
            let transfer = waiting.remove(at: index)
            complete(transfer) { $0.fail(.cancelled, .never, "the request was cancelled") }
        }
    }

    private func expireWaiting() {
        let now = MonotonicNanos.now
        guard waiting.contains(where: { $0.deadline <= now }) else { return }
        let expired = waiting.filter { $0.deadline <= now }
        waiting.removeAll { $0.deadline <= now }
        for transfer in expired {
            complete(transfer) {
                $0.fail(.timeout, .afterPause, "the time was over before the request began")
            }
        }
    }

    private func startWaiting() {
        let places = min(limits.concurrent - active.count, waiting.count)
        guard places > 0 else { return }
        let ready = waiting.prefix(places)
        waiting.removeFirst(places)
        for transfer in ready { begin(transfer) }
    }

    private func begin(_ transfer: Transfer) {
        guard let easy = idleHandles.popLast() ?? curl_easy_init() else {
            return complete(transfer) { $0.fail(.resources, .afterPause, "libcurl has no handle") }
        }
        active[transfer.id] = transfer
        guard transfer.prepare(easy, caFile: caFile), curl_multi_add_handle(multi, easy) == CURLM_OK else {
            release(transfer)
            return complete(transfer) { $0.fail(.invalidRequest, .never, "libcurl refuses the request") }
        }
    }

    private func reapFinished() {
        var result = CURLE_OK
        while let easy = md_curl_next_finished(multi, &result) {
            guard let context = md_curl_context(easy) else { continue }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            let outcome = result
            complete(transfer) { $0.finish(outcome) }
            release(transfer)
        }
    }

    /// Gives the transfer's handle back to the pool.
    private func release(_ transfer: Transfer) {
        active[transfer.id] = nil
        guard let easy = transfer.easy else { return }
        curl_multi_remove_handle(multi, easy)
        curl_easy_reset(easy)
        if idleHandles.count < limits.concurrent { idleHandles.append(easy) } else { curl_easy_cleanup(easy) }
    }

    private func complete(_ transfer: Transfer, _ report: (Transfer) -> Void) {
        shared.withLock { $0.pending -= 1 }
        report(transfer)
    }

    private func failEverything() {
        let arrivals = shared.withLock { shared in
            let arrivals = shared.arrivals
            shared.arrivals = []
            return arrivals
        }
        let everything = Array(active.values) + waiting + arrivals
        for transfer in Array(active.values) { release(transfer) }
        waiting = []
        for transfer in everything {
            complete(transfer) { $0.fail(.stopped, .never, "the client was stopped") }
        }
    }

    private static func checkCAFile(_ path: String) throws(RESTError) {
        guard let file = fopen(path, "r") else {
            throw RESTError(
                code: .certificateAuthorities,
                retry: .never,
                message: "can't open the CA file \(path)"
            )
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        guard String(decoding: bytes.prefix(count), as: UTF8.self).contains("CERTIFICATE-----") else {
            throw RESTError(
                code: .certificateAuthorities,
                retry: .never,
                message: "the CA file \(path) holds no PEM certificate"
            )
        }
    }
}
