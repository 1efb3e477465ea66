// Part of MarketBus. Apache License 2.0, see LICENSE.

/// How a process reaches its Kafka cluster, and what it may use up while it can't.
public struct KafkaSettings: Sendable {
    /// The addresses to begin with: `host:port`, comma separated.
    public var bootstrapServers: String
    /// librdkafka properties that are passed through, applied in sorted order after our own; never printed.
    public var properties: [String: String]
    /// Whether missing topics are created.
    public var createTopics: Bool
    /// The partition count that every topic is created with and compared with.
    public var partitions: Int
    /// The replication factor that every topic is created with; more is fine, less is a problem.
    public var replication: Int
    /// The memory for records that the broker has not taken yet, all producers of the process together.
    ///
    /// - Unit: bytes, the library's own overhead for a record included.
    public var bufferBytes: Int
    /// How long no broker may answer before a service gives up.
    ///
    /// - Unit: milliseconds; 0 means never.
    public var awayExitMilliseconds: Int64
    /// Whether the cluster is librdkafka's mock, which answers no admin request.
    public var isEmbedded: Bool
    /// The name by which the brokers' logs know this process.
    public var clientID: String

    /// Makes settings; the defaults are those of the configuration keys.
    public init(
        bootstrapServers: String,
        properties: [String: String] = [:],
        createTopics: Bool = true,
        partitions: Int = 6,
        replication: Int = 1,
        bufferBytes: Int = 268_435_456,
        awayExitMilliseconds: Int64 = 300_000,
        isEmbedded: Bool = false,
        clientID: String = "marketbus"
    ) {
        self.bootstrapServers = bootstrapServers
        self.properties = properties
        self.createTopics = createTopics
        self.partitions = partitions
        self.replication = replication
        self.bufferBytes = bufferBytes
        self.awayExitMilliseconds = awayExitMilliseconds
        self.isEmbedded = isEmbedded
        self.clientID = clientID
    }
}

/// One thing that is wrong with the settings, and the mend.
public struct KafkaSettingsProblem: Sendable, Equatable, CustomStringConvertible {
    /// The configuration key: `kafka.partitions`, `kafka.properties.sasl.mechanism`.
    public let key: String
    /// What is wrong; without the value where it may be a secret.
    public let problem: String
    /// What to do.
    public let mend: String

    /// Makes a problem.
    public init(key: String, problem: String, mend: String) {
        self.key = key
        self.problem = problem
        self.mend = mend
    }

    /// Key, problem and mend on one line.
    public var description: String { "\(key): \(problem); \(mend)" }
}

extension KafkaSettings {
    /// Properties that MarketBus decides: without them its promises would not hold.
    static let reservedProperties: [String: String] = [
        "bootstrap.servers": "set kafka.bootstrap_servers",
        "metadata.broker.list": "set kafka.bootstrap_servers",
        "client.id": "it follows from service.instance",
        "group.id": "the service names its group",
        "enable.idempotence": "producers are always idempotent",
        "acks": "every record is acknowledged by all in-sync replicas",
        "request.required.acks": "every record is acknowledged by all in-sync replicas",
        "partitioner": "partitions follow Java's murmur2",
        "delivery.report.only.error": "delivery reports carry the losses",
        "message.timeout.ms": "records wait until kafka.buffer_bytes is full",
        "delivery.timeout.ms": "records wait until kafka.buffer_bytes is full",
        "queue.buffering.max.messages": "set kafka.buffer_bytes",
        "queue.buffering.max.kbytes": "set kafka.buffer_bytes",
        "enable.auto.commit": "offsets are committed after the effect",
        "enable.auto.offset.store": "offsets are committed after the effect",
        "enable.partition.eof": "readers rely on knowing the end",
        "statistics.interval.ms": "statistics feed the metrics and the detection of a lost broker",
        "log.queue": "log lines go to the service's log",
    ]

    /// Everything that is wrong with these settings, all at once; empty when a client can be made.
    public func problems() -> [KafkaSettingsProblem] {
        var found = ownProblems()
        if let scram = scramProblem(libraryVersion: KafkaLibrary.versionNumber) { found.append(scram) }
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
            if let why = Self.reservedProperties[name] {
                found.append(
                    .init(
                        key: "kafka.properties.\(name)",
                        problem: "is decided by MarketBus: \(why)",
                        mend: "remove it"
                    )
                )
            } else if let refusal = KafkaLibrary.refusal(property: name, value: value) {
                found.append(
                    .init(
                        key: "kafka.properties.\(name)",
                        problem: refusal,
                        mend: "correct or remove it; librdkafka's CONFIGURATION.md lists names and values"
                    )
                )
            }
        }
        return found
    }

    private func ownProblems() -> [KafkaSettingsProblem] {
        var found: [KafkaSettingsProblem] = []
        func require(_ holds: Bool, _ key: String, _ problem: String, _ mend: String) {
            if !holds { found.append(.init(key: "kafka.\(key)", problem: problem, mend: mend)) }
        }
        for address in bootstrapServers.split(separator: ",", omittingEmptySubsequences: false) {
            let host = address.split(separator: ":", omittingEmptySubsequences: false)
            let isGood =
                !address.isEmpty && !address.contains(" ") && host.first?.isEmpty == false
                && (host.count < 2 || host.last.flatMap { UInt16($0) } ?? 0 > 0)
            require(
                isGood,
                "bootstrap_servers",
                "\"\(address)\" is no address",
                "write host:port, comma separated"
            )
        }
        require(
            (1...10_000).contains(partitions),
            "partitions",
            "\(partitions) is out of range",
            "use 1 to 10000"
        )
        require(
            (1...100).contains(replication),
            "replication",
            "\(replication) is out of range",
            "use 1 to 100"
        )
        require(
            (1_048_576...68_719_476_736).contains(bufferBytes),
            "buffer_bytes",
            "\(bufferBytes) is out of range",
            "use 1048576 (1 MiB) to 68719476736 (64 GiB)"
        )
        require(awayExitMilliseconds >= 0, "away_exit_ms", "is negative", "use milliseconds, or 0 for never")
        require(!clientID.isEmpty, "client_id", "is empty", "name the instance")
        return found
    }

    /// librdkafka before 2.6.1 sends a wrong nonce, which Kafka 4 refuses as "invalid credentials".
    func scramProblem(libraryVersion: Int32) -> KafkaSettingsProblem? {
        let mechanism = properties["sasl.mechanism"] ?? properties["sasl.mechanisms"] ?? ""
        guard mechanism.uppercased().hasPrefix("SCRAM"), libraryVersion < 0x0206_01ff else { return nil }
        return .init(
            key: "kafka.properties.sasl.mechanism",
            problem:
                "\(mechanism) needs librdkafka 2.6.1, this machine has \(KafkaLibrary.version(of: libraryVersion)),"
                + " whose SCRAM login every Kafka 4 broker refuses as invalid credentials",
            mend: "install librdkafka 2.6.1 or newer, or use PLAIN with security.protocol SASL_SSL,"
                + " or mutual TLS (security.protocol SSL with ssl.certificate.location and ssl.key.location)"
        )
    }

    /// The settings' problems as one error, if there are any.
    func validate() throws(KafkaError) {
        let found = problems()
        guard !found.isEmpty else { return }
        let text = found.map(\.description).joined(separator: "\n")
        throw KafkaError(code: .configuration, retry: .never, message: text)
    }
}
