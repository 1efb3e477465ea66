// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models

/// `md.funding.v1` as a reader sees it; ``StreamEncoder`` writes it.
public struct FundingRecord: Hashable, Sendable {
    /// The topic `md.funding.v1`.
    public static let topic = TopicRegistry.funding

    /// What every market record begins with.
    public var head: MarketHead
    /// The rate that is charged next, as a fraction; nil where the contract has none.
    public var rate: ScaledDecimal?
    /// When it is charged, or ``EventTime/none``.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var nextMicroseconds: Int64
    /// From one charge to the next, or ``EventTime/none``.
    ///
    /// - Unit: microseconds.
    public var intervalMicroseconds: Int64
    /// The mark price.
    public var mark: ScaledDecimal?
    /// The index price.
    public var index: ScaledDecimal?

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
        rate = try object.optionalDecimal("rate")
        nextMicroseconds = try object.integerOrNone("next_funding_us")
        intervalMicroseconds = try object.integerOrNone("interval_us")
        mark = try object.optionalDecimal("mark")
        index = try object.optionalDecimal("index")
    }
}

extension FundingRecord: DescribedRecord {
    /// What the value looks like.
    public static var shape: RecordShape {
        RecordShape(
            topic,
            "A funding rate",
            CommonFields.market + [
                FieldShape.decimal(
                    "rate",
                    "The rate that is charged next, as a fraction; null where there is none."
                ).orNull,
                FieldShape.time("next_funding_us", "When it is charged; null where there is no rate.").orNull,
                FieldShape.span(
                    "interval_us",
                    "From one charge to the next; null where the venue does not say."
                ).orNull,
                FieldShape.decimal("mark", "The last mark price seen; null where none was.").orNull,
                FieldShape.decimal("index", "The last index price seen; null where none was.").orNull,
            ]
        )
    }
}
