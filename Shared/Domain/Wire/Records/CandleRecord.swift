// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models

/// `md.candle.v1` as a reader sees it; ``StreamEncoder`` writes it.
public struct CandleRecord: Hashable, Sendable {
    /// The topic `md.candle.v1`.
    public static let topic = TopicRegistry.candle

    /// What every market record begins with.
    public var head: MarketHead
    /// The length, as in `1m` or `1d+8`.
    public var interval: CandleInterval
    /// When it begins.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var openMicroseconds: Int64
    /// When it is over.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var closeMicroseconds: Int64
    /// The first price.
    public var open: ScaledDecimal
    /// The highest price.
    public var high: ScaledDecimal
    /// The lowest price.
    public var low: ScaledDecimal
    /// The last price.
    public var close: ScaledDecimal
    /// What was traded: base currency, or contracts on inverse instruments.
    public var volume: ScaledDecimal
    /// What was paid for it, in quote currency.
    public var quoteVolume: ScaledDecimal?
    /// How many trades; ``Int64/min`` where the venue does not say.
    public var trades: Int64
    /// Whether it is over.
    public var isClosed: Bool
    /// Where it came from.
    public var origin: EventOrigin
    /// How often it changed after it was closed.
    public var revision: Int64

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
        guard let interval = CandleInterval(name: try object.text("interval")) else {
            throw .badField("interval")
        }
        self.interval = interval
        openMicroseconds = try object.integer("open_us")
        closeMicroseconds = try object.integer("close_us")
        open = try object.decimal("open")
        high = try object.decimal("high")
        low = try object.decimal("low")
        close = try object.decimal("close")
        volume = try object.decimal("volume")
        quoteVolume = try object.optionalDecimal("quote_volume")
        trades = try object.integerOrNone("trades")
        isClosed = try object.bool("closed")
        guard let origin = EventOrigin(rawValue: try object.text("origin")) else { throw .badField("origin") }
        self.origin = origin
        revision = try object.integer("revision")
    }
}

extension CandleRecord: DescribedRecord {
    /// What the value looks like.
    public static var shape: RecordShape {
        RecordShape(
            topic,
            "A candle",
            CommonFields.market + [
                .text(
                    "interval",
                    "The length: 1s to 1mo, with a zone where days do not begin in UTC, as in 1d+8."
                ),
                .time("open_us", "When it begins."),
                .time("close_us", "When it is over."),
                .decimal("open", "The first price."),
                .decimal("high", "The highest price."),
                .decimal("low", "The lowest price."),
                .decimal("close", "The last price."),
                .decimal("volume", "What was traded: base currency, or contracts on inverse instruments."),
                .decimal(
                    "quote_volume",
                    "What was paid for it, in quote currency; null where it is not known."
                ).orNull,
                FieldShape.count("trades", "How many trades; null where the venue does not say.").orNull,
                .boolean("closed", "Whether it is over: it changes no more without a revision."),
                .choice("origin", EventOrigin.self, "Where it came from."),
                .count("revision", "How often it changed after it was closed."),
            ]
        )
    }
}
