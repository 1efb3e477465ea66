// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes

/// One market of a cycle as a taker meets it.
struct CycleLeg: Sendable {
    let isBuy: Bool
    /// What buying costs or selling brings, fee included, as a multiple of the value.
    let factor: ScaledDecimal
    let lot: ScaledDecimal
    let minSize: ScaledDecimal
    let minNotional: ScaledDecimal

    init?(_ facts: MarketFacts, isBuy: Bool, minimumValue: ScaledDecimal = .zero) {
        guard facts.kind == .spot else { return nil }
        self.isBuy = isBuy
        do throws(DecimalError) {
            factor =
                isBuy
                ? try ScaledDecimal.one.adding(facts.takerFee)
                : try ScaledDecimal.one.subtracting(facts.takerFee)
        } catch {
            return nil
        }
        let lot = facts.lot ?? .zero
        self.lot = lot.isPositive ? lot : SizeGrid.finest
        minSize = facts.minSize ?? .zero
        minNotional = max(facts.minNotional ?? .zero, minimumValue)
    }
}

/// Three trades that lead from a currency back to it, each of all that the one before brought.
///
/// The size of the first leg runs over its lot grid. What a leg brings is rounded down to the next leg's lot, and what
/// is left over counts for nothing. The best size is the one that maximises what comes back less what goes in times
/// 1 + the least edge; of equals the smallest.
struct CycleWalk: Sendable {
    let legs: [CycleLeg]
    /// 1 + the least edge.
    let requiredFactor: ScaledDecimal
    private let maximumTrials: Int

    /// Decimals of the upper bound, rounded up.
    private static let boundDecimals: UInt8 = 12

    init?(_ legs: [(facts: MarketFacts, isBuy: Bool)], _ settings: EvaluationSettings) {
        var made: [CycleLeg] = []
        for leg in legs {
            let least = made.isEmpty ? settings.minimumValue : .zero
            guard let next = CycleLeg(leg.facts, isBuy: leg.isBuy, minimumValue: least) else { return nil }
            made.append(next)
        }
        guard made.count == 3,
            let factor = try? ScaledDecimal.one.adding(settings.minimumEdgeRate)
        else { return nil }
        self.legs = made
        requiredFactor = factor
        maximumTrials = settings.maximumTrials
    }

    /// Whether the best levels alone earn something: the product of the prices that are sold at above that of those
    /// that are bought at.
    ///
    /// - Throws: ``DecimalError/overflow``. Allocates: never.
    func isCrossed(
        _ first: ScaledDecimal,
        _ second: ScaledDecimal,
        _ third: ScaledDecimal
    ) throws(DecimalError) -> Bool {
        var (brought, spent) = (ScaledDecimal.one, requiredFactor)
        for index in 0..<3 {
            let price = index == 0 ? first : index == 1 ? second : third
            let rate = try price.multiplied(by: legs[index].factor)
            if legs[index].isBuy {
                spent = try spent.multiplied(by: rate)
            } else {
                brought = try brought.multiplied(by: rate)
            }
        }
        return brought > spent
    }

    /// The figures of the best size; nil where nothing is gained, or the size would be below a minimum.
    ///
    /// Each leg's levels come best first.
    func best(_ ladders: [ContiguousArray<PriceLevel>]) throws(DecimalError) -> DepthFigures? {
        guard ladders.count == 3, let first = ladders[0].first, let second = ladders[1].first,
            let third = ladders[2].first, try isCrossed(first.price, second.price, third.price)
        else { return nil }
        let books = try Books(ladders)
        let count = try books.depths[0].divided(by: legs[0].lot, decimals: 0, rounding: .towardZero).mantissa
        guard count > 0, let least = try leastCount(count, books) else { return nil }
        var search = Search(number: max(try peak(count, books), least))
        try consider(search.number, &search, books)
        try extend(&search, down: least, up: count, books)
        guard let number = search.best, let trade = try trade(number, books) else { return nil }
        return try figures(trade, least, books, isBest: search.trials < maximumTrials)
    }

