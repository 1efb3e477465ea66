// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models

/// `md.liquidation.v1` as a reader sees it; ``StreamEncoder`` writes it.
public struct LiquidationRecord: Hashable, Sendable {
    /// The topic `md.liquidation.v1`.
    public static let topic = TopicRegistry.liquidation

    /// What every market record begins with.
    public var head: MarketHead
    /// The price of the order, in quote currency.
    public var price: ScaledDecimal
    /// Its size: base currency, or contracts on inverse instruments.
    public var size: ScaledDecimal
    /// Its side.
    public var side: Side

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
        price = try object.decimal("price")
        size = try object.decimal("size")
        switch try object.text("side") {
        case "buy": side = .buy
        case "sell": side = .sell
        default: throw .badField("side")
        }
    }
}

extension LiquidationRecord: DescribedRecord {
    /// What the value looks like.
    public static var shape: RecordShape {
        RecordShape(
            topic,
            "A liquidation order",
            CommonFields.market + [
                .decimal("price", "The price of the order, in quote currency."),
                .decimal("size", "Its size: base currency, or contracts on inverse instruments."),
                .init("side", .choice([Side.buy.name, Side.sell.name]), "The order's side."),
            ]
        )
    }
}
