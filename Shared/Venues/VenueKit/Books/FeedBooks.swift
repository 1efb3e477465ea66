// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import OrderBooks
import Wire

/// A feed's books: what they need is asked for at the right time, and a random one is checked every minute.
///
/// Only the book that needs it is begun anew; all other streams go on.
///
/// - Thread: that of the feed. Allocates: never while live books change.
final class FeedBooks {
    static let auditMilliseconds: Int64 = 60_000
    /// A book without increments is asked for so long after its connection opened.
    static let idleMilliseconds: Int64 = 3_000

    /// The engine; set once, before anything is asked.
    weak var engine: FeedEngine?
    let keeper: BookKeeper
    let seed: UInt64
    var desks: [MarketID: SnapshotDesk] = [:]
    /// The streams that carry a book's updates.
    var streams: [InstrumentID: [VenueStream]] = [:]
    /// Snapshots that were asked for by REST, by the number of their question.
    var asked: [InstrumentID: Int] = [:]
    /// Books whose comparison is to be published.
    var audited: Set<InstrumentID> = []
    private var batch = EventBatch()
    private var auditAt: MonotonicNanos
    private var generator: SeededGenerator

    init(_ keeper: BookKeeper, seed: UInt64, now: MonotonicNanos) {
        self.keeper = keeper
        self.seed = seed
        auditAt = now.advanced(milliseconds: Self.auditMilliseconds)
        generator = SeededGenerator(seed: seed &+ 0xB00C)
        keeper.delegate = self
    }

    // MARK: Streams

    /// Whether the best bid and ask of an instrument are the top of its book.
    @inline(__always)
    func makesQuotes(_ instrument: InstrumentID) -> Bool {
        keeper.known(instrument)?.machine.rules.makesQuotes ?? false
    }

    /// A stream's connection is open: its book begins, even where nothing changes it for long.
    func connectionOpened(_ stream: VenueStream, _ now: MonotonicNanos) {
        guard let kept = keeper.known(stream.instrument), kept.machine.rules.source != .stream else { return }
        let pause = kept.machine.rules.settleMilliseconds + Self.idleMilliseconds
        desks[stream.market]?.want(stream.instrument, now, settleMilliseconds: pause)
    }

    /// A stream has ended.
    ///
    /// - Returns: whether its own invalid record, if one was due, is the book's affair.
    func end(_ stream: VenueStream, _ reason: InvalidReason) -> Bool {
        guard let channel = Self.channel(of: stream), let kept = keeper.known(stream.instrument),
            let engine, kept.channels.contains(channel)
        else { return false }
        let fault = BookFault(rawValue: reason.rawValue) ?? .connectionLost
        keeper.end(stream.instrument, fault, now: engine.clock.wall.microseconds)
        desks[stream.market]?.interrupted(stream.instrument, engine.clock.monotonic)
        audited.remove(stream.instrument)
        if let token = asked.removeValue(forKey: stream.instrument) { engine.queries.cancel(token) }
        return true
    }

    static func channel(of stream: VenueStream) -> BookChannels? {
        switch stream.channel {
        case .book: .book
        case .bbo: .quotes
        default: nil
        }
    }

    // MARK: Frames

    /// Takes the book updates of one frame.
    @inline(__always)
    func take(_ batch: borrowing EventBatch, received: Int64, published: Int64) {
        guard !batch.books.isEmpty else { return }
        keeper.take(batch, epoch: received, received: received, published: published)
    }

    /// A frame about a book could not be read.
    func undecodable(_ instrument: InstrumentID, received: Int64) {
        guard let engine else { return }
        let now = engine.clock.wall.microseconds
        keeper.undecodable(instrument, epoch: received, received: received, published: now)
    }

    // MARK: Time

    /// When ``tick(_:)`` wants to be called next.
    func deadline(_ now: MonotonicNanos) -> MonotonicNanos {
        desks.values.reduce(MonotonicNanos.never) { min($0, $1.deadline(now)) }
    }

    /// Does what is due.
    func tick(_ now: MonotonicNanos) {
        for market in desks.keys {
            for instrument in desks[market]?.overdue(now) ?? [] { overdue(instrument, market, now) }
            while let instrument = desks[market]?.next(now) { ask(instrument, market, now) }
        }
        guard now >= auditAt else { return }
        auditAt = now.advanced(milliseconds: Self.auditMilliseconds)
        audit(now)
    }

