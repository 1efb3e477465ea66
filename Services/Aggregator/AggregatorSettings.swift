// Part of MarketBus. Apache License 2.0, see LICENSE.

import Arbitrage
import Configuration
import FixedPoint
import KafkaBus
import Quotes

/// Everything that can be configured about the aggregator.
struct AggregatorSettings: Sendable {
    let common: CommonSettings
    let kafka: KafkaSettings
    let quotes: QuoteSettings
    let arbitrage: EvaluationSettings
    let depth: DepthSettings
    /// When a leg is set apart because only its name is the others'.
    let namesakes: NamesakeSettings
    /// Which kinds of opportunities are looked for.
    let kinds: Set<OpportunityKind>
    /// Markets that may convert one quote currency into another: symbol and venue.
    let conversions: [(symbol: String, venue: String)]
    /// The shortest time between two quotes of a symbol, in microseconds; 0: every change is published.
    let quoteIntervalMicroseconds: Int64
    /// A quote that does not change is published again after so long, in microseconds.
    let refreshMicroseconds: Int64
    /// The most levels a side of the book over venues; 0: none is published.
    let bookTop: Int
    /// The shortest time between two books of a symbol, in microseconds.
    let bookIntervalMicroseconds: Int64
    /// How many of the newest records of a partition are read again at the start, to know what every leg says.
    let rebuildRecords: Int
    /// Fees that take the place of those in `ref.instrument`.
    let fees: FeeRules
    /// The venues whose records count; empty: all.
    let venues: [String]
    /// Of each class of ignored records an incident is told this long after the last, in microseconds.
    let ignoredMicroseconds: Int64

    /// How the group of aggregators notices that one is gone.
    let membership: GroupMembership

    init(_ reader: ConfigurationReader, needsServers: Bool = true) {
        common = CommonSettings(reader, service: "aggregator", port: 9110)
        kafka = KafkaSettings(reader, instance: common.instance, needsServers: needsServers)
        quotes = Self.quotes(reader)
        quoteIntervalMicroseconds = Self.microseconds(
            reader,
            "aggregator.quote_interval_ms",
            0,
            0...60_000,
            "shortest time between two quotes of a symbol; 0: every change"
        )
        refreshMicroseconds = Self.microseconds(
            reader,
            "aggregator.refresh_ms",
            10_000,
            100...3_600_000,
            "a quote that does not change is published again after so long"
        )
        bookTop = reader.int(
            "aggregator.book_top",
            default: 20,
            in: 0...1000,
            help: "most levels a side of the book over venues; 0: none is published"
        )
        bookIntervalMicroseconds = Self.microseconds(
            reader,
            "aggregator.book_interval_ms",
            250,
            10...60_000,
            "shortest time between two books of a symbol over venues"
        )
        rebuildRecords = reader.int(
            "aggregator.rebuild_records",
            default: 20_000,
            in: 0...10_000_000,
            help: "newest records of a partition that are read when it is taken over"
        )
        membership = Self.membership(reader, common.instance)
        arbitrage = Self.arbitrage(reader)
        depth = Self.depth(reader, quotes)
        namesakes = Self.namesakes(reader)
        kinds = Self.kinds(reader)
        conversions = Self.conversions(reader)
        fees = FeeRules(reader)
        venues = reader.list(
            "aggregator.venues",
            default: [],
            help: "venues whose records count, all if none is named"
        )
        ignoredMicroseconds = Self.microseconds(
            reader,
            "aggregator.ignored_report_ms",
            10_000,
            100...3_600_000,
            "shortest time between two incidents about ignored records of a class"
        )
        for prefix in ["venues", "feed", "tls", "up"] { reader.ignore(prefix: prefix) }
    }

