// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A topic's place in ``TopicRegistry/all``: one byte on the hot path instead of a name.
public struct TopicID: Hashable, Sendable {
    /// The index into ``TopicRegistry/all``.
    public let index: UInt8

    /// Makes an identifier from an index that the registry gave out.
    public init(index: UInt8) {
        self.index = index
    }
}

/// What a record's key is made of; the partition follows from it (murmur2).
public enum KeyRule: String, Sendable {
    /// The canonical symbol: all venues of one symbol meet in one partition.
    case symbol
    /// `venue:symbol`, for compacted tables with one row a venue and symbol.
    case venueSymbol = "venue:symbol"
    /// The feed's instance name.
    case feed
    /// `feed:topic`.
    case feedTopic = "feed:topic"
    /// The venue's name.
    case venue
    /// The name of what failed: a feed's instance and connection.
    case source
}

/// Kafka's `cleanup.policy` of a topic.
public enum CleanupPolicy: String, Sendable {
    /// Old segments are deleted by age.
    case delete
    /// The newest record of a key is kept for ever.
    case compact
    /// Both.
    case compactDelete = "compact,delete"
}

/// What the producer does with a topic's records while the broker is away.
public enum AwayPolicy: String, Sendable {
    /// Only the newest record of a stream is held; every hole is announced.
    case conflate
    /// All are held in order up to the configured size; past it the loss is counted and announced.
    case keep
}

/// Everything that is decided about one topic, in one place.
public struct TopicSpec: Sendable {
    /// The index of this topic.
    public let id: TopicID
    /// The topic's name on the cluster, version included: `md.trade.v1`.
    public let name: String
    /// The value of the `schema` field and header: `trade.v1`.
    public let schema: String
    /// One sentence for documents.
    public let summary: String
    /// What the key is made of.
    public let key: KeyRule
    /// The partition count that a new topic gets where the configuration says nothing.
    public let partitions: Int
    /// The `cleanup.policy`.
    public let cleanup: CleanupPolicy
    /// The `retention.ms` of topics that delete.
    public let retentionMilliseconds: Int64
    /// How long the producer waits to fill a batch.
    public let lingerMilliseconds: Int
    /// What happens while the broker is away.
    public let whenAway: AwayPolicy
}

/// The one list of MarketBus's topics: names, keys, policies, lingers.
public enum TopicRegistry {
    private static let hour: Int64 = 3_600_000
    private static let day: Int64 = 24 * hour

    /// The topic `md.trade.v1`.
    public static let trade = TopicID(index: 0)
    /// The topic `md.bbo.v1`.
    public static let bbo = TopicID(index: 1)
    /// The topic `ref.instrument.v1`.
    public static let instrument = TopicID(index: 2)
    /// The topic `ctl.subscription.v1`.
    public static let subscription = TopicID(index: 3)
    /// The topic `agg.quote.v1`.
    public static let quote = TopicID(index: 4)
    /// The topic `arb.opportunity.v1`.
    public static let opportunity = TopicID(index: 5)
    /// The topic `sys.feed_status.v1`.
    public static let feedStatus = TopicID(index: 6)
    /// The topic `sys.integrity.v1`.
    public static let integrity = TopicID(index: 7)
    /// The topic `sys.drift.v1`.
    public static let drift = TopicID(index: 8)
    /// The topic `sys.dead_letter.v1`.
    public static let deadLetter = TopicID(index: 9)

    /// The topic `md.book.v1`.
    public static let book = TopicID(index: 10)
    /// The topic `md.candle.v1`.
    public static let candle = TopicID(index: 11)
    /// The topic `md.ticker.v1`.
    public static let ticker = TopicID(index: 12)
    /// The topic `md.funding.v1`.
    public static let funding = TopicID(index: 13)
    /// The topic `md.open_interest.v1`.
    public static let openInterest = TopicID(index: 14)
    /// The topic `md.liquidation.v1`.
    public static let liquidation = TopicID(index: 15)
    /// The topic `agg.book.v1`.
    public static let aggregatedBook = TopicID(index: 16)

