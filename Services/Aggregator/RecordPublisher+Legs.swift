// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import Quotes
import Wire

extension RecordPublisher {
    /// Who has a best price.
    func best(_ side: BestSide, _ quotes: QuoteTable) -> QuoteRecord.Best {
        let conversion = side.conversion.map { quotes.conversions[$0].name }
        return QuoteRecord.Best(level: side.level, venue: quotes.name(of: side.venue), conversion: conversion)
    }

    /// A venue's part of its own symbol.
    func record(
        _ leg: Leg,
        _ symbol: SymbolID,
        _ venue: VenueIndex,
        _ quotes: QuoteTable,
        _ now: Int64
    ) -> QuoteRecord.Leg {
        let health = Self.health(leg.health, isQuarantined: quotes.isQuarantined(symbol, venue))
        return QuoteRecord.Leg(
            venue: quotes.name(of: venue),
            venueSymbol: venueSymbol(symbol, venue),
            feed: quotes.name(ofFeed: leg.identity.feed),
            health: health,
            bid: health == .invalid ? nil : leg.bid,
            ask: health == .invalid ? nil : leg.ask,
            exchangeMicroseconds: leg.exchangeMicroseconds,
            receivedMicroseconds: leg.receivedMicroseconds,
            ageMicroseconds: leg.age(at: now),
            venueSequence: leg.venueSequence,
            skewMicroseconds: leg.skewMicroseconds ?? EventTime.none,
            allowedMicroseconds: quotes.allowedAge(symbol, venue)
        )
    }

    /// A venue's part of another symbol, and what turned it.
    func record(_ joined: ConvertedLeg, _ quotes: QuoteTable, _ now: Int64) -> QuoteRecord.Leg {
        var part = record(joined.leg, joined.source, joined.venue, quotes, now)
        let market = record(joined.marketLeg, joined.market, joined.marketVenue, quotes, now)
        part.conversion = QuoteRecord.Conversion(
            source: quotes.name(of: joined.source),
            sourceBid: part.bid,
            sourceAsk: part.ask,
            symbol: quotes.name(of: joined.market),
            venue: market.venue,
            feed: market.feed,
            health: market.health,
            bid: market.bid,
            ask: market.ask,
            receivedMicroseconds: market.receivedMicroseconds,
            ageMicroseconds: market.ageMicroseconds,
            allowedMicroseconds: market.allowedMicroseconds ?? 0
        )
        part.health = Self.health(joined.health, isQuarantined: joined.isQuarantined)
        (part.bid, part.ask) = (joined.bid, joined.ask)
        return part
    }

    private static func health(_ health: LegHealth, isQuarantined: Bool) -> QuoteRecord.Health {
        switch health {
        case .live: isQuarantined ? .quarantined : .live
        case .stale: .stale
        case .invalid: .invalid
        }
    }
}
