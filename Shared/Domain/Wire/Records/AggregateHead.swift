// Part of MarketBus. Apache License 2.0, see LICENSE.

/// What every record of the aggregator begins with: of which symbol it is, and its place in whose sequence.
public struct AggregateHead: Hashable, Sendable {
    /// The canonical symbol.
    public var symbol: String
    /// The aggregator's instance name.
    public var aggregator: String
    /// When this incarnation of the sequence began.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var epoch: Int64
    /// The number in the epoch, contiguous from 1.
    public var seq: UInt64
    /// When the record was made.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var publishedMicroseconds: Int64

    /// Makes a head.
    public init(
        symbol: String,
        aggregator: String,
        epoch: Int64,
        seq: UInt64,
        publishedMicroseconds: Int64
    ) {
        self.symbol = symbol
        self.aggregator = aggregator
        self.epoch = epoch
        self.seq = seq
        self.publishedMicroseconds = publishedMicroseconds
    }

    /// Reads the fields.
    ///
    /// - Throws: ``RecordError``, naming the field. Allocates: the texts.
    public init(_ object: RecordObject) throws(RecordError) {
        symbol = try object.text("symbol")
        aggregator = try object.text("aggregator")
        epoch = try object.integer("epoch")
        seq = try object.count("seq")
        publishedMicroseconds = try object.integer("published_us")
    }

    /// Adds the fields to a record that is open.
    func encode(into writer: inout JSONWriter) {
        writer.field("symbol", symbol)
        writer.field("aggregator", aggregator)
        writer.field("epoch", epoch)
        writer.field("seq", seq)
        writer.field("published_us", publishedMicroseconds)
    }
}

extension AggregateHead {
    static var fields: [FieldShape] {
        [
            CommonFields.symbol,
            .text("aggregator", "The aggregator's instance name."),
            CommonFields.epoch,
            CommonFields.seq,
            CommonFields.published,
        ]
    }
}

/// A record of the aggregator, of one symbol over all its venues.
public protocol AggregateRecord: WireRecord {
    /// What it begins with.
    var head: AggregateHead { get set }
}

extension AggregateRecord {
    /// The canonical symbol.
    public var key: String { head.symbol }
    /// None: the record is of several venues.
    public var venueHeader: String? { nil }
    /// When the record was made.
    public var timestampMicroseconds: Int64 { head.publishedMicroseconds }
}
