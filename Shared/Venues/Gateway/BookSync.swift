// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OrderBooks

extension GatewayVenue {
    /// None: the gateway sends quotes, not books (protocol, "What the gateway sends").
    public func bookRules(of instrument: Instrument) -> BookRules? { nil }
}
