// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Lifecycle
import Observability
import Synchronization

/// The server can't listen where it was told to.
public struct HTTPServerError: ExitCodeProviding, CustomStringConvertible, Sendable {
    /// The address that was asked for.
    public let address: String
    /// The port that was asked for.
    public let port: UInt16
    /// The C library's error number.
    public let code: Int32

    /// A wrong configuration: a restart does not help.
    public var exitCode: ExitCode { .configuration }

    /// What is wrong and how to mend it.
    public var description: String {
        let place = "http.address \(address), http.port \(port)"
        switch code {
        case 98: return "\(place): the port is in use; stop its owner or set http.port (0 takes a free one)"
        case 13: return "\(place): this user may not listen there; set http.port above 1023"
        case 22: return "\(place): not a numeric address; set http.address as in 127.0.0.1 or ::"
        case 99: return "\(place): this machine does not have the address; set http.address to one it has"
        default: return "\(place): can't listen: \(PlatformError.text(code)); set http.address and http.port"
        }
    }
}

/// A small HTTP/1.1 server on one thread, for health, metrics and small queries.
///
/// - Thread: `start` and `stop` from the owner; handlers run on the server's thread.
public final class HTTPServer: Sendable {
    /// The address that it listens on.
    public let address: String
    private let requestedPort: UInt16
    private let router: HTTPRouter
    private let limits: HTTPLimits
    private let logger: Logger
    private let openConnections: Gauge
    private let running = Lock<Running?>(nil)

    /// What exists between `start` and `stop`.
    private struct Running {
        var port: UInt16
        var wake: WakeFlag
        var thread: WorkerThread
    }

    /// Makes a server that does not listen yet; port 0 takes any free one.
    public init(
        address: String,
        port: UInt16,
        routes: [HTTPRoute],
        observability: Observability,
        limits: HTTPLimits = HTTPLimits()
    ) {
        self.address = address
        requestedPort = port
        self.limits = limits
        logger = observability.logger
        router = HTTPRouter(routes: routes, metrics: observability.metrics)
        openConnections = observability.metrics.gauge("marketbus_http_connections", help: "Open connections.")
    }

    /// The port that it listens on, or 0 while it does not.
    public var port: UInt16 { running.withLock { $0?.port ?? 0 } }

    /// Listens and serves until `stop`.
    ///
    /// - Throws: ``HTTPServerError`` when it can't listen, ``PlatformError`` without threads or descriptors.
    public func start() throws {
        var bound: UInt16 = 0
        let listener = md_tcp_listen(address, requestedPort, 64, &bound)
        guard listener >= 0 else {
            throw HTTPServerError(address: address, port: requestedPort, code: -listener)
        }
        do {
            let wake = try WakeFlag()
            let loop = HTTPLoop(
                listener: listener,
                wake: wake,
                router: router,
                limits: limits,
                openConnections: openConnections
            )
            let thread = try WorkerThread(name: "http") { loop.run() }
            running.withLock { $0 = Running(port: bound, wake: wake, thread: thread) }
        } catch {
            md_close(listener)
            throw error
        }
        logger.info("http.listening", ["address": .string(address), "port": LogValue(bound)])
    }

    /// Closes everything and waits for the thread; does nothing when it does not run.
    public func stop() {
        let ended = running.withLock { state in
            defer { state = nil }
            return state
        }
        guard let ended else { return }
        ended.wake.raise()
        ended.thread.join()
    }

    /// The server as a part of a service.
    public var component: ServiceComponent {
        ServiceComponent(name: "http", start: { try self.start() }, stop: { _ in self.stop() })
    }
}
