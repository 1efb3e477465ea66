// Part of MarketBus. Apache License 2.0, see LICENSE.

import Binance
import Coinbase
import FixedPoint
import HTX
import Models
import OKX
import OrderBooks
import VenueKit

/// Scripts of snapshots, increments and faults through the book machine, by every venue's rules.
///
/// The first bytes choose the venue and the limits, the rest is the script: ``BookScript``. Whatever happens, no crossed
/// book is published as live, and the book's storage holds what a naive one holds.
final class BookTarget: FuzzTarget {
    private let rules: [BookRules]

    init() {
        let cases: [(any Venue, String, InstrumentKind)] = [
            (BinanceVenue(), "spot", .spot), (BinanceVenue(), "usdm", .linearPerpetual),
            (OKXVenue(), "spot", .spot), (OKXVenue(), "swap", .linearPerpetual),
            (HTXVenue(), "spot", .spot), (HTXVenue(), "linear", .linearPerpetual),
            (HTXVenue(), "inverse", .inversePerpetual), (CoinbaseVenue(), "spot", .spot),
        ]
        rules = cases.compactMap { venue, market, kind in
            var instrument = Instrument(
                venue: type(of: venue).id,
                market: MarketID(market),
                venueSymbol: "X",
                kind: kind,
                base: "X",
                quote: "USD",
                settle: "USD"
            )
            instrument.contractSize = ScaledDecimal(mantissa: 1, scale: 2)
            return venue.bookRules(of: instrument)
        }
    }

    func run(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 6 else { return }
        var chosen = rules[Int(bytes[0]) % rules.count]
        // The depth of the venues is more than a script has levels.
        if chosen.depth != nil { chosen.depth = 1 + Int(bytes[1]) % 24 }
        var settings = BookSettings()
        settings.snapshotDeltas = 1 + Int(bytes[2]) % 16
        settings.publishedLevels = 1 + Int(bytes[3]) % 48
        settings.bufferedFrames = 1 + Int(bytes[4]) % 12
        settings.bufferedLevels = 1 + Int(bytes[4] >> 4) * 12
        settings.maximumLevels = bytes[5] & 15 == 0 ? 8 : 500
        let numbering = BookScript.Numbering(rawValue: bytes[5] >> 6) ?? .ranges
        let ticks = BookTicks.all[Int(bytes[5] >> 4) % BookTicks.all.count]
        var script = BookScript(chosen, settings, numbering, ticks)
        script.run(UnsafeRawBufferPointer(rebasing: bytes[6...]))
    }
}

/// The prices of a script by number, ascending, in one of several widths.
struct BookTicks {
    static let count = 48
    /// Cents; finer and finer; more than 64 bits at one scale.
    static let all = [
        BookTicks { ScaledDecimal(mantissa: $0 * 25, scale: 2) },
        BookTicks { ScaledDecimal(mantissa: $0 * 100_000 + $0 % 3, scale: 8) },
        BookTicks { ScaledDecimal(mantissa: $0 * 10_000_000_000_000_000_000_000 + $0 % 2, scale: 12) },
        BookTicks { ScaledDecimal(mantissa: $0 * 1_000_000_000_000 + ($0 % 5) * ($0 % 7), scale: 35) },
    ]

    private let prices: ContiguousArray<ScaledDecimal>

    init(_ price: (Int128) -> ScaledDecimal?) {
        prices = ContiguousArray((1...Self.count).compactMap { price(Int128($0)) })
    }

    subscript(index: Int) -> ScaledDecimal { prices[index % prices.count] }

    /// The number of a price; nil for one of no script.
    func index(of price: ScaledDecimal) -> Int? {
        var (low, high) = (0, prices.count)
        while low < high {
            let middle = (low + high) / 2
            if prices[middle] < price { low = middle + 1 } else { high = middle }
        }
        return low < prices.count && prices[low] == price ? low : nil
    }
}

/// A book without any skill: a size for every price.
struct PlainBook: Equatable {
    private(set) var bids = ContiguousArray<ScaledDecimal>(repeating: .zero, count: BookTicks.count)
    private(set) var asks = ContiguousArray<ScaledDecimal>(repeating: .zero, count: BookTicks.count)

    mutating func removeAll() { self = PlainBook() }

    mutating func set(_ half: BookHalf, _ index: Int, _ size: ScaledDecimal) {
        if half == .bids { bids[index] = size } else { asks[index] = size }
    }

    func size(_ half: BookHalf, _ index: Int) -> ScaledDecimal { half == .bids ? bids[index] : asks[index] }

    /// The places of a side's levels, best first.
    func places(_ half: BookHalf) -> [Int] {
        half == .bids
            ? (0..<BookTicks.count).reversed().filter { !bids[$0].isZero }
            : (0..<BookTicks.count).filter { !asks[$0].isZero }
    }

    mutating func cut(to depth: Int) {
        var left = depth
        for place in (0..<BookTicks.count).reversed() where !bids[place].isZero {
            if left > 0 { left -= 1 } else { bids[place] = .zero }
        }
        left = depth
        for place in 0..<BookTicks.count where !asks[place].isZero {
            if left > 0 { left -= 1 } else { asks[place] = .zero }
        }
    }

    var isCrossed: Bool {
        guard let bid = bids.lastIndex(where: { !$0.isZero }),
            let ask = asks.firstIndex(where: { !$0.isZero })
        else { return false }
        return bid >= ask
    }
}
