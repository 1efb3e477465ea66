// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// The best bid and ask of every symbol over all venues, from each venue's own.
///
/// A leg counts while it is live: it leaves at once when its feed invalidates it, and by itself when it was silent for
/// longer than usual or its feed's heartbeat is late; it returns with the next newer quote. There is no clock in here:
/// the time comes in with every call.
///
/// - Thread: one at a time. Allocates: only for a symbol, venue or feed that is new.
public struct QuoteTable: Sendable {
    private struct Place: Hashable {
        var symbol: SymbolID
        var venue: VenueIndex
    }

    /// Who takes part: a leg's place is `symbol × stride + venue`.
    private(set) var legs: ContiguousArray<Leg?> = []
    /// When each leg goes stale, `.max` where it is not live; beside the legs, so that a sweep reads little.
    private(set) var deadlines: ContiguousArray<Int64> = []
    private var best: ContiguousArray<ConsolidatedQuote> = []
    private var stride = 4
    private var symbols: NameTable
    private var venues = NameTable(limit: 64)
    private var feeds: NameTable
    /// A venue's place in the order of names, for ties.
    private(set) var venueRanks: ContiguousArray<Int> = []
    private let ages: ArrivalBounds
    private var pulses: FeedPulses
    /// The feeds whose legs have left because they are late or have stopped.
    private var doubted: Set<UInt32> = []
    /// The legs whose price has nothing to do with the others' of the same name, by place.
    private var quarantined: Set<Place> = []
    /// Which symbols join which through a conversion.
    private(set) var joins = JoinTable(rules: [])
    /// The symbols whose quote is another through a conversion since ``takeJoined(_:)``.
    var joined: ContiguousArray<SymbolID> = []

    /// An empty table.
    public init(settings: QuoteSettings) {
        let most = settings.legMaxAgeMicroseconds
        ages = ArrivalBounds(
            least: min(settings.legMinAgeMicroseconds ?? most, most),
            most: most,
            samples: settings.samples
        )
        pulses = FeedPulses(limit: settings.heartbeatMicroseconds)
        symbols = NameTable(limit: settings.maximumSymbols)
        feeds = NameTable(limit: settings.maximumSymbols)
        let rules = settings.conversions.compactMap { conversion -> JoinTable.Rule? in
            guard let market = symbol(conversion.market), let venue = venue(conversion.venue) else {
                return nil
            }
            return JoinTable.Rule(conversion: conversion, market: market, venue: venue)
        }
        joins = JoinTable(rules: rules)
        for index in best.indices { link(SymbolID(index: UInt32(truncatingIfNeeded: index))) }
    }
}

// MARK: - Names

extension QuoteTable {
    /// How many symbols there are; their numbers are below.
    public var symbolCount: Int { symbols.count }
    /// How many venues there are; their numbers are below.
    public var venueCount: Int { venues.count }

    /// The number of the symbol with these bytes, given out now if it is new; nil when it is refused.
    public mutating func symbol(_ bytes: UnsafeRawBufferPointer) -> SymbolID? {
        guard let index = symbols.intern(bytes) else { return nil }
        if Int(index) == best.count { addSymbol() }
        return SymbolID(index: index)
    }

    /// The number of the symbol with this name, given out now if it is new; nil when it is refused.
    public mutating func symbol(_ name: String) -> SymbolID? {
        var copy = name
        return copy.withUTF8 { symbol(UnsafeRawBufferPointer($0)) }
    }

    /// The number of the symbol with these bytes, if it is known.
    public func find(symbol bytes: UnsafeRawBufferPointer) -> SymbolID? {
        symbols.find(bytes).map(SymbolID.init(index:))
    }

    /// The number of the symbol with this name, if it is known.
    public func find(symbol name: String) -> SymbolID? { symbols.find(name).map(SymbolID.init(index:)) }

    /// The number of the venue with these bytes, given out now if it is new; nil when it is refused.
    public mutating func venue(_ bytes: UnsafeRawBufferPointer) -> VenueIndex? {
        guard let index = venues.intern(bytes) else { return nil }
        if Int(index) == venueRanks.count { addVenue() }
        return VenueIndex(index: UInt16(truncatingIfNeeded: index))
    }

