// Part of MarketBus. Apache License 2.0, see LICENSE.

import Wire

/// Which of a venue's symbols are a feed's own, where several feeds of the venue share them: those whose key
/// `venue:symbol` falls into one of these partitions of `ctl.subscription.v1`.
public struct SymbolShares: Sendable, Equatable {
    /// The partitions that are the feed's own.
    public var partitions: Set<Int>
    /// How many partitions there are.
    public var count: Int

    /// Makes shares.
    public init(partitions: Set<Int>, count: Int) {
        self.partitions = partitions
        self.count = max(count, 1)
    }

    /// The partition of a symbol, whosever it is.
    public func partition(of symbol: String, venue: String) -> Int {
        KeyPartition.of("\(venue):\(symbol)", among: count)
    }

    /// Whether a symbol is the feed's own.
    public func own(_ symbol: String, venue: String) -> Bool {
        partitions.contains(partition(of: symbol, venue: venue))
    }
}

/// What the group of a venue's feeds says to one of them.
public enum SharingNews: Sendable {
    /// These symbols are the feed's own from now on.
    case shares(SymbolShares)
    /// A feed of the venue, perhaps this one, has told its status.
    case status(FeedStatusRecord)
    /// A feed's status is taken back: nothing is known of it any more.
    case forgotten(feed: String)
    /// The feed has left the group to stop: it goes on until others stream what it streams, and then calls this.
    case leave(done: @Sendable () -> Void)
}

/// How a feed shares a venue's symbols with others.
public struct SharingSettings: Sendable, Equatable {
    /// How long a symbol that is another feed's by now is streamed on at most while that one does not stream it.
    ///
    /// Minutes, because many books at once take minutes where a venue's REST gives few snapshots a minute.
    ///
    /// - Unit: milliseconds.
    public var letGoMilliseconds: Int64 = 300_000
    /// A feed whose heartbeat the group missed for so long is dead.
    ///
    /// - Unit: milliseconds.
    public var sessionMilliseconds: Int64 = 10_000

    /// Makes settings with the default limits.
    public init() {}
}
