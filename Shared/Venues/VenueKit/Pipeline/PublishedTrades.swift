// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Which trade ids of a stream were already published in its epoch, in bounded memory.
///
/// Ids of a venue grow nearly one by one. The newest ``width`` of them are known exactly; of older ones the ranges
/// are, in which a jump wider than the window begins a new range. So a resent trade is recognised however late it
/// comes, and one from before everything published so far is published.
///
/// Where a venue's ids grow one by one, ids that were left out are holes, which are known exactly until they are filled.
///
/// - Thread: that of the feed. Allocates: when its first range ends.
struct PublishedTrades: ~Copyable {
    /// How many of the newest ids are known exactly.
    static let width: UInt64 = 4096
    private static let fullWordCount = Int(width / 64)
    private static let rangeLimit = 256

    private let wordCount: Int
    private let words: UnsafeMutablePointer<UInt64>
    private var first: UInt64 = 0
    private var newest: UInt64 = 0
    private var isEmpty = true
    private var ranges: ContiguousArray<ClosedRange<UInt64>> = []

    /// How many holes are remembered; of more, the oldest is forgotten.
    static let holeLimit = 64
    /// Whether the venue's ids grow one by one, so that one that is left out is missing.
    var watchesHoles = false
    /// Set with every new hole; whoever looks at the holes clears it.
    var hasNewHole = false
    /// The ids that were left out, and not reported by ``takeNewHoles()``.
    private var newHoles: ContiguousArray<ClosedRange<UInt64>> = []
    /// The ids that were left out and have not come yet.
    private(set) var holes: ContiguousArray<ClosedRange<UInt64>> = []
    /// The first id that the epoch's first trade stands for; nil before it.
    private(set) var opening: UInt64?

    /// Makes an empty set; one that is not used takes next to no memory and must not be asked.
    init(isUsed: Bool = true) {
        wordCount = isUsed ? Self.fullWordCount : 0
        words = .allocate(capacity: max(wordCount, 1))
        words.initialize(repeating: 0, count: wordCount)
    }

    deinit {
        words.deallocate()
    }

    /// The highest id that was noted; nil while there is none.
    var highest: UInt64? { isEmpty ? nil : newest }

    /// Forgets all: a new epoch.
    mutating func clear() {
        isEmpty = true
        opening = nil
        holes.removeAll(keepingCapacity: true)
        newHoles.removeAll(keepingCapacity: true)
        ranges.removeAll(keepingCapacity: true)
        words.update(repeating: 0, count: wordCount)
    }

    /// Notes an id; false if it was noted before.
    ///
    /// `count` ids up to it are one trade.
    mutating func insert(_ id: UInt64, standingFor count: UInt64 = 1) -> Bool {
        if isEmpty || id > newest {
            if isEmpty {
                opening = id >= count ? id &- count &+ 1 : id
            } else if watchesHoles, id &- newest > max(count, 1) {
                noteHole((newest &+ 1)...(id &- max(count, 1)))
            }
            advance(to: id)
            return true
        }
        guard newest &- id < Self.width else { return fillHole(id) || (id < first && insertOlder(id)) }
        if id < first { first = id }
        let isNew = words[word(id)] & bit(id) == 0
        mark(id)
        if isNew, !holes.isEmpty { _ = fillHole(id) }
        return isNew
    }

    /// The holes that came since this was last asked and are not filled.
    mutating func takeNewHoles() -> [ClosedRange<UInt64>] {
        defer { newHoles.removeAll(keepingCapacity: true) }
        return newHoles.flatMap { new in holes.filter { new.contains($0.lowerBound) } }
    }

    private mutating func noteHole(_ hole: ClosedRange<UInt64>) {
        if holes.count >= Self.holeLimit { holes.removeFirst() }
        if newHoles.count >= Self.holeLimit { newHoles.removeFirst() }
        holes.append(hole)
        newHoles.append(hole)
        hasNewHole = true
    }

    private mutating func fillHole(_ id: UInt64) -> Bool {
        guard let place = holes.lastIndex(where: { $0.contains(id) }) else { return false }
        let hole = holes[place]
        var rest: [ClosedRange<UInt64>] = []
        if hole.lowerBound < id { rest.append(hole.lowerBound...(id &- 1)) }
        if id < hole.upperBound { rest.append((id &+ 1)...hole.upperBound) }
        holes.replaceSubrange(place...place, with: rest)
        return true
    }

    private mutating func advance(to id: UInt64) {
        if isEmpty {
            isEmpty = false
            first = id
        } else if id &- newest >= Self.width {
            remember(first...newest)
            words.update(repeating: 0, count: wordCount)
            first = id
        } else {
            var passed = newest &+ 1
            while passed < id {
                unmark(passed)
                passed &+= 1
            }
        }
        newest = id
        mark(id)
    }

    private mutating func insertOlder(_ id: UInt64) -> Bool {
        for index in ranges.indices.reversed() {
            if ranges[index].contains(id) { return false }
            if ranges[index].upperBound &+ 1 == id {
                ranges[index] = ranges[index].lowerBound...id
                return true
            }
            if ranges[index].lowerBound &- 1 == id {
                ranges[index] = id...ranges[index].upperBound
                return true
            }
        }
        remember(id...id)
        return true
    }

    private mutating func remember(_ range: ClosedRange<UInt64>) {
        if ranges.isEmpty { ranges.reserveCapacity(Self.rangeLimit) }
        if ranges.count >= Self.rangeLimit { ranges.removeFirst() }
        ranges.append(range)
    }

    // Written out: of a compound assignment here the thread sanitizer's build makes code that Swift 6.3.1 refuses itself.

    private func mark(_ id: UInt64) { words[word(id)] = words[word(id)] | bit(id) }
    private func unmark(_ id: UInt64) { words[word(id)] = words[word(id)] & ~bit(id) }

    private func word(_ id: UInt64) -> Int { Int(truncatingIfNeeded: (id & (Self.width &- 1)) &>> 6) }
    private func bit(_ id: UInt64) -> UInt64 { 1 &<< (id & 63) }
}
