// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Testing

@Suite struct `Parsing and printing` {
    @Test(arguments: [
        ("", DecimalError.empty), ("-", .notANumber), (".", .notANumber), ("5.", .notANumber),
        (".5", .notANumber),
        ("-.5", .notANumber), ("-5.", .notANumber), ("+5", .notANumber), (" 5", .notANumber),
        ("5 ", .notANumber),
        ("NaN", .notANumber), ("nan", .notANumber), ("Infinity", .notANumber), ("-Infinity", .notANumber),
        ("inf", .notANumber), ("0.-10000", .notANumber), ("1.2.3", .notANumber), ("1..2", .notANumber),
        ("--1", .notANumber), ("1-", .notANumber), ("1,5", .notANumber), ("0x10", .notANumber),
        ("1e", .notANumber),
        ("1e+", .notANumber), ("1e-", .notANumber), ("1e1.5", .notANumber), ("e5", .notANumber),
        ("1ee5", .notANumber),
        ("null", .notANumber), ("1_000", .notANumber), ("١", .notANumber), ("1\u{0}", .notANumber),
        ("1e400", .outOfRange), ("-1e400", .outOfRange), ("1e-400", .outOfRange), ("1e39", .outOfRange),
        ("1e99999999999999999999999", .outOfRange), ("1e-39", .outOfRange),
        ("1234567890123456789012345678901234567890", .outOfRange),
        ("9999999999999999999999999999999999999999", .outOfRange),
        ("170141183460469231731687303715884105728", .outOfRange),
        ("-170141183460469231731687303715884105729", .outOfRange),
        ("17014118346046923173168730371588410572.8", .outOfRange),
        ("0.000000000000000000000000000000000000001", .outOfRange),
        ("1.00000000000000000000000000000000000000000000000001", .outOfRange),
    ])
    func `what is no decimal that can be held is a typed error`(text: String, error: DecimalError) {
        #expect(throws: error) { try ScaledDecimal(text) }
    }

    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("0.000", "0"), ("-0.0", "0"), ("0e5", "0"), ("0e-99999", "0"),
        ("0e99999", "0"),
        ("00012", "12"), ("1.0", "1"), ("1.50", "1.5"), ("100", "100"), ("5.33E-4", "0.000533"),
        ("5.33e-4", "0.000533"), ("1e-38", "0.00000000000000000000000000000000000001"), ("1E3", "1000"),
        ("1e+3", "1000"), ("1.5e1", "15"), ("1.5e0", "1.5"), ("100e-2", "1"), ("120e-2", "1.2"),
        ("1e38", "100000000000000000000000000000000000000"),
        ("0.01e40", "100000000000000000000000000000000000000"),
        ("10000000000000000000000000000000000000000e-10", "1000000000000000000000000000000"),
        ("170141183460469231731687303715884105727", "170141183460469231731687303715884105727"),
        ("-170141183460469231731687303715884105728", "-170141183460469231731687303715884105728"),
        ("0.1701411834604692317316873037158841057", "0.1701411834604692317316873037158841057"),
        ("1.70141183460469231731687303715884105727", "1.70141183460469231731687303715884105727"),
        ("1.0000000000000000000000000000000000000000000000000", "1"),
        ("0.0000000000000000000000000000000000000000000000000", "0"),
        ("12345.6789012345678901234567890123456789", "12345.6789012345678901234567890123456789"),
        ("999999999999999999", "999999999999999999"), ("9999999999999999999", "9999999999999999999"),
        ("0.000000454", "0.000000454"), ("0.1234567890123456", "0.1234567890123456"),
        ("123456789.123456789", "123456789.123456789"), ("99999999.0000000001", "99999999.0000000001"),
    ])
    func `a decimal is brought to its canonical form`(text: String, canonical: String) throws {
        let value = try ScaledDecimal(text)
        #expect(value.description == canonical)
        #expect(try ScaledDecimal(canonical) == value)
    }

    @Test func `every digit count with every place of the point is itself again`() throws {
        let digits = Array("123456789123456789123456789123456789123")
        for count in 1...38 {
            for decimals in 0...count {
                let whole = String(digits.prefix(count - decimals))
                let fraction = String(digits[(count - decimals)..<count])
                let text = (whole.isEmpty ? "0" : whole) + (fraction.isEmpty ? "" : "." + fraction)
                for sign in ["", "-"] {
                    #expect(try ScaledDecimal(sign + text).description == sign + text)
                }
            }
        }
    }

    @Test func `random texts give what the reference gives`() {
        var samples = DecimalSamples(seed: 1)
        var held = 0
        for _ in 0..<60_000 {
            let text = samples.text(digits: 1...42)
            held += check(text, BigDecimal(text)) ? 1 : 0
        }
        #expect(held > 36_000)
    }

    @Test func `random texts with exponents give what the reference gives`() {
        var samples = DecimalSamples(seed: 2)
        for _ in 0..<20_000 {
            let digits = samples.text(digits: 1...30)
            let exponent = Int.random(in: -45...45, using: &samples.generator)
            check("\(digits)e\(exponent)", BigDecimal(digits, exponent: exponent))
        }
    }

    @Test func `none of the bytes behind the count is read`() throws {
        let bytes = Array("12.3456".utf8)
        let value = try bytes.withUnsafeBufferPointer { buffer in
            try ScaledDecimal(ascii: try #require(buffer.baseAddress), count: 4)
        }
        #expect(value.description == "12.3")
    }

    @Test func `random bytes never do worse than a typed error`() {
        var generator = SeededGenerator(seed: 3)
        let alphabet = Array("0123456789.-+eE\u{0}x".utf8)
        for _ in 0..<30_000 {
            let count = Int.random(in: 0..<48, using: &generator)
            let bytes = (0..<count).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            let text = String(decoding: bytes, as: UTF8.self)
            guard let value = try? ScaledDecimal(text) else { continue }
            expect((try? ScaledDecimal(value.description)) == value, "\(text)")
        }
    }

    /// Whether the value could be held.
    @discardableResult
    private func check(_ text: String, _ reference: BigDecimal) -> Bool {
        do throws(DecimalError) {
            let value = try ScaledDecimal(text)
            expect(value.description == reference.text, "\(text)")
            return true
        } catch {
            expect(error == .outOfRange && !reference.fits, "\(text)")
            return false
        }
    }
}

@Suite struct `Integers as digits` {
    @Test func `every power of two and ten and its neighbours`() {
        var values: Set<UInt64> = [0, .max]
        for bit in 0..<64 { values.formUnion([(1 << bit) - 1, 1 << bit, (1 << bit) + 1]) }
        var power: UInt64 = 1
        for _ in 0..<19 {
            power *= 10
            values.formUnion([power - 1, power, power + 1])
        }
        for value in values {
            #expect(written { Digits.write(value, to: $0) } == String(value))
            #expect(Digits.length(of: value) == String(value).count)
            for signed in [Int64(truncatingIfNeeded: value), -Int64(truncatingIfNeeded: value >> 1)] {
                #expect(written { Digits.write(signed, to: $0) } == String(signed))
            }
        }
        #expect(written { Digits.write(Int64.min, to: $0) } == String(Int64.min))
    }

    private func written(_ body: (UnsafeMutablePointer<UInt8>) -> Int) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { buffer in
            guard let base = buffer.baseAddress else { return "" }
            let count = body(base)
            return String(decoding: buffer[..<count], as: UTF8.self)
        }
    }
}
