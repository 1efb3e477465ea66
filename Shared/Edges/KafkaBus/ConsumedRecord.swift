// Part of MarketBus. Apache License 2.0, see LICENSE.

import CRdKafka
import Wire

/// A partition of a topic.
public struct TopicPartition: Hashable, Sendable, CustomStringConvertible {
    /// The topic's name on the cluster.
    public let topic: String
    /// The partition's number, from 0.
    public let partition: Int32

    /// Makes a partition's name.
    public init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    /// `topic[partition]`.
    public var description: String { "\(topic)[\(partition)]" }
}

/// One record that was read; it and its bytes are valid only during the handler's call.
///
/// - Thread: the poll thread. Allocates: never, but for `headers`.
public struct ConsumedRecord: ~Copyable {
    /// The topic's name on the cluster; interned, so that reading it allocates nothing.
    public let topic: String
    /// The topic's number where the registry knows its name.
    public let topicID: TopicID?
    /// The partition.
    public let partition: Int32
    /// The record's place in its partition.
    public let offset: Int64
    /// The record's timestamp; -1 where it has none.
    ///
    /// - Unit: milliseconds since the Unix epoch.
    public let timestampMilliseconds: Int64
    /// The key's bytes, or nil where there is none.
    public let key: UnsafeRawBufferPointer?
    /// The value's bytes, or nil for a tombstone.
    public let value: UnsafeRawBufferPointer?
    private let message: UnsafeMutablePointer<rd_kafka_message_t>

    init(_ message: UnsafeMutablePointer<rd_kafka_message_t>, topic: String, topicID: TopicID?) {
        self.message = message
        self.topic = topic
        self.topicID = topicID
        partition = message.pointee.partition
        offset = message.pointee.offset
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        timestampMilliseconds = rd_kafka_message_timestamp(message, &kind)
        key = message.pointee.key.map { UnsafeRawBufferPointer(start: $0, count: message.pointee.key_len) }
        value = message.pointee.payload.map { UnsafeRawBufferPointer(start: $0, count: message.pointee.len) }
    }

    /// The last header of this name, or nil; its bytes live as long as the record.
    public func header(_ name: String) -> UnsafeRawBufferPointer? {
        var headers: OpaquePointer?
        guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR, let headers else {
            return nil
        }
        var value: UnsafeRawPointer?
        var count = 0
        guard rd_kafka_header_get_last(headers, name, &value, &count) == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return nil
        }
        return UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : count)
    }

    /// All headers in order, as text where they are UTF-8; null values are empty.
    public var headers: [(name: String, value: String)] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else {
            return []
        }
        var found: [(name: String, value: String)] = []
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var count = 0
        while rd_kafka_header_get_all(list, found.count, &name, &value, &count) == RD_KAFKA_RESP_ERR_NO_ERROR
        {
            let bytes = UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : count)
            found.append((name.map { String(cString: $0) } ?? "", String(decoding: bytes, as: UTF8.self)))
        }
        return found
    }
}
