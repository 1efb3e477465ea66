// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A natural number of any size, slow and simple: what FixedPoint is judged by.
struct BigNatural: Comparable {
    private static let base: UInt64 = 1_000_000_000
    /// Nine digits a limb, the lowest first, none zero at the top.
    private(set) var limbs: [UInt64]

    static let zero = BigNatural(limbs: [])
    /// The largest mantissa, 2^127 - 1.
    static let limit = BigNatural("170141183460469231731687303715884105727")

    private init(limbs: [UInt64]) {
        self.limbs = limbs
        while self.limbs.last == 0 { self.limbs.removeLast() }
    }

    init(_ digits: String) {
        var rest = Substring(digits)
        var limbs: [UInt64] = []
        while !rest.isEmpty {
            limbs.append(UInt64(rest.suffix(9)) ?? 0)
            rest = rest.dropLast(9)
        }
        self.init(limbs: limbs)
    }

    static func powerOfTen(_ exponent: Int) -> BigNatural {
        BigNatural("1" + String(repeating: "0", count: exponent))
    }

    var text: String {
        guard let top = limbs.last else { return "0" }
        return limbs.dropLast().reversed().reduce(String(top)) { text, limb in
            let digits = String(limb)
            return text + String(repeating: "0", count: 9 - digits.count) + digits
        }
    }

    var isOdd: Bool { (limbs.first ?? 0) % 2 == 1 }

    static func < (left: BigNatural, right: BigNatural) -> Bool {
        if left.limbs.count != right.limbs.count { return left.limbs.count < right.limbs.count }
        for index in left.limbs.indices.reversed() where left.limbs[index] != right.limbs[index] {
            return left.limbs[index] < right.limbs[index]
        }
        return false
    }

    static func + (left: BigNatural, right: BigNatural) -> BigNatural {
        var sum: [UInt64] = []
        var carry: UInt64 = 0
        for index in 0..<max(left.limbs.count, right.limbs.count) {
            let a = index < left.limbs.count ? left.limbs[index] : 0
            let b = index < right.limbs.count ? right.limbs[index] : 0
            sum.append((a + b + carry) % base)
            carry = (a + b + carry) / base
        }
        return BigNatural(limbs: sum + [carry])
    }

    /// The difference; the left must not be smaller.
    static func - (left: BigNatural, right: BigNatural) -> BigNatural {
        var difference: [UInt64] = []
        var borrow: UInt64 = 0
        for index in left.limbs.indices {
            let taken = (index < right.limbs.count ? right.limbs[index] : 0) + borrow
            borrow = left.limbs[index] < taken ? 1 : 0
            difference.append(left.limbs[index] + borrow * base - taken)
        }
        return BigNatural(limbs: difference)
    }

    static func * (left: BigNatural, right: BigNatural) -> BigNatural {
        var product = [UInt64](repeating: 0, count: left.limbs.count + right.limbs.count + 1)
        for (i, a) in left.limbs.enumerated() {
            var carry: UInt64 = 0
            for (j, b) in right.limbs.enumerated() {
                let sum = product[i + j] + a * b + carry
                product[i + j] = sum % base
                carry = sum / base
            }
            product[i + right.limbs.count] += carry
        }
        return BigNatural(limbs: product)
    }
}

/// A decimal of any size: sign, digits, decimals.
struct BigDecimal {
    var isNegative: Bool
    var magnitude: BigNatural
    var scale: Int

    init(isNegative: Bool, magnitude: BigNatural, scale: Int) {
        self.isNegative = isNegative
        self.magnitude = magnitude
        self.scale = scale
    }

    /// From digits with a point somewhere or nowhere.
    init(_ text: String, exponent: Int = 0) {
        let parts = text.drop { $0 == "-" }.split(separator: ".", omittingEmptySubsequences: false)
        let fraction = parts.count > 1 ? String(parts[1]) : ""
        isNegative = text.first == "-"
        magnitude = BigNatural(String(parts[0]) + fraction)
        scale = fraction.count - exponent
    }

    /// The same value in its shortest form: no trailing zero in the fraction, no negative scale.
    var shortest: BigDecimal {
        if magnitude == .zero { return BigDecimal(isNegative: false, magnitude: .zero, scale: 0) }
        if scale <= 0 {
            let whole = magnitude * .powerOfTen(-scale)
            return BigDecimal(isNegative: isNegative, magnitude: whole, scale: 0)
        }
        var digits = magnitude.text
        var decimals = scale
        while decimals > 0, digits.last == "0" {
            digits.removeLast()
            decimals -= 1
        }
        return BigDecimal(isNegative: isNegative, magnitude: BigNatural(digits), scale: decimals)
    }

    /// The canonical text of a shortest form.
    var text: String {
        let short = shortest
        var digits = short.magnitude.text
        if digits.count <= short.scale {
            digits = String(repeating: "0", count: short.scale + 1 - digits.count) + digits
        }
        let whole = digits.dropLast(short.scale)
        let fraction = short.scale > 0 ? "." + digits.suffix(short.scale) : ""
        return (short.isNegative ? "-" : "") + whole + fraction
    }

    /// Whether the shortest form can be held in 128 bits with at most 38 decimals.
    var fits: Bool {
        let short = shortest
        return short.scale <= 38 && Self.fits(short.magnitude, isNegative: short.isNegative)
    }

    static func fits(_ magnitude: BigNatural, isNegative: Bool) -> Bool {
        magnitude <= (isNegative ? BigNatural.limit + BigNatural("1") : BigNatural.limit)
    }

    /// The digits when so many decimals are written.
    func magnitude(atScale wanted: Int) -> BigNatural { magnitude * .powerOfTen(wanted - scale) }

    static func < (left: BigDecimal, right: BigDecimal) -> Bool {
        let scale = max(left.scale, right.scale)
        let (a, b) = (left.magnitude(atScale: scale), right.magnitude(atScale: scale))
        let (leftNegative, rightNegative) = (left.isNegative && a != .zero, right.isNegative && b != .zero)
        if leftNegative != rightNegative { return leftNegative }
        return leftNegative ? b < a : a < b
    }
}
