// Part of MarketBus. Apache License 2.0, see LICENSE.

import KafkaBus
import Wire

/// Reads, outside the group, what the group's protocol does not share out: the books and funding of the own partitions, what
/// was told in those that are being taken, and of others' partitions the quotes, books and funding of guests.
///
/// What is read already goes on undisturbed when partitions come and go.
///
/// - Thread: the aggregator's.
final class MarketReader {
    private let consumer: KafkaConsumer
    private let settings: AggregatorSettings

    init(_ settings: AggregatorSettings) throws {
        consumer = try KafkaConsumer(
            settings: settings.kafka,
            topics: .assign([]),
            from: .begin,
            metadataMilliseconds: 3000
        )
        self.settings = settings
    }

    /// Where the newest records of a topic begin.
    ///
    /// A quote or book that is too old counts no more, and a book is told whole every ten seconds. Funding is told seldom, and
    /// what somebody left open is to be found however old it is.
    static func start(_ topic: TopicID, _ settings: AggregatorSettings) -> StartPosition {
        let records = Int64(settings.rebuildRecords)
        if topic == TopicRegistry.bbo || topic == TopicRegistry.book {
            let age = settings.quotes.legMaxAgeMicroseconds + snapshotMicroseconds
            return .recent(microseconds: age, records: records)
        }
        // The embedded broker keeps little, and answers no question for the end.
        return settings.kafka.isEmbedded ? .begin : .tail(records: records)
    }

    /// Within so long every book is told whole.
    private static let snapshotMicroseconds: Int64 = 10_000_000

    /// Takes up what is needed now, drops what is not, and begins `again` with the newest records of some partitions.
    ///
    /// `positions` tell where others left off that read a partition until now: what they read is not read again.
    func follow(
        _ share: MarketShare,
        guests: Set<Int32>,
        again: Set<Int32>,
        positions: [TopicPartition: Int64] = [:]
    ) throws {
        let wanted = Self.wanted(share, guests: guests)
        let gone = consumer.assignment.filter { !wanted.contains($0) || again.contains($0.partition) }
        try consumer.remove(Array(gone))
        var fresh = wanted.subtracting(consumer.assignment)
        for (partition, offset) in positions
        where fresh.contains(partition) && !again.contains(partition.partition) {
            try consumer.add([partition], from: .offset(offset))
            fresh.remove(partition)
        }
        let topics = Set(fresh.map(\.topic)).compactMap { TopicRegistry.topic(named: $0)?.id }
        let starts = Dictionary(grouping: topics) { Self.start($0, settings) }
        for (start, topics) in starts {
            let names = topics.map { TopicRegistry.spec(of: $0).name }
            try consumer.add(fresh.filter { names.contains($0.topic) }, from: start)
        }
    }

    /// What is read for these partitions.
    static func wanted(_ share: MarketShare, guests: Set<Int32>) -> Set<TopicPartition> {
        func partitions(_ topics: [TopicID], _ numbers: some Sequence<Int32>) -> [TopicPartition] {
            numbers.flatMap { number in
                topics.map { TopicPartition(topic: TopicRegistry.spec(of: $0).name, partition: number) }
            }
        }
        let (quote, book, funding) = (TopicRegistry.bbo, TopicRegistry.book, TopicRegistry.funding)
        return Set(partitions([book, funding], share.own))
            .union(partitions([TopicRegistry.opportunity], share.own.intersection(share.learning)))
            .union(partitions([quote, book, funding], guests.subtracting(share.own)))
    }

    /// Whether everything was read of a partition that was there when its reading began.
    func hasRead(_ partition: Int32) -> Bool {
        let parts = consumer.assignment.filter { $0.partition == partition }
        return !parts.isEmpty && consumer.readToEnd.isSuperset(of: parts)
    }

    func poll(_ handler: (_ topic: TopicID, InboundRecord) -> Void) throws {
        try consumer.poll(waitMilliseconds: 0) { record in
            guard let topic = record.topicID else { return }
            handler(topic, InboundRecord(record))
        }
    }

    func close() { consumer.close(deadlineMilliseconds: 500) }
}
