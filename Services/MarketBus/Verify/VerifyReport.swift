// Part of MarketBus. Apache License 2.0, see LICENSE.

import Integrity
import Wire

/// What `marketbus verify` prints.
enum VerifyReport {
    /// The most holes of a stream that are printed one by one.
    private static let holeLimit = 20

    static func write(
        _ findings: [StreamFinding],
        unreadable: Int,
        isJSON: Bool,
        to output: inout OutputBuffer
    ) {
        if isJSON {
            for finding in findings { output.append(json(finding)) }
            return
        }
        for finding in findings { output.append(words(finding)) }
        let complete = findings.count(where: \.isComplete)
        let explained = findings.count(where: \.isExplained) - complete
        let open = findings.count - complete - explained
        var summary = "\(findings.count) streams: \(complete) complete, \(explained) with explained holes, "
        summary += "\(open) with unexplained holes, duplicates or disorder"
        let gaps = findings.flatMap(\.uncovered).filter { !$0.isInOrder }
        if let longest = gaps.map({ $0.to - $0.from }).max() {
            summary += "; \(gaps.count) times a symbol had no feed, for up to \(longest / 1000) ms"
        }
        if unreadable > 0 { summary += "; \(unreadable) records could not be read" }
        output.append(summary + "\n")
    }

    private static func verdict(_ finding: StreamFinding) -> String {
        finding.isComplete ? "complete" : finding.isExplained ? "explained" : "unexplained"
    }

    private static func words(_ finding: StreamFinding) -> String {
        let stream = finding.stream
        var text = "\(verdict(finding))  \(stream.feed)  \(stream.topic)  \(stream.symbol)"
        text += "  \(finding.records) records, \(finding.epochs) epochs"
        if finding.duplicates > 0 { text += ", \(finding.duplicates) duplicates" }
        if finding.disordered > 0 { text += ", \(finding.disordered) out of order" }
        if finding.repaired > 0 { text += ", \(finding.repaired) repaired late" }
        text += "\n"
        for hole in finding.holes.prefix(holeLimit) {
            let range = hole.hole.range
            text += "    missing \(range.lowerBound)-\(range.upperBound) of epoch \(hole.epoch): "
            text += (hole.hole.reason ?? "not announced") + "\n"
        }
        if finding.holes.count > holeLimit {
            text += "    and \(finding.holes.count - holeLimit) more holes\n"
        }
        for missed in finding.missed.prefix(holeLimit) {
            text += "    not repaired, said at \(missed.at): \(missed.text)\n"
        }
        if finding.missed.count > holeLimit {
            text += "    and \(finding.missed.count - holeLimit) more of these\n"
        }
        for pause in finding.pauses {
            text += "    paused from \(pause.from) for \(max(0, pause.to - pause.from) / 1000) ms: "
            text += (pause.cause ?? "a new subscription") + "\n"
        }
        for gap in finding.uncovered {
            text += "    \(gap.isInOrder ? "no record" : "uncovered") from \(gap.from) for "
            text += "\(max(0, gap.to - gap.from) / 1000) ms, before that by \(gap.feed): "
            text += (gap.cause ?? "it ended without a word, and nobody says so") + "\n"
        }
        return text
    }

    private static func json(_ finding: StreamFinding) -> String {
        var writer = JSONWriter()
        let stream = finding.stream
        writer.literal("{\"feed\":")
        writer.string(stream.feed)
        for (name, value) in [("topic", stream.topic), ("venue", stream.venue), ("symbol", stream.symbol)] {
            writer.literal(",")
            writer.string(name)
            writer.literal(":")
            writer.string(value)
        }
        writer.literal(",\"verdict\":")
        writer.string(verdict(finding))
        let counts: [(String, UInt64)] = [
            ("epochs", UInt64(finding.epochs)), ("records", finding.records),
            ("duplicates", finding.duplicates), ("disordered", finding.disordered),
            ("repaired", finding.repaired),
        ]
        for (name, value) in counts {
            writer.literal(",")
            writer.string(name)
            writer.literal(":")
            writer.integer(value)
        }
        writer.literal(",\"holes\":[")
        for (place, hole) in finding.holes.enumerated() { write(hole, place, to: &writer) }
        writer.literal("],\"not_repaired\":[")
        for (place, missed) in finding.missed.enumerated() {
            writer.literal(place == 0 ? "{\"at_us\":" : ",{\"at_us\":")
            writer.integer(missed.at)
            writer.literal(",\"what\":")
            writer.string(missed.text)
            writer.literal("}")
        }
        writer.literal("],\"pauses\":[")
        for (place, pause) in finding.pauses.enumerated() { write(pause, place, to: &writer) }
        writer.literal("],\"uncovered\":[")
        for (place, gap) in finding.uncovered.enumerated() { write(gap, place, to: &writer) }
        writer.literal("]}\n")
        return writer.string
    }

    private static func write(_ hole: StreamFinding.EpochHole, _ place: Int, to writer: inout JSONWriter) {
        writer.literal(place == 0 ? "{\"epoch\":" : ",{\"epoch\":")
        writer.integer(hole.epoch)
        writer.literal(",\"first_seq\":")
        writer.integer(hole.hole.range.lowerBound)
        writer.literal(",\"last_seq\":")
        writer.integer(hole.hole.range.upperBound)
        writer.literal(",\"reason\":")
        if let reason = hole.hole.reason { writer.string(reason) } else { writer.literal("null") }
        writer.literal("}")
    }

    private static func write(_ pause: StreamFinding.Pause, _ place: Int, to writer: inout JSONWriter) {
        writer.literal(place == 0 ? "{\"from_us\":" : ",{\"from_us\":")
        writer.integer(pause.from)
        writer.literal(",\"to_us\":")
        writer.integer(pause.to)
        writer.literal(",\"cause\":")
        if let cause = pause.cause { writer.string(cause) } else { writer.literal("null") }
        writer.literal("}")
    }

    private static func write(_ gap: StreamFinding.Uncovered, _ place: Int, to writer: inout JSONWriter) {
        writer.literal(place == 0 ? "{\"feed\":" : ",{\"feed\":")
        writer.string(gap.feed)
        writer.literal(",\"from_us\":")
        writer.integer(gap.from)
        writer.literal(",\"to_us\":")
        writer.integer(gap.to)
        writer.literal(",\"in_order\":")
        writer.bool(gap.isInOrder)
        writer.literal(",\"cause\":")
        if let cause = gap.cause { writer.string(cause) } else { writer.literal("null") }
        writer.literal("}")
    }
}
