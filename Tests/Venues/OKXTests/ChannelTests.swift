// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import OKX
import Testing
import VenueTestKit

/// Candles, tickers, funding, open interest and liquidations, venue sheet 3.2 and 3.4 to 3.8.
struct ChannelTests {
    private let bench = ChannelTests.makeBench()

    /// A contract is 0.01 BTC on the linear swap and 100 USD on the inverse one.
    private static func makeBench() -> FrameBench {
        let bench = Frames.bench()
        var inverse = Instrument(
            venue: OKXVenue.id,
            market: .okxSwap,
            venueSymbol: "BTC-USD-SWAP",
            kind: .inversePerpetual,
            base: "BTC",
            quote: "USD",
            settle: "BTC"
        )
        inverse.contractSize = ScaledDecimal(100)
        bench.instruments.upsert(inverse)
        return bench
    }

    private func see(_ channel: String, _ instrument: String, _ row: String) -> [String] {
        bench.judge("{\"arg\":{\"channel\":\"\(channel)\",\"instId\":\"\(instrument)\"},\"data\":[\(row)]}")
    }

    private static let nine = """
        ["1597026360000","8533.02","8553.74","8527.17","8548.26","45247","452.47","3868123.5","0"]
        """
    private static let seven = """
        ["1597026360000","8533.02","8553.74","8527.17","8548.26","45247","452.47"]
        """
    private static let head = "1597026360000000 8533.02 8553.74 8527.17 8548.26"

    @Test(arguments: [
        (
            "BTC-USDT-SWAP", ChannelTests.nine,
            "BTC-USDT-PERP 1m \(ChannelTests.head) volume 452.47 quote 3868123.5 trades none open"
        ),
        (
            "BTC-USDT", ChannelTests.nine,
            "BTC-USDT 1m \(ChannelTests.head) volume 45247 quote 3868123.5 trades none open"
        ),
        (
            "BTC-USD-SWAP", ChannelTests.nine,
            "BTC-USD-PERP 1m \(ChannelTests.head) volume 45247 quote 3868123.5 trades none open"
        ),
        (
            "BTC-USDT-SWAP", ChannelTests.seven,
            "BTC-USDT-PERP 1m \(ChannelTests.head) volume 452.47 quote none trades none unflagged"
        ),
        (
            "BTC-USDT", ChannelTests.seven,
            "BTC-USDT 1m \(ChannelTests.head) volume 45247 quote 452.47 trades none unflagged"
        ),
        (
            "BTC-USD-SWAP", ChannelTests.seven,
            "BTC-USD-PERP 1m \(ChannelTests.head) volume 45247 quote 4524700 trades none unflagged"
        ),
        (
            "BTC-USD-261225", ChannelTests.seven,
            "BTC-USD-20261225 1m \(ChannelTests.head) volume 45247 quote none trades none unflagged"
        ),
    ])
    func `volumes of candles have their own places on each market`(
        _ instrument: String,
        _ row: String,
        _ seen: String
    ) {
        #expect(see("candle1m", instrument, row) == ["candle \(seen) at none"])
    }

    @Test func `a candle is confirmed by its ninth field`() {
        let closed = Self.nine.replacing("\"0\"]", with: "\"1\"]")
        #expect(see("candle1m", "BTC-USDT", closed)[0].hasSuffix(" closed at none"))
        for bad in ["\"2\"", "\"\"", "[]", "\"01\""] {
            let row = Self.nine.replacing("\"0\"]", with: bad + "]")
            #expect(see("candle1m", "BTC-USDT", row) == ["dead bad_field confirm"])
        }
        let null = Self.nine.replacing("\"0\"]", with: "null]")
        #expect(see("candle1m", "BTC-USDT", null) == ["dead missing_field confirm"])
    }

    @Test(arguments: [
        ("candle1s", "1s"), ("candle4H", "4h"), ("candle6H", "6h+8"), ("candle6Hutc", "6h"),
        ("candle1D", "1d+8"),
        ("candle1Dutc", "1d"), ("candle1W", "1w+8"), ("candle1M", "1mo+8"), ("candle1Mutc", "1mo"),
    ])
    func `the channel names the interval`(_ channel: String, _ interval: String) {
        #expect(see(channel, "BTC-USDT", Self.nine)[0].hasPrefix("candle BTC-USDT \(interval) 1597"))
    }

