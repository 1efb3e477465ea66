// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Glibc

/// The faults in force and those still to come.
final class FaultBoard {
    private let log: SentLog
    private unowned let server: Server
    private var armed: [Fault] = []
    private var script: [(due: Int, fault: Fault)] = []
    private var frozen: [(until: Int, connection: Connection)] = []
    private var lastID = 0
    private var done = 0
    /// Frames that a reorder fault holds back.
    private var held: [(stream: Stream, connection: Connection, payload: [UInt8], mark: FrameMark)] = []
    private(set) var touchesFrames = false
    private var refusing = false

    init(log: SentLog, server: Server) {
        self.log = log
        self.server = server
    }

    /// Reads JSON lines with `at_ms`, counted from now; false when one can't be used.
    func load(script path: String) -> Bool {
        guard let lines = readLines(path) else { return false }
        let now = md_monotonic_nanos().asInt
        for line in lines {
            guard let json = JSONReader.read(text: line), let fault = Fault(json) else { return false }
            script.append((now + (json["at_ms"]?.integer ?? 0) * 1_000_000, fault))
        }
        return true
    }

    /// Starts a fault: its number, and how many connections it met at once.
    func start(_ fault: Fault) -> (id: Int, matched: Int) {
        lastID += 1
        fault.id = lastID
        fault.until = fault.duration.map { md_monotonic_nanos().asInt + $0 }
        let targets = server.connections.filter { fault.matches($0) }
        log.note(
            "fault",
            fault.kind.rawValue,
            ",\"fault_id\":\(fault.id),\"event\":\"start\",\"matched\":\(targets.count)"
        )
        if fault.kind.isImmediate {
            strike(fault, targets)
            done += 1
        } else {
            armed.append(fault)
            refresh()
        }
        return (fault.id, targets.count)
    }

    /// Ends what has run out, begins what is due.
    func turn(now: Int) {
        while let index = script.firstIndex(where: { $0.due <= now }) {
            _ = start(script.remove(at: index).fault)
        }
        for entry in frozen where entry.until <= now {
            server.remove(entry.connection, reset: true, reason: "half_open ended")
        }
        frozen.removeAll { $0.until <= now }
        let over = armed.filter { $0.remaining <= 0 || ($0.until ?? Int.max) <= now }
        guard !over.isEmpty else { return }
        for fault in over {
            done += 1
            log.note(
                "fault",
                fault.kind.rawValue,
                ",\"fault_id\":\(fault.id),\"event\":\"end\",\"touched\":\(fault.touched)"
            )
        }
        armed.removeAll { $0.remaining <= 0 || ($0.until ?? Int.max) <= now }
        refresh()
    }

    private func refresh() {
        touchesFrames = !held.isEmpty || armed.contains { $0.kind.touchesFrames }
        let refuse = armed.contains { $0.kind == .refuse && $0.venue == nil }
        if refuse != refusing { server.refuse(refuse) }
        refusing = refuse
    }

    /// What is in force, as JSON.
    var listing: String {
        let rows = armed.map { fault in
            let stream = fault.stream.map { "\"\($0)\"" } ?? "null"
            let venue = fault.venue.map { "\"\($0)\"" } ?? "null"
            return
                "{\"id\":\(fault.id),\"kind\":\"\(fault.kind.rawValue)\",\"venue\":\(venue),\"stream\":\(stream)"
                + ",\"touched\":\(fault.touched)}"
        }
        return "{\"active\":[\(rows.joined(separator: ","))],\"done\":\(done),\"scheduled\":\(script.count)}"
    }

    // MARK: - Faults of connections

    private func strike(_ fault: Fault, _ targets: [Connection]) {
        let frames = fault.kind == .garbageFrame || fault.kind == .hugeFrame
        for connection in frames ? targets : Array(targets.prefix(fault.remaining)) {
            note(fault, connection, nil)
            switch fault.kind {
            case .cut: cut(connection, reset: fault.reset)
            case .halfOpen:
                connection.phase = .frozen
                let span = fault.duration ?? 600_000_000_000
                frozen.append((md_monotonic_nanos().asInt + span, connection))
            case .closeCode: connection.close(code: fault.code, reason: fault.text ?? "fault")
            case .garbageFrame:
                for _ in 0..<min(fault.remaining, 1000) {
                    connection.send(text: fault.text ?? "<html>not JSON {[")
                }
            case .hugeFrame:
                for _ in 0..<min(fault.remaining, 4) { huge(fault, connection) }
            case .notice, .serverShutdown: announce(fault, connection)
            default: break
            }
        }
    }

