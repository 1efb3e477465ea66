// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Testing

@Suite struct `The instrument table` {
    private static func instrument(
        _ venueSymbol: String,
        market: String = "spot",
        base: String,
        quote: String = "USDT"
    ) -> Instrument {
        Instrument(
            venue: VenueID("venue"),
            market: MarketID(market),
            venueSymbol: venueSymbol,
            kind: .spot,
            base: base,
            quote: quote,
            settle: quote
        )
    }

    /// Thousands of names of up to 40 bytes; many share their first and last eight.
    private static let names: [String] = {
        var names: Set<String> = []
        for length in 1...40 {
            for variant in 0..<100 {
                let digits = String(variant)
                guard digits.count <= length else { continue }
                let padding = length - digits.count
                // The varying part at the front, at the back and in the middle.
                names.insert(digits + String(repeating: "A", count: padding))
                names.insert(String(repeating: "A", count: padding) + digits)
                let front = padding / 2
                names.insert(
                    String(repeating: "A", count: front) + digits
                        + String(repeating: "A", count: padding - front)
                )
            }
        }
        return names.sorted()
    }()

    @Test func `thousands of names are told apart, also those of one head and tail`() {
        let table = InstrumentTable()
        let index = table.index(of: MarketID("spot"))
        #expect(Self.names.count > 8000)
        for (number, name) in Self.names.enumerated() {
            #expect(index.find(name) == nil)
            #expect(table.upsert(Self.instrument(name, base: "B\(number)")).index == UInt32(number))
        }
        for (number, name) in Self.names.enumerated() {
            #expect(index.find(name)?.index == UInt32(number))
            #expect(table[InstrumentID(index: UInt32(number))].venueSymbol == name)
            #expect(table.id(ofSymbol: "B\(number)-USDT")?.index == UInt32(number))
        }
        for name in Self.names where name.count > 1 {
            #expect(index.find(name + "\u{0}") == nil)
            #expect(index.find("x" + name.dropFirst()) == nil)
        }
        #expect(index.find("") == nil)
    }

    @Test func `a lookup reads no byte behind the name`() throws {
        let table = InstrumentTable()
        let index = table.index(of: MarketID("spot"))
        for name in ["A", "ABC", "ABCDEFG", "ABCDEFGH", "ABCDEFGHIJKLMNOP", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"] {
            let id = table.upsert(Self.instrument(name, base: name))
            // Memory that ends with the name: the address sanitizer sees what is read beyond.
            let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: name.utf8.count)
            defer { memory.deallocate() }
            for (place, byte) in name.utf8.enumerated() { memory[place] = byte }
            #expect(index.find(memory, count: name.utf8.count) == id)
            #expect(index.find(memory, count: 0) == nil)
        }
    }

    @Test func `an instrument that is refreshed keeps its number`() {
        let table = InstrumentTable()
        let first = table.upsert(Self.instrument("BTCUSDT", base: "BTC"))
        var again = Self.instrument("BTCUSDT", base: "BTC")
        again.tickSize = .one
        #expect(table.upsert(again) == first)
        #expect(table[first].tickSize == .one)
        #expect(table.instruments.count == 1)
    }

    @Test func `markets do not see each other's names`() {
        let table = InstrumentTable()
        let spot = table.upsert(Self.instrument("BTCUSDT", base: "BTC"))
        let future = table.upsert(Self.instrument("BTCUSDT", market: "usdm", base: "BTC", quote: "USDC"))
        #expect(spot != future)
        #expect(table.index(of: MarketID("spot")).find("BTCUSDT") == spot)
        #expect(table.index(of: MarketID("usdm")).find("BTCUSDT") == future)
        #expect(table.index(of: MarketID("coinm")).find("BTCUSDT") == nil)
    }

    @Test func `of two with one canonical symbol the first keeps it, refreshed or not`() {
        let table = InstrumentTable()
        let first = table.upsert(Self.instrument("XBTUSDT", base: "BTC"))
        let second = table.upsert(Self.instrument("BTCUSDT", base: "BTC"))
        #expect(table.id(ofSymbol: "BTC-USDT") == first)
        table.upsert(Self.instrument("BTCUSDT", base: "BTC"))
        #expect(table.id(ofSymbol: "BTC-USDT") == first)
        table.upsert(Self.instrument("XBTUSDT", base: "XBT"))
        #expect(table.id(ofSymbol: "BTC-USDT") == nil || table.id(ofSymbol: "BTC-USDT") == second)
        #expect(table.id(ofSymbol: "XBT-USDT") == first)
        table.upsert(Self.instrument("BTCUSDT", base: "BTC"))
        #expect(table.id(ofSymbol: "BTC-USDT") == second)
    }

    @Test func `the rule of sizes follows from kind and contract`() throws {
        var linear = Self.instrument("BTC-USDT-SWAP", base: "BTC")
        linear.kind = .linearPerpetual
        #expect(SizeRule(linear) == .unknown)
        linear.contractSize = try ScaledDecimal("0.01")
        #expect(SizeRule(linear) == .contracts(try ScaledDecimal("0.01")))
        linear.kind = .inversePerpetual
        #expect(SizeRule(linear) == .asStated)
    }
}

@Suite struct `Batches of events` {
    @Test func `events keep their order and leave when asked`() throws {
        var batch = EventBatch()
        for number in 1...200 as ClosedRange<Int64> {
            let quote = BestQuote(
                instrument: InstrumentID(index: 0),
                exchangeMicroseconds: EventTime.none,
                venueSequence: number,
                bid: nil,
                ask: nil
            )
            batch.append(quote)
        }
        #expect(batch.quotes.map(\.venueSequence) == Array(1...200))
        #expect(batch.count == 200 && batch.trades.isEmpty)
        batch.removeAll()
        #expect(batch.count == 0 && batch.quotes.isEmpty)
    }
}
