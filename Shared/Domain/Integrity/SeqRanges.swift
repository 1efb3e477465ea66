// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A set of sequence numbers as disjoint ranges in ascending order.
///
/// - Allocates: as ranges come.
public struct SeqRanges: Hashable, Sendable {
    /// The ranges; none touches the next.
    public private(set) var ranges: [ClosedRange<UInt64>] = []

    /// An empty set.
    public init() {}

    /// A set of these ranges.
    public init(_ ranges: some Sequence<ClosedRange<UInt64>>) {
        for range in ranges { insert(range) }
    }

    /// Whether it holds nothing.
    public var isEmpty: Bool { ranges.isEmpty }
    /// How many numbers it holds.
    public var count: UInt64 { ranges.reduce(0) { $0 &+ ($1.upperBound - $1.lowerBound) &+ 1 } }

    /// Whether it holds the number.
    public func contains(_ number: UInt64) -> Bool {
        let place = firstEnding(atOrAfter: number)
        return place < ranges.count && ranges[place].lowerBound <= number
    }

    /// Adds a range.
    public mutating func insert(_ range: ClosedRange<UInt64>) {
        if let last = ranges.last, range.lowerBound > last.upperBound, range.lowerBound - last.upperBound > 1
        {
            ranges.append(range)
            return
        }
        let before = range.lowerBound == 0 ? 0 : range.lowerBound - 1
        let start = firstEnding(atOrAfter: before)
        var (lower, upper) = (range.lowerBound, range.upperBound)
        var end = start
        while end < ranges.count, ranges[end].lowerBound <= upper || ranges[end].lowerBound - 1 == upper {
            lower = min(lower, ranges[end].lowerBound)
            upper = max(upper, ranges[end].upperBound)
            end += 1
        }
        ranges.replaceSubrange(start..<end, with: [lower...upper])
    }

    /// Takes a number out; false if it was not in.
    public mutating func remove(_ number: UInt64) -> Bool {
        let place = firstEnding(atOrAfter: number)
        guard place < ranges.count, ranges[place].lowerBound <= number else { return false }
        let range = ranges[place]
        var rest: [ClosedRange<UInt64>] = []
        if range.lowerBound < number { rest.append(range.lowerBound...(number - 1)) }
        if number < range.upperBound { rest.append((number + 1)...range.upperBound) }
        ranges.replaceSubrange(place...place, with: rest)
        return true
    }

    /// The parts of a range that are not in the set.
    public func missing(from range: ClosedRange<UInt64>) -> [ClosedRange<UInt64>] {
        var gaps: [ClosedRange<UInt64>] = []
        var next = range.lowerBound
        for known in ranges[firstEnding(atOrAfter: range.lowerBound)...] {
            if known.lowerBound > range.upperBound { break }
            if known.lowerBound > next { gaps.append(next...(known.lowerBound - 1)) }
            if known.upperBound >= range.upperBound { return gaps }
            next = known.upperBound + 1
        }
        gaps.append(next...range.upperBound)
        return gaps
    }

    /// The place of the first range that does not end before the number.
    private func firstEnding(atOrAfter number: UInt64) -> Int {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
