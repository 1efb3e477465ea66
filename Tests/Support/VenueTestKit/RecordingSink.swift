// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Wire

/// Keeps what it is given.
public final class RecordingSink: RecordSink {
    /// A record whose bytes are its own.
    public struct Kept {
        /// The topic's name.
        public let topic: String
        /// The sequence it belongs to.
        public let stream: StreamID
        /// Its number there.
        public let seq: UInt64
        /// The key.
        public let key: String
        /// The value.
        public let value: String
        /// The `venue` header.
        public let venue: String
        /// The record's timestamp.
        ///
        /// - Unit: milliseconds since the Unix epoch.
        public let milliseconds: Int64
    }

    /// The records, in order.
    public private(set) var records: [Kept] = []
    /// What the next records are told.
    public var outcome = SendOutcome.accepted

    /// An empty sink.
    public init() {}

    /// Keeps a copy.
    public func send(_ record: OutboundRecord) -> SendOutcome {
        records.append(
            Kept(
                topic: TopicRegistry.spec(of: record.topic).name,
                stream: record.stream,
                seq: record.seq,
                key: String(decoding: record.key, as: UTF8.self),
                value: record.value.map { String(decoding: $0, as: UTF8.self) } ?? "",
                venue: String(decoding: record.venue, as: UTF8.self),
                milliseconds: record.timestampMilliseconds
            )
        )
        return outcome
    }

    /// The quotes and trades as their readers see them; a record that they refuse is `unreadable …`.
    public var texts: [String] {
        guard let scanner = JSONScanner() else { return [] }
        return records.map { record in
            var value = record.value
            return value.withUTF8 { Self.read(UnsafeRawBufferPointer($0), record.topic, scanner) }
        }
    }

    private static func read(
        _ bytes: UnsafeRawBufferPointer,
        _ topic: String,
        _ scanner: JSONScanner
    ) -> String {
        if let trade = try? TradeRecord(decoding: bytes, scanner: scanner) {
            return "\(trade.head.seq) \(trade.head.epoch) \(trade.head.symbol) trade \(trade.id.string)"
        }
        if let quote = try? BboRecord(decoding: bytes, scanner: scanner) {
            return "\(quote.seq) \(quote.epoch) \(quote.symbol.string) "
                + (quote.isLive ? "quote \(quote.venueSequence)" : "invalid \(quote.reason?.string ?? "")")
        }
        return "unreadable \(topic)"
    }
}
