// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import KafkaBus
import Lifecycle
import Observability
import VenueKit
import Wire

/// Reads `ctl.subscription.v1` on a thread of its own and hands what it says of one venue to the feed.
///
/// All partitions are read from their beginning: the topic is compacted, so that its records are the whole state. What
/// the feed has no room for is handed over again; what a symbol's newest record says replaces what waits.
///
/// - Thread: `start` and `stop` from the owner.
// Safety: `thread` is touched by the owner only, in `start` and `stop`; all else that the reader's thread uses is its
// own or constant.
final class SubscriptionReader: @unchecked Sendable {
    /// The feed goes on with its configuration when the topic could not be read for so long.
    ///
    /// - Unit: milliseconds.
    private static let patienceMilliseconds: Int64 = 10_000
    private static let retryMilliseconds: Int64 = 1000
    private static let pollMilliseconds: Int32 = 100

    private let settings: KafkaSettings
    private let prefix: String
    private let venue: String
    private let logger: Logger
    private let hand: @Sendable (SubscriptionNews) -> Bool
    private let stopping: StopWord
    private var thread: WorkerThread?

    /// Makes a reader that does nothing yet; `hand` gives news to the feed and says whether it took them.
    init(
        settings: KafkaSettings,
        venue: String,
        observability: Observability,
        hand: @escaping @Sendable (SubscriptionNews) -> Bool
    ) throws {
        self.settings = settings
        self.venue = venue
        self.hand = hand
        prefix = venue + ":"
        logger = observability.logger
        stopping = try StopWord()
    }

    func start() throws {
        thread = try WorkerThread(name: "subscriptions") { [self] in run() }
    }

    func stop() {
        stopping.say()
        thread?.join()
    }

    // MARK: The reader's thread

    private func run() {
        guard let scanner = JSONScanner() else { return }
        let patience = MonotonicNanos.now.advanced(milliseconds: Self.patienceMilliseconds)
        var isTold = false
        while !stopping.isSaid {
            do {
                try read(scanner) { isTold = true }
            } catch {
                logger.warning("feed.subscriptions_unread", ["reason": .string("\(error)")])
                if !isTold, MonotonicNanos.now >= patience { isTold = hand(.unavailable("\(error)")) }
            }
            stopping.wait(milliseconds: Self.retryMilliseconds)
        }
    }

    /// Reads until the service stops; what it says after the first complete reading are changes.
    private func read(_ scanner: JSONScanner, onComplete: () -> Void) throws {
        let topic = TopicRegistry.spec(of: TopicRegistry.subscription).name
        // Feeds that share a venue's symbols read all of it too: which are whose is the group's matter alone.
        let consumer = try KafkaConsumer(
            settings: settings,
            topics: .assignAll([topic]),
            from: .begin,
            metadataMilliseconds: 2000
        )
        defer { consumer.close(deadlineMilliseconds: 500) }
        var wishes: [String: SubscriptionWish] = [:]
        var isComplete = false
        while !stopping.isSaid {
            try consumer.poll(waitMilliseconds: Self.pollMilliseconds) { record in
                guard let wish = wish(of: record, scanner) else { return }
                guard wishes.count < SubscriptionNews.symbolLimit || wishes[wish.symbol] != nil else {
                    return ignore("more than \(SubscriptionNews.symbolLimit) symbols are named")
                }
                wishes[wish.symbol] = wish
            }
            guard isComplete || consumer.hasReachedEnd else { continue }
            guard !isComplete || !wishes.isEmpty else { continue }
            let all = Array(wishes.values)
            guard hand(isComplete ? .changed(all) : .all(all)) else { continue }
            if !isComplete { onComplete() }
            isComplete = true
            wishes.removeAll()
        }
    }

    /// What a record says of a symbol of this venue; nil for other venues and what can't be read.
    private func wish(of record: borrowing ConsumedRecord, _ scanner: JSONScanner) -> SubscriptionWish? {
        let key = record.key.map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard key.hasPrefix(prefix) else { return nil }
        let symbol = String(key.dropFirst(prefix.count))
        guard let value = record.value else { return SubscriptionWish(symbol: symbol, channels: []) }
        do throws(RecordError) {
            let found = try SubscriptionRecord(decoding: value, scanner: scanner)
            guard found.symbol == symbol, found.venue == venue else {
                ignore("the key \(key) has a value about \(found.key)")
                return nil
            }
            return SubscriptionWish(symbol: symbol, channels: found.channels)
        } catch {
            ignore("the record of \(key) can't be read: \(error)")
            return nil
        }
    }

    private func ignore(_ text: String) {
        logger.warning("feed.subscription_ignored", ["reason": .string(text)])
        _ = hand(.unusable(String(text.prefix(300))))
    }
}
