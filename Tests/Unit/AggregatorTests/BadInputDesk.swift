// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import JSONView
import KafkaBus
import Models
import Observability
import Testing
import Wire

@testable import Aggregator

/// An engine without Kafka, and two healthy venues whose quotes touch but do not cross.
final class BadInputDesk {
    static let symbol = "BTC-USDT"
    /// An hour, in microseconds.
    static let hour: Int64 = 3_600_000_000

    let engine: AggregatorEngine
    let metrics = AggregatorMetrics(Metrics())
    let told = Shelf()
    let began: Int64 = 1_800_000_000_000_000
    private(set) var now: Int64 = 1_800_000_000_000_000
    private let scanner: JSONScanner
    private var seq: UInt64 = 0

    init(own: Set<Int32> = Set(0..<Int32(Shelf.partitions))) throws {
        var sources = ConfigurationSources()
        for setting in [
            "kafka.bootstrap_servers=h:1", "service.instance=desk", "kafka.partitions=\(Shelf.partitions)",
            "aggregator.venues=binance,okx", "aggregator.ignored_report_ms=5000", "aggregator.heartbeat_ms=0",
            "aggregator.namesake_ms=0", "aggregator.leg_min_age_ms=30000",
        ] { sources.addSetting(setting, flag: "--set") }
        scanner = try must(JSONScanner())
        engine = AggregatorEngine(
            AggregatorSettings(ConfigurationReader(sources)),
            scanner: scanner,
            publisher: RecordPublisher(instance: "desk", epoch: 1, sink: told, metrics: metrics),
            metrics: metrics,
            logger: Logger(service: "test", instance: "desk", level: .error)
        )
        engine.take(own)
        for venue in ["binance", "okx"] {
            send(TopicRegistry.instrument, "\(venue):\(Self.symbol)", Self.instrument(venue, Self.symbol))
        }
        for partition in own.sorted() { engine.endLearning(partition, now: now) }
        healthy()
    }

    /// What both venues really say.
    func healthy() {
        for (venue, bid, ask) in [("binance", "99", "100"), ("okx", "99.5", "100.5")] {
            send(TopicRegistry.bbo, Self.symbol, quote(venue, bid, ask))
        }
        engine.tick(now: now)
    }

    /// Lets time go by, a look at a time.
    func pass(milliseconds: Int64) {
        for _ in 0..<max(milliseconds / 100, 1) {
            now += 100_000
            engine.tick(now: now)
        }
    }

    func send(_ topic: TopicID, _ key: String?, _ value: String?) {
        let (key, value) = (key.map { Array($0.utf8) }, value.map { Array($0.utf8) })
        now += 1000
        (key ?? []).withUnsafeBytes { keyBytes in
            (value ?? []).withUnsafeBytes { valueBytes in
                let record = InboundRecord(
                    topic: TopicRegistry.spec(of: topic).name,
                    partition: 0,
                    offset: 7,
                    key: key == nil ? nil : keyBytes,
                    value: value == nil ? nil : valueBytes
                )
                switch topic {
                case TopicRegistry.bbo: engine.takeQuote(record, now: now)
                case TopicRegistry.book: engine.takeBook(record, now: now)
                case TopicRegistry.funding: engine.takeFunding(record, now: now)
                case TopicRegistry.instrument: engine.takeInstrument(record, now: now)
                default: engine.takeStatus(record, now: now)
                }
            }
        }
    }
}

// MARK: - What is sent

extension BadInputDesk {
    /// The fields that every market record begins with, as names and JSON.
    private func head(_ schema: String, _ venue: String, _ symbol: String) -> [(String, String)] {
        seq += 1
        return [
            ("schema", "\"\(schema)\""), ("venue", "\"\(venue)\""), ("symbol", "\"\(symbol)\""),
            ("venue_symbol", "\"\(symbol)\""), ("feed", "\"\(venue)-feed\""), ("epoch", "\(began)"),
            ("exchange_us", "null"), ("received_us", "\(now)"), ("published_us", "\(now)"), ("seq", "\(seq)"),
        ]
    }

