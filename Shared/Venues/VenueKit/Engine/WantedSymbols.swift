// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

/// What `ctl.subscription.v1` says of one symbol.
public struct SubscriptionWish: Sendable, Hashable {
    /// The canonical symbol.
    public var symbol: String
    /// The names of the channels wanted, in place of the configured ones; none for a tombstone.
    public var channels: [String]

    /// Makes a wish.
    public init(symbol: String, channels: [String]) {
        self.symbol = symbol
        self.channels = channels
    }
}

/// News of `ctl.subscription.v1` for a feed.
public enum SubscriptionNews: Sendable {
    /// Symbols beyond this that the topic names of a venue are ignored: no venue lists so many.
    public static let symbolLimit = 20_000

    /// Everything that the topic holds; what it does not name is as configured.
    case all([SubscriptionWish])
    /// What was said since.
    case changed([SubscriptionWish])
    /// A record that can't be used.
    case unusable(String)
    /// The topic can't be read for now: what is configured is wanted.
    case unavailable(String)
}

/// Which channels are wanted of which symbols: what is configured, and what the topic says in its place; of these the
/// feed's own, where feeds share them.
///
/// - Thread: that of the feed.
struct WantedSymbols {
    /// The channels of one symbol.
    struct Entry: Equatable {
        var symbol: String
        var channels: [Channel]
        /// Whether the topic asks for it, and not the configuration.
        var isWish: Bool
    }

    private let symbols: [String]
    private let channels: [Channel]
    private var wishes: [String: [Channel]] = [:]
    /// Which of the symbols are streamed here, where several feeds share them; nil: all.
    var sharing: SymbolSharing?

    init(symbols: [String], channels: [Channel]) {
        var seen: Set<String> = []
        self.symbols = symbols.filter { seen.insert($0).inserted }
        self.channels = channels
    }

    /// The configured symbols of which the topic says nothing, whichever feed streams them.
    var unspoken: [String] { symbols.filter { wishes[$0] == nil } }

    /// All that is wanted here: configured symbols in their order, then the others by name.
    var entries: [Entry] {
        let configured = symbols.map { symbol in
            wishes[symbol].map { Entry(symbol: symbol, channels: $0, isWish: true) }
                ?? Entry(symbol: symbol, channels: channels, isWish: false)
        }
        let known = Set(symbols)
        let others = wishes.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }
            .map { Entry(symbol: $0.key, channels: $0.value, isWish: true) }
        let all = (configured + others).filter { !$0.channels.isEmpty }
        guard let sharing else { return all }
        return all.filter { sharing.holds($0.symbol) }
    }

    /// Forgets what the topic said.
    mutating func removeAll() { wishes.removeAll() }

    /// Takes a wish in; says what of it is ignored, if anything.
    mutating func take(_ wish: SubscriptionWish) -> String? {
        guard wishes.count < SubscriptionNews.symbolLimit || wishes[wish.symbol] != nil else {
            return "more than \(SubscriptionNews.symbolLimit) symbols are named"
        }
        var seen: Set<String> = []
        let names = wish.channels.filter { seen.insert($0).inserted }
        wishes[wish.symbol] = names.compactMap { Channel(name: $0) }
        let unknown = names.filter { Channel(name: $0) == nil }
        guard !unknown.isEmpty else { return nil }
        return "no such channel: \(unknown.prefix(5).joined(separator: ", ").prefix(100))"
    }
}
