// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// Market events to the bytes of their records.
///
/// The bytes that a call returns are valid until the next.
///
/// - Thread: that of the feed. Allocates: never in steady state.
public struct StreamEncoder: ~Copyable {
    var writer = JSONWriter()

    /// An encoder with memory of its own.
    public init() {}

    /// The topic `md.trade.v1`; `origin` is written where it is not the socket.
    public mutating func encode(
        _ trade: borrowing Trade,
        _ label: StreamLabel,
        _ stamp: RecordStamp,
        origin: EventOrigin = .socket
    ) -> UnsafeRawBufferPointer {
        begin(label, exchange: trade.exchangeMicroseconds, stamp)
        writer.literal(",\"trade_id\":\"")
        writer.plain(trade.id)
        writer.literal("\",\"price\":")
        writer.decimal(trade.price)
        writer.literal(",\"size\":")
        writer.decimal(trade.size)
        switch trade.side {
        case .buy: writer.literal(",\"side\":\"buy\"")
        case .sell: writer.literal(",\"side\":\"sell\"")
        }
        if origin != .socket {
            writer.literal(",\"origin\":")
            writer.string(origin.rawValue)
        }
        writer.literal("}")
        return writer.bytes
    }

    /// `md.bbo.v1`, state live.
    public mutating func encode(
        _ quote: borrowing BestQuote,
        _ label: StreamLabel,
        _ stamp: RecordStamp
    ) -> UnsafeRawBufferPointer {
        begin(label, exchange: quote.exchangeMicroseconds, stamp)
        writer.literal(",\"venue_seq\":")
        writer.integerOrNull(quote.venueSequence)
        writer.literal(",\"state\":\"live\",\"bid\":")
        if let bid = quote.bid {
            writer.decimal(bid.price)
            writer.literal(",\"bid_size\":")
            writer.decimal(bid.size)
        } else {
            writer.literal("null,\"bid_size\":null")
        }
        writer.literal(",\"ask\":")
        if let ask = quote.ask {
            writer.decimal(ask.price)
            writer.literal(",\"ask_size\":")
            writer.decimal(ask.size)
        } else {
            writer.literal("null,\"ask_size\":null")
        }
        writer.literal("}")
        return writer.bytes
    }

    /// `md.bbo.v1`, state invalid: from here on the last quote of the stream says nothing.
    public mutating func encodeInvalid(
        _ reason: InvalidReason,
        _ label: StreamLabel,
        _ stamp: RecordStamp
    ) -> UnsafeRawBufferPointer {
        begin(label, exchange: EventTime.none, stamp)
        writer.literal(",\"venue_seq\":null,\"state\":\"invalid\",\"bid\":null,\"bid_size\":null")
        writer.literal(",\"ask\":null,\"ask_size\":null,\"reason\":")
        writer.string(reason.rawValue)
        writer.literal("}")
        return writer.bytes
    }

    mutating func begin(_ label: StreamLabel, exchange: Int64, _ stamp: RecordStamp) {
        writer.clear()
        writer.raw(label.prefix)
        writer.integerOrNull(exchange)
        writer.literal(",\"received_us\":")
        writer.integer(stamp.receivedMicroseconds)
        writer.literal(",\"published_us\":")
        writer.integer(stamp.publishedMicroseconds)
        writer.literal(",\"seq\":")
        writer.integer(stamp.seq)
    }
}
