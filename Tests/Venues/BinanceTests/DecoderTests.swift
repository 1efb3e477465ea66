// Part of MarketBus. Apache License 2.0, see LICENSE.

import Binance
import Models
import Testing
import VenueTestKit

/// What each documented frame becomes.
struct DecoderTests {
    private let bench = FrameBench(BinanceVenue(), market: .spot)

    @Test(arguments: Frames.all)
    func `a market frame is one event, bare and in the envelope`(_ sample: Sample) {
        #expect(sample.bench().see(sample.frame) == [sample.seen])
        let combined = Frames.combined(sample.frame, stream: "bnbusdt@something")
        #expect(sample.bench().see(combined) == [sample.seen])
        let reversed = "{\"data\":\(sample.frame),\"stream\":\"bnbusdt@something\"}"
        #expect(sample.bench().see(reversed) == [sample.seen])
    }

    @Test func `the taker bought where the buyer was not the maker`() {
        let frame = FrameText(Frames.spotTrade).with("m", "false").description
        #expect(bench.see(frame) == ["trade BNB-BTC 12345 buy 0.001 x 100 at 1672515782136000"])
    }

    @Test func `the engine's time comes before the sending time`() {
        let frame = FrameText(Frames.spotTrade)
        #expect(bench.see(frame.without("T").description)[0].hasSuffix("at 1672515782139000"))
        #expect(bench.see(frame.without("T").without("E").description)[0].hasSuffix("at none"))
        #expect(bench.see(frame.with("T", "null").description)[0].hasSuffix("at 1672515782139000"))
    }

