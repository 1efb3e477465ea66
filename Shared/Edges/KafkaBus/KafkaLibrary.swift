// Part of MarketBus. Apache License 2.0, see LICENSE.

import CRdKafka

/// The C library itself: its version, its configuration objects, its clients.
public enum KafkaLibrary {
    /// The version found at run time: `2.0.2`.
    public static var version: String { rd_kafka_version_str().map { String(cString: $0) } ?? "unknown" }

    static var versionNumber: Int32 { rd_kafka_version() }

    /// `0xMMmmrrpp` as `MM.mm.rr`.
    static func version(of number: Int32) -> String {
        "\((number >> 24) & 0xff).\((number >> 16) & 0xff).\((number >> 8) & 0xff)"
    }

    /// The library's words against a property, or nil when it would take it.
    static func refusal(property: String, value: String) -> String? {
        let configuration = ClientConfiguration()
        do {
            try configuration.set(property, value)
            return nil
        } catch {
            return error.message
        }
    }
}

/// An owned configuration object: handed to a client, or destroyed.
///
/// - Thread: one.
final class ClientConfiguration {
    private(set) var pointer: OpaquePointer?

    init() {
        pointer = rd_kafka_conf_new()
    }

    deinit {
        if let pointer { rd_kafka_conf_destroy(pointer) }
    }

    /// Sets one property.
    ///
    /// - Throws: ``KafkaError`` with the library's words, which name the property.
    func set(_ name: String, _ value: String) throws(KafkaError) {
        var words = [CChar](repeating: 0, count: 512)
        guard rd_kafka_conf_set(pointer, name, value, &words, words.count) == RD_KAFKA_CONF_OK else {
            var message = Self.text(words)
            // The library repeats a bad value; a secret's value must not travel into a log.
            if !value.isEmpty, Self.isSecret(name) { message = "the library refuses its value" }
            throw KafkaError(code: .configuration, retry: .never, message: message)
        }
    }

    func set(_ pairs: [(String, String)]) throws(KafkaError) {
        for (name, value) in pairs { try set(name, value) }
    }

    /// Makes a client, which takes the configuration over.
    ///
    /// - Throws: ``KafkaError`` when the library finds the combination of properties impossible.
    func makeClient(_ type: rd_kafka_type_t) throws(KafkaError) -> OpaquePointer {
        var words = [CChar](repeating: 0, count: 512)
        guard let client = rd_kafka_new(type, pointer, &words, words.count) else {
            throw KafkaError(code: .client, retry: .never, message: Self.text(words))
        }
        pointer = nil
        return client
    }

    static func isSecret(_ name: String) -> Bool {
        ["password", "secret", ".pem", "sasl.jaas", "oauthbearer.config"].contains { name.contains($0) }
    }

    static func text(_ words: [CChar]) -> String {
        String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension KafkaSettings {
    /// A configuration with what every client of the process has in common; role settings, then pass-through.
    func makeConfiguration(_ role: [(String, String)]) throws(KafkaError) -> ClientConfiguration {
        let configuration = ClientConfiguration()
        try configuration.set([
            ("bootstrap.servers", bootstrapServers),
            ("client.id", clientID),
            ("log.queue", "true"),
            ("log.connection.close", "false"),
            ("socket.nagle.disable", "true"),
            ("socket.keepalive.enable", "true"),
            ("reconnect.backoff.ms", "100"),
            ("reconnect.backoff.max.ms", "1000"),
        ])
        try configuration.set(role)
        for (name, value) in properties.sorted(by: { $0.key < $1.key })
        where Self.reservedProperties[name] == nil {
            try configuration.set(name, value)
        }
        return configuration
    }
}
