// Part of MarketBus. Apache License 2.0, see LICENSE.

/// How a book push stands to the local book.
enum BookLink: Hashable, Sendable {
    /// A snapshot: it replaces the book.
    case replace
    /// The next one: apply it and keep its `seqId`, which may be smaller after maintenance.
    case next
    /// Something between is missing: unsubscribe and subscribe.
    case gap
}

/// OKX's rule for joining book pushes (venue sheet 4, steps 1 to 5).
enum OKXBookSync {
    /// `prevSeqId` -1 is a snapshot; else it must be the `seqId` before, whatever the new `seqId` is.
    static func link(bookID: Int64, previousID: Int64) -> BookLink {
        if previousID == -1 { return .replace }
        return previousID == bookID ? .next : .gap
    }
}
