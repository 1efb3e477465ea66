// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// One push or answer about one book, borrowed from whoever decoded it.
public struct BookFrame {
    /// What it does to the book.
    public enum Kind: Hashable, Sendable {
        /// It begins the book: everything before means nothing.
        case snapshot
        /// It is the whole book again, as the venue pushes it every time: the book goes on.
        case whole
        /// It changes some levels.
        case delta
    }

    /// What it does to the book.
    public var kind: Kind
    /// The venue's numbers.
    public var sequence: BookSequence
    /// When the venue says it became so.
    ///
    /// - Unit: microseconds since the Unix epoch; ``EventTime/none``.
    public var exchangeMicroseconds: Int64
    /// When it was read.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var receivedMicroseconds: Int64
    /// The venue's sum over the top of the book; 0: none.
    public var checksum: Int32
    /// The levels a side that it is limited to; nil: as the rules say.
    public var depth: Int?
    /// Buyers; valid as long as the frame.
    public var bids: UnsafeBufferPointer<PriceLevel>
    /// Sellers; valid as long as the frame.
    public var asks: UnsafeBufferPointer<PriceLevel>

    /// Borrows a push.
    public init(
        kind: Kind,
        sequence: BookSequence,
        exchangeMicroseconds: Int64,
        receivedMicroseconds: Int64,
        checksum: Int32 = 0,
        depth: Int? = nil,
        bids: UnsafeBufferPointer<PriceLevel>,
        asks: UnsafeBufferPointer<PriceLevel>
    ) {
        self.kind = kind
        self.sequence = sequence
        self.exchangeMicroseconds = exchangeMicroseconds
        self.receivedMicroseconds = receivedMicroseconds
        self.checksum = checksum
        self.depth = depth
        self.bids = bids
        self.asks = asks
    }

    /// Whether it holds no level.
    var isEmpty: Bool { bids.isEmpty && asks.isEmpty }

    /// Whether a level can't be: a price of nothing or less, or a size below nothing.
    var isAbsurd: Bool { Self.isAbsurd(bids) || Self.isAbsurd(asks) }

    private static func isAbsurd(_ levels: UnsafeBufferPointer<PriceLevel>) -> Bool {
        for index in levels.indices where !levels[index].price.isPositive || levels[index].size.isNegative {
            return true
        }
        return false
    }
}

/// Memory in which levels are put in order, used again and again.
struct LevelScratch: ~Copyable {
    private var memory = UnsafeMutableBufferPointer<PriceLevel>.allocate(capacity: 0)

    deinit { memory.deallocate() }

    /// The levels, the best first: themselves where they are in order, else a copy that is valid until the next call.
    ///
    /// Levels of one price keep their order.
    mutating func ordered(
        _ levels: UnsafeBufferPointer<PriceLevel>,
        _ half: BookHalf
    ) -> UnsafeBufferPointer<PriceLevel> {
        guard levels.count > 1 else { return levels }
        var isOrdered = true
        var isReversed = true
        for index in 1..<levels.count {
            let (before, after) = (levels[index &- 1].price, levels[index].price)
            let isBetter = half == .bids ? before < after : after < before
            if isBetter { isOrdered = false } else { isReversed = false }
        }
        if isOrdered { return levels }
        if memory.count < levels.count {
            memory.deallocate()
            memory = .allocate(capacity: levels.count * 2)
        }
        let copy = UnsafeMutableBufferPointer(rebasing: memory[0..<levels.count])
        if isReversed {
            for index in levels.indices { copy[index] = levels[levels.count &- 1 &- index] }
        } else {
            _ = copy.update(from: levels)
            Self.sort(copy, half)
        }
        return UnsafeBufferPointer(copy)
    }

    private static func sort(_ levels: UnsafeMutableBufferPointer<PriceLevel>, _ half: BookHalf) {
        if levels.count > 64 {
            // The standard library's sort keeps equal elements in order; it takes memory for long lists only.
            var levels = levels
            levels.sort { half == .bids ? $1.price < $0.price : $0.price < $1.price }
            return
        }
        for index in 1..<levels.count {
            let level = levels[index]
            var place = index
            while place > 0 {
                let before = levels[place &- 1]
                guard half == .bids ? before.price < level.price : level.price < before.price else { break }
                levels[place] = before
                place &-= 1
            }
            levels[place] = level
        }
    }
}