    @Test func `a candle that can't be is a dead letter`() {
        for (old, new, error) in [
            ("\"8533.02\"", "\"NaN\"", "bad_field o"), ("\"8553.74\"", "\"1e400\"", "bad_field h"),
            ("\"8527.17\"", "\"-1\"", "bad_field l"), ("\"8548.26\"", "null", "missing_field c"),
            ("\"45247\"", "\"\"", "bad_field vol"), ("\"1597026360000\"", "\"\"", "bad_field ts"),
            ("\"3868123.5\"", "[]", "bad_field volCcyQuote"),
        ] {
            #expect(see("candle1m", "BTC-USDT", Self.nine.replacing(old, with: new)) == ["dead \(error)"])
        }
        #expect(see("candle1m", "BTC-USDT", "[\"1\",\"2\"]") == ["dead missing_field candle"])
        #expect(see("candle1m", "BTC-USDT", "{}") == ["dead malformed"])
    }

    private static let ticker = """
        {"instType":"SPOT","instId":"BTC-USDT","last":"9999.99","lastSz":"0.1","askPx":"9999.99","askSz":"11",\
        "bidPx":"8888.88","bidSz":"5","open24h":"9000","high24h":"10000","low24h":"8888.88","volCcy24h":"2222",\
        "vol24h":"3333","sodUtc0":"2222","sodUtc8":"2222","ts":"1597026383085"}
        """

