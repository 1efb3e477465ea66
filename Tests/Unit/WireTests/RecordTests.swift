// Part of MarketBus. Apache License 2.0, see LICENSE.

import AllocationCount
import FixedPoint
import Foundation
import JSONView
import Models
import Testing

@testable import Wire

@Suite struct `Records that are wrong` {
    @Test(arguments: TopicRegistry.all.map(\.id))
    func `a field that is missing is named`(topic: TopicID) throws {
        let line = try #require(Samples.lines(topic).first)
        for field in RecordShape.all[Int(topic.index)].fields
        where !field.isOptional && field.name != "venue_seq" {
            let renamed = line.replacingOccurrences(
                of: "\"\(field.name)\":",
                with: "\"_\":",
                options: [],
                range: nil
            )
            let error = #expect(throws: RecordError.self, "\(field.name)") { try Again.text(renamed, topic) }
            #expect(error?.description == "\(field.name) is missing", "\(field.name)")
        }
    }

    @Test(arguments: TopicRegistry.all.map(\.id))
    func `a field of another kind is named`(topic: TopicID) throws {
        let line = try #require(Samples.lines(topic).first)
        let shape = RecordShape.all[Int(topic.index)]
        for field in shape.fields.dropFirst() {
            let wrong = line.replacing(/"(\w+)":("(?:[^"\\]|\\.)*"|-?\d+|null|true|false)/) { match in
                match.output.1 == field.name ? "\"\(field.name)\":[]" : String(match.output.0)
            }
            guard wrong != line, wrong.contains("\"\(field.name)\":[]") else { continue }
            let error = #expect(throws: RecordError.self, "\(field.name)") { try Again.text(wrong, topic) }
            #expect(
                error?.description.contains(field.name) ?? false,
                "\(field.name): \(String(describing: error))"
            )
        }
    }

    @Test(arguments: TopicRegistry.all.map(\.id))
    func `a record that is cut, doubled or of another topic is refused`(topic: TopicID) throws {
        let line = try #require(Samples.lines(topic).first)
        for cut in stride(from: 0, to: line.utf8.count, by: 7) {
            let part = String(decoding: Array(line.utf8)[..<cut], as: UTF8.self)
            #expect(throws: RecordError.self) { try Again.text(part, topic) }
        }
        #expect(throws: RecordError.self) { try Again.text(line + line, topic) }
        #expect(throws: RecordError.self) { try Again.text("[" + line + "]", topic) }
        for other in TopicRegistry.all.map(\.id) where other != topic {
            #expect(throws: RecordError.wrongSchema) { try Again.text(line, other) }
        }
    }

    @Test func `half a level is refused, and so are numbers that can't be`() throws {
        let line = try #require(MarketSamples.quotes.first)
        for (part, other) in [
            (#""bid":"61804.7""#, #""bid":null"#), (#""ask_size":"0.00000001""#, #""ask_size":null"#),
            (#""seq":1,"#, #""seq":-1,"#), (#""state":"live""#, #""state":"alive""#),
            (#""bid":"61804.7""#, #""bid":"NaN""#), (#""epoch":1763700000123456"#, #""epoch":1.5"#),
        ] {
            let wrong = line.replacingOccurrences(of: part, with: other)
            #expect(wrong != line)
            #expect(throws: RecordError.self, "\(other)") { try Again.text(wrong, TopicRegistry.bbo) }
        }
    }

    @Test func `mutated records are read or refused, never more`() throws {
        let scanner = try #require(JSONScanner())
        var state: UInt64 = 7
        for line in MarketSamples.quotes {
            var bytes = Array(line.utf8)
            for _ in 0..<5_000 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let place = Int(state >> 33) % bytes.count
                let old = bytes[place]
                bytes[place] = UInt8(truncatingIfNeeded: state >> 24)
                bytes.withUnsafeBytes { _ = try? BboRecord(decoding: $0, scanner: scanner) }
                bytes[place] = old
            }
        }
    }
}

@Suite struct `Parts of records` {
    @Test func `keys follow the rules of their topics`() {
        #expect(Samples.instruments[0].key == "binance:BTC-USDT")
        #expect(Samples.subscriptions[0].key == "binance:BTC-USDT")
        #expect(AggregateSamples.quotes[0].key == "BTC-USDT")
        #expect(AggregateSamples.opportunities[0].key == "BTC-USDT")
        #expect(SystemSamples.statuses[0].key == "binance-feed")
        #expect(SystemSamples.integrities[0].key == "binance-feed:md.bbo.v1")
        #expect(SystemSamples.drifts[0].key == "okx")
        #expect(SystemSamples.deadLetters[0].key == "binance-feed/spot_ws-1")
        #expect(AggregateSamples.quotes[0].timestampMilliseconds == Samples.now / 1000)
    }

    @Test func `a dead letter keeps the bytes, as text or in base64`() {
        #expect(SystemSamples.deadLetters.map(\.encoding) == [.utf8, .base64, .utf8, .utf8])
        #expect(SystemSamples.deadLetters[1].text == "/wAiXA==")
        #expect(SystemSamples.deadLetters[1].bytes == [0xFF, 0x00, 0x22, 0x5C])
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: 250 &+ $0 &* 7) }
            let text = bytes.withUnsafeBytes { Base64.encode($0) }
            #expect(text == Data(bytes).base64EncodedString())
            #expect(Base64.decode(text) == bytes)
        }
        for wrong in ["A", "AA", "AAA", "A===", "AA=A", "*AAA"] { #expect(Base64.decode(wrong) == nil) }
    }

    @Test func `a long frame is cut between characters`() {
        for lead in 0..<4 {
            let frame = Array(
                (String(repeating: "x", count: lead) + String(repeating: "鍵", count: 30_000)).utf8
            )
            let letter = frame.withUnsafeBytes { bytes in
                DeadLetterRecord(
                    source: "s",
                    venue: "v",
                    feed: "f",
                    atMicroseconds: 0,
                    reason: "r",
                    detail: "",
                    connection: "c",
                    frame: bytes
                )
            }
            #expect(letter.encoding == .utf8 && letter.truncated && letter.size == Int64(frame.count))
            #expect(letter.text.utf8.count > DeadLetterRecord.bytesLimit - 4)
            #expect(letter.text.utf8.count <= DeadLetterRecord.bytesLimit)
        }
        #expect(SystemSamples.drifts[1].example.utf8.count == DriftRecord.exampleLimit)
        #expect(BoundedText.prefix("aé", bytes: 2) == "a")
        #expect(BoundedText.prefix("🔑", bytes: 3) == "")
    }
}

