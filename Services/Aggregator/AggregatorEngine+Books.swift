// Part of MarketBus. Apache License 2.0, see LICENSE.

import Arbitrage
import FixedPoint
import KafkaBus
import Models
import Quotes
import Routing
import Wire

/// Which stream tells of an instrument's book.
enum BookSource {
    case none
    /// Best bids and asks, taken for books of one level.
    case quotes
    /// Whole books, which the quotes add nothing to.
    case books
}

extension AggregatorEngine {
    /// The number of a venue's instrument, if there is room for it.
    func market(_ symbol: SymbolID, _ venue: VenueIndex) -> MarketIndex? {
        guard let market = board.market(symbol, venue) else { return nil }
        while sources.count < board.depth.count { sources.append(.none) }
        return market
    }

    /// Takes a venue's best bid and ask for its book where nothing deeper is there.
    func takeDepth(of update: LegUpdate, _ symbol: SymbolID, _ venue: VenueIndex, _ now: Int64) {
        guard let market = market(symbol, venue) else { return metrics.refusedName.add() }
        guard sources[Int(market.index)] != .books else { return }
        sources[Int(market.index)] = .quotes
        quoteUpdate.kind = update.isLive ? .snapshot : .invalid
        quoteUpdate.identity = update.identity
        quoteUpdate.exchangeMicroseconds = update.exchangeMicroseconds
        quoteUpdate.receivedMicroseconds = update.receivedMicroseconds
        quoteUpdate.bids.removeAll(keepingCapacity: true)
        quoteUpdate.asks.removeAll(keepingCapacity: true)
        if let bid = update.bid { quoteUpdate.bids.append(bid) }
        if let ask = update.ask { quoteUpdate.asks.append(ask) }
        board.apply(quoteUpdate, market, now: now, judges: cold.isEmpty)
    }

    /// Takes in a record of `md.book.v1`.
    func takeBook(_ record: borrowing ConsumedRecord, now: Int64) {
        guard let value = record.value else { return metrics.tombstone.add() }
        do throws(RecordError) {
            let book = try BookRecord(decoding: value, scanner: scanner)
            take(book, now)
        } catch {
            metrics.undecodable.add()
            bury(record, value, error, now)
        }
    }

    private func take(_ record: BookRecord, _ now: Int64) {
        let head = record.head
        guard let symbol = quotes.symbol(head.symbol), let venue = quotes.venue(head.venue),
            let feed = quotes.feed(head.feed), let market = market(symbol, venue)
        else { return metrics.refusedName.add() }
        publisher.note(head.venueSymbol, symbol, venue)
        hearEpoch(head.epoch, feed, now)
        var update = DepthUpdate(
            kind: record.book.kind == .snapshot ? .snapshot : record.book.kind == .delta ? .delta : .invalid,
            identity: RecordIdentity(feed: feed, epoch: head.epoch, seq: head.seq),
            receivedMicroseconds: head.receivedMicroseconds
        )
        update.exchangeMicroseconds = head.exchangeMicroseconds
        update.bids = record.bids
        update.asks = record.asks
        update.horizonBid = record.book.horizonBid
        update.horizonAsk = record.book.horizonAsk
        let place = Int(market.index)
        if sources[place] != .books {
            // Only a snapshot can take the quotes' place; the two streams number their records each for itself.
            guard update.kind == .snapshot else { return }
            board.forgetBook(market)
            sources[place] = .books
        }
        metrics.books.add()
        board.apply(update, market, now: now, judges: cold.isEmpty)
        touchBook(symbol)
        // A feed that gave the symbol to another ends its own stream; the other's book stays.
        if record.book.reason == .unsubscribed, board.depth[market].identity == update.identity {
            board.forgetBook(market)
            sources[place] = .none
        }
        publishSteps(now)
    }

    /// Takes in a record of `md.funding.v1`.
    func takeFunding(_ record: borrowing ConsumedRecord, now: Int64) {
        guard let value = record.value else { return metrics.tombstone.add() }
        do throws(RecordError) {
            let funding = try FundingRecord(decoding: value, scanner: scanner)
            take(funding, now)
        } catch {
            metrics.undecodable.add()
            bury(record, value, error, now)
        }
    }

    private func take(_ record: FundingRecord, _ now: Int64) {
        let head = record.head
        guard let symbol = quotes.symbol(head.symbol), let venue = quotes.venue(head.venue),
            let feed = quotes.feed(head.feed), let market = market(symbol, venue)
        else { return metrics.refusedName.add() }
        var terms: FundingTerms?
        if let rate = record.rate, let mark = record.mark, record.nextMicroseconds != EventTime.none {
            terms = FundingTerms(rate: rate, nextMicroseconds: record.nextMicroseconds, mark: mark)
        }
        let trigger = Trigger(
            venue: venue,
            identity: RecordIdentity(feed: feed, epoch: head.epoch, seq: head.seq),
            receivedMicroseconds: head.receivedMicroseconds
        )
        board.setFunding(terms, market, trigger: trigger, now: now, judges: cold.isEmpty)
        publishSteps(now)
    }

