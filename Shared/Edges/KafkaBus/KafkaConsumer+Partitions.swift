// Part of MarketBus. Apache License 2.0, see LICENSE.

import CRdKafka
import Lifecycle
import Observability

extension KafkaConsumer {
    /// Follows the group's decision; called by the library within a poll or the close.
    func rebalance(_ kind: rd_kafka_resp_err_t, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>)
    {
        let partitions = PartitionList.elements(of: list).map(\.partition)
        switch kind {
        case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
            onRebalance(.assigned(partitions))
            if start.isNewest {
                let first = ConsumerProperties.offset(of: start, isEmbedded: settings.isEmbedded)
                for index in 0..<Int(max(0, list.pointee.cnt)) { list.pointee.elems[index].offset = first }
                setRecentStart(start, of: list)
            }
            note(rd_kafka_incremental_assign(client, list), "take partitions")
            assignment.formUnion(partitions)
        case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
            let isLost = rd_kafka_assignment_lost(client) != 0
            onRebalance(isLost ? .lost(partitions) : .revoked(partitions))
            if !isLost, commits { _ = rd_kafka_commit(client, nil, 0) }
            note(rd_kafka_incremental_unassign(client, list), "give partitions back")
            forget(partitions)
        default:
            logger.warning("kafka_rebalance_failed", ["error": .init(KafkaError(kind, "rebalance").message)])
            _ = rd_kafka_assign(client, nil)
            forget(Array(assignment))
        }
        logger.info(
            "kafka_rebalance",
            ["partitions": .init(assignment.count), "change": .init(partitions.count)]
        )
    }

    /// Reads further partitions; those that are read already go on undisturbed.
    ///
    /// - Throws: ``KafkaError`` for a member of a group, a partition that is read already, and a start at a time.
    public func add(_ partitions: [TopicPartition], from start: StartPosition) throws(KafkaError) {
        guard !partitions.isEmpty else { return }
        try checkManual()
        if case .timestamp = start {
            throw KafkaError(code: .usage, retry: .never, message: "partitions are not added at a time")
        }
        let first = ConsumerProperties.offset(of: start, isEmbedded: settings.isEmbedded)
        let list = PartitionList(partitions, offset: first)
        setRecentStart(start, of: list.pointer)
        if let error = rd_kafka_incremental_assign(client, list.pointer) {
            throw KafkaError(consuming: error, "add partitions")
        }
        assignment.formUnion(partitions)
    }

    /// Reads some partitions no longer; the others go on undisturbed.
    ///
    /// - Throws: ``KafkaError`` for a member of a group, and a partition that is not read.
    public func remove(_ partitions: [TopicPartition]) throws(KafkaError) {
        guard !partitions.isEmpty else { return }
        try checkManual()
        let list = PartitionList(partitions, offset: 0)
        if let error = rd_kafka_incremental_unassign(client, list.pointer) {
            throw KafkaError(consuming: error, "remove partitions")
        }
        forget(partitions)
    }

    private func checkManual() throws(KafkaError) {
        guard case .subscribe = subscription else { return }
        throw KafkaError(code: .usage, retry: .never, message: "a group decides what its members read")
    }

    private func forget(_ partitions: [TopicPartition]) {
        assignment.subtract(partitions)
        readToEnd.subtract(partitions)
        for partition in partitions { ends[partition] = nil }
    }

    func note(_ error: OpaquePointer?, _ context: String) {
        guard let error else { return }
        logger.warning(
            "kafka_rebalance_failed",
            ["error": .init(KafkaError(consuming: error, context).message)]
        )
    }

    /// Goes to an offset of a partition that is read; the next poll brings it.
    ///
    /// - Throws: ``KafkaError`` when the partition is not assigned, or the time is over.
    public func seek(
        _ partition: TopicPartition,
        offset: Int64,
        waitMilliseconds: Int32 = 5000
    ) throws(KafkaError) {
        let list = PartitionList([partition], offset: offset)
        if let error = rd_kafka_seek_partitions(client, list.pointer, waitMilliseconds) {
            throw KafkaError(consuming: error, "seek \(partition)")
        }
        if let failed = list.elements.first(where: { $0.error != RD_KAFKA_RESP_ERR_NO_ERROR }) {
            throw KafkaError(failed.error, "seek \(partition)")
        }
        readToEnd.remove(partition)
    }

    /// Stops fetching these partitions; the consumer stays their owner.
    ///
    /// - Throws: ``KafkaError`` when one is not assigned.
    public func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
        try change(partitions, "pause", rd_kafka_pause_partitions)
    }

    /// Fetches these partitions again.
    ///
    /// - Throws: ``KafkaError`` when one is not assigned.
    public func resume(_ partitions: [TopicPartition]) throws(KafkaError) {
        try change(partitions, "resume", rd_kafka_resume_partitions)
    }

    private func change(
        _ partitions: [TopicPartition],
        _ what: String,
        _ call: (OpaquePointer?, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) ->
            rd_kafka_resp_err_t
    ) throws(KafkaError) {
        let list = PartitionList(partitions, offset: 0)
        var error = call(client, list.pointer)
        if error == RD_KAFKA_RESP_ERR_NO_ERROR {
            error = list.elements.first { $0.error != RD_KAFKA_RESP_ERR_NO_ERROR }?.error ?? error
        }
        if error != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(error, what) }
    }
}
