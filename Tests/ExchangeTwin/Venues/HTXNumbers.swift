// Part of MarketBus. Apache License 2.0, see LICENSE.

/// HTX writes JSON numbers: its spot side in the manner of Java doubles, its contracts' side plainly.
enum HTXNumbers {
    /// `52665.02`, `188358.0`, `9.7E-4`, `6.033E8`: at least one decimal, an exponent below 0.001 and from ten million on.
    static func java(_ mantissa: Int128, scale: Int, into out: ByteBuffer) {
        guard mantissa > 0 else { return out.append("0.0") }
        var digits = mantissa
        var places = scale
        while digits % 10 == 0 {
            digits /= 10
            places -= 1
        }
        let text = String(digits)
        let exponent = text.utf8.count - 1 - places
        if exponent >= -3 && exponent < 7 {
            let plain = places > 0 ? digits : digits * Int128(powerOfTen(-places))
            return out.appendDecimal(plain, scale: max(0, places), digits: max(1, places))
        }
        out.append(text: String(text.prefix(1)))
        out.append(46)
        out.append(text: text.utf8.count > 1 ? String(text.dropFirst()) : "0")
        out.append(69)
        out.appendInteger(exponent)
    }

    /// A quotient with up to `decimals` decimals, as the coins of an inverse contract come: 18 to 37 of them.
    static func quotient(_ above: Int128, _ below: Int128, decimals: Int, into out: ByteBuffer) {
        guard below > 0, above >= 0 else { return out.append("0") }
        out.append(text: String(above / below))
        var rest = above % below
        guard rest > 0 else { return }
        out.append(46)
        for _ in 0..<decimals where rest > 0 {
            rest *= 10
            out.append(UInt8(48 + Int(rest / below)))
            rest %= below
        }
    }
}

extension Instrument {
    /// Whether HTX writes this instrument's numbers as Java doubles.
    private var isJava: Bool { segment == .spot }

    func htx(price ticks: Int, into out: ByteBuffer) {
        guard isJava else { return write(price: ticks, into: out) }
        HTXNumbers.java(Int128(ticks) * Int128(tick.mantissa), scale: tick.scale, into: out)
    }

    func htx(size lots: Int, into out: ByteBuffer) {
        guard isJava else { return write(size: lots, into: out) }
        HTXNumbers.java(Int128(lots) * Int128(lot.mantissa), scale: lot.scale, into: out)
    }

    /// Ticks × lots in the quote currency.
    func htx(quote product: Int128, into out: ByteBuffer) {
        guard isJava else { return write(quote: product, digits: nil, into: out) }
        HTXNumbers.java(
            product * Int128(tick.mantissa * lot.mantissa),
            scale: tick.scale + lot.scale,
            into: out
        )
    }

    /// Coins behind contracts at a price, for the exactness that HTX prints them with.
    func htx(coinsOf lots: Int, at ticks: Int, into out: ByteBuffer) {
        guard segment == .inverse else { return write(contractValue: lots, digits: nil, into: out) }
        let above = Int128(lots) * Int128(lot.mantissa * contract.mantissa) * Int128(powerOfTen(tick.scale))
        let below = Int128(ticks) * Int128(tick.mantissa * powerOfTen(lot.scale + contract.scale))
        HTXNumbers.quotient(above, below, decimals: 35, into: out)
    }
}
