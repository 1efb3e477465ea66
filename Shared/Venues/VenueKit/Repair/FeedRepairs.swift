// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Observability
import Wire

/// A feed's repairs: trades and candles that a cut or a gap has cost are asked for by REST, published late with their
/// origin, and accounted for; what the venue does not give is said.
///
/// - Thread: that of the feed. Allocates: while something is missing.
final class FeedRepairs {
    /// How long a stream of trades may say nothing, once it is there again, before what was missed is asked for.
    static let quietMilliseconds: Int64 = 5_000
    /// How long an answer may take, waiting for the venue's limits included.
    static let patienceMilliseconds: Int64 = 60_000

    /// The engine; set once, before anything is asked.
    weak var engine: FeedEngine?
    var poll: FigurePoll
    var pollLookAt = MonotonicNanos(.min)
    var batch = EventBatch()
    private var trades: TradeRepair
    private var candles: CandleRepair
    /// Streams of trades that began anew and whose first trade was not looked at.
    private var begun: [StreamSlot] = []
    /// Streams whose numbers left something out, and when it counts as missing.
    private var holed: [(slot: StreamSlot, due: MonotonicNanos)] = []
    /// Lost streams that are not back yet, and since when they are acknowledged; never: they are not.
    private var awaited: [VenueStream: MonotonicNanos] = [:]
    /// Streams whose epoch began with an answer, before they talked themselves.
    private var early: Set<VenueStream> = []
    private let settle: Int64

    init(seed: UInt64, pollMilliseconds: Int64, settings: TradeRepair.Settings = TradeRepair.Settings()) {
        settle = settings.settle
        trades = TradeRepair(settings, seed: seed &+ 0x7ADE)
        candles = CandleRepair(seed: seed &+ 0xCA4D)
        poll = FigurePoll(interval: pollMilliseconds)
    }

    // MARK: What happens to streams

    /// A stream published its first event of an epoch.
    func began(_ slot: StreamSlot) {
        guard slot.channel == .trade else { return }
        slot.trades.watchesHoles = history(of: slot.instrument)?.isGapless ?? false
        begun.append(slot)
    }

    /// A stream's trades left some ids out.
    func leftOut(_ slot: StreamSlot) {
        guard let engine, !holed.contains(where: { $0.slot === slot }) else { return }
        holed.append((slot, engine.clock.monotonic.advanced(milliseconds: settle)))
    }

    /// A stream ends; its epoch is still open if it was.
    func ended(_ stream: VenueStream, _ reason: InvalidReason) {
        guard let engine, stream.channel == .trade || stream.channel == .candle else { return }
        early.remove(stream)
        switch reason {
        case .shutdown: return
        case .unsubscribed: return withdraw(stream)
        default: break
        }
        let slot = engine.pipeline.slot(stream.instrument, stream.channel)
        if let interval = stream.interval {
            guard let from = slot.candles?.firstOpen(interval) else { return }
            candles.lost(CandleSeries(instrument: stream.instrument, interval: interval), from: from)
            awaited[stream] = .never
        } else if slot.isOpen, let last = slot.trades.highest {
            takeBegun()
            takeHoles(slot, engine.clock.monotonic)
            guard let history = history(of: stream.instrument) else {
                let detail = "trades after id \(last) are missing: the venue has no past trades"
                return engine.announce(
                    Incident(.tradesMissing, detail),
                    topic: slot.label.topic,
                    symbol: slot.label.symbol
                )
            }
            let since = slot.lastReceivedMicroseconds
            trades.lost(stream.instrument, after: last, since: since, reason, history)
            awaited[stream] = .never
        }
    }

    private func withdraw(_ stream: VenueStream) {
        awaited[stream] = nil
        if let interval = stream.interval {
            candles.withdraw(CandleSeries(instrument: stream.instrument, interval: interval))
        } else {
            trades.withdraw(stream.instrument)
        }
    }

    /// Nothing is asked for any more: what is still missing stays so, and that is said.
    func shutdown() {
        guard let engine else { return }
        takeBegun()
        engine.queries.cancelAll()
        let problem = "the feed stopped meanwhile"
        for find in trades.takeGivenUp() + trades.surrender(problem) { publish(find) }
        for verdict in candles.surrender(problem, wall: engine.clock.wall.microseconds) { announce(verdict) }
    }

    // MARK: Time

    /// When ``tick(_:)`` wants to be called next.
    var deadline: MonotonicNanos {
        var next = min(trades.deadline, candles.deadline, poll.deadline)
        for hole in holed { next = min(next, hole.due) }
        return next
    }

    /// Does what is due.
    func tick(_ now: MonotonicNanos) {
        guard let engine else { return }
        takeBegun()
        for hole in holed where hole.due <= now { takeHoles(hole.slot, now) }
        holed.removeAll { $0.due <= now }
        lookForStreams(engine, now)
        endEarly(engine)
        for find in trades.takeGivenUp() { publish(find) }
        askNext(engine, now)
        pollFigures(engine, now)
    }

