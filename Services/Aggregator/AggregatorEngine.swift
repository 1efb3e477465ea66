// Part of MarketBus. Apache License 2.0, see LICENSE.

import Arbitrage
import JSONView
import KafkaBus
import Models
import Observability
import Quotes
import Wire

/// What becomes of a record: decoded, consolidated, judged, published.
///
/// Time comes in with every call.
///
/// - Thread: the aggregator's. Allocates: never in steady state.
final class AggregatorEngine {
    /// What is known of a symbol beside its quotes.
    struct SymbolState {
        /// The partition that its records come from; -1 before the first.
        var partition: Int32 = -1
        var isDirty = false
        var publishedMicroseconds = Int64.min
        /// Whether the book over venues changed since it was published.
        var isBookDirty = false
        var bookMicroseconds = Int64.min
    }

    let settings: AggregatorSettings
    let scanner: JSONScanner
    let publisher: RecordPublisher
    let metrics: AggregatorMetrics
    let logger: Logger
    var quotes: QuoteTable
    var board: ArbitrageBoard
    var names: NamesakeWatch
    /// The feeds that were late or stopped when last looked at.
    var lateFeeds: Set<UInt32> = []
    /// Which stream tells of each instrument's book.
    var sources: ContiguousArray<BookSource> = []
    /// Used again for every quote.
    var quoteUpdate: DepthUpdate
    var states: ContiguousArray<SymbolState> = []
    private var dirty: ContiguousArray<SymbolID> = []
    private var touched: ContiguousArray<SymbolID> = []
    /// The symbols whose book over venues changed.
    var dirtyBooks: ContiguousArray<SymbolID> = []
    /// Partitions whose newest records are being read again: their legs are learned, nothing is published.
    var cold: Set<Int32> = []
    /// What an earlier run left open; nil once that is closed.
    var orphans: OrphanLedger<OpportunityRecord>? = OrphanLedger()
    private var deadLetters: DeadLetterBox
    private var nextSurvey = Int64.min

    init(
        _ settings: AggregatorSettings,
        scanner: JSONScanner,
        publisher: RecordPublisher,
        metrics: AggregatorMetrics,
        logger: Logger
    ) {
        self.settings = settings
        self.logger = logger
        names = NamesakeWatch(settings: settings.namesakes)
        self.scanner = scanner
        self.publisher = publisher
        self.metrics = metrics
        quotes = QuoteTable(settings: settings.quotes)
        board = ArbitrageBoard(
            settings: settings.arbitrage,
            depth: settings.depth,
            map: RouteMap(kinds: settings.kinds)
        )
        quoteUpdate = DepthUpdate(
            kind: .snapshot,
            identity: RecordIdentity(feed: 0, epoch: 0, seq: 0),
            receivedMicroseconds: 0
        )
        deadLetters = DeadLetterBox(instance: settings.common.instance)
        for conversion in settings.conversions {
            guard let symbol = quotes.symbol(conversion.symbol), let venue = quotes.venue(conversion.venue),
                let market = market(symbol, venue)
            else { continue }
            board.allowConversion(market)
        }
    }

    /// How many symbols are known.
    var symbolCount: Int { states.count }

    /// The name of the symbol with this number.
    func symbolName(_ index: UInt32) -> String { quotes.name(of: SymbolID(index: index)) }
}

// MARK: - Records

extension AggregatorEngine {
    /// Takes in a record of `md.bbo.v1`.
    func takeQuote(_ record: borrowing ConsumedRecord, now: Int64) {
        guard let value = record.value else { return metrics.tombstone.add() }
        do throws(RecordError) {
            let bbo = try BboRecord(decoding: value, scanner: scanner)
            take(bbo, record.partition, now)
        } catch {
            metrics.undecodable.add()
            bury(record, value, error, now)
        }
    }

    private func take(_ bbo: BboRecord, _ partition: Int32, _ now: Int64) {
        guard let symbol = quotes.symbol(bbo.symbol.bytes), let venue = quotes.venue(bbo.venue.bytes),
            let feed = quotes.feed(bbo.feed.bytes)
        else { return metrics.refusedName.add() }
        while states.count <= Int(symbol.index) { states.append(SymbolState()) }
        states[Int(symbol.index)].partition = partition
        hearEpoch(bbo.epoch, feed, now)
        let update = Self.update(bbo, symbol, venue, feed)
        let outcome = quotes.apply(update, now: now)
        metrics.count(outcome)
        if case .ignored = outcome { return }
        takeDepth(of: update, symbol, venue, now)
        guard outcome != .refreshed else { return publishSteps(now) }
        publisher.note(bbo.venueSymbol.bytes, symbol, venue)
        guard cold.isEmpty || !cold.contains(partition) else { return }
        metrics.recordAge.observe(now &- bbo.publishedMicroseconds)
        publishSteps(now)
        touch(symbol, now)
    }

