// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Why a stream no longer holds; the `reason` of an invalid `md.bbo` or `md.book`.
public enum InvalidReason: String, Sendable, CaseIterable {
    /// The connection closed or broke.
    case connectionLost = "connection_lost"
    /// The connection is open and silent.
    case silent
    /// The venue refused the subscription or ended it.
    case unsubscribed
    /// Frames came that could not be read.
    case undecodable
    /// The feed is stopping.
    case shutdown
    /// Changes of the book are missing.
    case gap
    /// The best bid is not below the best ask.
    case crossed
    /// The venue's checksum is not that of the book.
    case checksum
    /// The venue's sequence started over.
    case reset
}
