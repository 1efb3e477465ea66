// Part of MarketBus. Apache License 2.0, see LICENSE.

extension IntegrityRecord {
    /// What one stream published.
    public struct Stream: Hashable, Sendable {
        /// The venue.
        public var venue: String
        /// The canonical symbol.
        public var symbol: String
        /// The stream's incarnation.
        public var epoch: Int64
        /// The first number given out in the span.
        public var firstSeq: UInt64
        /// The last number given out in the span.
        public var lastSeq: UInt64
        /// How many of them the producer took.
        public var published: UInt64
        /// How many of them will never be read.
        public var lost: UInt64

        /// Makes a part.
        public init(
            venue: String,
            symbol: String,
            epoch: Int64,
            firstSeq: UInt64,
            lastSeq: UInt64,
            published: UInt64,
            lost: UInt64
        ) {
            self.venue = venue
            self.symbol = symbol
            self.epoch = epoch
            self.firstSeq = firstSeq
            self.lastSeq = lastSeq
            self.published = published
            self.lost = lost
        }

        init(_ object: RecordObject) throws(RecordError) {
            venue = try object.text("venue")
            symbol = try object.text("symbol")
            epoch = try object.integer("epoch")
            firstSeq = try object.count("first_seq")
            lastSeq = try object.count("last_seq")
            published = try object.count("published")
            lost = try object.count("lost")
        }

        func encode(into writer: inout JSONWriter) {
            writer.open("venue", venue)
            writer.field("symbol", symbol)
            writer.field("epoch", epoch)
            writer.field("first_seq", firstSeq)
            writer.field("last_seq", lastSeq)
            writer.field("published", published)
            writer.field("lost", lost)
            writer.close()
        }
    }

    /// A range of sequence numbers that will never be read, or that came late.
    public struct Hole: Hashable, Sendable {
        /// The venue.
        public var venue: String
        /// The canonical symbol.
        public var symbol: String
        /// The stream's incarnation.
        public var epoch: Int64
        /// The first missing number.
        public var firstSeq: UInt64
        /// The last missing number.
        public var lastSeq: UInt64
        /// Why: one of ``LossReason``.
        public var reason: String
        /// Whether the records were published late after all.
        public var repaired: Bool

        /// Makes a part.
        public init(
            venue: String,
            symbol: String,
            epoch: Int64,
            firstSeq: UInt64,
            lastSeq: UInt64,
            reason: String,
            repaired: Bool
        ) {
            self.venue = venue
            self.symbol = symbol
            self.epoch = epoch
            self.firstSeq = firstSeq
            self.lastSeq = lastSeq
            self.reason = reason
            self.repaired = repaired
        }

        init(_ object: RecordObject) throws(RecordError) {
            venue = try object.text("venue")
            symbol = try object.text("symbol")
            epoch = try object.integer("epoch")
            firstSeq = try object.count("first_seq")
            lastSeq = try object.count("last_seq")
            reason = try object.text("reason")
            repaired = try object.bool("repaired")
        }

        func encode(into writer: inout JSONWriter) {
            writer.open("venue", venue)
            writer.field("symbol", symbol)
            writer.field("epoch", epoch)
            writer.field("first_seq", firstSeq)
            writer.field("last_seq", lastSeq)
            writer.field("reason", reason)
            writer.field("repaired", repaired)
            writer.close()
        }
    }

    /// Something that happened to a connection or stream.
    public struct Incident: Hashable, Sendable {
        /// When.
        ///
        /// - Unit: microseconds since the Unix epoch.
        public var atMicroseconds: Int64
        /// The venue.
        public var venue: String
        /// The canonical symbol, where one is concerned.
        public var symbol: String?
        /// The stream or connection, where one is concerned; where one was taken over, the feed that had it.
        public var stream: String?
        /// What, from the feed's bounded set of names.
        public var kind: String
        /// What a person wants to know beyond that.
        public var detail: String

        /// Makes a part.
        public init(
            atMicroseconds: Int64,
            venue: String,
            symbol: String?,
            stream: String?,
            kind: String,
            detail: String
        ) {
            self.atMicroseconds = atMicroseconds
            self.venue = venue
            self.symbol = symbol
            self.stream = stream
            self.kind = kind
            self.detail = detail
        }

        init(_ object: RecordObject) throws(RecordError) {
            atMicroseconds = try object.integer("at_us")
            venue = try object.text("venue")
            symbol = try object.optionalText("symbol")
            stream = try object.optionalText("stream")
            kind = try object.text("kind")
            detail = try object.text("detail")
        }

        func encode(into writer: inout JSONWriter) {
            writer.open("at_us", atMicroseconds)
            writer.field("venue", venue)
            writer.field("symbol", symbol)
            writer.field("stream", stream)
            writer.field("kind", kind)
            writer.field("detail", detail)
            writer.close()
        }
    }
}

extension IntegrityRecord.Stream {
    static var fields: [FieldShape] {
        [
            CommonFields.venue,
            CommonFields.symbol,
            CommonFields.epoch,
            .count("first_seq", "The first number given out in the span; 0 where there was none."),
            .count("last_seq", "The last number given out in the span; 0 where there was none."),
            .count("published", "How many of them the producer took."),
            .count("lost", "How many of them will never be read."),
        ]
    }
}

extension IntegrityRecord.Hole {
    static var fields: [FieldShape] {
        [
            CommonFields.venue,
            CommonFields.symbol,
            CommonFields.epoch,
            .count("first_seq", "The first missing number."),
            .count("last_seq", "The last missing number."),
            .text("reason", "Why, such as conflated, buffer_full, refused or shutdown."),
            .boolean("repaired", "Whether the records were published late after all."),
        ]
    }
}

extension IntegrityRecord.Incident {
    static var fields: [FieldShape] {
        [
            .time("at_us", "When."),
            CommonFields.venue,
            .text("symbol", "The canonical symbol, where one is concerned.").orNull,
            .text(
                "stream",
                "The stream or connection, where one is concerned; of taken_over the feed that had the symbol."
            )
            .orNull,
            .text("kind", "What, from a bounded set of names."),
            .text("detail", "What a person wants to know beyond that."),
        ]
    }
}
