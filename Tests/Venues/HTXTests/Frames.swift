// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import VenueKit
import VenueTestKit

@testable import HTX

/// Frames of the venue sheet and of the recordings, whole.
enum Frames {
    /// A bench whose contracts are listed: 0.001 BTC and 0.01 ETH, 100 and 10 USD, and the quarter's BTC.
    static func bench() -> FrameBench {
        let table = InstrumentTable()
        let listed: [(name: String, size: String, type: String?)] = [
            ("BTC-USDT", "0.001", nil), ("ETH-USDT", "0.01", nil), ("BTC-USD", "100", nil),
            ("BTC210924", "100", "quarter"), ("BTC-USDT-211210", "0.001", "this_week"),
        ]
        for row in listed {
            guard var instrument = HTXSymbols.infer(row.name) else { continue }
            instrument.contractSize = try? ScaledDecimal(row.size)
            instrument.alias = HTXSymbols.alias(of: instrument, contractType: row.type)
            table.upsert(instrument)
        }
        return FrameBench(HTXVenue(), instruments: table)
    }

    static let spotTrade = Sample(
        "market.zeneth.trade.detail",
        """
        {"id":100373972746,"ts":1618678006262,"data":[{"id":100373972746255757500235867,"ts":1618678006262,\
        "tradeId":100039973212,"amount":7.2,"price":0.051598,"direction":"sell"},{"id":100373972746255757533397552,\
        "ts":1618678006262,"tradeId":100039973211,"amount":7.2,"price":0.051598,"direction":"buy"}]}
        """,
        [
            "trade ZEN-ETH 100039973211 buy 0.051598 x 7.2 at 1618678006262000",
            "trade ZEN-ETH 100039973212 sell 0.051598 x 7.2 at 1618678006262000",
        ]
    )
    static let linearTrade = Sample(
        "market.ETH-USDT.trade.detail",
        """
        {"id":100021951274748,"ts":1722863196444,"data":[{"amount":196,"quantity":1.96,"trade_turnover":4403.1204,\
        "ts":1722863196444,"id":1000219512747480000,"price":2246.49,"direction":"sell"}]}
        """,
        ["trade ETH-USDT-PERP 1000219512747480000 sell 2246.49 x 1.96 at 1722863196444000"]
    )
    static let inverseTrade = Sample(
        "market.BTC-USD.trade.detail",
        """
        {"id":84230699705,"ts":1616233683352,"data":[{"amount":6,"quantity":0.0102273366481267780650901795408948579,\
        "ts":1616233683352,"id":842306997050000,"price":58666.3,"direction":"buy"}]}
        """,
        ["trade BTC-USD-PERP 842306997050000 buy 58666.3 x 6 at 1616233683352000"]
    )
    static let spotQuote = Sample(
        "market.btcusdt.bbo",
        """
        {"seqId":137005210233,"ask":52665.02,"askSize":1.502181,"bid":52665.01,"bidSize":0.178567,\
        "quoteTime":1630994555539,"symbol":"btcusdt"}
        """,
        ["quote BTC-USDT 137005210233 52665.01 x 0.178567 / 52665.02 x 1.502181 at 1630994555539000"]
    )
    static let linearQuote = Sample(
        "market.BTC-USDT.bbo",
        """
        {"mrid":131599726,"id":1603707934,"bid":[13064,38],"ask":[13072.3,205],"ts":1603707934525,"version":131599726,\
        "ch":"market.BTC-USDT.bbo"}
        """,
        ["quote BTC-USDT-PERP 131599726 13064 x 0.038 / 13072.3 x 0.205 at 1603707934525000"]
    )
    static let datedQuote = Sample(
        "market.BTC_CQ.bbo",
        """
        {"mrid":222601060251593,"id":1654031781,"bid":[31781.79,609],"ask":[31781.8,22],"ts":1654031781978,\
        "version":222601060251593,"ch":"market.BTC_CQ.bbo"}
        """,
        ["quote BTC-USD-20210924 222601060251593 31781.79 x 609 / 31781.8 x 22 at 1654031781978000"]
    )
    static let increment = Sample(
        "market.btcusdt.mbp.150",
        """
        {"seqNum":100020146795,"prevSeqNum":100020146794,"bids":[],"asks":[[645.14,26.75597395914065]]}
        """,
        [
            "book BTC-USDT delta none/100020146795/100020146794  | 645.14 x 26.75597395914065 at 1630000000001000"
        ]
    )
    static let versioned = Sample(
        "market.BTC-USDT.depth.size_150.high_freq",
        """
        {"asks":[[39055,19345],[39056.8,1200]],"bids":[[39054.9,4754]],"ch":"market.BTC-USDT.depth.size_150.high_freq",\
        "event":"snapshot","id":39536665398,"mrid":39536665398,"ts":1622711946534,"version":709648689}
        """,
        [
            "book BTC-USDT-PERP snapshot 709648689/709648689/none 39054.9 x 4.754 | "
                + "39055 x 19.345, 39056.8 x 1.2 at 1622711946534000"
        ]
    )
    static let update = Sample(
        "market.BTC-USD.depth.size_150.high_freq",
        """
        {"asks":[[38895.7,1635]],"bids":[[38880.6,0],[38868.2,50]],"ch":"market.BTC-USD.depth.size_150.high_freq",\
        "event":"update","id":99893958868,"mrid":99893958868,"ts":1622711368355,"version":1300632845}
        """,
        [
            "book BTC-USD-PERP delta 1300632845/1300632845/none 38880.6 x 0, 38868.2 x 50 | 38895.7 x 1635 "
                + "at 1622711368355000"
        ]
    )
    static let wholeSpot = Sample(
        "market.btcusdt.depth.step0",
        """
        {"bids":[[9.121E-7,92730.24]],"asks":[[9.28E-7,4.0E7]],"version":136998124622,"ts":1630983549500}
        """,
        [
            "book BTC-USDT whole none/136998124622/none 0.0000009121 x 92730.24 | 0.000000928 x 40000000 at 1630983549500000"
        ]
    )
    static let wholeLinear = Sample(
        "market.BTC-USDT.depth.step0",
        """
        {"mrid":131596447,"id":1603707576,"bids":[[13071.9,38]],"asks":[[13081.9,197]],"ts":1603707576467,\
        "version":1603707576,"ch":"market.BTC-USDT.depth.step0"}
        """,
        ["book BTC-USDT-PERP whole none/131596447/none 13071.9 x 0.038 | 13081.9 x 0.197 at 1603707576467000"]
    )
    static let spotCandle = Sample(
        "market.btcusdt.kline.1min",
        """
        {"id":1654081320,"open":31545.71,"close":31545.72,"low":31545.7,"high":31545.73,"amount":0.015443758717188892,\
        "vol":487.1844552,"count":4}
        """,
        [
            "candle BTC-USDT 1m 1654081320000000 31545.71 31545.73 31545.7 31545.72 volume 0.015443758717188892 "
                + "quote 487.1844552 trades 4 unflagged at 1630000000001000"
        ]
    )
    static let linearCandle = Sample(
        "market.BTC-USDT.kline.1day",
        """
        {"id":1654081440,"mrid":108782988900,"open":31531.9,"close":31531.9,"high":31532,"low":31531.9,"amount":0.532,\
        "vol":532,"trade_turnover":16774.9728,"count":5}
        """,
        [
            "candle BTC-USDT-PERP 1d+8 1654081440000000 31531.9 31532 31531.9 31531.9 volume 0.532 "
                + "quote 16774.9728 trades 5 unflagged at 1630000000001000"
        ]
    )
    static let inverseCandle = Sample(
        "market.BTC_CQ.kline.60min",
        """
        {"id":1654081380,"mrid":222601067490403,"open":31565.04,"close":31565.04,"high":31565.04,"low":31565.04,\
        "amount":0.0063361237622382230467631278148229814,"vol":2,"count":1}
        """,
        [
            "candle BTC-USD-20210924 1h 1654081380000000 31565.04 31565.04 31565.04 31565.04 volume 2 "
                + "quote 200 trades 1 unflagged at 1630000000001000"
        ]
    )
    static let spotTicker = Sample(
        "market.btcusdt.detail",
        """
        {"id":311070770838,"low":29326.15,"high":31899.51,"open":31666.3,"close":29952.31,"vol":8.181588598785326E8,\
        "amount":26897.159881877742,"version":311070770838,"count":699452}
        """,
        [
            "ticker BTC-USDT 29952.31 open 31666.3 high 31899.51 low 29326.15 volume 26897.159881877742 "
                + "quote 818158859.8785326 number 311070770838 at 1630000000001000"
        ]
    )
    static let inverseTicker = Sample(
        "market.BTC_CQ.detail",
        """
        {"id":1654164240,"mrid":222601084481815,"open":30723.59,"close":29936.45,"high":30723.59,"low":29301.65,\
        "amount":12397.7225650589211059171392145260319091988,"vol":3753910,"count":46935,"ask":[29940.08,415],\
        "bid":[29940.07,916]}
        """,
        [
            "ticker BTC-USD-20210924 29936.45 open 30723.59 high 30723.59 low 29301.65 volume 3753910 "
                + "quote 375391000 number none at 1630000000001000"
        ]
    )

