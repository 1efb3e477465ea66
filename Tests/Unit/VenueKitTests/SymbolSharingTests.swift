// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Testing
import Wire

@testable import VenueKit

/// Statuses of feeds that share the symbols of the venue `line` by two partitions.
enum SharingWords {
    static let count = 2

    /// Symbols of a partition.
    static func symbols(_ partition: Int) -> [String] {
        ["BTC", "ETH", "SOL", "XRP", "ADA", "DOT", "LTC", "TRX"].map { "\($0)-USDT" }
            .filter { KeyPartition.of("line:\($0)", among: count) == partition }
    }

    static func shares(_ partitions: Int...) -> SymbolShares {
        SymbolShares(partitions: Set(partitions), count: count)
    }

    static func stream(
        _ symbol: String,
        _ channel: String,
        _ state: FeedStatusRecord.StreamState = .live,
        lastSeq: UInt64 = 5
    ) -> FeedStatusRecord.Stream {
        FeedStatusRecord.Stream(
            symbol: symbol,
            venueSymbol: symbol,
            channel: channel,
            state: state,
            epoch: 1,
            lastSeq: lastSeq,
            lastMessageMicroseconds: 1,
            records: lastSeq
        )
    }

    static func status(
        _ feed: String,
        owns partitions: Int...,
        streams: [FeedStatusRecord.Stream],
        state: FeedStatusRecord.State = .live,
        frames: UInt64 = 100,
        published: Int64 = 77
    ) -> FeedStatusRecord {
        FeedStatusRecord(
            feed: feed,
            venue: "line",
            publishedMicroseconds: published,
            state: state,
            ready: true,
            connections: [],
            streams: streams,
            totals: .init(frames: frames, records: frames, deadLetters: 0, reconnects: 0),
            share: .init(partitions: partitions.map { Int64($0) }, count: Int64(count), leaving: 0)
        )
    }
}

@Suite struct `Symbols shared by feeds` {
    private typealias W = SharingWords
    private let zero = W.symbols(0)[0]
    private let one = W.symbols(1)[0]

    private func at(_ seconds: Double) -> MonotonicNanos { MonotonicNanos(Int64(seconds * 1e9)) }

    private func sharing() -> SymbolSharing {
        var settings = SharingSettings()
        settings.letGoMilliseconds = 30_000
        return SymbolSharing(venue: "line", feed: "a", settings)
    }

    private func owner(of partitions: Int...) -> SymbolSharing {
        var sharing = sharing()
        sharing.take(SymbolShares(partitions: Set(partitions), count: W.count), streamed: [:], at(0))
        return sharing
    }

    @Test func `nothing is held before the group's first word, then what is one's own`() {
        #expect(!sharing().holds(zero))
        let sharing = owner(of: 0)
        #expect(sharing.holds(zero) && !sharing.holds(one))
        #expect(!owner().holds(zero))
    }

    @Test func `every symbol has one owner, whoever they are`() {
        for count in 1...7 {
            for symbol in W.symbols(0) + W.symbols(1) {
                let owners = (0..<count).filter {
                    SymbolShares(partitions: [$0], count: count).own(symbol, venue: "line")
                }
                #expect(owners.count == 1)
            }
        }
    }

    @Test func `what becomes another's is held until that one streams all of it`() {
        var sharing = owner(of: 0, 1)
        sharing.take(W.shares(0), streamed: [zero: ["bbo"], one: ["trade", "bbo"]], at(1))
        #expect(sharing.holds(zero) && sharing.holds(one) && sharing.leavingCount == 1)
        let trade = W.stream(one, "trade", .confirmed)
        for streams in [
            [trade], [trade, W.stream(one, "bbo", .confirmed)], [trade, W.stream(one, "bbo", lastSeq: 0)],
            [W.stream(one, "trade", .pending), W.stream(one, "bbo")],
        ] {
            #expect(sharing.take(W.status("b", owns: 1, streams: streams), at(2)).isEmpty)
        }
        let outcome = sharing.take(W.status("b", owns: 1, streams: [trade, W.stream(one, "bbo")]), at(3))
        #expect(outcome.releases == [.taken([one], by: "b")])
        #expect(!sharing.holds(one) && sharing.holds(zero))
    }

    @Test func `who does not own it takes nothing over, nor does one that stops`() {
        var sharing = owner(of: 0, 1)
        sharing.take(W.shares(0), streamed: [one: ["bbo"]], at(1))
        let streams = [W.stream(one, "bbo")]
        #expect(sharing.take(W.status("b", owns: 0, streams: streams), at(2)).isEmpty)
        #expect(sharing.take(W.status("b", owns: 1, streams: streams, state: .stopping), at(2)).isEmpty)
        #expect(sharing.take(W.status("a", owns: 1, streams: streams), at(2)).isEmpty, "its own word")
        var alone = W.status("b", owns: 1, streams: streams)
        alone.share = nil
        #expect(sharing.take(alone, at(2)).isEmpty)
        #expect(sharing.holds(one))
    }

