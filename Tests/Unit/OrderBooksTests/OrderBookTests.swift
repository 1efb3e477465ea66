// Part of MarketBus. Apache License 2.0, see LICENSE.

import AllocationCount
import FixedPoint
import Models
import Testing

@testable import OrderBooks

@Suite struct OrderBookTests {
    private func book(bids: [String], asks: [String]) -> OrderBookBox {
        let box = OrderBookBox()
        levels(bids).withUnsafeBufferPointer { bids in
            levels(asks).withUnsafeBufferPointer { box.book.load(bids: bids, asks: $0) }
        }
        return box
    }

    @Test func `levels come out best first whatever the order they came in`() {
        let box = book(bids: ["99 1", "101.5 2", "100 3"], asks: ["103 1", "102 2", "102.25 3"])
        #expect(box.book.levels(.bids) == levels(["101.5 2", "100 3", "99 1"]))
        #expect(box.book.levels(.asks) == levels(["102 2", "102.25 3", "103 1"]))
        #expect(box.book.bestBid == levels(["101.5 2"])[0])
        #expect(box.book.bestAsk == levels(["102 2"])[0])
        #expect(box.book.outermostPrice(.bids) == decimal("99"))
        #expect(box.book.outermostPrice(.asks) == decimal("103"))
    }

    @Test func `a size replaces, zero removes, and an unknown price is not there to remove`() {
        let box = book(bids: ["100 1"], asks: [])
        #expect(box.book.apply(.bids, levels(["100 2"])[0]) == .changed)
        #expect(box.book.apply(.bids, levels(["99 2"])[0]) == .added)
        #expect(box.book.apply(.bids, levels(["100 0.000"])[0]) == .removed)
        #expect(box.book.apply(.bids, levels(["98 0"])[0]) == .unknown)
        #expect(box.book.apply(.bids, levels(["98.123456789 0"])[0]) == .unknown)
        #expect(box.book.levels(.bids) == levels(["99 2"]))
    }

    @Test func `a cut keeps the best`() {
        let box = book(
            bids: (1...200).map { "\($0) 1" },
            asks: (201...400).map { "\($0) 1" }
        )
        box.book.cut(to: 75)
        #expect(box.book.levels(.bids) == levels((126...200).reversed().map { "\($0) 1" }))
        #expect(box.book.levels(.asks) == levels((201...275).map { "\($0) 1" }))
        box.book.cut(to: 0)
        #expect(box.book.count(.bids) == 0)
        #expect(box.book.bestAsk == nil)
    }

    @Test(arguments: [
        (["100 1"], ["101 1"], false), (["100 1"], ["100 1"], true), (["100.5 1"], ["100 1"], true),
        ([], ["100 1"], false), (["100 1"], [], false), (["100 1"], ["100.00000001 1"], false),
        (["100 1"], ["100.00000000000000000000001 1"], false),
    ])
    func `a book is crossed where the best bid is at or above the best ask`(
        bids: [String],
        asks: [String],
        isCrossed: Bool
    ) {
        #expect(book(bids: bids, asks: asks).book.isCrossed == isCrossed)
    }

