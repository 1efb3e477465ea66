// Part of MarketBus. Apache License 2.0, see LICENSE.

import CRdKafka

/// A Kafka cluster inside this process, in memory, on loopback ports that the machine chooses: librdkafka's mock.
///
/// Any client of any process can use it. It answers no admin request, never compacts, and keeps about the last 5 MB
/// of a partition.
///
/// - Thread: any one at a time. What it stored ends with it.
public final class EmbeddedBroker {
    /// The addresses for clients.
    public let bootstrapServers: String
    private let host: OpaquePointer
    private let brokers: Int32
    private var cluster: OpaquePointer?

    /// Starts brokers with these topics; other topics are made when a client asks for them, with 4 partitions.
    ///
    /// - Throws: ``KafkaError`` when the library refuses.
    public init(brokers: Int = 1, topics: [(name: String, partitions: Int)] = []) throws(KafkaError) {
        guard (1...16).contains(brokers) else {
            throw KafkaError(
                code: .configuration,
                retry: .never,
                message: "an embedded cluster has 1 to 16 brokers"
            )
        }
        let configuration = ClientConfiguration()
        try configuration.set("client.id", "embedded-broker")
        try configuration.set("log_level", "3")
        host = try configuration.makeClient(RD_KAFKA_PRODUCER)
        guard let made = rd_kafka_mock_cluster_new(host, Int32(brokers)),
            let addresses = rd_kafka_mock_cluster_bootstraps(made)
        else {
            rd_kafka_destroy(host)
            throw KafkaError(
                code: .client,
                retry: .never,
                message: "the embedded broker could not listen on loopback"
            )
        }
        cluster = made
        self.brokers = Int32(brokers)
        bootstrapServers = String(cString: addresses)
        for topic in topics { try createTopic(topic.name, partitions: topic.partitions) }
    }

    /// Makes a topic.
    ///
    /// - Throws: ``KafkaError`` when it exists already, or the count is no count.
    public func createTopic(_ name: String, partitions: Int) throws(KafkaError) {
        guard let cluster else { return }
        guard (1...10_000).contains(partitions) else {
            throw KafkaError(
                code: .configuration,
                retry: .never,
                message: "topic \(name): \(partitions) partitions"
            )
        }
        let error = rd_kafka_mock_topic_create(cluster, name, Int32(partitions), min(brokers, 3))
        if error != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(error, "topic \(name)") }
    }

    /// Takes all brokers away: connections are cut, new ones refused, records stay.
    public func pause() {
        forEachBroker { rd_kafka_mock_broker_set_down($0, $1) }
    }

    /// Brings them back.
    public func resume() {
        forEachBroker { rd_kafka_mock_broker_set_up($0, $1) }
    }

    /// Delays every answer, as a slow network does.
    public func setRoundTrip(milliseconds: Int32) {
        forEachBroker { rd_kafka_mock_broker_set_rtt($0, $1, milliseconds) }
    }

    /// Refuses the next questions for offsets as a leader does that has not opened the partition yet; for tests.
    func refuseOffsets(times: Int) {
        guard let cluster else { return }
        let listOffsets: Int16 = 2
        var errors = Array(repeating: RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, count: times)
        rd_kafka_mock_push_request_errors_array(cluster, listOffsets, errors.count, &errors)
    }

    /// Ends the brokers; clients find nobody from now on.
    public func close() {
        guard let cluster else { return }
        self.cluster = nil
        rd_kafka_mock_cluster_destroy(cluster)
        rd_kafka_destroy(host)
    }

    deinit {
        assert(cluster == nil, "an embedded broker was dropped without close()")
    }

    private func forEachBroker(_ act: (OpaquePointer, Int32) -> rd_kafka_resp_err_t) {
        guard let cluster else { return }
        for broker in 1...brokers { _ = act(cluster, broker) }
    }
}
