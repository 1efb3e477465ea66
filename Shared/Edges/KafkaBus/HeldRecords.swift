// Part of MarketBus. Apache License 2.0, see LICENSE.

import Wire

/// The newest record of every conflated stream while the broker is away.
///
/// Memory grows to the configured bound and is then used again; a record that does not fit is lost.
///
/// - Thread: the sender's. Allocates: the first time a stream is held, or when its record outgrows its place.
struct HeldRecords: ~Copyable {
    fileprivate struct Slot {
        var place: UnsafeMutableRawPointer?
        var capacity = 0
        var keyCount = 0
        var venueCount = 0
        var valueCount = 0
        var isTombstone = false
        var isHeld = false
        var topic = TopicID(index: 0)
        var seq: UInt64 = 0
        var timestampMilliseconds: Int64 = 0
        /// The contiguous numbers that the held record replaced; 0 where there are none.
        var firstReplaced: UInt64 = 0
        var lastReplaced: UInt64 = 0
    }

    /// What became of a record.
    enum Outcome {
        /// Kept as the stream's newest.
        case held
        /// Not kept: the bound on memory or streams is reached.
        case full
    }

    private var slots: [Slot] = []
    private var order: [UInt32] = []
    private let maximumStreams: Int
    private let maximumBytes: Int
    private var bytes = 0

    init(maximumStreams: Int, maximumBytes: Int) {
        self.maximumStreams = maximumStreams
        self.maximumBytes = maximumBytes
    }

    deinit {
        for slot in slots { slot.place?.deallocate() }
    }

    /// The streams that wait.
    var count: Int { order.count }

    /// Keeps a copy of the record in place of the stream's older one, whose number joins the stream's hole.
    mutating func hold(_ record: borrowing OutboundRecord, ledger: inout LossLedger) -> Outcome {
        let index = Int(record.stream.index)
        guard index < maximumStreams else { return .full }
        while slots.count <= index { slots.append(Slot()) }
        guard reserve(Self.size(of: record), at: index), let place = slots[index].place else { return .full }
        if slots[index].isHeld {
            replaceHeld(at: index, ledger: &ledger)
        } else {
            order.append(record.stream.index)
        }
        slots[index].fill(from: record, place)
        return .held
    }

    /// Offers every held record, in the order in which the streams were first held, until one is refused.
    ///
    /// Returns the holes in front of those that were accepted: they are closed now.
    mutating func release(_ accept: (OutboundRecord) -> Bool) -> [LossReport] {
        var released = 0
        var holes: [LossReport] = []
        for stream in order {
            let index = Int(stream)
            let slot = slots[index]
            guard slot.withRecord(stream, accept) else { break }
            if let hole = takeHole(at: index) { holes.append(hole) }
            slots[index].isHeld = false
            released += 1
        }
        order.removeFirst(released)
        return holes
    }

    /// Gives all held records up: their numbers, and those that they replaced, join the ledger.
    mutating func abandon(ledger: inout LossLedger) -> Int {
        let count = order.count
        for stream in order {
            let index = Int(stream)
            noteHole(at: index, ledger: &ledger)
            ledger.lose(StreamID(index: stream), slots[index].topic, slots[index].seq, .shutdown)
            slots[index].isHeld = false
        }
        order.removeAll(keepingCapacity: true)
        return count
    }

    private static func size(of record: borrowing OutboundRecord) -> Int {
        record.key.count + record.venue.count + (record.value?.count ?? 0)
    }

    private mutating func reserve(_ size: Int, at index: Int) -> Bool {
        let old = slots[index].capacity
        guard old < size else { return true }
        let new = max(256, size + size / 4)
        guard bytes - old + new <= maximumBytes else { return false }
        let place = UnsafeMutableRawPointer.allocate(byteCount: new, alignment: 8)
        if let former = slots[index].place {
            place.copyMemory(from: former, byteCount: old)
            former.deallocate()
        }
        slots[index].place = place
        slots[index].capacity = new
        bytes += new - old
        return true
    }

    private mutating func replaceHeld(at index: Int, ledger: inout LossLedger) {
        let seq = slots[index].seq
        if slots[index].lastReplaced != 0, slots[index].lastReplaced &+ 1 == seq {
            slots[index].lastReplaced = seq
            return
        }
        noteHole(at: index, ledger: &ledger)
        slots[index].firstReplaced = seq
        slots[index].lastReplaced = seq
    }

    private mutating func noteHole(at index: Int, ledger: inout LossLedger) {
        if let hole = takeHole(at: index) { ledger.add(hole) }
    }

    private mutating func takeHole(at index: Int) -> LossReport? {
        let slot = slots[index]
        guard slot.lastReplaced != 0 else { return nil }
        slots[index].firstReplaced = 0
        slots[index].lastReplaced = 0
        return LossReport(
            stream: StreamID(index: UInt32(truncatingIfNeeded: index)),
            topic: slot.topic,
            firstSeq: slot.firstReplaced,
            lastSeq: slot.lastReplaced,
            reason: .conflated
        )
    }
}

extension HeldRecords.Slot {
    fileprivate mutating func fill(from record: borrowing OutboundRecord, _ place: UnsafeMutableRawPointer) {
        keyCount = record.key.count
        venueCount = record.venue.count
        valueCount = record.value?.count ?? 0
        isTombstone = record.value == nil
        isHeld = true
        topic = record.topic
        seq = record.seq
        timestampMilliseconds = record.timestampMilliseconds
        var next = place
        for part in [record.key, record.venue] + (record.value.map { [$0] } ?? []) {
            if let base = part.baseAddress { next.copyMemory(from: base, byteCount: part.count) }
            next += part.count
        }
    }

    fileprivate func withRecord(_ stream: UInt32, _ accept: (OutboundRecord) -> Bool) -> Bool {
        guard let place else { return true }
        let key = UnsafeRawBufferPointer(start: place, count: keyCount)
        let venue = UnsafeRawBufferPointer(start: place + keyCount, count: venueCount)
        let value = UnsafeRawBufferPointer(start: place + keyCount + venueCount, count: valueCount)
        return accept(
            OutboundRecord(
                topic: topic,
                stream: StreamID(index: stream),
                seq: seq,
                key: key,
                value: isTombstone ? nil : value,
                venue: venue,
                timestampMilliseconds: timestampMilliseconds
            )
        )
    }
}