    /// All topics; a topic's index is its ``TopicID``.
    public static let all: [TopicSpec] = [
        spec(trade, "md.trade.v1", "One trade at a venue; the side is the taker's.", .symbol),
        spec(
            bbo,
            "md.bbo.v1",
            "A venue's best bid and ask, or that they are invalid.",
            .symbol,
            away: .conflate
        ),
        spec(
            instrument,
            "ref.instrument.v1",
            "A venue's instrument: units, steps, fees, status.",
            .venueSymbol,
            cleanup: .compact,
            linger: 20
        ),
        spec(
            subscription,
            "ctl.subscription.v1",
            "The channels wanted of an instrument; a tombstone ends them.",
            .venueSymbol,
            cleanup: .compact,
            linger: 20
        ),
        spec(
            quote,
            "agg.quote.v1",
            "The best bid and ask over all venues of a symbol.",
            .symbol,
            cleanup: .compactDelete,
            away: .conflate
        ),
        spec(opportunity, "arb.opportunity.v1", "An arbitrage opportunity's life.", .symbol, linger: 0),
        spec(
            feedStatus,
            "sys.feed_status.v1",
            "The state of a feed and its streams.",
            .feed,
            cleanup: .compact,
            linger: 20,
            away: .conflate
        ),
        spec(
            integrity,
            "sys.integrity.v1",
            "What a feed published, and every hole with its range and reason.",
            .feedTopic,
            linger: 20,
            retention: 30 * day
        ),
        spec(
            drift,
            "sys.drift.v1",
            "A frame or stream that is not what the venue's documents say.",
            .venue,
            linger: 20
        ),
        spec(
            deadLetter,
            "sys.dead_letter.v1",
            "Bytes that could not be decoded, where, and why.",
            .source,
            linger: 20
        ),
        spec(
            book,
            "md.book.v1",
            "A venue's order book: recurring snapshots, the changes between them, or that it is invalid.",
            .symbol,
            away: .conflate
        ),
        spec(candle, "md.candle.v1", "A candle, open or closed.", .symbol, linger: 20, retention: 30 * day),
        spec(ticker, "md.ticker.v1", "The figures of the last 24 hours.", .symbol, linger: 20),
        spec(funding, "md.funding.v1", "A perpetual's funding rate, mark and index price.", .symbol),
        spec(openInterest, "md.open_interest.v1", "How much of a contract is open.", .symbol, linger: 20),
        spec(liquidation, "md.liquidation.v1", "An order by which the venue closes a position.", .symbol),
        spec(
            aggregatedBook,
            "agg.book.v1",
            "The best levels over all venues of a symbol, each split by venue.",
            .symbol,
            cleanup: .compactDelete,
            away: .conflate,
            schema: "agg_book.v1"
        ),
    ]

    /// The decisions about one topic.
    public static func spec(of id: TopicID) -> TopicSpec {
        all[Int(id.index)]
    }

    /// The topic with this name on the cluster, if the registry has one.
    public static func topic(named name: String) -> TopicSpec? {
        all.first { $0.name == name }
    }

    private static func spec(
        _ id: TopicID,
        _ name: String,
        _ summary: String,
        _ key: KeyRule,
        cleanup: CleanupPolicy = .delete,
        linger: Int = 2,
        retention: Int64 = 7 * day,
        away: AwayPolicy = .keep,
        schema: String? = nil
    ) -> TopicSpec {
        let schema = schema ?? name.split(separator: ".", maxSplits: 1).last.map(String.init) ?? name
        return TopicSpec(
            id: id,
            name: name,
            schema: schema,
            summary: summary,
            key: key,
            partitions: 6,
            cleanup: cleanup,
            retentionMilliseconds: retention,
            lingerMilliseconds: linger,
            whenAway: away
        )
    }
}
