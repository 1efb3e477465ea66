// Part of MarketBus. Apache License 2.0, see LICENSE.

import Binance
import Coinbase
import Gateway
import HTX
import OKX
import VenueKit

/// The venues that this command knows: the one list from which its parts take them.
enum VenueList {
    /// A venue and where its feed is found.
    struct Entry: Sendable {
        let venue: any Venue
        /// The feed's standard port.
        let port: UInt16

        /// The venue's name on the wire.
        var name: String { type(of: venue).id.name }
        /// The feed's program.
        var program: String { "\(name)-feed" }
    }

    static let all = [
        Entry(venue: BinanceVenue(), port: 9101),
        Entry(venue: OKXVenue(), port: 9102),
        Entry(venue: HTXVenue(), port: 9103),
        Entry(venue: CoinbaseVenue(), port: 9104),
        Entry(venue: GatewayVenue(), port: 9105),
    ]

    /// The names, as a sentence lists them.
    static var names: String { all.map(\.name).joined(separator: ", ") }

    /// The venue with this name.
    static func venue(named name: String) -> (any Venue)? { all.first { $0.name == name }?.venue }
}
