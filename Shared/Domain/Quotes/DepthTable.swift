// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// The limits of a ``DepthTable``.
public struct DepthSettings: Sendable {
    /// The most levels a side that are kept of a book.
    public var levels: Int
    /// How old a book may be.
    public var ages: ArrivalBounds
    /// A feed that has said nothing for longer is not believed; 0: nobody listens for it.
    ///
    /// - Unit: microseconds.
    public var heartbeatMicroseconds: Int64
    /// The most instruments that are taken.
    public var maximumMarkets: Int

    /// Makes settings.
    public init(
        levels: Int = 100,
        ages: ArrivalBounds = ArrivalBounds(),
        heartbeatMicroseconds: Int64 = 0,
        maximumMarkets: Int = 200_000
    ) {
        self.levels = levels
        self.ages = ages
        self.heartbeatMicroseconds = heartbeatMicroseconds
        self.maximumMarkets = maximumMarkets
    }
}

/// The books of all venues' instruments, each as far as it is proven.
///
/// A leg counts while it is live. It leaves when its feed invalidates it, when a record of it is missing (changes count
/// only where every one is there), when its feed's heartbeat is late, or when it was silent for longer than usual; the
/// next record that proves it brings it back. There is no clock in here: the time comes in with every call.
///
/// - Thread: one at a time. Allocates: only for what is new.
public struct DepthTable: Sendable {
    private struct Place: Hashable {
        var symbol: SymbolID
        var venue: VenueIndex
    }

    private let settings: DepthSettings
    private var legs: ContiguousArray<DepthLeg> = []
    /// When each leg goes stale, `.max` where it is not live.
    private var deadlines: ContiguousArray<Int64> = []
    private var places: [Place: MarketIndex] = [:]
    private var pulses: FeedPulses
    /// The legs whose price has nothing to do with the others' of the same name.
    private var quarantined: Set<MarketIndex> = []

    /// An empty table.
    public init(settings: DepthSettings) {
        self.settings = settings
        pulses = FeedPulses(limit: settings.heartbeatMicroseconds)
    }

    /// How many instruments there are; their numbers are below.
    public var count: Int { legs.count }

    /// The number of a venue's instrument, if it has one.
    public func find(_ symbol: SymbolID, _ venue: VenueIndex) -> MarketIndex? {
        places[Place(symbol: symbol, venue: venue)]
    }

    /// The number of a venue's instrument, given out now if it is new; nil when there are too many.
    public mutating func market(_ symbol: SymbolID, _ venue: VenueIndex) -> MarketIndex? {
        let place = Place(symbol: symbol, venue: venue)
        if let known = places[place] { return known }
        guard legs.count < settings.maximumMarkets else { return nil }
        let market = MarketIndex(index: UInt32(truncatingIfNeeded: legs.count))
        places[place] = market
        legs.append(DepthLeg(symbol: symbol, venue: venue, ladder: Ladder(limit: settings.levels)))
        deadlines.append(.max)
        return market
    }

    /// What is known of an instrument that this table numbered.
    public subscript(_ market: MarketIndex) -> DepthLeg { legs[Int(market.index)] }

    /// What an instrument is of.
    ///
    /// - Allocates: never.
    public func symbol(of market: MarketIndex) -> SymbolID { legs[Int(market.index)].symbol }

    /// Whose an instrument is.
    ///
    /// - Allocates: never.
    public func venue(of market: MarketIndex) -> VenueIndex { legs[Int(market.index)].venue }

    /// How old an instrument's book is at a time; see ``DepthLeg/age(at:)``.
    ///
    /// - Allocates: never.
    public func age(of market: MarketIndex, at now: Int64) -> Int64 { legs[Int(market.index)].age(at: now) }

    /// How late an instrument's book came; see ``DepthLeg/skew``.
    ///
    /// - Allocates: never.
    public func skew(of market: MarketIndex) -> Int64? { legs[Int(market.index)].skew }

    /// Whether an instrument's leg counts; one in quarantine is invalid, whatever its book says.
    ///
    /// - Allocates: never.
    public func health(_ market: MarketIndex) -> LegHealth {
        isQuarantined(market) ? .invalid : legs[Int(market.index)].health
    }

    /// Whether an instrument's leg is out by ``setQuarantine(_:_:)``.
    public func isQuarantined(_ market: MarketIndex) -> Bool {
        !quarantined.isEmpty && quarantined.contains(market)
    }

    /// Twice the middle of a book that holds by itself, in quarantine or not; nil where it is late or has one side only.
    public func doubledMiddle(_ market: MarketIndex) -> ScaledDecimal? {
        let place = Int(market.index)
        guard place < legs.count, legs[place].health == .live,
            let bid = legs[place].ladder.bids.first?.price, let ask = legs[place].ladder.asks.first?.price
        else { return nil }
        return try? bid.adding(ask)
    }

    /// What a route that is not crossed depends on of an instrument.
    ///
    /// - Allocates: never.
    public func top(of market: MarketIndex) -> DepthTop {
        DepthTop(
            bid: bestPrice(market, buying: false),
            ask: bestPrice(market, buying: true),
            health: health(market)
        )
    }

    /// The price that a taker meets first.
    ///
    /// - Allocates: never.
    public func bestPrice(_ market: MarketIndex, buying: Bool) -> ScaledDecimal? {
        buying
            ? legs[Int(market.index)].ladder.asks.first?.price
            : legs[Int(market.index)].ladder.bids.first?.price
    }
}

