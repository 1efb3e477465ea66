// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OKX
import Testing
import VenueTestKit

/// Frames in other orders, with fields too many or too few, and damaged.
struct DamageTests {
    private let bench = Frames.bench()

    @Test(arguments: Frames.all)
    func `fields may come in any order, with others among them`(_ sample: Sample) {
        var generator = SplitMix(seed: 1)
        let row = FrameText(sample.row)
            .with("zz", "[[{\"px\":[1,\"}\"]}]]").with("", "1").with("checksum", "-855196043").with(
                "ключ",
                "null"
            )
            .with("prevSeqId", "-1").with("a very long name indeed", "\"\\\"\\\\\"")
        for _ in 0..<40 {
            let shuffled = row.shuffled(using: &generator).description
            let frame = FrameText(sample.frame(rows: shuffled)).with("action", "\"x\"").with(
                "eventType",
                "{}"
            )
            #expect(bench.see(frame.shuffled(using: &generator).description) == [sample.seen], "\(frame)")
        }
    }

    @Test(arguments: Frames.all)
    func `numbers may stand without quotes`(_ sample: Sample) {
        let row = FrameText(sample.row).withBareNumbers.description
        #expect(bench.see(sample.frame(rows: row)) == [sample.seen])
    }

    @Test(arguments: Frames.all)
    func `white space changes nothing`(_ sample: Sample) {
        let spaced = sample.frame.map { ",:{}[]".contains($0) ? " \t\($0)\n " : String($0) }.joined()
        #expect(bench.see(spaced) == [sample.seen])
    }

    @Test(arguments: Frames.all)
    func `a missing field is named`(_ sample: Sample) {
        for name in sample.required {
            let row = FrameText(sample.row).without(name).description
            #expect(bench.see(sample.frame(rows: row)) == ["dead missing_field \(name)"])
        }
        for name in sample.required where name != "bids" && name != "asks" {
            let row = FrameText(sample.row).with(name, "null").description
            #expect(bench.see(sample.frame(rows: row)) == ["dead missing_field \(name)"])
        }
    }

    @Test(arguments: Frames.all)
    func `a number that is none is named`(_ sample: Sample) {
        for value in BadNumbers.all {
            for name in ["px", "sz"] where sample.required.contains(name) {
                let row = FrameText(sample.row).with(name, value).description
                #expect(bench.see(sample.frame(rows: row)) == ["dead bad_field \(name)"], "\(row)")
            }
            for name in ["bids", "asks"] where sample.required.contains(name) {
                for level in ["[[\"1\",\(value)]]", "[[\(value),\"1\"]]"] {
                    let row = FrameText(sample.row).with(name, level).description
                    #expect(bench.see(sample.frame(rows: row)) == ["dead bad_field \(name)"], "\(row)")
                }
            }
        }
    }

    @Test func `a side is buy or sell, an id some plain characters`() {
        let sample = Frames.all[3]
        for (name, bad) in [
            ("side", "\"\""), ("side", "\"BUY\""), ("side", "1"), ("side", "[]"), ("tradeId", "\"\""),
            ("tradeId", "[]"), ("tradeId", "{}"), ("tradeId", "\"a b\""), ("tradeId", "\"\\u0031\""),
            ("tradeId", "\"\(String(repeating: "1", count: 32))\""),
        ] {
            let row = FrameText(sample.row).with(name, bad).description
            #expect(bench.see(sample.frame(rows: row)) == ["dead bad_field \(name)"], "\(row)")
        }
    }

    @Test func `one bad row costs its whole frame`() {
        let sample = Frames.all[3]
        let bad = FrameText(sample.row).with("px", "\"x\"").description
        #expect(bench.see(sample.frame(rows: sample.row + "," + bad)) == ["dead bad_field px"])
    }

    @Test(arguments: Frames.all)
    func `no cut frame gives an event`(_ sample: Sample) {
        let other = "{\"data\":[\(sample.row)],\"arg\":\(sample.argument)}"
        for frame in [sample.frame, other] {
            let bytes = Array(frame.utf8)
            for length in 0..<bytes.count {
                #expect(bench.see(bytes: Array(bytes[..<length])) == ["dead malformed"], "cut at \(length)")
            }
        }
        for tail in ["x", "}", "]", ",", "{}", "\"\"", sample.frame, "pong"] {
            #expect(bench.see(sample.frame + tail) == ["dead malformed"])
        }
    }

    @Test func `junk and deep nesting are dead letters, never more`() {
        for depth in [10, 1000, 100_000] {
            let open = String(repeating: "[", count: depth)
            let close = String(repeating: "]", count: depth)
            #expect(bench.see(open) == ["dead malformed"])
            #expect(bench.see(open + close) == ["dead malformed"])
            #expect(bench.see("{\"data\":" + open + close + "}") == ["dead unknown_frame"])
            let row = FrameText(Frames.oldTradeRow).with("px", open + close).description
            #expect(bench.see(Frames.all[3].frame(rows: row)) == ["dead bad_field px"])
        }
        for junk in [
            "", " ", "null", "1", "\"e\"", "ping", "pong ", "Pong", "{", "}", "{\"arg\"}", "{,}", "[]",
        ] {
            #expect(bench.see(junk) == ["dead malformed"], "\(junk)")
        }
        #expect(bench.see(bytes: [0xFF, 0xFE, 0x00]) == ["dead malformed"])
    }
}
