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
    private let start: StartPosition

    init(_ settings: AggregatorSettings) throws {
        consumer = try KafkaConsumer(
            settings: settings.kafka,
            topics: .assign([]),
            from: .begin,
            metadataMilliseconds: 3000
        )
        start = Self.start(settings)
    }

    /// Where a partition's newest records begin.
    static func start(_ settings: AggregatorSettings) -> StartPosition {
        // The embedded broker keeps little, and answers no question for the end.
        settings.kafka.isEmbedded ? .begin : .tail(records: Int64(settings.rebuildRecords))
    }

    /// Takes up what is needed now, drops what is not, and begins `again` with the newest records of some partitions.
    func follow(_ share: MarketShare, guests: Set<Int32>, again: Set<Int32>) throws {
        let wanted = Self.wanted(share, guests: guests)
        let gone = consumer.assignment.filter { !wanted.contains($0) || again.contains($0.partition) }
        try consumer.remove(Array(gone))
        try consumer.add(Array(wanted.subtracting(consumer.assignment)), from: start)
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
