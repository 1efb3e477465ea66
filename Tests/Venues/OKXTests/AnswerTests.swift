// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Testing
import VenueKit
import VenueTestKit

@testable import OKX

/// What is asked by REST, and what its answers become; venue sheet 5, and what is recorded of them.
struct AnswerTests {
    private static let minute = CandleInterval(.minute1)
    private let venue = OKXVenue()

    private func instrument(_ name: String) throws -> Instrument {
        var instrument = try #require(OKXSymbols.infer(name))
        if instrument.kind != .spot {
            instrument.contractSize =
                instrument.kind.isInverse ? ScaledDecimal(100) : ScaledDecimal(mantissa: 1, scale: 2)
        }
        return instrument
    }

    private func see(_ rows: String, _ name: String, _ query: VenueQuery) throws -> [String] {
        AnswerBench(venue, try instrument(name))
            .see("{\"code\":\"0\",\"msg\":\"\",\"data\":[\(rows)]}", answering: query)
    }

    @Test(arguments: [
        (VenueQuery.trades(limit: 900, beforeID: nil), "/market/trades?instId=BTC-USDT-SWAP&limit=500"),
        (
            .trades(limit: 900, beforeID: ShortText("77")),
            "/market/history-trades?instId=BTC-USDT-SWAP&type=1&after=77&limit=100"
        ),
        (
            .candles(AnswerTests.minute, from: 60_000_000, to: 180_000_000),
            "/market/candles?instId=BTC-USDT-SWAP&bar=1m&before=59999&after=180000&limit=300"
        ),
        (
            .candles(CandleInterval(.day1), from: 86_400_000_000, to: 172_800_000_000),
            "/market/candles?instId=BTC-USDT-SWAP&bar=1Dutc&before=86399999&after=172800000&limit=300"
        ),
        (.book(depth: 400), "/market/books?instId=BTC-USDT-SWAP&sz=400"),
        (.book(depth: 401), "/market/books-full?instId=BTC-USDT-SWAP&sz=401"),
        (.ticker, "/market/ticker?instId=BTC-USDT-SWAP"),
        (.funding, "/public/funding-rate?instId=BTC-USDT-SWAP"),
        (
            .fundingHistory(from: 1_000_000, to: 2_000_000),
            "/public/funding-rate-history?instId=BTC-USDT-SWAP&before=999&after=2000&limit=100"
        ),
        (.openInterest, "/public/open-interest?instType=SWAP&instId=BTC-USDT-SWAP"),
    ])
    func `calls read as the sheet has them`(_ query: VenueQuery, _ path: String) throws {
        let call = try #require(venue.call(query, of: try instrument("BTC-USDT-SWAP")))
        #expect(call.endpoint == "rest" && call.path == "/api/v5" + path)
    }

