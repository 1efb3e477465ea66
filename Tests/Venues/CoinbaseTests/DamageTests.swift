// Part of MarketBus. Apache License 2.0, see LICENSE.

import Coinbase
import Models
import Testing
import VenueTestKit

/// Frames in other orders, with fields too many or too few, and damaged.
struct DamageTests {
    private let bench = FrameBench(CoinbaseVenue())

    @Test(arguments: Frames.all)
    func `fields may come in any order, with others among them`(_ sample: Sample) {
        var generator = SplitMix(seed: 1)
        let frame = FrameText(sample.frame).with("zz", "[[{\"price\":[1,\"}\"]}]]").with("", "1").with(
            "a very long name indeed",
            "\"\\\"\\\\\""
        )
        for _ in 0..<40 {
            let shuffled = frame.shuffled(using: &generator).description
            #expect(bench.see(shuffled) == sample.seen, "\(shuffled)")
        }
    }

    @Test(arguments: Frames.exchange)
    func `numbers may stand without quotes`(_ sample: Sample) {
        #expect(bench.see(FrameText(sample.frame).withBareNumbers.description) == sample.seen)
    }

    @Test(arguments: Frames.exchange)
    func `a missing field is named`(_ sample: Sample) {
        for name in sample.required {
            let absent = FrameText(sample.frame).without(name).description
            #expect(bench.see(absent) == ["dead missing_field \(name)"])
        }
        for name in sample.required where !["bids", "asks", "changes"].contains(name) {
            let empty = FrameText(sample.frame).with(name, "null").description
            #expect(bench.see(empty) == ["dead missing_field \(name)"])
        }
    }

    @Test(arguments: Frames.exchange)
    func `a number that is none is named`(_ sample: Sample) {
        for value in BadNumbers.all where value != "\"\"" {
            for name in ["price", "size"] where sample.required.contains(name) {
                let frame = FrameText(sample.frame).with(name, value).description
                #expect(bench.see(frame) == ["dead bad_field \(name)"], "\(frame)")
            }
        }
    }

    @Test func `one bad level costs its frame, and says whose book it was`() {
        for value in BadNumbers.all {
            let bids = FrameText(Frames.snapshot.frame).with("bids", "[[\"1\",\(value)]]").description
            #expect(bench.see(bids) == ["dead bad_field bids"], "\(bids)")
            let changes = FrameText(Frames.change.frame).with("changes", "[[\"buy\",\(value),\"1\"]]")
                .description
            #expect(bench.see(changes) == ["dead bad_field changes"], "\(changes)")
        }
        for level in ["[\"1\"]", "[]", "[\"buy\",\"1\"]"] {
            let frame = FrameText(Frames.change.frame).with("changes", "[\(level)]").description
            #expect(bench.see(frame) == ["dead missing_field changes"], "\(frame)")
        }
        let side = FrameText(Frames.change.frame).with("changes", "[[\"bid\",\"1\",\"2\"]]").description
        #expect(bench.see(side) == ["dead bad_field changes"])
        for list in ["{}", "\"\"", "1", "null", "[1]", "[{}]"] {
            let frame = FrameText(Frames.change.frame).with("changes", list).description
            #expect(bench.see(frame) == ["dead malformed"], "\(frame)")
        }
    }

    @Test func `a side is buy or sell, an id some plain characters`() {
        for (name, bad) in [
            ("side", "\"bid\""), ("side", "1"), ("side", "[]"), ("trade_id", "[]"), ("trade_id", "{}"),
            ("trade_id", "\"a b\""), ("trade_id", "\"\(String(repeating: "1", count: 32))\""),
        ] {
            let frame = FrameText(Frames.match.frame).with(name, bad).description
            #expect(bench.see(frame) == ["dead bad_field \(name)"], "\(frame)")
        }
    }

    @Test(arguments: Frames.advanced)
    func `an advanced frame without its rows is a dead letter`(_ sample: Sample) {
        #expect(
            bench.see(FrameText(sample.frame).without("events").description) == ["dead missing_field events"]
        )
        for events in ["{}", "null", "\"x\"", "[1]", "[null]", "[[]]"] {
            let frame = FrameText(sample.frame).with("events", events).description
            #expect(bench.see(frame) == ["dead malformed"], "\(frame)")
        }
        #expect(
            bench.see(FrameText(sample.frame).with("events", "[{}]").description)[0].hasPrefix(
                "dead missing_field"
            )
        )
        #expect(bench.see(FrameText(sample.frame).with("events", "[]").description).isEmpty)
    }

    @Test(arguments: Frames.all)
    func `no cut frame gives an event`(_ sample: Sample) {
        let bytes = Array(sample.frame.utf8)
        for length in 0..<bytes.count {
            #expect(bench.see(bytes: Array(bytes[..<length])) == ["dead malformed"], "cut at \(length)")
        }
        for tail in ["x", "}", "]", ",", "{}", "\"\""] {
            #expect(bench.see(sample.frame + tail) == ["dead malformed"])
        }
    }

    @Test func `shapes that nobody documents and junk are dead letters, never more`() {
        for frame in ["{}", "{\"foo\":1}", "{\"type\":\"\"}", "{\"type\":[]}", "{\"channel\":{}}"] {
            #expect(bench.see(frame) == ["dead unknown_frame"], "\(frame)")
        }
        for depth in [10, 1000, 100_000] {
            let nested = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            #expect(bench.see(nested) == ["dead malformed"])
            #expect(bench.see("{\"type\":" + nested + "}") == ["dead unknown_frame"])
        }
        for junk in ["", " ", "null", "1", "\"e\"", "{", "}", "{\"type\"}", "{,}", "[]"] {
            #expect(bench.see(junk) == ["dead malformed"], "\(junk)")
        }
        #expect(bench.see(bytes: [0xFF, 0xFE, 0x00]) == ["dead malformed"])
    }
}
