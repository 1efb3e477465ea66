// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import KafkaBus
import Lifecycle
import Models
import Secrets
import VenueKit

/// Everything that a feed's configuration says.
public struct FeedConfiguration: Sendable {
    /// The venue, as it is configured.
    public let venue: any Venue
    /// Instance, HTTP address and log level.
    public let common: CommonSettings
    /// The cluster.
    public let kafka: KafkaSettings
    /// What is wanted of the venue.
    public let feed: FeedSettings
    /// Certificate authorities that replace the system's.
    public let caFile: String?
    /// How the venue's symbols are shared with its other feeds; nil: they are not.
    public let sharing: SharingSettings?

    /// The symbols of a feed that is not told any; those that the markets do not list are left out.
    public static let standardSymbols = ["BTC-USDT", "ETH-USDT", "BTC-USDT-PERP", "ETH-USDT-PERP"]
    /// The channels of a feed that is not told any.
    public static let standardChannels = [Channel.trade.name, Channel.bbo.name]
    /// Where Kafka is looked for when nobody says.
    public static let standardServers = "localhost:9092"

    /// Reads the keys of a feed; what is wrong is noted with the reader.
    public init(_ reader: ConfigurationReader, venue: any Venue, service: String, port: Int) {
        common = CommonSettings(reader, service: service, port: port)
        var kafka = KafkaSettings(reader, instance: common.instance, needsServers: false)
        if kafka.bootstrapServers.isEmpty { kafka.bootstrapServers = Self.standardServers }
        self.kafka = kafka
        caFile = reader.optionalString("tls.ca_file", help: "PEM file of the authorities that are trusted")
        self.venue = venue.configured(by: ReaderOptions(reader, venue))
        feed = Self.feed(reader, self.venue, common.instance)
        sharing = Self.sharing(reader)
    }

    private static func sharing(_ reader: ConfigurationReader) -> SharingSettings? {
        let isShared = reader.bool(
            "feed.shared",
            default: false,
            help: "share the symbols with the venue's other feeds that have this set"
        )
        var settings = SharingSettings()
        settings.letGoMilliseconds = Int64(
            reader.int(
                "feed.let_go_ms",
                default: Int(settings.letGoMilliseconds),
                in: 1_000...3_600_000,
                help: "how long a symbol that is another feed's is streamed on until that one does"
            )
        )
        settings.sessionMilliseconds = Int64(
            reader.int(
                "feed.session_ms",
                default: Int(settings.sessionMilliseconds),
                in: 6_000...300_000,
                help: "how long the group waits for a feed that says nothing"
            )
        )
        return isShared ? settings : nil
    }

    private static func feed(
        _ reader: ConfigurationReader,
        _ venue: any Venue,
        _ instance: String
    ) -> FeedSettings {
        let profile = venue.profile
        let prefix = "venues.\(type(of: venue).id.name)"
        let symbols = symbols(reader, "\(prefix).symbols")
        let skipsUnlisted = reader.bool(
            "\(prefix).skip_unlisted",
            default: false,
            help: "leave out symbols that the venue does not list"
        )
        var settings = FeedSettings(
            instance: instance,
            markets: markets(reader, "\(prefix).markets", profile),
            symbols: symbols.isEmpty ? standardSymbols : symbols,
            areSymbolsChosen: !symbols.isEmpty && !skipsUnlisted,
            channels: channels(reader, "\(prefix).channels")
        )
        settings.candleIntervals = intervals(
            reader,
            "\(prefix).candle_intervals",
            offered: settings.markets.flatMap(venue.candleIntervals)
        )
        for endpoint in profile.endpoints {
            let isSecure = endpoint.url.hasPrefix("wss") || endpoint.url.hasPrefix("https")
            let schemes = endpoint.url.hasPrefix("ws") ? ["wss", "ws"] : ["https", "http"]
            settings.endpoints[endpoint.name] = reader.url(
                "\(prefix).endpoints.\(endpoint.name)",
                default: endpoint.url,
                schemes: isSecure ? schemes : schemes.reversed(),
                help: "base URL"
            )
        }
        settings.session = session(reader)
        settings.instrumentsRefreshMilliseconds = Int64(
            reader.int(
                "feed.instruments_refresh_ms",
                default: 3_600_000,
                in: 1_000...86_400_000,
                help: "how often the instruments are read again"
            )
        )
        settings.pollMilliseconds = Int64(
            reader.int(
                "feed.poll_ms",
                default: 60_000,
                in: 1_000...86_400_000,
                help: "how often figures are asked for that a venue has by REST only"
            )
        )
        settings.seed = UInt64.random(in: 0...UInt64.max)
        return settings
    }

    private static func markets(
        _ reader: ConfigurationReader,
        _ key: String,
        _ profile: VenueProfile
    ) -> [MarketID] {
        let known = profile.markets.map(\.name)
        let names = unique(reader.list(key, default: known, help: "markets to read"))
        if names.isEmpty { reader.note(key, "is empty", "one or more of: \(known.joined(separator: ", "))") }
        for name in names where !known.contains(name) {
            reader.note(
                key,
                "\"\(name)\" is no market of this venue",
                "one or more of: \(known.joined(separator: ", "))"
            )
        }
        return names.map { MarketID($0) }
    }

