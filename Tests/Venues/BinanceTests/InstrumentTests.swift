// Part of MarketBus. Apache License 2.0, see LICENSE.

import Foundation
import Models
import Testing
import VenueKit
import VenueTestKit

@testable import Binance

/// Instrument lists: the sheet's samples, odd ones, and the recorded ones where they are.
struct InstrumentTests {
    private static let spot = """
        {"timezone":"UTC","symbols":[{"symbol":"ETHBTC","status":"TRADING","baseAsset":"ETH","baseAssetPrecision":8,\
        "quoteAsset":"BTC","quoteAssetPrecision":8,"orderTypes":["LIMIT","MARKET"],"isSpotTradingAllowed":true,\
        "filters":[{"filterType":"PRICE_FILTER","minPrice":"0.00001000","maxPrice":"922327.00000000","tickSize":\
        "0.00001000"},{"filterType":"LOT_SIZE","minQty":"0.00010000","maxQty":"100000.00000000","stepSize":\
        "0.00010000"},{"filterType":"NOTIONAL","minNotional":"0.00010000","applyMinToMarket":true}],\
        "permissionSets":[["SPOT","MARGIN"]]}]}
        """
    private static let usdm = """
        {"symbols":[{"symbol":"BLZUSDT","pair":"BLZUSDT","contractType":"PERPETUAL","deliveryDate":4133404800000,\
        "onboardDate":1598252400000,"status":"TRADING","baseAsset":"BLZ","quoteAsset":"USDT","marginAsset":"USDT",\
        "pricePrecision":5,"filters":[{"filterType":"PRICE_FILTER","tickSize":"0.0001"},{"filterType":"LOT_SIZE",\
        "minQty":"1","stepSize":"1"},{"filterType":"MARKET_LOT_SIZE","minQty":"2","stepSize":"2"},\
        {"filterType":"MIN_NOTIONAL","notional":"5.0"}]},{"symbol":"BTCUSDT_261225","contractType":"CURRENT_QUARTER",\
        "deliveryDate":1798185600000,"status":"PENDING_TRADING","baseAsset":"BTC","quoteAsset":"USDT","marginAsset":\
        "USDT","filters":[]}]}
        """
    private static let coinm = """
        {"symbols":[{"symbol":"BTCUSD_PERP","contractType":"PERPETUAL","deliveryDate":4133404800000,"contractStatus":\
        "TRADING","contractSize":100,"baseAsset":"BTC","quoteAsset":"USD","marginAsset":"BTC","filters":[]}]}
        """

    private func list(_ text: String, market: MarketID?) throws -> [Instrument] {
        var copy = text
        return try copy.withUTF8 {
            try BinanceVenue().instruments(from: UnsafeRawBufferPointer($0), market: market)
        }
    }

