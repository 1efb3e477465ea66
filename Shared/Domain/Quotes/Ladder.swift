// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// The near part of one venue's book, as a reader of `md.book` knows it: levels that are proven, best first.
///
/// At most so many levels a side are kept; where more were there, the outermost kept price is the horizon, so that what
/// was cut is never taken for nothing.
///
/// - Thread: its owner's. Allocates: only when a side has more levels than ever before.
public struct Ladder: Sendable {
    /// The bids, the highest first.
    public private(set) var bids: ContiguousArray<PriceLevel> = []
    /// The asks, the lowest first.
    public private(set) var asks: ContiguousArray<PriceLevel> = []
    private var horizonBid: ScaledDecimal?
    private var horizonAsk: ScaledDecimal?
    private let limit: Int

    /// An empty ladder of at most `limit` levels a side.
    public init(limit: Int) {
        self.limit = max(limit, 1)
    }

    /// The levels of the side that a taker meets: asks where it buys, bids where it sells.
    public func levels(buying: Bool) -> ContiguousArray<PriceLevel> { buying ? asks : bids }

    /// Replaces all levels; false, and nothing is known, where one makes no sense or the book crosses itself.
    @discardableResult
    public mutating func load(
        bids newBids: some Sequence<PriceLevel>,
        asks newAsks: some Sequence<PriceLevel>,
        horizonBid: ScaledDecimal? = nil,
        horizonAsk: ScaledDecimal? = nil
    ) -> Bool {
        removeAll()
        self.horizonBid = horizonBid
        self.horizonAsk = horizonAsk
        return change(bids: newBids, asks: newAsks, horizonBid: nil, horizonAsk: nil)
    }

    /// Sets levels, and removes those of size 0; false, and nothing is known, where one makes no sense or the best bid
    /// then is not below the best ask: no feed publishes such a book, so one of its records was wrong.
    ///
    /// The horizon of a change counts for that change: the tighter of it and the snapshot's is what is proven now.
    @discardableResult
    public mutating func change(
        bids newBids: some Sequence<PriceLevel>,
        asks newAsks: some Sequence<PriceLevel>,
        horizonBid changeBid: ScaledDecimal?,
        horizonAsk changeAsk: ScaledDecimal?
    ) -> Bool {
        let floor = Self.tighter(horizonBid, changeBid, >)
        let ceiling = Self.tighter(horizonAsk, changeAsk, <)
        var isSound = true
        for level in newBids where isSound { isSound = Self.set(level, in: &bids, within: floor, >) }
        for level in newAsks where isSound { isSound = Self.set(level, in: &asks, within: ceiling, <) }
        guard isSound, !crossesItself else {
            removeAll()
            return false
        }
        cut(floor: floor, ceiling: ceiling)
        return true
    }

    private var crossesItself: Bool {
        guard let bid = bids.first, let ask = asks.first else { return false }
        return bid.price >= ask.price
    }

    /// Forgets everything.
    public mutating func removeAll() {
        bids.removeAll(keepingCapacity: true)
        asks.removeAll(keepingCapacity: true)
        horizonBid = nil
        horizonAsk = nil
    }

    private mutating func cut(floor: ScaledDecimal?, ceiling: ScaledDecimal?) {
        if let floor { while let last = bids.last, last.price < floor { bids.removeLast() } }
        if let ceiling { while let last = asks.last, last.price > ceiling { asks.removeLast() } }
        if bids.count > limit {
            bids.removeLast(bids.count - limit)
            horizonBid = Self.tighter(horizonBid, bids.last?.price, >)
        }
        if asks.count > limit {
            asks.removeLast(asks.count - limit)
            horizonAsk = Self.tighter(horizonAsk, asks.last?.price, <)
        }
    }

    private static func tighter(
        _ left: ScaledDecimal?,
        _ right: ScaledDecimal?,
        _ isNearer: (ScaledDecimal, ScaledDecimal) -> Bool
    ) -> ScaledDecimal? {
        guard let left else { return right }
        guard let right else { return left }
        return isNearer(left, right) ? left : right
    }

    private static func set(
        _ level: PriceLevel,
        in side: inout ContiguousArray<PriceLevel>,
        within horizon: ScaledDecimal?,
        _ leads: (ScaledDecimal, ScaledDecimal) -> Bool
    ) -> Bool {
        guard level.price.isPositive, !level.size.isNegative else { return false }
        if let horizon, leads(horizon, level.price) { return true }
        var (low, high) = (0, side.count)
        while low < high {
            let middle = (low + high) / 2
            if leads(side[middle].price, level.price) { low = middle + 1 } else { high = middle }
        }
        if low < side.count, side[low].price == level.price {
            if level.size.isZero { side.remove(at: low) } else { side[low].size = level.size }
        } else if !level.size.isZero {
            side.insert(level, at: low)
        }
        return true
    }
}

/// What a taker pays or gets for a size.
public struct WalkedSize: Hashable, Sendable {
    /// Price times size, summed over the levels, without fees.
    public var value: ScaledDecimal
    /// The price of the last level that was touched.
    public var worstPrice: ScaledDecimal
}

/// Walks along levels, best first.
public enum LadderWalk {
    /// What a size is worth; nil where the levels do not hold so much.
    ///
    /// - Throws: ``DecimalError/overflow``. Allocates: never.
    public static func value(
        of size: ScaledDecimal,
        _ levels: ContiguousArray<PriceLevel>
    ) throws(DecimalError) -> WalkedSize? {
        var left = size
        var value = ScaledDecimal.zero
        for level in levels {
            let part = min(left, level.size)
            value = try value.adding(try level.price.multiplied(by: part))
            left = try left.subtracting(part)
            if left.isZero { return WalkedSize(value: value, worstPrice: level.price) }
        }
        return nil
    }

    /// The size of all levels together.
    ///
    /// - Throws: ``DecimalError/overflow``.
    public static func depth(_ levels: ContiguousArray<PriceLevel>) throws(DecimalError) -> ScaledDecimal {
        var sum = ScaledDecimal.zero
        for level in levels { sum = try sum.adding(level.size) }
        return sum
    }

    /// The size that a value reaches, where every level's price is multiplied by `factor`; at most all levels.
    ///
    /// A part of a level is rounded to `decimals`.
    ///
    /// - Throws: ``DecimalError``.
    public static func size(
        worth value: ScaledDecimal,
        _ levels: ContiguousArray<PriceLevel>,
        factor: ScaledDecimal = .one,
        decimals: UInt8 = 18,
        rounding: Rounding
    ) throws(DecimalError) -> ScaledDecimal {
        var left = value
        var size = ScaledDecimal.zero
        for level in levels where left.isPositive {
            let price = try level.price.multiplied(by: factor)
            let whole = try price.multiplied(by: level.size)
            guard whole > left else {
                size = try size.adding(level.size)
                left = try left.subtracting(whole)
                continue
            }
            let part = try left.divided(by: price, decimals: decimals, rounding: rounding)
            return try size.adding(min(part, level.size))
        }
        return size
    }
}
