// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import OKX
import VenueTestKit

/// The venue sheet's own frames, section 3.
enum Frames {
    static let quoteRow = """
        {"asks":[["111.06","55154","0","2"]],"bids":[["111.05","57745","0","2"]],"ts":"1670324386802","seqId":363996337}
        """
    static let tradeRow = """
        {"instId":"BTC-USDT-SWAP","tradeId":"2978601964","px":"83725.9","sz":"5","side":"buy","ts":"1791369350776",\
        "count":"1","source":"0","seqId":344430848209}
        """
    static let oldTradeRow = """
        {"instId":"BTC-USDT","tradeId":"242720720","px":"29963.2","sz":"0.00001","side":"sell","ts":"1654161646974"}
        """
    static let spotQuoteRow = """
        {"asks":[["8476.98","0.415","0","13"]],"bids":[["8476.97","2.56","0","12"]],"ts":"1597026383085","seqId":123456}
        """

    /// A contract is 0.1 BCH, 0.01 BTC.
    static let all: [Sample] = [
        Sample(
            "bbo-tbt",
            "BCH-USDT-SWAP",
            quoteRow,
            "quote BCH-USDT-PERP 363996337 111.05 x 5774.5 / 111.06 x 5515.4 at 1670324386802000",
            ["bids", "asks"]
        ),
        Sample(
            "bbo-tbt",
            "BTC-USDT",
            spotQuoteRow,
            "quote BTC-USDT 123456 8476.97 x 2.56 / 8476.98 x 0.415 at 1597026383085000",
            ["bids", "asks"]
        ),
        Sample(
            "trades",
            "BTC-USDT-SWAP",
            tradeRow,
            "trade BTC-USDT-PERP 2978601964 buy 83725.9 x 0.05 at 1791369350776000",
            ["tradeId", "px", "sz", "side"]
        ),
        Sample(
            "trades",
            "BTC-USDT",
            oldTradeRow,
            "trade BTC-USDT 242720720 sell 29963.2 x 0.00001 at 1654161646974000",
            ["tradeId", "px", "sz", "side"]
        ),
        Sample(
            "trades-all",
            "BTC-USDT",
            oldTradeRow,
            "trade BTC-USDT 242720720 sell 29963.2 x 0.00001 at 1654161646974000",
            ["tradeId", "px", "sz", "side"]
        ),
    ]

    /// A bench whose instruments are listed with their contract sizes.
    static func bench() -> FrameBench {
        let table = InstrumentTable()
        for (name, scale) in [("BTC", 2), ("BCH", 1)] {
            var swap = Instrument(
                venue: OKXVenue.id,
                market: .okxSwap,
                venueSymbol: "\(name)-USDT-SWAP",
                kind: .linearPerpetual,
                base: name,
                quote: "USDT",
                settle: "USDT"
            )
            swap.contractSize = ScaledDecimal(mantissa: 1, scale: scale)
            table.upsert(swap)
        }
        return FrameBench(OKXVenue(), instruments: table)
    }
}

struct Sample: Sendable {
    let channel: String
    let instrument: String
    let row: String
    let seen: String
    let required: [String]

    init(_ channel: String, _ instrument: String, _ row: String, _ seen: String, _ required: [String]) {
        self.channel = channel
        self.instrument = instrument
        self.row = row
        self.seen = seen
        self.required = required
    }

    var frame: String { frame(rows: row) }
    var argument: String { "{\"channel\":\"\(channel)\",\"instId\":\"\(instrument)\"}" }

    func frame(rows: String) -> String { "{\"arg\":\(argument),\"data\":[\(rows)]}" }
}