    /// Checks a random book.
    private func audit(_ now: MonotonicNanos) {
        let live = keeper.all.filter { $0.machine.state == .live }
        guard let chosen = live.randomElement(using: &generator), let market = market(of: chosen.instrument)
        else { return }
        audited.insert(chosen.instrument)
        desks[market]?.want(chosen.instrument, now, settleMilliseconds: 0)
    }

    private func market(of instrument: InstrumentID) -> MarketID? { streams[instrument]?.first?.market }
}

// MARK: Snapshots

extension FeedBooks: BookKeeperDelegate {
    func book(of instrument: InstrumentID, needs why: BookNeed) {
        guard let engine, let kept = keeper.known(instrument), let market = market(of: instrument) else {
            return
        }
        let now = engine.clock.monotonic
        switch why {
        case .begin:
            desks[market]?.want(instrument, now, settleMilliseconds: kept.machine.rules.settleMilliseconds)
        case .horizon:
            desks[market]?.want(instrument, now, settleMilliseconds: 0)
        case .useless:
            failed(instrument, market, now, "the snapshot does not fit the increments")
        case .fault(let fault):
            audited.remove(instrument)
            announce(.bookFault, fault.rawValue, instrument)
            desks[market]?.withdraw(instrument)
            desks[market]?.want(instrument, now, settleMilliseconds: kept.machine.rules.settleMilliseconds)
        }
        engine.onChange()
    }

    func bookDidBegin(_ instrument: InstrumentID) {
        guard let engine, let market = market(of: instrument) else { return }
        desks[market]?.succeeded(instrument, engine.clock.monotonic)
    }

    func book(of instrument: InstrumentID, compared result: BookComparison) {
        if let market = market(of: instrument) { desks[market]?.answered(instrument) }
        let isAudit = audited.remove(instrument) != nil
        switch result {
        case .equal(let levels):
            guard isAudit, let engine else { return }
            engine.note(Incident(.bookAudit, "\(levels) levels equal"), .book, symbol(of: instrument))
        case .doubtful:
            if isAudit { audited.insert(instrument) }
            guard let engine, let market = market(of: instrument) else { return }
            desks[market]?.want(instrument, engine.clock.monotonic, settleMilliseconds: 0)
        case .different(let different, let levels):
            announce(.bookAuditFailed, "\(different) of \(levels) levels differ", instrument)
            // A book whose snapshots are numbered has taken the answer over; another begins anew.
            guard let engine, keeper.known(instrument)?.machine.rules.source == .stream else { return }
            keeper.refute(instrument, now: engine.clock.wall.microseconds)
        case .unaligned:
            guard isAudit, let engine else { return }
            let detail = "not compared: the snapshot fits no increment"
            engine.note(Incident(.bookAudit, detail), .book, symbol(of: instrument))
        }
    }

    private func symbol(of instrument: InstrumentID) -> String {
        engine.map { $0.directory.table[instrument].symbol } ?? ""
    }

    private func announce(_ kind: IncidentKind, _ detail: String, _ instrument: InstrumentID) {
        engine?.announce(Incident(kind, detail), topic: TopicRegistry.book, symbol: symbol(of: instrument))
    }

    private func failed(
        _ instrument: InstrumentID,
        _ market: MarketID,
        _ now: MonotonicNanos,
        _ detail: String,
        retryAfterMilliseconds wait: Int64 = 0
    ) {
        if wait > 0 { desks[market]?.block(now, milliseconds: wait) }
        if let kept = keeper.known(instrument), kept.machine.state == .live {
            // The book is right without it: the next audit, or the next look at the horizon, asks again.
            kept.machine.cancelRefresh()
            desks[market]?.answered(instrument)
            audited.remove(instrument)
            return
        }
        guard let verdict = desks[market]?.failed(instrument, now, retryAfterMilliseconds: wait) else {
            return
        }
        if case .announce(let tries) = verdict {
            announce(.bookUnrecoverable, "\(tries) snapshots were of no use: \(detail)", instrument)
        }
    }

    private func overdue(_ instrument: InstrumentID, _ market: MarketID, _ now: MonotonicNanos) {
        guard let kept = keeper.known(instrument) else { return }
        switch kept.machine.state {
        case .live:
            keeper.concludeComparison(instrument)
            desks[market]?.answered(instrument)
            audited.remove(instrument)
        case .joining:
            desks[market]?.answered(instrument)
        case .waiting:
            failed(instrument, market, now, "no snapshot came")
        }
    }

    // MARK: Asking

