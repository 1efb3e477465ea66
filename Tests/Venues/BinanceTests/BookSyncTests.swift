// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OrderBooks
import Testing

@testable import Binance

/// The venue sheet's recipes for local books, 3.4 and 4.5.
struct BookSyncTests {
    private func spot(_ bookID: Int64, _ firstID: Int64, _ lastID: Int64) -> BookLink {
        BinanceBookSync.spot(bookID, BookSequence(first: firstID, last: lastID))
    }

    @Test func `spot drops what the snapshot holds and bridges with the next`() {
        #expect(spot(160, 157, 160) == .stale)
        #expect(spot(160, 150, 159) == .stale)
        #expect(spot(160, 157, 161) == .next)
        #expect(spot(160, 161, 161) == .next)
        #expect(spot(160, 161, 170) == .next)
        #expect(spot(160, 162, 170) == .gap)
    }

    @Test func `spot follows a chain and finds the hole in it`() {
        var book: Int64 = 1_027_024
        var links: [BookLink] = []
        for (first, last) in [
            (1_027_000, 1_027_020), (1_027_018, 1_027_030), (1_027_031, 1_027_031), (1_027_034, 1_027_040),
        ]
            as [(Int64, Int64)]
        {
            let link = spot(book, first, last)
            links.append(link)
            if link == .next { book = last }
        }
        #expect(links == [.stale, .next, .next, .gap])
    }

    @Test func `futures bridge at the snapshot's id and then follow the id before`() {
        let bridge = { (first: Int64, last: Int64) in
            BinanceBookSync.futuresBridge(100, BookSequence(first: first, last: last))
        }
        #expect(bridge(90, 99) == .stale)
        #expect(bridge(90, 100) == .next)
        #expect(bridge(100, 105) == .next)
        #expect(bridge(101, 105) == .gap)
        // The sheet's own frame: U is not the u before plus one, pu is.
        let frame = BookSequence(first: 390_497_796, last: 390_497_878, previous: 390_497_794)
        #expect(BinanceBookSync.futures(390_497_794, frame) == .next)
        #expect(BinanceBookSync.futures(390_497_795, frame) == .gap)
        #expect(BinanceBookSync.futures(390_497_878, frame) == .stale)
        #expect(BinanceBookSync.futuresBridge(390_497_794, frame) == .next, "it names the snapshot's id")
    }

    @Test func `ids at the ends of their range don't trap`() {
        for book in [Int64.min, -1, 0, .max] {
            for first in [Int64.min, 0, .max] {
                for last in [Int64.min, 0, .max] {
                    _ = spot(book, first, last)
                    let push = BookSequence(first: first, last: last, previous: first)
                    _ = BinanceBookSync.futuresBridge(book, push)
                    _ = BinanceBookSync.futures(book, push)
                }
            }
        }
        #expect(spot(.max - 1, .min, .max) == .next)
    }
}
