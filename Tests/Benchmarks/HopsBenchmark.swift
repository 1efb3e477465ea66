// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import KafkaBus
import Wire

/// Two hops over a broker: from the feed's socket to whoever reads what the aggregator made of it.
///
/// For every record of `agg.quote` and `arb.opportunity` the time since the newest frame that it is made of was read
/// from the socket. Feed, aggregator and this reader share one machine and one wall clock.
struct HopsBenchmark {
    let servers: String
    let seconds: Double

    func run() throws {
        let settings = KafkaSettings(bootstrapServers: servers, createTopics: false)
        let topics = [TopicRegistry.quote, TopicRegistry.opportunity].map { TopicRegistry.spec(of: $0).name }
        let consumer = try KafkaConsumer(settings: settings, topics: .assignAll(topics), from: .end)
        defer { consumer.close() }
        var quotes = Latencies(name: "quote")
        var opportunities = Latencies(name: "opportunity")
        guard let scanner = JSONScanner() else { return }
        // The first seconds are the cluster's and the caches' warming up.
        let start = Clock.monotonic + 3_000_000_000
        let end = start + Int64(seconds * 1e9)
        while Clock.monotonic < end {
            try consumer.poll(waitMilliseconds: 100) { record in
                guard let value = record.value, Clock.monotonic >= start else { return }
                let now = Clock.wallMicroseconds
                if record.topicID == TopicRegistry.quote {
                    guard let quote = try? QuoteRecord(decoding: value, scanner: scanner) else { return }
                    guard let newest = quote.legs.map(\.quote.receivedMicroseconds).max() else { return }
                    quotes.add(now - newest)
                } else {
                    guard let found = try? OpportunityRecord(decoding: value, scanner: scanner) else {
                        return
                    }
                    if let trigger = found.trigger { opportunities.add(now - trigger.receivedMicroseconds) }
                }
            }
        }
        quotes.report()
        opportunities.report()
    }
}

/// Latencies in microseconds.
private struct Latencies {
    let name: String
    private var values: [Int64] = []

    init(name: String) { self.name = name }

    mutating func add(_ value: Int64) { values.append(value) }

    mutating func report() {
        guard !values.isEmpty else {
            print("hops\t\(name)\tn=0")
            return
        }
        values.sort()
        let parts = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)].map { name, share in
            "\(name)=\(Double(values[Int(Double(values.count - 1) * share)]) / 1000)"
        }
        print("hops\t\(name)\tn=\(values.count)\t\(parts.joined(separator: " ")) ms")
    }
}