    @Test(arguments: [MarketID.spot, nil]) func `the spot sample`(_ market: MarketID?) throws {
        let one = try #require(try list(Self.spot, market: market).first)
        #expect(one.symbol == "ETH-BTC" && one.venueSymbol == "ETHBTC" && one.market == .spot)
        #expect(
            one.kind == .spot && one.settle == "BTC" && one.contractSize == nil
                && one.expiryMicroseconds == nil
        )
        #expect(one.tickSize?.description == "0.00001" && one.lotSize?.description == "0.0001")
        #expect(one.minSize?.description == "0.0001" && one.minNotional?.description == "0.0001")
        #expect(one.status == .trading)
        #expect(one.makerFee?.description == "0.001" && one.takerFee?.description == "0.001")
    }

    @Test(arguments: [MarketID.usdm, nil]) func `the futures sample and a dated one`(
        _ market: MarketID?
    ) throws {
        let found = try list(Self.usdm, market: market)
        #expect(found.map(\.symbol) == ["BLZ-USDT-PERP", "BTC-USDT-20261225"])
        #expect(found.map(\.kind) == [.linearPerpetual, .linearFuture])
        #expect(found.allSatisfy { $0.market == .usdm && $0.contractSize == .one && $0.settle == "USDT" })
        #expect(found[0].lotSize?.description == "1" && found[0].minNotional?.description == "5")
        #expect(found[0].expiryMicroseconds == nil)
        #expect(found[1].expiryMicroseconds == 1_798_185_600_000_000)
        #expect(found[1].status == .preTrading)
        #expect(found[0].makerFee?.description == "0.0002" && found[0].takerFee?.description == "0.0005")
    }

    @Test(arguments: [MarketID.coinm, nil]) func `an inverse contract`(_ market: MarketID?) throws {
        let one = try #require(try list(Self.coinm, market: market).first)
        #expect(one.symbol == "BTC-USD-PERP" && one.kind == .inversePerpetual && one.market == .coinm)
        #expect(one.settle == "BTC" && one.contractSize?.description == "100" && one.status == .trading)
    }

    @Test func `one odd listing costs none of the others`() throws {
        let odd = """
            {"symbols":[{"symbol":"BTCUSDT_261225","baseAsset":"BTC","quoteAsset":"USDT","contractType":"NEXT_QUARTER",\
            "deliveryDate":9223372036854775807,"contractSize":"x","filters":[{"filterType":null,"tickSize":"NaN"}]},\
            {"symbol":"A\\"B","baseAsset":"A","quoteAsset":"B","filters":[]},{"symbol":[],"baseAsset":{}},{},\
            {"symbol":"ETHUSDT","status":"BREAK","contractType":"","baseAsset":"ETH","quoteAsset":"USDT",\
            "deliveryDate":""}]}
            """
        let found = try list(odd, market: .usdm)
        #expect(found.map(\.symbol) == ["BTC-USDT-20261225", "ETH-USDT-PERP"])
        #expect(found[0].expiryMicroseconds == nil && found[1].status == .halted)
    }

    @Test func `a list that is cut or none at all is an error`() throws {
        let bytes = Array(Self.usdm.utf8)
        for length in stride(from: 0, to: bytes.count, by: 7) {
            #expect(throws: DecodeError.self) {
                try self.list(String(decoding: bytes[..<length], as: UTF8.self), market: .usdm)
            }
        }
        #expect(throws: DecodeError.self) { try self.list("[]", market: .spot) }
        #expect(throws: DecodeError.self) { try self.list("{\"symbols\":{}}", market: .spot) }
        #expect(try list("{}", market: .spot).isEmpty)
        #expect(try list("{\"code\":-1003,\"msg\":\"x\"}", market: .spot).isEmpty)
    }

    @Test func `each market has its own list`() {
        let calls = BinanceVenue().instrumentCalls(markets: [.spot, .usdm, .coinm, MarketID("option")])
        #expect(
            calls.map { "\($0.endpoint)\($0.path)" } == [
                "spot_rest/api/v3/exchangeInfo", "usdm_rest/fapi/v1/exchangeInfo",
                "coinm_rest/dapi/v1/exchangeInfo",
            ]
        )
        #expect(calls.allSatisfy { BinanceVenue().isInstrumentList(url: "https://x" + $0.path) })
        #expect(!BinanceVenue().isInstrumentList(url: "https://x/sapi/v1/convert/exchangeInfo"))
    }

    @Test(
        .enabled(if: RecordedData.folder != nil, "MARKETBUS_RECORDED_DATA is not set"),
        arguments: [("spot", 1000, MarketID.spot), ("futures", 100, .usdm), ("delivery", 30, .coinm)]
    )
    func `the recorded lists are read whole`(_ name: String, _ least: Int, _ market: MarketID) throws {
        let bodies = try RecordedData.bodies("binance/rest/\(name)_exchangeInfo.cryptofeed.jsonl")
        let found = try bodies.flatMap { try list($0, market: nil) }
        #expect(found.count >= least)
        #expect(
            found.count == bodies.reduce(0) { $0 + $1.components(separatedBy: "{\"symbol\":\"").count - 1 }
        )
        #expect(found.allSatisfy { $0.market == market && $0.tickSize != nil && $0.lotSize != nil })
        #expect(
            market != .coinm || found.allSatisfy { $0.contractSize?.isPositive == true && $0.kind.isInverse }
        )
        let isDated = { (one: Instrument) in one.kind == .linearFuture || one.kind == .inverseFuture }
        #expect(found.allSatisfy { isDated($0) == ($0.expiryMicroseconds != nil) })
        // What the names alone say agrees with what the lists say, but for a few names of the market's own making.
        let split = found.filter { BinanceSymbols.infer($0.venueSymbol, market: market)?.symbol == $0.symbol }
        #expect(split.count * 100 >= found.count * 97, "\(split.count) of \(found.count)")
    }
}
