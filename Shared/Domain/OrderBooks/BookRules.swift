// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// How an increment stands to the book.
public enum BookLink: Hashable, Sendable {
    /// The book contains it already: drop it.
    case stale
    /// It is the next one: apply it; its last number becomes the book's.
    case next
    /// Something between is missing: the book must begin anew from a snapshot.
    case gap
}

/// The numbers by which a venue orders the pushes of one book; ``VenueSequence/none`` where it gives none.
public struct BookSequence: Hashable, Sendable {
    /// The first change that the push contains (Binance `U`).
    public var first: Int64
    /// The last one: what the book is at after it (Binance `u`, OKX `seqId`, HTX `seqNum` or `version`).
    public var last: Int64
    /// What the book must be at before it (Binance futures `pu`, OKX `prevSeqId`, HTX `prevSeqNum`).
    public var previous: Int64

    /// Makes the numbers of a push.
    public init(
        first: Int64 = VenueSequence.none,
        last: Int64 = VenueSequence.none,
        previous: Int64 = VenueSequence.none
    ) {
        self.first = first
        self.last = last
        self.previous = previous
    }

    /// A push without numbers.
    public static let none = BookSequence()
}

/// Where a book's snapshots come from.
public enum BookSource: Hashable, Sendable {
    /// The venue pushes one in the stream when it is subscribed: increments before it mean nothing, and to get another
    /// the stream is ended and subscribed again (OKX, Coinbase, HTX swaps).
    case stream
    /// A REST call asks for one; increments are kept until it is there (Binance). Nil levels: all that there are.
    case call(levels: Int?)
    /// A frame on the same connection asks for one; increments are kept until it is there (HTX spot).
    case request
}

/// How much of the book a venue tells.
public enum BookScope: Hashable, Sendable {
    /// All of it (Coinbase).
    case whole
    /// Every change, but a snapshot of a limited depth: what lies beyond the snapshot's outermost prices is known
    /// only where it changed since (Binance).
    case snapshot
    /// Only the best levels: one that leaves them is not deleted, so each side is cut after every push (OKX, HTX).
    case window
}

/// A venue's sum over the top of the book.
public struct BookChecksum: Hashable, Sendable {
    /// How many levels of each side it covers.
    public var levels: Int
    /// What one of the venue's contracts is in our sizes; nil where sizes are as the venue states them.
    public var unit: ScaledDecimal?

    /// Describes a sum.
    public init(levels: Int, unit: ScaledDecimal?) {
        self.levels = levels
        self.unit = unit
    }
}

/// What a venue's documents say about keeping a book: the sequence rule as pure functions, and where snapshots come from.
///
/// A venue's `BookSync.swift` makes one value an instrument and returns it from `Venue.bookRules(of:)`. Its functions
/// quote the venue's recipe step by step and are pure; ``BookMachine`` does the rest (keeping increments while a
/// snapshot loads, bridging, applying, cutting, recovery). How to write one:
///
/// 1. `join` judges increments from a snapshot on until the first one fits: `.stale` for those that the snapshot
///    contains, `.next` for the one that bridges, `.gap` where the snapshot is too old (it is then fetched again).
/// 2. `follow` judges every later one by the number that the book is at. `.gap` invalidates the book. A push that
///    repeats the number and has no levels (a keep-alive) is `.next`, too: it gives no record.
/// 3. A venue without numbers (``sequenceless(source:scope:depth:)``) answers `.next` to all; what can go wrong is
///    then seen by a checksum or a crossed book only.
/// 4. The functions must answer every number, also ``VenueSequence/none`` and the extremes of 64 bits: use `&+`.
///
/// ```swift
/// enum KrakenBookSync {
///     static func rules(of instrument: Instrument) -> BookRules {
///         BookRules(source: .stream, scope: .window, depth: 100, join: follow, follow: follow)
///     }
///     /// Step 3: `prev` must be the number before.
///     static func follow(book: Int64, push: BookSequence) -> BookLink {
///         push.previous == book ? .next : push.last <= book ? .stale : .gap
///     }
/// }
/// ```
public struct BookRules: Sendable {
    /// The number that the book is at, and a push's numbers, to how they stand to each other.
    public typealias Link = @Sendable (_ book: Int64, _ push: BookSequence) -> BookLink

    /// Where snapshots come from.
    public var source: BookSource
    /// How much of the book the venue tells.
    public var scope: BookScope
    /// The levels a side that the channel is limited to where the frame does not say; nil: no limit.
    public var depth: Int?
    /// Judges increments from a snapshot until the first one fits.
    public var join: Link
    /// Judges every later increment.
    public var follow: Link
    /// A sum that increments carry, looked at where they carry no numbers.
    public var checksum: BookChecksum?
    /// How long to wait from the first kept increment until a snapshot is asked for, so that the two meet.
    ///
    /// - Unit: milliseconds.
    public var settleMilliseconds: Int64
    /// How many snapshots the venue lets one client have in a minute, over all its books.
    public var snapshotsPerMinute: Int
    /// Whether `md.bbo` is the top of this book, because the venue has no better stream for it (Coinbase).
    public var makesQuotes: Bool

    /// Makes rules.
    public init(
        source: BookSource,
        scope: BookScope,
        depth: Int?,
        join: @escaping Link,
        follow: @escaping Link,
        checksum: BookChecksum? = nil,
        settleMilliseconds: Int64 = 0,
        snapshotsPerMinute: Int = 20,
        makesQuotes: Bool = false
    ) {
        self.source = source
        self.scope = scope
        self.depth = depth
        self.join = join
        self.follow = follow
        self.checksum = checksum
        self.settleMilliseconds = settleMilliseconds
        self.snapshotsPerMinute = snapshotsPerMinute
        self.makesQuotes = makesQuotes
    }

    /// The rules of a venue that numbers nothing.
    public static func sequenceless(source: BookSource, scope: BookScope, depth: Int?) -> BookRules {
        BookRules(
            source: source,
            scope: scope,
            depth: depth,
            join: { _, _ in .next },
            follow: { _, _ in .next }
        )
    }
}