    private func cut(_ connection: Connection, reset: Bool) {
        if reset {
            server.remove(connection, reset: true, reason: "cut")
        } else {
            connection.finish("cut")
        }
    }

    private func huge(_ fault: Fault, _ connection: Connection) {
        var payload = [UInt8](repeating: 97, count: fault.size)
        let head = Array("{\"e\":\"huge\",\"x\":\"".utf8)
        if payload.count > head.count + 2 {
            payload.replaceSubrange(0..<head.count, with: head)
            payload.replaceSubrange((payload.count - 2)..<payload.count, with: Array("\"}".utf8))
        }
        connection.send(.text, payload)
    }

    private func announce(_ fault: Fault, _ connection: Connection) {
        guard let endpoint = connection.session.endpoint else { return }
        let wait = fault.duration ?? (endpoint.venue == .okx ? 30_000_000_000 : 10_000_000_000)
        connection.session.closeAt = md_monotonic_nanos().asInt + wait
        if endpoint.venue == .okx {
            connection.send(
                text:
                    "{\"event\":\"notice\",\"code\":\"64008\",\"msg\":\"The connection will soon be closed for a service "
                    + "upgrade. Please reconnect.\",\"connId\":\"\(connection.session.connectionName)\"}"
            )
        } else {
            let event = "{\"e\":\"serverShutdown\",\"E\":\(md_wall_nanos() / 1_000_000)}"
            let combined = connection.session.combined
            connection.send(text: combined ? "{\"stream\":\"!serverShutdown\",\"data\":\(event)}" : event)
        }
    }

    private func note(_ fault: Fault, _ connection: Connection, _ stream: Stream?) {
        let name = stream.map { ",\"stream\":\"\($0.name)\"" } ?? ""
        log.note(
            "fault",
            fault.kind.rawValue,
            ",\"fault_id\":\(fault.id),\"event\":\"hit\",\"conn\":\(connection.id)\(name)"
        )
    }
}

// MARK: - Faults of requests

/// What becomes of an HTTP request or WebSocket handshake.
enum RequestFate {
    case serve
    case reset
    case fail(HTTPAnswer)
}

extension FaultBoard {
    func request(_ endpoint: Endpoint, upgrade: Bool) -> RequestFate {
        let now = md_monotonic_nanos().asInt
        for fault in armed where fault.matches(endpoint, upgrade: upgrade) && fault.isLive(now) {
            if fault.kind == .refuse { return .reset }
            guard fault.kind == .httpStatus else { continue }
            fault.use()
            let text = endpoint.venue == .okx ? OKXREST.tooMany : BinanceREST.tooMany
            var answer = HTTPAnswer(
                status: fault.status,
                json: fault.status >= 500 ? "<html>\(fault.status)</html>" : text
            )
            if fault.status == 429 || fault.status == 418 {
                answer.headers.append(("Retry-After", "\(fault.retryAfter)"))
            }
            if fault.status >= 500 { answer.type = "text/html" }
            return .fail(answer)
        }
        return .serve
    }

    /// Nanoseconds by which an answer is late.
    func latency(_ endpoint: Endpoint) -> Int {
        let now = md_monotonic_nanos().asInt
        let fault = armed.first {
            $0.kind == .httpLatency && $0.matches(endpoint, upgrade: false) && $0.isLive(now)
        }
        fault?.use()
        return fault?.delay ?? 0
    }

    /// Whether a new subscription is acknowledged and then never served.
    func silencesNew(_ venue: Venue, _ segment: Segment, _ name: String, _ connection: Connection) -> Bool {
        let now = md_monotonic_nanos().asInt
        guard armed.contains(where: { $0.kind == .ackWithoutData }) else { return false }
        let parts = name.split(separator: venue == .okx ? ":" : "@", maxSplits: 1).map(String.init)
        let channel = venue == .okx ? parts.first ?? "" : parts.last ?? ""
        let symbol = venue == .okx ? parts.last ?? "" : (parts.first ?? "").uppercased()
        let kind = channel == "bbo-tbt" ? "bbo" : channel == "trades" ? "trade" : BinanceDesk.kind(channel)
        let probe = Stream(venue: venue, segment: segment, name: name, symbol: symbol, kind: kind)
        for fault in armed where fault.kind == .ackWithoutData && fault.isLive(now) && fault.matches(probe) {
            fault.use()
            note(fault, connection, probe)
            return true
        }
        return false
    }
}

// MARK: - Faults of frames

