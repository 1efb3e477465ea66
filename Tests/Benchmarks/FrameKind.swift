// Part of MarketBus. Apache License 2.0, see LICENSE.

import Binance
import FixedPoint
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
        okx("okx_trades"), okx("okx_trades_now"), okx("okx_bbo"), okx("okx_bbo_now"),
    ]

    private static func binance(_ name: String, _ market: MarketID) -> FrameKind {
        FrameKind(name: name, venue: BinanceVenue(), market: market)
    }

    private static func okx(_ name: String) -> FrameKind {
        FrameKind(name: name, venue: OKXVenue(), market: nil)
    }

    /// Its frames, or nil where the file is not there.
    func frames(in folder: String) -> FrameFile? { FrameFile(path: "\(folder)/\(name).txt") }

    /// A decoder that knows all instruments of the frames.
    ///
    /// Linear contracts stand for 0.01 each: what the real ones are is in the instrument list, and the cost
    /// of the multiplication is the same.
    func makeTable(_ frames: FrameFile) -> InstrumentTable {
        let table = InstrumentTable()
        let decoder = venue.makeDecoder(market: market, instruments: table)
        var batch = EventBatch()
        for index in 0..<frames.count {
            _ = try? decoder.decode(frames[index], into: &batch)
            batch.removeAll()
        }
        for var instrument in table.instruments where instrument.kind != .spot {
            instrument.contractSize = ScaledDecimal(mantissa: 1, scale: 2)
            table.upsert(instrument)
        }
        return table
    }
}

/// The hot path of a feed without its socket: decode, number, encode, hand to a sink.
struct HotPath {
    let decoder: any FrameDecoder
    let pipeline: StreamPipeline
    private(set) var errors = 0
    private var batch = EventBatch()
    private var epoch: Int64 = 0

    init(_ kind: FrameKind, _ frames: FrameFile, sink: any RecordSink) {
        let table = kind.makeTable(frames)
        decoder = kind.venue.makeDecoder(market: kind.market, instruments: table)
        pipeline = StreamPipeline(feed: "\(type(of: kind.venue).id)-feed", instruments: table, sink: sink)
    }

    mutating func take(_ frame: FrameBytes) {
        batch.removeAll()
        do throws(DecodeError) {
            _ = try decoder.decode(frame, into: &batch)
            let time: Int64 = 1_723_161_254_087_891
            pipeline.publish(batch, epoch: epoch, received: time, published: time + 3)
        } catch {
            errors += 1
        }
    }

    /// Lets the same trades be new ones in the next pass over the file.
    mutating func beginPass() {
        epoch += 1
        for slot in pipeline.slots where slot.channel == .trade { pipeline.abandon(slot) }
    }
}
