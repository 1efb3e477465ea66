// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models

/// `md.book.v1` as a reader sees it; ``StreamEncoder`` writes it.
public struct BookRecord: Sendable {
    /// The topic `md.book.v1`.
    public static let topic = TopicRegistry.book

    /// What every market record begins with.
    public var head: MarketHead
    /// What it says of the book.
    public var book: BookHead
    /// The bids, best first.
    public var bids: [PriceLevel]
    /// The asks, best first.
    public var asks: [PriceLevel]

    /// Reads a record's value.
    ///
    /// - Throws: ``RecordError``, naming the field. Allocates: the record's texts and levels.
    public init(decoding bytes: UnsafeRawBufferPointer, scanner: JSONScanner) throws(RecordError) {
        try self.init(try RecordObject(bytes, of: Self.topic, scanner: scanner))
    }

    /// Reads the fields.
    ///
    /// - Throws: ``RecordError``, naming the field.
    public init(_ object: RecordObject) throws(RecordError) {
        head = try MarketHead(object)
        let depth = try object.integerOrNone("depth")
        book = BookHead(
            kind: try object.choice("kind"),
            exchangeMicroseconds: head.exchangeMicroseconds,
            venueSequence: try object.integerOrNone("venue_seq"),
            previousSequence: try object.integerOrNone("venue_prev_seq"),
            bookEpoch: try object.integer("book_epoch"),
            depth: depth == Int64.min ? nil : Int32(clamping: depth),
            horizonBid: try object.optionalDecimal("horizon_bid"),
            horizonAsk: try object.optionalDecimal("horizon_ask"),
            reason: object.has("reason") ? try object.optionalChoice("reason") : nil
        )
        bids = try object.levels("bids")
        asks = try object.levels("asks")
    }
}

extension BookRecord: DescribedRecord {
    /// What the value looks like.
    public static var shape: RecordShape {
        RecordShape(
            topic,
            "An order book's snapshot or change",
            CommonFields.market + [
                .init(
                    "venue_seq",
                    .integer(minimum: nil),
                    "The venue's number of the book afterwards; null where it has none."
                )
                .orNull,
                .init(
                    "venue_prev_seq",
                    .integer(minimum: nil),
                    "The venue's number of the book before; null where it has none."
                )
                .orNull,
                .choice(
                    "kind",
                    BookHead.Kind.self,
                    "Snapshot: all levels; delta: changes; invalid: the book no longer holds."
                ),
                .time("book_epoch", "When the book was last built anew; it grows at every resync."),
                FieldShape.count("depth", "How many levels a side the venue gives; null: all.").orNull,
                FieldShape.decimal(
                    "horizon_bid",
                    "The lowest proven bid, below which nothing is known; null: all bids are proven."
                )
                .orNull,
                FieldShape.decimal(
                    "horizon_ask",
                    "The highest proven ask, above which nothing is known; null: all asks are proven."
                )
                .orNull,
                .init(
                    "bids",
                    .list(.list(.decimal)),
                    "[price, size], best first; in a delta size 0 removes the level."
                ),
                .init(
                    "asks",
                    .list(.list(.decimal)),
                    "[price, size], best first; in a delta size 0 removes the level."
                ),
                .choice(
                    "reason",
                    InvalidReason.self,
                    "Why the book does not hold; only where kind is invalid."
                ).orAbsent,
            ]
        )
    }
}