    private static func update(
        _ bbo: BboRecord,
        _ symbol: SymbolID,
        _ venue: VenueIndex,
        _ feed: UInt32
    ) -> LegUpdate {
        let identity = RecordIdentity(feed: feed, epoch: bbo.epoch, seq: bbo.seq)
        guard bbo.isLive else {
            return LegUpdate(
                invalidating: symbol,
                venue: venue,
                identity: identity,
                receivedMicroseconds: bbo.receivedMicroseconds
            )
        }
        var update = LegUpdate(
            symbol: symbol,
            venue: venue,
            identity: identity,
            exchangeMicroseconds: bbo.exchangeMicroseconds,
            receivedMicroseconds: bbo.receivedMicroseconds,
            bid: bbo.bid,
            ask: bbo.ask
        )
        update.venueSequence = bbo.venueSequence
        return update
    }

    /// Takes in a record of `ref.instrument.v1`; a tombstone ends the instrument.
    func takeInstrument(_ record: borrowing ConsumedRecord, now: Int64) {
        guard let value = record.value else { return endInstrument(record.key, now) }
        do throws(RecordError) {
            let instrument = try InstrumentRecord(decoding: value, scanner: scanner).instrument
            guard let symbol = quotes.symbol(instrument.symbol),
                let venue = quotes.venue(instrument.venue.name)
            else { return metrics.refusedName.add() }
            var facts: MarketFacts?
            if let fee = settings.fees.taker(instrument) {
                facts = MarketFacts(of: instrument, takerFee: fee, makerFee: settings.fees.maker(instrument))
            }
            publisher.note(instrument.venueSymbol, symbol, venue)
            setFacts(facts, symbol, venue, now)
            metrics.instruments.add()
        } catch {
            metrics.badInstruments.add()
            bury(record, value, error, now)
        }
    }

    private func endInstrument(_ key: UnsafeRawBufferPointer?, _ now: Int64) {
        guard let key, let colon = key.firstIndex(of: UInt8(ascii: ":")) else { return }
        let venueBytes = UnsafeRawBufferPointer(rebasing: key[..<colon])
        let symbolBytes = UnsafeRawBufferPointer(rebasing: key[(colon + 1)...])
        guard let venue = quotes.venue(venueBytes), let symbol = quotes.symbol(symbolBytes) else { return }
        setFacts(nil, symbol, venue, now)
    }

    private func setFacts(_ facts: MarketFacts?, _ symbol: SymbolID, _ venue: VenueIndex, _ now: Int64) {
        guard let market = market(symbol, venue) else { return metrics.refusedName.add() }
        board.setFacts(facts, market, now: now, judges: cold.isEmpty)
        publishSteps(now)
    }

    func bury(
        _ record: borrowing ConsumedRecord,
        _ value: UnsafeRawBufferPointer,
        _ error: RecordError,
        _ now: Int64
    ) {
        let place = "\(record.topic)[\(record.partition)]@\(record.offset)"
        guard let letter = deadLetters.letter(value, place: place, error, now: now) else { return }
        metrics.deadLetters.add()
        publisher.publish(letter)
    }
}

// MARK: - Time

extension AggregatorEngine {
    /// Does what time brings: legs that grow too old, updates and quotes that waited, quotes that are told again.
    func tick(now: Int64) {
        touched.removeAll(keepingCapacity: true)
        quotes.expire(now: now) { touched.append($0) }
        for symbol in touched where !isCold(symbol) { touch(symbol, now) }
        followFeeds()
        if cold.isEmpty { board.tick(now: now) }
        publishSteps(now)
        publishDirty(now)
        if settings.bookTop > 0, cold.isEmpty { publishBooks(now) }
        if now >= nextSurvey {
            refresh(now)
            watchNames(now)
            survey()
            nextSurvey = now + 1_000_000
        }
    }

    /// Publishes a symbol's quote now, or notes that it waits for its interval.
    func touch(_ symbol: SymbolID, _ now: Int64) {
        let index = Int(symbol.index)
        guard index < states.count else { return }
        if settings.quoteIntervalMicroseconds == 0 || isDue(index, settings.quoteIntervalMicroseconds, now) {
            publishQuote(symbol, now)
        } else if !states[index].isDirty {
            states[index].isDirty = true
            dirty.append(symbol)
        }
    }

