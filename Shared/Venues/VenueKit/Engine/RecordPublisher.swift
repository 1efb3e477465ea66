// Part of MarketBus. Apache License 2.0, see LICENSE.

import Wire

/// Records that are made a few times a minute, to the sink.
///
/// - Thread: that of the feed. Allocates: the record's texts.
final class RecordPublisher {
    private let sink: any RecordSink
    private var writer = JSONWriter()

    init(sink: any RecordSink) {
        self.sink = sink
    }

    /// Encodes a record and sends it.
    func publish(_ record: some WireRecord) {
        writer.clear()
        record.encode(into: &writer)
        send(record, writer.bytes)
    }

    /// Takes a compacted record back: a tombstone under its key.
    func retract(_ record: some WireRecord) { send(record, nil) }

    private func send(_ record: some WireRecord, _ value: UnsafeRawBufferPointer?) {
        var key = record.key
        var venue = record.venueHeader ?? ""
        key.withUTF8 { key in
            venue.withUTF8 { venue in
                let outbound = OutboundRecord(
                    topic: type(of: record).topic,
                    stream: .none,
                    seq: 0,
                    key: UnsafeRawBufferPointer(key),
                    value: value,
                    venue: UnsafeRawBufferPointer(venue),
                    timestampMilliseconds: record.timestampMilliseconds
                )
                _ = sink.send(outbound)
            }
        }
    }
}
