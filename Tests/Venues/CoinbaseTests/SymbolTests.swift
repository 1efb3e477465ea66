// Part of MarketBus. Apache License 2.0, see LICENSE.

import Coinbase
import Models
import Testing
import VenueTestKit

/// What a product's name says.
struct SymbolTests {
    private let bench = FrameBench(CoinbaseVenue())

    private func heard(_ product: String) -> String {
        bench.see(
            """
            {"type":"match","trade_id":1,"side":"sell","size":"2","price":"3","product_id":"\(product)",\
            "time":"2022-10-19T23:28:22Z"}
            """
        )[0]
    }

    @Test(arguments: ["BTC-USD", "ETH-BTC", "BTC-USDC", "00-USD", "1INCH-EUR"])
    func `a product of two currencies is spot under its own name`(_ product: String) {
        #expect(heard(product) == "trade \(product) 1 buy 3 x 2 at 1666222102000000")
    }

    @Test(arguments: [
        "BTC", "BTC-", "-USD", "BIP-20DEC30-CDE", "BTC-PERP-INTX", "BTC USD", "B C-USD", "BTC/USD-X",
    ])
    func `anything else is unknown`(_ product: String) {
        #expect(heard(product) == "dead unknown_instrument")
    }
}
