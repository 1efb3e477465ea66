// Part of MarketBus. Apache License 2.0, see LICENSE.

import Observability
import TestKit
import Testing

private func text(_ metrics: Metrics) -> String {
    String(decoding: metrics.render(), as: UTF8.self)
}

@Suite struct MetricsTests {
    @Test func `counters and gauges are rendered with escaped labels`() {
        let metrics = Metrics()
        metrics.counter("a_total", help: "All a.", labels: ["venue": "o\"k\\x\n"]).add(3)
        metrics.gauge("b", help: "B.").set(1.5)
        metrics.gauge("c", help: "C.").set(-2)
        #expect(
            text(metrics).contains(
                "# HELP a_total All a.\n# TYPE a_total counter\na_total{venue=\"o\\\"k\\\\x\\n\"} 3\n"
            )
        )
        #expect(text(metrics).contains("# TYPE b gauge\nb 1.5\n"))
        #expect(text(metrics).contains("\nc -2\n"))
    }

    @Test func `a histogram cumulates and scales`() {
        let metrics = Metrics()
        let histogram = metrics.histogram(
            "d_seconds",
            help: "D.",
            labels: ["v": "x"],
            bounds: [1000, 5_000_000],
            scale: 1e-9
        )
        for value: Int64 in [1, 1000, 1001, 9_000_000] { histogram.observe(value) }
        let lines = text(metrics).split(separator: "\n").filter { $0.hasPrefix("d_") }
        #expect(lines[0].hasPrefix("d_seconds_bucket{v=\"x\",le=\"1"))
        #expect(lines[0].hasSuffix("} 2"))
        #expect(lines[1] == "d_seconds_bucket{v=\"x\",le=\"0.005\"} 3")
        #expect(lines[2] == "d_seconds_bucket{v=\"x\",le=\"+Inf\"} 4")
        #expect(lines[3].hasPrefix("d_seconds_sum{v=\"x\"} 0.009"))
        #expect(lines[4] == "d_seconds_count{v=\"x\"} 4")
    }

    @Test func `the same question gives the same handle`() {
        let metrics = Metrics()
        metrics.counter("a_total", help: "A.", labels: ["x": "1"]).add()
        metrics.counter("a_total", help: "A.", labels: ["x": "1"]).add()
        metrics.counter("a_total", help: "A.", labels: ["x": "2"]).add()
        #expect(text(metrics).contains("a_total{x=\"1\"} 2\na_total{x=\"2\"} 1\n"))
    }

    @Test func `a bad name, another kind and too many series are refused and counted, and the handle works`()
    {
        let metrics = Metrics()
        _ = metrics.counter("a b", help: "")
        _ = metrics.counter("a", help: "")
        let gauge = metrics.gauge("a", help: "")
        gauge.set(4)
        #expect(gauge.value == 4)
        for number in 0..<(Metrics.maximumSeries + 5) {
            _ = metrics.counter("many", help: "", labels: ["n": "\(number)"])
        }
        #expect(metrics.refused == 7)
        #expect(text(metrics).contains("marketbus_metrics_refused_total 7\n"))
    }

    @Test func `nothing is lost when several threads count`() async {
        let metrics = Metrics()
        let counter = metrics.counter("n_total", help: "")
        let gauge = metrics.gauge("g", help: "")
        let histogram = metrics.histogram("h", help: "", bounds: [10, 20], scale: 1)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for number in 0..<1000 {
                        counter.add()
                        gauge.add(1)
                        histogram.observe(Int64(number % 30))
                    }
                }
            }
            group.addTask { for _ in 0..<20 { _ = metrics.render() } }
        }
        #expect(counter.value == 4000)
        #expect(gauge.value == 4000)
        #expect(histogram.counts.reduce(0, +) == 4000)
    }

    @Test func `process metrics are read at every rendering`() {
        let observability = Observability.silent
        observability.registerProcessMetrics(version: "1.2.3")
        let rendered = text(observability.metrics)
        #expect(rendered.contains("marketbus_build_info{version=\"1.2.3\"} 1\n"))
        for name in [
            "process_resident_memory_bytes", "process_open_fds", "process_threads",
            "process_start_time_seconds",
        ] {
            let line = rendered.split(separator: "\n").first { $0.hasPrefix(name + " ") }
            #expect((line?.split(separator: " ").last).flatMap { Double($0) } ?? 0 > 0, "\(name)")
        }
    }

    @Test func `readiness is the sum of its checks in words`() {
        let readiness = Readiness()
        #expect(readiness.isReady)
        let kafka = readiness.check("kafka")
        readiness.check("kafka").set(false, "no broker answers")
        readiness.check("streams").set(true, "4 of 4 live")
        #expect(!readiness.isReady)
        #expect(readiness.report == "not ready kafka: no broker answers\nok streams: 4 of 4 live\n")
        kafka.set(true, "1 broker")
        #expect(readiness.isReady)
    }
}
