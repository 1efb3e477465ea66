// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes
import Routing
import Testing

private func levels(_ text: String) throws -> ContiguousArray<PriceLevel> {
    ContiguousArray(
        try text.split(separator: " ").map { part in
            let pair = part.split(separator: ":").map(String.init)
            return PriceLevel(price: try ScaledDecimal(pair[0]), size: try ScaledDecimal(pair[1]))
        }
    )
}

private func venue(
    _ index: UInt16,
    _ text: String,
    fee: String = "0",
    lot: String = "1",
    minSize: Int64? = nil,
    minNotional: Int64? = nil
) throws -> OrderVenue {
    let facts = MarketFacts(
        kind: .spot,
        takerFee: try ScaledDecimal(fee),
        lot: try ScaledDecimal(lot),
        minSize: minSize.map { ScaledDecimal($0) },
        minNotional: minNotional.map { ScaledDecimal($0) }
    )
    return OrderVenue(venue: VenueIndex(index: index), facts: facts, levels: try levels(text))
}

private func parts(_ split: OrderSplit?) -> [String] {
    split?.parts.map { "\($0.venue.index):\($0.size)" } ?? []
}

@Suite struct `An order over venues` {
    @Test func `goes where the next unit is cheapest, fees included`() throws {
        let venues = [
            try venue(0, "10:2 12:9", fee: "0.1"), try venue(1, "10.5:1 11.5:2 13:9"), try venue(2, "14:9"),
        ]
        let route = try OrderRouter.route(ScaledDecimal(5), isBuy: true, venues, mid: ScaledDecimal(10))
        // 10.5, 11 and 11, 11.5 and 11.5; 12 with its fee is 13.2.
        #expect(parts(route.best) == ["0:2", "1:3"])
        #expect(route.best?.total == (try ScaledDecimal("55.5")))
        #expect(route.cost == (try ScaledDecimal("5.5")))
        #expect(route.costBasisPoints == ScaledDecimal(1100))
        let alone = try ["61.6", "59.5", "70"].map { try ScaledDecimal($0) }
        #expect(route.single.map { $0?.total } == alone)
    }

    @Test func `sells where the next unit brings most`() throws {
        let venues = [try venue(0, "10:2 9:9", fee: "0.2"), try venue(1, "9:2 7:9")]
        let route = try OrderRouter.route(ScaledDecimal(4), isBuy: false, venues, mid: ScaledDecimal(10))
        #expect(parts(route.best) == ["0:2", "1:2"])
        #expect(route.best?.total == ScaledDecimal(34))
        #expect(route.cost == ScaledDecimal(6))
    }

    @Test func `leaves out a venue whose minimum costs more than it saves`() throws {
        let cheap = try venue(0, "10:1 20:9", minSize: 3)
        let venues = [cheap, try venue(1, "11:9")]
        #expect(parts(try OrderRouter.route(ScaledDecimal(4), isBuy: true, venues, mid: nil).best) == ["1:4"])
        let worth = [try venue(0, "10:5", minNotional: 45), try venue(1, "11:9")]
        #expect(parts(try OrderRouter.route(ScaledDecimal(4), isBuy: true, worth, mid: nil).best) == ["1:4"])
        #expect(parts(try OrderRouter.route(ScaledDecimal(5), isBuy: true, worth, mid: nil).best) == ["0:5"])
    }

    @Test func `does as much as the books prove, and nothing where they prove nothing`() throws {
        let venues = [try venue(0, "10:1"), try venue(1, "11:1.5", lot: "0.5")]
        let route = try OrderRouter.route(ScaledDecimal(9), isBuy: true, venues, mid: nil)
        #expect(route.best?.size == ScaledDecimal(2))
        #expect(route.cost == nil)
        #expect(try OrderRouter.route(ScaledDecimal(9), isBuy: true, [], mid: nil).best == nil)
        #expect(try OrderRouter.route(.zero, isBuy: true, venues, mid: nil).best == nil)
    }
}

@Suite struct `Depth over venues` {
    @Test func `joins equal prices and names the venues`() throws {
        let sides = [
            (venue: VenueIndex(index: 0), levels: try levels("10:1 9:2 7:1")),
            (venue: VenueIndex(index: 1), levels: try levels("10:3 8:2")),
            (venue: VenueIndex(index: 2), levels: try levels("10:1")),
        ]
        let merged = try ConsolidatedDepth.merge(sides, isBid: true, top: 3)
        #expect(merged.map(\.price) == [ScaledDecimal(10), ScaledDecimal(9), ScaledDecimal(8)])
        #expect(merged[0].size == ScaledDecimal(5))
        #expect(merged[0].parts.map(\.venue.index) == [1, 0, 2])
        #expect(try ConsolidatedDepth.merge([], isBid: false, top: 3).isEmpty)
    }
}
