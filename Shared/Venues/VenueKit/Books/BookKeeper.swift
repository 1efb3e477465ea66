// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import OrderBooks
import Wire

/// Who gets the snapshots that a keeper's books need.
protocol BookKeeperDelegate: AnyObject {
    /// A book needs a snapshot; asked again for each one that was of no use.
    func book(of instrument: InstrumentID, needs why: BookNeed)
    /// A book that was not is live.
    func bookDidBegin(_ instrument: InstrumentID)
    /// A live book was compared with a snapshot.
    func book(of instrument: InstrumentID, compared result: BookComparison)
}

/// The records that a book's updates become.
struct BookChannels: OptionSet {
    let rawValue: UInt8
    /// `md.book`.
    static let book = BookChannels(rawValue: 1)
    /// `md.bbo`, on venues where it is the top of the book.
    static let quotes = BookChannels(rawValue: 2)
}

/// The last `book_epoch` of every book, over all connections.
package final class BookEpochs {
    private var epochs: [InstrumentID: Int64] = [:]

    /// Knows none.
    package init() {}

    subscript(_ instrument: InstrumentID) -> Int64 {
        get { epochs[instrument] ?? 0 }
        set { epochs[instrument] = newValue }
    }
}

/// The books of some instruments: updates go in, `md.book` records come out through the pipeline.
///
/// - Thread: that of the feed. Allocates: never for a live book of known size; snapshots of a grown book do.
package final class BookKeeper {
    /// One instrument's book.
    final class Kept {
        let instrument: InstrumentID
        var machine: BookMachine
        var channels: BookChannels
        /// The quote that was last published, on venues where quotes are the top of the book.
        var quote: BestQuote?
        /// Whether the book was live before its own records were wanted: a snapshot is due before the next of them.
        var owesSnapshot = false
        /// What the machine asked for; told when it is at rest, because who is told looks at it.
        var needs: ContiguousArray<BookNeed> = []
        /// The last known epoch of the book.
        var epoch: Int64 = 0
        /// The epoch of the records' stream, if it begins now, and the time at which they are published.
        var times = (epoch: Int64(0), published: Int64(0))

        init(_ instrument: InstrumentID, _ machine: consuming BookMachine, _ channels: BookChannels) {
            self.instrument = instrument
            self.machine = machine
            self.channels = channels
        }
    }

    /// Told what the books need.
    weak var delegate: (any BookKeeperDelegate)?
    private let venue: any Venue
    private let instruments: InstrumentTable
    private let pipeline: StreamPipeline
    private let settings: BookSettings
    private let epochs: BookEpochs
    private var books: ContiguousArray<Kept?> = []
    private var bids: ContiguousArray<PriceLevel> = []
    private var asks: ContiguousArray<PriceLevel> = []

    /// Keeps no book yet.
    package init(
        venue: any Venue,
        instruments: InstrumentTable,
        pipeline: StreamPipeline,
        settings: BookSettings = BookSettings(),
        epochs: BookEpochs = BookEpochs()
    ) {
        self.venue = venue
        self.instruments = instruments
        self.pipeline = pipeline
        self.settings = settings
        self.epochs = epochs
    }

    /// The book of an instrument, made when it is first asked for; nil where the venue has no rules for it.
    func book(_ instrument: InstrumentID, _ channels: BookChannels = [.book, .quotes]) -> Kept? {
        let place = Int(instrument.index)
        if place < books.count, let kept = books[place] { return kept }
        guard let rules = venue.bookRules(of: instruments[instrument]) else { return nil }
        let machine = BookMachine(rules: rules, settings: settings, epoch: epochs[instrument])
        let kept = Kept(instrument, machine, channels)
        while books.count <= place { books.append(nil) }
        books[place] = kept
        return kept
    }

    /// The book of an instrument if there is one.
    func known(_ instrument: InstrumentID) -> Kept? {
        let place = Int(instrument.index)
        return place < books.count ? books[place] : nil
    }

    /// All books.
    var all: some Sequence<Kept> { books.lazy.compactMap { $0 } }

    /// Takes the book updates of one frame.
    ///
    /// - Parameters:
    ///   - batch: the frame's events.
    ///   - epoch: the epoch of streams that begin with this frame. Unit: microseconds since the Unix epoch.
    ///   - received: when the frame was read. Unit: microseconds since the Unix epoch.
    ///   - published: now. Unit: microseconds since the Unix epoch.
    package func take(_ batch: borrowing EventBatch, epoch: Int64, received: Int64, published: Int64) {
        batch.levels.withUnsafeBufferPointer { levels in
            for index in batch.books.indices {
                let update = batch.books[index]
                guard let kept = book(update.instrument),
                    update.bids.upperBound <= levels.count, update.asks.upperBound <= levels.count
                else { continue }
                let frame = BookFrame(update, levels, received: received)
                take(frame, kept, epoch: epoch, published: published)
            }
        }
    }

    private func take(_ frame: borrowing BookFrame, _ kept: Kept, epoch: Int64, published: Int64) {
        kept.times = (epoch, published)
        let wasLive = kept.machine.state == .live
        var writer = BookWriter(keeper: self, kept: kept)
        if kept.owesSnapshot {
            kept.owesSnapshot = false
            kept.machine.restate(now: frame.receivedMicroseconds, &writer)
        }
        kept.machine.take(frame, &writer)
        if kept.channels.contains(.quotes), kept.machine.rules.makesQuotes {
            publishQuote(kept, exchange: frame.exchangeMicroseconds, received: frame.receivedMicroseconds)
        }
        if kept.machine.isCompared, let result = kept.machine.takeComparison() {
            delegate?.book(of: kept.instrument, compared: result)
        }
        if kept.machine.epoch != kept.epoch {
            kept.epoch = kept.machine.epoch
            epochs[kept.instrument] = kept.epoch
        }
        if !wasLive, kept.machine.state == .live { delegate?.bookDidBegin(kept.instrument) }
        if !kept.needs.isEmpty { tell(kept) }
    }

    private func tell(_ kept: Kept) {
        let needs = kept.needs
        kept.needs.removeAll()
        for need in needs { delegate?.book(of: kept.instrument, needs: need) }
    }

    /// A book does not hold any more, for a reason that no frame says.
    package func end(_ instrument: InstrumentID, _ fault: BookFault, now: Int64) {
        guard let kept = known(instrument) else { return }
        kept.times = (now, now)
        var writer = BookWriter(keeper: self, kept: kept)
        kept.machine.end(fault, now: now, &writer)
        kept.quote = nil
    }

    /// The records of one channel end while the book goes on for the other's.
    func stop(_ channel: BookChannels, of instrument: InstrumentID, now: Int64) {
        guard let kept = known(instrument) else { return }
        kept.times = (now, now)
        if channel == .book, kept.machine.state == .live, !kept.owesSnapshot {
            let none = UnsafeBufferPointer<PriceLevel>(start: nil, count: 0)
            publish(.invalid, kept.machine.endStamp(now), kept, bids: none, asks: none, reason: .unsubscribed)
        }
        if channel == .quotes { kept.quote = nil }
        kept.channels.remove(channel)
        kept.owesSnapshot = false
    }

    /// Lets a book go; its next one has a later epoch.
    func forget(_ instrument: InstrumentID) {
        let place = Int(instrument.index)
        if place < books.count { books[place] = nil }
    }

    /// The answer to a snapshot that was asked for beside the stream.
    func compare(_ batch: borrowing EventBatch, received: Int64) {
        batch.levels.withUnsafeBufferPointer { levels in
            for index in batch.books.indices {
                let update = batch.books[index]
                guard let kept = known(update.instrument),
                    update.bids.upperBound <= levels.count, update.asks.upperBound <= levels.count
                else { continue }
                kept.machine.compare(BookFrame(update, levels, received: received))
            }
        }
    }

    /// Ends a comparison with what there is.
    func concludeComparison(_ instrument: InstrumentID) {
        guard let kept = known(instrument) else { return }
        kept.machine.concludeComparison()
        guard let result = kept.machine.takeComparison() else { return kept.machine.cancelRefresh() }
        delegate?.book(of: instrument, compared: result)
    }

    /// A frame about a book could not be read.
    package func undecodable(_ instrument: InstrumentID, epoch: Int64, received: Int64, published: Int64) {
        guard let kept = known(instrument) else { return }
        kept.times = (epoch, published)
        var writer = BookWriter(keeper: self, kept: kept)
        kept.machine.distrust(.undecodable, now: received, &writer)
        tell(kept)
    }

    /// The venue's own snapshot shows that a book is wrong.
    func refute(_ instrument: InstrumentID, now: Int64) {
        guard let kept = known(instrument) else { return }
        kept.times = (now, now)
        var writer = BookWriter(keeper: self, kept: kept)
        kept.machine.distrust(.checksum, now: now, &writer)
        kept.quote = nil
        tell(kept)
    }
}

