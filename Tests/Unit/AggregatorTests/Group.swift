// Part of MarketBus. Apache License 2.0, see LICENSE.

import Arbitrage
import Configuration
import FixedPoint
import JSONView
import KafkaBus
import Models
import Observability
import Testing
import Wire

@testable import Aggregator

func must<Value>(_ value: Value?, _ location: SourceLocation = #_sourceLocation) throws -> Value {
    try #require(value, sourceLocation: location)
}

/// Topics by partition, as a broker keeps them.
final class Shelf: RecordSink {
    struct Place: Hashable {
        var topic: String
        var partition: Int32
    }

    struct Entry {
        var key: [UInt8]
        var value: [UInt8]
    }

    static let partitions = 6
    private(set) var entries: [Place: [Entry]] = [:]

    func put(_ topic: TopicID, key: String, value: String) {
        put(topic, Entry(key: Array(key.utf8), value: Array(value.utf8)))
    }

    private func put(_ topic: TopicID, _ entry: Entry) {
        let key = String(decoding: entry.key, as: UTF8.self)
        let partition = Int32(KeyPartition.of(key, among: Self.partitions))
        let name = TopicRegistry.spec(of: topic).name
        entries[Place(topic: name, partition: partition), default: []].append(entry)
    }

    func send(_ record: OutboundRecord) -> SendOutcome {
        put(record.topic, Entry(key: Array(record.key), value: record.value.map { Array($0) } ?? []))
        return .accepted
    }

    /// The records of a topic, partition by partition.
    func all(_ topic: TopicID) -> [Entry] {
        let name = TopicRegistry.spec(of: topic).name
        return (0..<Int32(Self.partitions)).flatMap { entries[Place(topic: name, partition: $0)] ?? [] }
    }
}

/// An aggregator without Kafka: the engine, and what it reads of a shelf.
final class Member {
    let engine: AggregatorEngine
    private let shelf: Shelf
    private var positions: [Shelf.Place: Int] = [:]
    private var places: [Shelf.Place] = []
    private var again: Set<Int32> = []
    private var isLate = true
    /// How many of a partition's newest records are read when it is taken.
    private let tail: Int

    init(_ name: String, shelf: Shelf, told: Shelf, tail: Int = .max, settings: [String] = []) throws {
        self.shelf = shelf
        self.tail = tail
        var sources = ConfigurationSources()
        let standard = [
            "kafka.bootstrap_servers=h:1", "service.instance=\(name)", "kafka.partitions=\(Shelf.partitions)",
            "aggregator.leg_max_age_ms=3600000", "aggregator.leg_min_age_ms=3600000",
            "aggregator.heartbeat_ms=0",
            "aggregator.namesake_ms=0", "arbitrage.update_interval_ms=20", "aggregator.book_interval_ms=10",
            "arbitrage.conversions=USDC-USDT@x",
        ]
        for setting in standard + settings { sources.addSetting(setting, flag: "--set") }
        let read = AggregatorSettings(ConfigurationReader(sources))
        let metrics = AggregatorMetrics(Metrics())
        engine = AggregatorEngine(
            read,
            scanner: try must(JSONScanner()),
            publisher: RecordPublisher(instance: name, epoch: 1, sink: told, metrics: metrics),
            metrics: metrics,
            logger: Logger(service: "test", instance: name, level: .error)
        )
    }

    /// The group gives it these partitions.
    func take(_ partitions: Set<Int32>) {
        engine.take(partitions)
        again.formUnion(partitions)
    }

    /// What the session does in a turn: reads what there is to read, all of it, then lets time pass.
    func turn(now: Int64, orphans told: Shelf) {
        follow(now, told)
        read(now, told)
        if !engine.share.learning.isEmpty {
            for partition in engine.share.learning.sorted() { engine.endLearning(partition, now: now) }
            isLate = true
            follow(now, told)
        }
        engine.tick(now: now)
    }

    private func follow(_ now: Int64, _ told: Shelf) {
        if let unread = engine.followRoutes(now: now) {
            engine.beginLearning(unread)
            again.formUnion(unread)
            isLate = true
        }
        guard isLate || !again.isEmpty else { return }
        isLate = false
        var wanted = Set(
            MarketReader.wanted(engine.share, guests: engine.guestPartitions).map {
                Shelf.Place(topic: $0.topic, partition: $0.partition)
            }
        )
        for partition in engine.share.own {
            wanted.insert(.init(topic: TopicRegistry.spec(of: TopicRegistry.bbo).name, partition: partition))
        }
        positions = positions.filter { wanted.contains($0.key) && !again.contains($0.key.partition) }
        for place in wanted where positions[place] == nil {
            let count = shelfOf(place, told).entries[place]?.count ?? 0
            positions[place] = max(0, count - min(count, tail))
        }
        places = positions.keys.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
        again = []
    }

    private func shelfOf(_ place: Shelf.Place, _ told: Shelf) -> Shelf {
        place.topic == TopicRegistry.spec(of: TopicRegistry.opportunity).name ? told : shelf
    }

    private func read(_ now: Int64, _ told: Shelf) {
        for place in places {
            let start = positions[place] ?? 0
            guard let entries = shelfOf(place, told).entries[place], entries.count > start else { continue }
            for offset in start..<entries.count { hand(entries[offset], place, offset, now) }
            positions[place] = entries.count
        }
    }

    private func hand(_ entry: Shelf.Entry, _ place: Shelf.Place, _ offset: Int, _ now: Int64) {
        entry.key.withUnsafeBytes { key in
            entry.value.withUnsafeBytes { value in
                let record = InboundRecord(
                    topic: place.topic,
                    partition: place.partition,
                    offset: Int64(offset),
                    key: key,
                    value: value
                )
                switch TopicRegistry.topic(named: place.topic)?.id {
                case TopicRegistry.bbo: engine.takeQuote(record, now: now)
                case TopicRegistry.book: engine.takeBook(record, now: now)
                case TopicRegistry.funding: engine.takeFunding(record, now: now)
                default: engine.noteOpportunity(record)
                }
            }
        }
    }

    /// Every instance is told of every instrument.
    func list(_ instrument: Instrument) {
        var writer = JSONWriter()
        let made = InstrumentRecord(instrument, feed: "feed", publishedMicroseconds: 1)
        made.encode(into: &writer)
        let record = InboundRecord(topic: "ref", partition: 0, offset: 0, key: nil, value: writer.bytes)
        engine.takeInstrument(record, now: 1)
    }
}

/// What one told step says, and all of it but for who told it.
struct ToldStep {
    let record: OpportunityRecord
    let content: String

    init(_ entry: Shelf.Entry, _ scanner: JSONScanner) throws {
        let read = try entry.value.withUnsafeBytes {
            try OpportunityRecord(decoding: UnsafeRawBufferPointer($0), scanner: scanner)
        }
        record = read
        var bare = read
        (bare.head.aggregator, bare.head.epoch, bare.head.seq) = ("", 0, 0)
        // What late takers earned is told whenever the next record comes.
        if bare.state == .settle { bare.head.publishedMicroseconds = 0 }
        var writer = JSONWriter()
        bare.encode(into: &writer)
        content = String(decoding: writer.bytes, as: UTF8.self)
    }

    /// The id without the time: the route.
    var route: String { String(record.id[..<(record.id.lastIndex(of: ":") ?? record.id.endIndex)]) }
}
