// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Observability
import Wire

// MARK: A venue's symbols, shared with other feeds

extension FeedEngine {
    /// Whether it is known which symbols are the feed's own, or that all are.
    var areSharesKnown: Bool { wanted.sharing.map { $0.shares != nil } ?? true }

    /// Its part of the status; nil where nothing is shared.
    var share: FeedStatusRecord.Share? {
        guard let sharing = wanted.sharing, let shares = sharing.shares else { return nil }
        return FeedStatusRecord.Share(
            partitions: shares.partitions.sorted().map { Int64($0) },
            count: Int64(shares.count),
            leaving: Int64(sharing.leavingCount)
        )
    }

    /// The same for `/ready`.
    var shareWords: String {
        guard let share else { return "" }
        let own = share.partitions.map(String.init).joined(separator: ", ")
        var text =
            own.isEmpty
            ? "; stands by: owns none of \(share.count) partitions"
            : "; owns partitions \(own) of \(share.count)"
        if share.leaving > 0 { text += ", lets \(share.leaving) symbols go" }
        return text
    }

    /// Takes in what the group of the venue's feeds says.
    func take(_ news: SharingNews) {
        guard !isStopping, wanted.sharing != nil else {
            if case .leave(let done) = news { done() }
            return
        }
        let now = clock.monotonic
        switch news {
        case .shares(let shares): take(shares, now)
        case .status(let status): take(status, now)
        case .forgotten(let feed): wanted.sharing?.forget(feed)
        case .leave(let done):
            onLeft = done
            wanted.sharing?.leave(streamed: streamed, now)
            reports.isChanged = true
        }
        noteShares(now)
    }

    private func take(_ shares: SymbolShares, _ now: MonotonicNanos) {
        guard shares != wanted.sharing?.shares else { return }
        wanted.sharing?.take(shares, streamed: streamed, now)
        logger.info(
            "feed.shares",
            [
                "partitions": .string(shares.partitions.sorted().map(String.init).joined(separator: ",")),
                "of": LogValue(shares.count), "leaving": LogValue(wanted.sharing?.leavingCount ?? 0),
            ]
        )
        if isPlanned { replan() } else { planIfPossible() }
        reports.isChanged = true
    }

    private func take(_ status: FeedStatusRecord, _ now: MonotonicNanos) {
        guard status.feed == settings.instance else { return follow(wanted.sharing?.take(status, now)) }
        guard status.state != .stopping, !reports.statusTimes.isEmpty,
            !reports.statusTimes.contains(status.publishedMicroseconds)
        else { return }
        fail(
            .configuration,
            "another feed of \(status.venue) runs as \(status.feed): give each its own service.instance"
        )
    }

    /// Does what is due of it.
    func tickSharing(_ now: MonotonicNanos) {
        guard wanted.sharing != nil else { return }
        follow(wanted.sharing?.tick(now))
        noteShares(now)
    }

    private func noteShares(_ now: MonotonicNanos) {
        guard let sharing = wanted.sharing else { return }
        metrics.ownedPartitions.set(sharing.shares?.partitions.count ?? 0)
        metrics.leavingSymbols.set(sharing.leavingCount)
        guard let done = onLeft, sharing.mayStop(now) else { return }
        onLeft = nil
        done()
    }

    /// The channels of symbols that flow, or are asked for, here.
    private var streamed: SymbolSharing.Streamed {
        var found: SymbolSharing.Streamed = [:]
        for connection in carrying {
            for place in 0..<connection.session.count {
                let stream = connection.session.stream(place)
                let state = connection.session.streamState(place)
                guard !stream.isReference, state != .refused, state != .ended else { continue }
                found[symbol(of: stream), default: []].insert(stream.channel.name)
            }
        }
        return found
    }

    // MARK: Letting go and taking over

    private func follow(_ outcome: SymbolSharing.Outcome?) {
        guard let outcome, !outcome.isEmpty else { return }
        for release in outcome.releases { tell(release) }
        for takeover in outcome.takeovers { tell(takeover) }
        guard !outcome.releases.isEmpty else { return }
        replan()
        reports.isAccountDue = true
    }

    private func tell(_ release: SymbolSharing.Release) {
        switch release {
        case .taken(let symbols, let feed):
            logger.info("feed.let_go", ["symbols": LogValue(symbols.count), "to": .string(feed)])
        case .abandoned(let symbols):
            for symbol in symbols {
                announce(
                    Incident(.notTakenOver, "no other feed streams it in time; this one lets it go"),
                    topic: TopicRegistry.subscription,
                    symbol: symbol
                )
            }
        }
    }

    /// Says once for every stream of a feed that is gone since when nothing is proven of it.
    private func tell(_ takeover: SymbolSharing.Takeover) {
        logger.warning(
            "feed.took_over",
            ["symbols": LogValue(takeover.streamed.count), "from": .string(takeover.feed)]
        )
        let detail = "last heard of at \(takeover.heardMicroseconds)"
        for (symbol, channels) in takeover.streamed.sorted(by: { $0.key < $1.key }) {
            for channel in channels.sorted().compactMap(Channel.init(name:)) {
                let incident = Incident(.takenOver, detail)
                metrics.count(incident.kind)
                reports.ledger.incident(record(incident, symbol, takeover.feed), channel.topic)
            }
        }
    }
}
