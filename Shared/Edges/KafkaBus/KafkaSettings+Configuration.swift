// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration

extension KafkaSettings {
    /// Reads the `kafka.*` keys; what is wrong is noted with the reader.
    ///
    /// - Parameters:
    ///   - reader: the configuration.
    ///   - instance: the name by which the brokers' logs know this process.
    ///   - needsServers: whether `kafka.bootstrap_servers` must be given.
    public init(_ reader: ConfigurationReader, instance: String, needsServers: Bool = true) {
        let help = "addresses of the cluster, host:port, comma separated"
        let servers = "kafka.bootstrap_servers"
        self.init(
            bootstrapServers: needsServers
                ? reader.requiredString(servers, help: help)
                : reader.string(servers, default: "", help: help),
            properties: reader.map("kafka.properties", help: "any librdkafka property"),
            createTopics: reader.bool("kafka.create_topics", default: true, help: "create missing topics"),
            partitions: reader.int("kafka.partitions", default: 6, in: 1...10_000, help: "of every topic"),
            replication: reader.int("kafka.replication", default: 1, in: 1...100, help: "of every topic"),
            bufferBytes: reader.int(
                "kafka.buffer_bytes",
                default: 268_435_456,
                in: 1_048_576...68_719_476_736,
                help: "memory for records that no broker took yet"
            ),
            awayExitMilliseconds: Int64(
                reader.int(
                    "kafka.away_exit_ms",
                    default: 300_000,
                    in: 0...86_400_000,
                    help: "leave with exit code 69 after so long without a broker; 0: never"
                )
            ),
            isEmbedded: reader.bool(
                "kafka.embedded",
                default: false,
                help: "the cluster is `marketbus broker`"
            ),
            clientID: instance.isEmpty ? "marketbus" : instance
        )
        guard !bootstrapServers.isEmpty else { return }
        for problem in problems() { reader.note(problem.key, problem.problem, problem.mend) }
    }
}
