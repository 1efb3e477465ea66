// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Testing

@Suite struct `Arithmetic against the reference` {
    @Test func `comparison`() throws {
        var samples = DecimalSamples(seed: 11)
        for _ in 0..<20_000 {
            let (left, right) = (try samples.value(), try samples.value())
            let expected = BigDecimal(left.text) < BigDecimal(right.text)
            expect((left.value < right.value) == expected, "\(left.text) < \(right.text)")
            expect(
                (left.value == right.value) == (left.value.description == right.value.description),
                "\(left) \(right)"
            )
        }
    }

    @Test func `sums and differences`() throws {
        var samples = DecimalSamples(seed: 12)
        for _ in 0..<12_000 {
            let (left, right) = (try samples.value(), try samples.value())
            check(left, right) { () throws(DecimalError) in try left.value.adding(right.value) }
            let negative = BigDecimal(right.text).text
            let flipped = negative.first == "-" ? String(negative.dropFirst()) : "-" + negative
            check(left, (flipped, right.value)) { () throws(DecimalError) in
                try left.value.subtracting(right.value)
            }
        }
    }

    @Test func `products`() throws {
        var samples = DecimalSamples(seed: 13)
        var held = 0
        for _ in 0..<20_000 {
            let (left, right) = (try samples.value(), try samples.value())
            let (a, b) = (BigDecimal(left.text).shortest, BigDecimal(right.text).shortest)
            let exact = BigDecimal(
                isNegative: a.isNegative != b.isNegative,
                magnitude: a.magnitude * b.magnitude,
                scale: a.scale + b.scale
            )
            do throws(DecimalError) {
                let product = try left.value.multiplied(by: right.value)
                expect(product.description == exact.text, "\(left.text) * \(right.text)")
                held += 1
            } catch {
                let isTooLong = !BigDecimal.fits(exact.magnitude, isNegative: exact.isNegative)
                expect(error == .overflow && (isTooLong || !exact.fits), "\(left.text) * \(right.text)")
            }
        }
        #expect(held > 2_000)
    }

    @Test(arguments: [Rounding.towardZero, .awayFromZero, .halfEven])
    func `quotients`(rounding: Rounding) throws {
        var samples = DecimalSamples(seed: 14)
        var held = 0
        for _ in 0..<8_000 {
            let (left, right) = (try samples.value(), try samples.value())
            let decimals = UInt8.random(in: 0...38, using: &samples.generator)
            guard !right.value.isZero else {
                #expect(throws: DecimalError.divisionByZero) {
                    try left.value.divided(by: right.value, decimals: decimals, rounding: rounding)
                }
                continue
            }
            held += checkQuotient(left, right, decimals, rounding) ? 1 : 0
        }
        #expect(held > 2_500)
    }

    @Test(arguments: [Rounding.towardZero, .awayFromZero, .halfEven])
    func `rounding`(rounding: Rounding) throws {
        var samples = DecimalSamples(seed: 15)
        for _ in 0..<5_000 {
            let sample = try samples.value()
            let decimals = UInt8.random(in: 0...38, using: &samples.generator)
            let rounded = try sample.value.rounded(toDecimals: decimals, rounding)
            guard sample.value.scale > decimals else {
                #expect(rounded == sample.value)
                continue
            }
            verify(rounded, BigDecimal(sample.text), BigDecimal("1"), Int(decimals), rounding)
        }
    }

    private func check(
        _ left: (text: String, value: ScaledDecimal),
        _ right: (text: String, value: ScaledDecimal),
        _ sum: () throws(DecimalError) -> ScaledDecimal
    ) {
        let (a, b) = (BigDecimal(left.text).shortest, BigDecimal(right.text).shortest)
        let scale = max(a.scale, b.scale)
        let (x, y) = (a.magnitude(atScale: scale), b.magnitude(atScale: scale))
        let exact: BigDecimal
        if a.isNegative == b.isNegative {
            exact = BigDecimal(isNegative: a.isNegative, magnitude: x + y, scale: scale)
        } else if x < y {
            exact = BigDecimal(isNegative: b.isNegative, magnitude: y - x, scale: scale)
        } else {
            exact = BigDecimal(isNegative: a.isNegative, magnitude: x - y, scale: scale)
        }
        do throws(DecimalError) {
            let value = try sum()
            expect(value.description == exact.text, "\(left.text) + \(right.text)")
        } catch {
            let isTooLong = max(x, y, exact.magnitude) > BigNatural.limit
            expect(error == .overflow && isTooLong, "\(left.text) + \(right.text)")
        }
    }

    private func checkQuotient(
        _ left: (text: String, value: ScaledDecimal),
        _ right: (text: String, value: ScaledDecimal),
        _ decimals: UInt8,
        _ rounding: Rounding
    ) -> Bool {
        let (a, b) = (BigDecimal(left.text).shortest, BigDecimal(right.text).shortest)
        do throws(DecimalError) {
            let value = try left.value.divided(by: right.value, decimals: decimals, rounding: rounding)
            verify(value, a, b, Int(decimals), rounding)
            return true
        } catch {
            // The quotient's digits: |a| * 10^(decimals + b.scale) / (|b| * 10^a.scale).
            let numerator = a.magnitude * .powerOfTen(Int(decimals) + b.scale)
            let denominator = b.magnitude * .powerOfTen(a.scale)
            let isTooLong = !(numerator < BigNatural.limit * denominator)
            expect(error == .overflow && isTooLong, "\(left.text) / \(right.text) to \(decimals)")
            return false
        }
    }

    /// Checks |n - q d| against the rule, with everything as whole numbers.
    private func verify(
        _ quotient: ScaledDecimal,
        _ numerator: BigDecimal,
        _ denominator: BigDecimal,
        _ decimals: Int,
        _ rounding: Rounding
    ) {
        let q = BigDecimal(quotient.description)
        let n = numerator.magnitude * .powerOfTen(decimals + denominator.scale)
        let d = denominator.magnitude * .powerOfTen(numerator.scale)
        let digits = q.magnitude(atScale: decimals)
        let product = digits * d
        var note: Comment {
            "\(numerator.text) / \(denominator.text) to \(decimals) is not \(quotient)"
        }
        expect(q.scale <= decimals, note)
        if digits != .zero { expect(q.isNegative == (numerator.isNegative != denominator.isNegative), note) }
        switch rounding {
        case .towardZero: expect(product <= n && n - product < d, note)
        case .awayFromZero: expect(n <= product && product - n < d, note)
        case .halfEven:
            let off = n < product ? product - n : n - product
            expect(off + off < d || (off + off == d && !digits.isOdd), note)
        }
    }
}