@Suite struct `Memory` {
    @Test func `encoding events and recurring records asks for none`() throws {
        let trade = try #require(
            MarketSamples.trade("3735683259", "61837.63", "0.02", .sell, at: Samples.now)
        )
        let best = MarketSamples.quote(Samples.level("1.5", "2"), Samples.level("1.6", "3"), at: 5, seq: 6)
        let labels = (MarketSamples.label(TopicRegistry.trade), MarketSamples.label(TopicRegistry.bbo))
        let (quote, opportunity) = (AggregateSamples.quotes[0], AggregateSamples.opportunities[0])
        var encoder = StreamEncoder()
        var writer = JSONWriter()
        var bytes = 0
        for turn in 0..<2 {
            let count = AllocationCounter.count {
                for seq in 0..<500 {
                    let stamp = RecordStamp(
                        seq: UInt64(seq),
                        receivedMicroseconds: 1,
                        publishedMicroseconds: 2
                    )
                    bytes += encoder.encode(trade, labels.0, stamp).count
                    bytes += encoder.encode(best, labels.1, stamp).count
                    bytes += encoder.encodeInvalid(.silent, labels.1, stamp).count
                    writer.clear()
                    quote.encode(into: &writer)
                    opportunity.encode(into: &writer)
                    bytes += writer.count
                }
            }
            if turn > 0 { #expect(count == 0) }
        }
        #expect(bytes > 1000)
    }

    @Test func `reading a best quote asks for none`() throws {
        let scanner = try #require(JSONScanner())
        for line in MarketSamples.quotes {
            try Array(line.utf8).withUnsafeBytes { bytes in
                var sum = try BboRecord(decoding: bytes, scanner: scanner).seq
                let count = try AllocationCounter.count {
                    for _ in 0..<500 { sum &+= try BboRecord(decoding: bytes, scanner: scanner).seq }
                }
                #expect(count == 0)
                #expect(sum > 0)
            }
        }
    }

    @Test func `the counter counts where nobody else brings an allocator`() {
        var kept: [[Int]] = []
        let count = AllocationCounter.count {
            for size in 1...10 { kept.append(Array(repeating: 1, count: size * 50)) }
        }
        #expect(!AllocationCounter.isAvailable || count >= 10)
        #expect(kept.count == 10)
    }
}
