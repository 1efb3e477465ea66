// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes

/// When an opportunity counts, and how often it is told.
public struct ArbitrageSettings: Sendable {
    /// The net edge must be above this fraction of what buying costs, fee included.
    public var minimumEdgeRate: ScaledDecimal
    /// The shortest time between two steps of an open opportunity, in microseconds; opening and closing don't wait.
    public var updateIntervalMicroseconds: Int64

    /// Makes settings.
    public init(minimumEdgeRate: ScaledDecimal = .zero, updateIntervalMicroseconds: Int64 = 100_000) {
        self.minimumEdgeRate = minimumEdgeRate
        self.updateIntervalMicroseconds = updateIntervalMicroseconds
    }
}

/// Finds what is bid at one venue above what is asked at another, fees paid, and follows each such pair from its
/// opening to its close.
///
/// Every ordered pair of venues of a symbol has at most one open opportunity. There is no clock in here: the time comes
/// in with every call. Steps are collected in ``events`` until ``removeEvents()``.
///
/// - Thread: one at a time. Allocates: for a pair that is crossed for the first time, and where more steps are
///   collected than ever before.
public struct ArbitrageDetector: Sendable {
    /// The steps since the last ``removeEvents()``, in order.
    public private(set) var events: ContiguousArray<OpportunityEvent> = []
    /// How often figures were beyond exact arithmetic, so that a pair was passed over.
    public private(set) var overflows: UInt64 = 0
    /// How often a crossed pair was passed over because a venue's instrument is not known, or not open for trading.
    public private(set) var missingFacts: UInt64 = 0

    private let settings: ArbitrageSettings
    private var facts: ContiguousArray<MarketFacts?> = []
    /// Where the pair of a symbol and two venues is in ``pairs``, plus one; 0 where it has not been needed yet.
    private var places: ContiguousArray<UInt32> = []
    private var stride = 4
    private var symbolCount = 0
    private var openOf: ContiguousArray<UInt16> = []
    private var pairs: ContiguousArray<Pair> = []
    private var openPairs: ContiguousArray<Int> = []
    /// Whether something may be gained although bid and ask do not cross: a fee below zero, or such a minimum.
    private var watchesUncrossed: Bool

    /// A detector that knows no instrument yet.
    public init(settings: ArbitrageSettings) {
        self.settings = settings
        watchesUncrossed = settings.minimumEdgeRate.isNegative
        events.reserveCapacity(64)
    }

    /// How many opportunities are open.
    public var openCount: Int { openPairs.count }

    /// Forgets the collected steps and keeps their memory.
    public mutating func removeEvents() {
        events.removeAll(keepingCapacity: true)
    }
}

/// Two venues of a symbol, and what is open between them.
private struct Pair: Sendable {
    struct Open {
        var kind: OpportunityKind
        var figures: OpportunityFigures
        var openedMicroseconds: Int64
        var toldMicroseconds: Int64
        var untold: Trigger??
        /// Its place in the detector's list of open pairs.
        var place: Int
    }

    let symbol: SymbolID
    let buy: VenueIndex
    let sell: VenueIndex
    var terms: PairTerms?
    var areTermsKnown = false
    var open: Open?
    var lastOpened = Int64.min
}

// MARK: - Facts

extension ArbitrageDetector {
    /// Says what a venue's instrument allows and charges; nil: it is unknown or can't be traded.
    ///
    /// What is open is judged by the new terms at the next ``evaluate(_:_:trigger:now:)``.
    public mutating func setFacts(_ new: MarketFacts?, _ symbol: SymbolID, _ venue: VenueIndex) {
        makeRoom(symbol, venue)
        let symbolIndex = Int(symbol.index)
        guard facts[symbolIndex * stride + Int(venue.index)] != new else { return }
        facts[symbolIndex * stride + Int(venue.index)] = new
        if let new, new.takerFee.isNegative { watchesUncrossed = true }
        let first = symbolIndex * stride * stride
        for place in first..<(first + stride * stride) where places[place] != 0 {
            pairs[Int(places[place]) - 1].areTermsKnown = false
        }
    }

    private mutating func makeRoom(_ symbol: SymbolID, _ venue: VenueIndex) {
        if Int(venue.index) >= stride { widen(beyond: Int(venue.index)) }
        guard Int(symbol.index) >= symbolCount else { return }
        let missing = Int(symbol.index) + 1 - symbolCount
        facts.append(contentsOf: repeatElement(nil, count: missing * stride))
        places.append(contentsOf: repeatElement(0, count: missing * stride * stride))
        openOf.append(contentsOf: repeatElement(0, count: missing))
        symbolCount += missing
    }

