// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// Why a book is no longer right; the raw value is the `reason` of an invalid `md.book`.
public enum BookFault: String, Error, Sendable, CaseIterable {
    /// Something between two increments is missing.
    case gap
    /// The best bid is at or above the best ask.
    case crossed
    /// The venue's sum, or its own snapshot, says something else.
    case checksum
    /// A frame about the book could not be read, or says what can't be.
    case undecodable
    /// The venue's sequence started over.
    case reset
    /// The connection closed or broke.
    case connectionLost = "connection_lost"
    /// The connection is open and silent.
    case silent
    /// The venue refused the subscription or ended it.
    case unsubscribed
    /// The feed is stopping.
    case shutdown
}

/// What all records about a book say of it.
public struct BookStamp: Hashable, Sendable {
    /// When the venue says it became so.
    ///
    /// - Unit: microseconds since the Unix epoch; ``EventTime/none``.
    public var exchangeMicroseconds: Int64
    /// When the frame was read that made it so.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var receivedMicroseconds: Int64
    /// The venue's number that the book is at; ``VenueSequence/none``.
    public var sequence: Int64
    /// The venue's number before; ``VenueSequence/none``.
    public var previous: Int64
    /// Grows with every new beginning of the book: when the snapshot was read that it began with.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var epoch: Int64
    /// The levels a side that the venue limits the book to; nil: no limit.
    public var depth: Int?
    /// The lowest bid up to which the book is proven; nil: all of it.
    public var horizonBid: ScaledDecimal?
    /// The highest ask up to which the book is proven; nil: all of it.
    public var horizonAsk: ScaledDecimal?
}

/// What a ``BookMachine`` wants done, in the order in which it calls.
///
/// Books and levels are borrowed for the call.
public protocol BookOutput {
    /// Publish the book as it stands up to the stamp's horizon, at most `limit` levels a side.
    mutating func publishSnapshot(_ book: borrowing OrderBook, limit: Int, _ stamp: BookStamp)
    /// Publish a change; both sides the best first.
    mutating func publishDelta(
        bids: UnsafeBufferPointer<PriceLevel>,
        asks: UnsafeBufferPointer<PriceLevel>,
        _ stamp: BookStamp
    )
    /// Say that the book that was published does not hold any more.
    mutating func publishInvalid(_ fault: BookFault, _ stamp: BookStamp)
    /// Get a snapshot as ``BookRules/source`` says.
    ///
    /// Called again for each one that was of no use; waiting and giving up are the caller's business.
    mutating func needSnapshot(_ why: BookNeed)
}

/// Why a snapshot is needed.
public enum BookNeed: Hashable, Sendable {
    /// Increments have begun to come.
    case begin
    /// The last snapshot was of no use: older than the increments kept, crossed, or wrong in itself.
    case useless
    /// The book was given up.
    case fault(BookFault)
    /// The market comes near the end of what the last snapshot proves: the book is right, and should prove more.
    case horizon
}

/// The limits of a book.
public struct BookSettings: Hashable, Sendable {
    /// How long after the last published snapshot the next follows.
    ///
    /// - Unit: microseconds.
    public var snapshotMicroseconds: Int64 = 10_000_000
    /// After how many deltas it follows at the latest.
    public var snapshotDeltas = 1_000
    /// The most levels a side of a published snapshot.
    public var publishedLevels = 1_000
    /// The most increments that wait for a snapshot; the oldest go.
    ///
    /// A snapshot joins to increments of the seconds in which it was asked for: minutes are kept, not hours, since in an
    /// outage all books wait at once.
    public var bufferedFrames = 2_048
    /// The most levels of increments that wait.
    public var bufferedLevels = 65_536
    /// A side with more levels than any market has is a book gone wrong.
    public var maximumLevels = 500_000

    /// The usual limits.
    public init() {}
}
