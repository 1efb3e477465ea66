// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Testing
import VenueKit
import VenueTestKit

@testable import Binance

/// What is asked by REST, and what its answers become; venue sheet 5 and 6, and what is recorded of them.
struct AnswerTests {
    private static let minute = CandleInterval(.minute1)
    private let venue = BinanceVenue()

    private func instrument(_ symbol: String, _ market: MarketID) throws -> Instrument {
        var instrument = try #require(BinanceSymbols.infer(symbol, market: market))
        if market == .coinm { instrument.contractSize = ScaledDecimal(100) }
        return instrument
    }

    @Test func `every REST endpoint has a budget, and the futures share one`() {
        let named = venue.profile.restBudgets.flatMap(\.endpoints)
        let servers = venue.profile.endpoints.map(\.name).filter { $0.hasSuffix("_rest") }
        #expect(named.sorted() == servers.sorted())
        #expect(venue.profile.restBudgets.contains { $0.endpoints == ["usdm_rest", "coinm_rest"] })
    }

    private func bench(_ symbol: String, _ market: MarketID) throws -> AnswerBench {
        AnswerBench(venue, try instrument(symbol, market))
    }

    private func path(_ query: VenueQuery, _ symbol: String, _ market: MarketID) throws -> String {
        guard let call = venue.call(query, of: try instrument(symbol, market)) else { return "none" }
        return "\(call.endpoint) \(call.path) \(call.weight)"
    }

    @Test(arguments: [
        (VenueQuery.trades(limit: 5000, beforeID: nil), "/trades?symbol=BTCUSDT&limit=1000 25"),
        (
            .trades(limit: 500, beforeID: ShortText("1000")),
            "/historicalTrades?symbol=BTCUSDT&fromId=500&limit=500 25"
        ),
        (
            .trades(limit: 500, beforeID: ShortText("7")),
            "/historicalTrades?symbol=BTCUSDT&fromId=0&limit=7 25"
        ),
        (
            .candles(AnswerTests.minute, from: 1_499_040_000_000_000, to: 1_499_040_120_000_000),
            "/klines?symbol=BTCUSDT&interval=1m&startTime=1499040000000&endTime=1499040119999&limit=3 2"
        ),
        (
            .candles(CandleInterval(.day1, zoneHours: 8), from: 0, to: 86_400_000_000),
            "/klines?symbol=BTCUSDT&interval=1d&startTime=0&endTime=86399999&timeZone=8&limit=2 2"
        ),
        (.book(depth: 5000), "/depth?symbol=BTCUSDT&limit=5000 250"),
        (.book(depth: 100), "/depth?symbol=BTCUSDT&limit=100 5"), (.ticker, "/ticker/24hr?symbol=BTCUSDT 2"),
    ])
    func `spot is asked as the sheet has it`(_ query: VenueQuery, _ path: String) throws {
        #expect(try self.path(query, "BTCUSDT", .spot) == "spot_rest /api/v3" + path)
    }

    @Test(arguments: [
        (VenueQuery.trades(limit: 100, beforeID: nil), "/aggTrades?symbol=BTCUSDT&limit=100 20"),
        (
            .trades(limit: 100, beforeID: ShortText("500")),
            "/aggTrades?symbol=BTCUSDT&fromId=400&limit=100 20"
        ),
        (
            .candles(AnswerTests.minute, from: 0, to: 86_400_000_000),
            "/klines?symbol=BTCUSDT&interval=1m&startTime=0&endTime=86399999&limit=1441 10"
        ),
        (.book(depth: 200), "/depth?symbol=BTCUSDT&limit=500 10"),
        (.book(depth: 9999), "/depth?symbol=BTCUSDT&limit=1000 20"),
        (.ticker, "/ticker/24hr?symbol=BTCUSDT 1"), (.funding, "/premiumIndex?symbol=BTCUSDT 1"),
        (
            .fundingHistory(from: 1_000_000, to: 2_000_000),
            "/fundingRate?symbol=BTCUSDT&startTime=1000&endTime=1999&limit=1000 1"
        ),
        (.openInterest, "/openInterest?symbol=BTCUSDT 1"),
    ])
    func `futures are asked as the sheet has it`(_ query: VenueQuery, _ path: String) throws {
        #expect(try self.path(query, "BTCUSDT", .usdm) == "usdm_rest /fapi/v1" + path)
    }

