// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import TestKit
import Testing

private func sources(
    yaml: String = "",
    environment: [String: String] = [:],
    set: [String] = []
) -> ConfigurationSources {
    var sources = ConfigurationSources()
    sources.addYAML(Array(yaml.utf8), path: "marketbus.yaml")
    sources.addEnvironment(environment)
    for text in set { sources.addSetting(text, flag: "--set") }
    return sources
}

private func problems(of reader: ConfigurationReader) -> [String] {
    do throws(ConfigurationProblems) {
        try reader.finish()
        return []
    } catch {
        return error.all.map(\.description)
    }
}

@Suite struct ReaderTests {
    @Test func `a flag wins over the environment, which wins over the file, which wins over the default`() {
        let yaml = "a: {k1: file, k2: file, k3: file}"
        let environment = ["MARKETBUS_A__K2": "environment", "MARKETBUS_A__K3": "environment"]
        let reader = ConfigurationReader(sources(yaml: yaml, environment: environment, set: ["a.k3=flag"]))
        let values = (0...3).map { reader.string("a.k\($0)", default: "default") }
        #expect(values == ["default", "file", "environment", "flag"])
        #expect(
            reader.effectiveLine
                == "a.k0=default(default) a.k1=file(file) a.k2=environment(environment) a.k3=flag(flag)"
        )
        #expect(problems(of: reader).isEmpty)
    }

    @Test func `the usual Kafka variable sets our key and our own variable wins over it`() {
        let first = ConfigurationReader(sources(environment: ["KAFKA_BOOTSTRAP_SERVERS": "a:9092"]))
        #expect(first.optionalString("kafka.bootstrap_servers") == "a:9092")
        let both = ["KAFKA_BOOTSTRAP_SERVERS": "a:9092", "MARKETBUS_KAFKA__BOOTSTRAP_SERVERS": "b:9092"]
        #expect(
            ConfigurationReader(sources(environment: both)).optionalString("kafka.bootstrap_servers")
                == "b:9092"
        )
    }

    @Test func `all problems are reported at once with file, line, key and mend`() {
        let yaml = "http:\n  port: 70000\n  adress: ::1\nlog:\n  level: loud\nkafka:\n  create_topics: yes\n"
        let reader = ConfigurationReader(
            sources(yaml: yaml, environment: ["MARKETBUS_FEED__SILENCE_MS": "1.5"])
        )
        _ = CommonSettings(reader, service: "okx-feed", port: 9102)
        _ = reader.bool("kafka.create_topics", default: true)
        _ = reader.int("feed.silence_ms", default: 5000, in: 100...600_000)
        _ = reader.requiredString("kafka.bootstrap_servers")
        #expect(
            problems(of: reader) == [
                "marketbus.yaml:2: http.port: 70000 is out of range; give a whole number from 0 to 65535",
                "marketbus.yaml:5: log.level: \"loud\" is not known; one of: debug, info, warning, error",
                "marketbus.yaml:7: kafka.create_topics: \"yes\" is neither true nor false; write true or false",
                "environment MARKETBUS_FEED__SILENCE_MS: feed.silence_ms: \"1.5\" is not a whole number; "
                    + "give a whole number from 100 to 600000 (milliseconds)",
                "kafka.bootstrap_servers: is missing; set it in the file, as MARKETBUS_KAFKA__BOOTSTRAP_SERVERS, "
                    + "or with --set kafka.bootstrap_servers=…",
                "marketbus.yaml:3: http.adress: unknown key; did you mean http.address?",
            ]
        )
    }

    @Test func `the venues' keys in the environment are unknown only to who reads some of them`() throws {
        var sources = ConfigurationSources()
        sources.addEnvironment(["MARKETBUS_KEYS__OKX__SECRET": "s", "MARKETBUS_KEYS__OKX__SECRTE": "t"])
        try ConfigurationReader(sources).finish()
        let reader = ConfigurationReader(sources)
        #expect(reader.secret("keys.okx.secret")?.count == 1)
        #expect(throws: ConfigurationProblems.self) { try reader.finish() }
    }

    @Test func `an unknown variable with our prefix is a problem, a switch of the build is not`() {
        let environment = [
            "MARKETBUS_HTTP_PORT": "1", "MARKETBUS_STRICT": "1", "MARKETBUS_TEST_X": "1", "PATH": "/",
        ]
        let reader = ConfigurationReader(sources(environment: environment))
        _ = reader.int("http.port", default: 1, in: 0...9)
        #expect(
            problems(of: reader) == [
                "environment MARKETBUS_HTTP_PORT: http_port: unknown key; did you mean http.port?"
            ]
        )
    }

    @Test func `properties pass through a prefix whole`() {
        let yaml = "kafka: {properties: {linger.ms: 5, \"sasl.password\": hush, client: {id: me}}}"
        let reader = ConfigurationReader(sources(yaml: yaml, set: ["kafka.properties.acks=1"]))
        let expected = ["linger.ms": "5", "sasl.password": "hush", "client.id": "me", "acks": "1"]
        #expect(reader.map("kafka.properties") == expected)
        #expect(problems(of: reader).isEmpty)
        #expect(!reader.effectiveLine.contains("hush"))
    }

    @Test func `lists come from YAML, commas or nothing`() {
        let yaml = "venues: {okx: {symbols: [BTC-USDT, ETH-USDT], channels: []}, binance: {}}"
        let reader = ConfigurationReader(sources(yaml: yaml, set: ["venues.okx.markets=spot, linear,"]))
        #expect(reader.list("venues.okx.symbols", default: []) == ["BTC-USDT", "ETH-USDT"])
        #expect(reader.list("venues.okx.channels", default: ["trade"]) == [])
        #expect(reader.list("venues.okx.markets", default: []) == ["spot", "linear"])
        #expect(reader.list("venues.okx.other", default: ["x"]) == ["x"])
        #expect(reader.names(below: "venues") == ["okx"])
    }

    @Test func `keys of other services are ignored on request`() {
        let reader = ConfigurationReader(
            sources(yaml: "venues: {okx: {symbols: [A]}}\naggregator: {stale_ms: 1}")
        )
        reader.ignore(prefix: "venues.okx")
        reader.ignore(prefix: "aggregator")
        #expect(problems(of: reader).isEmpty)
    }

    @Test(arguments: [
        ("wss://a.b:443/ws?x=1", true), ("wss://127.0.0.1:1/", true), ("ws://[::1]:80/x", true),
        ("http://a", false), ("wss://", false), ("wss://a:99999", false), ("wss://a:", false),
        ("wss://a b", false),
        ("nothing", false), ("wss://[::1", false),
    ])
    func `a URL must have the right scheme, a host and a possible port`(text: String, isGood: Bool) {
        let reader = ConfigurationReader(sources(set: ["u=\(text)"]))
        #expect((reader.url("u", default: "ws://d", schemes: ["wss", "ws"]) == text) == isGood)
        #expect(problems(of: reader).isEmpty == isGood)
    }

    @Test func `a secret comes from a file or the environment and is never shown`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("hush-1\n", to: "password")
        let environment = ["MARKETBUS_B__PASSWORD": "hush-2"]
        let reader = ConfigurationReader(
            sources(yaml: "c: {password: hush-3}", environment: environment, set: ["a.password_file=\(path)"])
        )
        let first = reader.secret("a.password")
        let second = reader.secret("b.password")
        #expect(first?.withBytes { Array($0) } == Array("hush-1".utf8))
        #expect(second?.withBytes { Array($0) } == Array("hush-2".utf8))
        #expect(reader.secret("c.password") == nil)
        let said = problems(of: reader).joined() + reader.effectiveLine + "\(first as Any)"
        #expect(!said.contains("hush"))
        #expect(said.contains("marketbus.yaml:1: c.password: a secret may not be written here"))
    }

    @Test func `a password inside a URL is not shown`() {
        let reader = ConfigurationReader(sources(set: ["u=wss://me:hush@h:1/x"]))
        _ = reader.url("u", default: "wss://d", schemes: ["wss"])
        #expect(reader.effectiveLine == "u=wss://***@h:1/x(flag)")
    }
}