// MARK: Records

extension BookKeeper {
    fileprivate func publish(
        _ kind: BookHead.Kind,
        _ stamp: BookStamp,
        _ kept: Kept,
        bids: UnsafeBufferPointer<PriceLevel>,
        asks: UnsafeBufferPointer<PriceLevel>,
        reason: InvalidReason? = nil
    ) {
        guard kept.channels.contains(.book) else { return }
        let head = BookHead(
            kind: kind,
            exchangeMicroseconds: stamp.exchangeMicroseconds,
            venueSequence: stamp.sequence,
            previousSequence: stamp.previous,
            bookEpoch: stamp.epoch,
            depth: stamp.depth.map { Int32(clamping: $0) },
            horizonBid: stamp.horizonBid,
            horizonAsk: stamp.horizonAsk,
            reason: reason
        )
        pipeline.publishBook(
            head,
            bids: bids,
            asks: asks,
            of: kept.instrument,
            epoch: kept.times.epoch,
            received: stamp.receivedMicroseconds,
            published: max(kept.times.published, stamp.receivedMicroseconds)
        )
    }

    fileprivate func publishSnapshot(
        _ book: borrowing OrderBook,
        limit: Int,
        _ stamp: BookStamp,
        _ kept: Kept
    ) {
        guard kept.channels.contains(.book) else { return }
        var stamp = stamp
        Self.copy(book, .bids, limit, &stamp.horizonBid, into: &bids)
        Self.copy(book, .asks, limit, &stamp.horizonAsk, into: &asks)
        bids.withUnsafeBufferPointer { bids in
            asks.withUnsafeBufferPointer { asks in
                publish(.snapshot, stamp, kept, bids: bids, asks: asks)
            }
        }
    }

