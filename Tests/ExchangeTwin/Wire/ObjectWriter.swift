// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Writes the members of one JSON object in order; venues give numbers as text or bare, so each call says which.
struct ObjectWriter {
    let out: ByteBuffer
    private var isFirst = true

    /// Opens the object.
    init(_ out: ByteBuffer) {
        self.out = out
        out.append(123)
    }

    /// A name and its colon; the value follows by hand.
    mutating func key(_ name: StaticString) {
        if !isFirst { out.append(44) }
        isFirst = false
        out.append(34)
        out.append(name)
        out.append("\":")
    }

    mutating func number(_ name: StaticString, _ value: Int) {
        key(name)
        out.appendInteger(value)
    }

    mutating func flag(_ name: StaticString, _ value: Bool) {
        key(name)
        if value { out.append("true") } else { out.append("false") }
    }

    mutating func text(_ name: StaticString, _ value: StaticString) {
        quoted(name) { $0.append(value) }
    }

    mutating func text(_ name: StaticString, _ value: [UInt8]) {
        quoted(name) { $0.append(value) }
    }

    mutating func text(_ name: StaticString, string value: String) {
        key(name)
        out.appendQuoted(value)
    }

    /// A whole number as a string.
    mutating func text(_ name: StaticString, _ value: Int) {
        quoted(name) { $0.appendInteger(value) }
    }

    /// Whatever `fill` writes, as a string.
    mutating func quoted(_ name: StaticString, _ fill: (ByteBuffer) -> Void) {
        key(name)
        out.append(34)
        fill(out)
        out.append(34)
    }

    // MARK: - Numbers of an instrument, as strings

    mutating func price(_ name: StaticString, _ instrument: Instrument, _ ticks: Int) {
        quoted(name) { instrument.write(price: ticks, into: $0) }
    }

    mutating func size(_ name: StaticString, _ instrument: Instrument, _ lots: Int) {
        quoted(name) { instrument.write(size: lots, into: $0) }
    }

    mutating func decimal(_ name: StaticString, _ mantissa: Int, scale: Int, digits: Int?) {
        quoted(name) {
            if mantissa < 0 { $0.append(45) }
            $0.appendDecimal(abs(mantissa), scale: scale, digits: digits)
        }
    }

    /// Closes the object.
    func end() { out.append(125) }
}
