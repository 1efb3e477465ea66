// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models

/// `md.bbo.v1` as a reader sees it; ``StreamEncoder`` writes it.
///
/// The aggregator's hot path: texts are borrowed from
/// the value's bytes and hold as long as those do.
///
/// - Thread: that of its scanner. Allocates: never.
public struct BboRecord {
    /// The topic `md.bbo.v1`.
    public static let topic = TopicRegistry.bbo

    /// The venue.
    public private(set) var venue: JSONText
    /// The canonical symbol.
    public private(set) var symbol: JSONText
    /// The venue's own name of the instrument.
    public private(set) var venueSymbol: JSONText
    /// The feed's instance name.
    public private(set) var feed: JSONText
    /// The stream's incarnation.
    public private(set) var epoch: Int64
    /// The number in the epoch, contiguous from 1.
    public private(set) var seq: UInt64
    /// When the venue says it became so, or ``EventTime/none``.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public private(set) var exchangeMicroseconds: Int64
    /// When the feed read its frame.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public private(set) var receivedMicroseconds: Int64
    /// When the feed gave the record to the producer.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public private(set) var publishedMicroseconds: Int64
    /// The number by which the venue orders the stream; ``VenueSequence/none``.
    public private(set) var venueSequence: Int64
    /// Whether the quote holds; false: what the stream said before no longer does.
    public private(set) var isLive: Bool
    /// The best bid; nil where nobody bids or the quote does not hold.
    public private(set) var bid: PriceLevel?
    /// The best ask; nil where nobody asks or the quote does not hold.
    public private(set) var ask: PriceLevel?
    /// Why the quote does not hold: one of ``InvalidReason``; nil where it does.
    public private(set) var reason: JSONText?

    /// Reads a record's value.
    ///
    /// - Parameters:
    ///   - bytes: the value.
    ///   - readable: how many bytes from its start may be read; with ``JSONScanner/padding`` to spare no copy is made.
    ///   - scanner: finds the tokens; the record holds until its next call.
    /// - Throws: ``RecordError``, naming the field. Allocates: never.
    public init(
        decoding bytes: UnsafeRawBufferPointer,
        readable: Int = 0,
        scanner: JSONScanner
    ) throws(RecordError) {
        var cursor: JSONCursor
        do throws(JSONError) {
            cursor = try scanner.scan(bytes, readable: readable)
        } catch {
            throw .malformed(offset: 0)
        }
        try self.init(&cursor)
        guard cursor.isAtEnd else { throw .malformed(offset: cursor.offset) }
    }

    /// Reads the object at the cursor.
    ///
    /// - Throws: ``RecordError``, naming the field. Allocates: never.
    public init(_ cursor: inout JSONCursor) throws(RecordError) {
        var fields = BboFields()
        try fields.read(&cursor)
        let names = try fields.names()
        (venue, symbol, venueSymbol, feed) = (names.venue, names.symbol, names.venueSymbol, names.feed)
        epoch = fields.epoch
        seq = fields.seq
        exchangeMicroseconds = fields.exchange
        receivedMicroseconds = fields.received
        publishedMicroseconds = fields.published
        venueSequence = fields.venueSequence
        isLive = fields.isLive
        bid = try fields.level(fields.bid, fields.bidSize, .bidSize)
        ask = try fields.level(fields.ask, fields.askSize, .askSize)
        reason = fields.reason
    }
}

extension BboRecord: DescribedRecord {
    /// What the value looks like.
    public static var shape: RecordShape {
        RecordShape(
            topic,
            "A best bid and ask",
            CommonFields.market + [
                .init(
                    "venue_seq",
                    .integer(minimum: nil),
                    "The number by which the venue orders the stream; null where it has none."
                ).orNull,
                .init(
                    "state",
                    .choice(["live", "invalid"]),
                    "Invalid: what the stream said before no longer holds."
                ),
                .decimal(
                    "bid",
                    "The best bid in quote currency; null where nobody bids or the state is invalid."
                )
                .orNull,
                .decimal("bid_size", "Its size: base currency, or contracts on inverse instruments.").orNull,
                .decimal(
                    "ask",
                    "The best ask in quote currency; null where nobody asks or the state is invalid."
                )
                .orNull,
                .decimal("ask_size", "Its size: base currency, or contracts on inverse instruments.").orNull,
                .choice("reason", InvalidReason.self, "Why the state is invalid; absent where it is live.")
                    .orAbsent,
            ]
        )
    }
}
