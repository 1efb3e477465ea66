// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import VenueKit

/// `marketbus normalize` over lines that a test writes, and its market records as lines that a test can read.
public final class ReplayBench {
    private let sink = RecordingSink()
    private let normalizer: Normalizer
    private var time: Int64 = 1_000_000_000

    /// Makes a bench.
    public init(_ venue: any Venue, market: MarketID? = nil) {
        normalizer = Normalizer(venue: venue, feed: "test-feed", market: market, sink: sink)
    }

    /// A connection begins.
    public func open() { take(#""dir":"open","url":"wss://test""#) }

    /// A frame arrives on it, a millisecond later.
    public func frame(_ text: String) {
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        take(#""dir":"in","msg":"\#(escaped)""#)
    }

    private func take(_ fields: String) {
        time += 1_000_000
        var line = #"{"recv_ns":\#(time),"conn":"c",\#(fields)}"#
        line.withUTF8 { normalizer.take(line: UnsafeRawBufferPointer($0), readable: $0.count) }
    }

    /// `md.book.v1 {…}`.
    public var records: [(topic: String, value: String)] { sink.records.map { ($0.topic, $0.value) } }

    /// The records' topics with the given fields of theirs, as JSON has them: `md.book.v1 "invalid" "gap"`.
    public func lines(_ fields: String...) -> [String] {
        records.map { record in
            record.topic + fields.compactMap { Self.field($0, record.value) }.map { " " + $0 }.joined()
        }
    }

    private static func field(_ name: String, _ value: String) -> String? {
        guard let start = value.firstRange(of: "\"\(name)\":")?.upperBound else { return nil }
        return String(value[start...].prefix { $0 != "," && $0 != "}" })
    }
}
