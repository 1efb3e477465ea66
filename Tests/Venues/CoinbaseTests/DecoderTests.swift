// Part of MarketBus. Apache License 2.0, see LICENSE.

import Coinbase
import Models
import Testing
import VenueTestKit

/// What each documented frame becomes.
struct DecoderTests {
    private let bench = FrameBench(CoinbaseVenue())

    @Test(arguments: Frames.all)
    func `a documented frame is what the sheet says`(_ sample: Sample) {
        #expect(bench.see(sample.frame) == sample.seen)
    }

    @Test func `the side of a trade is the taker's, on both feeds and in answers`() {
        #expect(bench.see(Frames.lastMatch.frame)[0].contains(" buy "))
        #expect(bench.see(Frames.match.frame)[0].contains(" sell "))
        #expect(bench.see(Frames.marketTrades.frame).map { $0.contains(" buy ") } == [true, false])
    }

    @Test(arguments: [
        ("2022-10-19T23:28:22Z", "1666222102000000"), ("2022-10-19T23:28:22.5Z", "1666222102500000"),
        ("2022-10-19T23:28:22.061Z", "1666222102061000"), ("2022-10-19T23:28:22.061769Z", "1666222102061769"),
        ("2024-10-04T07:13:08.600625889Z", "1728025988600625"), ("2024-02-29 00:00:00Z", "1709164800000000"),
        ("2000-12-31T23:59:59.999999999Z", "978307199999999"), ("0001-01-01T00:00:00.000000Z", "none"),
        ("1970-01-01T00:00:00Z", "none"), ("", "none"), ("2254-12-31T23:59:59Z", "8993721599000000"),
    ])
    func `times have none to nine digits of fraction, and what lies before 1970 is none`(
        _ time: String,
        _ expected: String
    ) {
        let frame = FrameText(Frames.match.frame).with("time", "\"\(time)\"").description
        #expect(bench.see(frame)[0].hasSuffix(" at \(expected)"))
    }

    @Test(arguments: [
        "2022-10-19", "2022-10-19T23:28:22", "2022-10-19T23:28:22.Z", "2022-13-19T23:28:22Z",
        "2022-02-29T23:28:22Z", "2022-10-19T24:28:22Z", "2022-10-19T23:60:22Z", "2022-10-19T23:28:60Z",
        "0000-10-19T23:28:22Z", "2022-10-00T23:28:22Z", "2022-10-19T23:28:22.1234567890Z",
        "x022-10-19T23:28:22Z", "2255-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
        "2022-10-19T23:28:22.12a4Z", "2022/10/19T23:28:22Z", "2022-10-19T23:28:22+00:00",
    ])
    func `a time that is none is named`(_ time: String) {
        let frame = FrameText(Frames.match.frame).with("time", "\"\(time)\"").description
        #expect(bench.see(frame) == ["dead bad_field time"])
        let book = FrameText(Frames.change.frame).with("time", "\"\(time)\"").description
        #expect(bench.see(book) == ["dead bad_field time"])
    }

