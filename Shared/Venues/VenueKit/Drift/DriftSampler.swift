// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models

/// Chooses the frames of a connection whose shape is looked at: of each sort of frame the first 16, one of 256, and one in a
/// tenth of a second; and all that can't be read.
///
/// A change that lasts is so found at once on busy streams and on rare ones, and the others pay for a counter; where one
/// of many streams of a connection changes alone, it takes as many tenths of a second as there are streams.
///
/// A look at a quote or a trade takes 0.35 to 0.5 µs (release build), at a depth update 2.5 µs: one in 256 is 1 to 2 ns a frame.
public struct DriftSampler {
    /// How many frames of a sort are looked at first.
    static let first: UInt32 = 16
    /// Then one of so many; a power of two.
    static let every: UInt32 = 256
    /// And one after so long.
    ///
    /// - Unit: milliseconds.
    static let pauseMilliseconds: Int64 = 100
    private var counts = InlineArray<10, UInt32>(repeating: 0)
    private var due = InlineArray<10, MonotonicNanos>(repeating: MonotonicNanos(.min))

    /// A sampler that has seen nothing.
    public init() {}

    /// Whether this frame is looked at; `batch` is what the decoder made of it.
    @inline(__always)
    public mutating func chooses(_ batch: borrowing EventBatch, isUnread: Bool, _ now: MonotonicNanos) -> Bool
    {
        let sort = batch.quotes.count > 0 ? 0 : batch.trades.count > 0 ? 1 : Self.rareSort(batch)
        counts[sort] &+= 1
        let count = counts[sort]
        guard isUnread || count <= Self.first || count & (Self.every &- 1) == 0 || now >= due[sort] else {
            return false
        }
        due[sort] = now.advanced(milliseconds: Self.pauseMilliseconds)
        return true
    }

    private static func rareSort(_ batch: borrowing EventBatch) -> Int {
        guard batch.hasMore else { return 2 }
        if batch.books.count > 0 { return 3 }
        if batch.candles.count > 0 { return 4 }
        if batch.tickers.count > 0 { return 5 }
        if batch.fundings.count > 0 { return 6 }
        if batch.openInterests.count > 0 { return 7 }
        return batch.liquidations.count > 0 ? 8 : 9
    }
}