    /// What exactly this size of the first leg earns; nil where its book does not hold so much.
    func profit(
        of size: ScaledDecimal,
        _ ladders: [ContiguousArray<PriceLevel>]
    ) throws(DecimalError) -> ScaledDecimal? {
        guard ladders.count == 3, let trade = try trade(of: size, try Books(ladders)) else { return nil }
        return try trade.output.subtracting(trade.input)
    }
}

extension CycleWalk {
    private struct Books {
        let ladders: [ContiguousArray<PriceLevel>]
        let depths: [ScaledDecimal]

        init(_ ladders: [ContiguousArray<PriceLevel>]) throws(DecimalError) {
            self.ladders = ladders
            var depths: [ScaledDecimal] = []
            for levels in ladders { depths.append(try LadderWalk.depth(levels)) }
            self.depths = depths
        }
    }

    private struct Trade {
        var sizes: [ScaledDecimal] = []
        var walked: [WalkedSize] = []
        var input = ScaledDecimal.zero
        var output = ScaledDecimal.zero
        var isAllowed = true
    }

    private struct Search {
        var number: Int128
        var best: Int128?
        var objective = ScaledDecimal.zero
        var trials = 0
    }

    private func trade(_ number: Int128, _ books: Books) throws(DecimalError) -> Trade? {
        try trade(of: try size(number), books)
    }

    private func size(_ number: Int128) throws(DecimalError) -> ScaledDecimal {
        guard let count = ScaledDecimal(mantissa: number, scale: 0) else { throw .overflow }
        return try count.multiplied(by: legs[0].lot)
    }

    /// What a size of the first leg becomes; nil where its book does not hold so much.
    private func trade(of size: ScaledDecimal, _ books: Books) throws(DecimalError) -> Trade? {
        var trade = Trade()
        var amount = ScaledDecimal.zero
        for index in 0..<3 {
            let leg = legs[index]
            let levels = books.ladders[index]
            let part = index == 0 ? size : try next(leg, amount, levels, books.depths[index])
            guard part.isPositive else { return nothing(trade) }
            guard let walked = try LadderWalk.value(of: part, levels) else { return nil }
            if part < leg.minSize || walked.value < leg.minNotional { trade.isAllowed = false }
            let value = try walked.value.multiplied(by: leg.factor)
            if index == 0 { trade.input = leg.isBuy ? value : part }
            amount = leg.isBuy ? part : value
            trade.sizes.append(part)
            trade.walked.append(walked)
        }
        trade.output = amount
        return trade
    }

    private func nothing(_ trade: Trade) -> Trade {
        var copy = trade
        copy.isAllowed = false
        return copy
    }

    /// What the next leg trades of an amount, on its lot grid and within its book.
    private func next(
        _ leg: CycleLeg,
        _ amount: ScaledDecimal,
        _ levels: ContiguousArray<PriceLevel>,
        _ depth: ScaledDecimal
    ) throws(DecimalError) -> ScaledDecimal {
        guard leg.isBuy else { return try min(amount, depth).floored(toMultipleOf: leg.lot) }
        let size = try LadderWalk.size(worth: amount, levels, factor: leg.factor, rounding: .towardZero)
        return try size.floored(toMultipleOf: leg.lot)
    }

