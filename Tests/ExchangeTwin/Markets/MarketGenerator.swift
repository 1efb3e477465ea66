// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc

/// Seeded, correlated markets: who trades what next, and what becomes of the books.
///
/// Knows no socket and no venue's words. Market times are wall milliseconds handed in by the caller.
final class MarketGenerator {
    private(set) var coins: [Coin]
    let instruments: [Instrument]
    private(set) var window: CrossedWindow?

    private var random: RandomSource
    private var markets: [ObjectIdentifier: Market] = [:]
    private var active: [Market] = []
    private var common = 0.0
    private let stepDeviation: Double
    private let crossedEvery: Int
    private let depth: Int
    private var nextWindow: Int?
    private var turn = 0

    init(options: Options, milliseconds: Int) {
        random = RandomSource(seed: options.seed)
        coins = Universe.coins(options.symbols, random: &random)
        instruments = Listings.instruments(coins, milliseconds: milliseconds, random: &random)
        depth = options.bookLevels
        // About one basis point a second, shared out over the frames of that second.
        stepDeviation = 0.0001 * (Double(options.symbols) / Double(max(1, options.rate))).squareRoot()
        crossedEvery = options.crossedEveryMilliseconds * 1_000_000
    }

    var hasWork: Bool { !active.isEmpty }

    /// The market of an instrument; it begins, with a full book, when it is first asked for.
    func market(_ instrument: Instrument, milliseconds: Int) -> Market {
        let key = ObjectIdentifier(instrument)
        if let known = markets[key] {
            known.latest = max(known.latest, milliseconds)
            return known
        }
        let touch = max(2, Int(middle(instrument, noise: 0).rounded()))
        let made = Market(instrument, at: touch, milliseconds: milliseconds)
        var own = RandomSource(seed: instrument.hash)
        fill(made, own: &own)
        markets[key] = made
        return made
    }

    /// All markets that began.
    var begun: [Market] { instruments.compactMap { markets[ObjectIdentifier($0)] } }

    /// To be called when the first stream of a market is wanted.
    func activate(_ market: Market) {
        guard !active.contains(where: { $0 === market }) else { return }
        active.append(market)
    }

    /// The index price of an instrument's coin: mantissa of the tick's scale plus two digits, at most eight.
    func index(_ instrument: Instrument) -> (mantissa: Int, scale: Int) {
        finer(coins[instrument.coin].fair, instrument)
    }

    /// The mark price, likewise: near the index, a little toward the market's own price.
    func mark(_ market: Market) -> (mantissa: Int, scale: Int) {
        finer(coins[market.instrument.coin].fair * (1 + market.noise * 0.3), market.instrument)
    }

    private func finer(_ price: Double, _ instrument: Instrument) -> (mantissa: Int, scale: Int) {
        let scale = min(8, instrument.tick.scale + 2)
        return (Int((price * Double(powerOfTen(scale))).rounded()), scale)
    }

    // MARK: - Prices

    private func move(_ index: Int) {
        common += random.normal() * stepDeviation * 0.5
        common *= 0.999_999
        coins[index].drift += random.normal() * stepDeviation
        coins[index].drift *= 0.999_99
        coins[index].fair = coins[index].price * exp(common + coins[index].drift)
    }

    /// The price in ticks around which a market quotes; dated contracts stand a little higher.
    private func middle(_ instrument: Instrument, noise: Double) -> Double {
        let term = instrument.expiry.map { 0.004 * Double($0.quarter + 1) } ?? 0
        return coins[instrument.coin].fair * (1 + noise + term) / instrument.tick.approximate
    }

    private func lots(_ market: Market, _ dollars: Double) -> Int {
        market.instrument.lots(dollars: dollars, price: coins[market.instrument.coin].fair)
    }

    // MARK: - The book

    /// Usual distance of two levels: a fiftieth of a basis point of the price, at least a tick.
    private func spacing(_ ticks: Int) -> Int { max(1, ticks / 50_000) }

    private func spread(_ ticks: Double, _ draw: Int) -> Int { max(1, Int(ticks * 0.000_02) + draw) }

    private func fill(_ market: Market, own: inout RandomSource) {
        let middle = middle(market.instrument, noise: 0)
        let spread = spread(middle, own.below(2))
        let bid = max(1, Int((middle - Double(spread) / 2).rounded()))
        let gap = spacing(bid)
        for (side, start, way) in [(Side.bid, bid, -1), (.ask, bid + spread, 1)] {
            var ticks = start
            for rank in 0..<depth where ticks > 0 {
                let dollars = (2_000 + 60_000 * own.unit()) * (1 + Double(rank) / 50)
                market.book.set(side, ticks, lots(market, dollars))
                ticks += way * (1 + own.below(2 * gap - 1))
            }
        }
    }

    /// Draws a new best bid and ask around the fair price, and changes deeper levels.
    func quote(_ market: Market) {
        let instrument = market.instrument
        move(instrument.coin)
        market.noise += random.normal() * 0.000_03 - market.noise * 0.2
        let middle = middle(instrument, noise: market.noise + market.shift)
        let spread = spread(middle, random.below(2))
        let bid = max(1, Int((middle - Double(spread) / 2).rounded()))
        // Counts that are not published lie before a change, so that the book's sequence is always its last change's.
        market.book.skip(random.below(4))
        retreat(market, .bid, to: bid)
        retreat(market, .ask, to: bid + spread)
        market.book.set(.bid, bid, lots(market, 2_000 + 60_000 * random.unit()))
        market.book.set(.ask, bid + spread, lots(market, 2_000 + 60_000 * random.unit()))
        for _ in 0...random.below(3) { stir(market, random.below(2) == 0 ? .bid : .ask) }
        level(market, .bid)
        level(market, .ask)
    }

