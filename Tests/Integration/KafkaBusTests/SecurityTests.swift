// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc
import KafkaBus
import Testing
import Wire

/// The secured listeners of the cluster under test and the files that belong to them.
///
/// `MARKETBUS_TEST_KAFKA_SASL` and `MARKETBUS_TEST_KAFKA_MTLS` name the addresses, `MARKETBUS_TEST_KAFKA_FILES` the
/// directory with `ca.pem`, `client.crt` and `client.key`; the user is `admin` or as the two further variables say.
enum SecuredKafka {
    static let sasl = value("MARKETBUS_TEST_KAFKA_SASL")
    static let mtls = value("MARKETBUS_TEST_KAFKA_MTLS")
    static let files = value("MARKETBUS_TEST_KAFKA_FILES")
    static let user = value("MARKETBUS_TEST_KAFKA_USER")
    static let password = value("MARKETBUS_TEST_KAFKA_PASSWORD")
    static var isThere: Bool { RealKafka.isThere && !sasl.isEmpty && !mtls.isEmpty && !files.isEmpty }
    static let absence: Comment =
        "skipped: KAFKA_BOOTSTRAP_SERVERS or MARKETBUS_TEST_KAFKA_SASL, …_MTLS, …_FILES not set"

    private static func value(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }

    static var mutualTLS: KafkaSettings {
        KafkaSettings(
            bootstrapServers: mtls,
            properties: [
                "security.protocol": "SSL", "ssl.ca.location": "\(files)/ca.pem",
                "ssl.certificate.location": "\(files)/client.crt", "ssl.key.location": "\(files)/client.key",
            ]
        )
    }

    static func plain(password: String) -> KafkaSettings {
        KafkaSettings(
            bootstrapServers: sasl,
            properties: [
                "security.protocol": "SASL_SSL", "ssl.ca.location": "\(files)/ca.pem",
                "sasl.mechanism": "PLAIN",
                "sasl.username": user, "sasl.password": password,
            ]
        )
    }
}

@Suite(.serialized, .enabled(if: SecuredKafka.isThere, SecuredKafka.absence))
struct SecurityTests {
    /// The cluster's authorizer has to allow the user.
    private func roundTrip(_ settings: KafkaSettings) throws {
        let open = KafkaSettings(bootstrapServers: RealKafka.bootstrapServers)
        let topic = uniqueName("secured")
        let admin = try KafkaAdmin(settings: open)
        defer { admin.close() }
        try admin.createTopics([TopicPlan(name: topic, partitions: 2, replication: 1)])
        try RoundTripTests().roundTrip(settings, topic: topic)
        try admin.deleteTopics([topic])
    }

    @Test
    func `records travel over mutual TLS`() throws {
        try roundTrip(SecuredKafka.mutualTLS)
    }

    @Test
    func `records travel over SASL PLAIN on TLS`() throws {
        try roundTrip(SecuredKafka.plain(password: SecuredKafka.password))
    }

    @Test
    func `a wrong password is said in words and never printed`() throws {
        let settings = SecuredKafka.plain(password: "wrong-password")
        let producer = try KafkaProducer(settings: settings, topics: [TopicRegistry.trade], onLoss: { _ in })
        try producer.start()
        defer { producer.close() }
        var text = ""
        #expect(
            waitUntil {
                text = producer.health.text(bootstrapServers: settings.bootstrapServers)
                return text.contains("log-in refused")
            },
            "\(text)"
        )
        #expect(!text.contains("wrong-password"))
        #expect(!producer.waitUntilConnected(milliseconds: 300))
        let consumer = try KafkaConsumer(
            settings: settings,
            group: "g",
            topics: .subscribe(["md.trade.v1"]),
            from: .begin
        )
        defer { consumer.close() }
        #expect(
            waitUntil {
                _ = try? consumer.poll(waitMilliseconds: 50) { _ in }
                return consumer.health.text(bootstrapServers: "").contains("log-in refused")
            }
        )
    }

    @Test
    func `a server whose certificate is not trusted is not talked to`() throws {
        var settings = SecuredKafka.plain(password: SecuredKafka.password)
        settings.properties["ssl.ca.location"] = "/etc/ssl/certs/ca-certificates.crt"
        let producer = try KafkaProducer(settings: settings, topics: [TopicRegistry.trade], onLoss: { _ in })
        try producer.start()
        defer { producer.close() }
        let isAway = waitUntil {
            producer.health.text(bootstrapServers: "").contains("certificate")
        }
        #expect(isAway, "\(producer.health.text(bootstrapServers: ""))")
    }
}
