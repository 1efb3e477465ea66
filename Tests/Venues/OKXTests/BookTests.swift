// Part of MarketBus. Apache License 2.0, see LICENSE.

import AllocationCount
import Models
import OKX
import Testing
import VenueTestKit

/// Pushes of books, venue sheet 4.
struct BookTests {
    private static let snapshotRow = """
        {"asks":[["8476.98","415","0","13"],["8477","7","0","2"]],"bids":[["8476.97","256","0","12"]],\
        "ts":"1597026383085","prevSeqId":-1,"seqId":123456}
        """
    private static let updateRow = """
        {"asks":[["8477","0","0","0"]],"bids":[],"ts":"1597026383185","prevSeqId":123456,"seqId":123457}
        """
    private let bench = Frames.bench()

    private func frame(
        _ row: String,
        _ action: String? = "update",
        instrument: String = "BTC-USDT",
        channel: String = "books"
    ) -> String {
        let action = action.map { ",\"action\":\($0.first == "[" ? $0 : "\"\($0)\"")" } ?? ""
        return
            "{\"arg\":{\"channel\":\"\(channel)\",\"instId\":\"\(instrument)\"}\(action),\"data\":[\(row)]}"
    }

    @Test(arguments: ["books", "books-l2-tbt"])
    func `a snapshot begins the book and an update names the number before`(_ channel: String) {
        #expect(
            bench.judge(frame(Self.snapshotRow, "snapshot", channel: channel)) == [
                "book BTC-USDT snapshot none/123456/none 8476.97 x 256 | 8476.98 x 415, 8477 x 7 at 1597026383085000"
            ]
        )
        #expect(
            bench.judge(frame(Self.updateRow, channel: channel))
                == ["book BTC-USDT delta none/123457/123456  | 8477 x 0 at 1597026383185000"]
        )
    }

    @Test func `sizes of linear contracts are exact products, others as they stand`() {
        let row = """
            {"asks":[["1","55154"],["2","0.3"],["3","0"]],"bids":[["0.9","1000"]],"ts":"1","prevSeqId":1,"seqId":2}
            """
        #expect(
            bench.judge(frame(row, instrument: "BTC-USDT-SWAP"))
                == ["book BTC-USDT-PERP delta none/2/1 0.9 x 10 | 1 x 551.54, 2 x 0.003, 3 x 0 at 1000"]
        )
        #expect(bench.judge(frame(row, instrument: "BTC-USD-SWAP"))[0].contains(" 0.9 x 1000 | 1 x 55154, "))
        #expect(
            bench.judge(frame(row, instrument: "SOL-USDT-SWAP")) == [
                "dead unknown_contract_size, book SOL-USDT-PERP"
            ]
        )
        let huge = row.replacing("0.3", with: "0." + String(repeating: "0", count: 36) + "11")
        #expect(
            bench.judge(frame(huge, instrument: "BTC-USDT-SWAP")) == [
                "dead bad_field asks, book BTC-USDT-PERP"
            ]
        )
    }

    @Test func `data may stand before the channel, and fields in any order`() {
        let seen = bench.judge(frame(Self.updateRow))
        let first = """
            {"data":[\(Self.updateRow)],"action":"update","arg":{"channel":"books","instId":"BTC-USDT"}}
            """
        #expect(bench.judge(first) == seen)
        let late = """
            {"arg":{"channel":"books","instId":"BTC-USDT"},"data":[\(Self.updateRow)],"action":"update"}
            """
        #expect(bench.judge(late) == seen)
        var generator = SplitMix(seed: 9)
        for _ in 0..<20 {
            let row = FrameText(Self.updateRow).shuffled(using: &generator).description
            #expect(bench.judge(frame(row)) == seen)
        }
    }

    @Test func `the row's instrument wins, with its contract size`() {
        let row = FrameText(Self.updateRow).with("asks", "[[\"1\",\"5\"]]")
        let own = row.with("instId", "\"BTC-USDT-SWAP\"").description
        #expect(
            bench.judge(frame(own))[0].hasPrefix(
                "book BTC-USDT-PERP delta none/123457/123456  | 1 x 0.05 "
            )
        )
        #expect(bench.judge(frame(own, instrument: "BTC-USDT-SWAP")) == bench.judge(frame(own)))
    }

    @Test func `frames of 2021 have a checksum and no numbers`() {
        let row = FrameText(Self.updateRow).without("seqId").without("prevSeqId").with(
            "checksum",
            "-1431042442"
        )
        #expect(
            bench.judge(frame(row.description))
                == [
                    "book BTC-USDT delta  | 8477 x 0 at 1597026383185000", "sum -1431042442",
                ]
        )
        for bad in ["2147483648", "\"x\"", "\"\"", "[]"] {
            let seen = bench.judge(frame(row.with("checksum", bad).description))
            #expect(seen == ["dead bad_field checksum, book BTC-USDT"])
        }
    }

    @Test func `what can't be read costs the book, and no other`() {
        let row = FrameText(Self.updateRow)
        for value in BadNumbers.all {
            let bad = row.with("asks", "[[\"8477\",\(value),\"0\",\"0\"]]").description
            #expect(bench.judge(frame(bad)) == ["dead bad_field asks, book BTC-USDT"], "\(bad)")
        }
        for side in ["{}", "\"\"", "1", "null", "[1]", "[{}]", "[[]]", "[[\"1\"]]"] {
            #expect(
                bench.judge(frame(row.with("bids", side).description)) == [
                    "dead bad_field bids, book BTC-USDT"
                ],
                "\(side)"
            )
        }
        #expect(
            bench.judge(frame(row.without("asks").description)) == ["dead missing_field asks, book BTC-USDT"]
        )
        for name in ["seqId", "prevSeqId", "ts"] {
            let bad = row.with(name, "\"x\"").description
            #expect(bench.judge(frame(bad)) == ["dead bad_field \(name), book BTC-USDT"])
        }
        #expect(bench.judge(frame(Self.updateRow, nil)) == ["dead missing_field action, book BTC-USDT"])
        #expect(bench.judge(frame(Self.updateRow, "partial")) == ["dead bad_field action, book BTC-USDT"])
        #expect(bench.judge(frame(Self.updateRow, "[]")) == ["dead bad_field action, book BTC-USDT"])
        let nameless = "{\"arg\":{\"channel\":\"books\"},\"action\":\"update\",\"data\":[\(Self.updateRow)]}"
        #expect(bench.judge(nameless) == ["dead missing_field instId"])
        #expect(bench.judge(frame(Self.updateRow, instrument: "nonsense")) == ["dead unknown_instrument"])
        #expect(
            bench.judge(frame(Self.updateRow, instrument: "BTC-USD-210924-42000-P")) == ["ignored option"]
        )
    }

    @Test func `bytes that are no JSON touch no book`() {
        let bytes = Array(frame(Self.snapshotRow, "snapshot").utf8)
        for length in 0..<bytes.count {
            #expect(bench.see(bytes: Array(bytes[..<length])) == ["dead malformed"], "cut at \(length)")
        }
        let broken = FrameText(Self.updateRow).with("asks", "[[\"x\",\"1\"]]").description
        #expect(bench.judge(frame(broken) + "}") == ["dead malformed"])
    }

    @Test(.enabled(if: AllocationCounter.isAvailable, "no allocation counter under a sanitizer"))
    func `an update is decoded without memory`() {
        let levels = (0..<30).map { "[\"\(61_000 + $0).5\",\"\($0 * 7)\",\"0\",\"1\"]" }.joined(
            separator: ","
        )
        let frames = (0..<600).map { number in
            frame(
                "{\"asks\":[\(levels)],\"bids\":[],\"ts\":\"1597026383185\",\"prevSeqId\":\(number),\"seqId\":\(number + 1)}",
                instrument: "BTC-USDT-SWAP"
            )
        }
        let path = HotPath(OKXVenue(), market: nil, frames: frames, instruments: bench.instruments)
        path.run(0..<100)
        let count = AllocationCounter.count { path.run(100..<600) }
        #expect(count == 0)
        #expect(path.failures == 0)
    }
}
