// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// What a level did to a side of a book.
public enum LevelEffect: Hashable, Sendable {
    /// A price that was not there before.
    case added
    /// Another size at a known price.
    case changed
    /// A known price is gone.
    case removed
    /// A price that was not there is not there: usual on every venue.
    case unknown
}

/// One side of a book: 64-bit integers at one scale for prices and one for sizes, and exact decimals at the border.
///
/// The scales grow with the finest number seen. A side whose numbers do not fit in 64 bits at one scale turns to
/// decimals until it is loaded anew: slower, as exact.
///
/// - Thread: its owner's. Allocates: only when there are more levels than ever before.
struct BookSide: ~Copyable {
    private let isBid: Bool
    private var narrow = PagedLevels<Int64, Int64>()
    private var wide = PagedLevels<WideKey, ScaledDecimal>()
    private var isWide = false
    private var priceDecimals: UInt8 = 0
    private var sizeDecimals: UInt8 = 0

    init(isBid: Bool) {
        self.isBid = isBid
    }

    /// How many levels it has.
    var count: Int { isWide ? wide.count : narrow.count }
    /// Whether its numbers fit in 64 bits.
    var isNarrow: Bool { !isWide }

    /// Forgets all levels.
    mutating func removeAll() {
        narrow.removeAll()
        wide.removeAll()
        isWide = false
        priceDecimals = 0
        sizeDecimals = 0
    }

    /// Sets or, with size zero, removes a level.
    @inline(__always)
    mutating func apply(_ level: PriceLevel) -> LevelEffect {
        if !isWide, let price = level.price.mantissa64(decimals: priceDecimals) {
            let key = isBid ? price : 0 &- price
            if level.size.isZero { return narrow.remove(key) ? .removed : .unknown }
            if let size = level.size.mantissa64(decimals: sizeDecimals) {
                return narrow.set(key, size) ? .added : .changed
            }
        }
        return applySlowly(level)
    }

    /// The best level.
    var best: PriceLevel? {
        if isWide {
            guard let best = wide.best else { return nil }
            return PriceLevel(price: best.key.price, size: best.size)
        }
        guard let best = narrow.best else { return nil }
        return level(best.key, best.size)
    }

    /// The level furthest from the market.
    var worst: PriceLevel? {
        if isWide {
            guard let worst = wide.worst else { return nil }
            return PriceLevel(price: worst.key.price, size: worst.size)
        }
        guard let worst = narrow.worst else { return nil }
        return level(worst.key, worst.size)
    }

    /// The size at a price, or nil.
    func size(at price: ScaledDecimal) -> ScaledDecimal? {
        if isWide { return wide.size(at: WideKey(price, isBid)) }
        guard let price = price.mantissa64(decimals: priceDecimals) else { return nil }
        guard let size = narrow.size(at: isBid ? price : 0 &- price) else { return nil }
        return ScaledDecimal(mantissa64: size, decimals: sizeDecimals)
    }

    /// Removes the worst levels until at most so many remain.
    @inline(__always)
    mutating func cut(to limit: Int) {
        if isWide { wide.cut(to: limit) } else { narrow.cut(to: limit) }
    }

    /// Shows levels, the best first, until `body` returns false.
    func walk(_ body: (PriceLevel) -> Bool) {
        if isWide {
            wide.walk { body(PriceLevel(price: $0.price, size: $1)) }
        } else {
            narrow.walk { body(level($0, $1)) }
        }
    }

    /// Whether this side's best bid is at or above the other side's best ask.
    @inline(__always)
    func crosses(_ asks: borrowing BookSide) -> Bool {
        if !isWide, !asks.isWide, priceDecimals == asks.priceDecimals {
            guard let bid = narrow.best, let ask = asks.narrow.best else { return false }
            return bid.key >= 0 &- ask.key
        }
        guard let bid = best, let ask = asks.best else { return false }
        return bid.price >= ask.price
    }

    private func level(_ key: Int64, _ size: Int64) -> PriceLevel {
        PriceLevel(
            price: ScaledDecimal(mantissa64: isBid ? key : 0 &- key, decimals: priceDecimals),
            size: ScaledDecimal(mantissa64: size, decimals: sizeDecimals)
        )
    }
}

// MARK: Numbers that do not fit

extension BookSide {
    /// A level with more decimals than any before, or with more digits than 64 bits hold.
    @inline(never)
    private mutating func applySlowly(_ level: PriceLevel) -> LevelEffect {
        if !isWide {
            // A price with more decimals than any known level has is none of them.
            if level.size.isZero { return .unknown }
            if refine(for: level) { return apply(level) }
            widen()
        }
        let key = WideKey(level.price, isBid)
        if level.size.isZero { return wide.remove(key) ? .removed : .unknown }
        return wide.set(key, level.size) ? .added : .changed
    }

    /// Takes finer scales on; false where something would not fit.
    private mutating func refine(for level: PriceLevel) -> Bool {
        let price = max(priceDecimals, level.price.scale)
        let size = max(sizeDecimals, level.size.scale)
        guard level.price.mantissa64(decimals: price) != nil, level.size.mantissa64(decimals: size) != nil
        else { return false }
        let (oldPrice, oldSize) = (priceDecimals, sizeDecimals)
        let isDone = narrow.rewrite { key, amount in
            guard let newKey = Self.shift(key, by: price &- oldPrice),
                let newAmount = Self.shift(amount, by: size &- oldSize)
            else { return nil }
            return (newKey, newAmount)
        }
        guard isDone else { return false }
        priceDecimals = price
        sizeDecimals = size
        return true
    }

    private static func shift(_ value: Int64, by places: UInt8) -> Int64? {
        ScaledDecimal(value).mantissa64(decimals: places)
    }

    private mutating func widen() {
        narrow.walk { key, size in
            let level = level(key, size)
            wide.set(WideKey(level.price, isBid), level.size)
            return true
        }
        narrow.removeAll()
        isWide = true
    }
}

/// A price that is ordered so that the best of its side is the largest.
struct WideKey: Comparable, BitwiseCopyable {
    let price: ScaledDecimal
    private let isBid: Bool

    init(_ price: ScaledDecimal, _ isBid: Bool) {
        self.price = price
        self.isBid = isBid
    }

    static func < (left: WideKey, right: WideKey) -> Bool {
        left.isBid ? left.price < right.price : right.price < left.price
    }

    static func == (left: WideKey, right: WideKey) -> Bool { left.price == right.price }
}
