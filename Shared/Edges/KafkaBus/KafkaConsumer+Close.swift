// Part of MarketBus. Apache License 2.0, see LICENSE.

import CRdKafka
import Lifecycle
import Observability

extension KafkaConsumer {
    /// Leaves the group, and destroys the client.
    ///
    /// - Thread: the one that polls; returns within half a second of the deadline even when no broker answers.
    public func close(deadlineMilliseconds: Int64 = 1500) {
        guard !isClosed else { return }
        isClosed = true
        let deadline = MonotonicNanos.now.advanced(milliseconds: deadlineMilliseconds)
        if commits, health.isConnected { _ = rd_kafka_commit(client, nil, 1) }
        leave(until: deadline)
        for name in names { rd_kafka_topic_destroy(name.handle) }
        destroy(until: deadline.advanced(milliseconds: 500))
        isStopping.store(true, ordering: .releasing)
    }

    /// Ends the client on a thread of its own: it waits for a coordinator's answer, and one that is away gives none.
    ///
    /// A thread that is late is left behind with the client and its context, and ends by itself.
    private func destroy(until deadline: MonotonicNanos) {
        let remains = ClientRemains(client: client, context: context)
        context = nil
        guard let ended = try? WakeFlag() else { return }
        let thread = try? WorkerThread(name: "kafka-close") {
            remains.destroy()
            ended.raise()
        }
        guard let thread else { return }
        if ended.wait(until: deadline) {
            thread.join()
        } else {
            _ = Unmanaged.passRetained(thread)
        }
    }

    /// Leaves the group and commits; a coordinator that is away is not waited for beyond the deadline.
    private func leave(until deadline: MonotonicNanos) {
        guard let queue = rd_kafka_queue_new(client) else { return }
        defer { rd_kafka_queue_destroy(queue) }
        if let error = rd_kafka_consumer_close_queue(client, queue) {
            note(error, "leave the group")
            return
        }
        // The queue carries the last rebalance, whose callback runs in here, and perhaps records nobody wants.
        while rd_kafka_consumer_closed(client) == 0, MonotonicNanos.now < deadline {
            var message: UnsafeMutablePointer<rd_kafka_message_t>?
            if rd_kafka_consume_batch_queue(queue, 50, &message, 1) > 0 { rd_kafka_message_destroy(message) }
        }
    }
}

/// A client that nobody uses any more, on its way to its end.
private final class ClientRemains: @unchecked Sendable {
    // Safety: made by the thread that closed the consumer, used by the one that destroys it, and by no other.
    private let client: OpaquePointer
    private let context: Unmanaged<RebalanceContext>?

    init(client: OpaquePointer, context: Unmanaged<RebalanceContext>?) {
        self.client = client
        self.context = context
    }

    func destroy() {
        rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
        context?.release()
    }
}
