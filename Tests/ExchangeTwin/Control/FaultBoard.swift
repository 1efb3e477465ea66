// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Glibc

/// The faults in force and those still to come.
final class FaultBoard {
    private let log: SentLog
    private unowned let server: Server
    /// Set by the owner of both; faults of markets need it.
    weak var exchange: Exchange?
    private(set) var armed: [Fault] = []
    private var script: [(due: Int, fault: Fault)] = []
    private var frozen: [(until: Int, connection: Connection)] = []
    private var lastID = 0
    private var done = 0
    /// Frames that a reorder fault holds back, and those that are late.
    var held: [HeldFrame] = []
    var late: [HeldFrame] = []
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
            script.append((now + min(max(json["at_ms"]?.integer ?? 0, 0), 1 << 40) * 1_000_000, fault))
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
            prepare(fault, targets)
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
        releaseLate(now: now)
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
        for fault in over where fault.kind == .maintenance && fault.startsOver { restart(fault) }
        refresh()
    }

    func refresh() {
        touchesFrames = !held.isEmpty || !late.isEmpty || armed.contains { $0.kind.touchesFrames }
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
        if fault.kind == .sequenceReset { return restart(fault) }
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
        payload.withUnsafeBufferPointer { connection.session.desk?.put($0, on: connection) }
    }

    private func announce(_ fault: Fault, _ connection: Connection) {
        guard let desk = connection.session.desk else { return }
        let usual = fault.kind == .notice ? 30_000_000_000 : 10_000_000_000
        connection.session.closeAt = md_monotonic_nanos().asInt + (fault.duration ?? usual)
        _ = desk.announceEnd(connection)
    }

    /// What happens when a fault that stays begins.
    private func prepare(_ fault: Fault, _ targets: [Connection]) {
        if fault.kind == .maintenance {
            for connection in targets {
                connection.session.closeAt = md_monotonic_nanos().asInt + fault.delay
                _ = connection.session.desk?.announceEnd(connection)
            }
        }
        guard fault.kind == .staleSnapshot else { return }
        for market in exchange?.generator.begun ?? [] where fault.matches(market) {
            market.stale = market.book.snapshot(10_000)
        }
    }

    /// The counts of the books meant start over.
    private func restart(_ fault: Fault) {
        guard let exchange else { return }
        for market in exchange.generator.begun where fault.matches(market) {
            for stream in market.streams where stream.feed != nil { exchange.flush(stream) }
            let name = market.instrument.name
            let before = market.book.sequence
            market.book.restart(sequence: fault.sequence)
            let chained = exchange.desks[market.instrument.venue]?.keepsChainOverReset ?? false
            if !chained { for feed in market.book.feeds { feed.rebase(to: fault.sequence) } }
            log.note(
                "fault",
                fault.kind.rawValue,
                ",\"fault_id\":\(fault.id),\"event\":\"hit\",\"symbol\":\"\(name)\",\"before\":\(before)"
                    + ",\"sequence\":\(fault.sequence)"
            )
        }
    }

    func note(_ fault: Fault, _ connection: Connection, _ stream: Stream?, _ mark: FrameMark? = nil) {
        var name = stream.map { ",\"stream\":\"\($0.name)\"" } ?? ""
        if let mark {
            name += ",\"id\":\"" + (mark.text.map { String(decoding: $0, as: UTF8.self) } ?? "\(mark.id)\"")
        }
        log.note(
            "fault",
            fault.kind.rawValue,
            ",\"fault_id\":\(fault.id),\"event\":\"hit\",\"conn\":\(connection.id)\(name)"
        )
    }
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