    private static func quotes(_ reader: ConfigurationReader) -> QuoteSettings {
        QuoteSettings(
            legMaxAgeMicroseconds: microseconds(
                reader,
                "aggregator.leg_max_age_ms",
                30_000,
                100...3_600_000,
                "a venue's quote that is older does not count"
            ),
            legMinAgeMicroseconds: microseconds(
                reader,
                "aggregator.leg_min_age_ms",
                2000,
                100...3_600_000,
                "a venue's quote counts for so long at least, however often it usually speaks"
            ),
            heartbeatMicroseconds: heartbeat(reader),
            maximumSymbols: reader.int(
                "aggregator.maximum_symbols",
                default: 20_000,
                in: 1...1_000_000,
                help: "symbols beyond are refused and counted"
            ),
            conversions: quoteConversions(reader)
        )
    }

    private static func depth(_ reader: ConfigurationReader, _ quotes: QuoteSettings) -> DepthSettings {
        let least = quotes.legMinAgeMicroseconds ?? quotes.legMaxAgeMicroseconds
        return DepthSettings(
            levels: reader.int(
                "arbitrage.book_levels",
                default: 50,
                in: 1...1000,
                help: "levels a side that are kept of every venue's book"
            ),
            ages: ArrivalBounds(
                least: min(least, quotes.legMaxAgeMicroseconds),
                most: quotes.legMaxAgeMicroseconds
            ),
            heartbeatMicroseconds: quotes.heartbeatMicroseconds
        )
    }

    /// The group is told twenty times a session that a member lives, since by the answers it learns of a new sharing.
    private static func membership(_ reader: ConfigurationReader, _ instance: String) -> GroupMembership {
        let session = reader.int(
            "aggregator.session_ms",
            default: 10_000,
            in: 6000...1_800_000,
            help: "a silent aggregator's partitions are given to others after so long"
        )
        let isStatic = reader.bool(
            "aggregator.static_member",
            default: false,
            help:
                "partitions wait for this instance for a session when it stops; needs its own service.instance"
        )
        return GroupMembership(
            sessionMilliseconds: Int64(session),
            heartbeatMilliseconds: Int64(session / 20),
            staticName: isStatic ? instance : nil
        )
    }

    /// Feeds publish their status every 10 s at least.
    private static func heartbeat(_ reader: ConfigurationReader) -> Int64 {
        let key = "aggregator.heartbeat_ms"
        let help = "a feed whose newest status is older does not count, nor one that stops; 0: no matter"
        let limit = microseconds(reader, key, 30_000, 0...3_600_000, help)
        if limit > 0, limit <= 10_000_000 {
            reader.note(key, "is not above the 10 s between two statuses of a feed", "use 30000, or 0")
        }
        return limit
    }

    private static func namesakes(_ reader: ConfigurationReader) -> NamesakeSettings {
        var settings = NamesakeSettings()
        settings.lastingMicroseconds = microseconds(
            reader,
            "aggregator.namesake_ms",
            180_000,
            0...86_400_000,
            "a venue's price far from the others' for so long is another thing's; 0: nobody looks"
        )
        let key = "aggregator.namesake_ratio"
        let help = "prices of one symbol of which one is so many times the other are far from each other"
        let text = reader.string(key, default: "1.5", help: help)
        if let ratio = try? ScaledDecimal(text), ratio > .one, ratio <= ScaledDecimal(1_000_000) {
            settings.ratio = ratio
        } else {
            reader.note(key, "\"\(text)\" is no number from 1 to 1000000", "write as in 1.5")
        }
        return settings
    }

    private static func kinds(_ reader: ConfigurationReader) -> Set<OpportunityKind> {
        let names = OpportunityKind.allCases.map(\.rawValue)
        let wanted = reader.list(
            "arbitrage.kinds",
            default: names,
            help: "kinds of opportunities to look for"
        )
        return Set(
            wanted.compactMap { name in
                if let kind = OpportunityKind(rawValue: name) { return kind }
                reader.note(
                    "arbitrage.kinds",
                    "\"\(name)\" is no kind",
                    "use \(names.joined(separator: ", "))"
                )
                return nil
            }
        )
    }

