// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Lifecycle
import Models
import VenueKit
import Wire

/// The hot path of a feed without its socket: unpack, decode, number, keep books, encode, hand to a sink.
struct HotPath {
    let decoder: any FrameDecoder
    let pipeline: StreamPipeline
    private(set) var errors = 0
    private let keeper: BookKeeper
    private let unpacker: Unpacker
    private let beginnings: [BookBeginning]
    private var batch = EventBatch()
    private var epoch: Int64 = 0
    private let market: MarketID?
    /// Looks at the shapes of some frames, as a feed does; nil: nobody does.
    private let sentinel: DriftSentinel?
    private var sampler = DriftSampler()
    private(set) var drifts = 0
    /// More than the frames from which the sentinel learns an undocumented kind.
    private static let lessons = 40
    private static let time: Int64 = 1_723_161_254_087_891

    init(_ kind: FrameKind, _ frames: FrameFile, sink: any RecordSink, watches: Bool = true) {
        market = kind.market
        sentinel = watches ? DriftSentinel(kind.venue.frameSheet) : nil
        let table = kind.makeTable(frames)
        decoder = kind.venue.makeDecoder(market: kind.market, instruments: table)
        pipeline = StreamPipeline(feed: "\(type(of: kind.venue).id)-feed", instruments: table, sink: sink)
        keeper = BookKeeper(venue: kind.venue, instruments: table, pipeline: pipeline)
        unpacker = Unpacker(kind)
        beginnings = BookBeginning.all(kind, frames, table)
    }

    @inline(__always)
    mutating func take(_ frame: FrameBytes) {
        batch.removeAll()
        let text = unpacker.content(frame)
        var isUnread = false
        do throws(DecodeError) {
            _ = try decoder.decode(text, into: &batch)
            pipeline.publish(batch, epoch: epoch, received: Self.time, published: Self.time + 3)
            if batch.hasMore {
                keeper.take(batch, epoch: epoch, received: Self.time, published: Self.time + 3)
            }
        } catch {
            errors += 1
            isUnread = true
        }
        // The clock stands still: one of 256 is looked at, as at rates where the ten of a second do not count.
        if let sentinel, sampler.chooses(batch, isUnread: isUnread, MonotonicNanos(1)) {
            sentinel.look(text, market) { _ in drifts += 1 }
        }
    }

    /// Lets the sentinel learn what the documents do not show, which takes it some frames of each kind.
    func learnShapes(_ frames: FrameFile) {
        guard let sentinel else { return }
        for _ in 0..<Self.lessons {
            for index in 0..<frames.count { sentinel.look(unpacker.content(frames[index]), market) { _ in } }
        }
    }

    /// Whether the last frame began a book anew, which takes memory where the book is larger than all before.
    var hasBegunBook: Bool { batch.books.contains { $0.kind == .snapshot } }

    /// Lets the same trades be new ones in the next pass over the file, and books begin anew.
    mutating func beginPass() {
        epoch += 1
        for slot in pipeline.slots where slot.channel == .trade { pipeline.abandon(slot) }
        for beginning in beginnings {
            keeper.end(beginning.instrument, .connectionLost, now: Self.time)
            batch.removeAll()
            beginning.append(to: &batch)
            keeper.take(batch, epoch: epoch, received: Self.time, published: Self.time)
        }
    }
}

/// The number at which a file's increments of a book begin, and nearly no levels: these come with the increments.
struct BookBeginning {
    let instrument: InstrumentID
    private let number: Int64

    /// Those of all books that a file does not begin itself.
    static func all(_ kind: FrameKind, _ frames: FrameFile, _ table: InstrumentTable) -> [BookBeginning] {
        let decoder = kind.venue.makeDecoder(market: kind.market, instruments: table)
        let unpacker = Unpacker(kind)
        var seen: Set<InstrumentID> = []
        var found: [BookBeginning] = []
        var batch = EventBatch()
        for index in 0..<frames.count {
            batch.removeAll()
            guard (try? decoder.decode(unpacker.content(frames[index]), into: &batch)) != nil else {
                continue
            }
            for book in batch.books where seen.insert(book.instrument).inserted && book.kind == .delta {
                let hasPrevious = book.previousSequence != VenueSequence.none
                let number = hasPrevious ? book.previousSequence : book.firstSequence &- 1
                found.append(BookBeginning(instrument: book.instrument, number: number))
            }
        }
        return found
    }

    func append(to batch: inout EventBatch) {
        batch.append(PriceLevel(price: ScaledDecimal(mantissa: 1, scale: 8) ?? .one, size: .one))
        batch.append(PriceLevel(price: ScaledDecimal(100_000_000), size: .one))
        batch.append(
            BookUpdate(
                instrument: instrument,
                exchangeMicroseconds: EventTime.none,
                kind: .snapshot,
                lastSequence: number,
                bids: 0..<1,
                asks: 1..<2
            )
        )
    }
}
