// Part of MarketBus. Apache License 2.0, see LICENSE.

/// What can be proven about one incarnation of a stream from its records and from what its feed says about itself.
///
/// Sequence numbers are contiguous from 1 in an epoch, so a number that is missing between two that were read was
/// lost, and one behind the last that the feed says it gave out was too.
public struct EpochProof: Sendable {
    /// A range of numbers that was not read, and why as far as the feed says.
    public struct Hole: Hashable, Sendable {
        /// The numbers.
        public var range: ClosedRange<UInt64>
        /// The feed's reason; nil where it says nothing: the hole is not explained.
        public var reason: String?
    }

    /// How the record stood to those before.
    public enum Verdict: Hashable, Sendable {
        /// The next one, or the first.
        case next
        /// Numbers were left out before it.
        case ahead
        /// It was missing and came late.
        case late
        /// It was read before.
        case duplicate
    }

    /// The lowest number that was read; 0 before the first.
    public private(set) var first: UInt64 = 0
    /// The highest number that was read; 0 before the first.
    public private(set) var last: UInt64 = 0
    /// How many different records were read.
    public private(set) var records: UInt64 = 0
    /// Records that were read again.
    public private(set) var duplicates: UInt64 = 0
    /// Records that came behind a later one.
    public private(set) var disordered: UInt64 = 0
    /// When the last record was published.
    ///
    /// Unit: microseconds since the Unix epoch.
    public private(set) var lastPublished: Int64 = 0

    private var missing = SeqRanges()
    private var given = SeqRanges()
    private var announced: [(range: ClosedRange<UInt64>, reason: String)] = []

    /// Nothing was read yet.
    public init() {}

    /// Notes a record, in the order of its partition.
    public mutating func note(_ seq: UInt64, published: Int64) -> Verdict {
        lastPublished = max(lastPublished, published)
        if records == 0 {
            (first, last, records) = (seq, seq, 1)
            return .next
        }
        if seq > last {
            let isNext = seq - last == 1
            if !isNext { missing.insert((last + 1)...(seq - 1)) }
            last = seq
            records += 1
            return isNext ? .next : .ahead
        }
        disordered += 1
        if seq < first {
            if first - seq > 1 { missing.insert((seq + 1)...(first - 1)) }
            first = seq
            records += 1
            return .late
        }
        if missing.remove(seq) {
            records += 1
            return .late
        }
        duplicates += 1
        disordered -= 1
        return .duplicate
    }

    /// Whether the feed accounts for the last record that was read, so that nothing behind it can be missing unseen.
    public var isAccounted: Bool { given.contains(last) }

    /// The feed says that it gave out these numbers.
    public mutating func announce(given range: ClosedRange<UInt64>) {
        given.insert(range)
    }

    /// The feed says that these numbers will never be read, and why.
    public mutating func announce(hole range: ClosedRange<UInt64>, reason: String) {
        announced.append((range, reason))
    }

    /// What is missing of the numbers that must have been there, in order.
    ///
    /// - Parameter fromFirst: whether the records were read from the epoch's beginning on, so that number 1 must be
    ///   among them.
    /// - Returns: each hole with the feed's reason, cut where the reason changes.
    public func holes(fromFirst: Bool) -> [Hole] {
        var lost = missing
        if records > 0, fromFirst, first > 1 { lost.insert(1...(first - 1)) }
        let seen = records == 0 ? SeqRanges() : SeqRanges([first...last])
        for range in given.ranges {
            for part in seen.missing(from: range) where records == 0 || fromFirst || part.lowerBound > last {
                lost.insert(part)
            }
        }
        return lost.ranges.flatMap(explained)
    }

    /// Cuts a range where its explanation changes.
    private func explained(_ range: ClosedRange<UInt64>) -> [Hole] {
        var holes: [Hole] = []
        var rest = SeqRanges([range])
        for (hole, reason) in announced where hole.overlaps(range) {
            for part in rest.ranges where part.overlaps(hole) {
                let shared = part.clamped(to: hole)
                holes.append(Hole(range: shared, reason: reason))
                rest = SeqRanges(rest.ranges.flatMap { $0.without(shared) })
            }
        }
        holes += rest.ranges.map { Hole(range: $0, reason: nil) }
        return holes.sorted { $0.range.lowerBound < $1.range.lowerBound }
    }
}

extension ClosedRange<UInt64> {
    /// What is left of the range without a part of it.
    fileprivate func without(_ part: ClosedRange<UInt64>) -> [ClosedRange<UInt64>] {
        guard overlaps(part) else { return [self] }
        var rest: [ClosedRange<UInt64>] = []
        if lowerBound < part.lowerBound { rest.append(lowerBound...(part.lowerBound - 1)) }
        if upperBound > part.upperBound { rest.append((part.upperBound + 1)...upperBound) }
        return rest
    }
}
