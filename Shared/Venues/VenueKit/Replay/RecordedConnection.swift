// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Models

/// One incarnation of a recorded connection.
final class RecordedConnection {
    let name: String
    let epoch: Int64
    let market: MarketID?
    let decoder: any FrameDecoder
    /// Shared with the connection that it follows.
    let books: RecordedBooks
    var slots: [StreamSlot] = []
    /// While it gives its streams to another connection, or takes them from one.
    var passage: Passage?

    /// One side of a hand-over.
    struct Passage {
        let gate: HandOverGate
        let side: HandOverSide
        /// The other connection's name.
        let other: String

        /// Whether an instrument's book is this side's.
        func owns(_ book: InstrumentID) -> Bool {
            gate.bridge(HandOverGate.Key(instrument: book, channel: .book)).owner == side
        }
    }

    init(
        name: String,
        epoch: Int64,
        market: MarketID?,
        decoder: any FrameDecoder,
        books: RecordedBooks
    ) {
        self.name = name
        self.epoch = epoch
        self.market = market
        self.decoder = decoder
        self.books = books
    }

    /// The books of one of the venue's full-depth channels.
    func keeper(_ channel: UInt8) -> BookKeeper { books.keeper(channel) }

    /// Frames of the connection are missing: none of its books holds, until its next snapshot.
    func framesMissing(_ received: Int64) {
        for keeper in books.keepers {
            for kept in keeper.all { keeper.end(kept.instrument, .gap, now: received) }
        }
    }

    /// Takes the book updates of a frame or an answer; each record is published when its own frame was received.
    func take(_ batch: borrowing EventBatch, _ received: Int64) {
        keeper(batch.bookChannel).take(batch, epoch: epoch, received: received, published: 0)
    }

    /// The book that a REST answer is about: the one that the URL names; without URL the only one that waits.
    func book(shownBy url: String?, _ venue: any Venue, _ instruments: InstrumentTable) -> InstrumentID? {
        guard let url else {
            let waiting = books.all.filter { $0.machine.waitingFrames > 0 && $0.machine.state == .waiting }
            return waiting.count == 1 ? waiting.first?.instrument : nil
        }
        guard let symbol = venue.bookSymbol(shownBy: url) else { return nil }
        if let known = books.all.first(where: { instruments[$0.instrument].venueSymbol == symbol }) {
            return known.instrument
        }
        guard let market = market ?? venue.market(shownBy: url) else { return nil }
        return instruments.index(of: market).find(symbol)
    }
}

/// The books of a recorded connection and of those that follow it, by the full-depth channel that they come from: two of
/// one instrument have rules of their own.
final class RecordedBooks {
    private(set) var keepers: ContiguousArray<BookKeeper> = []
    private let makeKeeper: () -> BookKeeper

    init(_ makeKeeper: @escaping () -> BookKeeper) {
        self.makeKeeper = makeKeeper
    }

    /// The books of one of the venue's full-depth channels.
    func keeper(_ channel: UInt8) -> BookKeeper {
        let place = Int(min(channel, 7))
        while keepers.count <= place { keepers.append(makeKeeper()) }
        return keepers[place]
    }

    /// All books.
    var all: [BookKeeper.Kept] { keepers.flatMap { Array($0.all) } }

    /// How a push stands to the book that is published.
    func standing(of update: BookUpdate) -> BookStanding {
        keepers.first { $0.known(update.instrument) != nil }?.standing(of: update) ?? .free
    }
}