    /// Asks for what may be asked for by now.
    private func askNext(_ engine: FeedEngine, _ now: MonotonicNanos) {
        while let question = trades.next(now) { ask(question, engine) }
        let wall = engine.clock.wall.microseconds
        while let question = candles.next(now, wall: wall) { ask(question, engine) }
    }

    /// Closes the gaps of streams that talk again.
    private func takeBegun() {
        guard !begun.isEmpty, let now = engine?.clock.monotonic else { return }
        for slot in begun {
            guard let opening = slot.trades.opening else { continue }
            trades.talked(slot.instrument, first: opening, now)
            for stream in awaited.keys where stream.instrument == slot.instrument && stream.channel == .trade
            {
                awaited[stream] = nil
            }
        }
        begun.removeAll()
    }

    private func takeHoles(_ slot: StreamSlot, _ now: MonotonicNanos) {
        guard let history = history(of: slot.instrument) else { return }
        let since = slot.lastReceivedMicroseconds
        for hole in slot.trades.takeNewHoles() {
            trades.hole(hole, of: slot.instrument, since: since, history, now)
        }
    }

    /// Which lost streams are there again, as far as the venue says.
    private func lookForStreams(_ engine: FeedEngine, _ now: MonotonicNanos) {
        for (stream, since) in awaited {
            guard isThere(stream, engine) else {
                awaited[stream] = .never
                continue
            }
            if since == .never { awaited[stream] = now }
            if let interval = stream.interval {
                let series = CandleSeries(instrument: stream.instrument, interval: interval)
                candles.isBack(series, now, wall: engine.clock.wall.microseconds)
                awaited[stream] = nil
            } else if since != .never, now - since >= Self.quietMilliseconds * 1_000_000 {
                trades.isBack(stream.instrument, now)
            }
        }
    }

    /// An epoch that began with an answer ends with its connection, as every other does.
    private func endEarly(_ engine: FeedEngine) {
        for stream in early where !isThere(stream, engine) { engine.end(stream, .connectionLost) }
    }

    private func isThere(_ stream: VenueStream, _ engine: FeedEngine) -> Bool {
        engine.connections.contains { connection in
            guard connection.session.state == .open, let place = connection.session.place(of: stream) else {
                return false
            }
            let state = connection.session.streamState(place)
            return state == .confirmed || state == .live
        }
    }

    /// The stream of a channel, as its connection knows it.
    func stream(
        of instrument: InstrumentID,
        _ channel: Channel,
        _ interval: CandleInterval? = nil
    ) -> VenueStream? {
        guard let info = engine?.directory.table[instrument] else { return nil }
        return VenueStream(
            instrument: instrument,
            venueSymbol: info.venueSymbol,
            channel: channel,
            market: info.market,
            interval: interval
        )
    }

    private func history(of instrument: InstrumentID) -> TradeHistory? {
        engine.flatMap { $0.venue.tradeHistory(of: $0.directory.table[instrument]) }
    }
}

// MARK: Trades

extension FeedRepairs {
    private func ask(_ question: TradeQuestion, _ engine: FeedEngine) {
        let isAsked = ask(question.query, question.instrument, .trades, engine) { [weak self] result in
            self?.arrived(result, question)
        }
        guard !isAsked else { return }
        let failure = QueryFailure(detail: "it can't be asked for", isRefused: true)
        if let find = trades.failed(question, failure, engine.clock.monotonic) { publish(find) }
    }

    private func arrived(_ result: Result<[UInt8], QueryFailure>, _ question: TradeQuestion) {
        guard let engine, !engine.isStopping else { return }
        takeBegun()
        let now = engine.clock.monotonic
        let find: TradeFind?
        switch read(result, question.query, question.instrument, engine) {
        case .success: find = trades.answered(question, batch.trades, now)
        case .failure(let failure): find = trades.failed(question, failure, now)
        }
        if let find { publish(find) }
        askNext(engine, now)
        engine.onChange()
    }

    /// Publishes what was found of a gap, and says what it was and what is still missing.
    private func publish(_ find: TradeFind) {
        guard let engine else { return }
        let slot = engine.pipeline.slot(find.instrument, .trade)
        let wasOpen = slot.isOpen
        batch.removeAll()
        for trade in find.trades { batch.append(trade) }
        let numbers = publishBatch(engine, slot)
        if !wasOpen, slot.isOpen, let stream = stream(of: find.instrument, .trade) { early.insert(stream) }
        let symbol = engine.directory.table[find.instrument].symbol
        if let numbers {
            engine.reports.ledger.repaired(numbers, of: slot, reason: find.gap.reason.rawValue)
            engine.metrics.repairedTrades.add(UInt64(numbers.count))
            let first = find.trades.first?.id.string ?? ""
            let last = find.trades.last?.id.string ?? ""
            let detail =
                "\(numbers.count) trades, ids \(first) to \(last), missed by \(find.gap.reason.rawValue)"
            engine.note(Incident(.tradesRepaired, detail), .trade, symbol)
        }
        guard let history = history(of: find.instrument), let missing = find.missing(history) else { return }
        engine.announce(Incident(.tradesMissing, missing), topic: TopicRegistry.trade, symbol: symbol)
    }