/// Frames that wait for a snapshot, oldest first, in bounded memory: when it is full the oldest go.
///
/// A slow or refused snapshot lets megabytes wait; they are given back with the frames, for a feed has hundreds of books
/// and each has its bad minute one day.
///
/// - Allocates: as frames come; a live book keeps none.
struct BookBuffer: ~Copyable {
    private struct Entry {
        var kind: BookFrame.Kind
        var sequence: BookSequence
        var exchange: Int64
        var received: Int64
        var checksum: Int32
        var depth: Int?
        var first: Int
        var bids: Int
        var asks: Int
    }

    private let frameLimit: Int
    private let levelLimit: Int
    private var entries: ContiguousArray<Entry> = []
    private var levels: ContiguousArray<PriceLevel> = []
    private var head = 0
    /// Frames that were let go because there was no room, since it was made.
    private(set) var dropped: UInt64 = 0

    init(frames: Int, levels: Int) {
        frameLimit = max(frames, 1)
        levelLimit = max(levels, 1)
    }

    /// How many frames wait.
    var count: Int { entries.count &- head }

    /// Forgets all, and frees its memory.
    mutating func removeAll() {
        entries = []
        levels = []
        head = 0
    }

    /// What waits, which waits here no more.
    mutating func taken() -> BookBuffer {
        var other = BookBuffer(frames: frameLimit, levels: levelLimit)
        swap(&entries, &other.entries)
        swap(&levels, &other.levels)
        swap(&head, &other.head)
        return other
    }

    /// Keeps a copy of a frame.
    mutating func append(_ frame: borrowing BookFrame) {
        let more = frame.bids.count + frame.asks.count
        guard more <= levelLimit else {
            dropped &+= 1
            return removeAll()
        }
        while count > 0, count >= frameLimit || waitingLevels + more > levelLimit {
            head += 1
            dropped &+= 1
        }
        compact()
        entries.append(
            Entry(
                kind: frame.kind,
                sequence: frame.sequence,
                exchange: frame.exchangeMicroseconds,
                received: frame.receivedMicroseconds,
                checksum: frame.checksum,
                depth: frame.depth,
                first: levels.count,
                bids: frame.bids.count,
                asks: frame.asks.count
            )
        )
        levels.append(contentsOf: frame.bids)
        levels.append(contentsOf: frame.asks)
    }

    /// Shows the frames, oldest first, until `body` returns false; which are then forgotten is `removeFirst`'s matter.
    func forEach(_ body: (Int, borrowing BookFrame) -> Bool) {
        levels.withUnsafeBufferPointer { levels in
            for index in head..<entries.count {
                let entry = entries[index]
                let bids = entry.first..<(entry.first + entry.bids)
                let frame = BookFrame(
                    kind: entry.kind,
                    sequence: entry.sequence,
                    exchangeMicroseconds: entry.exchange,
                    receivedMicroseconds: entry.received,
                    checksum: entry.checksum,
                    depth: entry.depth,
                    bids: UnsafeBufferPointer(rebasing: levels[bids]),
                    asks: UnsafeBufferPointer(
                        rebasing: levels[bids.upperBound..<(bids.upperBound + entry.asks)]
                    )
                )
                if !body(index - head, frame) { return }
            }
        }
    }

    /// The numbers of a waiting frame.
    func sequence(_ index: Int) -> BookSequence { entries[head + index].sequence }

    /// The number of the last waiting frame.
    var lastNumber: Int64? { count > 0 ? entries.last?.sequence.last : nil }

    private var waitingLevels: Int {
        head < entries.count ? levels.count - entries[head].first : 0
    }

    /// Moves what waits to the front once more than half of the memory is behind it.
    private mutating func compact() {
        guard head > 0, head * 2 >= entries.count else { return }
        let first = head < entries.count ? entries[head].first : levels.count
        entries.removeSubrange(0..<head)
        levels.removeSubrange(0..<first)
        for index in entries.indices { entries[index].first -= first }
        head = 0
    }
}