    /// Closes what a symbol's books are part of, and forgets them.
    func releaseBooks(of symbol: SymbolID, _ now: Int64) {
        for index in 0..<quotes.venueCount {
            let venue = VenueIndex(index: UInt16(truncatingIfNeeded: index))
            guard let market = board.depth.find(symbol, venue) else { continue }
            board.release(market, .shutdown, now: now)
            if board.depth.isQuarantined(market) { board.setQuarantine(false, market, now: now) }
            names.forget(market)
            sources[Int(market.index)] = .none
        }
        publishSteps(now)
    }
}

// MARK: - The book over venues

extension AggregatorEngine {
    func touchBook(_ symbol: SymbolID) {
        while states.count <= Int(symbol.index) { states.append(SymbolState()) }
        guard !states[Int(symbol.index)].isBookDirty else { return }
        states[Int(symbol.index)].isBookDirty = true
        dirtyBooks.append(symbol)
    }

    /// Publishes the books over venues that changed and were last published long enough ago.
    func publishBooks(_ now: Int64) {
        var kept = 0
        for symbol in dirtyBooks where states[Int(symbol.index)].isBookDirty {
            let (since, overflow) = now.subtractingReportingOverflow(
                states[Int(symbol.index)].bookMicroseconds
            )
            if overflow || since < 0 || since >= settings.bookIntervalMicroseconds {
                states[Int(symbol.index)].isBookDirty = false
                states[Int(symbol.index)].bookMicroseconds = now
                publishBook(symbol, now)
            } else {
                dirtyBooks[kept] = symbol
                kept += 1
            }
        }
        dirtyBooks.removeLast(dirtyBooks.count - kept)
    }

    private func publishBook(_ symbol: SymbolID, _ now: Int64) {
        var legs: [MarketIndex] = []
        for index in 0..<quotes.venueCount {
            let venue = VenueIndex(index: UInt16(truncatingIfNeeded: index))
            guard let market = board.depth.find(symbol, venue), sources[Int(market.index)] == .books,
                board.depth.health(market) == .live
            else { continue }
            legs.append(market)
        }
        legs.sort { name(of: $0) < name(of: $1) }
        guard let bids = levels(legs, isBid: true), let asks = levels(legs, isBid: false) else {
            return metrics.undecodable.add()
        }
        let venues = legs.map { market in
            let leg = board.depth[market]
            return AggBookRecord.Venue(
                venue: quotes.name(of: leg.venue),
                feed: leg.identity.map { quotes.name(ofFeed: $0.feed) } ?? "",
                receivedMicroseconds: leg.receivedMicroseconds,
                ageMicroseconds: leg.age(at: now)
            )
        }
        publisher.publishBook(symbol, quotes.name(of: symbol), settings.bookTop, venues, bids, asks, now: now)
    }

    private func name(of market: MarketIndex) -> String { quotes.name(of: board.depth[market].venue) }

    private func levels(_ legs: [MarketIndex], isBid: Bool) -> [AggBookRecord.Level]? {
        let sides = legs.map { market in
            let leg = board.depth[market]
            return (venue: leg.venue, levels: leg.ladder.levels(buying: !isBid))
        }
        let merged = try? ConsolidatedDepth.merge(sides, isBid: isBid, top: settings.bookTop)
        return merged?.map { level in
            AggBookRecord.Level(
                price: level.price,
                size: level.size,
                parts: level.parts.map { .init(venue: quotes.name(of: $0.venue), size: $0.size) }
            )
        }
    }
}

// MARK: - What an earlier run left open

extension AggregatorEngine {
    /// Notes a step that an earlier run of this instance told.
    func noteOpportunity(_ record: borrowing ConsumedRecord) {
        guard let value = record.value,
            let step = try? OpportunityRecord(decoding: value, scanner: scanner),
            step.aggregator == settings.common.instance, step.epoch != publisher.epoch,
            let state = OpportunityState(rawValue: step.state.rawValue)
        else { return }
        orphans?.note(step, id: step.id, state)
    }

    /// Closes what an earlier run left open; gives their number.
    func closeOrphans(now: Int64) -> Int {
        let left = orphans?.takeAll() ?? []
        orphans = nil
        for orphan in left {
            guard let symbol = quotes.symbol(orphan.symbol) else { continue }
            publisher.publishEnd(of: orphan, symbol, now: now)
        }
        return left.count
    }
}
