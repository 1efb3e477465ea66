// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models

/// `md.open_interest.v1` as a reader sees it; ``StreamEncoder`` writes it.
public struct OpenInterestRecord: Hashable, Sendable {
    /// The topic `md.open_interest.v1`.
    public static let topic = TopicRegistry.openInterest

    /// What every market record begins with.
    public var head: MarketHead
    /// In contracts.
    public var contracts: ScaledDecimal?
    /// In base currency.
    public var base: ScaledDecimal?
    /// In quote currency.
    public var quote: ScaledDecimal?

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
        contracts = try object.optionalDecimal("contracts")
        base = try object.optionalDecimal("base")
        quote = try object.optionalDecimal("quote")
    }
}

extension OpenInterestRecord: DescribedRecord {
    /// What the value looks like.
    public static var shape: RecordShape {
        RecordShape(
            topic,
            "An open interest",
            CommonFields.market + [
                FieldShape.decimal("contracts", "In contracts; null where the venue does not say.").orNull,
                FieldShape.decimal("base", "In base currency; null where the venue does not say.").orNull,
                FieldShape.decimal("quote", "In quote currency; null where the venue does not say.").orNull,
            ]
        )
    }
}