    @Test func `microseconds are told by their size, and no time goes beyond two to the 53`() {
        let frame = FrameText(Frames.spotTrade)
        #expect(
            bench.see(frame.with("T", "1672515782136789").description)[0].hasSuffix("at 1672515782136789")
        )
        #expect(bench.see(frame.with("T", "9007199254740").description)[0].hasSuffix("at 9007199254740000"))
        for bad in [
            "9007199254741", "99999999999999", "9007199254740992", "-1", "1.5", "\"\"", "[]", "{}", "true",
        ] {
            #expect(bench.see(frame.with("T", bad).description) == ["dead bad_field T"], "T \(bad)")
        }
    }

    @Test func `an empty side is spelled as price and size 0`() {
        let frame = FrameText(Frames.spotQuote)
        let noBid = frame.with("b", "\"0.00000000\"").with("B", "\"0.00\"").description
        #expect(bench.see(noBid) == ["quote BNB-USDT 400900217 nobody / 25.3652 x 40.66 at none"])
        let noAsk = frame.with("a", "\"0\"").with("A", "\"0\"").description
        #expect(bench.see(noAsk) == ["quote BNB-USDT 400900217 25.3519 x 31.21 / nobody at none"])
    }

    @Test func `acknowledgements carry their request`() {
        #expect(bench.see("{\"result\":null,\"id\":1}") == ["control acknowledged 1"])
        #expect(bench.see("{\"id\":\"7\",\"result\":null}") == ["control acknowledged 7"])
        #expect(bench.see("{\"result\":[\"btcusdt@bookTicker\"],\"id\":3}") == ["control acknowledged 3"])
        #expect(bench.see("{\"result\":true,\"id\":6}") == ["control acknowledged 6"])
        #expect(bench.see("{\"result\":null,\"id\":null}") == ["control information answer without an id"])
        #expect(bench.see("{\"result\":null,\"id\":\"abc\"}") == ["control information answer without an id"])
    }

    @Test func `errors are read in both shapes`() {
        #expect(
            bench.see("{\"code\":0,\"msg\":\"Unknown property\",\"id\":5}")
                == ["control refused 5 0 Unknown property: refuse"]
        )
        #expect(
            bench.see("{\"error\":{\"code\":2,\"msg\":\"Invalid \\\"request\\\"\"},\"id\":1}")
                == ["control refused 1 2 Invalid \"request\": refuse"]
        )
        #expect(
            bench.see("{\"code\":1,\"msg\":\"Invalid value type: expected Boolean\"}")
                == ["control refused none 1 Invalid value type: expected Boolean: refuse"]
        )
        #expect(
            bench.see("{\"result\":null,\"error\":{\"code\":2,\"msg\":\"no\"},\"id\":1}")
                == ["control refused 1 2 no: refuse"]
        )
        #expect(
            bench.see("{\"code\":-1003,\"msg\":\"slow down\",\"id\":9}")
                == ["control refused 9 -1003 slow down: retry(afterMilliseconds: 10000)"]
        )
    }

    @Test func `a shutdown is announced in both forms`() {
        let frame = "{\"e\":\"serverShutdown\",\"E\":1770123456789}"
        #expect(bench.see(frame) == ["control closing serverShutdown"])
        #expect(
            bench.see(Frames.combined(frame, stream: "!serverShutdown")) == ["control closing serverShutdown"]
        )
    }

    @Test(arguments: [
        (
            "{\"lastUpdateId\":160,\"bids\":[[\"0.0024\",\"10\"]],\"asks\":[[\"0.0026\",\"100\"]]}",
            "partial depth"
        ),
        (
            "{\"stream\":\"bnbbtc@depth5\",\"data\":{\"lastUpdateId\":160,\"bids\":[],\"asks\":[]}}",
            "partial depth"
        ),
        (
            """
            {"e":"continuous_kline","E":1607443058651,"ps":"BTCUSDT","ct":"PERPETUAL","k":{"t":1607443020000,"i":"1m"}}
            """, "event"
        ),
        ("{\"e\":\"1hTicker\",\"E\":1,\"s\":\"BNBBTC\",\"c\":\"0.0025\"}", "event"),
        (
            "{\"e\":\"compositeIndex\",\"E\":1,\"s\":\"DEFIUSDT\",\"p\":\"1\",\"c\":[{\"b\":\"BAL\"}]}",
            "event"
        ),
        ("[{\"e\":\"assetIndexUpdate\",\"E\":1,\"s\":\"ADAUSD\"}]", "array"),
        ("[1]", "array"), ("[[]]", "array"), ("[{}]", "array"),
        (
            "{\"stream\":\"btcusdt@openInterest\",\"generated\":true,\"data\":{\"openInterest\":\"1\"}}",
            "generated"
        ),
        ("[]", "array"),
        ("{\"stream\":\"!assetIndex@arr\",\"data\":[{\"e\":\"assetIndexUpdate\"}]}", "array"),
        ("{\"id\":\"2\",\"status\":200,\"result\":{\"subscriptionId\":0}}", "WebSocket API answer"),
        ("{\"id\":\"3\",\"status\":400,\"error\":{\"code\":-1022,\"msg\":\"no\"}}", "WebSocket API answer"),
        ("{\"subscriptionId\":0,\"event\":{\"e\":\"balanceUpdate\",\"a\":\"BTC\"}}", "user event"),
        ("{\"openInterest\":\"10659.509\",\"symbol\":\"BTCUSDT\",\"time\":1589437530011}", "REST answer"),
    ])
    func `known frames of other kinds are ignored by name`(_ frame: String, _ kind: String) {
        #expect(bench.see(frame) == ["ignored \(kind)"])
    }

    @Test(arguments: [
        "{}", "{\"data\":{}}", "{\"data\":null}", "{\"stream\":\"btcusdt@trade\",\"data\":\"x\"}",
        "{\"foo\":1}",
        "{\"code\":1}", "{\"msg\":\"x\"}", "{\"u\":1,\"s\":\"BTCUSDT\"}",
    ])
    func `shapes that nobody documents are dead letters`(_ frame: String) {
        #expect(bench.see(frame) == ["dead unknown_frame"])
    }

    @Test func `options are recognised whatever they lack`() {
        let trade = """
            {"e":"trade","E":1,"s":"BTC-220325-40000-C","t":20,"p":"1000","q":"-2","b":4611,"a":4612,"T":1,"S":"-1"}
            """
        #expect(bench.see(trade) == ["ignored option"])
        let quote = FrameText(Frames.futuresQuote).with("s", "\"BTC-220325-40000-C\"").description
        #expect(FrameBench(BinanceVenue(), market: .usdm).see(quote) == ["ignored option"])
        let hyphen = FrameText(Frames.spotQuote).with("s", "\"BTC-USDT\"").description
        #expect(bench.see(hyphen) == ["dead unknown_instrument"])
    }
}
