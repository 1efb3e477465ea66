// Part of MarketBus. Apache License 2.0, see LICENSE.

import Arbitrage
import Models
import Quotes
import Wire

/// What a symbol is to this instance.
enum SymbolStanding {
    /// Of no interest: its records are passed over by their keys.
    case stranger
    /// Another instance's, but a leg of a route that is this one's.
    case guest
    /// Its quotes, books and the routes that begin with it are this instance's.
    case own
}

/// Which part of the market an instance has.
///
/// A symbol's partition follows from its name, and the partition's owner is the symbol's. A route is its first leg's: that
/// is the key of its records too, so what an instance tells goes to the partitions that it owns.
struct MarketShare {
    /// The number of partitions of every topic that is keyed by symbol.
    var partitions: Int
    /// The partitions that are this instance's.
    var own: Set<Int32> = []
    /// Those, and others', whose newest records are being read: what they say is learned, and nothing is told of it.
    var learning: Set<Int32> = []
    /// When each partition was taken over, in microseconds since the Unix epoch: the epoch of what is told of it.
    var takenMicroseconds: [Int32: Int64] = [:]

    /// Whether there is nobody to share with.
    var isWhole: Bool { own.count == partitions }

    func partition(of name: String) -> Int32 {
        Int32(truncatingIfNeeded: KeyPartition.of(name, among: partitions))
    }

    func partition(of key: UnsafeRawBufferPointer) -> Int32 {
        Int32(truncatingIfNeeded: Int(KeyPartition.murmur2(key) & 0x7FFF_FFFF) % max(partitions, 1))
    }
}

// MARK: - Whose a symbol is

extension AggregatorEngine {
    /// Whether a record may be of interest, by its key alone.
    func wants(_ key: UnsafeRawBufferPointer?) -> Bool {
        guard !share.isWhole, let key else { return true }
        guard let symbol = quotes.find(symbol: key), Int(symbol.index) < states.count else {
            return share.own.contains(share.partition(of: key))
        }
        return states[Int(symbol.index)].standing != .stranger
    }

    /// Gives symbols that are new their place; false where this one is of no interest.
    @discardableResult
    func enroll(_ symbol: SymbolID) -> Bool {
        while states.count <= Int(symbol.index) {
            let next = SymbolID(index: UInt32(truncatingIfNeeded: states.count))
            var state = SymbolState(partition: share.partition(of: quotes.name(of: next)))
            if share.own.contains(state.partition) {
                state.standing = .own
                if let taken = share.takenMicroseconds[state.partition] {
                    state.isKnown = true
                    state.speaks = true
                    publisher.begin(next, epoch: taken)
                }
            }
            states.append(state)
        }
        return states[Int(symbol.index)].standing != .stranger
    }

    /// Tells the board what this instance may do with an instrument.
    func place(_ market: MarketIndex, closing reason: CloseReason?, _ now: Int64) {
        let state = states[Int(board.depth[market].symbol.index)]
        board.setStanding(
            isOwned: state.speaks,
            isKnown: state.isKnown,
            market,
            closing: reason,
            now: now
        )
    }

    func forEachMarket(of symbol: SymbolID, _ body: (MarketIndex) -> Void) {
        for index in 0..<quotes.venueCount {
            let venue = VenueIndex(index: UInt16(truncatingIfNeeded: index))
            if let market = board.depth.find(symbol, venue) { body(market) }
        }
    }

    private func forEachSymbol(in partition: Int32, _ body: (SymbolID) -> Void) {
        for index in states.indices
        where states[index].partition == partition && states[index].standing != .stranger {
            body(SymbolID(index: UInt32(truncatingIfNeeded: index)))
        }
    }
}

// MARK: - Partitions that come and go

extension AggregatorEngine {
    /// Says how many partitions there are, before the first record.
    func setPartitions(_ count: Int) {
        share.partitions = max(count, 1)
        states.removeAll()
        if board.depth.count > 0 || quotes.symbolCount > 0 {
            enroll(SymbolID(index: UInt32(truncatingIfNeeded: max(quotes.symbolCount, 1) - 1)))
        }
    }

    /// These partitions are this instance's from now on: their newest records are learned until ``endLearning(_:now:)``,
    /// and nothing is told of them before.
    func take(_ partitions: some Sequence<Int32>) {
        for partition in partitions {
            share.own.insert(partition)
            share.learning.insert(partition)
            share.takenMicroseconds[partition] = nil
            orphans[partition] = OrphanLedger()
            for index in states.indices where states[index].partition == partition {
                states[index].standing = .own
            }
        }
        hasNewShare = true
    }

    /// Other partitions' newest records are being read for the sake of guests.
    func beginLearning(_ partitions: some Sequence<Int32>) { share.learning.formUnion(partitions) }

    /// A partition's newest records are read: closes what was left open in it, judges and tells what was learned.
    ///
    /// - Returns: how many symbols it has for this instance, and how many orphans were closed.
    @discardableResult
    func endLearning(_ partition: Int32, now: Int64) -> (symbols: Int, orphans: Int) {
        share.learning.remove(partition)
        let isOwn = share.own.contains(partition)
        let isTaken = isOwn && share.takenMicroseconds[partition] == nil
        if isTaken { share.takenMicroseconds[partition] = now }
        expireQuotes(now)
        var members: [SymbolID] = []
        forEachSymbol(in: partition) { members.append($0) }
        for symbol in members {
            states[Int(symbol.index)].isKnown = true
            guard isTaken else { continue }
            states[Int(symbol.index)].speaks = true
            publisher.begin(symbol, epoch: now)
        }
        let closed = isTaken ? closeOrphans(of: partition, now) : 0
        for symbol in members { forEachMarket(of: symbol) { place($0, closing: nil, now) } }
        board.tick(now: now)
        for symbol in members {
            forEachMarket(of: symbol) { board.review($0, now: now) }
            if isTaken, quotes.isQuoted(symbol) { publishQuote(symbol, now) }
        }
        publishSteps(now)
        return (members.count, closed)
    }

