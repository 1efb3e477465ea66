// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import KafkaBus
import Lifecycle
import Observability
import VenueKit
import Wire

/// A feed's place in the group of its venue's feeds, on a thread of its own: which partitions of `ctl.subscription.v1`
/// are its own, and what the other feeds say in `sys.feed_status.v1`.
///
/// The group is there for the assignment alone; what the topic says is read whole by ``SubscriptionReader``. Members are
/// dynamic, so that one that stops hands over at once; `kafka.properties.group.instance.id` makes one static, whose
/// symbols then wait for it through a restart.
///
/// - Thread: `start` and `stop` from the owner.
// Safety: `thread` is touched by the owner only, in `start` and `stop`; all else that the group's thread uses is its
// own or constant.
final class FeedGroup: @unchecked Sendable {
    private static let retryMilliseconds: Int64 = 1000
    private static let pollMilliseconds: Int32 = 20
    /// What the other parts of the service need to stop.
    ///
    /// - Unit: milliseconds.
    private static let reserveMilliseconds: Int64 = 2500
    /// So many of the newest words of each partition are read at the start; a feed speaks every ten seconds.
    private static let history: Int64 = 100

    private let settings: KafkaSettings
    private let venue: String
    private let instance: String
    private let logger: Logger
    private let hand: @Sendable (SharingNews) -> Bool
    private let fail: @Sendable (String) -> Void
    private let stopping: StopWord
    private let deadline = Lock<MonotonicNanos>(.never)
    private var thread: WorkerThread?

    /// Makes a place that is not taken yet; `hand` gives news to the feed and says whether it took them, `fail` ends the
    /// service.
    init(
        settings: KafkaSettings,
        sharing: SharingSettings,
        venue: String,
        instance: String,
        observability: Observability,
        hand: @escaping @Sendable (SharingNews) -> Bool,
        fail: @escaping @Sendable (String) -> Void
    ) throws {
        var settings = settings
        // The embedded broker has times of its own.
        if !settings.isEmbedded {
            let times = [
                "session.timeout.ms": sharing.sessionMilliseconds,
                "heartbeat.interval.ms": sharing.sessionMilliseconds / 20,
            ]
            settings.properties.merge(times.mapValues { "\($0)" }) { chosen, _ in chosen }
        }
        self.settings = settings
        self.venue = venue
        self.instance = instance
        self.hand = hand
        self.fail = fail
        logger = observability.logger
        stopping = try StopWord()
    }

    func start() throws {
        thread = try WorkerThread(name: "group") { [self] in run() }
    }

    /// Leaves the group, and returns when other feeds stream what this one streams, or most of the time is over.
    func stop(before deadline: MonotonicNanos) {
        self.deadline.withLock { $0 = deadline.advanced(milliseconds: -Self.reserveMilliseconds) }
        stopping.say()
        thread?.join()
    }

    // MARK: The group's thread

    private func run() {
        guard let scanner = JSONScanner() else { return }
        while !stopping.isSaid {
            do {
                try beMember(scanner)
            } catch {
                if let error = error as? KafkaError, error.retry == .fatal { return fail(error.description) }
                logger.warning("feed.group_left", ["reason": .string("\(error)")])
            }
            stopping.wait(milliseconds: Self.retryMilliseconds)
        }
    }

    /// Is a member until the service stops.
    private func beMember(_ scanner: JSONScanner) throws {
        let topic = TopicRegistry.spec(of: TopicRegistry.subscription).name
        let statuses = try KafkaConsumer(
            settings: settings,
            topics: .assignAll([TopicRegistry.spec(of: TopicRegistry.feedStatus).name]),
            from: .tail(records: Self.history),
            metadataMilliseconds: 2000
        )
        defer { statuses.close(deadlineMilliseconds: 500) }
        var desk = FeedGroupDesk(venue: venue, instance: instance)
        // What others said before comes first: who joins may have to say for a dead feed what it left.
        while !statuses.hasReachedEnd, !stopping.isSaid { try read(statuses, &desk, Self.pollMilliseconds) }
        desk.endHistory()
        // A member of a group on a topic that is not there yet would wait for minutes.
        _ = try statuses.partitionCount(of: topic)
        let membership = Membership()
        let group = try KafkaConsumer(
            settings: settings,
            group: "marketbus-\(venue)-feed",
            topics: .subscribe([topic]),
            from: .end,
            onRebalance: { membership.take($0) }
        )
        defer { group.close() }
        while !stopping.isSaid {
            try group.poll(waitMilliseconds: Self.pollMilliseconds) { _ in }
            try read(statuses, &desk, 0)
            if let partitions = membership.news {
                desk.shares = SymbolShares(partitions: partitions, count: try group.partitionCount(of: topic))
                membership.news = nil
            }
            desk.hand(scanner, hand)
        }
        membership.isLeaving = true
        group.close()
        try leave(statuses, &desk, scanner)
    }

    /// Hands on what others say until the feed has given everything away.
    private func leave(
        _ statuses: KafkaConsumer,
        _ desk: inout FeedGroupDesk,
        _ scanner: JSONScanner
    ) throws {
        let deadline = deadline.withLock { $0 }
        let done = try StopWord()
        while !hand(.leave(done: { done.say() })) {
            guard MonotonicNanos.now < deadline else { return }
            done.wait(milliseconds: 10)
        }
        while !done.isSaid, MonotonicNanos.now < deadline {
            try read(statuses, &desk, Self.pollMilliseconds)
            desk.hand(scanner, hand)
        }
        logger.info("feed.group_left", ["reason": done.isSaid ? "handed over" : "nobody took over in time"])
    }

    private func read(_ statuses: KafkaConsumer, _ desk: inout FeedGroupDesk, _ wait: Int32) throws {
        try statuses.poll(waitMilliseconds: wait) { record in
            guard let key = record.key else { return }
            desk.note(String(decoding: key, as: UTF8.self), record.value)
        }
    }
}

/// Which partitions the group gave, as the library tells it within a poll.
///
/// - Thread: the one that polls.
private final class Membership {
    /// What changed since it was last taken.
    var news: Set<Int>?
    /// What is given back now was given back by us.
    var isLeaving = false
    private var partitions: Set<Int> = []

    func take(_ event: RebalanceEvent) {
        guard !isLeaving else { return }
        switch event {
        case .assigned(let list):
            partitions.formUnion(list.map { Int($0.partition) })
            news = partitions
        case .revoked(let list):
            partitions.subtract(list.map { Int($0.partition) })
            news = partitions
        case .lost(let list):
            // The group is out of reach, as in an outage of the cluster: what is whose shows when it is back, and until
            // then nothing is given away.
            partitions.subtract(list.map { Int($0.partition) })
            news = nil
        }
    }
}
