// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Testing

@Suite struct `Short texts` {
    @Test func `every length is itself again`() throws {
        for count in 1...ShortText.capacity {
            let text = String((0..<count).map { Character(Unicode.Scalar(UInt8(0x30 + $0 % 10))) })
            let short = try #require(ShortText(text))
            #expect(short.string == text)
            #expect(short.count == count)
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { buffer in
                let written = buffer.baseAddress.map { short.write(to: $0) } ?? 0
                #expect(String(decoding: buffer[..<written], as: UTF8.self) == text)
            }
        }
    }

    @Test func `what would need escaping, or does not fit, is refused`() {
        for text in [
            "", " ", "a b", "\"", "\\", "\u{7F}", "\u{1F}", "é", "a\u{0}", String(repeating: "1", count: 32),
        ] {
            #expect(ShortText(text) == nil, "\(text)")
        }
        for byte in UInt8.min ... .max {
            let isPlain = byte > 0x20 && byte < 0x7F && byte != 0x22 && byte != 0x5C
            #expect((ShortText(String(decoding: [byte], as: UTF8.self)) != nil) == isPlain)
        }
    }

    @Test func `equality and hashes see every byte and the length`() throws {
        let texts = [
            "1", "10", "01", "1234567", "12345678", "123456789", "1234567890123456", "12345678901234567",
        ]
        let shorts = try texts.map { try #require(ShortText($0)) }
        #expect(Set(shorts).count == texts.count)
        #expect(try Set(shorts + texts.map { try #require(ShortText($0)) }).count == texts.count)
    }

    @Test func `a number is read whatever its length, and none with any other byte in it`() {
        let digits = Array("9081726354433221100".utf8)
        for count in 1...19 {
            let text = Array(digits.prefix(count))
            #expect(
                ShortText(String(decoding: text, as: UTF8.self))?.number
                    == UInt64(String(decoding: text, as: UTF8.self))
            )
            for place in 0..<count {
                for byte in 0x21...0x7E as ClosedRange<UInt8> {
                    var other = text
                    other[place] = byte
                    guard let short = ShortText(String(decoding: other, as: UTF8.self)) else { continue }
                    let isNumber = (48...57).contains(byte)
                    if (short.number != nil) != isNumber { Issue.record("\(short.string)") }
                }
            }
        }
    }

    @Test func `numbers are read as far as 64 bits go`() {
        #expect(ShortText("0")?.number == 0)
        #expect(ShortText("007")?.number == 7)
        #expect(ShortText("9999999999999999999")?.number == 9_999_999_999_999_999_999)
        for text in ["-1", "1a", "1.0", "10000000000000000000", "99999999999999999999999"] {
            #expect(ShortText(text)?.number == nil)
        }
    }
}

@Suite struct `Names` {
    @Test func `channels are found by name`() {
        for channel in Channel.allCases { #expect(Channel(name: channel.name) == channel) }
        #expect(Channel(name: "Trade") == nil)
        #expect(Set(Channel.allCases.map(\.name)).count == Channel.allCases.count)
        #expect(Side.buy.name == "buy" && Side.sell.name == "sell")
    }

    @Test(arguments: [
        ("20261225", 20_261_225), ("261225", 20_261_225), ("20240229", 20_240_229), ("20000229", 20_000_229),
        ("700101", 20_700_101), ("20260430", 20_260_430),
    ])
    func `an expiry is a day`(digits: String, expected: UInt32) {
        #expect(ExpiryDate(digits: digits)?.yyyymmdd == expected)
    }

    @Test(arguments: [
        "", "2", "20261", "2026122", "202612250", "20261301", "20260001", "20261200", "20261232", "20260229",
        "21000229",
        "20260431", "20260231", "00001225", "-61225", "+61225", "2612 5", "26122५", "abcdef",
        "99999999999999999999",
    ])
    func `what is no day is none`(digits: String) {
        #expect(ExpiryDate(digits: digits) == nil)
    }

    @Test func `canonical symbols`() {
        func symbol(_ kind: InstrumentKind, _ quote: String, _ expiry: String? = nil) -> String {
            Instrument.canonicalSymbol(
                kind: kind,
                base: "BTC",
                quote: quote,
                expiry: expiry.flatMap { ExpiryDate(digits: $0) }
            )
        }
        #expect(symbol(.spot, "USDT") == "BTC-USDT")
        #expect(symbol(.linearPerpetual, "USDT") == "BTC-USDT-PERP")
        #expect(symbol(.inversePerpetual, "USD") == "BTC-USD-PERP")
        #expect(symbol(.linearFuture, "USDT", "261225") == "BTC-USDT-20261225")
        #expect(symbol(.inverseFuture, "USD", "20261225") == "BTC-USD-20261225")
        #expect(InstrumentKind.allCases.filter(\.isInverse) == [.inversePerpetual, .inverseFuture])
    }
}
