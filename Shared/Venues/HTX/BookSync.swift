// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OrderBooks
import VenueKit

extension HTXVenue {
    /// On spot a request on the socket brings the snapshot; on contracts the stream begins with one.
    public func bookRules(of instrument: Instrument) -> BookRules? {
        HTXBookSync.rules(of: instrument)
    }

    /// `req` with the stream's own topic (venue sheet 5, step 2).
    public func bookRequest(_ stream: VenueStream, request: Int64) -> OutboundFrame? {
        guard stream.channel == .book, stream.market == .htxSpot else { return nil }
        let topic = "market.\(stream.venueSymbol).\(channelName(of: stream))"
        return OutboundFrame(
            text: "{\"req\":\"\(topic)\",\"id\":\"\(request)\"}",
            request: request,
            streams: [stream]
        )
    }
}

/// HTX's recipes for `mbp.150` and `mbp.400`, `depth.size_150.high_freq` and `depth.step0` (venue sheet 5).
///
/// The decoder says by the numbers which recipe a push follows:
///
/// | channel | first | last | previous |
/// | --- | --- | --- | --- |
/// | `mbp` | none | `seqNum` | `prevSeqNum` |
/// | `size_150` | `version` | `version` | none |
/// | `step0`, whole | none | `version` on spot, else `mrid` | none |
/// | `step0` of 2019 with `update` | ``anyNumber`` | the same | none |
enum HTXBookSync {
    /// Levels a side of the channels that the feed subscribes; 400 of `mbp` is not there for every symbol.
    static let levels = 150
    /// The `first` of increments whose number says nothing about the one before.
    static let anyNumber = Int64.max

    static func rules(of instrument: Instrument) -> BookRules {
        let isSpot = instrument.market == .htxSpot
        return BookRules(
            source: isSpot ? .request : .stream,
            scope: .window,
            depth: levels,
            join: join,
            follow: follow,
            // Step 2 of `mbp`: ask roughly a second after subscribing.
            settleMilliseconds: isSpot ? 1_000 : 0,
            snapshotsPerMinute: 60
        )
    }

    /// Until the first increment has joined the snapshot.
    ///
    /// - Step 3 of `mbp`: a snapshot older than the first increment's `prevSeqNum` is of no use: ask again.
    /// - Step 4: drop increments with `prevSeqNum` below the snapshot's `seqNum`; the first kept one has that number.
    static func join(_ book: Int64, _ push: BookSequence) -> BookLink {
        if push.previous != VenueSequence.none {
            return push.previous == book ? .next : push.previous < book ? .stale : .gap
        }
        if push.first == anyNumber { return push.last <= book ? .stale : .next }
        return follow(book, push)
    }

    /// For every later push.
    ///
    /// - Step 5 of `mbp`: `prevSeqNum` is the `seqNum` before; else ask for a new snapshot.
    /// - `size_150`: `version` grows by one; else end the stream and subscribe again.
    /// - `step0`: a repeated number is an unchanged book, a smaller one means that the venue counts anew.
    static func follow(_ book: Int64, _ push: BookSequence) -> BookLink {
        if push.previous != VenueSequence.none {
            if push.previous == book { return .next }
            return push.last <= book ? .stale : .gap
        }
        if push.first == anyNumber { return .next }
        if push.first != VenueSequence.none {
            if push.first == book &+ 1 { return .next }
            return push.first <= book ? .stale : .gap
        }
        if push.last == book { return .stale }
        return push.last > book ? .next : .gap
    }
}
