// Part of MarketBus. Apache License 2.0, see LICENSE.

/// `ctl.subscription.v1`: the channels that are wanted of one instrument, in place of the configured ones.
///
/// A tombstone ends all of them, configured or not, as an empty list does. A tombstone is forgotten when the topic is
/// compacted, and then the configuration holds again at the feed's next start; an empty list stays.
public struct SubscriptionRecord: WireRecord, Hashable {
    /// The topic `ctl.subscription.v1`.
    public static let topic = TopicRegistry.subscription

    /// The venue.
    public var venue: String
    /// The canonical symbol.
    public var symbol: String
    /// The names of the channels wanted; a reader ignores those that it does not know.
    public var channels: [String]

    /// Makes a record.
    public init(venue: String, symbol: String, channels: [String]) {
        self.venue = venue
        self.symbol = symbol
        self.channels = channels
    }

    /// Made as `venue:symbol`.
    public var key: String { "\(venue):\(symbol)" }
    /// The venue.
    public var venueHeader: String? { venue }
    /// The record carries no time; the producer stamps it.
    public var timestampMicroseconds: Int64 { 0 }

    /// Writes the value behind what the writer holds.
    public func encode(into writer: inout JSONWriter) {
        writer.open(Self.topic)
        writer.field("venue", venue)
        writer.field("symbol", symbol)
        writer.field("channels", channels) { channel, writer in writer.string(channel) }
        writer.close()
    }

    /// Reads the fields.
    public init(_ object: RecordObject) throws(RecordError) {
        venue = try object.text("venue")
        symbol = try object.text("symbol")
        channels = try object.texts("channels")
    }
}

extension SubscriptionRecord: DescribedRecord {
    /// What the value looks like.
    public static var shape: RecordShape {
        RecordShape(
            topic,
            "A wanted subscription",
            [
                CommonFields.venue,
                CommonFields.symbol,
                .init(
                    "channels",
                    .list(.text),
                    """
                    All channels wanted of the symbol, in place of the configured ones: trade, bbo, book, candle, \
                    ticker, funding, open_interest, liquidation. None: the symbol is unsubscribed, for good; a \
                    tombstone does the same until it is compacted away. Unknown ones are ignored.
                    """
                ),
            ]
        )
    }
}
