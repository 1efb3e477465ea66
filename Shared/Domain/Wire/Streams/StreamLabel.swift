// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

/// What all records of one stream have in common, rendered once: the key and the first part of the value.
///
/// - Thread: that of the feed. Allocates: when made and when a new epoch begins.
public final class StreamLabel {
    /// The number under which the sink accounts for the stream.
    public let id: StreamID
    /// The topic.
    public let topic: TopicID
    /// The canonical symbol.
    public let symbol: String
    /// The venue's own name of the instrument.
    public let venueSymbol: String
    /// The venue.
    public let venue: VenueID
    /// The feed's instance name.
    public let feed: String
    /// When this incarnation of the stream began.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public private(set) var epoch: Int64

    private let keyBytes: UnsafeMutableRawBufferPointer
    private let venueBytes: UnsafeMutableRawBufferPointer
    private var prefixBytes: UnsafeMutableRawBufferPointer

    /// Renders the parts.
    public init(
        id: StreamID,
        topic: TopicID,
        instrument: Instrument,
        feed: String,
        epoch: Int64
    ) {
        self.id = id
        self.topic = topic
        self.feed = feed
        self.epoch = epoch
        symbol = instrument.symbol
        venueSymbol = instrument.venueSymbol
        venue = instrument.venue
        keyBytes = Self.copy(instrument.symbol)
        venueBytes = Self.copy(instrument.venue.name)
        prefixBytes = Self.render(topic, instrument.venue.name, symbol, venueSymbol, feed, epoch)
    }

    deinit {
        keyBytes.deallocate()
        venueBytes.deallocate()
        prefixBytes.deallocate()
    }

    /// The record's key.
    public var key: UnsafeRawBufferPointer { UnsafeRawBufferPointer(keyBytes) }
    /// The `venue` header.
    public var venueHeader: UnsafeRawBufferPointer { UnsafeRawBufferPointer(venueBytes) }
    /// The value up to and including `"exchange_us":`.
    var prefix: UnsafeRawBufferPointer { UnsafeRawBufferPointer(prefixBytes) }

    /// Begins a new incarnation.
    public func begin(epoch: Int64) {
        self.epoch = epoch
        prefixBytes.deallocate()
        prefixBytes = Self.render(topic, venue.name, symbol, venueSymbol, feed, epoch)
    }

    private static func render(
        _ topic: TopicID,
        _ venue: String,
        _ symbol: String,
        _ venueSymbol: String,
        _ feed: String,
        _ epoch: Int64
    ) -> UnsafeMutableRawBufferPointer {
        var writer = JSONWriter()
        writer.literal("{\"schema\":")
        writer.string(TopicRegistry.spec(of: topic).schema)
        writer.literal(",\"venue\":")
        writer.string(venue)
        writer.literal(",\"symbol\":")
        writer.string(symbol)
        writer.literal(",\"venue_symbol\":")
        writer.string(venueSymbol)
        writer.literal(",\"feed\":")
        writer.string(feed)
        writer.literal(",\"epoch\":")
        writer.integer(epoch)
        writer.literal(",\"exchange_us\":")
        return copy(writer.bytes)
    }

    private static func copy(_ text: String) -> UnsafeMutableRawBufferPointer {
        var text = text
        return text.withUTF8 { copy(UnsafeRawBufferPointer($0)) }
    }

    private static func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutableRawBufferPointer {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 8)
        copy.copyMemory(from: bytes)
        return UnsafeMutableRawBufferPointer(rebasing: copy[0..<bytes.count])
    }
}

/// The numbers that differ from record to record of a stream.
public struct RecordStamp: Sendable {
    /// The number in the stream's epoch, contiguous from 1.
    public var seq: UInt64
    /// When the frame was read from the socket.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var receivedMicroseconds: Int64
    /// When the record was handed to the producer.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var publishedMicroseconds: Int64

    /// Makes a stamp.
    public init(seq: UInt64, receivedMicroseconds: Int64, publishedMicroseconds: Int64) {
        self.seq = seq
        self.receivedMicroseconds = receivedMicroseconds
        self.publishedMicroseconds = publishedMicroseconds
    }
}
