// Part of MarketBus. Apache License 2.0, see LICENSE.

/// How a depth increment stands to the local book.
enum BookLink: Hashable, Sendable {
    /// Older than the book: drop it.
    case stale
    /// The next one: apply it and take its `u` as the book's id.
    case next
    /// Something between is missing: start over from a snapshot.
    case gap
}

/// Binance's rules for joining depth increments to a snapshot and to one another (venue sheet 3.4 and 4.5).
enum BinanceBookSync {
    /// Spot, steps 3 to 5: drop `u <= id`; then `U <= id + 1 <= u` must hold, for the first and every later one.
    static func spot(bookID: Int64, firstID: Int64, lastID: Int64) -> BookLink {
        if lastID <= bookID { return .stale }
        return firstID <= bookID + 1 ? .next : .gap
    }

    /// Futures, steps 3 and 4, for the first increment after a snapshot: drop `u < id`; then `U <= id <= u`.
    static func futuresBridge(snapshotID: Int64, firstID: Int64, lastID: Int64) -> BookLink {
        if lastID < snapshotID { return .stale }
        return firstID <= snapshotID ? .next : .gap
    }

    /// Futures, step 5, for every later one: its `pu` must be the `u` before.
    static func futures(bookID: Int64, previousID: Int64) -> BookLink {
        previousID == bookID ? .next : .gap
    }
}
