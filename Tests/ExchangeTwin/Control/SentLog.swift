// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Glibc

/// The exact record of what left for which connection, one JSON line each, written in blocks.
final class SentLog {
    let path: String?
    private let descriptor: Int32
    private let frames: Bool
    private let buffer = ByteBuffer(capacity: 1 << 17)
    private var lastFlush = 0
    private(set) var lines = 0

    /// Nil when the file can't be written.
    init?(path: String?, frames: Bool) {
        self.path = path
        self.frames = frames
        guard let path else {
            descriptor = -1
            return
        }
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return nil }
    }

    var isOn: Bool { descriptor >= 0 }

    /// One market frame queued for one connection.
    func sent(
        _ connection: Connection,
        _ stream: Stream,
        _ payload: UnsafeBufferPointer<UInt8>,
        _ mark: FrameMark,
        wall: Int
    ) {
        guard isOn else { return }
        buffer.append("{\"t_ns\":")
        buffer.appendInteger(wall)
        buffer.append(",\"conn\":")
        buffer.appendInteger(connection.id)
        buffer.append(stream.logText)
        if let text = mark.text {
            buffer.append(text)
        } else {
            buffer.appendInteger(mark.id)
            buffer.append(34)
        }
        if let fault = mark.fault {
            buffer.append(",\"fault\":")
            buffer.appendQuoted(fault)
        }
        if frames {
            buffer.append(",\"frame\":")
            buffer.appendQuoted(String(decoding: payload, as: UTF8.self))
        }
        finishLine()
    }

    /// Anything else: `first` is the member that says what it is, `rest` further members with a leading comma.
    func note(_ first: String, _ value: String, _ rest: String = "") {
        guard isOn else { return }
        buffer.append("{")
        buffer.appendQuoted(first)
        buffer.append(":")
        buffer.appendQuoted(value)
        buffer.append(",\"t_ns\":")
        buffer.appendInteger(md_wall_nanos().asInt)
        buffer.append(text: rest)
        finishLine()
    }

    private func finishLine() {
        buffer.append("}\n")
        lines += 1
        if buffer.count > 1 << 16 { flush() }
    }

    /// Writes what has gathered, at most five times a second.
    func turn(now: Int) {
        guard now - lastFlush > 200_000_000 else { return }
        lastFlush = now
        flush()
    }

    func flush() {
        while !buffer.isEmpty, let base = buffer.bytes.baseAddress {
            let size = write(descriptor, base, buffer.count)
            guard size > 0 else { return buffer.removeAll() }
            buffer.consume(size)
        }
    }

    /// Up to `limit` bytes of the file from `offset` on, cut at a line's end.
    func read(offset: Int, limit: Int) -> [UInt8]? {
        guard let path else { return nil }
        flush()
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let wanted = min(max(limit, 0), 64 << 20)
        var bytes = [UInt8](repeating: 0, count: wanted)
        let size = pread(file, &bytes, wanted, max(offset, 0))
        guard size >= 0 else { return nil }
        let whole = bytes.prefix(size)
        return Array(whole.prefix(through: whole.lastIndex(of: 10) ?? whole.startIndex - 1))
    }
}