    /// Publishes the batch.
    ///
    /// - Returns: the numbers that its records got; nil where there was nothing new.
    private func publishBatch(_ engine: FeedEngine, _ slot: StreamSlot) -> ClosedRange<UInt64>? {
        let before = slot.isOpen ? slot.lastSeq : 0
        let now = engine.clock.wall.microseconds
        engine.pipeline.publishFetched(batch, received: now, published: now)
        guard slot.isOpen, slot.lastSeq > before else { return nil }
        return (before + 1)...slot.lastSeq
    }
}

// MARK: Candles

extension FeedRepairs {
    private func ask(_ question: CandleQuestion, _ engine: FeedEngine) {
        let instrument = question.series.instrument
        let isAsked = ask(question.query, instrument, .candles, engine) { [weak self] result in
            self?.arrived(result, question)
        }
        guard !isAsked else { return }
        let failure = QueryFailure(detail: "it can't be asked for", isRefused: true)
        if let verdict = candles.failed(question, failure, engine.clock.monotonic) { announce(verdict) }
    }

    private func arrived(_ result: Result<[UInt8], QueryFailure>, _ question: CandleQuestion) {
        guard let engine, !engine.isStopping else { return }
        let now = engine.clock.monotonic
        let instrument = question.series.instrument
        let verdict: CandleVerdict?
        switch read(result, question.query, instrument, engine) {
        case .failure(let failure): verdict = candles.failed(question, failure, now)
        case .success:
            let closed = CandleRepair.closed(batch.candles, question)
            batch.removeAll()
            for candle in closed { batch.append(candle) }
            let slot = engine.pipeline.slot(instrument, .candle)
            let wasOpen = slot.isOpen
            let numbers = publishBatch(engine, slot)
            if !wasOpen, slot.isOpen,
                let stream = stream(of: instrument, .candle, question.series.interval)
            {
                early.insert(stream)
            }
            if let numbers {
                engine.reports.ledger.repaired(
                    numbers,
                    of: slot,
                    reason: InvalidReason.connectionLost.rawValue
                )
                engine.metrics.repairedCandles.add(UInt64(numbers.count))
            }
            let wall = engine.clock.wall.microseconds
            verdict = candles.answered(question, closed: numbers?.count ?? 0, now, wall: wall)
        }
        if let verdict { announce(verdict) }
        askNext(engine, now)
        engine.onChange()
    }

    private func announce(_ verdict: CandleVerdict) {
        guard let engine else { return }
        let symbol = engine.directory.table[verdict.series.instrument].symbol
        let interval = verdict.series.interval.name
        if verdict.found > 0 {
            let detail = "\(verdict.found) candles of \(interval) published late"
            engine.note(Incident(.candlesRepaired, detail), .candle, symbol)
        }
        guard let from = verdict.missingFrom else { return }
        let detail = "candles of \(interval) from \(from) us on are missing: \(verdict.problem ?? "")"
        engine.announce(Incident(.candlesMissing, detail), topic: TopicRegistry.candle, symbol: symbol)
    }
}

// MARK: Asking

extension FeedRepairs {
    /// Asks; false where the venue has no such call or nobody can be asked.
    func ask(
        _ query: VenueQuery,
        _ instrument: InstrumentID,
        _ priority: QueryPriority,
        _ engine: FeedEngine,
        _ handler: @escaping QueryDesk.Handler
    ) -> Bool {
        guard let call = engine.venue.call(query, of: engine.directory.table[instrument]) else {
            return false
        }
        let question = Question(call: call, priority: priority, patience: Self.patienceMilliseconds)
        return engine.queries.ask(question, handler) != nil
    }

    /// Reads an answer into the batch.
    func read(
        _ result: Result<[UInt8], QueryFailure>,
        _ query: VenueQuery,
        _ instrument: InstrumentID,
        _ engine: FeedEngine
    ) -> Result<Void, QueryFailure> {
        batch.removeAll()
        switch result {
        case .failure(let failure): return .failure(failure)
        case .success(let bytes):
            return bytes.withUnsafeBytes { body in
                do throws(DecodeError) {
                    let table = engine.directory.table
                    try engine.venue.read(body, answering: query, of: instrument, table, into: &batch)
                    return .success(())
                } catch {
                    return .failure(QueryFailure(detail: "the answer can't be read: \(error.detail)"))
                }
            }
        }
    }
}
