// Part of MarketBus. Apache License 2.0, see LICENSE.

import Arbitrage
import JSONView
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
        /// The partition of its records, by its name.
        let partition: Int32
        var standing = SymbolStanding.stranger
        /// Whether what is known of it is the present, and not read from old records.
        var isKnown = false
        /// Whether its quotes, books and routes are this instance's to tell.
        var speaks = false
        var isDirty = false
        var publishedMicroseconds = Int64.min
        /// Whether the book over venues changed since it was published.
        var isBookDirty = false
        var bookMicroseconds = Int64.min

        /// From now on another tells of it; what is known stays until it is of no interest.
        mutating func silence() {
            if standing == .own { standing = .guest }
            speaks = false
            (isDirty, publishedMicroseconds) = (false, .min)
            (isBookDirty, bookMicroseconds) = (false, .min)
        }
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
    /// When the newest funding of each instrument was received, in microseconds since the Unix epoch.
    var fundingMicroseconds: ContiguousArray<Int64> = []
    /// Used again for every quote.
    var quoteUpdate: DepthUpdate
    var states: ContiguousArray<SymbolState> = []
    private var dirty: ContiguousArray<SymbolID> = []
    private var touched: ContiguousArray<SymbolID> = []
    /// Used again for every record.
    private var joined: ContiguousArray<SymbolID> = []
    /// The symbols whose book over venues changed.
    var dirtyBooks: ContiguousArray<SymbolID> = []
    /// Which part of the market is this instance's.
    var share: MarketShare
    /// Called when a step of an opportunity has been handed over that a record led to.
    var onStep: () -> Void = {}
    /// Whether ``share`` changed since routes were last followed.
    var hasNewShare = false
    /// How many routes there were then.
    var followedRoutes = 0
    /// How many symbols there were then.
    var followedSymbols = 0
    /// What is open in partitions that were just taken, by partition: the newest step of each, as it was told.
    var orphans: [Int32: OrphanLedger<[UInt8]>] = [:]
    private var deadLetters: DeadLetterBox
    /// What was not believed.
    let ignored: IgnoredRecords
    /// Those of `aggregator.venues` that were heard of.
    var takenVenues: Set<VenueIndex> = []
    /// How many implausible edges were told.
    var toldImplausible: UInt64 = 0
    private var nextSurvey = Int64.min
    private var quotedSymbols = 0

    init(
        _ settings: AggregatorSettings,
        scanner: JSONScanner,
        publisher: RecordPublisher,
        metrics: AggregatorMetrics,
        logger: Logger
    ) {
        self.settings = settings
        self.logger = logger
        share = MarketShare(partitions: settings.kafka.partitions)
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
        ignored = IgnoredRecords(
            instance: settings.common.instance,
            intervalMicroseconds: settings.ignoredMicroseconds,
            counters: metrics.ignored,
            logger: logger
        )
        for conversion in settings.conversions {
            guard let symbol = quotes.symbol(conversion.symbol), let venue = quotes.venue(conversion.venue),
                let market = market(symbol, venue)
            else { continue }
            board.allowConversion(market)
        }
    }

    /// How many symbols this instance told of, as of the last survey.
    var symbolCount: Int { quotedSymbols }

    /// The name of the symbol with this number.
    func symbolName(_ index: UInt32) -> String { quotes.name(of: SymbolID(index: index)) }
}

// MARK: - Records

extension AggregatorEngine {
    /// Takes in a record of `md.bbo.v1`.
    func takeQuote(_ record: InboundRecord, now: Int64) {
        guard wants(record.key) else { return metrics.foreign.add() }
        guard let value = record.value else { return refuseTombstone(TopicRegistry.bbo, record, now) }
        do throws(RecordError) {
            let bbo = try BboRecord(decoding: value, scanner: scanner)
            guard isUnder(record.key, bbo.symbol.bytes) else {
                return refuseKey(TopicRegistry.bbo, bbo.symbol.string, bbo.venue.string, now)
            }
            take(bbo, now)
        } catch {
            metrics.undecodable.add()
            bury(record, value, error, now)
        }
    }

