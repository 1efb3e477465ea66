// Part of MarketBus. Apache License 2.0, see LICENSE.

import Binance
import Models
import Testing
import VenueTestKit

/// Frames in other orders, with fields too many or too few, and damaged.
struct DamageTests {
    @Test(arguments: Frames.all)
    func `fields may come in any order`(_ sample: Sample) {
        var generator = SplitMix(seed: 1)
        let bench = sample.bench()
        for _ in 0..<40 {
            let frame = FrameText(sample.frame).shuffled(using: &generator).description
            #expect(bench.see(frame) == [sample.seen], "\(frame)")
        }
    }

    @Test(arguments: Frames.all)
    func `fields that nobody knows change nothing`(_ sample: Sample) {
        let extra = [
            ("zz", "[[{\"a\":[1,\"}\"]}]]"), ("n", "null"), ("stp", "{\"s\":\"ETHBTC\"}"), ("", "1"),
            ("a very long name indeed", "\"\\\"\\\\\""), ("Z", "-1.5e-9"), ("ключ", "\"значение\""),
        ]
        let frame = extra.reduce(FrameText(sample.frame)) { $0.with($1.0, $1.1) }
        var generator = SplitMix(seed: 2)
        #expect(sample.bench().see(frame.description) == [sample.seen])
        #expect(sample.bench().see(frame.shuffled(using: &generator).description) == [sample.seen])
    }

    @Test(arguments: Frames.all)
    func `numbers may be strings and strings numbers`(_ sample: Sample) {
        #expect(sample.bench().see(FrameText(sample.frame).withBareNumbers.description) == [sample.seen])
        var quoted = FrameText(sample.frame)
        for place in quoted.fields.indices where quoted.fields[place].value.allSatisfy(\.isNumber) {
            quoted.fields[place].value = "\"\(quoted.fields[place].value)\""
        }
        #expect(sample.bench().see(quoted.description) == [sample.seen])
    }

    @Test(arguments: Frames.all)
    func `white space changes nothing`(_ sample: Sample) {
        let spaced = sample.frame.map { ",:{}".contains($0) ? " \t\($0)\n " : String($0) }.joined()
        #expect(sample.bench().see(spaced) == [sample.seen])
    }

    @Test(arguments: Frames.all)
    func `a missing field is named`(_ sample: Sample) {
        for name in sample.required {
            let dead = ["dead missing_field \(name)"]
            #expect(sample.bench().see(FrameText(sample.frame).without(name).description) == dead)
            #expect(sample.bench().see(FrameText(sample.frame).with(name, "null").description) == dead)
        }
    }

    @Test(arguments: Frames.all)
    func `a number that is none is named`(_ sample: Sample) {
        let bench = sample.bench()
        for name in sample.numbers {
            for value in BadNumbers.all {
                let frame = FrameText(sample.frame).with(name, value).description
                // A sequence may be below zero; a price, a size or an id may not.
                if name == "u", value.contains("-1\"") || value == "-5" { continue }
                #expect(bench.see(frame) == ["dead bad_field \(name)"], "\(frame)")
            }
        }
    }

    @Test func `a side is a boolean`() {
        for value in ["1", "\"yes\"", "\"\"", "[]", "trues", "True"] {
            let seen = Frames.all[0].bench().see(FrameText(Frames.spotTrade).with("m", value).description)
            #expect(seen == ["dead bad_field m"] || seen == ["dead malformed"], "\(value) \(seen)")
        }
    }

    @Test func `an event type that is no text is a dead letter`() {
        for value in ["[]", "{}", "\"\""] {
            let frame = FrameText(Frames.spotTrade).with("e", value).description
            #expect(Frames.all[0].bench().see(frame) == ["dead bad_field e"])
        }
    }

    @Test(arguments: Frames.all)
    func `no cut frame gives an event`(_ sample: Sample) {
        let bench = sample.bench()
        for frame in [sample.frame, Frames.combined(sample.frame, stream: "bnbusdt@bookTicker")] {
            let bytes = Array(frame.utf8)
            for length in 0..<bytes.count {
                let seen = bench.see(bytes: Array(bytes[..<length]))
                #expect(seen == ["dead malformed"], "cut at \(length)")
            }
            #expect(bench.see(frame) == [sample.seen])
        }
    }

    @Test(arguments: Frames.all)
    func `nothing may follow a frame`(_ sample: Sample) {
        for tail in ["x", "}", "]", ",", "{}", " 1", sample.frame, "\u{0}", "\"\""] {
            #expect(sample.bench().see(sample.frame + tail) == ["dead malformed"])
        }
    }

    @Test func `junk and deep nesting are dead letters or ignored, never more`() {
        let bench = FrameBench(BinanceVenue(), market: .spot)
        for depth in [10, 1000, 100_000] {
            let open = String(repeating: "[", count: depth)
            let close = String(repeating: "]", count: depth)
            let nested = String(repeating: "{\"data\":", count: depth)
            #expect(bench.see(open) == ["dead malformed"])
            #expect(bench.see(open + close) == ["ignored array"])
            #expect(bench.see(nested) == ["dead malformed"])
            #expect(bench.see(nested + "1" + String(repeating: "}", count: depth)) == ["dead unknown_frame"])
            #expect(bench.see("{\"p\":" + open + close + "}") == ["dead unknown_frame"])
        }
        for junk in [
            "", " ", "null", "1", "\"e\"", "pong", "{", "}", "{\"e\"}", "{\"e\":}", "{,}",
            "{\"e\":\"trade\",}",
        ] {
            #expect(bench.see(junk) == ["dead malformed"], "\(junk)")
        }
        #expect(bench.see(bytes: [0xFF, 0xFE, 0x00]) == ["dead malformed"])
        #expect(bench.see(bytes: Array("{\"e\":\"".utf8) + [0xC3] + Array("\"}".utf8)) == ["dead malformed"])
    }
}