    /// The number of the venue with these bytes, if it is known.
    public func find(venue bytes: UnsafeRawBufferPointer) -> VenueIndex? {
        venues.find(bytes).map { VenueIndex(index: UInt16(truncatingIfNeeded: $0)) }
    }

    /// The number of the venue with this name, given out now if it is new; nil when it is refused.
    public mutating func venue(_ name: String) -> VenueIndex? {
        var copy = name
        return copy.withUTF8 { venue(UnsafeRawBufferPointer($0)) }
    }

    /// The number of the feed with these bytes, given out now if it is new; nil when it is refused.
    public mutating func feed(_ bytes: UnsafeRawBufferPointer) -> UInt32? { feeds.intern(bytes) }

    /// The number of the feed with this name, given out now if it is new; nil when it is refused.
    public mutating func feed(_ name: String) -> UInt32? { feeds.intern(name) }

    /// A symbol's name.
    public func name(of symbol: SymbolID) -> String { symbols.text(symbol.index) }
    /// A venue's name.
    public func name(of venue: VenueIndex) -> String { venues.text(UInt32(venue.index)) }
    /// A feed's name.
    public func name(ofFeed feed: UInt32) -> String { feeds.text(feed) }

    private mutating func addSymbol() {
        let symbol = SymbolID(index: UInt32(truncatingIfNeeded: best.count))
        best.append(.none)
        legs.append(contentsOf: repeatElement(nil, count: stride))
        deadlines.append(contentsOf: repeatElement(.max, count: stride))
        link(symbol)
    }

    private mutating func link(_ symbol: SymbolID) {
        guard !joins.rules.isEmpty else { return }
        let known = symbols
        joins.link(symbol, name(of: symbol)) { known.find($0).map(SymbolID.init(index:)) }
        // Those that join it may have been there before it. Whose time is over the next sweep says.
        if recompute(Int(symbol.index), now: .min) { joined.append(symbol) }
    }

    private mutating func addVenue() {
        venueRanks.append(0)
        let order = venueRanks.indices.sorted { venues.text(UInt32($0)) < venues.text(UInt32($1)) }
        for (rank, venue) in order.enumerated() { venueRanks[venue] = rank }
        if venueRanks.count > stride { widen() }
    }

    /// Moves every symbol's legs further apart.
    private mutating func widen() {
        let wide = stride * 2
        var newLegs = ContiguousArray<Leg?>(repeating: nil, count: best.count * wide)
        var newDeadlines = ContiguousArray<Int64>(repeating: .max, count: best.count * wide)
        for symbol in best.indices {
            for venue in 0..<stride {
                newLegs[symbol * wide + venue] = legs[symbol * stride + venue]
                newDeadlines[symbol * wide + venue] = deadlines[symbol * stride + venue]
            }
        }
        (legs, deadlines, stride) = (newLegs, newDeadlines, wide)
    }
}

// MARK: - Reading

extension QuoteTable {
    /// The best bid and ask of a symbol.
    public func quote(of symbol: SymbolID) -> ConsolidatedQuote {
        let index = Int(symbol.index)
        return index < best.count ? best[index] : .none
    }

    /// What one venue says about a symbol, if it ever said anything.
    public func leg(_ symbol: SymbolID, _ venue: VenueIndex) -> Leg? {
        guard let place = place(symbol, venue) else { return nil }
        return legs[place]
    }

    /// Whether any venue ever said something about a symbol.
    public func isQuoted(_ symbol: SymbolID) -> Bool {
        let first = Int(symbol.index) * stride
        return Int(symbol.index) < best.count && legs[first..<(first + stride)].contains { $0 != nil }
    }

    /// How old a leg may be before it is doubted, in microseconds.
    public func allowedAge(_ symbol: SymbolID, _ venue: VenueIndex) -> Int64 {
        guard let place = place(symbol, venue), let leg = legs[place] else { return ages.most }
        return leg.clock.allowed(ages)
    }

    func place(_ symbol: SymbolID, _ venue: VenueIndex) -> Int? {
        guard Int(symbol.index) < best.count, Int(venue.index) < venueRanks.count else { return nil }
        return Int(symbol.index) &* stride &+ Int(venue.index)
    }
}

// MARK: - Feeds and names

extension QuoteTable {
    /// Notes that a feed is alive.
    public mutating func heard(ofFeed feed: UInt32, at time: Int64) {
        pulses.heard(feed, at: time)
        doubted.remove(feed)
    }

