// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import Models

/// The instruments of the feed's markets: what is listed, what changed, and what a configured symbol means.
///
/// - Thread: that of the feed.
struct InstrumentDirectory {
    /// A configured symbol that no listed market has.
    struct UnknownSymbol: Equatable {
        var symbol: String
        /// Listed symbols that look like it, the likeliest first.
        var nearest: [String]
    }

    /// The table that decoders and the pipeline share.
    let table = InstrumentTable()
    /// The markets that answered at least once.
    private(set) var markets: Set<MarketID> = []
    private var listed: [MarketID: Set<String>] = [:]

    /// Takes a venue's answer for one market in.
    ///
    /// - Returns: the instruments that are new or changed; one that is no longer listed comes back closed.
    mutating func take(_ fresh: [Instrument], _ market: MarketID) -> [Instrument] {
        var changed: [Instrument] = []
        var names: Set<String> = []
        let index = table.index(of: market)
        for instrument in fresh where instrument.market == market {
            names.insert(instrument.venueSymbol)
            let known = index.find(instrument.venueSymbol).map { table[$0] }
            guard known != instrument else { continue }
            table.upsert(instrument)
            changed.append(instrument)
        }
        for gone in (listed[market] ?? []).subtracting(names).sorted() {
            guard let id = index.find(gone), table[id].status != .closed else { continue }
            var instrument = table[id]
            instrument.status = .closed
            table.upsert(instrument)
            changed.append(instrument)
        }
        markets.insert(market)
        listed[market] = (listed[market] ?? []).union(names)
        return changed
    }

    /// Notes that a market answers and lists nothing; what it listed before stays.
    mutating func takeEmpty(_ market: MarketID) {
        markets.insert(market)
    }

    /// The instruments of these symbols, in their order, and the symbols that are not listed.
    func resolve(_ symbols: [String]) -> (found: [InstrumentID], unknown: [String]) {
        var found: [InstrumentID] = []
        var unknown: [String] = []
        for symbol in symbols {
            if let id = table.id(ofSymbol: symbol) { found.append(id) } else { unknown.append(symbol) }
        }
        return (found, unknown)
    }

    /// An unknown symbol with the listed ones that look like it.
    func explain(_ symbol: String) -> UnknownSymbol {
        let wanted = symbol.uppercased()
        let limit = max(3, wanted.utf8.count / 3)
        let scored = table.instruments
            .map { (distance: Spelling.distance(wanted, $0.symbol), symbol: $0.symbol) }
            .filter { $0.distance <= limit }
            .sorted { ($0.distance, $0.symbol) < ($1.distance, $1.symbol) }
        return UnknownSymbol(symbol: symbol, nearest: scored.prefix(3).map(\.symbol))
    }
}
