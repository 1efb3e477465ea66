// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// Keeps one book by a venue's rules: frames go in, and what to publish and to ask for comes out.
///
/// It owns no socket and no clock. `waiting` (increments are kept while a snapshot loads) → `joining` (a snapshot is
/// there, newer than all that was kept) → `live`; and back to `waiting` at every fault, after saying `invalid`.
///
/// - Thread: its owner's. Allocates: never while a live book of known size changes.
public struct BookMachine: ~Copyable {
    /// Where a book stands.
    public enum State: Hashable, Sendable {
        /// There is no snapshot.
        case waiting
        /// There is one, and no increment fits to it yet.
        case joining
        /// The book is right and published.
        case live
    }

    /// The venue's rules.
    public let rules: BookRules
    /// The limits.
    public let settings: BookSettings
    /// Where the book stands.
    public internal(set) var state = State.waiting
    /// The book; of meaning while live.
    public internal(set) var book = OrderBook()
    /// The venue's number that the book is at; ``VenueSequence/none``.
    public internal(set) var sequence = VenueSequence.none
    /// When the snapshot was read that the book began with, or 0.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public internal(set) var epoch: Int64 = 0

    var depth: Int?
    var horizon = BookHorizon()
    /// Whether an increment has followed the snapshot.
    var isBridged = false
    /// The snapshot's stamp, published when an increment bridges.
    var held: BookStamp?
    var buffer: BookBuffer
    var bidScratch = LevelScratch()
    var askScratch = LevelScratch()
    /// The number of the snapshot that the book began with.
    var began = VenueSequence.none
    var refresh: BookRefresh?
    /// The levels that the last comparison found different and that another must find again.
    var suspects: BookPrices?
    var comparison: BookComparison?
    var hasAskedForHorizon = false
    private var deltas = 0
    private var publishedAt: Int64 = 0
    var repeats = 0

    /// So many increments in a row that the book contains already mean that the venue counts anew.
    static let repeatLimit = 200

    /// Makes a machine that waits for its first frame.
    ///
    /// - Parameters:
    ///   - rules: the venue's.
    ///   - settings: the limits.
    ///   - epoch: the last ``epoch`` of this book in earlier machines; the next is greater.
    public init(rules: BookRules, settings: BookSettings = BookSettings(), epoch: Int64 = 0) {
        self.epoch = epoch
        self.rules = rules
        self.settings = settings
        buffer = BookBuffer(frames: settings.bufferedFrames, levels: settings.bufferedLevels)
    }

    /// Increments that wait for a snapshot.
    public var waitingFrames: Int { buffer.count }
    /// Increments that were let go because too many waited, since the machine was made.
    public var droppedFrames: UInt64 { buffer.dropped }

    /// How an increment with these numbers stands to the live book.
    public func link(_ push: BookSequence) -> BookLink {
        isBridged ? rules.follow(sequence, push) : rules.join(sequence, push)
    }

    /// Takes one push or answer in.
    @inline(__always)
    public mutating func take(_ frame: borrowing BookFrame, _ output: inout some BookOutput) {
        switch frame.kind {
        case .delta where state == .live: advance(frame, &output)
        case .delta: wait(frame, &output)
        case .snapshot: load(frame, &output)
        case .whole: replace(frame, &output)
        }
    }

    /// The book does not hold any more for a reason that no frame says; says so if it was live.
    ///
    /// - Parameters:
    ///   - fault: the reason.
    ///   - now: Unit: microseconds since the Unix epoch.
    ///   - output: what is to be done.
    public mutating func end(_ fault: BookFault, now: Int64, _ output: inout some BookOutput) {
        invalidate(fault, received: now, &output)
        buffer.removeAll()
    }

    /// The book can't be trusted for a reason that no increment shows, as a frame about it that could not be read: begins
    /// anew.
    public mutating func distrust(_ fault: BookFault, now: Int64, _ output: inout some BookOutput) {
        let wasKnown = state != .waiting || buffer.count > 0
        invalidate(fault, received: now, &output)
        buffer.removeAll()
        if wasKnown { output.needSnapshot(.fault(fault)) }
    }

    /// Forgets the book without a word: a recording shows that a connection began anew, not when the old one died.
    public mutating func abandon() {
        forget()
        buffer.removeAll()
    }
}

// MARK: A live book

extension BookMachine {
    /// An increment of a live book.
    @inline(__always)
    mutating func advance(_ frame: borrowing BookFrame, _ output: inout some BookOutput) {
        switch link(frame.sequence) {
        case .next: change(frame, &output)
        case .stale: repeated(frame, &output)
        case .gap: fail(.gap, frame, &output)
        }
    }

    @inline(__always)
    private mutating func change(_ frame: borrowing BookFrame, _ output: inout some BookOutput) {
        let before = sequence
        sequence = frame.sequence.last
        isBridged = true
        repeats = 0
        // A frame without levels is news only where it moves the number on.
        if frame.isEmpty, sequence == before { return }
        guard !frame.isAbsurd else { return fail(.undecodable, frame, &output) }
        book.apply(.bids, frame.bids)
        book.apply(.asks, frame.asks)
        if rules.scope == .window, let depth { book.cut(to: depth) }
        guard let fault = fault(of: frame) else {
            if refresh != nil { keepForRefresh(frame) }
            publish(frame, &output)
            if refresh != nil { concludeRefresh(frame, &output) }
            return
        }
        fail(fault, frame, &output)
    }