    /// Moves every symbol's venues further apart.
    private mutating func widen(beyond venue: Int) {
        let old = stride
        while stride <= venue { stride *= 2 }
        var newFacts = ContiguousArray<MarketFacts?>(repeating: nil, count: symbolCount * stride)
        for symbol in 0..<symbolCount {
            for index in 0..<old { newFacts[symbol * stride + index] = facts[symbol * old + index] }
        }
        facts = newFacts
        places = ContiguousArray(repeating: 0, count: symbolCount * stride * stride)
        for (index, pair) in pairs.enumerated() {
            places[place(pair.symbol, pair.buy, pair.sell)] = UInt32(truncatingIfNeeded: index + 1)
        }
    }

    private func place(_ symbol: SymbolID, _ buy: VenueIndex, _ sell: VenueIndex) -> Int {
        (Int(symbol.index) &* stride &+ Int(buy.index)) &* stride &+ Int(sell.index)
    }
}

// MARK: - Judging

extension ArbitrageDetector {
    /// Judges all pairs of a symbol after its quotes changed.
    ///
    /// - Parameters:
    ///   - symbol: the symbol.
    ///   - quotes: the quotes as they are now.
    ///   - trigger: which record changed them; nil where time did.
    ///   - now: the time.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public mutating func evaluate(_ symbol: SymbolID, _ quotes: QuoteTable, trigger: Trigger?, now: Int64) {
        let isKnown = Int(symbol.index) < symbolCount
        let hasOpen = isKnown && openOf[Int(symbol.index)] > 0
        guard hasOpen || watchesUncrossed || quotes.quote(of: symbol).isCrossed else { return }
        let venues = quotes.venueCount
        guard venues > 1 else { return }
        makeRoom(symbol, VenueIndex(index: UInt16(truncatingIfNeeded: venues - 1)))
        for buy in 0..<venues {
            for sell in 0..<venues where sell != buy {
                judge(
                    symbol,
                    VenueIndex(index: UInt16(truncatingIfNeeded: buy)),
                    VenueIndex(index: UInt16(truncatingIfNeeded: sell)),
                    quotes,
                    trigger,
                    now
                )
            }
        }
    }

    /// Tells the newest figures of opportunities whose last step is long enough ago.
    public mutating func flush(now: Int64) {
        for index in openPairs { tellUpdate(index, now: now) }
    }

    /// Closes what is open of a symbol.
    public mutating func close(_ symbol: SymbolID, _ reason: CloseReason, now: Int64) {
        for index in openPairs.reversed() where pairs[index].symbol == symbol {
            close(index, reason, nil, now)
        }
    }

    /// Closes everything that is open.
    public mutating func closeAll(_ reason: CloseReason, now: Int64) {
        while let index = openPairs.last { close(index, reason, nil, now) }
    }

    private mutating func judge(
        _ symbol: SymbolID,
        _ buy: VenueIndex,
        _ sell: VenueIndex,
        _ quotes: QuoteTable,
        _ trigger: Trigger?,
        _ now: Int64
    ) {
        guard let buyLeg = quotes.leg(symbol, buy), let sellLeg = quotes.leg(symbol, sell) else { return }
        let known = places[place(symbol, buy, sell)]
        let isOpen = known != 0 && pairs[Int(known) - 1].open != nil
        guard buyLeg.health == .live, sellLeg.health == .live else {
            guard isOpen else { return }
            let isInvalid = buyLeg.health == .invalid || sellLeg.health == .invalid
            return close(Int(known) - 1, isInvalid ? .legInvalid : .legStale, trigger, now)
        }
        guard let ask = buyLeg.ask, let bid = sellLeg.bid,
            isOpen || watchesUncrossed || bid.price > ask.price
        else {
            if isOpen { close(Int(known) - 1, .edgeGone, trigger, now) }
            return
        }
        judge(pair(symbol, buy, sell), ask, bid, trigger, now)
    }

    private mutating func judge(
        _ index: Int,
        _ ask: PriceLevel,
        _ bid: PriceLevel,
        _ trigger: Trigger?,
        _ now: Int64
    ) {
        let isOpen = pairs[index].open != nil
        guard let terms = terms(of: index) else {
            if isOpen { close(index, .legInvalid, trigger, now) }
            return
        }
        var figures: OpportunityFigures?
        do throws(DecimalError) {
            figures = try terms.figures(ask: ask, bid: bid)
        } catch {
            overflows &+= 1
        }
        switch (figures, isOpen) {
        case (nil, false): break
        case (nil, true): close(index, .edgeGone, trigger, now)
        case (let figures?, false): open(index, terms.kind, figures, trigger, now)
        case (let figures?, true): update(index, figures, trigger, now)
        }
    }

    private mutating func pair(_ symbol: SymbolID, _ buy: VenueIndex, _ sell: VenueIndex) -> Int {
        let place = place(symbol, buy, sell)
        if places[place] == 0 {
            pairs.append(Pair(symbol: symbol, buy: buy, sell: sell))
            places[place] = UInt32(truncatingIfNeeded: pairs.count)
        }
        return Int(places[place]) - 1
    }

    private mutating func terms(of index: Int) -> PairTerms? {
        let pair = pairs[index]
        let first = Int(pair.symbol.index) &* stride
        let (buy, sell) = (facts[first &+ Int(pair.buy.index)], facts[first &+ Int(pair.sell.index)])
        guard let buy, let sell else {
            missingFacts &+= 1
            return nil
        }
        if !pair.areTermsKnown {
            pairs[index].terms = PairTerms(buy: buy, sell: sell, minimumRate: settings.minimumEdgeRate)
            pairs[index].areTermsKnown = true
        }
        return pairs[index].terms
    }
}