    @Test func `volumes of tickers change their meaning with the market`() {
        let head = "9999.99 open 9000 high 10000 low 8888.88"
        let tail = "number none at 1597026383085000"
        #expect(
            see("tickers", "BTC-USDT", Self.ticker) == [
                "ticker BTC-USDT \(head) volume 3333 quote 2222 \(tail)"
            ]
        )
        let swap = Self.ticker.replacing("\"BTC-USDT\"", with: "\"BTC-USDT-SWAP\"")
        #expect(see("tickers", "x", swap) == ["ticker BTC-USDT-PERP \(head) volume 2222 quote none \(tail)"])
        let inverse = Self.ticker.replacing("\"BTC-USDT\"", with: "\"BTC-USD-SWAP\"")
        #expect(
            see("tickers", "x", inverse) == ["ticker BTC-USD-PERP \(head) volume 3333 quote 333300 \(tail)"]
        )
    }

    @Test func `a ticker may lack figures, but not its last price`() {
        let row = FrameText(Self.ticker)
        #expect(see("tickers", "BTC-USDT", row.without("last").description) == ["dead missing_field last"])
        #expect(
            see("tickers", "BTC-USDT", row.with("last", "\"\"").description)[0].hasPrefix(
                "ticker BTC-USDT none open 9000 "
            )
        )
        for name in ["open24h", "high24h", "low24h", "vol24h", "volCcy24h"] {
            #expect(see("tickers", "BTC-USDT", row.without(name).description)[0].contains(" none "))
            for bad in ["\"NaN\"", "\"1e400\"", "\"-1\"", "[]"] {
                #expect(
                    see("tickers", "BTC-USDT", row.with(name, bad).description) == ["dead bad_field \(name)"]
                )
            }
        }
    }

    private static let funding = """
        {"fundingRate":"0.0001875391284828","fundingTime":"1700726400000","instId":"BTC-USDT-SWAP","instType":"SWAP",\
        "interestRate":"","nextFundingRate":"","nextFundingTime":"1700755200000","settFundingRate":"0.0001699799259033",\
        "ts":"1700724675402"}
        """

    @Test func `the rate shown is charged at the funding time, and the next time gives the interval`() {
        let row = FrameText(Self.funding)
        let tail = "mark none index none at 1700724675402000"
        #expect(
            see("funding-rate", "BTC-USDT-SWAP", Self.funding) == [
                "funding BTC-USDT-PERP 0.0001875391284828 next 1700726400000000 every 28800000000 \(tail)",
                "wants index BTC-USDT",
            ]
        )
        for gone in [row.without("nextFundingTime"), row.with("nextFundingTime", "\"\"")] {
            #expect(see("funding-rate", "x", gone.description)[0].contains(" every none "))
        }
        let back = row.with("nextFundingTime", "\"1700726400000\"").description
        #expect(see("funding-rate", "x", back)[0].contains(" every none "))
        for gone in [
            row.without("fundingRate"), row.with("fundingRate", "\"\""), row.with("fundingTime", "\"0\""),
        ] {
            #expect(
                see("funding-rate", "x", gone.description)
                    == ["funding BTC-USDT-PERP none next none every none \(tail)", "wants index BTC-USDT"]
            )
        }
        #expect(see("funding-rate", "x", row.without("ts").description)[0].hasSuffix(" at none"))
        for (name, bad) in [("fundingRate", "\"NaN\""), ("fundingTime", "\"x\""), ("ts", "\"-1\"")] {
            #expect(see("funding-rate", "x", row.with(name, bad).description) == ["dead bad_field \(name)"])
        }
    }

    @Test func `marks and indexes are kept for the next funding`() {
        let mark =
            "{\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"markPx\":\"83720.10\",\"ts\":\"1791369350801\"}"
        #expect(see("mark-price", "BTC-USDT-SWAP", mark) == ["mark BTC-USDT-PERP 83720.1"])
        let index = "{\"instId\":\"BTC-USDT\",\"idxPx\":\"43350\",\"ts\":\"1649419644492\"}"
        #expect(see("index-tickers", "BTC-USDT", index) == ["index BTC-USDT 43350"])
        #expect(
            see("mark-price", "x", FrameText(mark).without("markPx").description) == [
                "dead missing_field markPx"
            ]
        )
        #expect(
            see("index-tickers", "x", FrameText(index).with("idxPx", "\"NaN\"").description) == [
                "dead bad_field idxPx"
            ]
        )
        let option = FrameText(mark).with("instId", "\"ETH-USD-211231-9600-C\"").description
        #expect(see("mark-price", "x", option) == ["ignored option"])
    }

    @Test func `open interest is in dollars for inverse contracts only`() {
        let row = FrameText(
            "{\"instId\":\"BTC-USDT-SWAP\",\"instType\":\"SWAP\",\"oi\":\"2216113.01000000309\",\"oiCcy\":\"22161.1301000000309\",\"oiUsd\":\"1939251795.5\",\"ts\":\"1743041250440\"}"
        )
        let tail = "at 1743041250440000"
        #expect(
            see("open-interest", "x", row.description) == [
                "open_interest BTC-USDT-PERP contracts 2216113.01000000309 base 22161.1301000000309 quote none \(tail)"
            ]
        )
        let inverse = row.with("instId", "\"BTC-USD-SWAP\"").description
        #expect(
            see("open-interest", "x", inverse)[0].hasSuffix(
                " base 22161.1301000000309 quote 1939251795.5 \(tail)"
            )
        )
        #expect(see("open-interest", "x", row.without("oi").description) == ["dead missing_field oi"])
        #expect(
            see("open-interest", "x", row.with("oiCcy", "\"-1\"").description) == ["dead bad_field oiCcy"]
        )
    }

    private static let liquidation = """
        {"details":[{"bkLoss":"0","bkPx":"0.55205","ccy":"","posSide":"short","side":"buy","sz":"39",\
        "ts":"1680173247614"}],"instFamily":"XRP-USD","instId":"BTC-USDT-SWAP","instType":"SWAP","uly":"XRP-USD"}
        """

    @Test func `liquidations are those of one contract a row`() {
        let argument = "{\"channel\":\"liquidation-orders\",\"instType\":\"SWAP\"}"
        func frame(_ rows: String) -> String { "{\"arg\":\(argument),\"data\":[\(rows)]}" }
        let seen = "liquidation BTC-USDT-PERP buy 0.55205 x 0.39 at 1680173247614000"
        #expect(bench.see(frame(Self.liquidation)) == [seen])
        let inverse = Self.liquidation.replacing("BTC-USDT-SWAP", with: "BTC-USD-SWAP")
        #expect(bench.see(frame(inverse))[0].hasPrefix("liquidation BTC-USD-PERP buy 0.55205 x 39 "))
        #expect(bench.see(frame(Self.liquidation + "," + Self.liquidation)) == [seen, seen])
        for (old, new, error) in [
            ("\"side\":\"buy\"", "\"side\":\"short\"", "bad_field side"),
            ("\"side\":\"buy\",", "", "missing_field side"),
            ("\"bkPx\":\"0.55205\"", "\"bkPx\":\"1e400\"", "bad_field bkPx"),
            ("\"sz\":\"39\"", "\"sz\":\"-39\"", "bad_field sz"), ("\"sz\":\"39\",", "", "missing_field sz"),
            ("\"details\"", "\"other\"", "missing_field details"),
            ("\"details\":[{", "\"details\":[1,{", "malformed"),
        ] {
            #expect(bench.see(frame(Self.liquidation.replacing(old, with: new))) == ["dead \(error)"])
        }
        let unlisted = Self.liquidation.replacing("BTC-USDT-SWAP", with: "XRP-USDT-SWAP")
        #expect(bench.see(frame(unlisted)) == ["dead unknown_contract_size"])
    }

    @Test func `one subscription acknowledges the liquidations of all instruments of its kind`() {
        let swaps =
            "{\"event\":\"subscribe\",\"arg\":{\"channel\":\"liquidation-orders\",\"instType\":\"SWAP\"}}"
        let seen = bench.see(swaps)[0]
        for name in ["BTC-USDT-SWAP", "BCH-USDT-SWAP", "BTC-USD-SWAP"] {
            #expect(seen.contains("acknowledged \(name) liquidation-orders"))
        }
        #expect(bench.see(swaps.replacing("SWAP", with: "FUTURES")) == ["control "])
    }
}
