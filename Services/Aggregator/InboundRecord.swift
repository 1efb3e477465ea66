// Part of MarketBus. Apache License 2.0, see LICENSE.

import KafkaBus

/// A record as the engine sees it, from Kafka or from a test; its bytes are valid only during the call.
struct InboundRecord {
    var topic: String
    var partition: Int32
    var offset: Int64
    var key: UnsafeRawBufferPointer?
    /// Nil: a tombstone.
    var value: UnsafeRawBufferPointer?
}

extension InboundRecord {
    init(_ record: borrowing ConsumedRecord) {
        topic = record.topic
        partition = record.partition
        offset = record.offset
        key = record.key
        value = record.value
    }
}
