// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import Testing
import VenueKit
import VenueTestKit

@testable import Coinbase

/// REST calls and answers of both feeds, and the recorded products.
struct AnswerTests {
    private let exchange = CoinbaseVenue()
    private let advanced = CoinbaseVenue(api: .advanced)

    private func path(_ query: VenueQuery, _ venue: CoinbaseVenue) -> String? {
        CoinbaseSymbols.infer("BTC-USD").flatMap { venue.call(query, of: $0)?.path }
    }

    private func bench() -> FrameBench {
        let table = InstrumentTable()
        if let instrument = CoinbaseSymbols.infer("BTC-USD") { table.upsert(instrument) }
        return FrameBench(exchange, instruments: table)
    }

    @Test func `calls name what the documents name`() {
        #expect(path(.trades(limit: 5000, beforeID: nil), exchange) == "/products/BTC-USD/trades?limit=1000")
        #expect(
            path(.trades(limit: 10, beforeID: ShortText("74")), exchange)
                == "/products/BTC-USD/trades?limit=10&after=74"
        )
        let hour = VenueQuery.candles(
            CandleInterval(.minute1),
            from: 1_620_923_700_000_000,
            to: 1_620_927_300_000_000
        )
        #expect(
            path(hour, exchange)
                == "/products/BTC-USD/candles?granularity=60&start=1620923700&end=1620927300"
        )
        #expect(
            path(hour, advanced)
                == "/api/v3/brokerage/market/products/BTC-USD/candles?start=1620923700&end=1620927300"
                + "&granularity=ONE_MINUTE&limit=350"
        )
        let day = VenueQuery.candles(CandleInterval(.minute1), from: 0, to: .max)
        #expect(path(day, exchange) == "/products/BTC-USD/candles?granularity=60&start=0&end=17940")
        #expect(path(.candles(CandleInterval(.minute3), from: 0, to: 1), exchange) == nil)
        #expect(path(.candles(CandleInterval(.day1, zoneHours: 8), from: 0, to: 1), exchange) == nil)
        #expect(path(.book(depth: 1000), exchange) == "/products/BTC-USD/book?level=2")
        #expect(path(.ticker, exchange) == "/products/BTC-USD/stats")
        #expect(path(.trades(limit: 5, beforeID: ShortText("7")), advanced) == nil)
        for query in [VenueQuery.funding, .fundingHistory(from: 0, to: 1), .openInterest] {
            #expect(path(query, exchange) == nil && path(query, advanced) == nil)
        }
    }

    @Test func `trades come newest first with the maker's side, and are turned both ways`() {
        let rows = """
            [{"time":"2014-11-07T22:19:29Z","trade_id":75,"price":"10.1","size":"0.02","side":"sell"},\
            {"time":"2014-11-07T22:19:28.578544Z","trade_id":74,"price":"10.00000000","size":"0.01000000","side":"buy"}]
            """
        let query = VenueQuery.trades(limit: 10, beforeID: nil)
        #expect(
            bench().see(answer: rows, to: query, of: "BTC-USD", exchange) == [
                "trade BTC-USD 74 sell 10 x 0.01 at 1415398768578544",
                "trade BTC-USD 75 buy 10.1 x 0.02 at 1415398769000000",
            ]
        )
        let brokerage = """
            {"trades":[{"trade_id":"995098663","product_id":"BTC-USD","price":"68923.67","size":"0.00064",\
            "time":"2026-04-07T00:28:58.544778Z","side":"SELL","bid":"","ask":"","exchange":"coinbase"}],\
            "best_bid":"68923.66","best_ask":"68923.67"}
            """
        #expect(
            bench().see(answer: brokerage, to: query, of: "BTC-USD", advanced)
                == ["trade BTC-USD 995098663 buy 68923.67 x 0.00064 at 1775521738544778"]
        )
    }

    @Test func `candles are time, low, high, open, close, volume, and those outside the range are left out`()
    {
        let rows = """
            [[1620923700,49500.01,49650.00,49600.10,49555.55,12.34567890],[1620923640,49480.00,49610.00,49500.00,49600.10,8.1],\
            [1620923580,1,1,1,1,1]]
            """
        let query = VenueQuery.candles(
            CandleInterval(.minute1),
            from: 1_620_923_640_000_000,
            to: 1_620_923_760_000_000
        )
        let seen = bench().see(answer: rows, to: query, of: "BTC-USD", exchange)
        #expect(
            seen == [
                "candle BTC-USD 1m 1620923640000000 49500 49610 49480 49600.1 volume 8.1 quote none trades none unflagged at none",
                "candle BTC-USD 1m 1620923700000000 49600.1 49650 49500.01 49555.55 volume 12.3456789 quote none trades none "
                    + "unflagged at none",
            ]
        )
        let brokerage = """
            {"candles":[{"start":"1620923700","low":"66055.14","high":"66331.99","open":"66312.4","close":"66181.6",\
            "volume":"355.82896243"}]}
            """
        #expect(bench().see(answer: brokerage, to: query, of: "BTC-USD", advanced).count == 1)
        for bad in ["{}", "[[1]]", "[{}]", "1", "[[\"x\",1,1,1,1,1]]", "[[1620923640,1,1,1,1,-1]]"] {
            #expect(
                bench().see(answer: bad, to: query, of: "BTC-USD", exchange)[0].hasPrefix("dead"),
                "\(bad)"
            )
        }
    }

    @Test func `books of both feeds are snapshots`() {
        let exchangeBook = """
            {"bids":[["6247.58","6.3578146",2]],"asks":[["6251.52","2",1]],"sequence":13051505638,"auction_mode":false,\
            "auction":null,"time":"2022-10-19T23:28:22.061769Z"}
            """
        #expect(
            bench().see(answer: exchangeBook, to: .book(depth: 50), of: "BTC-USD", exchange)
                == ["book BTC-USD snapshot 6247.58 x 6.3578146 | 6251.52 x 2 at 1666222102061769"]
        )
        let brokerage = """
            {"pricebook":{"product_id":"BTC-USD","bids":[{"price":"68923.66","size":"0.17189468"}],\
            "asks":[{"price":"68923.67","size":"0.16987193"}],"time":"2026-04-07T00:28:59.662782Z"},"last":"68923.665"}
            """
        #expect(
            bench().see(answer: brokerage, to: .book(depth: 50), of: "BTC-USD", advanced)
                == ["book BTC-USD snapshot 68923.66 x 0.17189468 | 68923.67 x 0.16987193 at 1775521739662782"]
        )
        #expect(
            bench().see(answer: "{}", to: .book(depth: 1), of: "BTC-USD", exchange) == [
                "dead missing_field bids"
            ]
        )
    }

    @Test func `the day's figures have no time`() {
        let stats = """
            {"open":"5414.18","high":"6441.37","low":"5261.69","last":"6250.02","volume":"53687.76764233",\
            "volume_30day":"786763.72930864"}
            """
        #expect(
            bench().see(answer: stats, to: .ticker, of: "BTC-USD", exchange) == [
                "ticker BTC-USD 6250.02 open 5414.18 high 6441.37 low 5261.69 volume 53687.76764233 quote none number none "
                    + "at none"
            ]
        )
    }

    @Test func `products of either list are instruments, aliases and contracts are left out`() throws {
        let rows = """
            {"products":[{"product_id":"BTC-USD","volume_24h":"1","base_increment":"0.00000001","quote_increment":"0.01",\
            "quote_min_size":"1","base_min_size":"0.00000001","status":"online","trading_disabled":false,\
            "product_type":"SPOT","quote_currency_id":"USD","base_currency_id":"BTC","alias":"","alias_to":["BTC-USDC"],\
            "price_increment":"0.01"},{"product_id":"BTC-USDC","product_type":"SPOT","quote_currency_id":"USDC",\
            "base_currency_id":"BTC","alias":"BTC-USD"},{"product_id":"BIP-20DEC30-CDE","product_type":"FUTURE",\
            "quote_currency_id":"USD","base_currency_id":"BTC"}]}
            """
        let found = try list(rows)
        #expect(found.map(\.symbol) == ["BTC-USD"])
        #expect(found[0].tickSize?.description == "0.01" && found[0].minNotional?.description == "1")
        #expect(throws: DecodeError.self) { try self.list("[{]") }
        for (status, expected) in [
            ("online", InstrumentStatus.trading), ("offline", .halted), ("internal", .preTrading),
            ("delisted", .closed),
        ] {
            let row =
                "[{\"id\":\"A-B\",\"base_currency\":\"A\",\"quote_currency\":\"B\",\"status\":\"\(status)\"}]"
            #expect(try list(row)[0].status == expected)
        }
    }

    private func list(_ text: String) throws -> [Instrument] {
        try Array(text.utf8).withUnsafeBytes { try exchange.instruments(from: $0, market: nil) }
    }

    @Test func `a list of instruments is known by its URL`() {
        for url in [
            "https://api.pro.coinbase.com/products",
            "https://x/api/v3/brokerage/market/products?product_type=SPOT",
        ] {
            #expect(exchange.isInstrumentList(url: url))
        }
        #expect(!exchange.isInstrumentList(url: "https://x/products/BTC-USD/book?level=2"))
        for venue in [exchange, advanced] {
            let calls = venue.instrumentCalls(markets: [.coinbaseSpot])
            #expect(
                calls.count == 1 && calls.allSatisfy { venue.isInstrumentList(url: "https://x" + $0.path) }
            )
            #expect(venue.instrumentCalls(markets: []).isEmpty)
        }
    }

    @Test(.enabled(if: RecordedData.folder != nil, "MARKETBUS_RECORDED_DATA is not set"))
    func `the recorded list is read whole, and the recorded candles are`() throws {
        let bodies = try RecordedData.bodies("coinbase/rest/products.cryptofeed.jsonl")
        let found = try list(try #require(bodies.first))
        #expect(found.count == 162)
        #expect(
            found.allSatisfy {
                $0.tickSize != nil && $0.lotSize != nil && $0.minSize != nil && $0.minNotional != nil
            }
        )
        let candles = try RecordedData.bodies("coinbase/rest/exchange.xchange.jsonl").first {
            $0.hasPrefix("[[1517443740")
        }
        let query = VenueQuery.candles(CandleInterval(.minute1), from: 0, to: .max)
        let seen = bench().see(answer: try #require(candles), to: query, of: "BTC-USD", exchange)
        #expect(seen.count == 10 && seen == seen.sorted())
    }
}