    /// What is wrong with the book after a frame.
    @inline(__always)
    func fault(of frame: borrowing BookFrame) -> BookFault? {
        if book.isCrossed { return .crossed }
        if let sum = rules.checksum, frame.checksum != 0, frame.sequence.last == VenueSequence.none,
            book.checksum(levels: sum.levels, unit: sum.unit) != frame.checksum
        {
            return .checksum
        }
        let limit = settings.maximumLevels
        return book.count(.bids) > limit || book.count(.asks) > limit ? .undecodable : nil
    }

    /// An increment that the book contains: a copy that came again, one from before the snapshot, or a new count.
    private mutating func repeated(_ frame: borrowing BookFrame, _ output: inout some BookOutput) {
        repeats += 1
        let last = frame.sequence.last
        let isAnew = isBridged && last <= began
        if isAnew || repeats >= Self.repeatLimit { fail(.reset, frame, &output) }
    }

    @inline(__always)
    private mutating func publish(_ frame: borrowing BookFrame, _ output: inout some BookOutput) {
        let stamp = stamp(frame)
        output.publishDelta(
            bids: bidScratch.ordered(frame.bids, .bids),
            asks: askScratch.ordered(frame.asks, .asks),
            stamp
        )
        deltas &+= 1
        let age = stamp.receivedMicroseconds &- publishedAt
        if deltas >= settings.snapshotDeltas || age >= settings.snapshotMicroseconds {
            publishSnapshot(stamp, &output)
        }
        if deltas & 15 == 0, !hasAskedForHorizon, horizon.isNear(book) {
            hasAskedForHorizon = true
            output.needSnapshot(.horizon)
        }
    }

    mutating func publishSnapshot(_ stamp: BookStamp, _ output: inout some BookOutput) {
        var stamp = stamp
        stamp.previous = VenueSequence.none
        deltas = 0
        publishedAt = stamp.receivedMicroseconds
        output.publishSnapshot(book, limit: settings.publishedLevels, stamp)
    }

    /// Publishes the whole of a live book once more, for readers who have not seen it begin.
    ///
    /// - Parameters:
    ///   - now: Unit: microseconds since the Unix epoch.
    ///   - output: what is to be done.
    public mutating func restate(now: Int64, _ output: inout some BookOutput) {
        guard state == .live else { return }
        var stamp = endStamp(now)
        stamp.sequence = sequence
        stamp.horizonBid = horizon.bid
        stamp.horizonAsk = horizon.ask
        publishSnapshot(withWindow(stamp), &output)
    }

    /// What a record about the book after this frame says.
    @inline(__always)
    func stamp(_ frame: borrowing BookFrame) -> BookStamp {
        let stamp = BookStamp(
            exchangeMicroseconds: frame.exchangeMicroseconds,
            receivedMicroseconds: frame.receivedMicroseconds,
            sequence: frame.sequence.last,
            previous: frame.sequence.previous,
            epoch: epoch,
            depth: depth,
            horizonBid: horizon.bid,
            horizonAsk: horizon.ask
        )
        return withWindow(stamp)
    }

    /// The horizon of a book that is cut at a depth is its outermost level.
    @inline(__always)
    private func withWindow(_ stamp: BookStamp) -> BookStamp {
        var stamp = stamp
        guard rules.scope == .window, let depth else { return stamp }
        if book.count(.bids) >= depth { stamp.horizonBid = book.outermostPrice(.bids) }
        if book.count(.asks) >= depth { stamp.horizonAsk = book.outermostPrice(.asks) }
        return stamp
    }
}

// MARK: Faults

extension BookMachine {
    /// Gives the book up; the frame may be the first after the snapshot that is asked for.
    mutating func fail(_ fault: BookFault, _ frame: borrowing BookFrame, _ output: inout some BookOutput) {
        var stamp = endStamp(frame.receivedMicroseconds)
        stamp.exchangeMicroseconds = frame.exchangeMicroseconds
        stamp.sequence = frame.sequence.last
        stamp.previous = frame.sequence.previous
        if state == .live { output.publishInvalid(fault, stamp) }
        forget()
        buffer.removeAll()
        if rules.source != .stream, frame.kind == .delta, fault != .undecodable { buffer.append(frame) }
        output.needSnapshot(.fault(fault))
    }

    private mutating func invalidate(_ fault: BookFault, received: Int64, _ output: inout some BookOutput) {
        if state == .live { output.publishInvalid(fault, endStamp(received)) }
        forget()
    }

    /// What a record says that ends the book, read at a time in microseconds since the Unix epoch.
    public func endStamp(_ received: Int64) -> BookStamp {
        BookStamp(
            exchangeMicroseconds: EventTime.none,
            receivedMicroseconds: received,
            sequence: VenueSequence.none,
            previous: VenueSequence.none,
            epoch: epoch,
            depth: depth
        )
    }

    mutating func forget() {
        state = .waiting
        book.removeAll()
        sequence = VenueSequence.none
        held = nil
        refresh = nil
        suspects = nil
        isBridged = false
        repeats = 0
        hasAskedForHorizon = false
    }

    mutating func begin(_ received: Int64) {
        epoch = max(epoch &+ 1, received)
        began = sequence
        if refresh != nil { cancelRefresh() }
        suspects = nil
        isBridged = false
        repeats = 0
        hasAskedForHorizon = false
    }
}
