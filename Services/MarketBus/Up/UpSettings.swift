// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import Glibc
import KafkaBus

/// What `marketbus up` is told, for itself and for the programs that it starts.
struct UpSettings: Sendable {
    let isDemo: Bool
    let isJSON: Bool
    let seconds: Int64?
    /// The directory of the programs' logs.
    let directory: String
    /// The venues whose feeds are started.
    let venues: [String]
    /// The symbols of a demo.
    let demoSymbols: [String]
    let demoRate: Int
    let kafka: KafkaSettings
    /// Every key that is handed on, with its value.
    private let handedOn: [String: String]

    private static let standardDemoSymbols = ["BTC", "ETH", "SOL", "XRP", "DOGE"].flatMap {
        ["\($0)-USDT", "\($0)-USDT-PERP"]
    }

    init(_ reader: ConfigurationReader, _ line: CommandLineArguments) {
        isDemo = line.has("--demo")
        isJSON = line.has("--json")
        var limit: Int64?
        if let text = line.value("--seconds") {
            limit = Int64(text).flatMap { $0 > 0 ? $0 : nil }
            if limit == nil { reader.note("--seconds", "\"\(text)\" is no time", "write a number from 1") }
        }
        seconds = limit
        let named = reader.string(
            "up.directory",
            default: ".marketbus",
            help: "directory of the programs' logs"
        )
        directory = line.value("--logs") ?? named
        venues = reader.list(
            "up.venues",
            default: ["binance", "okx", "htx", "coinbase"],
            help: "venues whose feeds are started"
        )
        demoSymbols = reader.list(
            "up.demo_symbols",
            default: Self.standardDemoSymbols,
            help: "symbols of --demo"
        )
        demoRate = reader.int(
            "up.demo_rate",
            default: 1000,
            in: 1...1_000_000,
            help: "frames a second of --demo"
        )
        var kafka = KafkaSettings(reader, instance: "marketbus-up", needsServers: false)
        if kafka.bootstrapServers.isEmpty { kafka.isEmbedded = true }
        self.kafka = kafka
        var keys: [String: String] = [:]
        for prefix in ["kafka", "log", "venues", "feed", "tls", "aggregator", "arbitrage", "fees"] {
            for (name, value) in reader.map(prefix) { keys["\(prefix).\(name)"] = value }
        }
        handedOn = keys
        for prefix in ["service", "http"] { reader.ignore(prefix: prefix) }
    }

    /// Whether somebody gave this key a value.
    func isChosen(_ key: String) -> Bool { handedOn[key] != nil }

    /// The environment of a program: this one's, without MarketBus's variables, and the keys that it knows.
    ///
    /// Variables and not flags: what they say is not seen by everybody who lists processes.
    func environment(keys prefixes: [String], with more: [String: String]) -> [String: String] {
        var result = ProcessVariables.current.filter {
            !$0.key.hasPrefix("MARKETBUS_") && $0.key != "KAFKA_BOOTSTRAP_SERVERS"
        }
        var settings = handedOn.filter { entry in
            prefixes.contains { entry.key.hasPrefix($0 + ".") }
        }
        settings.merge(more) { _, new in new }
        for (key, value) in settings { result[ConfigurationSources.variable(for: key)] = value }
        return result
    }

    /// The directory of the running program, where its siblings are.
    static var programDirectory: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return "." }
        let path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}
