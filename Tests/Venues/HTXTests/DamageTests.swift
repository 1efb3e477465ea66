// Part of MarketBus. Apache License 2.0, see LICENSE.

import HTX
import Testing
import VenueTestKit

/// Frames in other orders, with fields too many or too few, and damaged.
struct DamageTests {
    private let bench = Frames.bench()

    @Test(arguments: Frames.all)
    func `fields may come in any order, with others among them`(_ sample: Sample) {
        var generator = SplitMix(seed: 1)
        let tick = FrameText(sample.tick).with("zz", "[[{\"price\":[1,\"}\"]}]]").with("", "1")
        for _ in 0..<20 {
            let inner = tick.shuffled(using: &generator).description
            let outer = FrameText(sample.frame(inner)).with("a very long name indeed", "\"\\\"\"")
            #expect(bench.see(outer.shuffled(using: &generator).description) == sample.seen)
        }
    }

    @Test(arguments: Frames.all)
    func `a frame that breaks off is no frame`(_ sample: Sample) {
        let bytes = Array(sample.frame.utf8)
        for length in 0..<bytes.count {
            #expect(bench.see(bytes: Array(bytes[..<length])).first?.hasPrefix("dead") == true)
        }
    }

    @Test(arguments: [
        (Frames.spotTrade.channel, "price"), (Frames.spotTrade.channel, "amount"),
        (Frames.inverseTrade.channel, "price"), (Frames.linearTrade.channel, "quantity"),
    ])
    func `a trade's number that is none is named`(channel: String, name: String) throws {
        let sample = try #require(Frames.trades.first { $0.channel == channel })
        for value in BadNumbers.all {
            let tick =
                "{\"data\":[{\"id\":1,\"tradeId\":1,\"ts\":3,\"direction\":\"buy\",\"\(name)\":\(value),"
                + ["price", "amount", "quantity"].filter { $0 != name }.map { "\"\($0)\":1" }
                .joined(separator: ",") + "}]}"
            #expect(bench.see(sample.frame(tick)) == ["dead bad_field \(name)"], "\(tick)")
        }
    }

    @Test func `one bad level costs its frame`() {
        for value in BadNumbers.all {
            let tick = FrameText(Frames.increment.tick).with("bids", "[[1,\(value)]]").description
            #expect(bench.see(Frames.increment.frame(tick)) == ["dead bad_field bids"], "\(tick)")
        }
        for level in ["[1]", "[]"] {
            let tick = FrameText(Frames.update.tick).with("asks", "[\(level)]").description
            #expect(bench.see(Frames.update.frame(tick)) == ["dead bad_field asks"])
        }
    }

    @Test func `a book's push without its numbers is none`() {
        for (sample, name) in [
            (Frames.increment, "seqNum"), (Frames.increment, "prevSeqNum"), (Frames.update, "version"),
            (Frames.update, "event"), (Frames.wholeSpot, "version"), (Frames.wholeLinear, "mrid"),
        ] {
            let tick = FrameText(sample.tick).without(name).description
            #expect(bench.see(sample.frame(tick)) == ["dead missing_field \(name)"])
        }
    }

    @Test func `a missing figure of a candle is named`() {
        for name in ["id", "open", "high", "low", "close", "amount"] {
            let tick = FrameText(Frames.spotCandle.tick).without(name).description
            #expect(bench.see(Frames.spotCandle.frame(tick)) == ["dead missing_field \(name)"])
        }
        let early = FrameText(Frames.spotCandle.tick).with("id", "-1").description
        #expect(bench.see(Frames.spotCandle.frame(early)) == ["dead bad_field id"])
        let late = FrameText(Frames.spotCandle.tick).with("id", "9223372036854775807").description
        #expect(bench.see(Frames.spotCandle.frame(late)) == ["dead bad_field id"])
    }

    @Test func `a push without tick, rows or shape is a dead letter`() {
        #expect(bench.see("{\"ch\":\"market.btcusdt.bbo\",\"ts\":1}") == ["dead missing_field tick"])
        #expect(
            bench.see("{\"ch\":\"market.btcusdt.trade.detail\",\"tick\":{}}") == ["dead missing_field data"]
        )
        #expect(bench.see("{\"op\":\"notify\",\"ts\":1}") == ["dead missing_field topic"])
        #expect(bench.see("{}") == ["dead unknown_frame"])
        #expect(bench.see("[]")[0].hasPrefix("dead malformed"))
    }
}
