// Part of MarketBus. Apache License 2.0, see LICENSE.

import Binance
import Models
import VenueTestKit

/// The venue sheet's own frames, sections 3 and 4.
enum Frames {
    static let spotTrade = """
        {"e":"trade","E":1672515782139,"s":"BNBBTC","t":12345,"p":"0.001","q":"100","T":1672515782136,"m":true,"M":true}
        """
    static let spotAggTrade = """
        {"e":"aggTrade","E":1672515782139,"s":"BNBBTC","a":12345,"p":"0.001","q":"100","f":100,"l":105,\
        "T":1672515782136,"m":true,"M":true}
        """
    static let spotQuote = """
        {"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}
        """
    static let futuresQuote = """
        {"e":"bookTicker","u":400900217,"E":1568014460893,"T":1568014460891,"s":"BNBUSDT","ps":"BNBUSDT",\
        "b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000","st":1}
        """
    static let futuresAggTrade = """
        {"e":"aggTrade","E":1700000000123,"s":"BNBUSDT","a":5933014,"p":"310.10","q":"100","nq":"100","f":100,\
        "l":105,"T":1700000000120,"m":true,"st":1}
        """
    static let futuresTrade = """
        {"e":"trade","E":1700000000123,"T":1700000000120,"s":"BNBUSDT","t":77,"p":"310.10","q":"2","X":"MARKET",\
        "m":false}
        """

    static let spotTradeSeen = "trade BNB-BTC 12345 sell 0.001 x 100 at 1672515782136000"
    static let spotQuoteSeen = "quote BNB-USDT 400900217 25.3519 x 31.21 / 25.3652 x 40.66 at none"
    static let futuresQuoteSeen =
        "quote BNB-USDT-PERP 400900217 25.3519 x 31.21 / 25.3652 x 40.66 at 1568014460891000"
    static let futuresAggTradeSeen = "trade BNB-USDT-PERP 5933014 sell 310.1 x 100 at 1700000000120000"
    static let futuresTradeSeen = "trade BNB-USDT-PERP 77 buy 310.1 x 2 at 1700000000120000"

    /// Every kind that gives an event: market, frame, event and the fields without which there is none.
    static let all: [Sample] = [
        Sample(.spot, spotTrade, spotTradeSeen, ["s", "t", "p", "q", "m"]),
        Sample(.spot, spotAggTrade, spotTradeSeen, ["s", "a", "p", "q", "m"]),
        Sample(.spot, spotQuote, spotQuoteSeen, ["s", "b", "a"]),
        Sample(.usdm, futuresQuote, futuresQuoteSeen, ["s", "u", "b", "B", "a", "A"]),
        Sample(.usdm, futuresAggTrade, futuresAggTradeSeen, ["s", "a", "p", "q", "m"]),
        Sample(.usdm, futuresTrade, futuresTradeSeen, ["s", "t", "p", "q", "m"]),
    ]

    /// In the envelope of a combined stream.
    static func combined(_ frame: String, stream: String) -> String {
        "{\"stream\":\"\(stream)\",\"data\":\(frame)}"
    }
}

struct Sample: Sendable {
    let market: MarketID
    let frame: String
    let seen: String
    let required: [String]

    init(_ market: MarketID, _ frame: String, _ seen: String, _ required: [String]) {
        self.market = market
        self.frame = frame
        self.seen = seen
        self.required = required
    }

    /// The fields that must be numbers.
    var numbers: [String] { required.filter { $0 != "s" && $0 != "m" } }

    func bench() -> FrameBench { FrameBench(BinanceVenue(), market: market) }
}
