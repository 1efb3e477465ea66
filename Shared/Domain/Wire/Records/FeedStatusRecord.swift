// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

/// `sys.feed_status.v1`: the state of a feed, its connections and its streams.
public struct FeedStatusRecord: WireRecord, Hashable {
    /// The topic `sys.feed_status.v1`.
    public static let topic = TopicRegistry.feedStatus

    /// How a feed is.
    public enum State: String, Sendable, CaseIterable {
        /// Not all streams have spoken yet.
        case starting
        /// Every stream is live.
        case live
        /// Some stream is not.
        case degraded
        /// It was asked to stop.
        case stopping
    }

    /// The feed's instance name.
    public var feed: String
    /// The venue.
    public var venue: String
    /// When the record was made.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var publishedMicroseconds: Int64
    /// How the feed is.
    public var state: State
    /// What `/ready` says.
    public var ready: Bool
    /// The connections.
    public var connections: [Connection]
    /// The streams.
    public var streams: [Stream]
    /// Sums since the process began.
    public var totals: Totals
    /// What it has of the venue's symbols; nil where it shares them with no other feed.
    public var share: Share?

    /// Makes a record.
    public init(
        feed: String,
        venue: String,
        publishedMicroseconds: Int64,
        state: State,
        ready: Bool,
        connections: [Connection],
        streams: [Stream],
        totals: Totals,
        share: Share? = nil
    ) {
        self.feed = feed
        self.venue = venue
        self.publishedMicroseconds = publishedMicroseconds
        self.state = state
        self.ready = ready
        self.connections = connections
        self.streams = streams
        self.totals = totals
        self.share = share
    }

    /// The feed's instance name.
    public var key: String { feed }
    /// The venue.
    public var venueHeader: String? { venue }
    /// When the record was made.
    public var timestampMicroseconds: Int64 { publishedMicroseconds }

    /// Writes the value behind what the writer holds.
    public func encode(into writer: inout JSONWriter) {
        writer.open(Self.topic)
        writer.field("feed", feed)
        writer.field("venue", venue)
        writer.field("published_us", publishedMicroseconds)
        writer.field("state", state.rawValue)
        writer.field("ready", ready)
        writer.field("connections", connections) { $0.encode(into: &$1) }
        writer.field("streams", streams) { $0.encode(into: &$1) }
        writer.name("totals")
        totals.encode(into: &writer)
        share?.encode(into: &writer)
        writer.close()
    }

    /// Reads the fields.
    public init(_ object: RecordObject) throws(RecordError) {
        feed = try object.text("feed")
        venue = try object.text("venue")
        publishedMicroseconds = try object.integer("published_us")
        state = try object.choice("state")
        ready = try object.bool("ready")
        connections = try object.list("connections", Connection.init)
        streams = try object.list("streams", Stream.init)
        totals = try Totals(try object.object("totals"))
        if object.has("share"), let part = try object.optionalObject("share") { share = try Share(part) }
    }
}

extension FeedStatusRecord: DescribedRecord {
    /// What the value looks like.
    public static var shape: RecordShape {
        RecordShape(
            topic,
            "The state of a feed",
            [
                CommonFields.feed,
                CommonFields.venue,
                CommonFields.published,
                .choice("state", State.self, "How the feed is."),
                .boolean("ready", "What its /ready says."),
                .list("connections", of: Connection.fields, "Its connections."),
                .list("streams", of: Stream.fields, "Its streams."),
                .object("totals", Totals.fields, "Sums since the process began."),
                .object(
                    "share",
                    Share.fields,
                    "What it has of the venue's symbols; absent where it shares them with no other feed."
                )
                .orAbsent,
            ]
        )
    }
}
