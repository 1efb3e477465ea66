// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import VenueKit
import Wire

/// News for the feed that it has not taken yet: of shares the newest, of a feed's words the newest.
///
/// A value; bounded by the number of feeds.
struct FeedGroupDesk {
    /// More feeds than this are not listened to.
    private static let feedLimit = 10_000

    /// The newest shares.
    var shares: SymbolShares?
    private let venue: String
    private let instance: String
    /// What feeds said; empty for one that took its word back.
    private var unread: [String: [UInt8]] = [:]

    /// Makes an empty desk.
    init(venue: String, instance: String) {
        self.venue = venue
        self.instance = instance
    }

    /// Notes a record of `sys.feed_status.v1`; of a large feed's many words only the last is read.
    mutating func note(_ feed: String, _ value: UnsafeRawBufferPointer?) {
        guard unread.count < Self.feedLimit || unread[feed] != nil else { return }
        unread[feed] = value.map(Array.init) ?? []
    }

    /// What was said under this feed's own name before it began was said by the one before it.
    mutating func endHistory() { unread[instance] = nil }

    /// Hands over what there is; what is not taken waits.
    ///
    /// Words of feeds come before shares.
    mutating func hand(_ scanner: JSONScanner, _ take: (SharingNews) -> Bool) {
        for (feed, bytes) in unread {
            guard let news = news(of: feed, bytes, scanner) else {
                unread[feed] = nil
                continue
            }
            guard take(news) else { return }
            unread[feed] = nil
        }
        if let shares, take(.shares(shares)) { self.shares = nil }
    }

    private func news(of feed: String, _ bytes: [UInt8], _ scanner: JSONScanner) -> SharingNews? {
        guard !bytes.isEmpty else { return .forgotten(feed: feed) }
        let status = bytes.withUnsafeBytes { try? FeedStatusRecord(decoding: $0, scanner: scanner) }
        guard let status, status.venue == venue, status.feed == feed else { return nil }
        return .status(status)
    }
}
