// Part of MarketBus. Apache License 2.0, see LICENSE.

/// OKX's pushes as the sheet's section 3 prints them in 2026.
enum OKXFrames {
    static func bbo(_ instrument: Instrument, milliseconds: Int, into out: ByteBuffer) {
        head("bbo-tbt", instrument, into: out)
        out.append("\"asks\":[[\"")
        level(instrument, instrument.askTicks, instrument.askLots, into: out)
        out.append("]],\"bids\":[[\"")
        level(instrument, instrument.bidTicks, instrument.bidLots, into: out)
        out.append("]],\"ts\":\"")
        out.appendInteger(milliseconds)
        out.append("\",\"seqId\":")
        out.appendInteger(instrument.sequence)
        out.append("}]}")
    }

    static func trade(
        _ instrument: Instrument,
        _ trade: GeneratedTrade,
        milliseconds: Int,
        into out: ByteBuffer
    ) {
        head("trades", instrument, into: out)
        out.append("\"instId\":\"")
        out.append(instrument.nameBytes)
        out.append("\",\"tradeId\":\"")
        out.appendInteger(instrument.tradeID)
        out.append("\",\"px\":\"")
        price(instrument, trade.ticks, into: out)
        out.append("\",\"sz\":\"")
        size(instrument, trade.lots, into: out)
        if trade.buy {
            out.append("\",\"side\":\"buy\",\"ts\":\"")
        } else {
            out.append("\",\"side\":\"sell\",\"ts\":\"")
        }
        out.appendInteger(milliseconds)
        out.append("\",\"count\":\"")
        out.appendInteger(trade.parts)
        out.append("\",\"source\":\"0\",\"seqId\":")
        out.appendInteger(instrument.sequence)
        out.append("}]}")
    }

    private static func head(_ channel: StaticString, _ instrument: Instrument, into out: ByteBuffer) {
        out.append("{\"arg\":{\"channel\":\"")
        out.append(channel)
        out.append("\",\"instId\":\"")
        out.append(instrument.nameBytes)
        out.append("\"},\"data\":[{")
    }

    private static func level(_ instrument: Instrument, _ ticks: Int, _ lots: Int, into out: ByteBuffer) {
        price(instrument, ticks, into: out)
        out.append("\",\"")
        size(instrument, lots, into: out)
        out.append("\",\"0\",\"")
        out.appendInteger(1 + lots % 17)
        out.append(34)
    }

    private static func price(_ instrument: Instrument, _ ticks: Int, into out: ByteBuffer) {
        out.appendDecimal(ticks * instrument.tick.mantissa, scale: instrument.tick.scale, digits: nil)
    }

    private static func size(_ instrument: Instrument, _ lots: Int, into out: ByteBuffer) {
        out.appendDecimal(lots * instrument.lot.mantissa, scale: instrument.lot.scale, digits: nil)
    }
}
