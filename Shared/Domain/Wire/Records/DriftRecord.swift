// Part of MarketBus. Apache License 2.0, see LICENSE.

/// `sys.drift.v1`: a frame or stream that is not what the venue's documents say.
public struct DriftRecord: WireRecord, Hashable {
    /// The topic `sys.drift.v1`.
    public static let topic = TopicRegistry.drift
    /// The most bytes of an example that are kept.
    public static let exampleLimit = 2048

    /// The venue.
    public var venue: String
    /// The feed's instance name.
    public var feed: String
    /// When it was seen.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var atMicroseconds: Int64
    /// What, from the feed's bounded set of names.
    public var kind: String
    /// The stream concerned, where it is one.
    public var stream: String?
    /// What a person wants to know beyond the kind.
    public var detail: String
    /// The beginning of a frame that shows it; empty where there is none.
    public var example: String

    /// Makes a record; of the example the first ``exampleLimit`` bytes are kept.
    public init(
        venue: String,
        feed: String,
        atMicroseconds: Int64,
        kind: String,
        stream: String?,
        detail: String,
        example: String
    ) {
        self.venue = venue
        self.feed = feed
        self.atMicroseconds = atMicroseconds
        self.kind = kind
        self.stream = stream
        self.detail = detail
        self.example = BoundedText.prefix(example, bytes: Self.exampleLimit)
    }

    /// The venue.
    public var key: String { venue }
    /// The venue.
    public var venueHeader: String? { venue }
    /// When it was seen.
    public var timestampMicroseconds: Int64 { atMicroseconds }

    /// Writes the value behind what the writer holds.
    public func encode(into writer: inout JSONWriter) {
        writer.open(Self.topic)
        writer.field("venue", venue)
        writer.field("feed", feed)
        writer.field("at_us", atMicroseconds)
        writer.field("kind", kind)
        writer.field("stream", stream)
        writer.field("detail", detail)
        writer.field("example", example)
        writer.close()
    }

    /// Reads the fields.
    public init(_ object: RecordObject) throws(RecordError) {
        venue = try object.text("venue")
        feed = try object.text("feed")
        atMicroseconds = try object.integer("at_us")
        kind = try object.text("kind")
        stream = try object.optionalText("stream")
        detail = try object.text("detail")
        example = try object.text("example")
    }
}

extension DriftRecord: DescribedRecord {
    /// What the value looks like.
    public static var shape: RecordShape {
        RecordShape(
            topic,
            "A venue that is not as documented",
            [
                CommonFields.venue,
                CommonFields.feed,
                .time("at_us", "When it was seen."),
                .text("kind", "What, from a bounded set of names."),
                .text("stream", "The stream concerned, where it is one.").orNull,
                .text("detail", "What a person wants to know beyond that."),
                .text("example", "The beginning of a frame that shows it; empty where there is none."),
            ]
        )
    }
}
