// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

/// What every market record begins with, as a reader sees it.
public struct MarketHead: Hashable, Sendable {
    /// The venue.
    public var venue: String
    /// The canonical symbol.
    public var symbol: String
    /// The venue's own name of the instrument.
    public var venueSymbol: String
    /// The feed's instance name.
    public var feed: String
    /// The stream's incarnation.
    public var epoch: Int64
    /// The number in the epoch, contiguous from 1.
    public var seq: UInt64
    /// When the venue says it happened, or ``EventTime/none``.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var exchangeMicroseconds: Int64
    /// When the feed read its frame.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var receivedMicroseconds: Int64
    /// When the feed gave the record to the producer.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var publishedMicroseconds: Int64

    /// Reads the fields.
    ///
    /// - Throws: ``RecordError``, naming the field.
    public init(_ object: RecordObject) throws(RecordError) {
        venue = try object.text("venue")
        symbol = try object.text("symbol")
        venueSymbol = try object.text("venue_symbol")
        feed = try object.text("feed")
        epoch = try object.integer("epoch")
        seq = try object.count("seq")
        exchangeMicroseconds = try object.integerOrNone("exchange_us")
        receivedMicroseconds = try object.integer("received_us")
        publishedMicroseconds = try object.integer("published_us")
    }
}
