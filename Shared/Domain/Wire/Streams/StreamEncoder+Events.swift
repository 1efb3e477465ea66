// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

extension StreamEncoder {
    /// The topic `md.candle.v1`.
    public mutating func encode(
        _ candle: borrowing Candle,
        isClosed: Bool,
        revision: Int32,
        origin: EventOrigin,
        _ label: StreamLabel,
        _ stamp: RecordStamp
    ) -> UnsafeRawBufferPointer {
        begin(label, exchange: candle.exchangeMicroseconds, stamp)
        writer.literal(",\"interval\":")
        writer.string(candle.interval.name)
        writer.literal(",\"open_us\":")
        writer.integer(candle.openMicroseconds)
        writer.literal(",\"close_us\":")
        writer.integer(candle.interval.close(of: candle.openMicroseconds))
        writer.literal(",\"open\":")
        writer.decimal(candle.open)
        writer.literal(",\"high\":")
        writer.decimal(candle.high)
        writer.literal(",\"low\":")
        writer.decimal(candle.low)
        writer.literal(",\"close\":")
        writer.decimal(candle.close)
        writer.literal(",\"volume\":")
        writer.decimal(candle.volume)
        writer.literal(",\"quote_volume\":")
        writer.decimal(candle.quoteVolume)
        writer.literal(",\"trades\":")
        writer.integerOrNull(candle.trades ?? Int64.min)
        writer.literal(",\"closed\":")
        if isClosed { writer.literal("true") } else { writer.literal("false") }
        writer.literal(",\"origin\":")
        writer.string(origin.rawValue)
        writer.literal(",\"revision\":")
        writer.integer(Int64(revision))
        writer.literal("}")
        return writer.bytes
    }

    /// The topic `md.ticker.v1`.
    public mutating func encode(
        _ ticker: borrowing Ticker,
        _ label: StreamLabel,
        _ stamp: RecordStamp
    ) -> UnsafeRawBufferPointer {
        begin(label, exchange: ticker.exchangeMicroseconds, stamp)
        writer.literal(",\"venue_seq\":")
        writer.integerOrNull(ticker.venueSequence)
        writer.literal(",\"last\":")
        writer.decimal(ticker.last)
        writer.literal(",\"open_24h\":")
        writer.decimal(ticker.open)
        writer.literal(",\"high_24h\":")
        writer.decimal(ticker.high)
        writer.literal(",\"low_24h\":")
        writer.decimal(ticker.low)
        writer.literal(",\"volume_24h\":")
        writer.decimal(ticker.volume)
        writer.literal(",\"quote_volume_24h\":")
        writer.decimal(ticker.quoteVolume)
        writer.literal("}")
        return writer.bytes
    }

    /// The topic `md.funding.v1`.
    public mutating func encode(
        _ funding: borrowing Funding,
        _ label: StreamLabel,
        _ stamp: RecordStamp
    ) -> UnsafeRawBufferPointer {
        begin(label, exchange: funding.exchangeMicroseconds, stamp)
        writer.literal(",\"rate\":")
        writer.decimal(funding.rate)
        writer.literal(",\"next_funding_us\":")
        writer.integerOrNull(funding.nextMicroseconds)
        writer.literal(",\"interval_us\":")
        writer.integerOrNull(funding.intervalMicroseconds)
        writer.literal(",\"mark\":")
        writer.decimal(funding.mark)
        writer.literal(",\"index\":")
        writer.decimal(funding.index)
        writer.literal("}")
        return writer.bytes
    }

    /// The topic `md.open_interest.v1`.
    public mutating func encode(
        _ interest: borrowing OpenInterest,
        _ label: StreamLabel,
        _ stamp: RecordStamp
    ) -> UnsafeRawBufferPointer {
        begin(label, exchange: interest.exchangeMicroseconds, stamp)
        writer.literal(",\"contracts\":")
        writer.decimal(interest.contracts)
        writer.literal(",\"base\":")
        writer.decimal(interest.base)
        writer.literal(",\"quote\":")
        writer.decimal(interest.quote)
        writer.literal("}")
        return writer.bytes
    }

    /// The topic `md.liquidation.v1`.
    public mutating func encode(
        _ liquidation: borrowing Liquidation,
        _ label: StreamLabel,
        _ stamp: RecordStamp
    ) -> UnsafeRawBufferPointer {
        begin(label, exchange: liquidation.exchangeMicroseconds, stamp)
        writer.literal(",\"price\":")
        writer.decimal(liquidation.price)
        writer.literal(",\"size\":")
        writer.decimal(liquidation.size)
        writer.literal(",\"side\":")
        writer.string(liquidation.side.name)
        writer.literal("}")
        return writer.bytes
    }
}