    /// Notes that a feed says it stops: its legs leave with the next ``expire(now:changed:)`` and stay away until it is
    /// heard of again.
    public mutating func stopped(feed: UInt32, at time: Int64) { pulses.stopped(feed, at: time) }

    /// When a feed was last heard of, in microseconds since the Unix epoch; nil: never.
    public func lastHeard(ofFeed feed: UInt32) -> Int64? { pulses.lastHeard(feed) }

    /// The feeds that were not believed at the last ``expire(now:changed:)``.
    public var lateFeeds: Set<UInt32> { doubted }

    /// Takes a leg out, or back in, whatever its health: its price has nothing to do with the others' of that name.
    ///
    /// - Returns: whether it was otherwise before.
    @discardableResult
    public mutating func setQuarantine(
        _ isOut: Bool,
        _ symbol: SymbolID,
        _ venue: VenueIndex,
        now: Int64
    ) -> Bool {
        guard place(symbol, venue) != nil, isQuarantined(symbol, venue) != isOut else { return false }
        let place = Place(symbol: symbol, venue: venue)
        if isOut { quarantined.insert(place) } else { quarantined.remove(place) }
        _ = recompute(Int(symbol.index), now: now)
        followJoins(of: Int(symbol.index), now: now)
        return true
    }

    /// Whether a leg is out by ``setQuarantine(_:_:_:now:)``.
    public func isQuarantined(_ symbol: SymbolID, _ venue: VenueIndex) -> Bool {
        !quarantined.isEmpty && quarantined.contains(Place(symbol: symbol, venue: venue))
    }
}

// MARK: - Writing

extension QuoteTable {
    /// Takes in a record.
    ///
    /// - Parameters:
    ///   - update: what the record says.
    ///   - now: the time. Unit: microseconds since the Unix epoch.
    /// - Returns: what it did.
    public mutating func apply(_ update: LegUpdate, now: Int64) -> UpdateOutcome {
        guard let place = place(update.symbol, update.venue) else { return .ignored(.unknown) }
        if let reason = Self.refusal(of: update, by: legs[place], now: now) { return .ignored(reason) }
        let received = min(update.receivedMicroseconds, now)
        noteGap(place, received, update)
        let deadline = Self.deadline(received, legs[place]?.clock.allowed(ages) ?? ages.most)
        let isDoubted = deadline < now || pulses.isLate(update.identity.feed, now)
        let health: LegHealth = update.isLive ? (isDoubted ? .stale : .live) : .invalid
        deadlines[place] = health == .live ? deadline : .max
        if refresh(place, update, health, received) { return .refreshed }
        let wasHealth = legs[place]?.health
        let old = legs[place]
        legs[place] = Leg(
            health: health,
            bid: update.isLive ? update.bid : old?.bid,
            ask: update.isLive ? update.ask : old?.ask,
            identity: update.identity,
            exchangeMicroseconds: update.exchangeMicroseconds,
            venueSequence: update.venueSequence,
            receivedMicroseconds: received,
            clock: old?.clock ?? ArrivalClock()
        )
        let isBestNew = recompute(Int(update.symbol.index), now: now)
        followJoins(of: Int(update.symbol.index), now: now)
        return isBestNew || wasHealth != health ? .changed : .legChanged
    }

    /// Lets legs leave whose quote is too old.
    ///
    /// - Parameters:
    ///   - now: the time. Unit: microseconds since the Unix epoch.
    ///   - changed: called once for every symbol of which a leg left; see ``takeJoined(_:)`` for those that it joins.
    public mutating func expire(now: Int64, changed: (SymbolID) -> Void) {
        let late = pulses.late(now)
        for feed in late where !doubted.contains(feed) { loseFaith(in: feed) }
        doubted = Set(late)
        for place in deadlines.indices where deadlines[place] < now {
            let symbol = place / stride
            _ = recompute(symbol, now: now)
            followJoins(of: symbol, now: now)
            changed(SymbolID(index: UInt32(truncatingIfNeeded: symbol)))
        }
    }

    /// Lets the time of all legs of a feed be over.
    private mutating func loseFaith(in feed: UInt32) {
        for place in deadlines.indices where deadlines[place] != .max && legs[place]?.identity.feed == feed {
            deadlines[place] = .min
        }
    }