    /// The levels of a side up to its horizon; where there are more than the limit, that is where they end.
    private static func copy(
        _ book: borrowing OrderBook,
        _ half: BookHalf,
        _ limit: Int,
        _ horizon: inout ScaledDecimal?,
        into levels: inout ContiguousArray<PriceLevel>
    ) {
        levels.removeAll(keepingCapacity: true)
        var isCut = false
        let edge = horizon
        book.walk(half) { level in
            if let edge, half == .bids ? level.price < edge : edge < level.price { return false }
            guard levels.count < limit else {
                isCut = true
                return false
            }
            levels.append(level)
            return true
        }
        if isCut { horizon = levels.last?.price ?? horizon }
    }

    /// The top of the book, where it is another than the one published last.
    private func publishQuote(_ kept: Kept, exchange: Int64, received: Int64) {
        guard kept.machine.state == .live else { return }
        let quote = BestQuote(
            instrument: kept.instrument,
            exchangeMicroseconds: exchange,
            venueSequence: VenueSequence.none,
            bid: kept.machine.book.bestBid,
            ask: kept.machine.book.bestAsk
        )
        if let last = kept.quote, last.bid == quote.bid, last.ask == quote.ask { return }
        kept.quote = quote
        pipeline.publishQuote(
            quote,
            epoch: kept.times.epoch,
            received: received,
            published: max(kept.times.published, received)
        )
    }

    fileprivate func publishInvalid(_ fault: BookFault, _ stamp: BookStamp, _ kept: Kept) {
        let reason = InvalidReason(rawValue: fault.rawValue) ?? .undecodable
        let none = UnsafeBufferPointer<PriceLevel>(start: nil, count: 0)
        publish(.invalid, stamp, kept, bids: none, asks: none, reason: reason)
        guard kept.quote != nil else { return }
        kept.quote = nil
        pipeline.publishInvalidQuote(
            kept.instrument,
            reason,
            received: stamp.receivedMicroseconds,
            published: max(kept.times.published, stamp.receivedMicroseconds)
        )
    }
}

/// What one book's machine wants done, done by its keeper.
private struct BookWriter: BookOutput {
    unowned let keeper: BookKeeper
    unowned let kept: BookKeeper.Kept

    func publishSnapshot(_ book: borrowing OrderBook, limit: Int, _ stamp: BookStamp) {
        keeper.publishSnapshot(book, limit: limit, stamp, kept)
    }

    func publishDelta(
        bids: UnsafeBufferPointer<PriceLevel>,
        asks: UnsafeBufferPointer<PriceLevel>,
        _ stamp: BookStamp
    ) {
        keeper.publish(.delta, stamp, kept, bids: bids, asks: asks)
    }

    func publishInvalid(_ fault: BookFault, _ stamp: BookStamp) {
        keeper.publishInvalid(fault, stamp, kept)
    }

    func needSnapshot(_ why: BookNeed) {
        kept.needs.append(why)
    }
}

extension BookFrame {
    /// A decoded update with the levels of its batch; the ranges must lie within them.
    init(_ update: BookUpdate, _ levels: UnsafeBufferPointer<PriceLevel>, received: Int64) {
        let kind: BookFrame.Kind
        switch update.kind {
        case .snapshot: kind = .snapshot
        case .whole: kind = .whole
        case .delta: kind = .delta
        }
        self.init(
            kind: kind,
            sequence: BookSequence(
                first: update.firstSequence,
                last: update.lastSequence,
                previous: update.previousSequence
            ),
            exchangeMicroseconds: update.exchangeMicroseconds,
            receivedMicroseconds: received,
            checksum: update.checksum ?? 0,
            depth: update.depth.map { Int($0) },
            bids: UnsafeBufferPointer(rebasing: levels[update.bids]),
            asks: UnsafeBufferPointer(rebasing: levels[update.asks])
        )
    }
}
