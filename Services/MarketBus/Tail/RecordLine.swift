// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import KafkaBus
import Wire

/// A record as one JSON line.
enum RecordLine {
    /// Writes the line; a value that is no JSON on one line is written as a text, a tombstone as null.
    static func write(_ record: borrowing ConsumedRecord, _ scanner: JSONScanner, to writer: inout JSONWriter)
    {
        writer.clear()
        writer.literal("{\"topic\":")
        writer.string(record.topic)
        writer.literal(",\"partition\":")
        writer.integer(Int64(record.partition))
        writer.literal(",\"offset\":")
        writer.integer(record.offset)
        writer.literal(",\"timestamp_ms\":")
        writer.integer(record.timestampMilliseconds)
        writer.literal(",\"key\":")
        text(record.key, to: &writer)
        writer.literal(",\"value\":")
        if let value = record.value, isJSONLine(value, scanner) {
            writer.raw(value)
        } else {
            text(record.value, to: &writer)
        }
        writer.literal("}\n")
    }

    private static func text(_ bytes: UnsafeRawBufferPointer?, to writer: inout JSONWriter) {
        guard let bytes else { return writer.literal("null") }
        // Bytes that are no UTF-8 must not make the line unreadable.
        writer.string(String(decoding: bytes, as: UTF8.self))
    }

    private static func isJSONLine(_ bytes: UnsafeRawBufferPointer, _ scanner: JSONScanner) -> Bool {
        guard bytes.first == UInt8(ascii: "{"), !bytes.contains(UInt8(ascii: "\n")) else { return false }
        do throws(JSONError) {
            var cursor = try scanner.scan(bytes)
            try cursor.skip()
            return cursor.isAtEnd
        } catch {
            return false
        }
    }
}

/// Which records an operator wants to see.
struct RecordFilter: Sendable {
    let symbols: [String]
    let venues: [String]

    /// Whether the record concerns one of the symbols and one of the venues.
    func admits(_ record: borrowing ConsumedRecord, _ scanner: JSONScanner) -> Bool {
        if symbols.isEmpty, venues.isEmpty { return true }
        let key = record.key.map { String(decoding: $0, as: UTF8.self) } ?? ""
        let isSymbol = symbols.isEmpty || symbols.contains { key == $0 || key.hasSuffix(":\($0)") }
        guard isSymbol else { return false }
        if venues.isEmpty { return true }
        return venues.contains { names($0, key, record.value, scanner) }
    }

    private func names(
        _ venue: String,
        _ key: String,
        _ value: UnsafeRawBufferPointer?,
        _ scanner: JSONScanner
    ) -> Bool {
        if key == venue || key.hasPrefix("\(venue):") { return true }
        guard let value, var cursor = try? scanner.scan(value), let object = try? RecordObject(&cursor) else {
            return false
        }
        if (try? object.text("venue")) == venue { return true }
        for name in ["buy", "sell"] as [FieldName] where (try? object.object(name).text("venue")) == venue {
            return true
        }
        let legs = try? object.list("legs") { (leg) throws(RecordError) in try leg.text("venue") }
        return legs?.contains(venue) ?? false
    }
}