    func isDue(_ index: Int, _ interval: Int64, _ now: Int64) -> Bool {
        let (since, overflow) = now.subtractingReportingOverflow(states[index].publishedMicroseconds)
        return overflow || since < 0 || since >= interval
    }

    private func publishDirty(_ now: Int64, isLast: Bool = false) {
        var kept = 0
        for symbol in dirty where states[Int(symbol.index)].isDirty {
            if isLast || isDue(Int(symbol.index), settings.quoteIntervalMicroseconds, now) {
                publishQuote(symbol, now)
            } else {
                dirty[kept] = symbol
                kept += 1
            }
        }
        dirty.removeLast(dirty.count - kept)
    }

    private func publishQuote(_ symbol: SymbolID, _ now: Int64) {
        states[Int(symbol.index)].isDirty = false
        states[Int(symbol.index)].publishedMicroseconds = now
        publisher.publish(symbol, of: quotes, now: now)
    }

    func publishSteps(_ now: Int64) {
        guard !board.steps.isEmpty else { return }
        for step in board.steps {
            publisher.publish(step, of: board, quotes, now: now)
            if step.state == .open, let trigger = step.trigger {
                metrics.tickToOpportunity.observe(now &- trigger.receivedMicroseconds)
            }
        }
        board.removeSteps()
    }

    /// Tells quotes again that have not changed for long; one of which nobody is live was told when the last left.
    private func refresh(_ now: Int64) {
        for index in states.indices where isDue(index, settings.refreshMicroseconds, now) {
            let symbol = SymbolID(index: UInt32(truncatingIfNeeded: index))
            if quotes.quote(of: symbol).liveLegs > 0, !isCold(symbol) { publishQuote(symbol, now) }
        }
    }

    private func survey() {
        var counts = [0, 0, 0]
        for index in states.indices {
            let symbol = SymbolID(index: UInt32(truncatingIfNeeded: index))
            for venue in 0..<quotes.venueCount {
                guard let leg = quotes.leg(symbol, VenueIndex(index: UInt16(truncatingIfNeeded: venue)))
                else {
                    continue
                }
                counts[Int(leg.health.rawValue)] += 1
            }
        }
        for (gauge, count) in zip(metrics.legs, counts) { gauge.set(count) }
        metrics.lateFeeds.set(lateFeeds.count)
        metrics.quarantined.set(names.apartCount)
        metrics.open.set(board.openCount)
        metrics.symbols.set(states.count)
        metrics.routes.set(board.map.routes.count)
        metrics.cutSearches.set(Double(board.counts.cutSearches))
        metrics.overflows.set(Double(board.counts.overflows))
    }
}

// MARK: - Partitions

extension AggregatorEngine {
    /// From now on these partitions' records teach what the legs say, and nothing is published of them.
    func beginRebuild(_ partitions: some Sequence<Int32>) {
        cold.formUnion(partitions)
    }

    /// The newest records are read: judges and publishes all that was learned; gives the number of symbols.
    func endRebuild(now: Int64) -> Int {
        let rebuilt = cold
        var count = 0
        cold = []
        quotes.expire(now: now) { _ in }
        for index in states.indices where rebuilt.contains(states[index].partition) {
            publishQuote(SymbolID(index: UInt32(truncatingIfNeeded: index)), now)
            count += 1
        }
        board.tick(now: now)
        for index in 0..<board.depth.count {
            board.review(MarketIndex(index: UInt32(truncatingIfNeeded: index)), now: now)
        }
        publishSteps(now)
        return count
    }

    /// Another instance reads these partitions from now on: it finds their opportunities anew.
    func release(_ partitions: some Sequence<Int32>, now: Int64) {
        let gone = Set(partitions)
        cold.subtract(gone)
        for index in states.indices where gone.contains(states[index].partition) {
            let symbol = SymbolID(index: UInt32(truncatingIfNeeded: index))
            releaseBooks(of: symbol, now)
            quotes.forget(symbol)
            states[index] = SymbolState()
        }
    }

    /// Closes what is open, since nobody will watch it.
    func shutdown(now: Int64) {
        board.closeAll(.shutdown, now: now)
        publishSteps(now)
        publishDirty(now, isLast: true)
    }

    private func isCold(_ symbol: SymbolID) -> Bool {
        guard !cold.isEmpty, Int(symbol.index) < states.count else { return false }
        return cold.contains(states[Int(symbol.index)].partition)
    }
}
