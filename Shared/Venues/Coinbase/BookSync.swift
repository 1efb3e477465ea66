// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OrderBooks
import VenueKit

extension CoinbaseVenue {
    /// One rule for all products and both feeds.
    public func bookRules(of instrument: Instrument) -> BookRules? { CoinbaseBookSync.rules }
}

/// Coinbase's recipe for `level2_batch`, `level2` and `l2_data` (venue sheet 3.4 and 4).
enum CoinbaseBookSync {
    /// - Step 1: subscribe; the first frame is a `snapshot` of the entire book.
    /// - Step 2: each `l2update` (`update`) gives new total sizes; a size of zero, however it is spelled, removes the
    ///   price. Prices are compared by value: snapshot and update spell them differently.
    /// - Step 3: there is no sequence and no checksum; delivery in order is promised. A bid at or above an ask shows
    ///   that something went wrong: unsubscribe and subscribe. What Advanced Trade numbers are the frames of a
    ///   connection, which the decoder watches.
    static let rules: BookRules = {
        var rules = BookRules.sequenceless(source: .stream, scope: .whole, depth: nil)
        rules.makesQuotes = true
        return rules
    }()
}