// MARK: - Steps

extension ArbitrageDetector {
    private mutating func open(
        _ index: Int,
        _ kind: OpportunityKind,
        _ figures: OpportunityFigures,
        _ trigger: Trigger?,
        _ now: Int64
    ) {
        // Two opportunities of a pair never share an opening time, so that ids stay unique.
        let opened = max(now, pairs[index].lastOpened == .max ? .max : pairs[index].lastOpened + 1)
        pairs[index].lastOpened = opened
        pairs[index].open = Pair.Open(
            kind: kind,
            figures: figures,
            openedMicroseconds: opened,
            toldMicroseconds: now,
            untold: nil,
            place: openPairs.count
        )
        openPairs.append(index)
        openOf[Int(pairs[index].symbol.index)] &+= 1
        tell(index, .open, nil, trigger, now)
    }

    private mutating func update(
        _ index: Int,
        _ figures: OpportunityFigures,
        _ trigger: Trigger?,
        _ now: Int64
    ) {
        guard let known = pairs[index].open, known.figures != figures else { return }
        pairs[index].open?.figures = figures
        pairs[index].open?.untold = .some(trigger)
        tellUpdate(index, now: now)
    }

    private mutating func tellUpdate(_ index: Int, now: Int64) {
        guard let open = pairs[index].open, let trigger = open.untold else { return }
        let (since, overflow) = now.subtractingReportingOverflow(open.toldMicroseconds)
        guard overflow || since < 0 || since >= settings.updateIntervalMicroseconds else { return }
        pairs[index].open?.untold = nil
        pairs[index].open?.toldMicroseconds = now
        tell(index, .update, nil, trigger, now)
    }

    private mutating func close(_ index: Int, _ reason: CloseReason, _ trigger: Trigger?, _ now: Int64) {
        tell(index, .close, reason, trigger, now)
        guard let open = pairs[index].open else { return }
        pairs[index].open = nil
        openOf[Int(pairs[index].symbol.index)] &-= 1
        openPairs.swapAt(open.place, openPairs.count - 1)
        openPairs.removeLast()
        if open.place < openPairs.count { pairs[openPairs[open.place]].open?.place = open.place }
    }

    private mutating func tell(
        _ index: Int,
        _ state: OpportunityState,
        _ reason: CloseReason?,
        _ trigger: Trigger?,
        _ now: Int64
    ) {
        let pair = pairs[index]
        guard let open = pair.open else { return }
        events.append(
            OpportunityEvent(
                state: state,
                reason: reason,
                kind: open.kind,
                symbol: pair.symbol,
                buyVenue: pair.buy,
                sellVenue: pair.sell,
                figures: open.figures,
                openedMicroseconds: open.openedMicroseconds,
                atMicroseconds: now,
                trigger: trigger
            )
        )
    }
}