    private func ask(_ instrument: InstrumentID, _ market: MarketID, _ now: MonotonicNanos) {
        guard let kept = keeper.known(instrument) else { return }
        let isLive = kept.machine.state == .live
        if isLive, !kept.machine.beginRefresh() {
            desks[market]?.answered(instrument)
            return
        }
        let isAsked: Bool
        switch kept.machine.rules.source {
        case .call(let levels): isAsked = call(instrument, market, levels: levels ?? 0)
        case .request: isAsked = connection(instrument) { $0.requestBook($1, now) }
        case .stream where isLive:
            isAsked = call(instrument, market, levels: kept.machine.rules.depth ?? .max)
        case .stream: isAsked = connection(instrument) { $0.resubscribe($1, now) }
        }
        if !isAsked { failed(instrument, market, now, "it can't be asked for now") }
    }

    private func connection(_ instrument: InstrumentID, _ body: (FeedConnection, VenueStream) -> Bool) -> Bool
    {
        guard let engine else { return false }
        for stream in streams[instrument] ?? [] {
            for connection in engine.connections where connection.session.place(of: stream) != nil {
                if body(connection.handOver?.owner(of: stream) ?? connection, stream) { return true }
            }
        }
        return false
    }

    private func call(_ instrument: InstrumentID, _ market: MarketID, levels: Int) -> Bool {
        guard let engine else { return false }
        let query = VenueQuery.book(depth: levels)
        guard let call = engine.venue.call(query, of: engine.directory.table[instrument]) else {
            return false
        }
        let isLive = keeper.known(instrument)?.machine.state == .live
        let question = Question(call: call, priority: isLive ? .audit : .snapshot)
        let token = engine.queries.ask(question) { [weak self] answer in
            self?.arrived(answer, query, instrument, market)
        }
        asked[instrument] = token
        return token != nil
    }

    private func arrived(
        _ answer: Result<[UInt8], QueryFailure>,
        _ query: VenueQuery,
        _ instrument: InstrumentID,
        _ market: MarketID
    ) {
        guard let engine, !engine.isStopping, let kept = keeper.known(instrument) else { return }
        let now = engine.clock.monotonic
        let received = engine.clock.wall.microseconds
        asked[instrument] = nil
        switch answer {
        case .failure(let failure):
            let wait = failure.retryAfterMilliseconds ?? 0
            failed(instrument, market, now, failure.detail, retryAfterMilliseconds: wait)
        case .success(let bytes):
            batch.removeAll()
            let problem = read(bytes, query, instrument, engine)
            if let problem { return failed(instrument, market, now, problem) }
            if kept.machine.rules.source == .stream {
                keeper.compare(batch, received: received)
            } else {
                // What becomes of it may ask again.
                if kept.machine.state != .live { desks[market]?.answered(instrument) }
                keeper.take(batch, epoch: received, received: received, published: received)
            }
        }
        engine.onChange()
    }

    /// Reads an answer into the batch; why it can't be read, or nil.
    private func read(
        _ bytes: [UInt8],
        _ query: VenueQuery,
        _ instrument: InstrumentID,
        _ engine: FeedEngine
    ) -> String? {
        bytes.withUnsafeBytes { body in
            do throws(DecodeError) {
                try engine.venue.read(
                    body,
                    answering: query,
                    of: instrument,
                    engine.directory.table,
                    into: &batch
                )
                return batch.books.isEmpty ? "the answer holds no book" : nil
            } catch {
                return "the answer can't be read: \(error.detail)"
            }
        }
    }
}

// MARK: Hand-overs

extension FeedBooks {
    /// How a push stands to the book that is published.
    func standing(of update: BookUpdate) -> BookStanding { keeper.standing(of: update) }

    /// Whether a book is right and published.
    func isLive(_ instrument: InstrumentID) -> Bool { keeper.known(instrument)?.machine.state == .live }

    /// Whether the venue pushes a book's snapshot once, when it is subscribed.
    func isSnapshotPushed(_ instrument: InstrumentID) -> Bool {
        keeper.known(instrument)?.machine.rules.source == .stream
    }

    /// Whether a connection that last told this number, or nothing, will tell what follows the book.
    func canReturn(_ instrument: InstrumentID, to number: Int64?) -> Bool {
        guard let machine = keeper.known(instrument), machine.machine.sequence != VenueSequence.none else {
            return false
        }
        return number.map { $0 <= machine.machine.sequence } ?? true
    }
}
