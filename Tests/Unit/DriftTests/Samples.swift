// Part of MarketBus. Apache License 2.0, see LICENSE.

import Binance
import Coinbase
import Foundation
import Gateway
import HTX
import Models
import OKX
import VenueKit

/// One documented frame.
struct Sample {
    var markets: [String]
    var frame: String

    /// The market of a connection that brings it.
    var market: MarketID? { markets.first.flatMap { $0 == "*" ? nil : MarketID($0) } }
}

/// The venues, and the documented frames of each in `Samples/<venue>.txt`.
enum Samples {
    static let venues: [(name: String, venue: any Venue)] = [
        ("Binance", BinanceVenue()), ("OKX", OKXVenue()), ("HTX", HTXVenue()), ("Coinbase", CoinbaseVenue()),
        ("Gateway", GatewayVenue()),
    ]

    static func venue(_ name: String) -> any Venue {
        venues.first { $0.name == name }?.venue ?? BinanceVenue()
    }

    /// The frames of a venue.
    static func of(_ name: String) throws -> [Sample] {
        let path = folder + "/Samples/\(name.lowercased()).txt"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let parts = line.split(separator: " ", maxSplits: 1)
            return Sample(markets: parts[0].split(separator: ",").map(String.init), frame: String(parts[1]))
        }
    }

    /// This folder.
    static var folder: String {
        String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.endIndex))
    }

    /// The root of the sources.
    static var root: String { folder + "/../../.." }
}
