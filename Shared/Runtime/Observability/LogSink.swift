// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Queues
import Synchronization

/// A lock around a value: the one alias, so that the implementation can be swapped.
public typealias Lock<Value: ~Copyable> = PlatformLock<Value>

/// The place that log lines go to.
///
/// A line is written whole or dropped and counted: a reader of stderr that stalls never stalls the service.
///
/// - Thread: any.
public final class LogSink: Sendable {
    /// The process's standard error.
    public static let standardError = LogSink(descriptor: 2)

    private static let maximumLineBytes = 4096

    private let descriptor: Int32
    private let capture: (@Sendable (String) -> Void)?
    private let buffer = Lock<JSONText>(JSONText())
    private let droppedLines = Atomic<UInt64>(0)
    private let announcedDrops = Atomic<UInt64>(0)
    private let writtenLines = Atomic<UInt64>(0)

    /// Makes a sink on an open descriptor, which stays the caller's; -1 discards everything.
    public init(descriptor: Int32) {
        self.descriptor = descriptor
        capture = nil
    }

    /// Makes a sink that hands every line (without its newline) to a closure, for tests and the operator's view.
    public init(capture: @escaping @Sendable (String) -> Void) {
        descriptor = -1
        self.capture = capture
    }

    /// The number of lines that were dropped because the reader did not keep up.
    public var dropped: UInt64 { droppedLines.load(ordering: .relaxed) }

    /// The number of lines written.
    public var written: UInt64 { writtenLines.load(ordering: .relaxed) }

    var isOpen: Bool { descriptor >= 0 || capture != nil }

    func write(level: LogLevel, identity: [UInt8], event: String, fields: LogFields) {
        let now = md_wall_nanos()
        buffer.withLock { text in
            announceDrops(with: &text, now: now, identity: identity)
            render(into: &text, now: now, level: level, identity: identity, event: event, fields: fields)
            if emit(text) {
                writtenLines.wrappingAdd(1, ordering: .relaxed)
            } else {
                droppedLines.wrappingAdd(1, ordering: .relaxed)
            }
        }
    }

    /// Says once, when the reader is back, how many lines it missed.
    private func announceDrops(with text: inout JSONText, now: Int64, identity: [UInt8]) {
        let total = dropped
        let known = announcedDrops.load(ordering: .relaxed)
        guard total > known else { return }
        render(
            into: &text,
            now: now,
            level: .warning,
            identity: identity,
            event: "log.dropped",
            fields: ["lines": LogValue(total - known)]
        )
        if emit(text) { announcedDrops.store(total, ordering: .relaxed) }
    }

    private func render(
        into text: inout JSONText,
        now: Int64,
        level: LogLevel,
        identity: [UInt8],
        event: String,
        fields: LogFields
    ) {
        text.bytes.removeAll(keepingCapacity: true)
        text.raw("{\"ts\":\"")
        text.timestamp(nanoseconds: now)
        text.raw("\",\"level\":\"")
        text.raw(level.rawValue)
        text.raw("\",")
        text.bytes.append(contentsOf: identity)
        text.member("event", .string(event))
        var isCut = false
        for (name, value) in fields {
            let mark = text.bytes.count
            text.member(name, value)
            guard text.bytes.count > Self.maximumLineBytes - 24 else { continue }
            text.bytes.removeLast(text.bytes.count - mark)
            isCut = true
        }
        if isCut { text.member("truncated", .bool(true)) }
        text.bytes.removeLast()
        text.raw("}\n")
    }

    private func emit(_ text: JSONText) -> Bool {
        if let capture {
            capture(String(decoding: text.bytes.dropLast(), as: UTF8.self))
            return true
        }
        return text.bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return false }
            return md_write_if_ready(descriptor, base, bytes.count) == bytes.count
        }
    }
}
