// Part of MarketBus. Apache License 2.0, see LICENSE.

import Wire

/// What becomes of channels that were asked for, or given up, as the venue's feeds tell it.
///
/// A value without clock and cluster.
struct SubscriptionWatch {
    /// A channel of a symbol.
    struct Item: Hashable {
        var symbol: String
        var channel: String
    }

    /// What became of it.
    enum Outcome: Equatable {
        case live
        case confirmed
        case refused(String)
        case ended

        /// For the operator.
        func line(_ item: Item) -> String {
            let place = "\(item.symbol) \(item.channel)"
            switch self {
            case .live: return "live       \(place)"
            case .confirmed: return "confirmed  \(place)"
            case .refused(let detail): return "refused    \(place): \(detail)"
            case .ended: return "ended      \(place)"
            }
        }
    }

    /// A refusal from before may still be told for so long.
    ///
    /// - Unit: microseconds.
    static let patience: Int64 = 500_000

    /// What is not decided yet.
    private(set) var open: [Item]
    private let adds: Bool
    private let since: Int64
    private var refusedBefore: Set<Item> = []
    /// The feeds that spoke of an item in their newest words: several may share the venue's symbols.
    private var carriers: [Item: Set<String>] = [:]
    private var words: [Item: String] = [:]

    /// Begins to watch.
    ///
    /// - Parameters:
    ///   - items: the channels.
    ///   - adds: whether they were asked for, or given up.
    ///   - before: what the feeds said last before the word was written.
    ///   - since: when it was written. Unit: microseconds since the Unix epoch.
    init(_ items: [Item], adds: Bool, before: [FeedStatusRecord], since: Int64) {
        open = items
        self.adds = adds
        self.since = since
        for status in before {
            for stream in status.streams {
                let item = Item(symbol: stream.symbol, channel: stream.channel)
                if stream.state == .refused { refusedBefore.insert(item) }
                carriers[item, default: []].insert(status.feed)
            }
        }
    }

    /// The last word of a feed on something that is still open.
    func last(_ item: Item) -> String? { words[item] }

    /// Takes a feed's word in; gives what it decides.
    mutating func take(_ word: SubscriptionDesk.Word) -> [(item: Item, outcome: Outcome)] {
        switch word {
        case .status(let status) where status.publishedMicroseconds >= since:
            return take(status)
        case .status:
            return []
        case .ended(let feed):
            for item in open { carriers[item]?.remove(feed) }
            return decide { watch, item in watch.adds ? nil : watch.outcomeOfEnding(item) }
        }
    }

    private mutating func take(_ status: FeedStatusRecord) -> [(item: Item, outcome: Outcome)] {
        var streams: [Item: [FeedStatusRecord.Stream]] = [:]
        for stream in status.streams {
            streams[Item(symbol: stream.symbol, channel: stream.channel), default: []].append(stream)
        }
        for item in open {
            if streams[item] == nil {
                carriers[item]?.remove(status.feed)
            } else {
                carriers[item, default: []].insert(status.feed)
            }
        }
        return decide { watch, item in
            watch.outcome(item, streams[item] ?? [], status.publishedMicroseconds)
        }
    }

    private mutating func decide(
        _ outcome: (inout SubscriptionWatch, Item) -> Outcome?
    ) -> [(item: Item, outcome: Outcome)] {
        var decided: [(item: Item, outcome: Outcome)] = []
        for item in open {
            if let outcome = outcome(&self, item) { decided.append((item, outcome)) }
        }
        open.removeAll { item in decided.contains { $0.item == item } }
        return decided
    }

    /// A channel has ended when no feed speaks of it any more.
    private func outcomeOfEnding(_ item: Item) -> Outcome? {
        carriers[item]?.isEmpty ?? true ? .ended : nil
    }

    private mutating func outcome(
        _ item: Item,
        _ streams: [FeedStatusRecord.Stream],
        _ published: Int64
    ) -> Outcome? {
        guard adds else { return outcomeOfEnding(item) }
        guard let first = streams.first else { return nil }
        if streams.contains(where: { $0.state == .live }) { return .live }
        if streams.contains(where: { $0.state == .confirmed }) { return .confirmed }
        words[item] = first.state.rawValue + (first.detail.map { ", \($0)" } ?? "")
        guard streams.allSatisfy({ $0.state == .refused }) else {
            refusedBefore.remove(item)
            return nil
        }
        if refusedBefore.contains(item), published < since + Self.patience { return nil }
        return .refused(first.detail ?? "no reason was given")
    }
}
