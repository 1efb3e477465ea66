// Part of MarketBus. Apache License 2.0, see LICENSE.

import Foundation
import JSONView
import Models
import Testing

@testable import Wire

/// Records as they were written when their version was new; they must stay readable for ever.
@Suite struct `Golden records` {
    @Test(arguments: TopicRegistry.all.map(\.id))
    func `every golden record is read, and written again byte for byte`(topic: TopicID) throws {
        let name = TopicRegistry.spec(of: topic).name
        let url = Folders.golden.appending(path: "\(name).jsonl")
        if Folders.isAsked(toWrite: "golden"), !FileManager.default.fileExists(atPath: url.path) {
            try (Samples.lines(topic).joined(separator: "\n") + "\n").write(
                to: url,
                atomically: true,
                encoding: .utf8
            )
        }
        let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(!lines.isEmpty)
        for line in lines {
            #expect(try Again.text(line, topic) == line)
            let widened = try Again.text(Again.widened(line), topic)
            #expect(widened == line, "unknown fields are ignored")
        }
    }
}

/// Decodes and encodes.
enum Again {
    static func text(_ line: String, _ topic: TopicID) throws -> String {
        let scanner = try #require(JSONScanner())
        return try Array(line.utf8).withUnsafeBytes { bytes in
            switch topic {
            case TopicRegistry.trade: try trade(TradeRecord(decoding: bytes, scanner: scanner))
            case TopicRegistry.bbo: try bbo(BboRecord(decoding: bytes, scanner: scanner))
            case TopicRegistry.instrument: try text(InstrumentRecord(decoding: bytes, scanner: scanner))
            case TopicRegistry.subscription: try text(SubscriptionRecord(decoding: bytes, scanner: scanner))
            case TopicRegistry.quote: try text(QuoteRecord(decoding: bytes, scanner: scanner))
            case TopicRegistry.opportunity: try text(OpportunityRecord(decoding: bytes, scanner: scanner))
            case TopicRegistry.feedStatus: try text(FeedStatusRecord(decoding: bytes, scanner: scanner))
            case TopicRegistry.integrity: try text(IntegrityRecord(decoding: bytes, scanner: scanner))
            case TopicRegistry.drift: try text(DriftRecord(decoding: bytes, scanner: scanner))
            case TopicRegistry.deadLetter: try text(DeadLetterRecord(decoding: bytes, scanner: scanner))
            case TopicRegistry.aggregatedBook: try text(AggBookRecord(decoding: bytes, scanner: scanner))
            default: try EventSamples.again(bytes, topic, scanner)
            }
        }
    }

    /// The same record from a later minor version: fields that nobody knows, in front, behind and within.
    static func widened(_ line: String) -> String {
        let extra = #""new":{"a":[1,"}",null],"b":"\"{["},"#
        return "{" + extra
            + line.dropFirst().replacingOccurrences(of: "[{\"", with: "[{\(extra)\"").dropLast()
            + #","newer":[[],{}]} "#
    }

    private static func text(_ record: some WireRecord) -> String { Samples.text(record) }

    private static func trade(_ record: TradeRecord) -> String {
        let event = Trade(
            instrument: InstrumentID(index: 0),
            side: record.side,
            exchangeMicroseconds: record.head.exchangeMicroseconds,
            id: record.id,
            price: record.price,
            size: record.size
        )
        let label = EventSamples.label(record.head, TopicRegistry.trade)
        var encoder = StreamEncoder()
        let bytes = encoder.encode(event, label, EventSamples.stamp(record.head))
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func bbo(_ record: BboRecord) -> String {
        var instrument = Samples.bitcoin
        instrument.venue = VenueID(record.venue.string)
        instrument.symbol = record.symbol.string
        instrument.venueSymbol = record.venueSymbol.string
        let label = StreamLabel(
            id: .none,
            topic: TopicRegistry.bbo,
            instrument: instrument,
            feed: record.feed.string,
            epoch: record.epoch
        )
        let stamp = RecordStamp(
            seq: record.seq,
            receivedMicroseconds: record.receivedMicroseconds,
            publishedMicroseconds: record.publishedMicroseconds
        )
        var encoder = StreamEncoder()
        guard record.isLive else {
            let reason = record.reason.flatMap { InvalidReason(rawValue: $0.string) } ?? .silent
            return String(decoding: encoder.encodeInvalid(reason, label, stamp), as: UTF8.self)
        }
        let event = BestQuote(
            instrument: InstrumentID(index: 0),
            exchangeMicroseconds: record.exchangeMicroseconds,
            venueSequence: record.venueSequence,
            bid: record.bid,
            ask: record.ask
        )
        return String(decoding: encoder.encode(event, label, stamp), as: UTF8.self)
    }
}
