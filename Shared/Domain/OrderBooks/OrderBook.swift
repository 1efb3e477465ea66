// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// The two sides of a book.
public enum BookHalf: Sendable, CaseIterable {
    /// Who wants to buy; the highest price is the best.
    case bids
    /// Who wants to sell; the lowest price is the best.
    case asks
}

/// An instrument's order book: prices and sizes of both sides, exact, the best found at once.
///
/// - Unit: price in quote currency, size as in ``PriceLevel``.
/// - Thread: its owner's. Allocates: only when a side has more levels than ever before.
public struct OrderBook: ~Copyable {
    private var bids = BookSide(isBid: true)
    private var asks = BookSide(isBid: false)

    /// An empty book.
    public init() {}

    /// How many levels a side has.
    public func count(_ half: BookHalf) -> Int { half == .bids ? bids.count : asks.count }

    /// The highest bid.
    public var bestBid: PriceLevel? { bids.best }
    /// The lowest ask.
    public var bestAsk: PriceLevel? { asks.best }

    /// Whether the best bid is at or above the best ask: no such market exists.
    @inline(__always)
    public var isCrossed: Bool { bids.crosses(asks) }

    /// Whether all numbers fit in 64 bits, which is the fast form.
    public var isNarrow: Bool { bids.isNarrow && asks.isNarrow }

    /// The price furthest from the market.
    public func outermostPrice(_ half: BookHalf) -> ScaledDecimal? {
        half == .bids ? bids.worst?.price : asks.worst?.price
    }

    /// The size at a price, or nil.
    public func size(_ half: BookHalf, at price: ScaledDecimal) -> ScaledDecimal? {
        half == .bids ? bids.size(at: price) : asks.size(at: price)
    }

    /// Shows a side's levels, the best first, until `body` returns false.
    public func walk(_ half: BookHalf, _ body: (PriceLevel) -> Bool) {
        if half == .bids { bids.walk(body) } else { asks.walk(body) }
    }

    /// Forgets all levels.
    public mutating func removeAll() {
        bids.removeAll()
        asks.removeAll()
    }

    /// Sets the size of a price, or removes it where the size is zero.
    @discardableResult
    @inline(__always)
    public mutating func apply(_ half: BookHalf, _ level: PriceLevel) -> LevelEffect {
        half == .bids ? bids.apply(level) : asks.apply(level)
    }

    /// Applies levels in their order.
    @inline(__always)
    public mutating func apply(_ half: BookHalf, _ levels: UnsafeBufferPointer<PriceLevel>) {
        if half == .bids {
            for index in levels.indices { _ = bids.apply(levels[index]) }
        } else {
            for index in levels.indices { _ = asks.apply(levels[index]) }
        }
    }

    /// Replaces all levels.
    public mutating func load(
        bids newBids: UnsafeBufferPointer<PriceLevel>,
        asks newAsks: UnsafeBufferPointer<PriceLevel>
    ) {
        removeAll()
        apply(.bids, newBids)
        apply(.asks, newAsks)
    }

    /// Removes the worst levels of both sides until each has at most so many.
    @inline(__always)
    public mutating func cut(to depth: Int) {
        bids.cut(to: depth)
        asks.cut(to: depth)
    }
}

extension OrderBook {
    /// The signed CRC-32 over the best levels of both sides in turn: `bid:size:ask:size:bid:…`; where one side is
    /// shorter, its places are skipped.
    ///
    /// Numbers are spelled canonically, which is how the venue that publishes such a sum spells them.
    ///
    /// - Parameters:
    ///   - levels: how many levels of each side count.
    ///   - unit: what one of the venue's contracts is in our sizes; nil where sizes are as the venue states them.
    /// - Returns: the sum; nil where a size is no multiple of the unit.
    public func checksum(levels: Int, unit: ScaledDecimal? = nil) -> Int32? {
        var text = ContiguousArray<PriceLevel>()
        text.reserveCapacity(levels * 2)
        for half in BookHalf.allCases {
            var left = levels
            walk(half) { level in
                text.append(level)
                left -= 1
                return left > 0
            }
        }
        let bidCount = min(bids.count, levels)
        var sum = ChecksumText()
        for index in 0..<levels {
            for place in [index < bidCount ? index : -1, bidCount + index]
            where place >= 0 && place < text.count {
                guard sum.add(text[place], unit) else { return nil }
            }
        }
        return sum.value
    }
}

/// The text of a checksum, summed while it is written.
private struct ChecksumText {
    private var sum = CRC32()
    private var isFirst = true
    /// A size of contracts has no more decimals than this.
    private static let decimals: UInt8 = 18

    var value: Int32 { Int32(bitPattern: sum.value) }

    /// Adds price and size; false where the size is no multiple of the unit.
    mutating func add(_ level: PriceLevel, _ unit: ScaledDecimal?) -> Bool {
        guard let size = Self.size(level.size, unit) else { return false }
        add(level.price)
        add(size)
        return true
    }

    private static func size(_ size: ScaledDecimal, _ unit: ScaledDecimal?) -> ScaledDecimal? {
        guard let unit, unit != .one else { return size }
        guard
            let count = try? size.divided(by: unit, decimals: decimals, rounding: .towardZero),
            let product = try? count.multiplied(by: unit), product == size
        else { return nil }
        return count
    }

    private mutating func add(_ number: ScaledDecimal) {
        if !isFirst { sum.add(UInt8(ascii: ":")) }
        isFirst = false
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: ScaledDecimal.maximumTextLength) { buffer in
            guard let base = buffer.baseAddress else { return }
            let count = number.write(to: base)
            sum.add(UnsafeBufferPointer(start: base, count: count))
        }
    }
}
