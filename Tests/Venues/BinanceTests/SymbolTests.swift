// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import Testing
import VenueKit

@testable import Binance

/// Names in both directions.
struct SymbolTests {
    @Test(arguments: [
        (MarketID.spot, "BTCUSDT", "BTC-USDT"), (.spot, "ETHBTC", "ETH-BTC"),
        (.spot, "BTCFDUSD", "BTC-FDUSD"),
        (.spot, "BTCTUSD", "BTC-TUSD"), (.spot, "USDTTRY", "USDT-TRY"),
        (.spot, "1000SATSUSDT", "1000SATS-USDT"),
        (.spot, "1INCHBTC", "1INCH-BTC"), (.spot, "币安人生USDT", "币安人生-USDT"),
        (.usdm, "BTCUSDT", "BTC-USDT-PERP"), (.usdm, "1000PEPEUSDT", "1000PEPE-USDT-PERP"),
        (.usdm, "BTCUSDC", "BTC-USDC-PERP"), (.usdm, "BTCUSDT_261225", "BTC-USDT-20261225"),
        (.usdm, "ETHBTC", "ETH-BTC-PERP"), (.coinm, "BTCUSD_PERP", "BTC-USD-PERP"),
        (.coinm, "BTCUSD_211231", "BTC-USD-20211231"), (.coinm, "BNBBUSD_220624", "BNBB-USD-20220624"),
    ])
    func `a name says what is traded`(_ market: MarketID, _ name: String, _ symbol: String) {
        let instrument = BinanceSymbols.infer(name, market: market)
        #expect(instrument?.symbol == symbol)
        #expect(instrument?.venueSymbol == name)
        #expect(instrument?.settle == (market == .coinm ? instrument?.base : instrument?.quote))
    }

    @Test(arguments: [
        (MarketID.spot, ""), (.spot, "USDT"), (.spot, "BTC"), (.spot, "BTCUSDT_261225"), (.spot, "BTC-USDT"),
        (.spot, "BTC USDT"), (.spot, "BTC\"USDT"), (.usdm, "BTCUSDT_26122"), (.usdm, "BTCUSDT_261332"),
        (.usdm, "BTCUSDT_261225_X"), (.coinm, "BTCUSDT"), (.coinm, "BTCUSD_"), (.coinm, "USD_PERP"),
        (.usdm, "_"),
    ])
    func `other names say nothing`(_ market: MarketID, _ name: String) {
        let isEmptySuffix = name.hasSuffix("_") && name.count > 1
        #expect(isEmptySuffix || BinanceSymbols.infer(name, market: market) == nil)
    }

    private func name(
        _ symbol: String,
        _ channel: Channel,
        _ market: MarketID,
        _ interval: CandleInterval? = nil
    ) -> String {
        BinanceSymbols.streamName(
            VenueStream(
                instrument: InstrumentID(index: 0),
                venueSymbol: symbol,
                channel: channel,
                market: market,
                interval: interval
            )
        )
    }

    @Test func `streams are named in lower case`() {
        #expect(name("BTCUSDT", .bbo, .spot) == "btcusdt@bookTicker")
        #expect(name("BTCUSDT", .trade, .spot) == "btcusdt@trade")
        #expect(name("1000PEPEUSDT", .trade, .usdm) == "1000pepeusdt@aggTrade")
        #expect(name("BTCUSD_PERP", .trade, .coinm) == "btcusd_perp@aggTrade")
        #expect(name("币安人生USDT", .bbo, .spot) == "币安人生usdt@bookTicker")
        #expect(name("BTCUSDT", .book, .spot) == "btcusdt@depth@100ms")
        #expect(name("BTCUSDT", .ticker, .usdm) == "btcusdt@ticker")
        #expect(name("BTCUSDT", .funding, .usdm) == "btcusdt@markPrice@1s")
        #expect(name("BTCUSDT", .liquidation, .usdm) == "btcusdt@forceOrder")
    }

    @Test func `candle streams carry their interval, and their zone where it is not UTC`() {
        #expect(name("BTCUSDT", .candle, .usdm, CandleInterval(.minute1)) == "btcusdt@kline_1m")
        #expect(name("BTCUSDT", .candle, .spot, CandleInterval(.month1)) == "btcusdt@kline_1M")
        #expect(
            name("BTCUSDT", .candle, .spot, CandleInterval(.day1, zoneHours: 8)) == "btcusdt@kline_1d@+08:00"
        )
        let spot = BinanceVenue().candleIntervals(.spot).map(\.name)
        #expect(spot.count == Set(spot).count && spot.count == 16 + 6)
        #expect(spot.contains("1s") && spot.contains("12h+8") && !spot.contains("4h+8"))
        let futures = BinanceVenue().candleIntervals(.usdm).map(\.name)
        #expect(futures.count == 15 && !futures.contains("1s") && !futures.contains("1d+8"))
    }
}
