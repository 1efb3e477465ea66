// Part of MarketBus. Apache License 2.0, see LICENSE.

import Binance
import FixedPoint
import Models
import Testing
import VenueKit
import VenueTestKit

/// Which market, and so which instrument, a frame is of.
struct MarketTests {
    private func quote(_ symbol: String, market: MarketID?, mark: String? = nil) -> String {
        var frame = FrameText(Frames.futuresQuote).without("st").with("s", "\"\(symbol)\"")
        if let mark { frame = frame.with("st", mark) }
        let seen = FrameBench(BinanceVenue(), market: market).see(frame.description)[0]
        return seen.split(separator: " ").dropFirst().first.map(String.init) ?? seen
    }

    @Test func `the gateway's mark wins over the connection, on futures`() {
        #expect(quote("BTCUSDT", market: .usdm, mark: "1") == "BTC-USDT-PERP")
        #expect(quote("BTCUSD_PERP", market: .usdm, mark: "2") == "BTC-USD-PERP")
        #expect(quote("BNBBUSD_220624", market: .usdm, mark: "1") == "BNB-BUSD-20220624")
        #expect(quote("BNBBUSD_220624", market: .coinm, mark: "2") == "BNBB-USD-20220624")
        #expect(quote("BTCUSDT", market: .spot, mark: "2") == "BTC-USDT")
        #expect(quote("BTCUSDT", market: .usdm, mark: "3") == "BTC-USDT-PERP")
        #expect(quote("BTCUSDT", market: .usdm, mark: "[]") == "BTC-USDT-PERP")
        #expect(quote("BTCUSD_PERP", market: nil, mark: "\"2\"") == "BTC-USD-PERP")
    }

    @Test func `without connection or mark the frame shows its market`() {
        #expect(quote("BTCUSDT", market: nil) == "BTC-USDT-PERP")
        #expect(quote("BTCUSD_PERP", market: nil) == "BTC-USD-PERP")
        #expect(quote("BTCUSD_211231", market: nil) == "BTC-USD-20211231")
        #expect(quote("XUSD_211231", market: nil) == "X-USD-20211231")
        #expect(quote("BTCUSDT_261225", market: nil) == "BTC-USDT-20261225")
        #expect(quote("BTCBUSD_210129", market: nil) == "BTC-BUSD-20210129")
        let bench = FrameBench(BinanceVenue())
        #expect(bench.see(Frames.spotQuote) == [Frames.spotQuoteSeen])
        #expect(bench.see(Frames.spotTrade) == [Frames.spotTradeSeen])
        #expect(bench.see(Frames.futuresAggTrade) == [Frames.futuresAggTradeSeen])
    }

    @Test func `only market trades of the futures' own trade stream are trades`() {
        let trade = FrameText(Frames.futuresTrade)
        let futures = FrameBench(BinanceVenue(), market: .usdm)
        for cause in ["INSURANCE_FUND", "ADL", "NA", ""] {
            #expect(futures.see(trade.with("X", "\"\(cause)\"").description) == ["ignored no market trade"])
        }
        #expect(futures.see(trade.without("X").description) == [Frames.futuresTradeSeen])
        let spot = FrameBench(BinanceVenue(), market: .spot)
        #expect(spot.see(trade.with("X", "\"ADL\"").description)[0].hasPrefix("trade BNB-USDT 77"))
        let aggregate = FrameText(Frames.futuresAggTrade).with("X", "\"ADL\"").description
        #expect(futures.see(aggregate) == [Frames.futuresAggTradeSeen])
    }

    @Test func `the instrument list wins over the name, and markets share names`() throws {
        let table = InstrumentTable()
        var listed = Instrument(
            venue: BinanceVenue.id,
            market: .spot,
            venueSymbol: "BNBBTC",
            kind: .spot,
            base: "BNBB",
            quote: "TC",
            settle: "TC"
        )
        listed.contractSize = nil
        table.upsert(listed)
        let spot = FrameBench(BinanceVenue(), market: .spot, instruments: table)
        #expect(spot.see(Frames.spotTrade)[0].hasPrefix("trade BNBB-TC "))
        let futures = FrameBench(BinanceVenue(), market: .usdm, instruments: table)
        #expect(futures.see(Frames.spotTrade)[0].hasPrefix("trade BNB-BTC-PERP "))
        #expect(table.instruments.count == 2)
        #expect(spot.see(Frames.spotTrade)[0].hasPrefix("trade BNBB-TC "))
        #expect(table.instruments.count == 2)
    }

    @Test(arguments: [
        ("wss://stream.binance.com:9443/stream", MarketID.spot), ("wss://fstream.binance.com/public", .usdm),
        ("wss://dstream.binance.com/ws", .coinm), ("https://api.binance.com/api/v3/exchangeInfo", .spot),
        ("https://fapi.binance.com/fapi/v1/exchangeInfo", .usdm),
        ("https://dapi.binance.com/dapi/v1/x", .coinm),
        ("wss://data-stream.binance.vision/ws", .spot), ("binance/futures", .usdm), ("delivery", .coinm),
    ])
    func `URLs and recorders' names show the market`(_ text: String, _ market: MarketID) {
        #expect(BinanceVenue().market(shownBy: text) == market)
    }

    @Test func `other texts show no market`() {
        #expect(BinanceVenue().market(shownBy: "") == nil)
        #expect(BinanceVenue().market(shownBy: "ws-1") == nil)
    }
}
