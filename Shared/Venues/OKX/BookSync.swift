// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OrderBooks
import VenueKit

extension OKXVenue {
    /// One rule for all; contracts give the unit of the checksum.
    public func bookRules(of instrument: Instrument) -> BookRules? {
        OKXBookSync.rules(of: instrument)
    }
}

/// OKX's recipe for the channels `books` and `books-l2-tbt` (venue sheet 4).
enum OKXBookSync {
    /// Levels a side of both channels.
    static let levels = 400
    /// Levels a side that the checksum covers.
    static let checksumLevels = 25

    static func rules(of instrument: Instrument) -> BookRules {
        var unit: BookChecksum?
        switch SizeRule(instrument) {
        case .asStated: unit = BookChecksum(levels: checksumLevels, unit: nil)
        case .contracts(let size): unit = BookChecksum(levels: checksumLevels, unit: size)
        case .unknown: unit = nil
        }
        // 480 requests an hour and connection; to end and to begin a stream are two.
        return BookRules(
            source: .stream,
            scope: .window,
            depth: levels,
            join: link,
            follow: link,
            checksum: unit,
            snapshotsPerMinute: 4
        )
    }

    /// For every update.
    ///
    /// - Step 1: `snapshot` (`prevSeqId` -1) replaces the book; the decoder says that it is one.
    /// - Step 2: `prevSeqId` must be the `seqId` before.
    /// - Step 3: an idle book repeats it: `seqId` equal to `prevSeqId`.
    /// - Step 4: after maintenance `seqId` is smaller, and good as long as `prevSeqId` fits: numbers prove no repeat.
    /// - Step 5: everything else: end the stream and subscribe again.
    ///
    /// Frames of 2021 and 2022 have no numbers: there the checksum decides.
    static func link(_ book: Int64, _ push: BookSequence) -> BookLink {
        if push.last == VenueSequence.none { return .next }
        return push.previous == book ? .next : .gap
    }
}
