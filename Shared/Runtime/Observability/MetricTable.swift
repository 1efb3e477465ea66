// Part of MarketBus. Apache License 2.0, see LICENSE.

enum MetricKind: String {
    case counter, gauge, histogram
}

enum MetricSeries {
    case counter(Counter)
    case gauge(Gauge)
    case histogram(Histogram)
}

/// The registered families and how they are written.
///
/// Owned by ``Metrics``, under its lock.
struct MetricTable {
    private struct Family {
        let name: String
        let kind: MetricKind
        let help: String
        var series: [(labels: String, value: MetricSeries)] = []
        var places: [String: Int] = [:]
    }

    private var families: [Family] = []
    private var places: [String: Int] = [:]
    private var buffer: [UInt8] = []
    var refused = 0
    var refreshers: [@Sendable () -> Void] = []

    /// The labels without braces, values escaped as the text format asks: `a="x",b="y"`.
    static func renderLabels(_ labels: KeyValuePairs<String, String>) -> String {
        labels.map { name, value in
            let escaped = value.unicodeScalars.flatMap { scalar -> String in
                switch scalar {
                case "\\": "\\\\"
                case "\"": "\\\""
                case "\n": "\\n"
                default: String(Character(scalar))
                }
            }
            return "\(name)=\"\(String(escaped))\""
        }.joined(separator: ",")
    }

    mutating func series(
        _ name: String,
        _ kind: MetricKind,
        _ help: String,
        _ labels: String,
        _ make: () -> MetricSeries
    ) -> MetricSeries? {
        guard let place = family(name, kind, help) else {
            refused += 1
            return nil
        }
        if let known = families[place].places[labels] { return families[place].series[known].value }
        guard families[place].series.count < Metrics.maximumSeries else {
            refused += 1
            return nil
        }
        let made = make()
        families[place].places[labels] = families[place].series.count
        families[place].series.append((labels, made))
        return made
    }

    private mutating func family(_ name: String, _ kind: MetricKind, _ help: String) -> Int? {
        if let place = places[name] { return families[place].kind == kind ? place : nil }
        guard Self.isName(name) else { return nil }
        families.append(Family(name: name, kind: kind, help: help))
        places[name] = families.count - 1
        return families.count - 1
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"):
                true
            default: false
            }
        }
    }

    mutating func render() -> [UInt8] {
        buffer.removeAll(keepingCapacity: true)
        for family in families {
            put("# HELP \(family.name) ")
            put(family.help.split(separator: "\n").joined(separator: " "))
            put("\n# TYPE \(family.name) \(family.kind.rawValue)\n")
            for (labels, value) in family.series {
                switch value {
                case .counter(let counter): line(family.name, labels, String(counter.value))
                case .gauge(let gauge): line(family.name, labels, Self.text(gauge.value))
                case .histogram(let histogram): lines(family.name, labels, histogram)
                }
            }
        }
        put(
            "# HELP marketbus_metrics_refused_total Handles that are not exported: bad name, kind or too many.\n"
        )
        put("# TYPE marketbus_metrics_refused_total counter\nmarketbus_metrics_refused_total \(refused)\n")
        return buffer
    }

    private mutating func lines(_ name: String, _ labels: String, _ histogram: Histogram) {
        let counts = histogram.counts
        let sum = histogram.sum
        let prefix = labels.isEmpty ? "" : labels + ","
        var below: UInt64 = 0
        for (bound, count) in zip(histogram.bounds, counts) {
            below &+= count
            line(
                name + "_bucket",
                prefix + "le=\"\(Self.text(Double(bound) * histogram.scale))\"",
                String(below)
            )
        }
        below &+= counts.last ?? 0
        line(name + "_bucket", prefix + "le=\"+Inf\"", String(below))
        line(name + "_sum", labels, Self.text(Double(sum) * histogram.scale))
        line(name + "_count", labels, String(below))
    }

    private mutating func line(_ name: String, _ labels: String, _ value: String) {
        put(name)
        if !labels.isEmpty {
            put("{")
            put(labels)
            put("}")
        }
        put(" ")
        put(value)
        put("\n")
    }

    private mutating func put(_ text: String) {
        buffer.append(contentsOf: text.utf8)
    }

    private static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), abs(value) < 9e15 { return String(Int64(value)) }
        return String(value)
    }
}
