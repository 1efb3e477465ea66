// Part of MarketBus. Apache License 2.0, see LICENSE.

import Binance
import Coinbase
import Gateway
import HTX
import Models
import OKX
import VenueKit

/// The venues that can be fuzzed.
enum FuzzedVenue: String, CaseIterable {
    case binance
    case okx
    case htx
    case coinbase
    case gateway

    /// The venue; Coinbase's one decoder reads both of its feeds.
    var venue: any Venue {
        switch self {
        case .binance: BinanceVenue()
        case .okx: OKXVenue()
        case .htx: HTXVenue()
        case .coinbase: CoinbaseVenue()
        case .gateway: GatewayVenue()
        }
    }

    /// The markets of the connections that take turns; nil: the frame must tell.
    var markets: [MarketID?] {
        switch self {
        case .binance: [.spot, .usdm, .coinm, nil]
        case .gateway: [.gatewaySpot, .gatewayLinear, .gatewayInverse]
        case .okx, .htx, .coinbase: [nil]
        }
    }

    /// The names, as a sentence lists them.
    static var names: String { allCases.map(\.rawValue).joined(separator: "|") }
}

/// What the command line asks for.
struct Options {
    static let usage =
        "usage: frame-fuzz --venue \(FuzzedVenue.names) [--corpus DIRECTORY_OR_FILE]... [--count 100000] [--seed 1]\n"
        + "       frame-fuzz --sockets URL [--count 100000]     (Tests/Fuzz/sockets.py)"

    var venue = FuzzedVenue.binance
    var corpus: [String] = []
    var count = 100_000
    var seed: UInt64 = 1
    /// The server on which our WebSocket client is tried instead.
    var sockets: String?

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
            case "--sockets": sockets = value
            case "--count":
                guard let number = Int(value), number > 0 else { return nil }
                count = number
            case "--seed":
                guard let number = UInt64(value) else { return nil }
                seed = number
            default: return nil
            }
        }
        guard hasVenue != (sockets != nil) else { return nil }
    }
}
