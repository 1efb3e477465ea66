// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Wire

/// What a feed that shares its venue's symbols streams now: its own, and those that it still holds for others.
///
/// A symbol that becomes another feed's is streamed on until a feed that owns it says in `sys.feed_status` that all its
/// streams flow, or until a limit: where the giver lives there is no gap, but an overlap. A feed that dies says nothing;
/// who owns its symbols afterwards says so for it, with the time since which nothing is proven.
///
/// A value without clock and cluster.
///
/// - Thread: that of the feed.
struct SymbolSharing {
    /// The channels of symbols that a feed streams, by symbol.
    typealias Streamed = [String: Set<String>]

    /// Symbols that are let go now.
    enum Release: Equatable {
        /// Another feed streams them.
        case taken([String], by: String)
        /// No other feed streams them, and the limit is over.
        case abandoned([String])
    }

    /// A feed's last symbols, taken over after it fell silent.
    struct Takeover: Equatable {
        /// The feed that is gone.
        var feed: String
        /// When it was last heard of.
        ///
        /// - Unit: microseconds since the Unix epoch.
        var heardMicroseconds: Int64
        /// What it streamed.
        var streamed: Streamed
    }

    /// What a release and the passing of time come to.
    struct Outcome: Equatable {
        var releases: [Release] = []
        var takeovers: [Takeover] = []
        var isEmpty: Bool { releases.isEmpty && takeovers.isEmpty }
    }

    /// A symbol that is another feed's, and is streamed on.
    private struct Leaving {
        var deadline: MonotonicNanos
        var channels: Set<String>
    }

    /// Another feed of the venue, by its newest status.
    private struct Peer {
        var status: FeedStatusRecord
        var heard: MonotonicNanos
    }

    /// Symbols that came from a feed of which it is not known yet whether it lives.
    private struct Claim {
        var takeover: Takeover
        var frames: UInt64
        var deadline: MonotonicNanos
    }

    /// A feed that has said nothing for so long is dead: one that lives speaks every ten seconds.
    ///
    /// - Unit: milliseconds.
    static let silenceMilliseconds: Int64 = 12_000
    /// Of more feeds than this those that were silent longest are forgotten.
    private static let peerLimit = 256

    let venue: String
    let feed: String
    private let settings: SharingSettings
    /// What the group gave; nil before its first word.
    private(set) var shares: SymbolShares?
    /// Whether the feed has left the group.
    private(set) var hasLeft = false
    private var leaving: [String: Leaving] = [:]
    private var peers: [String: Peer] = [:]
    private var claims: [Claim] = []

    init(venue: String, feed: String, _ settings: SharingSettings) {
        self.venue = venue
        self.feed = feed
        self.settings = settings
    }

    /// How many symbols are streamed that are another feed's.
    var leavingCount: Int { leaving.count }

    /// Whether a symbol is to be streamed.
    func holds(_ symbol: String) -> Bool { owns(symbol) || leaving[symbol] != nil }

    private func owns(_ symbol: String) -> Bool { shares?.own(symbol, venue: venue) ?? false }

    // MARK: What the group says

    /// The group gave other shares; `streamed` is what flows here now.
    mutating func take(_ next: SymbolShares, streamed: Streamed, _ now: MonotonicNanos) {
        guard !hasLeft else { return }
        let gained = next.partitions.subtracting(shares?.partitions ?? [])
        shares = next
        leaving = leaving.filter { !next.own($0.key, venue: venue) }
        let deadline = now.advanced(milliseconds: settings.letGoMilliseconds)
        for (symbol, channels) in streamed where !owns(symbol) && leaving[symbol] == nil {
            leaving[symbol] = Leaving(deadline: deadline, channels: channels)
        }
        claim(gained, next)
    }

    /// The feed has left the group to stop: everything is another's, if there is another.
    mutating func leave(streamed: Streamed, _ now: MonotonicNanos) {
        take(SymbolShares(partitions: [], count: shares?.count ?? 1), streamed: streamed, now)
        hasLeft = true
        claims.removeAll()
    }

    /// Whether a feed that has left may stop: nobody is there who would still take something over.
    func mayStop(_ now: MonotonicNanos) -> Bool { hasLeft && (leaving.isEmpty || !hasPeer(now)) }

