// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Lifecycle
import Observability
import Quotes
import Routing

/// What the aggregator knows of a symbol's books at a moment: enough to work out a route without it.
struct RouteMarket: Sendable {
    /// A venue that can't take part, and why.
    struct Absence: Sendable {
        let venue: String
        let why: String
    }

    /// Unit: microseconds since the Unix epoch.
    var atMicroseconds: Int64
    var base = ""
    var quote = ""
    /// Who may take part, in the order of their names.
    var venues: [OrderVenue] = []
    /// The names of ``venues``.
    var names: [String] = []
    /// How old the books of ``venues`` are, in microseconds.
    var ages: [Int64] = []
    var absences: [Absence] = []
    /// The middle of the best bid and ask of those that may take part.
    var mid: ScaledDecimal?
}

/// Where the HTTP server's thread asks and the aggregator's thread answers; the server has one thread, so one question waits
/// at most.
///
/// The answer is a copy of the books; the route is worked out by who asked, so that the market does not wait for it.
final class RouteDesk: Sendable {
    enum Answer: Sendable {
        case market(RouteMarket)
        case unknownSymbol
        /// The aggregator is starting, rebuilding, or too busy.
        case notNow
    }

    private struct State {
        var number: UInt64 = 0
        var question: (number: UInt64, symbol: String, isBuy: Bool, flag: WakeFlag)?
        var answer: (number: UInt64, answer: Answer)?
    }

    private let state = Lock(State())
    private let patienceMilliseconds: Int64

    init(patienceMilliseconds: Int64 = 2000) { self.patienceMilliseconds = patienceMilliseconds }

    /// Asks and waits for the answer.
    ///
    /// - Thread: the server's.
    func ask(_ symbol: String, isBuy: Bool) -> Answer {
        guard let flag = try? WakeFlag() else { return .notNow }
        let number = state.withLock { state in
            state.number += 1
            state.question = (state.number, symbol, isBuy, flag)
            state.answer = nil
            return state.number
        }
        flag.wait(until: .now.advanced(milliseconds: patienceMilliseconds))
        return state.withLock { state in
            state.question = nil
            guard let answer = state.answer, answer.number == number else { return .notNow }
            state.answer = nil
            return answer.answer
        }
    }

    /// Answers who waits, if anybody does.
    ///
    /// - Thread: the aggregator's.
    func serve(_ answer: (_ symbol: String, _ isBuy: Bool) -> Answer) {
        guard let question = state.withLock({ $0.question }) else { return }
        let reply = answer(question.symbol, question.isBuy)
        state.withLock { state in
            guard state.question?.number == question.number else { return }
            state.question = nil
            state.answer = (question.number, reply)
        }
        question.flag.raise()
    }
}

extension AggregatorEngine {
    /// What is known of a symbol's books, for an order of one side.
    func routeMarket(_ name: String, isBuy: Bool, now: Int64) -> RouteDesk.Answer {
        guard let symbol = quotes.find(symbol: name), Int(symbol.index) < states.count,
            states[Int(symbol.index)].standing != .stranger, states[Int(symbol.index)].isKnown
        else { return share.learning.isEmpty ? .unknownSymbol : .notNow }
        var found = RouteMarket(atMicroseconds: now)
        var best: (bid: ScaledDecimal?, ask: ScaledDecimal?)
        var isKnown = false
        let venues = (0..<quotes.venueCount).map { VenueIndex(index: UInt16(truncatingIfNeeded: $0)) }
        for venue in venues.sorted(by: { quotes.name(of: $0) < quotes.name(of: $1) }) {
            guard let market = board.depth.find(symbol, venue) else { continue }
            isKnown = true
            let leg = board.depth[market]
            if let why = absence(market, leg) {
                found.absences.append(RouteMarket.Absence(venue: quotes.name(of: venue), why: why))
                continue
            }
            guard let facts = board.facts(of: market) else { continue }
            (found.base, found.quote) = (facts.base, facts.quote)
            found.venues.append(
                OrderVenue(venue: venue, facts: facts, levels: leg.ladder.levels(buying: isBuy))
            )
            found.names.append(quotes.name(of: venue))
            found.ages.append(leg.age(at: now))
            if let bid = leg.ladder.bids.first?.price { best.bid = max(best.bid ?? bid, bid) }
            if let ask = leg.ladder.asks.first?.price { best.ask = min(best.ask ?? ask, ask) }
        }
        guard isKnown else { return .unknownSymbol }
        if let bid = best.bid, let ask = best.ask, let sum = try? bid.adding(ask) {
            found.mid = try? sum.multiplied(by: ScaledDecimal(mantissa64: 5, decimals: 1))
        }
        return .market(found)
    }

    /// Why a venue can't take part in an order, if so.
    private func absence(_ market: MarketIndex, _ leg: DepthLeg) -> String? {
        if board.depth.isQuarantined(market) {
            return "its price has nothing to do with the others': only the name"
        }
        switch leg.health {
        case .invalid: return "its book does not hold"
        case .stale: return "its book is too old"
        case .live: break
        }
        guard let facts = board.facts(of: market) else {
            return "its instrument is not traded, or its fee is not known: see fees.VENUE.MARKET.taker"
        }
        return facts.contractSize == nil ? nil : "its sizes are contracts, which are not split"
    }
}
