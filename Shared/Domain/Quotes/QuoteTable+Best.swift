// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

extension QuoteTable {
    /// Lets a venue's bid and ask take part.
    func consider(
        _ bid: PriceLevel?,
        _ ask: PriceLevel?,
        _ venue: VenueIndex,
        _ conversion: Int?,
        in quote: inout ConsolidatedQuote
    ) {
        if let bid {
            let side = BestSide(venue: venue, level: bid, conversion: conversion)
            if isBetter(side, than: quote.bid, >) { quote.bid = side }
        }
        if let ask {
            let side = BestSide(venue: venue, level: ask, conversion: conversion)
            if isBetter(side, than: quote.ask, <) { quote.ask = side }
        }
    }

    private func isBetter(
        _ side: BestSide,
        than other: BestSide?,
        _ leads: (ScaledDecimal, ScaledDecimal) -> Bool
    ) -> Bool {
        guard let other else { return true }
        if side.level.price != other.level.price { return leads(side.level.price, other.level.price) }
        if (side.conversion == nil) != (other.conversion == nil) { return side.conversion == nil }
        if side.level.size != other.level.size { return side.level.size > other.level.size }
        let (rank, its) = (venueRanks[Int(side.venue.index)], venueRanks[Int(other.venue.index)])
        return rank != its ? rank < its : side.conversion ?? 0 < other.conversion ?? 0
    }
}
