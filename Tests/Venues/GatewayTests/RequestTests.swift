// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import Secrets
import Testing
import VenueKit
import VenueTestKit

@testable import Gateway

/// The greeting, subscriptions, REST calls and answers.
struct RequestTests {
    private let venue = GatewayVenue(token: Secret("a \"secret\"\n".utf8))

    private func stream(_ symbol: String, _ channel: Channel, _ interval: String? = nil) -> VenueStream {
        VenueStream(
            instrument: InstrumentID(index: 0),
            venueSymbol: symbol,
            channel: channel,
            market: .gatewaySpot,
            interval: interval.flatMap { CandleInterval(name: $0) }
        )
    }

    @Test func `CONNECT comes first, with the token, the market and the largest group of streams`() {
        let streams = [
            stream("SOL-USDT", .trade), stream("BTC-USDT", .trade), stream("BTC-USDT", .bbo),
            stream("BTC-USDT", .candle, "1m"),
            stream("ETH-USDT", .candle, "1m"), stream("ETH-USDT", .trade), stream("ETH-USDT", .bbo),
        ]
        #expect(
            venue.greeting(for: streams)
                == """
                {"type":"CONNECT","csrf_token":"a \\"secret\\"\\u000a","market_type":"spot","symbols":["BTC-USDT","ETH-USDT"],\
                "resolutions":["1m"],"ticks":["quote","trade"]}
                """
        )
        #expect(
            GatewayVenue().greeting(for: [])
                == """
                {"type":"CONNECT","csrf_token":"","market_type":"spot","symbols":[],"resolutions":[],"ticks":[]}
                """
        )
    }

    @Test func `other streams are asked for in groups, each with a request of its own`() {
        let streams = [stream("SOL-USDT", .trade), stream("BTC-USDT", .bbo), stream("ETH-USDT", .trade)]
        let frames = venue.subscribeFrames(streams, firstRequest: 7)
        #expect(
            frames.map(\.text) == [
                """
                {"type":"SUBSCRIBE","request":"7","symbols":["SOL-USDT","ETH-USDT"],"resolutions":[],"ticks":["trade"]}
                """,
                """
                {"type":"SUBSCRIBE","request":"8","symbols":["BTC-USDT"],"resolutions":[],"ticks":["quote"]}
                """,
            ]
        )
        #expect(frames.map(\.request) == [7, 8] && frames.map(\.streams.count) == [2, 1])
        #expect(
            venue.unsubscribeFrames(streams, firstRequest: 1)[0].text.hasPrefix("{\"type\":\"UNSUBSCRIBE\",")
        )
    }

    @Test func `a token is shown by nothing but the greeting`() {
        #expect(!"\(venue)".contains("secret") || "\(venue)".contains("Secrets.Secret"))
        var text = ""
        dump(venue, to: &text)
        #expect(!text.contains("a \""))
    }

    @Test func `a connection carries one market`() {
        let mixed = [stream("BTC-USDT", .trade), stream("BTC-USDT-PERP", .trade)].enumerated().map {
            place,
            stream in
            var stream = stream
            stream.market = place == 0 ? .gatewaySpot : .gatewayLinear
            return PlannedStream(stream, endpoint: "ws")
        }
        var planner = ConnectionPlanner(
            streamsPerConnection: 450,
            mixesMarkets: venue.profile.mixesMarkets
        )
        let plans = planner.setWanted(mixed).map(\.plan)
        #expect(plans.map(\.streams.count) == [1, 1] && plans.map(\.endpoint) == ["ws", "ws"])
    }

    private func path(_ query: VenueQuery) -> String? {
        GatewaySymbols.infer("BTC-USDT").flatMap { venue.call(query, of: $0)?.path }
    }

    @Test func `calls name what the page names`() {
        #expect(path(.trades(limit: 5000, beforeID: nil)) == "/v1/trades?symbol=BTC-USDT&limit=1000")
        #expect(
            path(.trades(limit: 10, beforeID: ShortText("107")))
                == "/v1/trades?symbol=BTC-USDT&from_id=97&limit=10"
        )
        #expect(
            path(.trades(limit: 10, beforeID: ShortText("4")))
                == "/v1/trades?symbol=BTC-USDT&from_id=0&limit=4"
        )
        #expect(path(.trades(limit: 10, beforeID: ShortText("x"))) == nil)
        #expect(
            path(.candles(CandleInterval(.hour1), from: 5, to: 9))
                == "/v1/bars?symbol=BTC-USDT&resolution=1h&from_us=5&to_us=9"
        )
        #expect(path(.candles(CandleInterval(.minute3), from: 5, to: 9)) == nil)
        for query in [VenueQuery.book(depth: 5), .ticker, .funding, .openInterest] {
            #expect(path(query) == nil)
        }
    }

    @Test func `answers are rows of the same messages`() throws {
        let table = InstrumentTable()
        table.upsert(try #require(GatewaySymbols.infer("BTC-USDT")))
        let bench = FrameBench(venue, instruments: table)
        let trades = "{\"symbol\":\"BTC-USDT\",\"trades\":[\(FrameText(Frames.trade.frame).without("type"))]}"
        #expect(
            bench.see(answer: trades, to: .trades(limit: 1, beforeID: nil), of: "BTC-USDT", venue)
                == Frames.trade.seen
        )
        let bars = "{\"bars\":[\(FrameText(Frames.bar.frame).without("resolution"))],\"resolution\":\"1m\"}"
        let query = VenueQuery.candles(CandleInterval(.minute1), from: 0, to: 1)
        #expect(bench.see(answer: bars, to: query, of: "BTC-USDT", venue) == Frames.bar.seen)
        for bad in [
            "{}", "[]", "{\"bars\":{}}", "{\"bars\":[1]}", "{\"bars\":[{}]}", "{\"code\":\"INTERNAL\"}",
        ] {
            #expect(bench.see(answer: bad, to: query, of: "BTC-USDT", venue)[0].hasPrefix("dead"), "\(bad)")
        }
    }

    @Test func `instruments are read, and what no symbol names is left out`() throws {
        let rows = """
            {"instruments":[{"symbol":"BTC-USDT","market_type":"spot","base":"BTC","quote":"USDT","settle":null,\
            "tick_size":"0.01","lot_size":"0.00001","min_size":"0.00001","contract_size":null,"status":"trading"},\
            {"symbol":"BTC-USD-PERP","market_type":"inverse","base":"BTC","quote":"USD","settle":"BTC","tick_size":"0.1",\
            "lot_size":"1","min_size":"1","contract_size":"100","status":"halted"},{"symbol":"?","market_type":"spot"},\
            {"symbol":"BTC-USDT","market_type":"linear"},{}]}
            """
        let found = try Array(rows.utf8).withUnsafeBytes {
            try venue.instruments(from: $0, market: .gatewaySpot)
        }
        #expect(found.map(\.symbol) == ["BTC-USDT", "BTC-USD-PERP"])
        #expect(
            found.map(\.kind) == [.spot, .inversePerpetual] && found.map(\.status) == [.trading, .halted]
        )
        #expect(found[1].contractSize?.description == "100" && found[1].settle == "BTC")
        let calls = venue.instrumentCalls(markets: venue.profile.markets)
        #expect(
            calls.map(\.path) == ["spot", "linear", "inverse"].map { "/v1/instruments?market_type=\($0)" }
        )
        #expect(calls.allSatisfy { venue.isInstrumentList(url: "http://x/gateway" + $0.path) })
    }
}
