// Part of MarketBus. Apache License 2.0, see LICENSE.

import Gateway
import Models
import Testing
import VenueTestKit

/// What a symbol says.
struct SymbolTests {
    private let bench = FrameBench(GatewayVenue())

    private func heard(_ symbol: String) -> String {
        bench.see(
            """
            {"type":"TRADE","symbol":"\(symbol)","id":7,"price":"3","size":"2","side":"buy","time_us":1763731200123456}
            """
        )[0]
    }

    @Test(arguments: ["BTC-USDT", "BTC-USDT-PERP", "BTC-USD-PERP", "BTC-USDT-20261225", "ETH-USD-20261225"])
    func `a symbol is its own canonical name`(_ symbol: String) {
        #expect(heard(symbol) == "trade \(symbol) 7 buy 3 x 2 at 1763731200123456")
    }

    @Test(arguments: [
        "BTC", "BTC-", "BTC-USDT-", "BTC-USDT-261225", "BTC-USDT-20261325", "BTC-USDT-SWAP", "A-B-C-D",
    ])
    func `anything else is unknown`(_ symbol: String) {
        #expect(heard(symbol) == "dead unknown_instrument")
    }
}