    @Test func `what a market has not is not asked`() throws {
        for query in [VenueQuery.funding, .fundingHistory(from: 0, to: 1), .openInterest] {
            #expect(try path(query, "BTCUSDT", .spot) == "none")
        }
        let eastern = CandleInterval(.day1, zoneHours: 8)
        #expect(try path(.candles(eastern, from: 0, to: 1), "BTCUSDT", .usdm) == "none")
        #expect(try path(.candles(CandleInterval(.second1), from: 0, to: 1), "BTCUSDT", .usdm) == "none")
        #expect(try path(.candles(AnswerTests.minute, from: 1, to: 1), "BTCUSDT", .spot) == "none")
        #expect(
            try path(.candles(AnswerTests.minute, from: .min, to: .max), "BTCUSDT", .spot).contains(
                "limit=1000"
            )
        )
        #expect(try path(.trades(limit: 1, beforeID: ShortText("0")), "BTCUSDT", .spot) == "none")
        #expect(try path(.ticker, "币USDT", .spot).contains("symbol=%E5%B8%81USDT "))
    }

    @Test func `a depth request shows its symbol`() {
        let base = "https://www.binance.com/api/v1/depth"
        #expect(venue.bookSymbol(shownBy: base + "?symbol=BATUSDT&limit=1000") == "BATUSDT")
        #expect(
            venue.bookSymbol(shownBy: "https://dapi.binance.com/dapi/v1/depth?limit=5&symbol=A_B") == "A_B"
        )
        #expect(venue.bookSymbol(shownBy: base) == nil)
        #expect(venue.bookSymbol(shownBy: base + "?limit=1000") == nil)
        #expect(venue.bookSymbol(shownBy: "https://fapi.binance.com/fapi/v1/rpiDepth?symbol=A") == nil)
        #expect(venue.bookSymbol(shownBy: "https://fapi.binance.com/fapi/v1/ticker?symbol=A") == nil)
    }

    @Test func `trades come with the stream's ids`() throws {
        let single = """
            [{"id":28457,"price":"4.00000100","qty":"12.00000000","quoteQty":"48.000012","time":1499865549590,\
            "isBuyerMaker":true,"isBestMatch":true}]
            """
        let query = VenueQuery.trades(limit: 1, beforeID: nil)
        #expect(
            try bench("BNBBTC", .spot).see(single, answering: query)
                == ["trade BNB-BTC 28457 sell 4.000001 x 12 at 1499865549590000"]
        )
        let aggregate = """
            [{"a":26129,"p":"0.01633102","q":"4.70443515","nq":"1","f":27781,"l":27781,"T":1498793709153,"m":false}]
            """
        #expect(
            try bench("BTCUSDT", .usdm).see(aggregate, answering: query)
                == ["trade BTC-USDT-PERP 26129 buy 0.01633102 x 4.70443515 at 1498793709153000"]
        )
        for name in ["id", "price", "qty", "isBuyerMaker"] {
            let row = FrameText(String(single.dropFirst().dropLast()))
            let seen = try bench("BNBBTC", .spot).see("[\(row.without(name))]", answering: query)
            #expect(seen == ["dead missing_field \(name)"])
            let bad = try bench("BNBBTC", .spot).see("[\(row.with(name, "\"NaN\""))]", answering: query)
            #expect(bad == ["dead bad_field \(name)"])
        }
    }

    @Test func `a candle is over if a later one is there, or the range asked for`() throws {
        let first = "[60000,\"1\",\"4\",\"0.5\",\"2\",\"10\",119999,\"20\",308,\"1\",\"1\",\"0\"]"
        let second = "[120000,\"2\",\"4\",\"0.5\",\"3\",\"10\",179999,\"20\",308,\"1\",\"1\",\"0\"]"
        let query = VenueQuery.candles(AnswerTests.minute, from: 60_000_000, to: 180_000_000)
        let open = VenueQuery.candles(AnswerTests.minute, from: 60_000_000, to: 170_000_000)
        let seen = [
            "candle BTC-USDT 1m 60000000 1 4 0.5 2 volume 10 quote 20 trades 308 closed at none",
            "candle BTC-USDT 1m 120000000 2 4 0.5 3 volume 10 quote 20 trades 308 closed at none",
        ]
        let bench = try bench("BTCUSDT", .spot)
        #expect(bench.see("[\(first),\(second)]", answering: query) == seen)
        #expect(
            bench.see("[\(first),\(second)]", answering: open) == [
                seen[0], seen[1].replacing("closed", with: "open"),
            ]
        )
        #expect(
            try self.bench("BTCUSD_PERP", .coinm).see("[\(first)]", answering: query)
                == [
                    "candle BTC-USD-PERP 1m 60000000 1 4 0.5 2 volume 10 quote 1000 trades 308 closed at none"
                ]
        )
        #expect(bench.see("[[1]]", answering: query) == ["dead missing_field volume"])
        #expect(bench.see("[{}]", answering: query) == ["dead malformed"])
        #expect(bench.see("[]", answering: query).isEmpty)
    }

    @Test func `a snapshot says how deep it is`() throws {
        let body = """
            {"lastUpdateId":1027024,"E":1589436922972,"T":1589436922959,"bids":[["4.00000000","431.00000000"]],\
            "asks":[["4.00000200","12.00000000"]]}
            """
        let usdm = try bench("BTCUSDT", .usdm)
        #expect(
            usdm.see(body, answering: .book(depth: 600)) == [
                "book BTC-USDT-PERP snapshot none/1027024/none 4 x 431 | 4.000002 x 12 at 1589436922959000",
                "depth 1000",
            ]
        )
        #expect(usdm.see(body, answering: .book(depth: 0)).count == 1)
        let five = (1...5).map { "[\"\($0)\",\"1\"]" }.joined(separator: ",")
        let spot = "{\"lastUpdateId\":7,\"bids\":[\(five)],\"asks\":[]}"
        #expect(
            try bench("BTCUSDT", .spot).see(spot, answering: .book(depth: 0)).last == "depth 5"
        )
        for (old, new, error) in [
            ("\"lastUpdateId\":1027024,", "", "missing_field lastUpdateId"),
            ("\"4.00000000\"", "\"-4\"", "bad_field bids"),
            ("[[\"4.00000200\",\"12.00000000\"]]", "1", "missing_field asks"),
        ] {
            #expect(usdm.see(body.replacing(old, with: new), answering: .book(depth: 5)) == ["dead \(error)"])
        }
    }

    @Test func `tickers, funding and open interest of one instrument`() throws {
        let ticker = """
            [{"symbol":"BTCUSD_200925","lastPrice":"1"},{"symbol":"BTCUSD_PERP","pair":"BTCUSD","lastPrice":"9651.6",\
            "openPrice":"9515.0","highPrice":"9687.0","lowPrice":"9499.5","volume":"494109","baseVolume":"5192.9",\
            "closeTime":1591256718418}]
            """
        #expect(
            try bench("BTCUSD_PERP", .coinm).see(ticker, answering: .ticker)
                == [
                    "ticker BTC-USD-PERP 9651.6 open 9515 high 9687 low 9499.5 volume 494109 quote 49410900 number none at 1591256718418000"
                ]
        )
        let funding = """
            {"symbol":"BTCUSDT","markPrice":"11793.63104562","indexPrice":"11781.80495970","lastFundingRate":"0.00038246",\
            "interestRate":"0.00010000","nextFundingTime":1597392000000,"time":1597370495002}
            """
        let usdm = try bench("BTCUSDT", .usdm)
        let seen = usdm.see(funding, answering: .funding)
        #expect(
            seen == [
                "funding BTC-USDT-PERP 0.00038246 next 1597392000000000 every none mark 11793.63104562 index 11781.8049597 at 1597370495002000"
            ]
        )
        let dated = funding.replacing("1597392000000", with: "0")
        #expect(usdm.see(dated, answering: .funding)[0].hasPrefix("funding BTC-USDT-PERP none next none "))
        let past = """
            [{"symbol":"BTCUSDT","fundingRate":"-0.03750000","fundingTime":1570608000000,"markPrice":"34287.5"},\
            {"symbol":"BTCUSDT","fundingRate":"0.0001","fundingTime":1570636800000,"markPrice":""}]
            """
        #expect(
            usdm.see(past, answering: .fundingHistory(from: 0, to: 1)) == [
                "funding BTC-USDT-PERP -0.0375 next 1570608000000000 every none mark 34287.5 index none at 1570608000000000",
                "funding BTC-USDT-PERP 0.0001 next 1570636800000000 every none mark none index none at 1570636800000000",
            ]
        )
        let interest = "{\"openInterest\":\"10659.509\",\"symbol\":\"BTCUSDT\",\"time\":1589437530011}"
        #expect(
            usdm.see(interest, answering: .openInterest)
                == [
                    "open_interest BTC-USDT-PERP contracts 10659.509 base 10659.509 quote none at 1589437530011000"
                ]
        )
        let inverse = "{\"symbol\":\"BTCUSD_PERP\",\"openInterest\":\"15004\",\"time\":1591261042378}"
        #expect(
            try bench("BTCUSD_PERP", .coinm).see(inverse, answering: .openInterest)
                == ["open_interest BTC-USD-PERP contracts 15004 base none quote 1500400 at 1591261042378000"]
        )
    }

    @Test(arguments: ["", "{", "<html>", "[1]", "null", "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}"])
    func `junk is an error and nothing else`(_ body: String) throws {
        let bench = try bench("BTCUSDT", .usdm)
        for query in [
            VenueQuery.trades(limit: 1, beforeID: nil), .candles(AnswerTests.minute, from: 0, to: 1),
            .book(depth: 5),
            .ticker, .funding, .fundingHistory(from: 0, to: 1), .openInterest,
        ] {
            #expect(bench.see(body, answering: query).first?.hasPrefix("dead ") == true, "\(body) \(query)")
        }
    }
}