    /// Learns from the time between two records of one incarnation, while the leg counts or is only late.
    private mutating func noteGap(_ place: Int, _ received: Int64, _ update: LegUpdate) {
        guard ages.least < ages.most, let leg = legs[place], leg.health != .invalid, update.isLive,
            leg.identity.feed == update.identity.feed, leg.identity.epoch == update.identity.epoch
        else { return }
        let (gap, overflow) = received.subtractingReportingOverflow(leg.receivedMicroseconds)
        if !overflow { legs[place]?.clock.note(gap: max(gap, 0), ages) }
    }

    /// Forgets all legs of a symbol, as if it had never been heard of; its number stays good, and so do those that join it.
    public mutating func forget(_ symbol: SymbolID) {
        guard Int(symbol.index) < best.count else { return }
        let first = Int(symbol.index) * stride
        for place in first..<(first + stride) {
            legs[place] = nil
            deadlines[place] = .max
        }
        if !quarantined.isEmpty { quarantined = quarantined.filter { $0.symbol != symbol } }
        // Whose time is over the next sweep says.
        _ = recompute(Int(symbol.index), now: .min)
        followJoins(of: Int(symbol.index), now: .min)
    }

    /// Why a leg does not take an update, or nil if it does.
    ///
    /// Another instance of a feed takes over with a higher epoch. With a lower one it does so only where the leg no
    /// longer counts and the quote was received after everything that the leg knows: two instances may stand in for
    /// each other, while the late records of one that was replaced change nothing.
    private static func refusal(of update: LegUpdate, by leg: Leg?, now: Int64) -> IgnoreReason? {
        if isAbsurd(update.bid) || isAbsurd(update.ask) { return .absurd }
        if ClockLeeway.isAhead(update.identity.epoch, update.receivedMicroseconds, now) { return .clockAhead }
        guard let leg else { return nil }
        let (new, old) = (update.identity, leg.identity)
        if new.epoch > old.epoch { return nil }
        if new.epoch == old.epoch, new.feed == old.feed { return new.seq > old.seq ? nil : .oldSequence }
        let standsIn =
            new.feed != old.feed && leg.health != .live && update.isLive
            && update.receivedMicroseconds > leg.receivedMicroseconds
        return standsIn ? nil : .oldEpoch
    }

    private static func isAbsurd(_ level: PriceLevel?) -> Bool {
        guard let level else { return false }
        return !level.price.isPositive || !level.size.isPositive
    }

    private static func deadline(_ received: Int64, _ maxAge: Int64) -> Int64 {
        let (sum, overflow) = received.addingReportingOverflow(maxAge)
        return overflow ? .max - 1 : min(sum, .max - 1)
    }

    /// Notes times and identity where nothing else is new; true if that was all.
    private mutating func refresh(
        _ place: Int,
        _ update: LegUpdate,
        _ health: LegHealth,
        _ received: Int64
    ) -> Bool {
        guard let leg = legs[place], leg.health == health else { return false }
        guard !update.isLive || (leg.bid == update.bid && leg.ask == update.ask) else { return false }
        legs[place]?.identity = update.identity
        legs[place]?.exchangeMicroseconds = update.exchangeMicroseconds
        legs[place]?.venueSequence = update.venueSequence
        legs[place]?.receivedMicroseconds = received
        return true
    }

    private mutating func leave(_ place: Int) {
        deadlines[place] = .max
        legs[place]?.health = .stale
    }

    /// Finds the best bid and ask of a symbol again; true if they are others than before.
    mutating func recompute(_ symbol: Int, now: Int64) -> Bool {
        var quote = ConsolidatedQuote.none
        let first = symbol &* stride
        for venue in 0..<venueRanks.count {
            let place = first &+ venue
            // A leg whose time is over does not wait for the sweep.
            if deadlines[place] < now { leave(place) }
            guard deadlines[place] != .max, let leg = legs[place] else { continue }
            let index = VenueIndex(index: UInt16(truncatingIfNeeded: venue))
            if isQuarantined(SymbolID(index: UInt32(truncatingIfNeeded: symbol)), index) { continue }
            quote.liveLegs += 1
            consider(leg.bid, leg.ask, index, nil, in: &quote)
        }
        consider(joinsOf: symbol, now, in: &quote)
        guard quote != best[symbol] else { return false }
        best[symbol] = quote
        return true
    }
}
