// Part of MarketBus. Apache License 2.0, see LICENSE.

import Foundation
import Observability
import TestKit
import Testing

@Suite struct LoggerTests {
    @Test func `a line is one JSON object with its fields in order`() throws {
        let log = CapturedLog()
        log.logger(service: "okx-feed", instance: "okx-1").info(
            "feed.connected",
            ["venue": "okx", "attempt": 3, "share": 0.5, "first": true, "odd": "a\"b\\c\n\u{1}é"]
        )
        let line = try #require(log.lines.first)
        #expect(
            line.contains(
                "\"level\":\"info\",\"service\":\"okx-feed\",\"instance\":\"okx-1\",\"event\":\"feed.connected\""
            )
        )
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["odd"] as? String == "a\"b\\c\n\u{1}é")
        #expect(object["attempt"] as? Int == 3)
        #expect(object["first"] as? Bool == true)
        let stamp = try #require(object["ts"] as? String)
        let parsed = try Date(stamp, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        #expect(abs(parsed.timeIntervalSinceNow) < 60)
        #expect(stamp.utf8.count == 27)
    }

    @Test func `a level that is off builds no fields`() {
        let log = CapturedLog()
        let logger = Logger(service: "s", instance: "i", level: .warning, sink: log.sink)
        var built = 0
        func fields() -> LogFields {
            built += 1
            return [:]
        }
        logger.info("quiet", fields())
        #expect(built == 0)
        logger.error("loud", fields())
        #expect(built == 1)
        #expect(log.lines.count == 1)
    }

    @Test func `long text is cut and too many fields are dropped, and it stays JSON`() throws {
        let log = CapturedLog()
        let long = LogValue(String(repeating: "é", count: 3000))
        log.logger().warning("big", ["a": long, "b": long, "c": long, "d": long, "e": 1])
        let line = try #require(log.lines.first)
        #expect(line.utf8.count < 4096)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["truncated"] as? Bool == true)
        #expect(object["e"] as? Int == 1)
    }

    @Test func `a reader that stalls costs lines, not time, and is told the count`() throws {
        let pipe = Pipe()
        let sink = LogSink(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let logger = Logger(service: "s", instance: "i", sink: sink)
        let started = ContinuousClock.now
        for number in 0..<5000 {
            logger.info("line", ["number": LogValue(number), "pad": "0123456789012345678901234567890"])
        }
        #expect(ContinuousClock.now - started < .seconds(5))
        #expect(sink.dropped > 0)
        #expect(sink.dropped + sink.written == 5000)
        _ = pipe.fileHandleForReading.availableData
        _ = pipe.fileHandleForReading.availableData
        logger.info("after")
        try pipe.fileHandleForWriting.close()
        let rest = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        #expect(rest.contains("\"event\":\"log.dropped\",\"lines\":\(sink.dropped)}"))
    }
}
