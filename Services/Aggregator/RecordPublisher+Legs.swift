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
        QuoteRecord.Leg(
            quote: venueQuote(leg, symbol, venue, quotes, now),
            venueSymbol: venueSymbol(symbol, venue),
            exchangeMicroseconds: leg.exchangeMicroseconds,
            venueSequence: leg.venueSequence,
            skewMicroseconds: leg.skewMicroseconds ?? EventTime.none,
            allowedMicroseconds: quotes.allowedAge(symbol, venue)
        )
    }

    /// A venue's part of another symbol, and what turned it.
    func record(_ joined: ConvertedLeg, _ quotes: QuoteTable, _ now: Int64) -> QuoteRecord.Leg {
        var part = record(joined.leg, joined.source, joined.venue, quotes, now)
        part.conversion = QuoteRecord.Conversion(
            source: quotes.name(of: joined.source),
            sourceBid: part.quote.bid,
            sourceAsk: part.quote.ask,
            symbol: quotes.name(of: joined.market),
            market: venueQuote(joined.marketLeg, joined.market, joined.marketVenue, quotes, now),
            allowedMicroseconds: quotes.allowedAge(joined.market, joined.marketVenue)
        )
        part.quote.health = Self.health(joined.health, isQuarantined: joined.isQuarantined)
        (part.quote.bid, part.quote.ask) = (joined.bid, joined.ask)
        return part
    }

    /// What a venue quotes of a symbol; no prices where they do not hold.
    private func venueQuote(
        _ leg: Leg,
        _ symbol: SymbolID,
        _ venue: VenueIndex,
        _ quotes: QuoteTable,
        _ now: Int64
    ) -> QuoteRecord.VenueQuote {
        let health = Self.health(leg.health, isQuarantined: quotes.isQuarantined(symbol, venue))
        return QuoteRecord.VenueQuote(
            venue: quotes.name(of: venue),
            feed: quotes.name(ofFeed: leg.identity.feed),
            health: health,
            bid: health == .invalid ? nil : leg.bid,
            ask: health == .invalid ? nil : leg.ask,
            receivedMicroseconds: leg.receivedMicroseconds,
            ageMicroseconds: leg.age(at: now)
        )
    }

    private static func health(_ health: LegHealth, isQuarantined: Bool) -> QuoteRecord.Health {
        switch health {
        case .live: isQuarantined ? .quarantined : .live
        case .stale: .stale
        case .invalid: .invalid
        }
    }
}