    private static func channels(_ reader: ConfigurationReader, _ key: String) -> [Channel] {
        let known = Channel.allCases.map(\.name)
        let names = unique(reader.list(key, default: standardChannels, help: "channels of each symbol"))
        if names.isEmpty { reader.note(key, "is empty", "one or more of: \(known.joined(separator: ", "))") }
        for name in names where Channel(name: name) == nil {
            reader.note(key, "\"\(name)\" is no channel", "one or more of: \(known.joined(separator: ", "))")
        }
        return names.compactMap { Channel(name: $0) }
    }

    /// The lengths of candles; each must be streamed by one of the markets at least.
    private static func intervals(
        _ reader: ConfigurationReader,
        _ key: String,
        offered: [CandleInterval]
    ) -> [CandleInterval] {
        let known = unique(offered.map(\.name))
        let standard = known.isEmpty || known.contains("1m") ? ["1m"] : Array(known.prefix(1))
        let names = unique(
            reader.list(key, default: standard, help: "lengths of the candle channel's candles")
        )
        let mend =
            known.isEmpty ? "1m, 5m, 1h, 1d or the like" : "one or more of: \(known.joined(separator: ", "))"
        for name in names {
            if CandleInterval(name: name) == nil {
                reader.note(key, "\"\(name)\" is no length of a candle", mend)
            } else if !known.isEmpty, !known.contains(name) {
                reader.note(key, "candles of \(name) are streamed by none of the markets", mend)
            }
        }
        return names.compactMap { CandleInterval(name: $0) }
    }

    private static func symbols(_ reader: ConfigurationReader, _ key: String) -> [String] {
        let help = "canonical symbols: BTC-USDT, BTC-USDT-PERP, BTC-USD-PERP, BTC-USDT-20261225"
        let names = unique(
            reader.list(key, default: [], help: "\(help) (\(standardSymbols.joined(separator: ",")))")
        )
        for name in names {
            if let mend = mend(ofSymbol: name) {
                reader.note(key, "\"\(name)\" is no canonical symbol", mend)
            }
        }
        return names
    }

    /// What to write instead of a text that is no canonical symbol; nil for one that is.
    public static func mend(ofSymbol name: String) -> String? {
        guard !isSymbol(name) else { return nil }
        let upper = name.uppercased()
        return isSymbol(upper)
            ? "write \(upper)" : "write BASE-QUOTE for spot, as in BTC-USDT, or BASE-QUOTE-PERP"
    }

    /// Two or three words of capitals and digits with hyphens between them.
    private static func isSymbol(_ name: String) -> Bool {
        let words = name.split(separator: "-", omittingEmptySubsequences: false)
        return (2...3).contains(words.count)
            && words.allSatisfy { word in
                !word.isEmpty
                    && word.unicodeScalars.allSatisfy { !$0.properties.isLowercase && $0.value > 0x2C }
            }
    }

    private static func session(_ reader: ConfigurationReader) -> SessionSettings {
        var session = SessionSettings()
        func milliseconds(_ name: String, _ standard: Int64, _ least: Int, _ help: String) -> Int64 {
            Int64(reader.int("feed.\(name)", default: Int(standard), in: least...3_600_000, help: help))
        }
        session.firstMessageMilliseconds = milliseconds(
            "first_message_ms",
            session.firstMessageMilliseconds,
            100,
            "how long an acknowledged stream may say nothing"
        )
        session.silenceMilliseconds = milliseconds(
            "silence_ms",
            session.silenceMilliseconds,
            200,
            "the shortest pause that counts as silence"
        )
        session.backoffMinimumMilliseconds = milliseconds(
            "backoff_min_ms",
            session.backoffMinimumMilliseconds,
            1,
            "the first wait before a new connection"
        )
        session.backoffMaximumMilliseconds = milliseconds(
            "backoff_max_ms",
            session.backoffMaximumMilliseconds,
            1,
            "the longest wait before a new connection"
        )
        session.handOverMilliseconds = milliseconds(
            "handover_ms",
            session.handOverMilliseconds,
            1_000,
            "how long a connection and its successor run side by side at most"
        )
        let life = reader.int(
            "feed.connection_life_ms",
            default: 0,
            in: 0...604_800_000,
            help: "how old a connection may become before it is handed over; 0: as old as the venue lets it"
        )
        if life > 0 { session.connectionLifeMilliseconds = Int64(life) }
        if session.backoffMaximumMilliseconds < session.backoffMinimumMilliseconds {
            reader.note("feed.backoff_max_ms", "is below feed.backoff_min_ms", "raise it or lower the other")
        }
        return session
    }

    private static func unique(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}

/// The keys of one venue.
private struct ReaderOptions: VenueOptions {
    private let reader: ConfigurationReader
    private let prefix: String
    let now: @Sendable () -> Int64 = { WallNanos.now.microseconds }

    init(_ reader: ConfigurationReader, _ venue: any Venue) {
        self.reader = reader
        prefix = "venues.\(type(of: venue).id.name)."
    }

    func choice(_ name: String, default standard: String, among words: [String], help: String) -> String {
        let word = reader.string(prefix + name, default: standard, help: help)
        guard !words.contains(word) else { return word }
        reader.note(prefix + name, "\"\(word)\" is unknown", "one of: \(words.joined(separator: ", "))")
        return standard
    }

    func text(_ name: String, help: String) -> String? { reader.optionalString(prefix + name, help: help) }

    func secret(_ name: String, help: String) -> Secret? { reader.secret(prefix + name, help: help) }

    func note(_ name: String, _ what: String, _ mend: String) { reader.note(prefix + name, what, mend) }
}
