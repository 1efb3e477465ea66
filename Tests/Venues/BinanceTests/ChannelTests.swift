// Part of MarketBus. Apache License 2.0, see LICENSE.

import Binance
import FixedPoint
import Models
import Testing
import VenueTestKit

/// Candles, tickers, funding and liquidations, venue sheet 3.3, 3.5 and 4.3 to 4.7.
struct ChannelTests {
    private static let candle = """
        {"e":"kline","E":1672515782136,"s":"BNBBTC","k":{"t":1672515780000,"T":1672515839999,"s":"BNBBTC","i":"1m",\
        "f":100,"L":200,"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015","v":"1000","n":100,"x":false,"q":"1.0000",\
        "V":"500","Q":"0.500","B":"123456"}}
        """
    private static let candleSeen =
        "candle BNB-BTC 1m 1672515780000000 0.001 0.0025 0.0015 0.002 volume 1000 quote 1 trades 100 open at 1672515782136000"
    private static let order = """
        {"e":"forceOrder","E":1568014460894,"o":{"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"0.014",\
        "p":"9910","ap":"9911","X":"FILLED","l":"0.014","z":"0.014","T":1568014460893},"ps":"BTCUSDT","st":1}
        """
    private static let orderSeen = "liquidation BTC-USDT-PERP sell 9910 x 0.014 at 1568014460893000"

    private let spot = FrameBench(BinanceVenue(), market: .spot)
    private let usdm = FrameBench(BinanceVenue(), market: .usdm)

    /// A bench that knows what a contract of BTCUSD_PERP is worth.
    private func coinm() -> FrameBench {
        let table = InstrumentTable()
        var swap = Instrument(
            venue: BinanceVenue.id,
            market: .coinm,
            venueSymbol: "BTCUSD_PERP",
            kind: .inversePerpetual,
            base: "BTC",
            quote: "USD",
            settle: "BTC"
        )
        swap.contractSize = ScaledDecimal(100)
        table.upsert(swap)
        return FrameBench(BinanceVenue(), market: .coinm, instruments: table)
    }

    @Test func `a candle is open until its last frame says that it is not`() {
        #expect(spot.see(Self.candle) == [Self.candleSeen])
        let stream = Frames.combined(Self.candle, stream: "bnbbtc@kline_1m")
        #expect(spot.see(stream) == [Self.candleSeen])
        let last = Self.candle.replacing("\"x\":false", with: "\"x\":true")
        #expect(spot.see(last) == [Self.candleSeen.replacing(" open ", with: " closed ")])
    }

    @Test(arguments: [
        ("1s", "1s"), ("15m", "15m"), ("1h", "1h"), ("8h", "8h"), ("1d", "1d"), ("3d", "3d"), ("1w", "1w"),
        ("1M", "1mo"),
    ])
    func `intervals have one name`(_ theirs: String, _ ours: String) {
        let frame = Self.candle.replacing("\"i\":\"1m\"", with: "\"i\":\"\(theirs)\"")
        #expect(spot.see(frame)[0].hasPrefix("candle BNB-BTC \(ours) "))
    }

