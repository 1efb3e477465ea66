// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

extension FeedStatusRecord {
    /// One connection of the feed.
    public struct Connection: Hashable, Sendable {
        /// The feed's name of it.
        public var id: String
        /// The venue's endpoint by its configuration name.
        public var endpoint: String
        /// Its session: waiting, connecting, open, stopped; handing_over and taking_over while one replaces another.
        public var state: String
        /// Since when.
        ///
        /// - Unit: microseconds since the Unix epoch.
        public var sinceMicroseconds: Int64
        /// How many streams it carries.
        public var streams: Int64

        /// Makes a part.
        public init(id: String, endpoint: String, state: String, sinceMicroseconds: Int64, streams: Int64) {
            self.id = id
            self.endpoint = endpoint
            self.state = state
            self.sinceMicroseconds = sinceMicroseconds
            self.streams = streams
        }

        init(_ object: RecordObject) throws(RecordError) {
            id = try object.text("id")
            endpoint = try object.text("endpoint")
            state = try object.text("state")
            sinceMicroseconds = try object.integer("since_us")
            streams = try object.integer("streams")
        }

        func encode(into writer: inout JSONWriter) {
            writer.open("id", id)
            writer.field("endpoint", endpoint)
            writer.field("state", state)
            writer.field("since_us", sinceMicroseconds)
            writer.field("streams", streams)
            writer.close()
        }
    }

    /// How a stream is.
    public enum StreamState: String, Sendable, CaseIterable {
        /// Asked for.
        case pending
        /// Acknowledged, and silent so far.
        case confirmed
        /// Speaking.
        case live
        /// Silent for too long.
        case stale
        /// Lost; announced as invalid.
        case invalid
        /// The venue will not give it, or does not have it; ``Stream/detail`` says why.
        case refused
    }

    /// One stream of the feed.
    public struct Stream: Hashable, Sendable {
        /// The canonical symbol.
        public var symbol: String
        /// The venue's own name of the instrument.
        public var venueSymbol: String
        /// The channel's name.
        public var channel: String
        /// How the stream is.
        public var state: StreamState
        /// What is wrong with it, in the venue's words where it gave any; nil where nothing is.
        public var detail: String?
        /// When its incarnation began; 0 before the first.
        ///
        /// - Unit: microseconds since the Unix epoch.
        public var epoch: Int64
        /// The last sequence number given out; 0 before the first.
        public var lastSeq: UInt64
        /// When its last frame came; ``EventTime/none`` before the first.
        ///
        /// - Unit: microseconds since the Unix epoch.
        public var lastMessageMicroseconds: Int64
        /// How many records it gave since the process began.
        public var records: UInt64

        /// Makes a part.
        public init(
            symbol: String,
            venueSymbol: String,
            channel: String,
            state: StreamState,
            detail: String? = nil,
            epoch: Int64,
            lastSeq: UInt64,
            lastMessageMicroseconds: Int64,
            records: UInt64
        ) {
            self.symbol = symbol
            self.venueSymbol = venueSymbol
            self.channel = channel
            self.state = state
            self.detail = detail
            self.epoch = epoch
            self.lastSeq = lastSeq
            self.lastMessageMicroseconds = lastMessageMicroseconds
            self.records = records
        }

        init(_ object: RecordObject) throws(RecordError) {
            symbol = try object.text("symbol")
            venueSymbol = try object.text("venue_symbol")
            channel = try object.text("channel")
            state = try object.choice("state")
            // Feeds of an earlier version do not say it.
            detail = object.has("detail") ? try object.optionalText("detail") : nil
            epoch = try object.integer("epoch")
            lastSeq = try object.count("last_seq")
            lastMessageMicroseconds = try object.integerOrNone("last_message_us")
            records = try object.count("records")
        }

        func encode(into writer: inout JSONWriter) {
            writer.open("symbol", symbol)
            writer.field("venue_symbol", venueSymbol)
            writer.field("channel", channel)
            writer.field("state", state.rawValue)
            writer.field("detail", detail)
            writer.field("epoch", epoch)
            writer.field("last_seq", lastSeq)
            writer.field("last_message_us", orNull: lastMessageMicroseconds)
            writer.field("records", records)
            writer.close()
        }
    }

    /// Sums since the process began.
    public struct Totals: Hashable, Sendable {
        /// Frames received.
        public var frames: UInt64
        /// Market records given to the producer.
        public var records: UInt64
        /// Frames that could not be read.
        public var deadLetters: UInt64
        /// Connections opened again.
        public var reconnects: UInt64

        /// Makes a part.
        public init(frames: UInt64, records: UInt64, deadLetters: UInt64, reconnects: UInt64) {
            self.frames = frames
            self.records = records
            self.deadLetters = deadLetters
            self.reconnects = reconnects
        }

        init(_ object: RecordObject) throws(RecordError) {
            frames = try object.count("frames")
            records = try object.count("records")
            deadLetters = try object.count("dead_letters")
            reconnects = try object.count("reconnects")
        }

        func encode(into writer: inout JSONWriter) {
            writer.open("frames", frames)
            writer.field("records", records)
            writer.field("dead_letters", deadLetters)
            writer.field("reconnects", reconnects)
            writer.close()
        }
    }
}

extension FeedStatusRecord.Connection {
    static var fields: [FieldShape] {
        [
            .text("id", "The feed's name of the connection."),
            .text("endpoint", "The venue's endpoint, by its name in the configuration."),
            .text(
                "state",
                "Its session: waiting, connecting, open, stopped; handing_over and taking_over while one replaces another."
            ),
            .time("since_us", "Since when it is in that state."),
            .count("streams", "How many streams it carries."),
        ]
    }
}

extension FeedStatusRecord.Stream {
    static var fields: [FieldShape] {
        [
            CommonFields.symbol,
            .text("venue_symbol", "The venue's own symbol; empty where it lists no such instrument."),
            .text("channel", "The channel."),
            .choice("state", FeedStatusRecord.StreamState.self, "How the stream is."),
            .text(
                "detail",
                "What is wrong with it, in the venue's words where it gave any; null where nothing is."
            )
            .orNull,
            .time("epoch", "Its incarnation: when it began; 0 before the first."),
            .count("last_seq", "The last sequence number given out; 0 before the first."),
            .time("last_message_us", "When its last frame came; null before the first.").orNull,
            .count("records", "How many records it gave since the process began."),
        ]
    }
}

extension FeedStatusRecord.Totals {
    static var fields: [FieldShape] {
        [
            .count("frames", "Frames received."),
            .count("records", "Market records given to the producer."),
            .count("dead_letters", "Frames that could not be read."),
            .count("reconnects", "Connections opened again."),
        ]
    }
}
