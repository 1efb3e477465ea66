// Part of MarketBus. Apache License 2.0, see LICENSE.

import Wire

/// Collects lost sequence numbers into ranges: one report a contiguous range, when the hole closes.
///
/// - Thread: one at a time. Allocates: only when something is lost.
struct LossLedger {
    private struct Key: Hashable {
        let stream: UInt32
        let topic: UInt8
        let reason: LossReason
    }

    /// Ranges beyond this many are counted, not kept.
    let capacity: Int
    private(set) var closed: [LossReport] = []
    private var open: [Key: LossReport] = [:]
    /// A report a topic and reason for records without a sequence.
    private var unnumbered: [Key: LossReport] = [:]
    /// Ranges that were not kept because the ledger was full.
    private(set) var overflow: UInt64 = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    var isEmpty: Bool { closed.isEmpty && open.isEmpty && unnumbered.isEmpty }
    var hasOpen: Bool { !open.isEmpty }

    /// Notes a lost number; it prolongs the stream's open hole or closes that and opens another.
    mutating func lose(_ stream: StreamID, _ topic: TopicID, _ seq: UInt64, _ reason: LossReason) {
        lose(stream, topic, seq, seq, reason)
    }

    /// Notes a lost range.
    mutating func lose(
        _ stream: StreamID,
        _ topic: TopicID,
        _ first: UInt64,
        _ last: UInt64,
        _ reason: LossReason
    ) {
        let key = Key(stream: stream.index, topic: topic.index, reason: reason)
        // Records without a sequence are all one hole: that there is one is all that can be said.
        guard stream != .none else {
            unnumbered[key] = LossReport(
                stream: stream,
                topic: topic,
                firstSeq: 0,
                lastSeq: 0,
                reason: reason
            )
            return
        }
        var start = first
        if let hole = open[key] {
            if hole.lastSeq &+ 1 == first { start = hole.firstSeq } else { close(hole) }
        } else if open.count >= capacity {
            overflow &+= 1
            return
        }
        open[key] = LossReport(stream: stream, topic: topic, firstSeq: start, lastSeq: last, reason: reason)
    }

    /// Closes the stream's hole of this reason: a later record was taken.
    mutating func end(_ stream: StreamID, _ topic: TopicID, _ reason: LossReason) {
        let key = Key(stream: stream.index, topic: topic.index, reason: reason)
        if let hole = open.removeValue(forKey: key) { close(hole) }
    }

    /// Closes all holes.
    mutating func endAll() {
        for hole in open.values { close(hole) }
        open.removeAll()
    }

    /// Hands out the count of ranges that were not kept since the last question.
    mutating func takeOverflow() -> UInt64 {
        defer { overflow = 0 }
        return overflow
    }

    /// Hands out the closed holes, and those without numbers.
    mutating func drain() -> [LossReport] {
        guard !closed.isEmpty || !unnumbered.isEmpty else { return [] }
        let reports = closed + unnumbered.values
        closed.removeAll()
        unnumbered.removeAll()
        return reports
    }

    /// Adds a closed hole as it is.
    mutating func add(_ hole: LossReport) {
        close(hole)
    }

    private mutating func close(_ hole: LossReport) {
        guard closed.count < capacity else {
            overflow &+= 1
            return
        }
        closed.append(hole)
    }
}