    private func take(_ bbo: BboRecord, _ now: Int64) {
        guard let venue = venue(bbo.venue.bytes), let symbol = quotes.symbol(bbo.symbol.bytes),
            let feed = quotes.feed(bbo.feed.bytes)
        else { return refuseNames(TopicRegistry.bbo, bbo.symbol.bytes, bbo.venue.bytes, now) }
        guard enroll(symbol) else { return metrics.foreign.add() }
        hearEpoch(bbo.epoch, feed, now)
        let update = Self.update(bbo, symbol, venue, feed)
        let outcome = quotes.apply(update, now: now)
        metrics.count(outcome)
        if case .ignored(let reason) = outcome {
            return noteIgnored(reason, TopicRegistry.bbo, symbol, venue, now)
        }
        touchJoined(now)
        takeDepth(of: update, symbol, venue, now)
        guard outcome != .refreshed else { return publishSteps(now) }
        publisher.note(bbo.venueSymbol.bytes, symbol, venue)
        publishSteps(now)
        guard states[Int(symbol.index)].speaks else { return }
        metrics.recordAge.observe(now &- bbo.publishedMicroseconds)
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
    func takeInstrument(_ record: InboundRecord, now: Int64) {
        guard let value = record.value else { return endInstrument(record.key, now) }
        do throws(RecordError) {
            let instrument = try InstrumentRecord(decoding: value, scanner: scanner).instrument
            guard let venue = venue(instrument.venue.name), let symbol = quotes.symbol(instrument.symbol)
            else {
                return refuseNames(
                    TopicRegistry.instrument,
                    instrument.symbol,
                    instrument.venue.name,
                    now
                )
            }
            var facts: MarketFacts?
            if let fee = settings.fees.taker(instrument) {
                facts = MarketFacts(of: instrument, takerFee: fee, makerFee: settings.fees.maker(instrument))
            }
            if let known = facts, !known.hasPlausibleFees {
                note(.absurd, TopicRegistry.instrument, symbol, venue, now)
                facts = nil
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
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        guard let key, let colon = key.firstIndex(of: UInt8(ascii: ":")) else {
            return refuseNames(TopicRegistry.instrument, key ?? empty, empty, now)
        }
        let venueBytes = UnsafeRawBufferPointer(rebasing: key[..<colon])
        let symbolBytes = UnsafeRawBufferPointer(rebasing: key[(colon + 1)...])
        guard let venue = venue(venueBytes), let symbol = quotes.symbol(symbolBytes) else {
            return refuseNames(TopicRegistry.instrument, symbolBytes, venueBytes, now)
        }
        setFacts(nil, symbol, venue, now)
    }

    private func setFacts(_ facts: MarketFacts?, _ symbol: SymbolID, _ venue: VenueIndex, _ now: Int64) {
        guard let market = market(symbol, venue) else { return metrics.refusedName.add() }
        board.setFacts(facts, market, now: now)
        publishSteps(now)
    }

    func bury(
        _ record: InboundRecord,
        _ value: UnsafeRawBufferPointer,
        _ error: RecordError,
        _ now: Int64
    ) {
        let topic = TopicRegistry.topic(named: record.topic)?.id ?? TopicRegistry.deadLetter
        let symbol = record.key.map { String(String(decoding: $0.prefix(96), as: UTF8.self).prefix(64)) }
        ignored.note(.undecodable, .init(topic: topic, symbol: symbol, venue: "unknown"), now: now)
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
        expireQuotes(now)
        followFeeds()
        board.tick(now: now)
        publishSteps(now)
        publishDirty(now)
        if settings.bookTop > 0 { publishBooks(now) }
        if now >= nextSurvey {
            refresh(now)
            watchNames(now)
            reportIgnored(now)
            survey(now)
            nextSurvey = now + 1_000_000
        }
    }

    /// Lets legs leave that are too old, and tells what that changes.
    func expireQuotes(_ now: Int64) {
        touched.removeAll(keepingCapacity: true)
        quotes.expire(now: now) { touched.append($0) }
        // One that lost a leg of its own as well is told once.
        quotes.takeJoined { if !touched.contains($0) { touched.append($0) } }
        for symbol in touched { touch(symbol, now) }
    }

    /// Publishes a symbol's quote now, or notes that it waits for its interval.
    func touch(_ symbol: SymbolID, _ now: Int64) {
        let index = Int(symbol.index)
        guard index < states.count, states[index].speaks else { return }
        if settings.quoteIntervalMicroseconds == 0 || isDue(index, settings.quoteIntervalMicroseconds, now) {
            publishQuote(symbol, now)
        } else if !states[index].isDirty {
            states[index].isDirty = true
            dirty.append(symbol)
        }
    }

    /// Publishes, or notes, the quotes that are others because something that joins them is.
    func touchJoined(_ now: Int64) {
        quotes.takeJoined { joined.append($0) }
        for symbol in joined { touch(symbol, now) }
        joined.removeAll(keepingCapacity: true)
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

    /// A symbol of which no venue was ever heard has no quote that others could join.
    func publishQuote(_ symbol: SymbolID, _ now: Int64) {
        guard quotes.isQuoted(symbol) else { return }
        states[Int(symbol.index)].isDirty = false
        states[Int(symbol.index)].publishedMicroseconds = now
        publisher.publish(symbol, of: quotes, now: now)
    }

    func publishSteps(_ now: Int64) {
        guard !board.steps.isEmpty else { return }
        publisher.publish(board.steps, of: board, quotes, now: now) { step in
            if step.trigger != nil { onStep() }
            if step.state == .open, let trigger = step.trigger {
                metrics.tickToOpportunity.observe(now &- trigger.receivedMicroseconds)
            }
        }
        board.removeSteps()
    }

    /// Tells quotes again that have not changed for long; one of which nobody is live was told when the last left.
    private func refresh(_ now: Int64) {
        for index in states.indices
        where states[index].speaks && isDue(index, settings.refreshMicroseconds, now) {
            let symbol = SymbolID(index: UInt32(truncatingIfNeeded: index))
            if quotes.quote(of: symbol).liveLegs > 0 { publishQuote(symbol, now) }
        }
    }

    private func survey(_ now: Int64) {
        var counts = [0, 0, 0]
        quotedSymbols = 0
        for index in states.indices where states[index].standing == .own {
            let symbol = SymbolID(index: UInt32(truncatingIfNeeded: index))
            if quotes.isQuoted(symbol) { quotedSymbols += 1 }
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
        metrics.liveConversions.set(quotes.liveConversions(now: now))
        metrics.open.set(board.openCount)
        metrics.symbols.set(quotedSymbols)
        metrics.ownPartitions.set(share.own.count)
        metrics.learningPartitions.set(share.learning.count)
        metrics.routes.set(board.map.routes.count)
        metrics.cutSearches.set(Double(board.counts.cutSearches))
        metrics.overflows.set(Double(board.counts.overflows))
    }
}

extension AggregatorEngine {
    /// Closes what is open, since nobody will watch it.
    func shutdown(now: Int64) {
        board.closeAll(.shutdown, now: now)
        publishSteps(now)
        publishDirty(now, isLast: true)
    }
}