@Suite struct `Arithmetic at its edges` {
    @Test func `halves go to the even neighbour`() throws {
        for (text, even) in [
            ("0.5", "0"), ("1.5", "2"), ("2.5", "2"), ("-0.5", "0"), ("-1.5", "-2"), ("-2.5", "-2"),
        ] {
            #expect(try decimal(text).rounded(toDecimals: 0, .halfEven) == decimal(even))
        }
        #expect(try decimal("-1.1").rounded(toDecimals: 0, .awayFromZero) == decimal("-2"))
        #expect(try decimal("-1.9").rounded(toDecimals: 0, .towardZero) == decimal("-1"))
    }

    @Test func `a divisor far larger than 128 bits allow still divides`() throws {
        let tiny = try decimal("0.0000000000000000000000000000000000001")
        #expect(try tiny.floored(toMultipleOf: decimal("1000")).isZero)
        #expect(try tiny.divided(by: decimal("1000"), decimals: 0, rounding: .awayFromZero) == .one)
        #expect(try tiny.divided(by: decimal("-1000"), decimals: 0, rounding: .halfEven).isZero)
        let third = try ScaledDecimal(2).divided(by: ScaledDecimal(3), decimals: 38, rounding: .halfEven)
        #expect(third.description == "0.66666666666666666666666666666666666667")
    }

    @Test func `sizes are floored to the lot`() throws {
        #expect(try decimal("1.2345").floored(toMultipleOf: decimal("0.01")) == decimal("1.23"))
        #expect(try decimal("-1.2345").floored(toMultipleOf: decimal("0.01")) == decimal("-1.23"))
        #expect(try decimal("7").floored(toMultipleOf: decimal("2.5")) == decimal("5"))
        #expect(throws: DecimalError.divisionByZero) { try decimal("7").floored(toMultipleOf: .zero) }
    }

    @Test func `the one value without a counterpart can't be negated`() throws {
        let lowest = try decimal("-170141183460469231731687303715884105728")
        #expect(throws: DecimalError.overflow) { try lowest.negated() }
        #expect(throws: DecimalError.overflow) {
            try lowest.divided(by: decimal("-1"), decimals: 0, rounding: .halfEven)
        }
        #expect(try lowest < decimal("-170141183460469231731687303715884105727"))
        #expect(try lowest < decimal("0.00000000000000000000000000000000000001"))
    }

    @Test func `equal values are equal however they were written`() throws {
        let values = try Set(["1.50", "1.5", "15e-1", "0.15e1", "1.500000"].map { try ScaledDecimal($0) })
        #expect(values.count == 1)
        #expect(ScaledDecimal(mantissa: 1500, scale: 3) == ScaledDecimal(mantissa: 15, scale: 1))
        #expect(ScaledDecimal(mantissa: 1, scale: 39) == nil)
        #expect(ScaledDecimal(mantissa: 10, scale: 39) != nil)
        #expect(ScaledDecimal(mantissa: 1, scale: -1) == nil)
        #expect(ScaledDecimal(mantissa: 0, scale: -1) == .zero)
    }

    @Test func `units keep what they mean`() throws {
        let price = Price(try decimal("40000.5"))
        #expect(try price.notional(of: Quantity(decimal("0.002"))) == Notional(decimal("80.001")))
        #expect(Price(.one) < price)
        #expect(price.value.approximateDouble == 40000.5)
    }

    private func decimal(_ text: String) throws(DecimalError) -> ScaledDecimal { try ScaledDecimal(text) }
}
