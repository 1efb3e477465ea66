// Part of MarketBus. Apache License 2.0, see LICENSE.

import Testing

@testable import Quotes

@Suite struct `Names by number` {
    @Test func `numbers are dense, stable, and found again after growth`() {
        var table = NameTable(limit: 5000)
        for index in 0..<5000 {
            #expect(table.intern("SYMBOL-\(index)-USDT") == UInt32(index))
        }
        for index in stride(from: 0, to: 5000, by: 7) {
            #expect(table.find("SYMBOL-\(index)-USDT") == UInt32(index))
            #expect(table.intern("SYMBOL-\(index)-USDT") == UInt32(index))
            #expect(table.text(UInt32(index)) == "SYMBOL-\(index)-USDT")
        }
        #expect(table.find("SYMBOL-5000-USDT") == nil)
    }

    @Test func `what is empty, too long or one too many is refused`() {
        var table = NameTable(limit: 1)
        #expect(table.intern("") == nil)
        #expect(table.intern(String(repeating: "x", count: NameTable.maximumLength + 1)) == nil)
        #expect(table.intern("A") == 0)
        #expect(table.intern("B") == nil)
        #expect(table.intern("A") == 0)
        #expect(table.text(99) == "")
    }
}