    /// Cancels what stands better than a price.
    private func retreat(_ market: Market, _ side: Side, to ticks: Int) {
        while let best = market.book.side(side).best, market.book.side(side).isBetter(best.ticks, than: ticks)
        {
            market.book.set(side, best.ticks, 0)
        }
    }

    /// One change below the touch: a size, a level gone, a level come; more often near the touch.
    private func stir(_ market: Market, _ side: Side) {
        let levels = market.book.side(side)
        let draw = random.unit()
        let rank = 1 + Int(draw * draw * draw * Double(levels.count - 1))
        guard let level = levels.level(rank: rank) else { return }
        let size = lots(market, (2_000 + 60_000 * random.unit()) * (1 + Double(rank) / 50))
        switch random.below(20) {
        case 0..<10: market.book.set(side, level.ticks, size)
        case 10..<15 where levels.count > depth * 4 / 5: market.book.set(side, level.ticks, 0)
        default:
            let ticks = level.ticks - (side == .bid ? 1 : -1) * (1 + random.below(spacing(level.ticks)))
            if ticks > 0 { market.book.set(side, ticks, size) }
        }
    }

    /// Keeps a side at about the depth wanted: at the far end levels come and go.
    private func level(_ market: Market, _ side: Side) {
        let surplus = market.book.side(side).count - depth
        if surplus > depth / 10, let worst = market.book.side(side).worst {
            market.book.set(side, worst.ticks, 0)
        }
        guard surplus < 0, let worst = market.book.side(side).worst else { return }
        var ticks = worst.ticks
        for _ in 0..<min(-surplus, 40) {
            ticks += (side == .bid ? -1 : 1) * (1 + random.below(2 * spacing(worst.ticks) - 1))
            guard ticks > 0 else { return }
            market.book.set(side, ticks, lots(market, (2_000 + 60_000 * random.unit()) * 8))
        }
    }

    // MARK: - Trades

    /// A taker comes: the fills, one a price, from the best price on.
    func trade(_ market: Market, milliseconds: Int) -> [Fill] {
        let buy = random.below(2) == 0
        let side = buy ? Side.ask : .bid
        let sweep = random.below(12) == 0 ? 2 + random.below(2) : 1
        var fills: [Fill] = []
        for step in 0..<sweep {
            guard market.book.side(side).count > 3, let best = market.book.side(side).best else { break }
            let parts = 1 + random.below(4) / 3
            let wanted = lots(market, 20 + 3_000 * random.unit())
            let taken = step + 1 < sweep ? best.lots : min(best.lots, max(wanted, parts))
            market.book.set(side, best.ticks, best.lots - taken)
            fills.append(
                market.add(
                    buy: buy,
                    ticks: best.ticks,
                    lots: taken,
                    parts: min(parts, taken),
                    milliseconds: milliseconds
                )
            )
        }
        liquidate(market, fills, buy: buy)
        return fills
    }

    /// Now and then a taker of a contract was a liquidation.
    private func liquidate(_ market: Market, _ fills: [Fill], buy: Bool) {
        guard market.instrument.segment != .spot, let fill = fills.last, random.below(40) == 0 else { return }
        let slack = max(1, fill.ticks / 500)
        let limit = max(1, fill.ticks + (buy ? slack : -slack))
        market.note(Liquidation(buy: buy, ticks: limit, fill: fill))
    }

    /// The market that speaks next: half of the time in turn, else the first ones more often.
    func pick() -> Market? {
        guard !active.isEmpty else { return nil }
        turn += 1
        guard turn % 2 == 0 else { return active[(turn / 2) % active.count] }
        let draw = random.unit()
        return active[min(active.count - 1, Int(draw * draw * Double(active.count)))]
    }

    /// True when the next event of a market is a trade: always where only trades are wanted, else one in six.
    func isTrade(_ market: Market) -> Bool {
        guard market.wants(.book) else { return true }
        return market.wants(.trades) && random.below(6) == 0
    }

    // MARK: - Crossed windows

    /// Opens or closes a window when it is time; returns the markets whose quotes must be sent at once.
    func windowTurn(now: Int, wall: Int, report: (CrossedWindow, Bool) -> Void) -> [Market] {
        guard crossedEvery > 0 else { return [] }
        if let open = window {
            guard wall >= open.until else { return [] }
            window = nil
            open.high.shift = 0
            open.low.shift = 0
            report(open, false)
            return [open.high, open.low]
        }
        guard let due = nextWindow else {
            nextWindow = now + crossedEvery
            return []
        }
        guard now >= due, let made = CrossedWindow(among: active, wall: wall, random: &random) else {
            return []
        }
        nextWindow = now + crossedEvery
        window = made
        made.high.shift = made.edge / 2
        made.low.shift = -made.edge / 2
        report(made, true)
        return [made.high, made.low]
    }
}