    @Test func `what an instrument has not is not asked`() throws {
        for query in [VenueQuery.funding, .fundingHistory(from: 0, to: 1), .openInterest] {
            #expect(venue.call(query, of: try instrument("BTC-USDT")) == nil)
        }
        #expect(venue.call(.funding, of: try instrument("BTC-USDT-261225")) == nil)
        let dated = venue.call(.openInterest, of: try instrument("BTC-USDT-261225"))
        #expect(dated?.path == "/api/v5/public/open-interest?instType=FUTURES&instId=BTC-USDT-261225")
        let eight = CandleInterval(.hour8)
        #expect(venue.call(.candles(eight, from: 0, to: 1), of: try instrument("BTC-USDT")) == nil)
        #expect(
            venue.call(.candles(AnswerTests.minute, from: 1, to: 1), of: try instrument("BTC-USDT")) == nil
        )
        #expect(
            venue.call(.candles(AnswerTests.minute, from: .min, to: .max), of: try instrument("BTC-USDT"))
                != nil
        )
    }

    @Test func `answers come newest first, events oldest first`() throws {
        let trades = """
            {"instId":"BTC-USDT","side":"sell","sz":"0.00001","px":"29963.2","tradeId":"242720720","ts":"1654161646974"},\
            {"instId":"BTC-USDT","side":"buy","sz":"0.00002","px":"29964.1","tradeId":"242720719","ts":"1654161641568"}
            """
        #expect(
            try see(trades, "BTC-USDT", .trades(limit: 2, beforeID: nil)) == [
                "trade BTC-USDT 242720719 buy 29964.1 x 0.00002 at 1654161641568000",
                "trade BTC-USDT 242720720 sell 29963.2 x 0.00001 at 1654161646974000",
            ]
        )
        let candles = """
            ["1597026383085","3.721","3.743","3.677","3.708","8422410","22698348","12698348","0"],\
            ["1597026323085","3.731","3.799","3.494","3.72","24912403","67632347","37632347","1"]
            """
        #expect(
            try see(candles, "BTC-USDT", .candles(AnswerTests.minute, from: 0, to: 1)) == [
                "candle BTC-USDT 1m 1597026323085000 3.731 3.799 3.494 3.72 volume 24912403 quote 37632347 trades none closed at none",
                "candle BTC-USDT 1m 1597026383085000 3.721 3.743 3.677 3.708 volume 8422410 quote 12698348 trades none open at none",
            ]
        )
    }

    @Test func `a book has no number, and is as deep as was asked`() throws {
        let row = """
            {"asks":[["41006.8","0.6","0","1"]],"bids":[["41006.3","0.3","0","2"]],"ts":"1629966436396"}
            """
        #expect(
            try see(row, "BTC-USDT-SWAP", .book(depth: 25)) == [
                "book BTC-USDT-PERP snapshot 41006.3 x 0.003 | 41006.8 x 0.006 at 1629966436396000",
                "depth 25",
            ]
        )
        #expect(
            try see(row.replacing("0.6", with: "NaN"), "BTC-USDT", .book(depth: 25)) == [
                "dead bad_field asks"
            ]
        )
    }

    @Test func `figures are those of the stream`() throws {
        let ticker =
            "{\"instId\":\"BTC-USD-SWAP\",\"last\":\"9999.99\",\"vol24h\":\"2222\",\"volCcy24h\":\"1\",\"ts\":\"1\"}"
        #expect(
            try see(ticker, "BTC-USD-SWAP", .ticker) == [
                "ticker BTC-USD-PERP 9999.99 open none high none low none volume 2222 quote 222200 number none at 1000"
            ]
        )
        let funding = """
            {"fundingRate":"0.0000792386885340","fundingTime":"1703088000000","instId":"BTC-USDT-SWAP",\
            "nextFundingTime":"1703116800000","ts":"1703070685309"}
            """
        #expect(
            try see(funding, "BTC-USDT-SWAP", .funding)[0]
                .hasPrefix("funding BTC-USDT-PERP 0.000079238688534 next 1703088000000000 every 28800000000 ")
        )
        let past = """
            {"fundingRate":"0.00022","fundingTime":"1703059200000","realizedRate":"0.0000746572360545"},\
            {"fundingRate":"-0.00022","fundingTime":"1703030400000","realizedRate":""}
            """
        let seen = try see(past, "BTC-USDT-SWAP", .fundingHistory(from: 0, to: 1))
        #expect(seen[0].hasPrefix("funding BTC-USDT-PERP -0.00022 next 1703030400000000 "))
        #expect(seen[1].hasPrefix("funding BTC-USDT-PERP 0.0000746572360545 next 1703059200000000 "))
        let interest =
            "{\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"oi\":\"5000\",\"oiCcy\":\"555.55\",\"ts\":\"1\"}"
        #expect(
            try see(interest, "BTC-USDT-SWAP", .openInterest) == [
                "open_interest BTC-USDT-PERP contracts 5000 base 555.55 quote none at 1000"
            ]
        )
    }

    @Test(arguments: [
        "", "{", "[]", "{}", "{\"code\":\"0\"}", "{\"code\":\"0\",\"data\":1}",
        "{\"code\":\"51001\",\"msg\":\"Instrument ID doesn't exist\",\"data\":[]}",
        "{\"code\":\"0\",\"data\":[1]}", "{\"code\":\"0\",\"data\":[[]]}", "{\"code\":\"0\",\"data\":[{}]}",
    ])
    func `junk is an error and nothing else`(_ body: String) throws {
        let bench = AnswerBench(venue, try instrument("BTC-USDT-SWAP"))
        for query in [
            VenueQuery.trades(limit: 1, beforeID: nil), .candles(AnswerTests.minute, from: 0, to: 1),
            .book(depth: 5),
            .ticker, .fundingHistory(from: 0, to: 1), .openInterest,
        ] {
            #expect(bench.see(body, answering: query).first?.hasPrefix("dead ") == true, "\(body) \(query)")
        }
    }
}