    /// No less than what any size of the first leg up to this earns, were there no lots; falls off on both sides of its
    /// peak.
    private func bound(_ number: Int128, _ books: Books) throws(DecimalError) -> ScaledDecimal {
        let decimals = Self.boundDecimals
        var input = ScaledDecimal.zero
        var amount = ScaledDecimal.zero
        for index in 0..<3 {
            let leg = legs[index]
            let levels = books.ladders[index]
            var part: ScaledDecimal
            if index == 0 {
                part = try size(number)
            } else if leg.isBuy {
                part = try LadderWalk.size(
                    worth: amount,
                    levels,
                    factor: leg.factor,
                    decimals: decimals,
                    rounding: .awayFromZero
                )
            } else {
                part = min(amount, books.depths[index])
            }
            part = min(part, books.depths[index])
            guard part.isPositive, let walked = try LadderWalk.value(of: part, levels) else { break }
            let value = try walked.value.multiplied(by: leg.factor)
            if index == 0 { input = leg.isBuy ? value : part }
            amount = leg.isBuy ? part : try value.rounded(toDecimals: decimals, .awayFromZero)
        }
        return try amount.subtracting(try input.multiplied(by: requiredFactor))
    }

    /// Where the bound is highest, by halving.
    private func peak(_ count: Int128, _ books: Books) throws(DecimalError) -> Int128 {
        var (low, high) = (Int128(1), count)
        while low < high {
            let middle = low + (high - low) / 2
            if try bound(middle + 1, books) > (try bound(middle, books)) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// The smallest size that every minimum allows, by halving: whoever trades more trades more on every leg.
    private func leastCount(_ count: Int128, _ books: Books) throws(DecimalError) -> Int128? {
        guard try trade(count, books)?.isAllowed ?? false else { return nil }
        var (low, high) = (Int128(1), count)
        while low < high {
            let middle = low + (high - low) / 2
            if try trade(middle, books)?.isAllowed ?? false { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func consider(_ number: Int128, _ search: inout Search, _ books: Books) throws(DecimalError) {
        search.trials += 1
        guard let trade = try trade(number, books), trade.isAllowed else { return }
        let objective = try trade.output.subtracting(try trade.input.multiplied(by: requiredFactor))
        guard objective.isPositive else { return }
        if let best = search.best {
            guard objective > search.objective || objective == search.objective && number < best else {
                return
            }
        }
        search.best = number
        search.objective = objective
    }

    /// Goes from the peak in both directions as far as the bound allows anything better.
    private func extend(
        _ search: inout Search,
        down least: Int128,
        up most: Int128,
        _ books: Books
    ) throws(DecimalError) {
        var (lower, upper) = (search.number - 1, search.number + 1)
        var (isDown, isUp) = (true, true)
        while isDown || isUp, search.trials < maximumTrials {
            isDown = isDown && lower >= least
            if isDown {
                isDown = try bound(lower, books) >= search.objective
                if isDown { try consider(lower, &search, books) }
                lower -= 1
            }
            isUp = isUp && upper <= most
            if isUp {
                isUp = try bound(upper, books) > search.objective
                if isUp { try consider(upper, &search, books) }
                upper += 1
            }
        }
    }

    private func figures(
        _ trade: Trade,
        _ least: Int128,
        _ books: Books,
        isBest: Bool
    ) throws(DecimalError) -> DepthFigures? {
        var fills: [LegFill] = []
        for index in 0..<3 {
            guard let best = books.ladders[index].first else { return nil }
            fills.append(
                LegFill(
                    size: trade.sizes[index],
                    value: trade.walked[index].value,
                    best: best,
                    worstPrice: trade.walked[index].worstPrice
                )
            )
        }
        var curve: [CurvePoint] = []
        let sizes = try Curve.sizes(
            [books.ladders[0]],
            step: legs[0].lot,
            from: try size(least),
            to: trade.sizes[0]
        )
        for size in sizes {
            guard let point = try self.trade(of: size, books) else { continue }
            curve.append(CurvePoint(size: size, profit: try point.output.subtracting(point.input)))
        }
        let profit = try trade.output.subtracting(trade.input)
        return DepthFigures(
            fills: fills,
            size: trade.sizes[0],
            cost: trade.input,
            profit: profit,
            funding: nil,
            edgeBasisPoints: try DepthFigures.basisPoints(profit, of: trade.input),
            curve: curve,
            isBest: isBest
        )
    }
}