    @Test func `borders of UTC+8 are told by the stream's name`() {
        let day = Self.candle.replacing("\"i\":\"1m\"", with: "\"i\":\"1d\"")
        #expect(
            spot.see(Frames.combined(day, stream: "bnbbtc@kline_1d@+08:00"))[0]
                .hasPrefix("candle BNB-BTC 1d+8 ")
        )
        #expect(
            spot.see(Frames.combined(Self.candle, stream: "bnbbtc@kline_1m@+08:00")) == [Self.candleSeen]
        )
        let other = Self.candle.replacing("\"i\":\"1m\"", with: "\"i\":\"7m\"")
        #expect(spot.see(other) == ["ignored interval"])
    }

    @Test func `candles and tickers of inverse contracts are worth contracts times their size`() {
        let frame = Self.candle.replacing("BNBBTC", with: "BTCUSD_PERP")
        #expect(
            coinm().see(frame) == [
                "candle BTC-USD-PERP 1m 1672515780000000 0.001 0.0025 0.0015 0.002 volume 1000 quote 100000 trades 100 open at 1672515782136000"
            ]
        )
        let unlisted = FrameBench(BinanceVenue(), market: .coinm)
        #expect(unlisted.see(frame)[0].contains(" volume 1000 quote none trades 100 open "))
        let ticker = FrameText(Frames.futuresTicker).without("st").with("s", "\"BTCUSD_PERP\"").description
        #expect(coinm().see(ticker)[0].contains(" volume 10000 quote 1000000 number none at "))
        #expect(unlisted.see(ticker)[0].contains(" volume 10000 quote none number none at "))
    }

    @Test(arguments: ["t", "i", "o", "h", "l", "c", "v", "x"])
    func `a candle without a field is a dead letter`(_ name: String) {
        let inner = FrameText(String(Self.candle.split(separator: "\"k\":")[1].dropLast()))
        let head = "{\"e\":\"kline\",\"E\":1672515782136,\"s\":\"BNBBTC\",\"k\":"
        #expect(spot.see(head + inner.description + "}") == [Self.candleSeen])
        #expect(spot.see(head + inner.without(name).description + "}") == ["dead missing_field \(name)"])
        guard name != "i" else { return }
        for bad in ["\"NaN\"", "\"1e400\"", "\"-1\"", "[]", "{}", "\"\""] {
            let frame = head + inner.with(name, bad).description + "}"
            #expect(spot.see(frame) == ["dead bad_field \(name)"], "\(frame)")
        }
    }

    @Test func `a candle's frame without a candle is a dead letter`() {
        for value in ["[]", "null", "1", "\"x\""] {
            let frame = "{\"e\":\"kline\",\"E\":1,\"s\":\"BNBBTC\",\"k\":\(value)}"
            #expect(spot.see(frame) == ["dead missing_field k"])
        }
        #expect(spot.see("{\"e\":\"kline\",\"E\":1,\"s\":\"BNBBTC\"}") == ["dead missing_field k"])
    }

    @Test func `a ticker's other figures may be missing, but not wrong`() {
        let frame = FrameText(Frames.spotTicker)
        for (name, place) in [("o", 4), ("h", 6), ("l", 8), ("v", 10), ("q", 12)] {
            for gone in [frame.without(name), frame.with(name, "null"), frame.with(name, "\"\"")] {
                let words = spot.see(gone.description)[0].split(separator: " ")
                #expect(words[place] == "none")
            }
            #expect(spot.see(frame.with(name, "\"NaN\"").description) == ["dead bad_field \(name)"])
            #expect(spot.see(frame.with(name, "\"-1\"").description) == ["dead bad_field \(name)"])
        }
    }

    @Test func `streams of all symbols give an event a row`() {
        let rows = "[\(Frames.miniTicker),\(Frames.spotTicker)]"
        #expect(spot.see(rows) == [Frames.tickerSeen, Frames.tickerSeen])
        #expect(
            spot.see("{\"stream\":\"!ticker@arr\",\"data\":\(rows)}") == [
                Frames.tickerSeen, Frames.tickerSeen,
            ]
        )
        #expect(usdm.see("[\(Frames.markPrice)]") == [Frames.markPriceSeen])
        let bad = FrameText(Frames.miniTicker).without("c").description
        #expect(spot.see("[\(Frames.miniTicker),\(bad)]") == ["dead missing_field c"])
        #expect(spot.see("[\(Frames.miniTicker),1]") == ["dead malformed"])
        let mixed = usdm.see(
            "[\(Frames.futuresTicker),\(Frames.futuresTicker.replacing("\"st\":1", with: "\"st\":2"))]"
        )
        #expect(mixed == ["dead unknown_instrument"], "BNBUSDT is no name of COIN-M")
    }

    @Test func `contracts without funding have no rate and no time`() {
        let frame = FrameText(Frames.markPrice)
        let none = "funding BTC-USDT-PERP none next none every none mark 11794.15 "
        for dated in [
            frame.with("T", "0"), frame.with("r", "\"\""), frame.without("r"), frame.without("T"),
            frame.with("r", "null"), frame.with("T", "0").with("r", "\"0.00000000\""),
        ] {
            #expect(usdm.see(dated.description)[0].hasPrefix(none), "\(dated)")
        }
        #expect(
            usdm.see(frame.with("r", "\"0.00000000\"").description)[0].hasPrefix(
                "funding BTC-USDT-PERP 0 next 1562"
            )
        )
        #expect(
            usdm.see(frame.with("r", "\"-0.00375\"").description)[0].hasPrefix(
                "funding BTC-USDT-PERP -0.00375 "
            )
        )
        for (name, bad) in [
            ("r", "\"NaN\""), ("r", "\"1e400\""), ("T", "\"x\""), ("i", "\"-1\""), ("p", "\"\""),
        ] {
            #expect(usdm.see(frame.with(name, bad).description) == ["dead bad_field \(name)"])
        }
    }

    @Test func `an index that the frame lacks is the pair's own`() {
        let frame = FrameText(Frames.markPrice).without("st").without("i").with("s", "\"BTCUSD_PERP\"")
        #expect(coinm().judge(frame.description).last == "wants index BTC-USD")
        let index =
            "{\"e\":\"indexPriceUpdate\",\"E\":1592265601001,\"i\":\"BTCUSD\",\"p\":\"9429.39675000\"}"
        #expect(coinm().judge(index) == ["index BTC-USD 9429.39675"])
        #expect(coinm().see(FrameText(index).with("i", "\"?\"").description) == ["dead unknown_instrument"])
        #expect(coinm().see(FrameText(index).without("p").description) == ["dead missing_field p"])
    }

    @Test func `a liquidation is the order as placed`() {
        #expect(usdm.see(Self.order) == [Self.orderSeen])
        let buy = Self.order.replacing("\"SELL\"", with: "\"BUY\"")
        #expect(usdm.see(buy) == [Self.orderSeen.replacing(" sell ", with: " buy ")])
        let timeless = Self.order.replacing(",\"T\":1568014460893", with: "")
        #expect(usdm.see(timeless)[0].hasSuffix("at 1568014460894000"))
        for (old, new, error) in [
            ("\"S\":\"SELL\"", "\"S\":\"sell\"", "bad_field S"), ("\"S\":\"SELL\",", "", "missing_field S"),
            ("\"p\":\"9910\"", "\"p\":\"NaN\"", "bad_field p"), ("\"q\":\"0.014\",", "", "missing_field q"),
            ("\"s\":\"BTCUSDT\",", "", "missing_field s"), ("\"p\":\"9910\"", "\"p\":\"-1\"", "bad_field p"),
        ] {
            #expect(usdm.see(Self.order.replacing(old, with: new)) == ["dead \(error)"])
        }
        #expect(usdm.see("{\"e\":\"forceOrder\",\"E\":1,\"o\":[]}") == ["dead missing_field o"])
    }

    @Test func `a recorder's own frames give nothing`() {
        let frame = "{\"stream\":\"btcusdt@markPrice\",\"generated\":true,\"data\":\(Frames.markPrice)}"
        #expect(usdm.see(frame) == ["ignored generated"])
        #expect(usdm.see(frame.replacing("true", with: "false")) == [Frames.markPriceSeen])
    }
}