    static let trades = [spotTrade, linearTrade, inverseTrade]
    static let quotes = [spotQuote, linearQuote, datedQuote]
    static let books = [increment, versioned, update, wholeSpot, wholeLinear]
    static let figures = [spotCandle, linearCandle, inverseCandle, spotTicker, inverseTicker]
    static let all = trades + quotes + books + figures

    static let funding = """
        {"op":"notify","topic":"public.BTC-USDT.funding_rate","ts":1603778748166,"data":[{"symbol":"BTC",\
        "contract_code":"BTC-USDT","fee_asset":"USDT","funding_time":"1603778700000",\
        "funding_rate":"-0.000220068774978695","settlement_time":"1603785600000","estimated_rate":null}]}
        """
    static let linearLiquidation = """
        {"op":"notify","topic":"public.BTC-USDT.liquidation_orders","ts":1608226502344,"data":[{"symbol":"BTC",\
        "contract_code":"BTC-USDT","direction":"sell","offset":"close","volume":227.0,"price":23350.5,\
        "created_at":1608226502284,"amount":0.227,"trade_turnover":5300.5635}]}
        """
    static let datedLiquidation = """
        {"op":"notify","topic":"public.BTC.liquidation_orders","ts":1593561773080,"data":[{"symbol":"BTC",\
        "contract_code":"BTC210924","direction":"buy","offset":"close","volume":319,"price":9115.43,\
        "created_at":1593561773025}]}
        """
}

/// A push: its channel, its tick, and what is seen in it.
struct Sample: Sendable, CustomStringConvertible {
    let channel: String
    let tick: String
    let seen: [String]

    init(_ channel: String, _ tick: String, _ seen: [String]) {
        self.channel = channel
        self.tick = tick
        self.seen = seen
    }

    var description: String { channel }
    var frame: String { frame(tick) }

    func frame(_ tick: String) -> String {
        "{\"ch\":\"\(channel)\",\"ts\":1630000000001,\"tick\":\(tick)}"
    }
}
