// Part of MarketBus. Apache License 2.0, see LICENSE.

import AllocationCount
import Gateway
import Models
import Testing
import VenueTestKit

/// What each message becomes.
struct DecoderTests {
    private let bench = FrameBench(GatewayVenue())

    @Test(arguments: Frames.all)
    func `a message of the page is one event, in any order of its fields`(_ sample: Sample) {
        #expect(bench.see(sample.frame) == sample.seen)
        var generator = SplitMix(seed: 1)
        for _ in 0..<40 {
            let shuffled = FrameText(sample.frame).with("zz", "[{\"id\":[1,\"}\"]}]").shuffled(
                using: &generator
            ).description
            #expect(bench.see(shuffled) == sample.seen, "\(shuffled)")
        }
    }

    @Test(arguments: Frames.all)
    func `nothing is data before CONNECTED, on every connection anew`(_ sample: Sample) {
        for _ in 0..<2 {
            bench.decoder.connectionOpened()
            #expect(bench.see(sample.frame) == ["ignored before CONNECTED"])
            _ = bench.see(Frames.connected)
            #expect(bench.see(sample.frame) == sample.seen)
        }
    }

    @Test func `CONNECTED and SUBSCRIBED confirm each symbol with each channel`() {
        let seen = [
            "control acknowledged BTC-USDT 1m, acknowledged BTC-USDT trade, acknowledged BTC-USDT quote, "
                + "acknowledged ETH-USDT 1m, acknowledged ETH-USDT trade, acknowledged ETH-USDT quote"
        ]
        #expect(bench.see(Frames.connected) == seen)
        let subscribed = FrameText(Frames.connected).with("type", "\"SUBSCRIBED\"").with("request", "\"7\"")
            .description
        #expect(bench.see(subscribed) == seen)
        let none = FrameText(Frames.connected).with("symbols", "[]").description
        #expect(bench.see(none) == ["control "])
        let bare = FrameText(Frames.connected).without("ticks").description
        #expect(bench.see(bare) == ["dead missing_field ticks"])
    }

    @Test(arguments: Frames.all)
    func `a missing field is named, a bad number too`(_ sample: Sample) {
        for name in sample.required {
            #expect(
                bench.see(FrameText(sample.frame).without(name).description) == ["dead missing_field \(name)"]
            )
        }
        for value in BadNumbers.all {
            for name in ["price", "size", "bid", "ask", "open", "high", "low", "close", "volume"]
            where sample.required.contains(name) {
                let frame = FrameText(sample.frame).with(name, value).description
                #expect(bench.see(frame) == ["dead bad_field \(name)"], "\(frame)")
            }
        }
        for time in ["-1", "9007199254740992", "\"x\"", "1.5", "[]", "true"] {
            let frame = FrameText(sample.frame).with("time_us", time).description
            #expect(bench.see(frame) == ["dead bad_field time_us"], "\(frame)")
        }
    }

    @Test func `a side without orders is nobody`() {
        let empty = FrameText(Frames.quote.frame).with("bid", "null").with("bid_size", "null").description
        #expect(bench.see(empty) == ["quote BTC-USDT 900123 nobody / 83712.55 x 0.2 at 1763731200123999"])
        let half = FrameText(Frames.quote.frame).with("bid", "null").description
        #expect(bench.see(half) == ["dead missing_field bid"])
    }

    @Test func `a bar may be closed, without a quote volume, and of a length that we don't know`() {
        let closed = FrameText(Frames.bar.frame).with("closed", "true").with("quote_volume", "null").with(
            "trades",
            "null"
        )
        #expect(
            bench.see(closed.description)[0].hasSuffix("quote none trades none closed at 1763731230000000")
        )
        #expect(bench.see(closed.with("closed", "1").description) == ["dead bad_field closed"])
        #expect(bench.see(closed.with("resolution", "\"7m\"").description) == ["ignored resolution"])
    }

    @Test(arguments: [
        ("{\"type\":\"PING\",\"id\":1763731205000000}", "ping {\"type\":\"PONG\",\"id\":1763731205000000}"),
        ("{\"type\":\"CLOSING\",\"reason\":\"maintenance\",\"in_ms\":30000}", "closing maintenance"),
        ("{\"type\":\"UNSUBSCRIBED\",\"request\":\"8\",\"symbols\":[]}", "information UNSUBSCRIBED"),
        (
            "{\"type\":\"ERROR\",\"code\":\"UNKNOWN_SYMBOL\",\"symbol\":\"FOO-USDT\",\"message\":\"none\",\"fatal\":false}",
            "refused FOO-USDT any UNKNOWN_SYMBOL none"
        ),
        (
            "{\"type\":\"ERROR\",\"code\":\"UNKNOWN_RESOLUTION\",\"request\":\"9\",\"resolution\":\"7m\",\"message\":\"none\","
                + "\"fatal\":false}", "refused 9 UNKNOWN_RESOLUTION none: refuse"
        ),
        (
            "{\"type\":\"ERROR\",\"code\":\"BAD_TOKEN\",\"message\":\"csrf token refused\",\"fatal\":true}",
            "dismissed BAD_TOKEN csrf token refused: refuse"
        ),
        (
            "{\"type\":\"ERROR\",\"code\":\"RATE_LIMITED\",\"message\":\"m\",\"fatal\":true}",
            "dismissed RATE_LIMITED m: retry(afterMilliseconds: 1000)"
        ),
        (
            "{\"type\":\"ERROR\",\"code\":\"INTERNAL\",\"message\":\"m\",\"fatal\":true}",
            "dismissed INTERNAL m: reconnect"
        ),
    ])
    func `control messages say what they are`(_ frame: String, _ control: String) {
        #expect(bench.see(frame) == ["control " + control])
    }

    @Test func `unknown types are passed over, junk is a dead letter`() {
        #expect(bench.see("{\"type\":\"NEWS\",\"text\":1}") == ["ignored type"])
        for frame in ["{}", "{\"type\":\"\"}", "{\"type\":[]}", "{\"a\":1}"] {
            #expect(bench.see(frame) == ["dead unknown_frame"])
        }
        #expect(bench.see("{\"type\":\"PING\"}") == ["dead missing_field id"])
        #expect(bench.see("{\"type\":\"PING\",\"id\":\"a\\\"b\"}") == ["dead missing_field id"])
        for junk in ["", " ", "null", "[]", "{", "{\"type\"}", "PING"] {
            #expect(bench.see(junk) == ["dead malformed"], "\(junk)")
        }
        for sample in Frames.all {
            let bytes = Array(sample.frame.utf8)
            for length in 0..<bytes.count {
                #expect(bench.see(bytes: Array(bytes[..<length])) == ["dead malformed"])
            }
            #expect(bench.see(sample.frame + "{}") == ["dead malformed"])
        }
    }

    @Test(
        .enabled(if: AllocationCounter.isAvailable, "no allocation counter under a sanitizer"),
        arguments: [Frames.trade, Frames.quote]
    )
    func `a tick of a running stream allocates nothing`(_ sample: Sample) {
        let frames = (0..<600).map { FrameText(sample.frame).with("id", String($0 + 1)).description }
        let path = HotPath(GatewayVenue(), market: nil, frames: frames)
        path.run(0..<100)
        let count = AllocationCounter.count { path.run(100..<600) }
        #expect(count == 0)
        #expect(path.failures == 0 && path.records == 600)
    }
}
