// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes
import Routing

extension Judge {
    /// A symbol's live books over all venues, in the order of the venues' names.
    private func live(_ symbol: SymbolID) -> [(venue: VenueIndex, market: MarketIndex)] {
        let venues = (0..<names.venueCount).map { VenueIndex(index: UInt16(truncatingIfNeeded: $0)) }
        return venues.sorted { names.name(of: $0) < names.name(of: $1) }.compactMap { venue in
            guard let market = board.depth.find(symbol, venue), board.depth.health(market) == .live else {
                return nil
            }
            return (venue, market)
        }
    }

    private mutating func symbol(_ words: Words) throws -> SymbolID {
        guard let symbol = names.symbol(try words.text("symbol")) else { throw ScriptError.bad("symbol") }
        return symbol
    }

    private func best(_ symbol: SymbolID, isBid: Bool, top: Int) throws -> [ConsolidatedLevel] {
        let sides = live(symbol).map { leg in
            (venue: leg.venue, levels: board.depth[leg.market].ladder.levels(buying: !isBid))
        }
        return try ConsolidatedDepth.merge(sides, isBid: isBid, top: top)
    }

    /// `depth symbol=S top=N`.
    mutating func depth(_ words: Words) throws -> String {
        let symbol = try symbol(words)
        let top = Int(try words.number("top"))
        let sides = try [true, false].map { isBid in
            try best(symbol, isBid: isBid, top: top).map { level in
                let parts = level.parts.map { "\(names.name(of: $0.venue))/\($0.size)" }
                return "\(level.price)/\(level.size)/\(parts.joined(separator: "+"))"
            }
        }
        return
            "\(line) depth bids=\(sides[0].joined(separator: ",")) asks=\(sides[1].joined(separator: ","))\n"
    }

    /// `route symbol=S side=buy size=Q`.
    mutating func route(_ words: Words) throws -> String {
        let symbol = try symbol(words)
        let isBuy = try words.text("side") == "buy"
        var venues: [OrderVenue] = []
        for leg in live(symbol) {
            guard let facts = board.facts(of: leg.market) else { continue }
            let levels = board.depth[leg.market].ladder.levels(buying: isBuy)
            venues.append(OrderVenue(venue: leg.venue, facts: facts, levels: levels))
        }
        var mid: ScaledDecimal?
        if let bid = try best(symbol, isBid: true, top: 1).first,
            let ask = try best(symbol, isBid: false, top: 1).first
        {
            mid = try bid.price.adding(ask.price).multiplied(by: ScaledDecimal("0.5"))
        }
        let found = try OrderRouter.route(try words.decimal("size"), isBuy: isBuy, venues, mid: mid)
        let single = zip(venues, found.single).map { venue, split in
            "\(names.name(of: venue.venue))/\(split?.size.description ?? "-")/\(split?.total.description ?? "-")"
        }
        let parts = found.best?.parts.map { part in
            "\(names.name(of: part.venue))/\(part.size)/\(part.value)/\(part.fee)/\(part.worstPrice)"
        }
        return "\(line) route filled=\(text(found.best?.size)) total=\(text(found.best?.total))"
            + " mid=\(text(found.mid)) cost=\(text(found.cost)) bps=\(text(found.costBasisPoints))"
            + " single=\(single.joined(separator: ",")) parts=\((parts ?? []).joined(separator: ","))\n"
    }
}
