// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Lifecycle
import Observability

/// The server's thread: waits, accepts, reads, writes, and closes who is late.
struct HTTPLoop: Sendable {
    let listener: Int32
    let wake: WakeFlag
    let router: HTTPRouter
    let limits: HTTPLimits
    let openConnections: Gauge

    func run() {
        var connections: [HTTPConnection] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16_384, alignment: 16)
        defer {
            for connection in connections { md_close(connection.descriptor) }
            md_close(listener)
            buffer.deallocate()
            openConnections.set(0)
        }
        while true {
            let events = wait(for: connections)
            let now = MonotonicNanos.now
            guard events[0] == 0 else { return }
            for (index, ready) in events.dropFirst(2).enumerated() where ready != 0 {
                serve(&connections[index], ready, buffer, now)
            }
            connections.removeAll { connection in
                guard connection.isDone || connection.deadline <= now else { return false }
                md_close(connection.descriptor)
                return true
            }
            if events[1] != 0 { accept(&connections, now) }
            openConnections.set(connections.count)
        }
    }

    /// The events of the flag, of the listener, and of every connection in order.
    private func wait(for connections: [HTTPConnection]) -> [Int16] {
        let canAccept = connections.count < limits.connections || connections.contains(where: \.isIdle)
        var entries = [
            md_poll_entry(fd: wake.descriptor, events: Int16(MD_POLL_IN), revents: 0),
            md_poll_entry(fd: canAccept ? listener : -1, events: Int16(MD_POLL_IN), revents: 0),
        ]
        for connection in connections {
            let wanted = connection.wantsToWrite ? MD_POLL_OUT : MD_POLL_IN
            entries.append(
                md_poll_entry(fd: connection.descriptor, events: Int16(wanted), revents: 0)
            )
        }
        let nearest = connections.map(\.deadline).min() ?? .never
        let timeout = nearest == .never ? -1 : nearest.millisecondsLeft()
        let count = entries.count
        _ = entries.withUnsafeMutableBufferPointer { list in
            list.baseAddress.map { md_poll($0, count, timeout) }
        }
        return entries.map(\.revents)
    }

    private func accept(_ connections: inout [HTTPConnection], _ now: MonotonicNanos) {
        if connections.count >= limits.connections {
            guard let idle = connections.firstIndex(where: \.isIdle) else { return }
            md_close(connections.remove(at: idle).descriptor)
        }
        let descriptor = md_tcp_accept(listener)
        guard descriptor >= 0 else { return }
        connections.append(HTTPConnection(descriptor: descriptor, limits: limits, now: now))
    }

    private func serve(
        _ connection: inout HTTPConnection,
        _ ready: Int16,
        _ buffer: UnsafeMutableRawBufferPointer,
        _ now: MonotonicNanos
    ) {
        if ready & Int16(MD_POLL_IN | MD_POLL_GONE) != 0, !connection.wantsToWrite {
            guard let base = buffer.baseAddress else { return }
            let count = md_recv(connection.descriptor, base, buffer.count)
            guard count > 0 else {
                if count != -11 { connection.abandon() }
                return
            }
            connection.received(UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: now, router: router)
        }
        flush(&connection, now)
    }

    private func flush(_ connection: inout HTTPConnection, _ now: MonotonicNanos) {
        // One pass a turn: a client that pipelines can't keep the loop for itself.
        guard connection.wantsToWrite else { return }
        let count = connection.output.withUnsafeBytes { bytes -> Int in
            guard let base = bytes.baseAddress else { return 0 }
            return md_send(connection.descriptor, base + connection.written, bytes.count - connection.written)
        }
        if count >= 0 {
            connection.wrote(count, at: now, router: router)
        } else if count != -11 {
            connection.abandon()
        }
    }
}
