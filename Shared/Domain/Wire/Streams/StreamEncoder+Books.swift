// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// What a record of `md.book.v1` says beside its levels.
public struct BookHead: Sendable {
    /// What the levels are.
    public enum Kind: String, Sendable, CaseIterable {
        /// All levels there are, to a depth.
        case snapshot
        /// Changes to the book before.
        case delta
        /// The book no longer holds.
        case invalid
    }

    /// What the levels are.
    public var kind: Kind
    /// When the venue says it became so.
    ///
    /// - Unit: microseconds since the Unix epoch; ``EventTime/none``.
    public var exchangeMicroseconds: Int64
    /// The venue's number of the book afterwards; ``VenueSequence/none``.
    public var venueSequence: Int64
    /// The venue's number of the book before; ``VenueSequence/none``.
    public var previousSequence: Int64
    /// When the book was last built anew.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var bookEpoch: Int64
    /// How many levels a side the venue gives; nil: all.
    public var depth: Int32?
    /// The lowest proven bid; nil: all bids are.
    public var horizonBid: ScaledDecimal?
    /// The highest proven ask; nil: all asks are.
    public var horizonAsk: ScaledDecimal?
    /// Why it does not hold; only where `kind` is invalid.
    public var reason: InvalidReason?

    /// Makes a head.
    public init(
        kind: Kind,
        exchangeMicroseconds: Int64,
        venueSequence: Int64,
        previousSequence: Int64,
        bookEpoch: Int64,
        depth: Int32?,
        horizonBid: ScaledDecimal?,
        horizonAsk: ScaledDecimal?,
        reason: InvalidReason? = nil
    ) {
        self.kind = kind
        self.exchangeMicroseconds = exchangeMicroseconds
        self.venueSequence = venueSequence
        self.previousSequence = previousSequence
        self.bookEpoch = bookEpoch
        self.depth = depth
        self.horizonBid = horizonBid
        self.horizonAsk = horizonAsk
        self.reason = reason
    }
}

extension StreamEncoder {
    /// The topic `md.book.v1`.
    ///
    /// - Parameters:
    ///   - head: everything but the levels.
    ///   - bids: best first.
    ///   - asks: best first.
    ///   - label: the stream.
    ///   - stamp: the record's numbers.
    /// - Returns: the record's bytes, valid until the next call.
    public mutating func encode(
        _ head: borrowing BookHead,
        bids: UnsafeBufferPointer<PriceLevel>,
        asks: UnsafeBufferPointer<PriceLevel>,
        _ label: StreamLabel,
        _ stamp: RecordStamp
    ) -> UnsafeRawBufferPointer {
        begin(label, exchange: head.exchangeMicroseconds, stamp)
        writer.literal(",\"venue_seq\":")
        writer.integerOrNull(head.venueSequence)
        writer.literal(",\"venue_prev_seq\":")
        writer.integerOrNull(head.previousSequence)
        switch head.kind {
        case .snapshot: writer.literal(",\"kind\":\"snapshot\",\"book_epoch\":")
        case .delta: writer.literal(",\"kind\":\"delta\",\"book_epoch\":")
        case .invalid: writer.literal(",\"kind\":\"invalid\",\"book_epoch\":")
        }
        writer.integer(head.bookEpoch)
        writer.literal(",\"depth\":")
        if let depth = head.depth { writer.integer(Int64(depth)) } else { writer.literal("null") }
        writer.literal(",\"horizon_bid\":")
        writer.decimal(head.horizonBid)
        writer.literal(",\"horizon_ask\":")
        writer.decimal(head.horizonAsk)
        writer.literal(",\"bids\":[")
        write(bids)
        writer.literal("],\"asks\":[")
        write(asks)
        writer.literal("]")
        if let reason = head.reason {
            writer.literal(",\"reason\":")
            writer.string(reason.rawValue)
        }
        writer.literal("}")
        return writer.bytes
    }

    private mutating func write(_ levels: UnsafeBufferPointer<PriceLevel>) {
        for index in levels.indices {
            if index == 0 { writer.literal("[") } else { writer.literal(",[") }
            writer.decimal(levels[index].price)
            writer.literal(",")
            writer.decimal(levels[index].size)
            writer.literal("]")
        }
    }
}
