// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import VenueKit

/// The fields of tickers, funding rates, prices, open interests and liquidations.
enum OKXFigure: Int, CaseIterable {
    case instrument, time, last, open, high, low, volume, currencyVolume
    case rate, realizedRate, due, after, mark, index
    case interest, interestBase, interestDollars
    case price, size, side

    /// OKX's name of it.
    var name: JSONName {
        switch self {
        case .instrument: JSONName("instId")
        case .time: JSONName("ts")
        case .last: JSONName("last")
        case .open: JSONName("open24h")
        case .high: JSONName("high24h")
        case .low: JSONName("low24h")
        case .volume: JSONName("vol24h")
        case .currencyVolume: JSONName("volCcy24h")
        case .rate: JSONName("fundingRate")
        case .realizedRate: JSONName("realizedRate")
        case .due: JSONName("fundingTime")
        case .after: JSONName("nextFundingTime")
        case .mark: JSONName("markPx")
        case .index: JSONName("idxPx")
        case .interest: JSONName("oi")
        case .interestBase: JSONName("oiCcy")
        case .interestDollars: JSONName("oiUsd")
        case .price: JSONName("bkPx")
        case .size: JSONName("sz")
        case .side: JSONName("side")
        }
    }
}

/// One element of `data` on the channels that push a few times a second.
struct OKXFigures {
    private var texts = InlineArray<20, JSONText?>(repeating: nil)
    /// The liquidations of a row.
    private(set) var details: JSONCursor?

    /// Reads a row.
    init(_ start: JSONCursor, _ names: OKXNames) throws(DecodeError) {
        var cursor = start
        do throws(JSONError) { try read(&cursor, names) } catch { throw DecodeError(error) }
    }

    subscript(_ figure: OKXFigure) -> JSONText? { texts[figure.rawValue] }

    private mutating func read(_ cursor: inout JSONCursor, _ names: OKXNames) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            if let place = names.figures.firstIndex(where: { key.matches($0) }), place < texts.count {
                texts[place] = try cursor.token()
            } else {
                if key.matches(names.details), cursor.peek == UInt8(ascii: "[") { details = cursor }
                try cursor.skip()
            }
        }
    }
}