    private static func conversions(_ reader: ConfigurationReader) -> [(symbol: String, venue: String)] {
        let key = "arbitrage.conversions"
        let help = "spot markets that may convert quote currencies, as USDC-USDT@binance"
        return reader.list(key, default: [], help: help).compactMap { text in
            let parts = text.split(separator: "@").map(String.init)
            if parts.count == 2 { return (symbol: parts[0], venue: parts[1]) }
            reader.note(key, "\"\(text)\" names no market", "write as USDC-USDT@binance")
            return nil
        }
    }

    private static func quoteConversions(_ reader: ConfigurationReader) -> [Conversion] {
        let key = "aggregator.conversions"
        let help =
            "spot markets by which quotes in one currency join another's: USDC-USDT@binance, USDT-USD@coinbase>USDT"
        var found: [Conversion] = []
        for text in reader.list(key, default: [], help: help) {
            do throws(ConversionError) {
                let new = try Conversion(text)
                if let other = found.first(where: { $0.from == new.from && $0.to == new.to }) {
                    let what = "\"\(text)\" turns \(new.from) into \(new.to), as \(other.name) does"
                    reader.note(key, what, "keep one of the two")
                } else {
                    found.append(new)
                }
            } catch {
                reader.note(key, "\"\(text)\" \(error)", error.mend)
            }
        }
        return found
    }

    private static func arbitrage(_ reader: ConfigurationReader) -> EvaluationSettings {
        let key = "arbitrage.min_edge_bps"
        let help = "net edge that counts, in basis points of what buying costs"
        let text = reader.string(key, default: "0", help: help)
        var rate = ScaledDecimal.zero
        do throws(DecimalError) {
            guard let basisPoint = ScaledDecimal(mantissa: 1, scale: 4) else { throw .overflow }
            rate = try ScaledDecimal(text).multiplied(by: basisPoint)
        } catch {
            reader.note(key, "\"\(text)\" is no decimal number", "write as in 2.5")
        }
        if rate.isNegative || rate > .one { reader.note(key, "is out of range", "use 0 to 10000") }
        let interval = microseconds(
            reader,
            "arbitrage.update_interval_ms",
            100,
            0...60_000,
            "shortest time between two steps of an open opportunity"
        )
        let duration = microseconds(
            reader,
            "arbitrage.min_duration_ms",
            0,
            0...3_600_000,
            "an opportunity is told when it has lasted so long"
        )
        let value = reader.string(
            "arbitrage.min_value",
            default: "0",
            help: "least value of the first leg, in its quote currency"
        )
        var least = ScaledDecimal.zero
        if let number = try? ScaledDecimal(value), !number.isNegative {
            least = number
        } else {
            reader.note("arbitrage.min_value", "\"\(value)\" is no amount", "write as in 10")
        }
        return EvaluationSettings(
            minimumEdgeRate: rate,
            maximumEdgeBasisPoints: maximumEdge(reader),
            minimumValue: least,
            minimumDurationMicroseconds: duration,
            updateIntervalMicroseconds: interval
        )
    }

    private static func maximumEdge(_ reader: ConfigurationReader) -> ScaledDecimal? {
        let key = "arbitrage.max_edge_bps"
        let help = "a larger net edge is taken for a wrong price and not told, in basis points; 0: none is"
        let text = reader.string(key, default: "5000", help: help)
        guard let limit = try? ScaledDecimal(text), !limit.isNegative else {
            reader.note(key, "\"\(text)\" is no decimal number from 0", "write as in 5000")
            return nil
        }
        return limit.isZero ? nil : limit
    }

    private static func microseconds(
        _ reader: ConfigurationReader,
        _ key: String,
        _ standard: Int,
        _ range: ClosedRange<Int>,
        _ help: String
    ) -> Int64 {
        Int64(reader.int(key, default: standard, in: range, help: help)) * 1000
    }
}
