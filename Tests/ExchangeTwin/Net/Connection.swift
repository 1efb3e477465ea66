// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Glibc

/// Which of the two ports a connection came in by.
enum Role {
    case exchange
    case control
}

/// Where a connection is in its life.
enum Phase {
    case http
    case webSocket
    /// Nothing more is read; it closes when its output is written.
    case draining
    /// Half-open: the socket stays, nothing is read or written.
    case frozen
    case closed
}

/// One accepted socket with its buffers.
///
/// Writes only queue; the server flushes once a turn of its loop.
final class Connection {
    let id: Int
    let descriptor: Int32
    let role: Role
    let openedAt: Int
    let input = ByteBuffer(capacity: 4096)
    let output = ByteBuffer(capacity: 16384)
    var phase = Phase.http
    var dirty = false
    var blocked = false
    var closeReason = "client"

    private let tls: TLSSession?
    /// Bytes ever queued and ever written; slow drip marks ranges of this count.
    private(set) var queued = 0
    private(set) var written = 0
    private(set) var drips: [Drip] = []

    /// What the venue side keeps about this connection.
    var session = VenueSession()

    init(id: Int, descriptor: Int32, role: Role, tls: TLSSession?, now: Int) {
        self.id = id
        self.descriptor = descriptor
        self.role = role
        self.tls = tls
        openedAt = now
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    var isOpen: Bool { phase != .closed }
    var takesFrames: Bool { phase == .webSocket }

    /// Queues one whole WebSocket frame made of up to three pieces.
    func send(_ opcode: Opcode, _ prefix: [UInt8], _ payload: UnsafeBufferPointer<UInt8>, _ suffix: [UInt8]) {
        let before = output.count
        WebSocketFrames.header(opcode, size: prefix.count + payload.count + suffix.count, into: output)
        output.append(prefix)
        output.append(payload)
        output.append(suffix)
        queued += output.count - before
        dirty = true
    }

    func send(text: String) {
        var copy = text
        copy.withUTF8 { send(.text, [], $0, []) }
    }

    func send(_ opcode: Opcode, _ payload: [UInt8]) {
        payload.withUnsafeBufferPointer { send(opcode, [], $0, []) }
    }

    /// Queues bytes as they are.
    func queue(_ fill: (ByteBuffer) -> Void) {
        let before = output.count
        fill(output)
        queued += output.count - before
        dirty = true
    }

    /// A close frame, after which the connection only drains.
    func close(code: Int, reason: String) {
        guard phase == .webSocket else { return finish(reason) }
        let word = UInt16(truncatingIfNeeded: code)
        send(.close, [UInt8(word >> 8), UInt8(word & 255)] + Array(reason.utf8.prefix(123)))
        finish("close \(code) \(reason)")
    }

    /// Closes when all that is queued has been written.
    func finish(_ reason: String) {
        guard phase != .closed && phase != .draining else { return }
        closeReason = reason
        phase = .draining
        dirty = true
    }

    // MARK: - The socket

    /// Reads what is there into `input`; false when the peer is gone.
    func fill() -> Bool {
        for _ in 0..<16 {
            let space = input.reserve(16384)
            let outcome = tls.map { $0.read(into: space, size: 16384) } ?? plainRead(into: space)
            switch outcome {
            case .moved(let size): input.commit(size)
            case .later: return true
            case .gone: return false
            }
        }
        return true
    }

    private func plainRead(into space: UnsafeMutablePointer<UInt8>) -> Transfer {
        let size = md_recv(descriptor, space, 16384)
        if size > 0 { return .moved(size) }
        return size == 0 || -Int32(clamping: size) != EAGAIN ? .gone : .later
    }

    /// Writes what the socket takes; false when the peer is gone.
    func flush(now: Int) -> Bool {
        dirty = false
        blocked = false
        guard phase != .frozen else { return true }
        while !output.isEmpty {
            let allowed = allowance(now: now)
            guard allowed > 0, let base = output.bytes.baseAddress else { return true }
            switch write(base, count: min(allowed, output.count)) {
            case .moved(let size):
                output.consume(size)
                written += size
                dripped(size, now: now)
            case .later:
                blocked = true
                return true
            case .gone: return false
            }
        }
        return true
    }

    private func write(_ bytes: UnsafePointer<UInt8>, count: Int) -> Transfer {
        if let tls { return tls.write(bytes, count: count) }
        let size = md_send(descriptor, bytes, count)
        if size > 0 { return .moved(size) }
        return size == 0 || -Int32(clamping: size) == EAGAIN ? .later : .gone
    }

    /// Ends the socket: with a reset the peer sees an error instead of an end.
    func destroy(reset: Bool) {
        guard phase != .closed else { return }
        phase = .closed
        if reset {
            var hard = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
        } else {
            tls?.shutdown()
        }
        md_close(descriptor)
    }
}

// MARK: - Slow drip

/// A range of queued bytes that leaves one byte at a time.
struct Drip {
    var from: Int
    var until: Int
    var delay: Int
    var next: Int
}

extension Connection {
    /// Everything queued since the count was `start` leaves byte by byte.
    func drip(from start: Int, delay: Int) {
        drips.append(Drip(from: start, until: queued, delay: delay, next: 0))
    }

    var isDripping: Bool { !drips.isEmpty }

    private func allowance(now: Int) -> Int {
        guard let drip = drips.first else { return Int.max }
        if written < drip.from { return drip.from - written }
        return now >= drip.next ? 1 : 0
    }

    private func dripped(_ size: Int, now: Int) {
        guard let drip = drips.first, written > drip.from else { return }
        drips[0].next = now + drip.delay
        if written >= drip.until { drips.removeFirst() }
    }
}
