// Part of MarketBus. Apache License 2.0, see LICENSE.

import Binance
import Coinbase
import Compression
import FixedPoint
import HTX
import Models
import OKX
import VenueKit
import Wire

/// One kind of recorded frames, named like the files of the extractor and the kinds of the parse floor.
struct FrameKind {
    let name: String
    let venue: any Venue
    let market: MarketID?

    static let all: [FrameKind] = [
        binance("bn_spot_bbo", .spot), binance("bn_spot_bbo_inner", .spot),
        binance("bn_fut_bbo", .usdm), binance("bn_fut_bbo_inner", .usdm),
        binance("bn_spot_trade", .spot), binance("bn_fut_trade", .usdm),
        binance("bn_spot_aggtrade", .spot), binance("bn_fut_aggtrade", .usdm),
        binance("bn_spot_depth", .spot), binance("bn_fut_depth", .usdm),
        binance("bn_spot_kline", .spot), binance("bn_spot_ticker", .spot), binance("bn_fut_mark", .usdm),
        okx("okx_trades"), okx("okx_trades_now"), okx("okx_bbo"), okx("okx_bbo_now"),
        okx("okx_books_now"), okx("okx_tickers"), okx("okx_candle"), okx("okx_funding"),
        htx("htx_trade"), htx("htx_trade_gz"), htx("htx_bbo_spot"), htx("htx_bbo_spot_gz"),
        htx("htx_bbo_linearswap"), htx("htx_depth"),
        htx("htx_depth_gz"), htx("htx_kline_gz"),
        coinbase("cb_match"), coinbase("cb_ticker"), coinbase("cb_l2update"), coinbase("cb_adv_trades"),
    ]

    private static func binance(_ name: String, _ market: MarketID) -> FrameKind {
        FrameKind(name: name, venue: BinanceVenue(), market: market)
    }

    private static func okx(_ name: String) -> FrameKind {
        FrameKind(name: name, venue: OKXVenue(), market: nil)
    }

    private static func htx(_ name: String) -> FrameKind {
        FrameKind(name: name, venue: HTXVenue(), market: nil)
    }

    private static func coinbase(_ name: String) -> FrameKind {
        FrameKind(name: name, venue: CoinbaseVenue(), market: nil)
    }

    /// Whether its frames are gzip files, as the venue sends them.
    var isPacked: Bool { name.hasSuffix("_gz") }
    /// Whether its frames are trades, which a venue sends once: in a second pass they are new ones only in a new epoch.
    var isTrade: Bool { name.contains("trade") || name.contains("match") }

    /// Its frames, or nil where the file is not there.
    func frames(in folder: String) -> FrameFile? {
        isPacked ? FrameFile(packed: "\(folder)/\(name).bin") : FrameFile(path: "\(folder)/\(name).txt")
    }

    /// A decoder that knows all instruments of the frames.
    ///
    /// Linear contracts stand for 0.01 each: what the real ones are is in the instrument list, and the cost
    /// of the multiplication is the same.
    func makeTable(_ frames: FrameFile) -> InstrumentTable {
        let table = InstrumentTable()
        let decoder = venue.makeDecoder(market: market, instruments: table)
        let unpacker = Unpacker(self)
        var batch = EventBatch()
        for index in 0..<frames.count {
            _ = try? decoder.decode(unpacker.content(frames[index]), into: &batch)
            batch.removeAll()
        }
        for var instrument in table.instruments where instrument.kind != .spot {
            instrument.contractSize = ScaledDecimal(mantissa: 1, scale: 2)
            table.upsert(instrument)
        }
        return table
    }
}

/// Takes frames out of their gzip files, where the venue packs them.
struct Unpacker {
    private let inflater: Inflater?

    init(_ kind: FrameKind) { inflater = kind.isPacked ? Inflater() : nil }

    /// The frame's text; empty where it can't be unpacked.
    @inline(__always)
    func content(_ frame: FrameBytes) -> FrameBytes {
        guard let inflater else { return frame }
        guard let text = try? inflater.inflate(frame.bytes) else {
            return FrameBytes(.init(start: nil, count: 0))
        }
        return FrameBytes(text, readable: text.count + Inflater.padding)
    }
}
