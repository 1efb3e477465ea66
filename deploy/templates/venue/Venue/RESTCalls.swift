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
        guard let scanner = JSONScanner(capacity: body.count) else { throw .malformed(offset: 0) }
        do throws(JSONError) {
            var cursor = try scanner.scan(body)
            var found: [Instrument] = []
            let list = JSONName("instruments")
            try cursor.enterObject()
            while let key = try cursor.nextKey() {
                guard key.matches(list) else {
                    try cursor.skip()
                    continue
                }
                try cursor.enterArray()
                while try cursor.nextElement() {
                    if let instrument = Self.instrument(try Self.texts(&cursor)) { found.append(instrument) }
                }
            }
            try cursor.finish()
            return found
        } catch {
            throw DecodeError(error)
        }
    }

    private static func texts(_ cursor: inout JSONCursor) throws(JSONError) -> [String: String] {
        var texts: [String: String] = [:]
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            if let text = try cursor.token(), text.count > 0 { texts[key.string] = text.string }
        }
        return texts
    }

    private static func instrument(_ texts: [String: String]) -> Instrument? {
        guard let name = texts["symbol"], var instrument = __NAME__Symbols.infer(name) else { return nil }
        instrument.tickSize = texts["tick_size"].flatMap { try? ScaledDecimal($0) }
        instrument.lotSize = texts["lot_size"].flatMap { try? ScaledDecimal($0) }
        instrument.minSize = texts["min_size"].flatMap { try? ScaledDecimal($0) }
        instrument.status = texts["status"] == "trading" ? .trading : .halted
        return instrument
    }
}