extension FaultBoard {
    /// Sends a frame, or what a fault makes of it.
    func pass(
        _ stream: Stream,
        _ payload: UnsafeBufferPointer<UInt8>,
        _ mark: FrameMark,
        _ connection: Connection,
        publisher: Publisher
    ) {
        let now = md_monotonic_nanos().asInt
        let fault = armed.first {
            $0.kind.touchesFrames && $0.isLive(now) && $0.matches(stream)
                && ($0.connection == nil || $0.connection == connection.id)
        }
        guard let fault else {
            publisher.send(stream, payload, mark, connection)
            return release(stream, connection, publisher)
        }
        if fault.kind != .silenceStream && fault.kind != .reorder { note(fault, connection, stream) }
        var changed = mark
        changed.fault = fault.kind.rawValue
        apply(
            fault,
            Passing(stream: stream, payload: payload, mark: mark, changed: changed, to: connection),
            publisher
        )
    }

    private func apply(_ fault: Fault, _ frame: Passing, _ publisher: Publisher) {
        let connection = frame.to
        switch fault.kind {
        case .silenceStream: fault.touched += 1
        case .reorder:
            if held.contains(where: { $0.stream === frame.stream && $0.connection === connection }) {
                fault.use()
                note(fault, connection, frame.stream)
                publisher.send(frame.stream, frame.payload, frame.changed, connection)
                release(frame.stream, connection, publisher)
            } else {
                held.append((frame.stream, connection, Array(frame.payload), frame.changed))
                refresh()
            }
        case .duplicate:
            fault.use()
            publisher.send(frame.stream, frame.payload, frame.mark, connection)
            publisher.send(frame.stream, frame.payload, frame.changed, connection)
        case .slowDrip:
            fault.use()
            let start = connection.queued
            publisher.send(frame.stream, frame.payload, frame.changed, connection)
            connection.drip(from: start, delay: fault.delay)
        case .truncatedJSON, .badNumber:
            fault.use()
            var copy = Array(frame.payload)
            if fault.kind == .badNumber {
                copy = FaultBoard.spoil(copy, with: fault.text ?? "NaN")
            } else {
                copy = Array(copy.prefix(copy.count * 2 / 3))
            }
            copy.withUnsafeBufferPointer { publisher.send(frame.stream, $0, frame.changed, connection) }
            publisher.send(frame.stream, frame.payload, frame.mark, connection)
        case .truncatedFrame:
            fault.use()
            let before = connection.output.count
            publisher.send(frame.stream, frame.payload, frame.changed, connection)
            connection.output.truncate(to: before + (connection.output.count - before) * 2 / 3)
            connection.finish("truncated_frame")
        default: break
        }
    }

    /// Sends what was held back for this stream and connection.
    private func release(_ stream: Stream, _ connection: Connection, _ publisher: Publisher) {
        guard !held.isEmpty else { return }
        for entry in held
        where entry.stream === stream && entry.connection === connection && connection.takesFrames {
            entry.payload.withUnsafeBufferPointer { publisher.send(stream, $0, entry.mark, connection) }
        }
        held.removeAll { $0.stream === stream && $0.connection === connection || !$0.connection.isOpen }
        refresh()
    }

    /// Puts `text` in place of the first price of a frame.
    static func spoil(_ payload: [UInt8], with text: String) -> [UInt8] {
        for opening in ["\"p\":\"", "\"px\":\"", "\"b\":\"", "\"asks\":[[\""] {
            let wanted = Array(opening.utf8)
            guard payload.count > wanted.count else { continue }
            for start in 0..<(payload.count - wanted.count)
            where payload[start..<(start + wanted.count)].elementsEqual(wanted) {
                let value = start + wanted.count
                let end = payload[value...].firstIndex(of: 34) ?? payload.count
                return Array(payload[..<value]) + Array(text.utf8) + Array(payload[end...])
            }
        }
        return payload
    }
}

/// One frame on its way to one connection.
private struct Passing {
    var stream: Stream
    var payload: UnsafeBufferPointer<UInt8>
    var mark: FrameMark
    /// The mark that names the fault.
    var changed: FrameMark
    var to: Connection
}

extension Fault {
    /// Still in force at this moment.
    func isLive(_ now: Int) -> Bool { remaining > 0 && now < (until ?? Int.max) }
}

/// The lines of a text file, nil when it can't be read.
func readLines(_ path: String) -> [String]? {
    readBytes(path).map { $0.split(separator: 10).map { String(decoding: $0, as: UTF8.self) } }
}

/// The bytes of a file, nil when it can't be read.
func readBytes(_ path: String) -> [UInt8]? {
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    guard md_read_file(path, 1 << 30, &bytes, &count) == 0, let bytes else { return nil }
    defer { md_free(bytes) }
    return Array(UnsafeBufferPointer(start: bytes, count: count))
}
