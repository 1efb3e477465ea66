// Part of MarketBus. Apache License 2.0, see LICENSE.

import CRdKafka
import Lifecycle
import Observability

/// Where a reader begins.
public enum StartPosition: Sendable, Hashable {
    /// At the oldest record; a group with committed offsets goes on behind these.
    case begin
    /// Behind the newest record; a group with committed offsets goes on behind these.
    case end
    /// At the first record of this time or later; not for groups.
    ///
    /// - Unit: milliseconds since the Unix epoch.
    case timestamp(milliseconds: Int64)
    /// Behind the group's committed offsets, at the oldest record where there are none.
    case committed
    /// So many records before the end of each partition, whatever a group has committed: for readers whose state is
    /// what the newest records say.
    case tail(records: Int64)
    /// At the first record of the last so many microseconds, and not more than so many records before the end, whatever a
    /// group has committed: for readers to whom what is older says nothing.
    ///
    /// A broker that does not say within half a second where that is, is read as with ``tail(records:)``; the embedded one,
    /// which knows no times, from its oldest record. Records that their writer dated back may be passed over.
    case recent(microseconds: Int64, records: Int64)
    /// At this offset; not for groups.
    case offset(Int64)

    /// Whether a group's commits say nothing about it.
    var isNewest: Bool {
        switch self {
        case .tail, .recent: true
        default: false
        }
    }
}

/// Where the newest records of partitions begin, by time and number.
struct RecentStart {
    /// How long the cluster's answers are waited for: somebody else's records wait as long.
    static let patienceMilliseconds: Int64 = 500

    let microseconds: Int64
    let records: Int64

    /// The offset to begin at, where `first` is the first record that is young enough, or the end by name where there is none,
    /// and `end` where the partition ended before that was asked: what came meanwhile is not passed over.
    func offset(first: Int64, end: Int64) -> Int64 {
        let byTime = first == Int64(RD_KAFKA_OFFSET_END) ? end : min(first, end)
        let (byNumber, overflow) = end.subtractingReportingOverflow(max(1, records))
        return overflow ? byTime : max(byTime, byNumber, 0)
    }

    /// Asks the cluster; nil where it does not answer in time, and no offset for a partition of which it does not tell.
    func offsets(_ partitions: [TopicPartition], _ client: OpaquePointer) -> [TopicPartition: Int64]? {
        let deadline = MonotonicNanos.now.advanced(milliseconds: Self.patienceMilliseconds)
        let (since, overflow) = WallNanos.now.microseconds.subtractingReportingOverflow(microseconds)
        guard let ends = Self.ask(partitions, Int64(RD_KAFKA_OFFSET_END), client, deadline),
            let firsts = Self.ask(partitions, overflow ? 0 : max(since / 1000, 0), client, deadline)
        else { return nil }
        var found: [TopicPartition: Int64] = [:]
        for (partition, end) in ends where end >= 0 {
            if let first = firsts[partition] { found[partition] = offset(first: first, end: end) }
        }
        return found
    }

    /// The offsets at a time, in milliseconds since the Unix epoch, or at a place that has a name.
    private static func ask(
        _ partitions: [TopicPartition],
        _ time: Int64,
        _ client: OpaquePointer,
        _ deadline: MonotonicNanos
    ) -> [TopicPartition: Int64]? {
        let list = PartitionList(partitions, offset: time)
        let left = max(deadline.millisecondsLeft(), 1)
        guard rd_kafka_offsets_for_times(client, list.pointer, left) == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return nil
        }
        var found: [TopicPartition: Int64] = [:]
        for element in list.elements where element.error == RD_KAFKA_RESP_ERR_NO_ERROR {
            found[element.partition] = element.offset
        }
        return found
    }
}

extension KafkaConsumer {
    /// Puts offsets by time in the place of those by number, where the start is ``StartPosition/recent(microseconds:records:)``
    /// and the cluster answers.
    func setRecentStart(
        _ start: StartPosition,
        of list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
    ) {
        guard case .recent(let microseconds, let records) = start, !settings.isEmbedded else { return }
        let partitions = PartitionList.elements(of: list).map(\.partition)
        guard !partitions.isEmpty else { return }
        let recent = RecentStart(microseconds: microseconds, records: records)
        let found = recent.offsets(partitions, client) ?? [:]
        for (index, partition) in partitions.enumerated() {
            if let offset = found[partition] { list.pointee.elems[index].offset = offset }
        }
        if found.count < partitions.count {
            let missing = partitions.count - found.count
            logger.warning("kafka_start_by_number", ["partitions": .init(missing)])
        }
    }

    /// The offset behind the last record that was handled of a partition that is read; nil where there was none.
    public func position(of partition: TopicPartition) -> Int64? {
        guard !isClosed, assignment.contains(partition) else { return nil }
        let list = PartitionList([partition], offset: 0)
        guard rd_kafka_position(client, list.pointer) == RD_KAFKA_RESP_ERR_NO_ERROR,
            let found = list.elements.first, found.error == RD_KAFKA_RESP_ERR_NO_ERROR, found.offset >= 0
        else { return nil }
        return found.offset
    }
}
