// Part of MarketBus. Apache License 2.0, see LICENSE.

import Observability
import Wire

/// What a producer counts about the records that it was given.
///
/// - Thread: any.
public final class ProducerCounters: Sendable {
    /// Records handed to the library.
    public let sent: Counter
    /// Bytes of their values.
    public let sentBytes: Counter
    /// Records that a newer one of their stream replaced.
    public let conflated: Counter
    /// Records that found the memory full.
    public let bufferFull: Counter
    /// Records that the broker refused for good.
    public let refused: Counter
    /// Records that were given up at the end of the process.
    public let shutdown: Counter
    /// Events of the library that this program does not know.
    public let unknownEvents: Counter
    /// Lost ranges that were not announced because too many were waiting.
    public let unannounced: Counter
    let lastRefusal = Lock<KafkaError?>(nil)

    init(_ metrics: Metrics) {
        func lost(_ reason: LossReason) -> Counter {
            metrics.counter(
                "marketbus_kafka_lost_records_total",
                help: "Records that will never be read, by reason.",
                labels: ["reason": reason.rawValue]
            )
        }
        sent = metrics.counter(
            "marketbus_kafka_sent_records_total",
            help: "Records handed to the client library."
        )
        sentBytes = metrics.counter("marketbus_kafka_sent_bytes_total", help: "Bytes of their values.")
        conflated = lost(.conflated)
        bufferFull = lost(.bufferFull)
        refused = lost(.refused)
        shutdown = lost(.shutdown)
        unknownEvents = metrics.counter(
            "marketbus_kafka_unknown_events_total",
            help: "Events of the client library that this program does not know."
        )
        unannounced = metrics.counter(
            "marketbus_kafka_unannounced_ranges_total",
            help: "Lost ranges that were not announced because too many were waiting."
        )
    }
}
