// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OrderBooks
import VenueKit

extension __NAME__Venue {
    /// None yet: `BookRules` says how the venue's recipe is written, and `endpoint(for:of:)` which socket carries books.
    public func bookRules(of instrument: Instrument) -> BookRules? { nil }
}
