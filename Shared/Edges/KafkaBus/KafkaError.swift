// Part of MarketBus. Apache License 2.0, see LICENSE.

import CRdKafka

/// Something that Kafka, its client library or the way they are configured refused.
public struct KafkaError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is; open, so that a newer library brings no unknown case.
    public struct Code: Hashable, Sendable {
        /// librdkafka's name without prefix, lower case: `all_brokers_down`, `topic_authorization_failed`.
        ///
        /// From a bounded set: fit for a metric's label.
        public let name: String

        /// Makes a code from its name.
        public init(_ name: String) {
            self.name = name
        }

        /// The settings are wrong; nothing was started.
        public static let configuration = Code("configuration")
        /// A call came at a time at which it has no meaning: after `close`, or twice.
        public static let usage = Code("usage")
        /// The cluster did not answer within the given time.
        public static let timedOut = Code("timed_out")
        /// The library refused to make a client.
        public static let client = Code("client")
        /// User, password or certificate were refused.
        public static let authentication = Code("authentication")
        /// The cluster does not know the topic or partition.
        public static let unknownTopic = Code("unknown_topic_or_part")
        /// The topic exists already.
        public static let topicExists = Code("topic_already_exists")
    }

    /// What a caller may do about it.
    public enum Retry: Sendable {
        /// The same call may succeed later.
        case later
        /// The same call fails again: something has to be changed first.
        case never
        /// The client is beyond repair and has to be closed.
        case fatal
    }

    /// The kind of failure.
    public let code: Code
    /// What the caller may do.
    public let retry: Retry
    /// What happened, for a person; without secrets.
    public let message: String

    /// Makes an error.
    public init(code: Code, retry: Retry, message: String) {
        self.code = code
        self.retry = retry
        self.message = message
    }

    /// The message with the code.
    public var description: String { "kafka \(code.name): \(message)" }
}

extension KafkaError {
    /// Reads and destroys an error object of the library: the only place where they end.
    init(consuming error: OpaquePointer, _ context: String) {
        let raw = rd_kafka_error_code(error)
        let text = rd_kafka_error_string(error).map { String(cString: $0) } ?? ""
        let retry: Retry =
            rd_kafka_error_is_fatal(error) != 0
            ? .fatal : rd_kafka_error_is_retriable(error) != 0 ? .later : Self.retry(of: raw)
        rd_kafka_error_destroy(error)
        self.init(code: Self.code(of: raw), retry: retry, message: "\(context): \(text)")
    }

    /// Makes an error from a bare code.
    init(_ raw: rd_kafka_resp_err_t, _ context: String) {
        let text = rd_kafka_err2str(raw).map { String(cString: $0) } ?? "error \(raw.rawValue)"
        self.init(code: Self.code(of: raw), retry: Self.retry(of: raw), message: "\(context): \(text)")
    }

    /// The library's name of a code, without its underscore.
    static func code(of raw: rd_kafka_resp_err_t) -> Code {
        switch raw {
        case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
            RD_KAFKA_RESP_ERR__SSL:
            return .authentication
        case RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
            return .timedOut
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
            return .unknownTopic
        default:
            guard let name = rd_kafka_err2name(raw) else { return Code("unknown") }
            var text = String(cString: name).lowercased()
            if text.hasPrefix("_") { text.removeFirst() }
            return Code(text)
        }
    }

    private static func retry(of raw: rd_kafka_resp_err_t) -> Retry {
        switch raw {
        case RD_KAFKA_RESP_ERR__FATAL:
            .fatal
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__TIMED_OUT,
            RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__QUEUE_FULL, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
            RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
            RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
            .later
        default:
            .never
        }
    }
}
