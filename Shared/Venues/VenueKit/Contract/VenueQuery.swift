// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

/// A question about one instrument that a venue answers by REST.
public enum VenueQuery: Hashable, Sendable {
    /// The newest trades, or those before an id where the venue can page.
    case trades(limit: Int, beforeID: ShortText?)
    /// Candles that open within a range. Unit: microseconds since the Unix epoch, the end excluded.
    case candles(CandleInterval, from: Int64, to: Int64)
    /// The order book, to at least so many levels a side where the venue has as many.
    case book(depth: Int)
    /// The figures of the last 24 hours.
    case ticker
    /// The funding rate that is charged next.
    case funding
    /// The rates that were charged. Unit: microseconds since the Unix epoch, the end excluded.
    case fundingHistory(from: Int64, to: Int64)
    /// The open interest.
    case openInterest
}
