// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

extension __NAME__Venue {
    /// One list a market.
    public func instrumentCalls(markets: [MarketID]) -> [VenueCall] {
        markets.map { VenueCall(endpoint: "rest", path: "/instruments", market: $0) }
    }

    /// Reads the list: `{"instruments":[{"symbol","tick_size","lot_size","min_size","status"}]}`.
    public func instruments(
        from body: UnsafeRawBufferPointer,
        market: MarketID?
    ) throws(DecodeError) -> [Instrument] {
        try InstrumentList.rows(JSONName("instruments"), in: body, ListedFields.init)
            .compactMap(Self.instrument)
    }

    private static func instrument(_ row: ListedFields) -> Instrument? {
        guard let name = row["symbol"], var instrument = __NAME__Symbols.infer(name) else { return nil }
        instrument.tickSize = row.decimal("tick_size")
        instrument.lotSize = row.decimal("lot_size")
        instrument.minSize = row.decimal("min_size")
        instrument.status = row["status"] == "trading" ? .trading : .halted
        return instrument
    }
}
