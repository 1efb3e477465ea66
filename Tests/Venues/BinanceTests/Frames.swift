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

    static let spotTicker = """
        {"e":"24hrTicker","E":1672515782136,"s":"BNBBTC","p":"0.0015","P":"250.00","w":"0.0018","x":"0.0009",\
        "c":"0.0025","Q":"10","b":"0.0024","B":"10","a":"0.0026","A":"100","o":"0.0010","h":"0.0026","l":"0.0009",\
        "v":"10000","q":"18","O":0,"C":86400000,"F":0,"L":18150,"n":18151}
        """
    static let futuresTicker = """
        {"e":"24hrTicker","E":1700000000123,"s":"BNBUSDT","p":"0.0015","P":"250.00","w":"0.0018","c":"0.0025",\
        "Q":"10","o":"0.0010","h":"0.0026","l":"0.0009","v":"10000","q":"18","O":0,"C":86400000,"F":0,"L":18150,\
        "n":18151,"ps":"BNBUSDT","st":1}
        """
    static let miniTicker = """
        {"e":"24hrMiniTicker","E":1672515782136,"s":"BNBBTC","c":"0.0025","o":"0.0010","h":"0.0026","l":"0.0009",\
        "v":"10000","q":"18"}
        """
    static let markPrice = """
        {"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15000000","i":"11784.62659091",\
        "P":"11784.25641265","r":"0.00038167","ap":"11794.15000000","T":1562306400000,"st":1}
        """

    static let tickerSeen =
        "ticker BNB-BTC 0.0025 open 0.001 high 0.0026 low 0.0009 volume 10000 quote 18 number none "
        + "at 1672515782136000"
    static let futuresTickerSeen =
        "ticker BNB-USDT-PERP 0.0025 open 0.001 high 0.0026 low 0.0009 volume 10000 quote 18 number none "
        + "at 1700000000123000"
    static let markPriceSeen =
        "funding BTC-USDT-PERP 0.00038167 next 1562306400000000 every none mark 11794.15 index 11784.62659091 at 1562305380000000"
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
        Sample(.spot, spotTicker, tickerSeen, ["s", "c"]),
        Sample(.spot, miniTicker, tickerSeen, ["s", "c"]),
        Sample(.usdm, futuresTicker, futuresTickerSeen, ["s", "c"]),
        Sample(.usdm, markPrice, markPriceSeen, ["s", "p"]),
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
