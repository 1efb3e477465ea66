// Part of MarketBus. Apache License 2.0, see LICENSE.

import Arbitrage
import FixedPoint
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
        enroll(symbol)
        guard let market = board.market(symbol, venue) else { return nil }
        while sources.count < board.depth.count {
            place(MarketIndex(index: UInt32(truncatingIfNeeded: sources.count)), closing: nil, .min)
            sources.append(.none)
        }
        return market
    }

    /// Takes a venue's best bid and ask for its book where nothing deeper is there.
    func takeDepth(of update: LegUpdate, _ symbol: SymbolID, _ venue: VenueIndex, _ now: Int64) {
        guard let market = market(symbol, venue) else { return metrics.refusedName.add() }
        noteWeakness(of: update, market, symbol, venue, now)
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
        board.apply(quoteUpdate, market, now: now)
    }

    /// Takes in a record of `md.book.v1`.
    func takeBook(_ record: InboundRecord, now: Int64) {
        guard wants(record.key) else { return metrics.foreign.add() }
        guard let value = record.value else { return refuseTombstone(TopicRegistry.book, record, now) }
        do throws(RecordError) {
            let book = try BookRecord(decoding: value, scanner: scanner)
            guard isUnder(record.key, book.head.symbol.utf8) else {
                return refuseKey(TopicRegistry.book, book.head.symbol, book.head.venue, now)
            }
            take(book, now)
        } catch {
            metrics.undecodable.add()
            bury(record, value, error, now)
        }
    }

    private func take(_ record: BookRecord, _ now: Int64) {
        let head = record.head
        guard let venue = venue(head.venue), let symbol = quotes.symbol(head.symbol),
            let feed = quotes.feed(head.feed), let market = market(symbol, venue)
        else { return refuseNames(TopicRegistry.book, head.symbol, head.venue, now) }
        guard states[Int(symbol.index)].standing != .stranger else { return metrics.foreign.add() }
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
            guard !ClockLeeway.isAhead(head.epoch, head.receivedMicroseconds, now) else {
                return note(.clockAhead, TopicRegistry.book, symbol, venue, now)
            }
            board.forgetBook(market)
            sources[place] = .books
        }
        metrics.books.add()
        let outcome = board.apply(update, market, now: now)
        publishSteps(now)
        switch outcome {
        case .ignored(let reason): return noteIgnored(reason, TopicRegistry.book, symbol, venue, now)
        case .broken:
            if states[Int(symbol.index)].speaks { note(.brokenBook, TopicRegistry.book, symbol, venue, now) }
        case .changed: break
        }
        touchBook(symbol)
        // A feed that gave the symbol to another ends its own stream; the other's book stays.
        if record.book.reason == .unsubscribed, board.depth[market].identity == update.identity {
            board.forgetBook(market)
            sources[place] = .none
        }
    }

    /// Takes in a record of `md.funding.v1`.
    func takeFunding(_ record: InboundRecord, now: Int64) {
        guard wants(record.key) else { return metrics.foreign.add() }
        guard let value = record.value else { return refuseTombstone(TopicRegistry.funding, record, now) }
        do throws(RecordError) {
            let funding = try FundingRecord(decoding: value, scanner: scanner)
            guard isUnder(record.key, funding.head.symbol.utf8) else {
                return refuseKey(TopicRegistry.funding, funding.head.symbol, funding.head.venue, now)
            }
            take(funding, now)
        } catch {
            metrics.undecodable.add()
            bury(record, value, error, now)
        }
    }

    private func take(_ record: FundingRecord, _ now: Int64) {
        let head = record.head
        guard let venue = venue(head.venue), let symbol = quotes.symbol(head.symbol),
            let feed = quotes.feed(head.feed), let market = market(symbol, venue)
        else { return refuseNames(TopicRegistry.funding, head.symbol, head.venue, now) }
        guard states[Int(symbol.index)].standing != .stranger else { return metrics.foreign.add() }
        // Records that are read again don't bring old terms back.
        let place = Int(market.index)
        while fundingMicroseconds.count <= place { fundingMicroseconds.append(.min) }
        guard head.receivedMicroseconds >= fundingMicroseconds[place] else {
            return metrics.oldSequence.add()
        }
        fundingMicroseconds[place] = head.receivedMicroseconds
        var terms: FundingTerms?
        if let mark = record.mark, !mark.isPositive {
            note(.absurd, TopicRegistry.funding, symbol, venue, now)
        } else if let rate = record.rate, let mark = record.mark, record.nextMicroseconds != EventTime.none {
            terms = FundingTerms(rate: rate, nextMicroseconds: record.nextMicroseconds, mark: mark)
        }
        let trigger = Trigger(
            venue: venue,
            identity: RecordIdentity(feed: feed, epoch: head.epoch, seq: head.seq),
            receivedMicroseconds: head.receivedMicroseconds
        )
        board.setFunding(terms, market, trigger: trigger, now: now)
        publishSteps(now)
    }
}

// MARK: - The book over venues

extension AggregatorEngine {
    func touchBook(_ symbol: SymbolID) {
        guard states[Int(symbol.index)].speaks, !states[Int(symbol.index)].isBookDirty else { return }
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
