// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OKX
import Testing
import VenueTestKit

/// What each documented frame becomes.
struct DecoderTests {
    private let bench = Frames.bench()

    @Test(arguments: Frames.all)
    func `a row of a market push is one event, wherever the data stand`(_ sample: Sample) {
        #expect(bench.see(sample.frame) == [sample.seen])
        #expect(bench.see("{\"data\":[\(sample.row)],\"arg\":\(sample.argument)}") == [sample.seen])
        #expect(
            bench.see("{\"connId\":\"a\",\"data\":[\(sample.row)],\"x\":{},\"arg\":\(sample.argument)}") == [
                sample.seen
            ]
        )
    }

    @Test func `the trades of one push come in its order`() {
        let sample = Frames.all[3]
        let rows = (1...3).map { FrameText(sample.row).with("tradeId", "\"\($0)\"").description }
        let seen = bench.see(sample.frame(rows: rows.joined(separator: ",")))
        #expect(seen.map { $0.split(separator: " ")[2] } == ["1", "2", "3"])
        #expect(bench.see(sample.frame(rows: "")).isEmpty)
    }

    @Test(arguments: [
        ("\"4\"", " for 4 ids"), ("\"1\"", ""), ("\"0\"", ""), ("\"-7\"", ""), ("\"x\"", ""),
        ("7", " for 7 ids"),
        ("\"99999999\"", " for 65535 ids"),
    ])
    func `a push of several matches stands for as many ids`(_ count: String, _ words: String) {
        let row = FrameText(Frames.tradeRow).with("count", count).description
        #expect(bench.see(Frames.all[2].frame(rows: row)) == [Frames.all[2].seen + words])
    }

    @Test func `the row's instrument wins over the channel's`() {
        let frame =
            "{\"arg\":{\"channel\":\"trades\",\"instId\":\"ETH-USDT\"},\"data\":[\(Frames.oldTradeRow)]}"
        #expect(bench.see(frame)[0].hasPrefix("trade BTC-USDT 242720720"))
        let row = FrameText(Frames.oldTradeRow).without("instId").description
        #expect(bench.see(Frames.all[3].frame(rows: row)) == [Frames.all[3].seen])
        let nameless = "{\"arg\":{\"channel\":\"trades\"},\"data\":[\(row)]}"
        #expect(bench.see(nameless) == ["dead missing_field instId"])
    }

    @Test func `an empty side is nobody, a missing one an error`() {
        let row = FrameText(Frames.spotQuoteRow)
        let sample = Frames.all[1]
        #expect(
            bench.see(sample.frame(rows: row.with("bids", "[]").description))
                == ["quote BTC-USDT 123456 nobody / 8476.98 x 0.415 at 1597026383085000"]
        )
        #expect(
            bench.see(sample.frame(rows: row.with("asks", "[]").with("bids", "[]").description))
                == ["quote BTC-USDT 123456 nobody / nobody at 1597026383085000"]
        )
        for level in ["[[]]", "[[\"1\"]]", "[[null,\"1\"]]"] {
            let seen = bench.see(sample.frame(rows: row.with("asks", level).description))
            #expect(seen == ["dead missing_field asks"], "\(level)")
        }
        for level in ["{}", "\"\"", "1", "[1]", "[{}]"] {
            #expect(bench.see(sample.frame(rows: row.with("asks", level).description)) == ["dead malformed"])
        }
    }

    @Test func `more levels than one are stepped over`() {
        let row = FrameText(Frames.spotQuoteRow)
            .with("bids", "[[\"8476.97\",\"2.56\",\"0\",\"12\"],[\"8475\",\"1\"],[]]").description
        #expect(bench.see(Frames.all[1].frame(rows: row)) == [Frames.all[1].seen])
    }

    @Test func `a sequence or a time may be missing`() {
        let row = FrameText(Frames.spotQuoteRow)
        let sample = Frames.all[1]
        #expect(
            bench.see(sample.frame(rows: row.without("seqId").description))[0].hasPrefix(
                "quote BTC-USDT none "
            )
        )
        for frame in [row.without("ts"), row.with("ts", "\"\""), row.with("ts", "null")] {
            #expect(bench.see(sample.frame(rows: frame.description))[0].hasSuffix(" at none"))
        }
        for bad in ["\"x\"", "[]", "{}", "\"9007199254741\"", "\"-1\"", "true", "\"1.5\""] {
            #expect(
                bench.see(sample.frame(rows: row.with("ts", bad).description)) == ["dead bad_field ts"],
                "\(bad)"
            )
        }
        for bad in ["\"\"", "[]", "{}", "\"1.5\"", "99999999999999999999"] {
            #expect(
                bench.see(sample.frame(rows: row.with("seqId", bad).description)) == ["dead bad_field seqId"]
            )
        }
    }

    @Test func `sizes of linear contracts need the contract's size, others don't`() {
        let unlisted = FrameBench(OKXVenue())
        #expect(unlisted.see(Frames.all[2].frame) == ["dead unknown_contract_size"])
        for (name, symbol) in [("BTC-USD-SWAP", "BTC-USD-PERP"), ("BTC-USD-261225", "BTC-USD-20261225")] {
            let row = FrameText(Frames.oldTradeRow).with("instId", "\"\(name)\"").with("sz", "\"7\"")
                .description
            #expect(
                unlisted.see(Frames.all[3].frame(rows: row))
                    == ["trade \(symbol) 242720720 sell 29963.2 x 7 at 1654161646974000"]
            )
        }
        let huge = FrameText(Frames.tradeRow).with("sz", "\"0.\(String(repeating: "0", count: 36))11\"")
            .description
        #expect(bench.see(Frames.all[2].frame(rows: huge)) == ["dead out_of_range"])
    }

    @Test func `options are recognised`() {
        let row = FrameText(Frames.oldTradeRow).with("instId", "\"BTC-USD-220325-40000-C\"").description
        #expect(bench.see(Frames.all[3].frame(rows: row)) == ["ignored option"])
        let mixed = Frames.all[3].frame(rows: row + "," + Frames.oldTradeRow)
        #expect(bench.see(mixed) == [Frames.all[3].seen])
    }

    @Test(arguments: [
        (
            "{\"id\":\"1512\",\"event\":\"subscribe\",\"arg\":{\"channel\":\"trades\",\"instId\":\"BTC-USDT-SWAP\"},"
                + "\"connId\":\"a4d3ae55\"}", "acknowledged BTC-USDT-SWAP trades"
        ),
        (
            "{\"event\":\"unsubscribe\",\"arg\":{\"channel\":\"tickers\",\"instId\":\"BTC-USDT\"},\"connId\":\"a\"}",
            "ended BTC-USDT tickers"
        ),
        (
            "{\"event\":\"subscribe\",\"arg\":{\"channel\":\"instruments\",\"instType\":\"SPOT\"},\"connId\":\"a\"}",
            "acknowledged  instruments"
        ),
        ("{\"event\":\"login\",\"code\":\"0\",\"msg\":\"\",\"connId\":\"a4d3ae55\"}", "information login"),
        (
            "{\"event\":\"channel-conn-count\",\"channel\":\"orders\",\"connCount\":\"2\",\"connId\":\"abcd1234\"}",
            "information channel-conn-count"
        ),
        (
            "{\"event\":\"notice\",\"code\":\"64008\",\"msg\":\"The connection will soon be closed.\",\"connId\":\"a\"}",
            "closing 64008"
        ),
        ("{\"event\":\"notice\"}", "closing notice"),
        (
            "{\"id\":\"1512\",\"event\":\"error\",\"code\":\"60018\",\"msg\":\"Wrong URL\",\"connId\":\"a\"}",
            "refused 1512 60018 Wrong URL: refuse"
        ),
        (
            "{\"event\":\"error\",\"code\":\"60012\",\"msg\":\"Invalid request: {\\\"op\\\": \\\"x\\\"}\"}",
            "refused none 60012 Invalid request: {\"op\": \"x\"}: refuse"
        ),
        (
            "{\"event\":\"error\",\"code\":\"60014\",\"msg\":\"\"}",
            "refused none 60014 : retry(afterMilliseconds: 2000)"
        ),
        ("{\"event\":\"error\"}", "refused none  : refuse"),
        ("pong", "pong"),
    ])
    func `control frames say what they are`(_ frame: String, _ control: String) {
        #expect(bench.see(frame) == ["control " + control])
    }

    @Test(arguments: [
        ("{\"arg\":{\"channel\":\"books5\",\"instId\":\"BTC-USDT\"},\"data\":[{\"asks\":[]}]}", "channel"),
        ("{\"arg\":{\"channel\":\"candle2D\",\"instId\":\"BTC-USDT\"},\"data\":[[\"1\",\"2\"]]}", "channel"),
        (
            "{\"arg\":{\"channel\":\"mark-price-candle1D\",\"instId\":\"BTC-USDT\"},\"data\":[[\"1\"]]}",
            "channel"
        ),
        (
            "{\"arg\":{\"channel\":\"trades\",\"instId\":\"BTC-USDT\",\"generated\":true},\"data\":[{}]}",
            "channel"
        ),
        ("{\"id\":\"1\",\"op\":\"order\",\"code\":\"0\",\"msg\":\"\",\"data\":[]}", "answer"),
        ("{\"table\":\"spot/trade\",\"data\":[]}", "version 3 push"),
    ])
    func `known frames of other kinds are ignored by name`(_ frame: String, _ kind: String) {
        #expect(bench.see(frame) == ["ignored \(kind)"])
    }

    @Test(arguments: [
        "{}", "{\"arg\":{}}", "{\"arg\":{},\"data\":[]}", "{\"data\":[]}", "{\"arg\":[],\"data\":[]}",
        "{\"foo\":1}",
        "{\"arg\":{\"channel\":[]},\"data\":[]}", "{\"event\":{}}", "{\"event\":\"\"}",
    ])
    func `shapes that nobody documents are dead letters`(_ frame: String) {
        #expect(bench.see(frame) == ["dead unknown_frame"])
    }

    @Test func `a push of ours without data is a dead letter`() {
        #expect(bench.see("{\"arg\":\(Frames.all[0].argument)}") == ["dead missing_field data"])
        for data in ["{}", "null", "\"x\"", "1", "[1]", "[null]", "[[]]"] {
            #expect(
                bench.see("{\"arg\":\(Frames.all[0].argument),\"data\":\(data)}") == ["dead malformed"],
                "\(data)"
            )
        }
    }
}
