// Part of MarketBus. Apache License 2.0, see LICENSE.

/// `sys.dead_letter.v1`: bytes that could not be decoded, where, and why.
public struct DeadLetterRecord: WireRecord, Hashable {
    /// The topic `sys.dead_letter.v1`.
    public static let topic = TopicRegistry.deadLetter
    /// The most bytes of a frame that are kept.
    public static let bytesLimit = 65_536

    /// How the bytes are written.
    public enum Encoding: String, Sendable, CaseIterable {
        /// As they are, as text.
        case utf8
        /// In base64, because they are no UTF-8.
        case base64
    }

    /// What could not decode them: the feed's instance and connection.
    public var source: String
    /// The venue.
    public var venue: String
    /// The feed's instance name.
    public var feed: String
    /// When the bytes were received.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var atMicroseconds: Int64
    /// Why, from a bounded set of names.
    public var reason: String
    /// What a person wants to know beyond the reason.
    public var detail: String
    /// The connection from which they came.
    public var connection: String
    /// How ``text`` holds the bytes.
    public var encoding: Encoding
    /// The bytes, or the first ``bytesLimit`` of them.
    public var text: String
    /// Whether bytes were cut.
    public var truncated: Bool
    /// How many bytes there were before the cut.
    ///
    /// - Unit: bytes.
    public var size: Int64

    /// Makes a record of a frame: as text where it is UTF-8, else in base64, cut at ``bytesLimit``.
    public init(
        source: String,
        venue: String,
        feed: String,
        atMicroseconds: Int64,
        reason: String,
        detail: String,
        connection: String,
        frame: UnsafeRawBufferPointer
    ) {
        self.source = source
        self.venue = venue
        self.feed = feed
        self.atMicroseconds = atMicroseconds
        self.reason = reason
        self.detail = detail
        self.connection = connection
        let kept = UnsafeRawBufferPointer(rebasing: frame[..<BoundedText.cut(frame, limit: Self.bytesLimit)])
        if let valid = String(validating: kept, as: UTF8.self) {
            encoding = .utf8
            text = valid
        } else {
            encoding = .base64
            text = Base64.encode(kept)
        }
        truncated = kept.count < frame.count
        size = Int64(frame.count)
    }

    /// The bytes that were kept; nil if the text is no base64 though it says so.
    public var bytes: [UInt8]? {
        switch encoding {
        case .utf8: Array(text.utf8)
        case .base64: Base64.decode(text)
        }
    }

    /// The source.
    public var key: String { source }
    /// The venue.
    public var venueHeader: String? { venue }
    /// When the bytes were received.
    public var timestampMicroseconds: Int64 { atMicroseconds }

    /// Writes the value behind what the writer holds.
    public func encode(into writer: inout JSONWriter) {
        writer.open(Self.topic)
        writer.field("source", source)
        writer.field("venue", venue)
        writer.field("feed", feed)
        writer.field("at_us", atMicroseconds)
        writer.field("reason", reason)
        writer.field("detail", detail)
        writer.field("connection", connection)
        writer.field("encoding", encoding.rawValue)
        writer.field("bytes", text)
        writer.field("truncated", truncated)
        writer.field("size", size)
        writer.close()
    }

    /// Reads the fields.
    public init(_ object: RecordObject) throws(RecordError) {
        source = try object.text("source")
        venue = try object.text("venue")
        feed = try object.text("feed")
        atMicroseconds = try object.integer("at_us")
        reason = try object.text("reason")
        detail = try object.text("detail")
        connection = try object.text("connection")
        encoding = try object.choice("encoding")
        text = try object.text("bytes")
        truncated = try object.bool("truncated")
        size = try object.integer("size")
    }
}

extension DeadLetterRecord: DescribedRecord {
    /// What the value looks like.
    public static var shape: RecordShape {
        RecordShape(
            topic,
            "Bytes that could not be decoded",
            [
                .text("source", "What could not decode them: the feed's instance and connection."),
                CommonFields.venue,
                CommonFields.feed,
                .time("at_us", "When they were received."),
                .text("reason", "Why, from a bounded set of names."),
                .text("detail", "What a person wants to know beyond that."),
                .text("connection", "The connection from which they came."),
                .choice("encoding", Encoding.self, "How bytes are written: as they are, or in base64."),
                .text("bytes", "The bytes, or the first of them."),
                .boolean("truncated", "Whether bytes were cut."),
                .count("size", "How many bytes there were before the cut."),
            ]
        )
    }
}
