// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models

/// `md.trade.v1` as a reader sees it; ``StreamEncoder`` writes it.
public struct TradeRecord: Hashable, Sendable {
    /// The topic `md.trade.v1`.
    public static let topic = TopicRegistry.trade

    /// What every market record begins with.
    public var head: MarketHead
    /// The venue's id.
    public var id: ShortText
    /// The price in quote currency.
    public var price: ScaledDecimal
    /// The size: base currency, or contracts on inverse instruments.
    public var size: ScaledDecimal
    /// The taker's side.
    public var side: Side
    /// Where it came from.
    public var origin: EventOrigin

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
        guard let id = ShortText(try object.text("trade_id")) else { throw .badField("trade_id") }
        self.id = id
        price = try object.decimal("price")
        size = try object.decimal("size")
        switch try object.text("side") {
        case "buy": side = .buy
        case "sell": side = .sell
        default: throw .badField("side")
        }
        origin = object.has("origin") ? try object.choice("origin") : .socket
    }
}

extension TradeRecord: DescribedRecord {
    /// What the value looks like.
    public static var shape: RecordShape {
        RecordShape(
            topic,
            "A trade",
            CommonFields.market + [
                .text("trade_id", "The venue's id of the trade."),
                .decimal("price", "The price in quote currency."),
                .decimal("size", "The size: base currency, or contracts on inverse instruments."),
                .init("side", .choice([Side.buy.name, Side.sell.name]), "The taker's side."),
                .choice("origin", EventOrigin.self, "Where it came from; absent where that is the socket.")
                    .orAbsent,
            ]
        )
    }
}
