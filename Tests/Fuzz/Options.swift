// Part of MarketBus. Apache License 2.0, see LICENSE.

import Binance
import Models
import OKX
import VenueKit

/// The venues that can be fuzzed.
enum FuzzedVenue: String, CaseIterable {
    case binance
    case okx

    /// The venue.
    var venue: any Venue {
        switch self {
        case .binance: BinanceVenue()
        case .okx: OKXVenue()
        }
    }

    /// The markets of the connections that take turns; nil: the frame must tell.
    var markets: [MarketID?] {
        switch self {
        case .binance: [.spot, .usdm, .coinm, nil]
        case .okx: [nil]
        }
    }
}

/// What the command line asks for.
struct Options {
    static let usage =
        "usage: frame-fuzz --venue binance|okx [--corpus DIRECTORY_OR_FILE]... [--count 100000] [--seed 1]"

    var venue = FuzzedVenue.binance
    var corpus: [String] = []
    var count = 100_000
    var seed: UInt64 = 1

    /// Reads the arguments; nil where they are wrong.
    init?(_ arguments: some Sequence<String>) {
        var hasVenue = false
        var iterator = arguments.makeIterator()
        while let name = iterator.next() {
            guard let value = iterator.next() else { return nil }
            switch name {
            case "--venue":
                guard let named = FuzzedVenue(rawValue: value) else { return nil }
                venue = named
                hasVenue = true
            case "--corpus": corpus.append(value)
            case "--count":
                guard let number = Int(value), number > 0 else { return nil }
                count = number
            case "--seed":
                guard let number = UInt64(value) else { return nil }
                seed = number
            default: return nil
            }
        }
        guard hasVenue else { return nil }
    }
}
