// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// What the server tells its owner; all calls come from the one I/O thread.
protocol ServerDelegate: AnyObject {
    func opened(_ connection: Connection)
    func received(_ request: HTTPRequest, on connection: Connection)
    func received(_ opcode: Opcode, _ payload: [UInt8], on connection: Connection)
    func closed(_ connection: Connection)
    /// Called once a turn, after reading and before flushing; returns the longest wait in milliseconds.
    func turn(now: Int) -> Int
}

/// A listening socket that can be taken away and put back at the same port.
struct Listener {
    var role: Role
    var port: UInt16
    var descriptor: Int32
}

/// The loop of one thread over non-blocking sockets.
final class Server {
    weak var delegate: ServerDelegate?
    var stopping = false
    private(set) var connections: [Connection] = []
    private var listeners: [Listener] = []
    private let tls: TLSContext?
    private var lastID = 0
    private var entries: [md_poll_entry] = []
    private let outputLimit = 64 << 20

    private let host: String

    init(host: String, tls: TLSContext?) {
        self.host = host
        self.tls = tls
    }

    /// Opens a port of the host: the port bound, or nil.
    func listen(_ role: Role, port: UInt16) -> UInt16? {
        var bound: UInt16 = 0
        let descriptor = md_tcp_listen(host, port, 256, &bound)
        guard descriptor >= 0 else { return nil }
        listeners.append(Listener(role: role, port: bound, descriptor: descriptor))
        return bound
    }

    /// Refuses connections to the exchange port, or takes them again.
    func refuse(_ refusing: Bool) {
        for index in listeners.indices where listeners[index].role == .exchange {
            if refusing, listeners[index].descriptor >= 0 {
                md_close(listeners[index].descriptor)
                listeners[index].descriptor = -1
            } else if !refusing, listeners[index].descriptor < 0 {
                var bound: UInt16 = 0
                listeners[index].descriptor = md_tcp_listen(host, listeners[index].port, 256, &bound)
            }
        }
    }

    func run() {
        var wait = 0
        while !stopping {
            poll(wait)
            wait = delegate?.turn(now: md_monotonic_nanos().asInt) ?? 100
            flush()
        }
        flush()
        for connection in connections { remove(connection, reset: false, reason: "shutdown") }
        for listener in listeners where listener.descriptor >= 0 { md_close(listener.descriptor) }
    }

    // MARK: - One turn

    private func poll(_ wait: Int) {
        entries.removeAll(keepingCapacity: true)
        for listener in listeners {
            entries.append(md_poll_entry(fd: listener.descriptor, events: Int16(MD_POLL_IN), revents: 0))
        }
        for connection in connections {
            let frozen = connection.phase == .frozen
            var events = frozen ? 0 : Int16(MD_POLL_IN)
            if connection.blocked && !frozen { events |= Int16(MD_POLL_OUT) }
            let descriptor = frozen ? -1 : connection.descriptor
            entries.append(md_poll_entry(fd: descriptor, events: events, revents: 0))
        }
        guard md_poll(&entries, entries.count, Int32(clamping: wait)) > 0 else { return }
        let offset = listeners.count
        let ready = zip(connections, entries.dropFirst(offset)).filter { $0.1.revents != 0 }.map { $0.0 }
        let knocking = zip(listeners, entries).filter { $0.1.revents != 0 }.map { $0.0 }
        for connection in ready { serve(connection) }
        for listener in knocking { accept(listener) }
    }

    private func accept(_ listener: Listener) {
        for _ in 0..<64 {
            let descriptor = md_tcp_accept(listener.descriptor)
            guard descriptor >= 0 else { return }
            lastID += 1
            let session = listener.role == .exchange ? tls?.session(descriptor: descriptor) : nil
            let connection = Connection(
                id: lastID,
                descriptor: descriptor,
                role: listener.role,
                tls: session,
                now: md_monotonic_nanos().asInt
            )
            connections.append(connection)
            delegate?.opened(connection)
        }
    }

    private func serve(_ connection: Connection) {
        guard connection.isOpen, connection.phase != .frozen else { return }
        if connection.blocked { connection.dirty = true }
        let alive = connection.fill()
        if connection.phase == .http { readRequests(connection) }
        if connection.phase == .webSocket { readFrames(connection) }
        if connection.phase == .draining { connection.input.removeAll() }
        if !alive && connection.isOpen {
            remove(
                connection,
                reset: false,
                reason: connection.phase == .draining ? connection.closeReason : "client"
            )
        }
    }

    private func readRequests(_ connection: Connection) {
        while connection.phase == .http, !connection.input.isEmpty {
            switch HTTPText.next(connection.input) {
            case .incomplete: return
            case .request(let request): delegate?.received(request, on: connection)
            case .violation:
                connection.queue { HTTPAnswer(status: 400, json: "{}").write(to: $0) }
                connection.finish("bad request")
            }
        }
    }

    private func readFrames(_ connection: Connection) {
        while connection.phase == .webSocket {
            switch WebSocketFrames.next(connection.input) {
            case .incomplete: return
            case .violation(let code, let text): connection.close(code: Int(code), reason: text)
            case .frame(let frame): assemble(frame, connection)
            }
        }
    }

    private func assemble(_ frame: ClientFrame, _ connection: Connection) {
        guard frame.opcode.rawValue < 8 else {
            delegate?.received(frame.opcode, frame.payload, on: connection)
            return
        }
        connection.session.fragments += frame.payload
        if frame.opcode != .continuation { connection.session.fragmentOpcode = frame.opcode }
        guard connection.session.fragments.count <= WebSocketFrames.inputLimit else {
            connection.close(code: 1009, reason: "message too big")
            return
        }
        guard frame.final else { return }
        let message = connection.session.fragments
        connection.session.fragments = []
        delegate?.received(connection.session.fragmentOpcode, message, on: connection)
    }

    // MARK: - Writing and closing

    private func flush() {
        let now = md_monotonic_nanos().asInt
        for connection in connections where connection.dirty || connection.isDripping {
            let alive = connection.flush(now: now)
            if !alive {
                remove(connection, reset: false, reason: "client")
            } else if connection.phase == .draining && connection.output.isEmpty {
                remove(connection, reset: false, reason: connection.closeReason)
            } else if connection.output.count > outputLimit {
                remove(connection, reset: true, reason: "slow client")
            }
        }
    }

    /// Closes at once; whatever is still queued is lost and counted in the log.
    func remove(_ connection: Connection, reset: Bool, reason: String) {
        guard connection.isOpen else { return }
        connection.closeReason = reason
        connection.destroy(reset: reset)
        connections.removeAll { $0 === connection }
        delegate?.closed(connection)
    }
}

extension Int64 {
    /// The same number; Int is 64 bits wide on every platform of this program.
    var asInt: Int { Int(self) }
}
