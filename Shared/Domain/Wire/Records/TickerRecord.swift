// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models

/// `md.ticker.v1` as a reader sees it; ``StreamEncoder`` writes it.
public struct TickerRecord: Hashable, Sendable {
    /// The topic `md.ticker.v1`.
    public static let topic = TopicRegistry.ticker

    /// What every market record begins with.
    public var head: MarketHead
    /// The number by which the venue orders the stream; ``VenueSequence/none`` where it has none.
    public var venueSequence: Int64
    /// The last price.
    public var last: ScaledDecimal?
    /// The price 24 hours ago.
    public var open: ScaledDecimal?
    /// The highest price.
    public var high: ScaledDecimal?
    /// The lowest price.
    public var low: ScaledDecimal?
    /// What was traded: base currency, or contracts on inverse instruments.
    public var volume: ScaledDecimal?
    /// What was paid for it, in quote currency.
    public var quoteVolume: ScaledDecimal?

    /// Reads a record's value.
    ///
    /// - Throws: ``RecordError``, naming the field. Allocates: the record's texts.
    public init(decoding bytes: UnsafeRawBufferPointer, scanner: JSONScanner) throws(RecordError) {
        try self.init(try RecordObject(bytes, of: Self.topic, scanner: scanner))
    }

    /// Reads the fields.
    ///
    /// - Throws: ``RecordError``, naming the field.
    public init(_ object: RecordObject) throws(RecordError) {
        head = try MarketHead(object)
        venueSequence = try object.integerOrNone("venue_seq")
        last = try object.optionalDecimal("last")
        open = try object.optionalDecimal("open_24h")
        high = try object.optionalDecimal("high_24h")
        low = try object.optionalDecimal("low_24h")
        volume = try object.optionalDecimal("volume_24h")
        quoteVolume = try object.optionalDecimal("quote_volume_24h")
    }
}

extension TickerRecord: DescribedRecord {
    /// What the value looks like.
    public static var shape: RecordShape {
        RecordShape(
            topic,
            "The figures of the last 24 hours",
            CommonFields.market + [
                .init(
                    "venue_seq",
                    .integer(minimum: nil),
                    "The number by which the venue orders the stream; null where it has none."
                ).orNull,
                FieldShape.decimal("last", "The last price.").orNull,
                FieldShape.decimal("open_24h", "The price 24 hours ago.").orNull,
                FieldShape.decimal("high_24h", "The highest price.").orNull,
                FieldShape.decimal("low_24h", "The lowest price.").orNull,
                FieldShape.decimal(
                    "volume_24h",
                    "What was traded: base currency, or contracts on inverse instruments."
                ).orNull,
                FieldShape.decimal(
                    "quote_volume_24h",
                    "What was paid for it, in quote currency; null where the venue has none."
                ).orNull,
            ]
        )
    }
}