    /// Another instance has these partitions from now on.
    ///
    /// What is open there is closed with the reason; without one nothing is told, since another closes it already.
    func giveUp(_ partitions: some Sequence<Int32>, _ reason: CloseReason?, now: Int64) {
        for partition in partitions {
            share.own.remove(partition)
            share.learning.remove(partition)
            share.takenMicroseconds[partition] = nil
            orphans[partition] = nil
            for index in states.indices where states[index].partition == partition {
                let symbol = SymbolID(index: UInt32(truncatingIfNeeded: index))
                states[index].silence()
                forEachMarket(of: symbol) { place($0, closing: reason, now) }
            }
        }
        publishSteps(now)
        hasNewShare = true
    }

    /// Finds the symbols of others that this instance's routes lead through or that join its quotes, and forgets those that
    /// are neither any more.
    ///
    /// - Returns: the partitions whose newest records must be read for it, some of them again; nil where nothing is new.
    func followRoutes(now: Int64) -> Set<Int32>? {
        let hasNewJoins = !settings.quotes.conversions.isEmpty && followedSymbols != quotes.symbolCount
        guard hasNewShare || hasNewJoins || followedRoutes != board.map.routes.count else { return nil }
        hasNewShare = false
        followedRoutes = board.map.routes.count
        followedSymbols = quotes.symbolCount
        if followedSymbols > 0 { enroll(SymbolID(index: UInt32(truncatingIfNeeded: followedSymbols - 1))) }
        let wanted = wantedSymbols()
        var unread: Set<Int32> = []
        for index in states.indices where states[index].standing != .own {
            let symbol = SymbolID(index: UInt32(truncatingIfNeeded: index))
            if wanted[index] {
                let isNew = states[index].standing == .stranger
                states[index].standing = .guest
                let isBeingRead = share.learning.contains(states[index].partition)
                if isNew || !(states[index].isKnown || isBeingRead) { unread.insert(states[index].partition) }
            } else if states[index].standing == .guest {
                forget(symbol, now)
            }
        }
        share.learning.formIntersection(share.own.union(guestPartitions))
        return unread
    }

    /// The partitions of others that have guests.
    var guestPartitions: Set<Int32> {
        Set(states.lazy.filter { $0.standing == .guest }.map(\.partition))
    }

    /// The partitions without which the quotes of a partition's symbols are not whole, since others join them.
    func joinPartitions(of partition: Int32) -> Set<Int32> {
        guard !settings.quotes.conversions.isEmpty else { return [] }
        var found: Set<Int32> = []
        forEachSymbol(in: partition) { symbol in
            for needed in quotes.joining(symbol) where Int(needed.index) < states.count {
                found.insert(states[Int(needed.index)].partition)
            }
        }
        return found
    }

    private func wantedSymbols() -> [Bool] {
        var wanted = [Bool](repeating: false, count: states.count)
        guard !share.isWhole else { return wanted }
        for route in board.map.routes {
            guard let first = route.legs.first else { continue }
            let owner = Int(board.depth[first.market].symbol.index)
            guard states[owner].standing == .own else { continue }
            for leg in route.legs { wanted[Int(board.depth[leg.market].symbol.index)] = true }
        }
        for index in states.indices where states[index].standing == .own {
            let symbol = SymbolID(index: UInt32(truncatingIfNeeded: index))
            for needed in quotes.joining(symbol) where Int(needed.index) < wanted.count {
                wanted[Int(needed.index)] = true
            }
        }
        return wanted
    }

    private func forget(_ symbol: SymbolID, _ now: Int64) {
        states[Int(symbol.index)].standing = .stranger
        states[Int(symbol.index)].isKnown = false
        quotes.forget(symbol)
        forEachMarket(of: symbol) { market in
            place(market, closing: nil, now)
            board.forgetBook(market)
            names.forget(market)
            if board.depth.isQuarantined(market) { board.setQuarantine(false, market, now: now) }
            sources[Int(market.index)] = .none
        }
    }
}

// MARK: - What others left open

extension AggregatorEngine {
    /// Notes a step that was told in a partition before it was this instance's.
    func noteOpportunity(_ record: InboundRecord) {
        guard let value = record.value, share.learning.contains(record.partition),
            let step = StepGlance(value, scanner)
        else { return }
        orphans[record.partition]?.note(step.isOpen ? Array(value) : [], id: step.id, step.state)
    }

    /// Closes what is open in a partition that was just taken: whoever opened it closed what it could before it gave the
    /// partition up, so nobody watches the rest.
    private func closeOrphans(of partition: Int32, _ now: Int64) -> Int {
        guard var ledger = orphans.removeValue(forKey: partition) else { return 0 }
        let left = ledger.takeAll()
        for value in left {
            guard
                let orphan = try? value.withUnsafeBytes({
                    try OpportunityRecord(decoding: $0, scanner: scanner)
                })
            else {
                metrics.undecodable.add()
                continue
            }
            guard let symbol = quotes.symbol(orphan.head.symbol) else {
                metrics.refusedName.add()
                continue
            }
            enroll(symbol)
            publisher.publishEnd(of: orphan, symbol, now: now)
        }
        return left.count
    }
}