    /// The record with some of its fields changed, others added at its end, and those left out that are nil.
    private func text(_ fields: [(String, String)], _ changes: [String: String?]) -> String {
        let known = Set(fields.map(\.0))
        let kept = fields.compactMap { name, value -> String? in
            guard let change = changes[name] else { return "\"\(name)\":\(value)" }
            return change.map { "\"\(name)\":\($0)" }
        }
        let added = changes.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }
            .compactMap { name, value in value.map { "\"\(name)\":\($0)" } }
        return "{\((kept + added).joined(separator: ","))}"
    }

    /// A value of `md.bbo.v1`.
    func quote(
        _ venue: String,
        _ bid: String,
        _ ask: String,
        symbol: String = symbol,
        _ changes: [String: String?] = [:]
    ) -> String {
        let fields = [
            ("venue_seq", "null"), ("state", "\"live\""), ("bid", "\"\(bid)\""), ("bid_size", "\"1\""),
            ("ask", "\"\(ask)\""), ("ask_size", "\"1\""),
        ]
        return text(head("bbo.v1", venue, symbol) + fields, changes)
    }

    /// A value of `md.book.v1`: a snapshot that would cross the other venue.
    func book(_ changes: [String: String?] = [:]) -> String {
        let fields = [
            ("venue_seq", "null"), ("venue_prev_seq", "null"), ("kind", "\"snapshot\""), ("book_epoch", "1"),
            ("depth", "10"), ("horizon_bid", "null"), ("horizon_ask", "null"), ("bids", "[[\"120\",\"1\"]]"),
            ("asks", "[[\"121\",\"1\"]]"),
        ]
        return text(head("book.v1", "okx", Self.symbol) + fields, changes)
    }

    /// A value of `md.funding.v1`.
    func funding(_ changes: [String: String?] = [:]) -> String {
        let fields = [
            ("rate", "\"0.0001\""), ("next_funding_us", "\(now + Self.hour)"), ("interval_us", "28800000000"),
            ("mark", "\"100\""), ("index", "null"),
        ]
        return text(head("funding.v1", "okx", Self.symbol) + fields, changes)
    }

    /// A value of `ref.instrument.v1`.
    static func instrument(_ venue: String, _ symbol: String, fee: String = "0") -> String {
        let currencies = symbol.split(separator: "-").map(String.init)
        return """
            {"schema":"instrument.v1","venue":"\(venue)","market":"spot","symbol":"\(symbol)",\
            "venue_symbol":"\(symbol)","published_us":1,"feed":"\(venue)-feed","kind":"spot",\
            "base":"\(currencies.first ?? "")","quote":"\(currencies.last ?? "")",\
            "settle":"\(currencies.last ?? "")","expiry_us":null,"tick_size":"0.01","lot_size":"0.001",\
            "min_size":null,"min_notional":null,"contract_size":null,"status":"trading","maker_fee":"\(fee)",\
            "taker_fee":"\(fee)"}
            """
    }
}

// MARK: - What became of it

extension BadInputDesk {
    /// What records did, by the names that operators see.
    var outcomes: [String: UInt64] {
        [
            "changed": metrics.changed.value, "leg_changed": metrics.legChanged.value,
            "refreshed": metrics.refreshed.value, "old_epoch": metrics.oldEpoch.value,
            "old_sequence": metrics.oldSequence.value, "absurd": metrics.absurd.value,
            "clock_ahead": metrics.clockAhead.value, "unknown": metrics.unknown.value,
            "tombstone": metrics.tombstone.value, "undecodable": metrics.undecodable.value,
            "refused_name": metrics.refusedName.value, "foreign": metrics.foreign.value,
            "instruments": metrics.instruments.value, "bad_instruments": metrics.badInstruments.value,
            "books": metrics.books.value, "dead_letters": metrics.deadLetters.value,
        ]
    }

    /// How many of each class were ignored.
    var ignored: [String: UInt64] {
        Dictionary(
            uniqueKeysWithValues: zip(IgnoredClass.allCases, metrics.ignored).map { ($0.rawValue, $1.value) }
        )
    }

    static func difference(_ new: [String: UInt64], _ old: [String: UInt64]) -> [String: UInt64] {
        new.reduce(into: [:]) { found, each in
            let grown = each.value - old[each.key, default: 0]
            if grown > 0 { found[each.key] = grown }
        }
    }

    /// The incidents about ignored records.
    func incidents() throws -> [IntegrityRecord.Incident] {
        try records(TopicRegistry.integrity) { bytes in
            try IntegrityRecord(decoding: bytes, scanner: self.scanner).incidents
        }.flatMap { $0 }.filter { $0.kind.hasPrefix("ignored_") }
    }

    func quotes() throws -> [QuoteRecord] {
        try records(TopicRegistry.quote) { try QuoteRecord(decoding: $0, scanner: self.scanner) }
    }

    func steps() throws -> [OpportunityRecord] {
        try records(TopicRegistry.opportunity) { try OpportunityRecord(decoding: $0, scanner: self.scanner) }
    }

    func letters() throws -> [DeadLetterRecord] {
        try records(TopicRegistry.deadLetter) { try DeadLetterRecord(decoding: $0, scanner: self.scanner) }
    }

    private func records<Record>(
        _ topic: TopicID,
        _ read: (UnsafeRawBufferPointer) throws -> Record
    ) throws -> [Record] {
        try told.all(topic).map { entry in try entry.value.withUnsafeBytes { try read($0) } }
    }
}
