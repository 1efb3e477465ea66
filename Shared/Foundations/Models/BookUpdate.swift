// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint

/// What a frame or a REST answer says about an order book; its levels are in ``EventBatch/levels``.
///
/// Which of the sequence numbers a venue has is in its `BookSync`; those it has not are ``VenueSequence/none``.
public struct BookUpdate: Sendable {
    /// What an update is.
    public enum Kind: UInt8, Sendable {
        /// The book, whole or to the depth that the venue gives: it begins anew here.
        case snapshot
        /// The book once more, from a channel that pushes nothing else (HTX `step0`): it goes on.
        case whole
        /// Changes: size 0 removes a level.
        case delta
    }

    /// The instrument.
    public var instrument: InstrumentID
    /// When the venue says it became so.
    ///
    /// - Unit: microseconds since the Unix epoch; ``EventTime/none``.
    public var exchangeMicroseconds: Int64
    /// Whether the book is all there is, or changes come to it.
    public var kind: Kind
    /// The first sequence number that the update covers.
    public var firstSequence: Int64
    /// The last sequence number that it covers; the book's number afterwards.
    public var lastSequence: Int64
    /// The number that the book must have before.
    public var previousSequence: Int64
    /// The venue's checksum over the book afterwards; nil where it gives none.
    public var checksum: Int32?
    /// How many levels a side the snapshot was limited to; nil where it is the whole book or the channel says it.
    public var depth: Int32?
    /// The bids in ``EventBatch/levels``.
    public var bids: Range<Int>
    /// The asks in ``EventBatch/levels``.
    public var asks: Range<Int>

    /// Makes the event.
    public init(
        instrument: InstrumentID,
        exchangeMicroseconds: Int64,
        kind: Kind,
        firstSequence: Int64 = VenueSequence.none,
        lastSequence: Int64 = VenueSequence.none,
        previousSequence: Int64 = VenueSequence.none,
        checksum: Int32? = nil,
        depth: Int32? = nil,
        bids: Range<Int>,
        asks: Range<Int>
    ) {
        self.instrument = instrument
        self.exchangeMicroseconds = exchangeMicroseconds
        self.kind = kind
        self.firstSequence = firstSequence
        self.lastSequence = lastSequence
        self.previousSequence = previousSequence
        self.checksum = checksum
        self.depth = depth
        self.bids = bids
        self.asks = asks
    }
}
