// Part of MarketBus. Apache License 2.0, see LICENSE.

import Quotes

/// What one of several boards may do with an instrument.
struct Standing: Sendable {
    var isOwned = true
    var isKnown = true
}

extension ArbitrageBoard {
    /// Says whose an instrument's routes are where several boards share a market, and whether its book can be believed.
    ///
    /// A route is the board's whose first leg is owned here, so that every route is exactly one board's. It is judged while
    /// the books of all its legs are known. Without a word an instrument is owned and known.
    ///
    /// - Parameters:
    ///   - isOwned: whether the routes that begin with it are this board's.
    ///   - isKnown: whether what its book says is the present; not while old records are read again.
    ///   - market: the instrument.
    ///   - reason: why what is open and no longer judged is closed; nil: it is dropped without a word, since another closes
    ///     it. Late takers of what is no longer judged are not waited for.
    ///   - now: the time. Unit: microseconds since the Unix epoch.
    public mutating func setStanding(
        isOwned: Bool,
        isKnown: Bool,
        _ market: MarketIndex,
        closing reason: CloseReason?,
        now: Int64
    ) {
        let place = Int(market.index)
        guard place < standings.count else { return }
        guard standings[place].isOwned != isOwned || standings[place].isKnown != isKnown else { return }
        standings[place] = Standing(isOwned: isOwned, isKnown: isKnown)
        var dropped: Set<Int> = []
        for route in map.routes(of: market) {
            let watches = canWatch(route)
            if states[route].isWatched, !watches { dropped.insert(route) }
            states[route].isWatched = watches
            states[route].isQuiet = false
        }
        if !dropped.isEmpty { drop(dropped, reason, now) }
    }

    /// Whether a route is this board's, and all its books are known.
    func canWatch(_ route: Int) -> Bool {
        let legs = map.routes[route].legs
        guard let first = legs.first, standings[Int(first.market.index)].isOwned else { return false }
        return legs.allSatisfy { standings[Int($0.market.index)].isKnown }
    }

    private mutating func drop(_ routes: Set<Int>, _ reason: CloseReason?, _ now: Int64) {
        for route in routes.sorted() {
            if let reason { end(route, reason, nil, now) }
            lives.end(route)
        }
        settling = settling.filter { !routes.contains($0.key.route) }
        replays.removeAll { routes.contains($0.route) }
    }
}
