// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc
import JSONView
import Wire

/// One record of a file, and when it was published.
struct FiledRecord {
    /// The topic; nil where the registry does not know it.
    var topic: TopicID?
    var key: [UInt8]?
    /// The value's bytes; nil for a tombstone.
    var value: [UInt8]?
    /// From the value's `published_us`, else the line's `timestamp_ms`; nil where neither is there.
    ///
    /// - Unit: microseconds since the Unix epoch.
    var publishedMicroseconds: Int64?
    /// The line, from 1.
    var line: Int64
}

/// What is wrong with a file of records.
struct RecordFileError: Error, CustomStringConvertible {
    let description: String
}

/// The records of a file, as `marketbus normalize`, `replay` and `tail` write them: `{"topic","key","value"}` a line.
///
/// - Thread: one. Allocates: for every record; nothing here is hot.
final class RecordFile {
    private let name: String
    private let stream: UnsafeMutablePointer<FILE>
    private let scanner: JSONScanner
    private var buffer: UnsafeMutablePointer<CChar>?
    private var capacity = 0
    private var line: Int64 = 0

    /// Opens a file; `-` is the standard input.
    ///
    /// - Throws: ``RecordFileError``.
    init(_ name: String) throws(RecordFileError) {
        self.name = name
        guard let stream = name == "-" ? fdopen(STDIN_FILENO, "r") : fopen(name, "r") else {
            throw RecordFileError(description: "\(name): \(String(cString: strerror(errno)))")
        }
        guard let scanner = JSONScanner() else {
            fclose(stream)
            throw RecordFileError(description: "no memory for the JSON scanner")
        }
        (self.stream, self.scanner) = (stream, scanner)
    }

    deinit {
        fclose(stream)
        free(buffer)
    }

    /// The next record; nil at the end.
    ///
    /// - Throws: ``RecordFileError``, naming the line.
    func next() throws(RecordFileError) -> FiledRecord? {
        while true {
            let count = getline(&buffer, &capacity, stream)
            guard count >= 0 else {
                guard ferror(stream) == 0 else {
                    throw RecordFileError(description: "\(name): can't be read")
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
                throw RecordFileError(description: "\(name), line \(line): is no record as \(form)")
            }
        }
    }

    private func record(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> FiledRecord {
        var cursor = try scanner.scan(bytes)
        var record = FiledRecord(line: line)
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

    private func take(_ cursor: inout JSONCursor, _ record: inout FiledRecord) throws(JSONError) {
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
