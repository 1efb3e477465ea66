// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes
import Testing

@Suite struct `What a venue allows` {
    @Test func `of contracts becomes base currency`() throws {
        var instrument = Instrument(
            venue: VenueID("okx"),
            market: MarketID("swap"),
            venueSymbol: "BTC-USDT-SWAP",
            kind: .linearPerpetual,
            base: "BTC",
            quote: "USDT",
            settle: "USDT"
        )
        instrument.lotSize = try ScaledDecimal("0.1")
        instrument.minSize = ScaledDecimal(2)
        instrument.contractSize = try ScaledDecimal("0.01")
        instrument.makerFee = try ScaledDecimal("0.0002")
        let facts = try must(MarketFacts(of: instrument, takerFee: .zero))
        #expect(facts.lot == (try ScaledDecimal("0.001")))
        #expect(facts.minSize == (try ScaledDecimal("0.02")))
        #expect(facts.makerFee == (try ScaledDecimal("0.0002")))
        #expect(facts.contractSize == nil)
        instrument.status = .halted
        #expect(MarketFacts(of: instrument, takerFee: .zero) == nil)
        instrument.status = .trading
        instrument.contractSize = .zero
        #expect(MarketFacts(of: instrument, takerFee: .zero) == nil)
    }

    @Test(arguments: [
        ("0.3", "0.2", "0.6"), ("0.001", "0.1", "0.1"), ("1", "0.3", "3"), ("0", "0.5", "0.5"),
        ("0.25", "0", "0.25"),
    ])
    func `has a step that two venues share`(left: String, right: String, both: String) throws {
        let step = try SizeGrid.step(try ScaledDecimal(left), try ScaledDecimal(right))
        #expect(step == (try ScaledDecimal(both)))
        #expect(try SizeGrid.step(nil, nil) == nil)
        let raised = try SizeGrid.raised(try ScaledDecimal("0.61"), toMultipleOf: try ScaledDecimal(both))
        #expect(raised >= (try ScaledDecimal("0.61")))
    }

    @Test func `is refused where steps are beyond exact arithmetic`() throws {
        let (left, right) = (try ScaledDecimal("9e37"), try ScaledDecimal("7e-38"))
        #expect(throws: DecimalError.overflow) { try SizeGrid.step(left, right) }
    }
}