// MARK: - Writing

extension DepthTable {
    /// Takes in a record.
    ///
    /// - Parameters:
    ///   - market: a number that this table gave out.
    ///   - update: what the record says.
    ///   - now: the time. Unit: microseconds since the Unix epoch.
    /// - Returns: what it did.
    public mutating func apply(_ market: MarketIndex, _ update: DepthUpdate, now: Int64) -> DepthOutcome {
        let place = Int(market.index)
        guard place < legs.count else { return .ignored(.unknown) }
        if let reason = refusal(of: update, by: legs[place], now: now) { return .ignored(reason) }
        let received = min(update.receivedMicroseconds, now)
        let isNext = follows(update.identity, legs[place].identity)
        noteGap(place, received, isNext)
        let holds = take(update, place, isNext: isNext)
        legs[place].identity = update.identity
        legs[place].exchangeMicroseconds = update.exchangeMicroseconds
        legs[place].receivedMicroseconds = received
        guard holds else {
            legs[place].ladder.removeAll()
            legs[place].health = .invalid
            deadlines[place] = .max
            return update.kind == .invalid ? .changed : .broken
        }
        let deadline = Self.sum(received, legs[place].clock.allowed(settings.ages))
        let isLive = deadline >= now && !pulses.isLate(update.identity.feed, now)
        legs[place].health = isLive ? .live : .stale
        deadlines[place] = isLive ? deadline : .max
        return .changed
    }

    /// Notes that a feed is alive.
    public mutating func heard(ofFeed feed: UInt32, at time: Int64) { pulses.heard(feed, at: time) }

    /// Notes that a feed says it stops: its legs leave with the next ``expire(now:left:)`` and stay away until it is
    /// heard of again.
    public mutating func stopped(feed: UInt32, at time: Int64) { pulses.stopped(feed, at: time) }

    /// Takes a leg out, or back in, whatever its book says.
    public mutating func setQuarantine(_ isOut: Bool, _ market: MarketIndex) {
        guard Int(market.index) < legs.count else { return }
        if isOut { quarantined.insert(market) } else { quarantined.remove(market) }
    }

    /// Lets legs leave that were silent too long, or whose feed is.
    ///
    /// - Parameters:
    ///   - now: the time. Unit: microseconds since the Unix epoch.
    ///   - left: called once for every leg that left.
    public mutating func expire(now: Int64, left: (MarketIndex) -> Void) {
        let late = pulses.late(now)
        for place in deadlines.indices where deadlines[place] != .max {
            let isSilent = deadlines[place] < now
            guard isSilent || (legs[place].identity.map { late.contains($0.feed) } ?? false) else { continue }
            legs[place].health = .stale
            deadlines[place] = .max
            left(MarketIndex(index: UInt32(truncatingIfNeeded: place)))
        }
    }

    /// Forgets what was known of an instrument, as if it had never been heard of; its number stays good.
    public mutating func forget(_ market: MarketIndex) {
        let place = Int(market.index)
        guard place < legs.count else { return }
        let leg = legs[place]
        legs[place] = DepthLeg(symbol: leg.symbol, venue: leg.venue, ladder: Ladder(limit: settings.levels))
        deadlines[place] = .max
    }

    private mutating func noteGap(_ place: Int, _ received: Int64, _ isNext: Bool) {
        guard isNext, legs[place].health != .invalid else { return }
        let (gap, overflow) = received.subtractingReportingOverflow(legs[place].receivedMicroseconds)
        if !overflow { legs[place].clock.note(gap: max(gap, 0), settings.ages) }
    }

    /// Changes the ladder; false where the leg does not hold afterwards.
    private mutating func take(_ update: DepthUpdate, _ place: Int, isNext: Bool) -> Bool {
        switch update.kind {
        case .invalid:
            return false
        case .snapshot:
            return legs[place].ladder.load(
                bids: update.bids,
                asks: update.asks,
                horizonBid: update.horizonBid,
                horizonAsk: update.horizonAsk
            )
        case .delta:
            guard isNext, legs[place].health != .invalid else { return false }
            return legs[place].ladder.change(
                bids: update.bids,
                asks: update.asks,
                horizonBid: update.horizonBid,
                horizonAsk: update.horizonAsk
            )
        }
    }

    private func follows(_ new: RecordIdentity, _ old: RecordIdentity?) -> Bool {
        guard let old else { return false }
        return new.feed == old.feed && new.epoch == old.epoch && new.seq == old.seq &+ 1
    }

    /// Why a leg does not take an update, or nil if it does; the rule of ``QuoteTable``.
    private func refusal(of update: DepthUpdate, by leg: DepthLeg, now: Int64) -> IgnoreReason? {
        if ClockLeeway.isAhead(update.identity.epoch, update.receivedMicroseconds, now) { return .clockAhead }
        guard let old = leg.identity else { return nil }
        let new = update.identity
        if new.epoch > old.epoch { return nil }
        if new.epoch == old.epoch, new.feed == old.feed { return new.seq > old.seq ? nil : .oldSequence }
        let standsIn =
            new.feed != old.feed && leg.health != .live && update.kind == .snapshot
            && update.receivedMicroseconds > leg.receivedMicroseconds
        return standsIn ? nil : .oldEpoch
    }

    private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max - 1 : min(sum, .max - 1)
    }
}