    @Test func `numbers beyond 64 bits are held exactly, and a new load is fast again`() {
        let box = book(
            bids: ["0.1234567890123456789012345678901234567 1", "99999999999999999999 2", "5 3"],
            asks: []
        )
        #expect(box.book.isNarrow == false)
        #expect(
            box.book.levels(.bids)
                == levels(["99999999999999999999 2", "5 3", "0.1234567890123456789012345678901234567 1"])
        )
        #expect(box.book.size(.bids, at: decimal("5")) == decimal("3"))
        #expect(box.book.apply(.bids, levels(["5 0"])[0]) == .removed)
        #expect(box.book.size(.bids, at: decimal("5")) == nil)
        levels(["1 1"]).withUnsafeBufferPointer { box.book.load(bids: $0, asks: $0) }
        #expect(box.book.isNarrow == true)
    }

    @Test func `the sums of the venue sheet`() {
        let even = book(bids: ["3366.1 7", "3366 6"], asks: ["3366.8 9", "3368 8"])
        #expect(even.book.checksum(levels: 25) == -1_881_014_294)
        let uneven = book(bids: ["3366.1 7"], asks: ["3366.8 9", "3368 8", "3372 8"])
        #expect(uneven.book.checksum(levels: 25) == 831_078_360)
    }

    @Test func `a sum over contracts divides by the contract size, exactly or not at all`() {
        let box = book(bids: ["3366.1 0.07", "3366 0.06"], asks: ["3366.8 0.09", "3368 0.08"])
        #expect(box.book.checksum(levels: 25, unit: decimal("0.01")) == -1_881_014_294)
        #expect(box.book.checksum(levels: 2, unit: decimal("0.01")) == -1_881_014_294)
        #expect(box.book.checksum(levels: 25, unit: decimal("0.03")) == nil)
    }

    @Test(arguments: 0..<36)
    func `a book equals a dictionary after any changes`(seed: UInt64) {
        var noise = Noise(seed)
        let box = OrderBookBox()
        var naive = ReaderBook()
        let scales = [["1", "2"], ["0.5", "0.001"], ["1e-9", "3e10"], ["1e-30", "7e-37"]][Int(seed % 4)]
        let width = [20, 300, 4000][Int(seed % 3)]
        for step in 0..<4000 {
            let half = BookHalf.allCases[Int(noise.next() % 2)]
            let tick = scales[step < 2000 ? 0 : Int(noise.next() % 2)]
            let count = ScaledDecimal(Int64(noise.next() % UInt64(width)) + 1)
            let size = ScaledDecimal(noise.next() % 5 < 2 ? 0 : Int64(noise.next() % 1000))
            guard let price = try? decimal(tick).multiplied(by: count) else { continue }
            let level = PriceLevel(price: price, size: size)
            let known = half == .bids ? naive.bids[price] : naive.asks[price]
            let effect = box.book.apply(half, level)
            naive.set(half == .bids ? [level] : [], half == .asks ? [level] : [])
            #expect(effect == expected(known, size))
            if step % 500 == 499 { check(box, naive) }
            if step % 1500 == 1499 {
                let depth = Int(noise.next() % 60)
                box.book.cut(to: depth)
                naive.cut(to: depth)
                check(box, naive)
            }
        }
    }

    private func expected(_ known: ScaledDecimal?, _ size: ScaledDecimal) -> LevelEffect {
        if size.isZero { return known == nil ? .unknown : .removed }
        return known == nil ? .added : .changed
    }

    private func check(_ box: OrderBookBox, _ naive: ReaderBook) {
        for half in BookHalf.allCases {
            let list = naive.sorted(half)
            #expect(box.book.levels(half) == list)
            #expect(box.book.count(half) == list.count)
            #expect(box.book.outermostPrice(half) == list.last?.price)
        }
        #expect(box.book.bestBid == naive.sorted(.bids).first)
        #expect(box.book.bestAsk == naive.sorted(.asks).first)
        #expect(box.book.isCrossed == naive.isCrossed)
    }

    @Test func `a book of known size asks for no memory`() {
        let box = book(bids: (1...1000).map { "\($0).5 1" }, asks: (1001...2000).map { "\($0).25 1" })
        var noise = Noise(7)
        let changes = (0..<20_000).map { _ in
            PriceLevel(
                price: ScaledDecimal(Int64(noise.next() % 1000) + 1),
                size: ScaledDecimal(Int64(noise.next() % 2))
            )
        }
        for change in changes { box.book.apply(.bids, change) }
        let count = changes.withUnsafeBufferPointer { changes in
            AllocationCounter.count { box.book.apply(.bids, changes) }
        }
        #expect(count == 0)
    }
}

/// A book that tests can hand around.
final class OrderBookBox {
    var book = OrderBook()
}

extension ReaderBook {
    mutating func cut(to depth: Int) {
        for level in sorted(.bids).dropFirst(depth) { bids[level.price] = nil }
        for level in sorted(.asks).dropFirst(depth) { asks[level.price] = nil }
    }
}