    @Test func `nobody takes it over: it is let go at the limit`() {
        var sharing = owner(of: 0, 1)
        sharing.take(W.shares(0), streamed: [one: ["bbo"]], at(1))
        #expect(sharing.tick(at(30.9)).isEmpty)
        #expect(sharing.tick(at(31)).releases == [.abandoned([one])])
        #expect(!sharing.holds(one))
    }

    @Test func `what comes back was never away`() {
        var sharing = owner(of: 0, 1)
        sharing.take(W.shares(0), streamed: [one: ["bbo"]], at(1))
        sharing.take(W.shares(0, 1), streamed: [one: ["bbo"]], at(5))
        #expect(sharing.leavingCount == 0)
        #expect(sharing.tick(at(60)).isEmpty)
        #expect(sharing.holds(one))
    }

    @Test func `a further change does not prolong the limit`() {
        var sharing = owner(of: 0, 1)
        sharing.take(W.shares(0), streamed: [one: ["bbo"]], at(1))
        sharing.take(W.shares(), streamed: [zero: ["bbo"], one: ["bbo"]], at(20))
        #expect(sharing.tick(at(31)).releases == [.abandoned([one])])
        #expect(sharing.tick(at(50)).releases == [.abandoned([zero])])
    }

    @Test func `a feed that leaves goes on until others stream everything`() {
        var sharing = owner(of: 0, 1)
        _ = sharing.take(W.status("b", owns: [], streams: []), at(1))
        #expect(!sharing.mayStop(at(1)))
        sharing.leave(streamed: [zero: ["bbo"], one: ["bbo"]], at(2))
        #expect(sharing.holds(zero) && sharing.holds(one) && !sharing.mayStop(at(3)))
        _ = sharing.take(W.status("b", owns: 0, 1, streams: [W.stream(zero, "bbo")]), at(4))
        #expect(!sharing.holds(zero) && !sharing.mayStop(at(4)))
        let both = [W.stream(zero, "bbo"), W.stream(one, "bbo")]
        _ = sharing.take(W.status("b", owns: 0, 1, streams: both), at(5))
        #expect(sharing.mayStop(at(5)))
    }

    @Test func `a feed that is alone does not wait to stop, and keeps its streams to the end`() {
        var sharing = owner(of: 0, 1)
        _ = sharing.take(W.status("b", owns: 0, streams: [], state: .stopping), at(1))
        _ = sharing.take(W.status("c", owns: 0, streams: []), at(1))
        sharing.leave(streamed: [zero: ["bbo"]], at(2))
        #expect(!sharing.mayStop(at(12.9)), "c spoke eleven seconds ago")
        #expect(sharing.mayStop(at(13)))
        #expect(sharing.tick(at(100)).isEmpty)
        #expect(sharing.holds(zero))
    }

    @Test func `the symbols of a feed that fell silent are announced with its last word`() {
        var sharing = owner(of: 0)
        let streams = [
            W.stream(one, "bbo"), W.stream(one, "trade"), W.stream(W.symbols(1)[1], "bbo", .refused),
        ]
        _ = sharing.take(W.status("b", owns: 1, streams: streams, published: 4711), at(1))
        sharing.take(W.shares(0, 1), streamed: [:], at(11))
        #expect(sharing.tick(at(12.9)).isEmpty)
        #expect(
            sharing.tick(at(13)).takeovers
                == [.init(feed: "b", heardMicroseconds: 4711, streamed: [one: ["bbo", "trade"]])]
        )
        #expect(sharing.tick(at(14)).isEmpty, "once")
    }

    @Test func `a feed that lives, or ended in order, has nothing to be announced`() {
        for word in 0..<3 {
            var sharing = owner(of: 0)
            let streams = [W.stream(one, "bbo")]
            _ = sharing.take(W.status("b", owns: 1, streams: streams), at(1))
            sharing.take(W.shares(0, 1), streamed: [:], at(2))
            switch word {
            case 0: _ = sharing.take(W.status("b", owns: [], streams: streams, frames: 200), at(3))
            case 1:
                _ = sharing.take(W.status("b", owns: 1, streams: [], state: .stopping, frames: 200), at(3))
            default: sharing.forget("b")
            }
            #expect(sharing.tick(at(60)).isEmpty)
        }
    }

    @Test func `a feed that died and is there again is announced at once`() {
        var sharing = owner(of: 0)
        _ = sharing.take(W.status("b", owns: 1, streams: [W.stream(one, "bbo")]), at(1))
        sharing.take(W.shares(0, 1), streamed: [:], at(2))
        let outcome = sharing.take(W.status("b", owns: [], streams: [], frames: 3), at(3))
        #expect(outcome.takeovers.map(\.feed) == ["b"])
    }
}

extension SharingWords {
    static func status(
        _ feed: String,
        owns none: [Int],
        streams: [FeedStatusRecord.Stream],
        frames: UInt64 = 100
    ) -> FeedStatusRecord {
        var status = status(feed, owns: 0, streams: streams, frames: frames)
        status.share?.partitions = []
        return status
    }
}