    @Test func `a book without a time has none, a ticker without a figure neither`() {
        #expect(
            bench.see(FrameText(Frames.snapshot.frame).without("time").description)[0].hasSuffix(" at none")
        )
        let bare = FrameText(Frames.ticker.frame).without("open_24h").with("high_24h", "\"\"").with(
            "low_24h",
            "null"
        )
        .without("sequence").without("time").description
        #expect(
            bench.see(bare) == [
                "ticker ETH-USD 1285.22 open none high none low none volume 245532.79269678 quote none number none at none"
            ]
        )
    }

    @Test func `an empty side of a book is nobody`() {
        let frame = FrameText(Frames.snapshot.frame).with("bids", "[]").with("asks", "[]").description
        #expect(bench.see(frame) == ["book BTC-USD snapshot  |  at 1666222101900000"])
        let idle = FrameText(Frames.change.frame).with("changes", "[]").description
        #expect(bench.see(idle) == ["book BTC-USD delta  |  at 1659626705010758"])
    }

    @Test func `acknowledgements list all that is sent, the book under one name`() {
        let exchange = """
            {"type":"subscriptions","channels":[{"name":"heartbeat","product_ids":["BTC-USD"],"account_ids":null},\
            {"name":"matches","product_ids":["BTC-USD","BTC-USDT"],"account_ids":null},\
            {"name":"level2_50","product_ids":["ETH-USD"],"account_ids":null},{"name":"status","product_ids":null}]}
            """
        #expect(
            bench.see(exchange) == [
                "control acknowledged BTC-USD heartbeat, acknowledged BTC-USD matches, acknowledged BTC-USDT matches, "
                    + "acknowledged ETH-USD level2"
            ]
        )
        let advanced = """
            {"channel":"subscriptions","timestamp":"2026-04-07T14:30:00.000000Z","sequence_num":0,\
            "events":[{"subscriptions":{"level2":["BTC-USD"],"market_trades":["BTC-USD","ETH-USD"]}}]}
            """
        #expect(
            bench.see(advanced) == [
                "control acknowledged BTC-USD level2, acknowledged BTC-USD market_trades, "
                    + "acknowledged ETH-USD market_trades"
            ]
        )
        #expect(bench.see("{\"type\":\"subscriptions\",\"channels\":[]}") == ["control "])
        #expect(bench.see("{\"type\":\"subscriptions\"}") == ["dead missing_field channels"])
    }

    @Test(arguments: [
        (
            "{\"type\":\"error\",\"message\":\"Failed to subscribe\",\"reason\":\"BTC-XXX is not a valid product\"}",
            "refused BTC-XXX any invalid_product BTC-XXX is not a valid product"
        ),
        (
            "{\"type\":\"error\",\"message\":\"Failed to subscribe\",\"reason\":\"level2, level3, and full channels now "
                + "require authentication. \"}",
            "refused none Failed to subscribe level2, level3, and full channels now require authentication. : refuse"
        ),
        (
            "{\"type\":\"error\",\"message\":\"authentication failure\"}",
            "refused none error authentication failure: refuse"
        ),
        (
            "{\"type\":\"error\",\"message\":\"Rate limit exceeded\"}",
            "refused none error Rate limit exceeded: retry(afterMilliseconds: 1000)"
        ),
        ("{\"type\":\"error\"}", "refused none error : refuse"),
    ])
    func `errors say what they refuse`(_ frame: String, _ seen: String) {
        #expect(bench.see(frame) == ["control " + seen])
    }

    @Test(arguments: [
        (
            "{\"type\":\"heartbeat\",\"sequence\":90,\"last_trade_id\":20,\"product_id\":\"BTC-USD\"}",
            "heartbeat"
        ),
        ("{\"type\":\"status\",\"currencies\":[],\"products\":[]}", "status"),
        ("{\"type\":\"open\",\"side\":\"sell\",\"product_id\":\"BTC-USD\",\"sequence\":1}", "type"),
        ("{\"bids\":[[\"1\",\"2\",3]],\"asks\":[],\"sequence\":406959136}", "answer"),
        (
            "{\"channel\":\"heartbeats\",\"timestamp\":\"2026-04-07T14:30:10Z\",\"sequence_num\":7,\"events\":"
                + "[{\"current_time\":\"2026-04-07 14:30:10 +0000 UTC m=+91717.5\",\"heartbeat_counter\":42}]}",
            "heartbeat"
        ),
        ("{\"channel\":\"status\",\"events\":[{\"type\":\"snapshot\",\"products\":[]}]}", "channel"),
        ("{\"channel\":\"user\",\"sequence_num\":0,\"events\":[]}", "channel"),
    ])
    func `known frames of other kinds are ignored by name`(_ frame: String, _ kind: String) {
        #expect(bench.see(frame) == ["ignored \(kind)"])
    }

    @Test func `a hole in a connection's numbers is said, and only of a connection`() {
        func heartbeat(_ number: Int) -> String {
            "{\"channel\":\"heartbeats\",\"sequence_num\":\(number),\"events\":[]}"
        }
        #expect(bench.see(heartbeat(7)) == ["ignored heartbeat"])
        bench.decoder.connectionOpened()
        for number in 0..<5 { #expect(bench.see(heartbeat(number)) == ["ignored heartbeat"]) }
        #expect(bench.see(heartbeat(6)) == ["control missing frame 6 came where 5 was due"])
        bench.decoder.connectionOpened()
        #expect(bench.see(heartbeat(0)) == ["ignored heartbeat"])
        #expect(bench.see(heartbeat(2)) == ["control missing frame 2 came where 1 was due"])
        #expect(bench.see(Frames.match.frame) == Frames.match.seen)
    }
}
