// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView

/// The value of one topic's records: a Swift type, its JSON bytes, and what Kafka needs to know beside them.
public protocol WireRecord: Sendable {
    /// The topic.
    static var topic: TopicID { get }

    /// The record's key, made by the topic's ``KeyRule``.
    var key: String { get }
    /// The `venue` header, or nil where the record belongs to no single venue.
    var venueHeader: String? { get }
    /// The record's time.
    ///
    /// - Unit: microseconds since the Unix epoch.
    var timestampMicroseconds: Int64 { get }

    /// Writes the value behind what the writer holds.
    func encode(into writer: inout JSONWriter)
    /// Reads the fields.
    ///
    /// - Throws: ``RecordError``, naming the field.
    init(_ object: RecordObject) throws(RecordError)
}

extension WireRecord {
    /// Reads a record's value.
    ///
    /// - Throws: ``RecordError``. Allocates: the record's texts and lists.
    public init(decoding bytes: UnsafeRawBufferPointer, scanner: JSONScanner) throws(RecordError) {
        try self.init(try RecordObject(bytes, of: Self.topic, scanner: scanner))
    }

    /// The record's time.
    ///
    /// - Unit: milliseconds since the Unix epoch.
    public var timestampMilliseconds: Int64 { timestampMicroseconds / 1000 }
}
