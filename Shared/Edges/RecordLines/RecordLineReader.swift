// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc
import JSONView
import Wire

/// A record as a line says it, and when it was published.
public struct LineRecord: Sendable {
    /// The topic; nil where the registry does not know it.
    public var topic: TopicID?
    /// The key's bytes; nil where it has none.
    public var key: [UInt8]?
    /// The value's bytes; nil for a tombstone.
    public var value: [UInt8]?
    /// From the value's `published_us`, else the line's `timestamp_ms`; nil where neither is there.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var publishedMicroseconds: Int64?
    /// The line, from 1.
    public var line: Int64
}

/// The records of a file, as ``RecordLineWriter`` and `marketbus tail` write them: `{"topic","key","value"}` a line, and
/// whatever else stands there.
///
/// - Thread: one. Allocates: for every record; nothing here is hot.
public final class RecordLineReader {
    private let name: String
    private let stream: UnsafeMutablePointer<FILE>
    private let scanner: JSONScanner
    private var buffer: UnsafeMutablePointer<CChar>?
    private var capacity = 0
    private var line: Int64 = 0

    /// Opens a file; `-` is the standard input.
    ///
    /// - Throws: ``RecordLineError``.
    public init(_ name: String) throws(RecordLineError) {
        self.name = name
        guard let stream = name == "-" ? fdopen(STDIN_FILENO, "r") : fopen(name, "r") else {
            throw RecordLineError(reading: "\(name): \(String(cString: strerror(errno)))")
        }
        guard let scanner = JSONScanner() else {
            fclose(stream)
            throw RecordLineError(reading: "no memory for the JSON scanner")
        }
        (self.stream, self.scanner) = (stream, scanner)
    }

    deinit {
        fclose(stream)
        free(buffer)
    }

    /// The next record; nil at the end.
    ///
    /// - Throws: ``RecordLineError``, naming the line.
    public func next() throws(RecordLineError) -> LineRecord? {
        while true {
            let count = getline(&buffer, &capacity, stream)
            guard count >= 0 else {
                guard ferror(stream) == 0 else {
                    throw RecordLineError(reading: "\(name): can't be read")
                }
                return nil
            }
            line += 1
            let bytes = UnsafeRawBufferPointer(start: buffer, count: count)
            if bytes.allSatisfy({ $0 <= 0x20 }) { continue }
            do throws(JSONError) {
                return try record(bytes)
            } catch {
                let form = "{\"topic\":…,\"key\":…,\"value\":…}"
                throw RecordLineError(reading: "\(name), line \(line): is no record as \(form)")
            }
        }
    }

    private func record(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> LineRecord {
        var cursor = try scanner.scan(bytes)
        var record = LineRecord(line: line)
        var timestamp: Int64?
        var hasValue = false
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            switch key.string {
            case "topic": record.topic = TopicRegistry.topic(named: try cursor.string().string)?.id
            case "key": record.key = cursor.skipNull() ? nil : Array(try cursor.string().string.utf8)
            case "timestamp_ms": timestamp = try cursor.integer()
            case "value":
                hasValue = true
                try take(&cursor, &record)
            default: try cursor.skip()
            }
        }
        guard hasValue, cursor.isAtEnd else { throw .syntax(offset: 0) }
        if record.publishedMicroseconds == nil, let timestamp, timestamp > 0 {
            let (time, overflow) = timestamp.multipliedReportingOverflow(by: 1000)
            if !overflow { record.publishedMicroseconds = time }
        }
        return record
    }

    private func take(_ cursor: inout JSONCursor, _ record: inout LineRecord) throws(JSONError) {
        if cursor.skipNull() { return }
        // `tail` writes bytes that are no JSON as a text.
        if cursor.peek == UInt8(ascii: "\"") {
            record.value = Array(try cursor.string().string.utf8)
            return
        }
        var inside = cursor
        if let object = try? RecordObject(&inside) {
            // `normalize` says 0 where it has no time.
            let time = try? object.integer("published_us")
            record.publishedMicroseconds = time.flatMap { $0 > 0 ? $0 : nil }
        }
        let start = Int(cursor.offset)
        try cursor.skip()
        var end = Int(cursor.offset)
        let base = UnsafeRawPointer(cursor.documentStart)
        // Behind the value come spaces at most, then the next token.
        while end > start, base.load(fromByteOffset: end - 1, as: UInt8.self) <= 0x20 { end -= 1 }
        record.value = Array(UnsafeRawBufferPointer(start: base + start, count: end - start))
    }
}
