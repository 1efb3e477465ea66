// Part of MarketBus. Apache License 2.0, see LICENSE.

/// `sys.integrity.v1`: what a feed published to one topic in a span of time, and what is missing.
public struct IntegrityRecord: WireRecord, Hashable {
    /// The topic `sys.integrity.v1`.
    public static let topic = TopicRegistry.integrity

    /// Why the record was made.
    public enum Kind: String, Sendable, CaseIterable {
        /// A minute has passed.
        case minute
        /// Something happened that readers should know at once.
        case incident
    }

    /// The feed's instance name.
    public var feed: String
    /// The topic that the record is about.
    public var topicName: String
    /// When the record was made.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var publishedMicroseconds: Int64
    /// Why the record was made.
    public var kind: Kind
    /// Where the span begins.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var fromMicroseconds: Int64
    /// Where the span ends.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var toMicroseconds: Int64
    /// What each stream published in the span.
    public var streams: [Stream]
    /// Ranges of sequence numbers that will never be read.
    public var holes: [Hole]
    /// What happened.
    public var incidents: [Incident]

    /// Makes a record.
    public init(
        feed: String,
        topicName: String,
        publishedMicroseconds: Int64,
        kind: Kind,
        fromMicroseconds: Int64,
        toMicroseconds: Int64,
        streams: [Stream],
        holes: [Hole],
        incidents: [Incident]
    ) {
        self.feed = feed
        self.topicName = topicName
        self.publishedMicroseconds = publishedMicroseconds
        self.kind = kind
        self.fromMicroseconds = fromMicroseconds
        self.toMicroseconds = toMicroseconds
        self.streams = streams
        self.holes = holes
        self.incidents = incidents
    }

    /// Made as `feed:topic`.
    public var key: String { "\(feed):\(topicName)" }
    /// None: the record names its venues itself.
    public var venueHeader: String? { nil }
    /// When the record was made.
    public var timestampMicroseconds: Int64 { publishedMicroseconds }

    /// Writes the value behind what the writer holds.
    public func encode(into writer: inout JSONWriter) {
        writer.open(Self.topic)
        writer.field("feed", feed)
        writer.field("topic", topicName)
        writer.field("published_us", publishedMicroseconds)
        writer.field("kind", kind.rawValue)
        writer.field("from_us", fromMicroseconds)
        writer.field("to_us", toMicroseconds)
        writer.field("streams", streams) { $0.encode(into: &$1) }
        writer.field("holes", holes) { $0.encode(into: &$1) }
        writer.field("incidents", incidents) { $0.encode(into: &$1) }
        writer.close()
    }

    /// Reads the fields.
    public init(_ object: RecordObject) throws(RecordError) {
        feed = try object.text("feed")
        topicName = try object.text("topic")
        publishedMicroseconds = try object.integer("published_us")
        kind = try object.choice("kind")
        fromMicroseconds = try object.integer("from_us")
        toMicroseconds = try object.integer("to_us")
        streams = try object.list("streams", Stream.init)
        holes = try object.list("holes", Hole.init)
        incidents = try object.list("incidents", Incident.init)
    }
}

extension IntegrityRecord: DescribedRecord {
    /// What the value looks like.
    public static var shape: RecordShape {
        RecordShape(
            topic,
            "What was published, and what is missing",
            [
                CommonFields.feed,
                .text("topic", "The topic that the record is about."),
                CommonFields.published,
                .choice("kind", Kind.self, "Minute: the span is over. Incident: something happened."),
                .time("from_us", "Where the span begins."),
                .time("to_us", "Where the span ends."),
                .list("streams", of: Stream.fields, "What each stream published in the span."),
                .list(
                    "holes",
                    of: Hole.fields,
                    "Ranges of sequence numbers that will never be read, or came late."
                ),
                .list("incidents", of: Incident.fields, "What happened in the span."),
            ]
        )
    }
}