    /// Notes which of the gained partitions' symbols another feed owned when it was last heard of.
    private mutating func claim(_ gained: Set<Int>, _ next: SymbolShares) {
        guard !gained.isEmpty else { return }
        for (name, peer) in peers where peer.status.state != .stopping {
            guard let share = peer.status.share, share.count == Int64(next.count) else { continue }
            let theirs = gained.intersection(share.partitions.compactMap { Int(exactly: $0) })
            let streamed = Self.streamed(peer.status).filter {
                theirs.contains(next.partition(of: $0.key, venue: venue))
            }
            guard !streamed.isEmpty else { continue }
            let takeover = Takeover(
                feed: name,
                heardMicroseconds: peer.status.publishedMicroseconds,
                streamed: streamed
            )
            claims.append(
                Claim(
                    takeover: takeover,
                    frames: peer.status.totals.frames,
                    deadline: peer.heard.advanced(milliseconds: Self.silenceMilliseconds)
                )
            )
        }
    }

    /// What a feed streams by its own word.
    private static func streamed(_ status: FeedStatusRecord) -> Streamed {
        var found: Streamed = [:]
        for stream in status.streams where stream.state != .refused && stream.state != .pending {
            found[stream.symbol, default: []].insert(stream.channel)
        }
        return found
    }

    // MARK: What other feeds say

    /// Another feed of the venue has told its status.
    mutating func take(_ status: FeedStatusRecord, _ now: MonotonicNanos) -> Outcome {
        guard status.venue == venue, status.feed != feed else { return Outcome() }
        peers[status.feed] = Peer(status: status, heard: now)
        if peers.count > Self.peerLimit, let oldest = peers.min(by: { $0.value.heard < $1.value.heard }) {
            forget(oldest.key)
        }
        var outcome = Outcome()
        claims.removeAll { claim in
            guard claim.takeover.feed == status.feed else { return false }
            // It lives, or is there again: then what it counted before is gone.
            if status.totals.frames < claim.frames { outcome.takeovers.append(claim.takeover) }
            return true
        }
        let taken = leaving.isEmpty ? [] : flowing(status)
        if !taken.isEmpty {
            for symbol in taken { leaving[symbol] = nil }
            outcome.releases.append(.taken(taken, by: status.feed))
        }
        return outcome
    }

    /// Nothing is known of a feed any more: it ended in order.
    mutating func forget(_ name: String) {
        peers[name] = nil
        claims.removeAll { $0.takeover.feed == name }
    }

    /// The symbols on their way to a feed that it owns, and of which all channels flow there.
    private func flowing(_ status: FeedStatusRecord) -> [String] {
        guard status.state != .stopping, let share = status.share, let count = Int(exactly: share.count)
        else {
            return []
        }
        let theirs = SymbolShares(
            partitions: Set(share.partitions.compactMap { Int(exactly: $0) }),
            count: count
        )
        let streams = Dictionary(grouping: status.streams, by: \.symbol)
        return leaving.filter { symbol, leaving in
            guard theirs.own(symbol, venue: venue), let streams = streams[symbol] else { return false }
            return leaving.channels.allSatisfy { channel in
                let those = streams.filter { $0.channel == channel }
                return !those.isEmpty && those.allSatisfy(Self.isFlowing)
            }
        }.keys.sorted()
    }

    /// Whether a stream is as good here as there.
    ///
    /// A quote or a book must have been published: until then its readers know none. What tells of single events
    /// flows when the venue has confirmed it.
    private static func isFlowing(_ stream: FeedStatusRecord.Stream) -> Bool {
        switch stream.channel {
        case "bbo", "book": stream.state == .live && stream.lastSeq > 0
        default: stream.state == .live || stream.state == .confirmed
        }
    }

    // MARK: Time

    /// What is due.
    mutating func tick(_ now: MonotonicNanos) -> Outcome {
        var outcome = Outcome()
        if !leaving.isEmpty, !hasLeft {
            let late = leaving.filter { $0.value.deadline <= now }.keys.sorted()
            for symbol in late { leaving[symbol] = nil }
            if !late.isEmpty { outcome.releases.append(.abandoned(late)) }
        }
        if claims.contains(where: { $0.deadline <= now }) {
            outcome.takeovers = claims.filter { $0.deadline <= now }.map(\.takeover)
            claims.removeAll { $0.deadline <= now }
        }
        return outcome
    }

    /// Whether another feed shares the symbols and lives.
    private func hasPeer(_ now: MonotonicNanos) -> Bool {
        peers.values.contains { peer in
            peer.status.share != nil && peer.status.state != .stopping
                && peer.heard.advanced(milliseconds: Self.silenceMilliseconds) > now
        }
    }
}
