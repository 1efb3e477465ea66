// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import Testing
import VenueKit
import VenueTestKit

@testable import HTX

/// REST calls, their answers, and the recorded instrument lists.
struct AnswerTests {
    private let venue = HTXVenue()
    private let bench = Frames.bench()

    private func path(_ name: String, _ query: VenueQuery) -> String? {
        HTXSymbols.infer(name).flatMap { venue.call(query, of: $0)?.path }
    }

    private func see(_ answer: String, _ query: VenueQuery, of symbol: String) -> [String] {
        bench.see(answer: answer, to: query, of: symbol, venue)
    }

    @Test func `calls name what the documents name`() {
        let hour = VenueQuery.candles(
            CandleInterval(.hour1),
            from: 1_603_695_060_000_000,
            to: 1_603_698_660_000_000
        )
        #expect(path("btcusdt", hour) == "/market/history/kline?symbol=btcusdt&period=60min&size=2000")
        #expect(
            path("BTC-USDT", hour)
                == "/linear-swap-ex/market/history/kline?contract_code=BTC-USDT&period=60min&from=1603695060&to=1603698659"
        )
        #expect(path("BTC-USD", .book(depth: 20)) == "/swap-ex/market/depth?contract_code=BTC-USD&type=step0")
        #expect(path("BTC210924", .ticker) == "/market/detail/merged?symbol=BTC210924")
        #expect(
            path("BTC-USDT", .trades(limit: 5000, beforeID: nil))
                == "/linear-swap-ex/market/history/trade?contract_code=BTC-USDT&size=2000"
        )
        #expect(path("BTC-USDT", .funding) == "/linear-swap-api/v1/swap_funding_rate?contract_code=BTC-USDT")
        #expect(
            path("BTC-USD", .fundingHistory(from: 0, to: 1))
                == "/swap-api/v1/swap_historical_funding_rate?contract_code=BTC-USD&page_size=50"
        )
        #expect(path("BTC210924", .openInterest) == "/api/v1/contract_open_interest?contract_code=BTC210924")
        #expect(path("btcusdt", .openInterest) == nil && path("btcusdt", .funding) == nil)
        #expect(path("BTC210924", .funding) == nil)
        #expect(path("btcusdt", .candles(CandleInterval(.minute3), from: 0, to: 1)) == nil)
        #expect(path("btcusdt", .trades(limit: 1, beforeID: ShortText("7"))) == nil)
    }

    @Test func `trades are sorted, whatever the order of the answer`() {
        let answer = """
            {"ch":"market.BTC-USDT.trade.detail","data":[{"data":[{"amount":4,"direction":"sell","id":12,"price":2,"ts":9}],\
            "id":131476788,"ts":9},{"data":[{"amount":2,"direction":"buy","id":11,"price":13081.3,\
            "ts":8,"quantity":0.002,"trade_turnover":26.1626}],"id":131476787,"ts":8}],"status":"ok","ts":1603695388965}
            """
        #expect(
            see(answer, .trades(limit: 2, beforeID: nil), of: "BTC-USDT-PERP") == [
                "trade BTC-USDT-PERP 11 buy 13081.3 x 0.002 at 8000",
                "trade BTC-USDT-PERP 12 sell 2 x 0.004 at 9000",
            ]
        )
    }

    @Test func `candles outside the range are left out`() {
        let answer = """
            {"ch":"market.BTC-USDT.kline.1min","data":[{"amount":1,"close":1,"count":1,"high":1,"id":1603695120,"low":1,\
            "open":1,"trade_turnover":1,"vol":1},{"amount":0.004,"close":13076.8,"count":1,"high":13076.8,"id":1603695060,\
            "low":13076.8,"open":13076.8,"trade_turnover":52.3072,"vol":4}],"status":"ok","ts":1603695099234}
            """
        let minute = VenueQuery.candles(
            CandleInterval(.minute1),
            from: 1_603_695_060_000_000,
            to: 1_603_695_120_000_000
        )
        #expect(
            see(answer, minute, of: "BTC-USDT-PERP") == [
                "candle BTC-USDT-PERP 1m 1603695060000000 13076.8 13076.8 13076.8 13076.8 volume 0.004 quote 52.3072 "
                    + "trades 1 unflagged at 1603695099234000"
            ]
        )
    }

    @Test func `book, ticker, funding and open interest`() {
        let book = """
            {"ch":"market.BTC-USDT.depth.step0","status":"ok","tick":{"asks":[[13084.2,168]],"bids":[[13084,38]],\
            "ch":"market.BTC-USDT.depth.step0","id":1603694838,"mrid":131471527,"ts":1603694838167,"version":1603694838},\
            "ts":1603694838240}
            """
        #expect(
            see(book, .book(depth: 150), of: "BTC-USDT-PERP") == [
                "book BTC-USDT-PERP snapshot none/131471527/none 13084 x 0.038 | 13084.2 x 0.168 at 1603694838167000"
            ]
        )
        let ticker = """
            {"ch":"market.BTC-USDT.detail.merged","status":"ok","tick":{"amount":"12.526","ask":[13084.2,131],\
            "bid":[13082.9,38],"close":"13076.8","count":2920,"high":"13205.3","id":1603695162,"low":"12877.5",\
            "open":"12916.2","trade_turnover":"163247.3982","ts":1603695162580,"vol":"12526"},"ts":1603695162580}
            """
        #expect(
            see(ticker, .ticker, of: "BTC-USDT-PERP") == [
                "ticker BTC-USDT-PERP 13076.8 open 12916.2 high 13205.3 low 12877.5 volume 12.526 quote 163247.3982 "
                    + "number none at 1603695162580000"
            ]
        )
        let interest = """
            {"status":"ok","data":[{"volume":78696,"amount":78.696,"symbol":"BTC","value":3823138.2456,\
            "contract_code":"BTC-USDT"},{"volume":1,"contract_code":"BTC-USDT-211217"}],"ts":1638754059540}
            """
        #expect(
            see(interest, .openInterest, of: "BTC-USDT-PERP") == [
                "open_interest BTC-USDT-PERP contracts 78696 base 78.696 quote 3823138.2456 at 1638754059540000"
            ]
        )
        #expect(see(interest, .openInterest, of: "BTC-USD-PERP") == ["dead missing_field contract_code"])
    }

    @Test func `a REST funding time is when the rate is charged`() {
        let funding = """
            {"status":"ok","data":{"estimated_rate":"0.0001","funding_rate":"0.000100000000000000",\
            "contract_code":"BTC-USDT","symbol":"BTC","fee_asset":"USDT","funding_time":"1603699200000"},"ts":1603696494714}
            """
        #expect(
            see(funding, .funding, of: "BTC-USDT-PERP") == [
                "funding BTC-USDT-PERP 0.0001 next 1603699200000000 every none mark none index none at 1603696494714000"
            ]
        )
        let history = """
            {"status":"ok","data":{"total_page":14,"current_page":1,"total_size":14,"data":[{"funding_rate":"0.0003",\
            "funding_time":"1603699200000"},{"avg_premium_index":"0.00004","funding_rate":"0.000100000000000000",\
            "funding_time":"1603670400000","contract_code":"BTC-USDT"}]},"ts":1603696680599}
            """
        #expect(
            see(history, .fundingHistory(from: 0, to: 1_603_699_200_000_000), of: "BTC-USDT-PERP") == [
                "funding BTC-USDT-PERP 0.0001 next 1603670400000000 every none mark none index none at 1603670400000000"
            ]
        )
    }

    @Test func `an error is no answer`() {
        for query in [VenueQuery.ticker, .funding, .book(depth: 1), .trades(limit: 1, beforeID: nil)] {
            let error = #"{"status":"error","err_code":1014,"err_msg":"x","ts":1}"#
            #expect(see(error, query, of: "BTC-USDT-PERP") == ["dead bad_field status"])
            #expect(see("{\"status\":\"ok\"}", query, of: "BTC-USDT-PERP")[0].hasPrefix("dead missing_field"))
            #expect(see("{", query, of: "BTC-USDT-PERP")[0].hasPrefix("dead malformed"))
        }
    }

    private func listed(_ body: String) throws -> [Instrument] {
        try Array(body.utf8).withUnsafeBytes { try venue.instruments(from: $0, market: nil) }
    }

    @Test func `both spellings of the spot list`() throws {
        let short = """
            {"status":"ok","data":[{"symbol":"btcusdt","state":"online","bc":"btc","qc":"usdt","pp":2,"ap":6,"sp":"main",\
            "vp":8,"minoa":0.0001,"maxoa":1000,"minov":10,"at":"enabled"}],"ts":"1641880897191","full":1}
            """
        let instrument = try #require(try listed(short).first)
        #expect(instrument.symbol == "BTC-USDT" && instrument.market == .htxSpot)
        #expect(instrument.tickSize?.description == "0.01" && instrument.lotSize?.description == "0.000001")
        #expect(instrument.minSize?.description == "0.0001" && instrument.minNotional?.description == "10")
        let long = """
            {"status":"ok","data":[{"base-currency":"yee","quote-currency":"btc","price-precision":10,"amount-precision":2,\
            "symbol":"yeebtc","state":"offline","min-order-amt":1,"min-order-value":0.0001}]}
            """
        let old = try #require(try listed(long).first)
        #expect(old.symbol == "YEE-BTC" && old.status == .closed && old.lotSize?.description == "0.01")
    }

    @Test func `a contract's alias passes on to its successor`() throws {
        func list(_ code: String, _ type: String) -> String {
            """
            {"status":"ok","data":[{"symbol":"BTC","contract_code":"\(code)","contract_type":"\(type)",\
            "contract_size":100.0,"price_tick":0.010,"delivery_time":"1619164800000","contract_status":1}]}
            """
        }
        let table = InstrumentTable()
        let quarter = try #require(try listed(list("BTC210924", "quarter")).first)
        #expect(quarter.alias == "BTC_CQ" && quarter.contractSize?.description == "100")
        #expect(quarter.expiryMicroseconds == 1_619_164_800_000_000 && quarter.settle == "BTC")
        let old = table.upsert(quarter)
        #expect(table.index(of: .htxFutures).find("BTC_CQ") == old)
        let next = table.upsert(try #require(try listed(list("BTC211231", "quarter")).first))
        #expect(table.index(of: .htxFutures).find("BTC_CQ") == next && next != old)
        #expect(table.index(of: .htxFutures).find("BTC210924") == old)
        let linear = try #require(try listed(list("BTC-USDT-211210", "this_week")).first)
        #expect(linear.alias == "BTC-USDT-CW" && linear.market == .htxLinear)
    }

    @Test(.enabled(if: RecordedData.folder != nil, "MARKETBUS_RECORDED_DATA is not set"))
    func `the recorded lists`() throws {
        let lists = [
            ("htx/rest/spot_symbols.cryptofeed.jsonl", 938),
            ("htx/rest/swap_contract_info.cryptofeed.jsonl", 171),
            ("htx/rest/contract_info.cryptofeed.jsonl", 52),
        ]
        for (file, count) in lists {
            let found = try RecordedData.bodies(file).flatMap { try listed($0) }
            #expect(found.count == count)
            #expect(found.allSatisfy { $0.kind == .spot || $0.contractSize != nil })
        }
    }

    @Test func `an instrument list is known by its path`() {
        for url in [
            "https://api.huobi.pro/v1/common/symbols", "/v1/settings/common/market-symbols",
            "https://api.hbdm.com/linear-swap-api/v1/swap_contract_info?business_type=all",
            "https://www.hbdm.com/api/v1/contract_contract_info",
        ] {
            #expect(venue.isInstrumentList(url: url))
        }
        #expect(!venue.isInstrumentList(url: "https://api.huobi.pro/market/depth?symbol=x"))
        #expect(venue.instrumentCalls(markets: venue.profile.markets).count == 4)
    }
}
