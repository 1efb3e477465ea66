// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import Wire

/// Keeps account of every sequence number that was given out, so that a reader can prove that it lost nothing: per
/// minute what each stream published, and at once every hole and every incident.
///
/// - Thread: that of the feed. Allocates: when epochs begin and end, and for reports.
struct IntegrityLedger {
    /// What is known of one stream of the pipeline.
    private struct Account {
        /// Numbers of the current epoch up to here were reported.
        var reported: UInt64 = 0
        /// Refused by the sink up to the last report.
        var refused: UInt64 = 0
        /// Records of ended epochs.
        var before: UInt64 = 0
        /// The epochs of the last incarnations, by the sink's number for them.
        var epochs: [StreamID: Int64] = [:]
    }

    /// The most parts that one record holds.
    static let partLimit = 500
    /// Ended spans beyond this ask for a report before the minute is over.
    static let spanLimit = 5_000

    private let feed: String
    private var accounts: [ObjectIdentifier: Account] = [:]
    private var ended: [TopicID: [IntegrityRecord.Stream]] = [:]
    private var endedCount = 0
    private var lost: [LostKey: UInt64] = [:]
    private var holes: [TopicID: [IntegrityRecord.Hole]] = [:]
    private var incidents: [TopicID: [IntegrityRecord.Incident]] = [:]
    private var from: Int64

    private struct LostKey: Hashable {
        var topic: TopicID
        var symbol: String
        var epoch: Int64
    }

    /// Makes a ledger whose first minute begins now, in microseconds since the Unix epoch.
    init(feed: String, now: Int64) {
        self.feed = feed
        from = now
    }

    /// Whether a report is wanted before the minute is over.
    var isFull: Bool { endedCount >= Self.spanLimit }
    /// Whether there is something that readers should know at once.
    var hasNews: Bool { !holes.isEmpty || !incidents.isEmpty }

    /// A stream began a new epoch.
    mutating func began(_ slot: StreamSlot) {
        accounts[ObjectIdentifier(slot), default: Account()].epochs[slot.label.id] = slot.label.epoch
        accounts[ObjectIdentifier(slot)]?.reported = 0
    }

    /// A stream's epoch ended; its last number is final.
    mutating func ended(_ slot: StreamSlot) {
        if let span = takeSpan(slot) {
            ended[slot.label.topic, default: []].append(span)
            endedCount += 1
        }
        accounts[ObjectIdentifier(slot)]?.before += slot.lastSeq
    }

    /// Records that a stream published since the process began.
    func total(_ slot: StreamSlot) -> UInt64 {
        let before = accounts[ObjectIdentifier(slot)]?.before ?? 0
        return slot.isOpen ? before &+ slot.lastSeq : before
    }

    /// Numbers of a stream will never be read.
    mutating func lost(_ report: LossReport, of slot: StreamSlot) {
        let epoch = accounts[ObjectIdentifier(slot)]?.epochs[report.stream] ?? slot.label.epoch
        let label = slot.label
        holes[report.topic, default: []].append(
            IntegrityRecord.Hole(
                venue: label.venue.name,
                symbol: label.symbol,
                epoch: epoch,
                firstSeq: report.firstSeq,
                lastSeq: report.lastSeq,
                reason: report.reason.rawValue,
                repaired: false
            )
        )
        let key = LostKey(topic: report.topic, symbol: label.symbol, epoch: epoch)
        lost[key, default: 0] += report.lastSeq &- report.firstSeq &+ 1
    }

    /// Records with these numbers are late: they were missed when they happened, for this reason.
    mutating func repaired(_ numbers: ClosedRange<UInt64>, of slot: StreamSlot, reason: String) {
        let label = slot.label
        holes[label.topic, default: []].append(
            IntegrityRecord.Hole(
                venue: label.venue.name,
                symbol: label.symbol,
                epoch: label.epoch,
                firstSeq: numbers.lowerBound,
                lastSeq: numbers.upperBound,
                reason: reason,
                repaired: true
            )
        )
    }

    /// Something happened.
    mutating func incident(_ incident: IntegrityRecord.Incident, _ topic: TopicID) {
        incidents[topic, default: []].append(incident)
    }

    /// The records about holes and incidents that were not yet told; `now` in microseconds since the Unix epoch.
    mutating func takeNews(_ now: Int64) -> [IntegrityRecord] {
        let topics = Set(holes.keys).union(incidents.keys).sorted { $0.index < $1.index }
        defer {
            holes.removeAll()
            incidents.removeAll()
        }
        return topics.flatMap { topic in
            parts(topic, .incident, from: now, to: now, [], holes[topic] ?? [], incidents[topic] ?? [])
        }
    }

    /// The records of the minute that ends now.
    mutating func takeMinute(_ slots: some Sequence<StreamSlot>, _ now: Int64) -> [IntegrityRecord] {
        for slot in slots where slot.isOpen {
            if let span = takeSpan(slot) { ended[slot.label.topic, default: []].append(span) }
        }
        let topics = ended.keys.sorted { $0.index < $1.index }
        let records = topics.flatMap { topic in
            parts(topic, .minute, from: from, to: now, ended[topic] ?? [], [], [])
        }
        ended.removeAll()
        lost.removeAll()
        endedCount = 0
        from = now
        return records
    }

    /// What a stream published since it was last asked, or nil.
    private mutating func takeSpan(_ slot: StreamSlot) -> IntegrityRecord.Stream? {
        guard var account = accounts[ObjectIdentifier(slot)], slot.lastSeq > account.reported else {
            return nil
        }
        let label = slot.label
        let first = account.reported &+ 1
        let refused = slot.refused &- account.refused
        let count = slot.lastSeq &- account.reported
        account.reported = slot.lastSeq
        account.refused = slot.refused
        accounts[ObjectIdentifier(slot)] = account
        return IntegrityRecord.Stream(
            venue: label.venue.name,
            symbol: label.symbol,
            epoch: label.epoch,
            firstSeq: first,
            lastSeq: slot.lastSeq,
            published: count &- min(refused, count),
            lost: 0
        )
    }

    /// One topic's record, cut into several where it would be too long.
    private func parts(
        _ topic: TopicID,
        _ kind: IntegrityRecord.Kind,
        from: Int64,
        to: Int64,
        _ streams: [IntegrityRecord.Stream],
        _ holes: [IntegrityRecord.Hole],
        _ incidents: [IntegrityRecord.Incident]
    ) -> [IntegrityRecord] {
        let most = max(streams.count, holes.count, incidents.count)
        return stride(from: 0, to: most, by: Self.partLimit).map { start in
            IntegrityRecord(
                feed: feed,
                topicName: TopicRegistry.spec(of: topic).name,
                publishedMicroseconds: to,
                kind: kind,
                fromMicroseconds: from,
                toMicroseconds: to,
                streams: streams.dropFirst(start).prefix(Self.partLimit).map { withLost($0, topic) },
                holes: Array(holes.dropFirst(start).prefix(Self.partLimit)),
                incidents: Array(incidents.dropFirst(start).prefix(Self.partLimit))
            )
        }
    }

    private func withLost(_ stream: IntegrityRecord.Stream, _ topic: TopicID) -> IntegrityRecord.Stream {
        var stream = stream
        stream.lost = lost[LostKey(topic: topic, symbol: stream.symbol, epoch: stream.epoch)] ?? 0
        return stream
    }
}
