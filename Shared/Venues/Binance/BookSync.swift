// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OrderBooks
import VenueKit

extension BinanceVenue {
    /// Spot and futures have a rule each.
    public func bookRules(of instrument: Instrument) -> BookRules? {
        BinanceBookSync.rules(of: instrument.market)
    }
}

/// Binance's recipes for a local book (venue sheet 3.4 and 4.5); all numbers are update ids.
enum BinanceBookSync {
    /// Levels that one call gives at most.
    static let spotLevels = 5000
    static let futuresLevels = 1000

    static func rules(of market: MarketID) -> BookRules {
        if market == .spot {
            // 250 of 6,000 weight a minute for 5,000 levels: 20 leave a sixth for all else.
            return BookRules(
                source: .call(levels: spotLevels),
                scope: .snapshot,
                depth: nil,
                join: spot,
                follow: spot,
                snapshotsPerMinute: 20
            )
        }
        // 20 of 2,400 weight a minute for 1,000 levels.
        return BookRules(
            source: .call(levels: futuresLevels),
            scope: .snapshot,
            depth: nil,
            join: futuresBridge,
            follow: futures,
            snapshotsPerMinute: 60
        )
    }

    /// Spot, for the first increment and every later one.
    ///
    /// - Step 3: if `lastUpdateId` is below the first `U` that waits by more than one, fetch again.
    /// - Step 4: drop `u <= id`; the next must have `U <= id + 1 <= u`.
    /// - Step 5: later ones too: `u <= id` is ignored, `U > id + 1` is a gap; after it the id is `u`.
    static func spot(_ book: Int64, _ push: BookSequence) -> BookLink {
        if push.last <= book { return .stale }
        return push.first <= book &+ 1 ? .next : .gap
    }

    /// Futures, for the first increment after a snapshot.
    ///
    /// - Step 3: drop `u < id`.
    /// - Step 4: the first must have `U <= id <= u`. One that names the id as the one before fits as well.
    static func futuresBridge(_ book: Int64, _ push: BookSequence) -> BookLink {
        if push.last < book { return .stale }
        return push.first <= book || push.previous == book ? .next : .gap
    }

    /// Futures, for every later increment.
    ///
    /// - Step 5: `pu` must be the `u` before, else begin anew. What the book contains already (a copy from a second
    ///   connection) is no gap.
    static func futures(_ book: Int64, _ push: BookSequence) -> BookLink {
        if push.previous == book, push.last >= book { return .next }
        return push.last <= book ? .stale : .gap
    }
}
