// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Testing
import Wire

@Suite struct `The pulse in a feed's status` {
    private func pulse(_ text: String) throws -> FeedStatusRecord.Pulse {
        let scanner = try #require(JSONScanner())
        let bytes = Array(text.utf8)
        return try bytes.withUnsafeBytes { try FeedStatusRecord.Pulse(decoding: $0, scanner: scanner) }
    }

    @Test func `is what the whole record says`() throws {
        for status in SystemSamples.statuses {
            var writer = JSONWriter()
            status.encode(into: &writer)
            let pulse = try pulse(writer.string)
            #expect(pulse.feed == status.feed)
            #expect(pulse.publishedMicroseconds == status.publishedMicroseconds)
            #expect(pulse.isStopping == (status.state == .stopping))
        }
    }

    @Test func `is there in a state that this reader does not know`() throws {
        let text = #"{"schema":"feed_status.v1","feed":"f","published_us":7,"state":"resting","more":[{}]}"#
        let pulse = try pulse(text)
        #expect(pulse.feed == "f" && pulse.publishedMicroseconds == 7 && !pulse.isStopping)
    }

    @Test(arguments: [
        #"{"schema":"feed_status.v1","feed":"f","state":"live"}"#,
        #"{"schema":"feed_status.v2","feed":"f","published_us":7,"state":"live"}"#,
        #"{"schema":"feed_status.v1","feed":"f","published_us":"seven","state":"live"}"#,
        "[]", "",
    ])
    func `is not in another value`(_ text: String) {
        #expect(throws: RecordError.self) { try pulse(text) }
    }
}
