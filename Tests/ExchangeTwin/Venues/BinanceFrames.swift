// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Binance's payloads as the sheet's sections 3 and 4 print them in 2026.
enum BinanceFrames {
    static func bookTicker(_ instrument: Instrument, milliseconds: Int, into out: ByteBuffer) {
        if instrument.segment == .spot {
            out.append("{\"u\":")
            out.appendInteger(instrument.sequence)
        } else {
            out.append("{\"e\":\"bookTicker\",\"u\":")
            out.appendInteger(instrument.sequence)
            out.append(",\"E\":")
            out.appendInteger(milliseconds)
            out.append(",\"T\":")
            out.appendInteger(milliseconds - 1)
        }
        symbol(instrument, into: out)
        if instrument.segment != .spot {
            out.append(",\"ps\":\"")
            out.append(pairBytes(instrument))
            out.append(34)
        }
        out.append(",\"b\":\"")
        price(instrument, instrument.bidTicks, into: out)
        out.append("\",\"B\":\"")
        size(instrument, instrument.bidLots, into: out)
        out.append("\",\"a\":\"")
        price(instrument, instrument.askTicks, into: out)
        out.append("\",\"A\":\"")
        size(instrument, instrument.askLots, into: out)
        end(instrument, into: out)
    }

    /// A raw trade; on the futures with `X`.
    static func trade(
        _ instrument: Instrument,
        _ trade: GeneratedTrade,
        milliseconds: Int,
        into out: ByteBuffer
    ) {
        out.append("{\"e\":\"trade\",\"E\":")
        out.appendInteger(milliseconds)
        if instrument.segment != .spot { time(milliseconds - 1, into: out) }
        symbol(instrument, into: out)
        out.append(",\"t\":")
        out.appendInteger(instrument.tradeID)
        body(instrument, trade, into: out)
        if instrument.segment == .spot {
            time(milliseconds - 1, into: out)
        } else {
            out.append(",\"X\":\"MARKET\"")
        }
        maker(instrument, trade, into: out)
    }

    static func aggregate(
        _ instrument: Instrument,
        _ trade: GeneratedTrade,
        milliseconds: Int,
        into out: ByteBuffer
    ) {
        out.append("{\"e\":\"aggTrade\",\"E\":")
        out.appendInteger(milliseconds)
        symbol(instrument, into: out)
        out.append(",\"a\":")
        out.appendInteger(instrument.aggregateID)
        body(instrument, trade, into: out)
        if instrument.segment != .spot {
            out.append(",\"nq\":\"")
            size(instrument, trade.lots, into: out)
            out.append(34)
        }
        out.append(",\"f\":")
        out.appendInteger(instrument.tradeID - trade.parts + 1)
        out.append(",\"l\":")
        out.appendInteger(instrument.tradeID)
        time(milliseconds - 1, into: out)
        maker(instrument, trade, into: out)
    }

    // MARK: - Pieces

    private static func symbol(_ instrument: Instrument, into out: ByteBuffer) {
        out.append(",\"s\":\"")
        out.append(instrument.nameBytes)
        out.append(34)
    }

    private static func pairBytes(_ instrument: Instrument) -> [UInt8] {
        instrument.segment == .inverse ? Array(instrument.nameBytes.dropLast(5)) : instrument.nameBytes
    }

    private static func time(_ milliseconds: Int, into out: ByteBuffer) {
        out.append(",\"T\":")
        out.appendInteger(milliseconds)
    }

    private static func body(_ instrument: Instrument, _ trade: GeneratedTrade, into out: ByteBuffer) {
        out.append(",\"p\":\"")
        price(instrument, trade.ticks, into: out)
        out.append("\",\"q\":\"")
        size(instrument, trade.lots, into: out)
        out.append(34)
    }

    private static func maker(_ instrument: Instrument, _ trade: GeneratedTrade, into out: ByteBuffer) {
        if trade.buy { out.append(",\"m\":false") } else { out.append(",\"m\":true") }
        switch instrument.segment {
        case .spot: out.append(",\"M\":true}")
        case .linear: out.append(",\"st\":1}")
        case .inverse: out.append(",\"st\":2}")
        }
    }

    private static func end(_ instrument: Instrument, into out: ByteBuffer) {
        switch instrument.segment {
        case .spot: out.append("\"}")
        case .linear: out.append("\",\"st\":1}")
        case .inverse: out.append("\",\"st\":2}")
        }
    }

    private static func price(_ instrument: Instrument, _ ticks: Int, into out: ByteBuffer) {
        let tick = instrument.tick
        out.appendDecimal(ticks * tick.mantissa, scale: tick.scale, digits: instrument.priceDigits)
    }

    private static func size(_ instrument: Instrument, _ lots: Int, into out: ByteBuffer) {
        let lot = instrument.lot
        out.appendDecimal(lots * lot.mantissa, scale: lot.scale, digits: instrument.sizeDigits)
    }
}
